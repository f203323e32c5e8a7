"""Large files, which stay on the disk."""

import gc
import io
import os
import pickle
import tempfile
from pathlib import Path

import pytest

from mailkit import Attachment, Message, MessageBuilder
from mailkit.errors import AttachmentError
from mailkit.message import stored
from mailkit.message.stored import StoredFile
from mailkit.mime.bodytype import BodyType

B = MessageBuilder().from_("a@b.example").to("c@d.example").message_id("<fixed@b.example>").text("See the film.")
DATA = bytes(range(256)) * 40


@pytest.fixture
def film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that counts as large."""
    monkeypatch.setattr(stored, "LARGEST_KEPT", 1000)
    monkeypatch.setattr("mailkit.message.attachment.LARGEST_KEPT", 1000)
    monkeypatch.setattr(stored, "_BLOCK", 570)
    path = tmp_path / "film.bin"
    path.write_bytes(DATA)
    return path


def test_a_large_file_when_attached_is_written_as_a_small_one(film: Path) -> None:
    """The same bytes, whether they are joined or streamed; the size is known without reading."""
    large, small = Attachment.from_path(film), Attachment(DATA, filename="film.bin")
    assert isinstance(large.content, StoredFile)
    assert (large.data, large.size, large.type) == (DATA, len(DATA), "application/octet-stream")
    one, two = B.attach(large).build(), B.attach(small).build()
    streamed = b"".join(one.wire().blocks())
    assert streamed == bytes(one)
    assert one.size == len(streamed)
    assert streamed.partition(b"\r\n\r\n")[2].count(b"\r\n") == bytes(two).partition(b"\r\n\r\n")[2].count(b"\r\n")
    assert Message.parse(streamed).attachments[0].data == DATA
    assert one.attachments[0].encoded.size == len(two.attachments[0].encoded.data)  # type: ignore[union-attr]


def test_a_large_file_when_sent_as_binary_is_not_encoded(film: Path) -> None:
    """Its own bytes, and the boundary is looked for in them."""
    message = B.attach(film).build()
    wire = message.wire(BodyType.BINARY)
    assert wire.body is BodyType.BINARY
    assert DATA in bytes(wire)
    assert wire.size == len(bytes(wire)) < message.size
    assert Message.parse(bytes(wire)).attachments[0].type == "application/octet-stream"


@pytest.mark.parametrize("change", ["longer", "shorter", "touched", "gone"])
def test_a_large_file_when_it_has_changed_is_not_sent(film: Path, change: str) -> None:
    """What was promised to the server is what goes out, or nothing."""
    message = B.attach(film).build()
    assert message.size
    match change:
        case "longer":
            film.write_bytes(DATA + b"x")
        case "shorter":
            film.write_bytes(DATA[:-1])
        case "touched":
            os.utime(film, ns=(1, 1))
        case "gone":
            film.unlink()
    with pytest.raises(AttachmentError, match=r"has changed since it was attached|cannot read"):
        bytes(message)


def test_a_large_file_when_it_changes_while_it_is_read_is_noticed(film: Path) -> None:
    """Before its last block: a message that is cut off was never complete."""
    blocks = B.attach(film).build().wire().blocks()
    next(blocks), next(blocks)
    with film.open("r+b") as file:
        file.write(b"changed")
    os.utime(film, ns=(1, 1))
    with pytest.raises(AttachmentError, match="has changed"):
        list(blocks)


def test_a_stream_when_small_is_kept_and_when_large_is_spooled(film: Path) -> None:
    """The temporary file goes when nobody needs it any more."""
    assert Attachment.from_stream(io.BytesIO(b"abc"), filename="a.bin").content == b"abc"
    with film.open("rb") as file:
        attachment = Attachment.from_stream(file)
    assert (attachment.filename, attachment.data) == ("film.bin", DATA)
    assert isinstance(attachment.content, StoredFile)
    spool = attachment.content.path
    assert spool.parent == Path(tempfile.gettempdir())
    message = B.attach(attachment).build()
    del attachment
    gc.collect()
    assert bytes(message) == bytes(message)
    del message
    gc.collect()
    assert not spool.exists()


def test_a_stream_when_it_gives_little_at_a_time_is_read_whole(film: Path) -> None:
    """A pipe and a socket do that."""

    class Slow(io.BytesIO):
        def read(self, count: int | None = -1) -> bytes:
            return super().read(min(count or 7, 7))

    assert Attachment.from_stream(Slow(DATA), filename="x").data == DATA


def test_a_stream_when_it_is_text_is_refused() -> None:
    """With the way to open it."""
    with pytest.raises(AttachmentError, match="gives str, not bytes") as caught:
        B.attach(io.StringIO("abc"), filename="a.txt")  # type: ignore[arg-type]
    assert "'rb'" in caught.value.hint


def test_a_stream_when_it_has_no_name_needs_one() -> None:
    """A file without a name cannot be saved by its reader."""
    with pytest.raises(AttachmentError, match="needs a file name"):
        B.attach(io.BytesIO(b"x"))


def test_a_stream_when_it_breaks_leaves_nothing_behind(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The temporary file goes with the error."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    class Broken(io.BytesIO):
        def read(self, count: int | None = -1) -> bytes:
            if self.tell() > 3000:
                raise OSError("the disk is gone")
            return super().read(count)

    with pytest.raises(OSError, match="the disk is gone"):
        Attachment.from_stream(Broken(DATA), filename="x")
    assert list(tmp_path.iterdir()) == [film]


def test_a_large_file_when_pickled_is_the_same_place(film: Path) -> None:
    """A path travels between processes of one machine; its content is checked when it is sent."""
    message = B.attach(film).build()
    again = pickle.loads(pickle.dumps(message))
    assert again == message
    assert bytes(again) == bytes(message)


def test_a_large_file_when_it_is_a_spooled_stream_cannot_be_pickled(film: Path) -> None:
    """The temporary file ends with this process, and a copy would point to nothing."""
    with film.open("rb") as file:
        attachment = Attachment.from_stream(file)
    with pytest.raises(AttachmentError, match="cannot be pickled") as caught:
        pickle.dumps(attachment)
    assert "from_path" in caught.value.hint


@pytest.mark.parametrize("path", ["/dev/null", "."])
def test_a_path_when_it_is_no_file_is_refused(path: str) -> None:
    """A device or a pipe could be read for ever."""
    with pytest.raises(AttachmentError, match="it is not a file"):
        Attachment.from_path(path)


def test_large_text_when_attached_says_its_charset(film: Path) -> None:
    """Found in one pass over the blocks, in which a character may be cut."""
    film.with_suffix(".txt").write_bytes("aé€".encode() * 500)
    assert Attachment.from_path(film.with_suffix(".txt")).charset == "utf-8"
    film.with_suffix(".txt").write_bytes(b"\xe9" * 3000)
    assert Attachment.from_path(film.with_suffix(".txt")).charset == ""
