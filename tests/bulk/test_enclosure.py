"""Files that rows name."""

import os
import threading
from pathlib import Path

import pytest

from mailkit import Message, Templates
from mailkit.bulk.addressing import Addressing
from mailkit.bulk.composer import Composer
from mailkit.errors import AttachmentError
from mailkit.message import Attachment

EMAIL = "zoe@example.com"
TEMPLATES = Templates({"a.txt": "From: ada@example.com\nSubject: Hello\n\nx"})


def composer(**options: Path) -> Composer:
    return Composer(TEMPLATES, "a.txt", addressing=Addressing(), **options)


def composed(data: dict[str, object], **options: Path) -> Message:
    return composer(**options).compose({"email": EMAIL, **data})[0].build()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two files, one of them below it; outside is a secret."""
    root = tmp_path / "lists"
    (root / "sub").mkdir(parents=True)
    (root / "a.pdf").write_bytes(b"%PDF-1.7 a")
    (root / "sub" / "b c.txt").write_bytes(b"b")
    (tmp_path / "secret.txt").write_bytes(b"secret")
    (root / "out").symlink_to(tmp_path)
    (root / "link.txt").symlink_to(tmp_path / "secret.txt")
    (root / "inner.pdf").symlink_to(root / "a.pdf")
    (root / "loop").symlink_to(root / "loop")
    return root


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("a.pdf", ["a.pdf"]),
        (" a.pdf ; sub/b c.txt ", ["a.pdf", "b c.txt"]),
        ("a.pdf|sub/b c.txt|", ["a.pdf", "b c.txt"]),
        (["sub/b c.txt", "a.pdf"], ["b c.txt", "a.pdf"]),
        ("sub/../a.pdf", ["a.pdf"]),
        ("inner.pdf", ["inner.pdf"]),
        ("ABSOLUTE/a.pdf", ["a.pdf"]),
        ("", []),
        (" ; ", []),
        (None, []),
    ],
)
@pytest.mark.parametrize("column", ["attachments", " Attachments"])
def test_attachments_when_a_cell_names_files_then_they_are_attached(
    folder: Path, column: str, cell: object, names: list[str]
) -> None:
    """Paths begin in the folder of the list; a file has the name that the list gives it."""
    given = cell.replace("ABSOLUTE", str(folder)) if isinstance(cell, str) else cell
    assert [file.filename for file in composed({column: given}, folder=folder).attachments] == names


@pytest.mark.parametrize(
    ("cell", "problem", "hint"),
    [
        ("../secret.txt", "is not in", "attachment_root"),
        ("sub/../../secret.txt", "is not in", "attachment_root"),
        ("/etc/passwd", "is not in", "attachment_root"),
        ("out/secret.txt", "is not in", "attachment_root"),
        ("link.txt", "is not in", "attachment_root"),
        ("nope.pdf", "there is no file 'nope.pdf'", "Paths begin in"),
        ("sub\\b c.txt", "there is no file", "separated by '/'"),
        ("sub", "it is not a file", ""),
        (".", "it is not a file", ""),
        ("loop", "there is no file", ""),
        ("a\0.pdf", "is no path", ""),
        ("x" * 5000, "is no path", ""),
        ({"a": 1}, "paths are wanted", ""),
        (["a.pdf", 7], "paths are wanted", ""),
        (7, "paths are wanted", ""),
    ],
)
def test_attachments_when_a_path_leads_elsewhere_then_the_row_is_refused(
    folder: Path, cell: object, problem: str, hint: str
) -> None:
    """A list, which is often somebody else's, cannot have files mailed that do not lie with it."""
    with pytest.raises(AttachmentError, match=problem) as caught:
        composed({"attachments": cell}, folder=folder)
    assert caught.value.field == "column 'attachments'"
    assert hint in caught.value.hint


def test_attachments_when_another_folder_is_given_then_paths_begin_there(folder: Path) -> None:
    """It takes the place of the list's; a folder that is a link itself is one."""
    for root in (folder.parent, folder / "out"):
        assert (
            composed({"attachments": "secret.txt"}, folder=folder, attachment_root=root).attachments[0].data
            == b"secret"
        )
    with pytest.raises(AttachmentError):
        composed({"attachments": "a.pdf"}, folder=folder, attachment_root=folder.parent)


def test_attachments_when_the_list_is_no_file_then_a_folder_is_asked_for() -> None:
    """Rows from a database lie nowhere."""
    with pytest.raises(AttachmentError, match="no folder that is known") as caught:
        composed({"attachments": "a.pdf"})
    assert "attachment_root" in caught.value.hint


def test_attachments_when_many_rows_share_a_file_then_it_is_read_and_encoded_once(folder: Path) -> None:
    """Also by rows that are composed in other threads."""
    one = composer(folder=folder)
    found: list[Attachment] = []
    row = {"email": EMAIL, "attachments": "a.pdf"}
    threads = [threading.Thread(target=lambda: found.extend(one.compose(row)[0].build().attachments)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (folder / "a.pdf").unlink()
    found += one.compose(row)[0].build().attachments
    assert len(found) == 9
    assert len({id(file.encoded) for file in found}) == 1


def test_attachments_when_each_row_has_its_own_then_what_is_kept_is_bounded(folder: Path) -> None:
    """The files that were used last are kept: a hundred of them, and not more than a message or two could hold."""
    one = composer(folder=folder)

    def kept(name: str) -> bool:
        return one.compose({"email": EMAIL, "attachments": name})[0].build().attachments[0] is first

    for number in range(150):
        (folder / f"{number}.txt").write_bytes(b"x")
    first = one.compose({"email": EMAIL, "attachments": "a.pdf"})[0].build().attachments[0]
    for number in range(99):
        one.compose({"email": EMAIL, "attachments": f"{number}.txt"})
    assert kept("a.pdf")
    for number in range(100):
        one.compose({"email": EMAIL, "attachments": f"{number}.txt"})
    assert not kept("a.pdf")

    first = one.compose({"email": EMAIL, "attachments": "a.pdf"})[0].build().attachments[0]
    for number in range(8):
        (folder / f"large{number}.bin").write_bytes(bytes(4_000_000))
        one.compose({"email": EMAIL, "attachments": f"large{number}.bin"})
    assert not kept("a.pdf")


def test_attachments_when_a_file_is_large_then_it_stays_on_the_disk(folder: Path) -> None:
    """It is read when the message is sent."""
    path = folder / "large.bin"
    with path.open("wb") as file:
        os.truncate(file.fileno(), 5_000_000)
    (found,) = composed({"attachments": "large.bin"}, folder=folder).attachments
    assert not isinstance(found.content, bytes)
    assert found.size == 5_000_000
