"""Messages in a Maildir, judged by Python's own reader."""

import errno
import mailbox
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from mailkit import Envelope, Message, MessageBuilder, clock
from mailkit.errors import AttachmentError, ConfigError, TransportError
from mailkit.message import Attachment
from mailkit.testing import FrozenClock
from mailkit.transport import MaildirTransport, Status, open_transport
from tests.kit.full import LIMITED
from tests.kit.twins import TRANSPORTS, TransportTwin

MESSAGE = (
    MessageBuilder()
    .from_("ada@example.com")
    .to("zoe@exämple.com")
    .bcc("eve@example.com")
    .subject("Résumé")
    .text("Hello\nFrom here\n.\n")
    .build()
)


def new(folder: Path) -> list[Path]:
    return sorted((folder / "new").iterdir())


@pytest.mark.parametrize("twin", TRANSPORTS)
def test_deliver_when_the_folder_is_not_there_then_python_reads_the_message_in_it(
    twin: TransportTwin, tmp_path: Path
) -> None:
    """One file in new, none in tmp; the fields of a delivery on top, the message below it, lines that end in LF."""
    folder = tmp_path / "mail" / "box"
    with twin(f"maildir:{folder}") as transport:
        outcomes = transport.deliver(MESSAGE)
    assert {outcome.status for outcome in outcomes} == {Status.ACCEPTED}
    (path,) = new(folder)
    assert list((folder / "tmp").iterdir()) == []
    assert outcomes[0].queue_id == path.name
    (read,) = mailbox.Maildir(folder, create=False)
    assert read["Return-Path"] == "<ada@example.com>"
    assert read.get_all("Delivered-To") == ["zoe@xn--exmple-cua.com", "eve@example.com"]
    assert read.get_payload(decode=True) == b"Hello\nFrom here\n.\n"
    raw = path.read_bytes()
    assert b"\r" not in raw
    assert raw.endswith(bytes(MESSAGE).replace(b"\r\n", b"\n"))
    assert "Bcc" not in read


def test_deliver_when_it_makes_the_folder_then_nobody_else_may_look_into_it(tmp_path: Path) -> None:
    """Mail is private, whatever the umask of a service is."""
    before = os.umask(0)
    try:
        MaildirTransport(tmp_path / "box").deliver(MESSAGE.envelope(), MESSAGE)
    finally:
        os.umask(before)
    folders = [tmp_path / "box", *(tmp_path / "box" / name for name in ("tmp", "new", "cur"))]
    assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {0o700}
    assert stat.S_IMODE(new(tmp_path / "box")[0].stat().st_mode) == 0o600


def test_deliver_when_the_sender_is_null_then_the_return_path_is_empty(tmp_path: Path) -> None:
    """RFC 5321 4.4: so a bounce of a bounce is not made."""
    MaildirTransport(tmp_path).deliver(Envelope(None, "bob@example.com"), MESSAGE)
    assert new(tmp_path)[0].read_bytes().startswith(b"Return-Path: <>\nDelivered-To: bob@example.com\n")


def test_deliver_when_all_happens_in_one_moment_then_every_name_is_another(tmp_path: Path) -> None:
    """Not even a clock that stands still makes one message take another's place."""
    transport = MaildirTransport(tmp_path)
    with clock.using(FrozenClock()):
        for _ in range(20):
            transport.deliver(MESSAGE.envelope(), MESSAGE)
    names = [path.name for path in new(tmp_path)]
    assert len(names) == 20
    assert all(":" not in name and "/" not in name for name in names)


def test_deliver_when_a_binary_message_was_read_then_no_byte_of_it_is_touched(tmp_path: Path) -> None:
    """BINARYMIME is not made of lines (RFC 3030)."""
    raw = b"Content-Type: image/png\r\nContent-Transfer-Encoding: binary\r\n\r\n\x89PNG\r\n\x1a\n\r\n\0"
    MaildirTransport(tmp_path).deliver(Envelope("ada@example.com", "bob@example.com"), Message.parse(raw))
    assert new(tmp_path)[0].read_bytes().endswith(raw)


def test_deliver_when_a_link_leads_to_the_folder_then_it_is_followed(tmp_path: Path) -> None:
    """The folder is the owner's choice."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    MaildirTransport(tmp_path / "link").deliver(MESSAGE.envelope(), MESSAGE)
    assert len(new(tmp_path / "real")) == 1


def test_deliver_when_a_link_lies_in_the_place_of_the_file_then_what_it_leads_to_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where the name could be guessed."""
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    folder = tmp_path / "box"
    transport = MaildirTransport(folder)
    transport.deliver(MESSAGE.envelope(), MESSAGE)
    monkeypatch.setattr("mailkit.transport.maildir._unique_name", lambda: "guessed")
    (folder / "tmp" / "guessed").symlink_to(victim)
    with pytest.raises(TransportError):
        transport.deliver(MESSAGE.envelope(), MESSAGE)
    assert victim.read_text() == "untouched"


@pytest.mark.parametrize("place", ["file", "file/deeper", "loop"])
def test_deliver_when_the_path_is_no_folder_then_the_error_names_it_and_is_final(tmp_path: Path, place: str) -> None:
    """A wrong path does not mend itself."""
    (tmp_path / "file").write_text("")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(TransportError, match=place) as caught:
        MaildirTransport(tmp_path / place).deliver(MESSAGE.envelope(), MESSAGE)
    assert not caught.value.is_temporary
    with pytest.raises(ConfigError):
        MaildirTransport(tmp_path / place).verify()


def test_deliver_when_an_attached_file_has_changed_then_nothing_is_left_behind(tmp_path: Path) -> None:
    """Half a message in tmp would lie there for ever."""
    big = tmp_path / "big.bin"
    big.write_bytes(b"x" * 5_000_000)
    message = MessageBuilder().from_("a@example.com").to("b@example.com").attach(Attachment.from_path(big)).build()
    big.write_bytes(b"y" * 4_900_000)
    with pytest.raises(AttachmentError):
        MaildirTransport(tmp_path / "box").deliver(message.envelope(), message)
    assert [path for path in (tmp_path / "box").rglob("*") if path.is_file()] == []


def test_deliver_when_the_disk_is_full_then_the_error_is_temporary_and_nothing_is_left(tmp_path: Path) -> None:
    """Whoever frees the disk gets the mail."""
    result = subprocess.run(
        [sys.executable, "-c", LIMITED, f"maildir:{tmp_path}/box"], capture_output=True, text=True, timeout=60
    )
    assert result.stdout.strip() == "TransportError True", result.stderr
    assert [path for path in (tmp_path / "box").rglob("*") if path.is_file()] == []


def test_deliver_when_the_folder_cannot_be_brought_to_the_disk_then_the_message_is_in_doubt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is there already: sending it again would make two."""

    def fail(folder: Path) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("mailkit.transport.maildir._sync_folder", fail)
    outcomes = MaildirTransport(tmp_path).deliver(MESSAGE.envelope(), MESSAGE)
    assert {outcome.status for outcome in outcomes} == {Status.IN_DOUBT}


SENDER = """\
import sys
from mailkit import Mailer, MessageBuilder
base = MessageBuilder().from_("ada@example.com").to("bob@example.com")
with Mailer(sys.argv[1]) as mailer:
    for number in range(25):
        mailer.send(base.subject(f"{sys.argv[2]}-{number}").text("From me\\n" * 400).build())
"""


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["maildir", "mbox"])
def test_deliver_when_several_processes_do_it_at_once_then_no_message_is_lost_or_broken(
    tmp_path: Path, scheme: str
) -> None:
    """A web server has many workers, and they know nothing of each other."""
    place = tmp_path / "box"
    workers = [
        subprocess.Popen([sys.executable, "-c", SENDER, f"{scheme}:{place}", str(number)]) for number in range(4)
    ]
    assert [worker.wait(60) for worker in workers] == [0] * 4
    box = mailbox.Maildir(place) if scheme == "maildir" else mailbox.mbox(place)
    subjects = sorted(str(message["Subject"]) for message in box)
    texts = {message.get_payload().replace(">From", "From").strip() for message in box}  # type: ignore[union-attr]
    box.close()
    assert subjects == sorted(f"{worker}-{number}" for worker in range(4) for number in range(25))
    assert texts == {("From me\n" * 400).strip()}


def test_verify_when_the_folder_can_be_made_then_it_says_so_and_makes_nothing(tmp_path: Path) -> None:
    """Verifying leaves nothing."""
    assert "can deliver" in MaildirTransport(tmp_path / "a" / "b").verify()[0]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "folder"), [("maildir:box", "box"), ("maildir:///var/box", "/var/box"), ("maildir:./a@b", "a@b")]
)
def test_open_when_a_url_names_a_folder_then_it_is_that_folder(url: str, folder: str) -> None:
    """As for file:."""
    transport = open_transport(url)
    assert isinstance(transport, MaildirTransport)
    assert transport.folder == Path(folder)
