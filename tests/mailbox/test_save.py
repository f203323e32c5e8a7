"""Mail as files: whatever a mail calls them, they are in the folder that was asked for, and nothing is overwritten."""

from pathlib import Path

import pytest

from mailkit import Message, MessageBuilder
from mailkit.errors import MailboxError
from mailkit.mailbox import save, save_attachments
from mailkit.message.filename import safe

NAMES = {
    "../../etc/passwd": "passwd",
    "/etc/passwd": "passwd",
    "C:\\Windows\\system32\\evil.dll": "evil.dll",
    "..": "attachment",
    ".": "attachment",
    "": "attachment",
    ".bashrc": "bashrc",
    "-rf": "rf",
    "CON": "_CON",
    "nul.txt": "_nul.txt",
    "a:b.txt": "a_b.txt",
    "x\u202egnp.exe": "xgnp.exe",
    "trailing. . ": "trailing",
    "tab\there": "tab here",
    "a" * 300 + ".pdf": "a" * 196 + ".pdf",
    "ä" * 200 + ".pdf": "ä" * 98 + ".pdf",
    "Größe.pdf": "Größe.pdf",
}


def raw(name: str, content: str = "x") -> Message:
    """A mail as somebody hostile writes it."""
    return Message.parse(
        b"Subject: s\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
        b"Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename*=utf-8''"
        + "".join(f"%{byte:02X}" for byte in name.encode("utf-8", "replace")).encode()
        + f"\r\n\r\n{content}\r\n--b--\r\n".encode()
    )


@pytest.mark.parametrize(("name", "saved"), NAMES.items(), ids=[repr(name)[:20] for name in NAMES])
def test_a_file_when_its_name_is_hostile_is_saved_under_a_safe_one(tmp_path: Path, name: str, saved: str) -> None:
    """In the folder, with its ending; never hidden, never outside."""
    folder = tmp_path / "in" / "here"
    [path] = save_attachments(raw(name), folder)
    assert (path.parent, path.name, path.read_bytes()) == (folder, saved, b"x")
    assert [one for one in tmp_path.rglob("*") if one.is_file()] == [path]
    assert safe(saved) == saved


def test_a_name_that_is_taken_gets_a_number(tmp_path: Path) -> None:
    """Nothing is overwritten, and a link is not followed."""
    target = tmp_path / "target"
    target.write_text("mine")
    (tmp_path / "a.txt").symlink_to(target)
    paths = [*save_attachments(raw("a.txt", "1"), tmp_path), *save_attachments(raw("a.txt", "2"), tmp_path)]
    assert [path.name for path in paths] == ["a (2).txt", "a (3).txt"]
    assert target.read_text() == "mine"


def test_pictures_are_saved_when_they_are_asked_for(tmp_path: Path) -> None:
    """They belong to the HTML."""
    message = MessageBuilder().from_("a@x.org").to("b@x.org").html('<img src="cid:logo">')
    message = (
        message.embed(b"\x89PNG\r\n\x1a\n", cid="logo", filename="logo.png").attach(b"1", filename="a.txt").build()
    )
    assert [path.name for path in save_attachments(message, tmp_path)] == ["a.txt"]
    assert len(save_attachments(message, tmp_path, embedded=True)) == 2


def test_a_message_is_saved_octet_by_octet_under_its_subject(tmp_path: Path) -> None:
    """Which is text from a stranger too."""
    data = b"Subject: ../Re: x?\r\n\r\nhi\r\n"
    path = save(Message.parse(data), tmp_path)
    assert path.read_bytes() == data
    assert path.parent == tmp_path
    assert path.suffix == ".eml"
    assert save(Message.parse(data), tmp_path, name="../../mine").name == "mine.eml"
    assert save(Message.parse(b"\r\n\r\n"), tmp_path).name == "message.eml"


def test_a_folder_that_cannot_be_written_is_an_error_that_says_so(tmp_path: Path) -> None:
    """And not a traceback."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(MailboxError, match="cannot be written"):
        save(raw("a"), tmp_path / "file")
    with pytest.raises(MailboxError, match="cannot be written"):
        save_attachments(raw("a"), tmp_path / "file")
