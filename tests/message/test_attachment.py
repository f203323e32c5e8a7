"""Files that travel with a message."""

from pathlib import Path

import pytest

from mailkit import Attachment, Message, MessageBuilder
from mailkit.errors import AttachmentError

B = MessageBuilder().from_("a@b.example").to("c@d.example").message_id("<fixed@b.example>")


def test_a_file_when_given_by_path_has_its_name_type_and_bytes(tmp_path: Path) -> None:
    """The name is the last segment, never the path."""
    (tmp_path / "Büro.csv").write_bytes(b"a;b\n")
    for path in (tmp_path / "Büro.csv", str(tmp_path / "Büro.csv")):
        file = Attachment.from_path(path)
        assert (file.filename, file.type, file.data) == ("Büro.csv", "text/csv", b"a;b\n")
    assert Attachment.from_path(tmp_path / "Büro.csv", filename="x.bin", type="a/b").filename == "x.bin"


def test_a_file_when_it_is_missing_is_named_with_the_folder(tmp_path: Path) -> None:
    """A relative path is explained by the folder it is relative to."""
    with pytest.raises(AttachmentError, match=r"there is no file 'no-such-file\.pdf'") as caught:
        Attachment.from_path("no-such-file.pdf")
    assert str(Path.cwd()) in caught.value.hint
    with pytest.raises(AttachmentError, match="there is no file") as caught:
        Attachment.from_path(tmp_path / "gone")
    assert caught.value.hint == ""


def test_a_file_when_it_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """A folder is not a file."""
    with pytest.raises(AttachmentError, match="cannot read"):
        Attachment.from_path(tmp_path)


def test_text_when_attached_is_utf_8() -> None:
    """And half a character is refused by name."""
    assert Attachment.from_text("é", filename="a.txt").data == b"\xc3\xa9"
    with pytest.raises(AttachmentError, match=r"'a\.txt' has half a character"):
        Attachment.from_text("\ud83d", filename="a.txt")


@pytest.mark.parametrize(
    ("data", "kind", "charset"),
    [
        (b"plain", "text/plain", "utf-8"),
        (b"caf\xc3\xa9", "text/csv", "utf-8"),
        (b"caf\xe9", "text/csv", ""),
        (b"plain", "application/json", ""),
    ],
)
def test_a_charset_when_named_is_true(data: bytes, kind: str, charset: str) -> None:
    """Text that is not UTF-8 claims nothing."""
    assert Attachment(data, type=kind).charset == charset


def test_a_file_when_carried_by_two_messages_is_encoded_once() -> None:
    """The encoded form belongs to the attachment."""
    file = Attachment(b"x" * 1000, filename="a.bin")
    one, two = B.text("1").attach(file).build(), B.text("2").attach(file).build()
    assert one.attachments[0] is two.attachments[0] is file
    assert file.encoded is file.encoded
    assert file.encoded.data in bytes(one)
    assert file.encoded.data in bytes(two)


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (b"Subject: hi\n\nHello", "7bit"),
        (b"Subject: hi\n\nCaf\xc3\xa9", "8bit"),
    ],
)
def test_a_message_when_attached_is_not_base64(data: bytes, encoding: str) -> None:
    """RFC 2046 5.2.1: message/rfc822 is 7bit or 8bit."""
    file = Attachment(data, filename="old.eml")
    assert (file.type, file.encoded.encoding) == ("message/rfc822", encoding)
    assert file.encoded.data == data.replace(b"\n", b"\r\n")


@pytest.mark.parametrize("data", [b"Subject: x\n\n" + b"y" * 999, b"Subject: x\n\na\0b"])
def test_a_message_when_it_has_no_legal_form_cannot_be_attached_as_one(data: bytes) -> None:
    """Lines over 998 and NULs would break on the way; the hint says how to send it all the same."""
    with pytest.raises(AttachmentError, match=r"^type: 'old\.eml' has a NUL or a line over 998") as caught:
        bytes(B.attach(data, filename="old.eml").build())
    assert "application/octet-stream" in caught.value.hint
    message = B.attach(data, filename="old.eml", type="application/octet-stream").build()
    assert Message.parse(bytes(message)).attachments[0].data == data


@pytest.mark.parametrize("kind", ["multipart/mixed", "Multipart/X"])
def test_a_file_when_its_type_is_multipart_is_refused(kind: str) -> None:
    """A multipart is a tree, not a file."""
    with pytest.raises(AttachmentError, match=r"^type: a file cannot be multipart"):
        Attachment(b"", type=kind)


@pytest.mark.parametrize("cid", ["a b", "<logo>", "tab\t", "lögo", "x" * 256])
def test_a_content_id_when_it_cannot_be_written_is_refused(cid: str) -> None:
    """RFC 2392: it is the left and right part of an id in ASCII."""
    with pytest.raises(AttachmentError, match=r"^cid: "):
        Attachment(b"", cid=cid)


def test_a_content_id_when_not_given_is_made_from_name_and_content() -> None:
    """The same file gets the same id, another file another."""
    one, same, other = (Attachment(data, filename="a.png").with_cid() for data in (b"1", b"1", b"2"))
    assert one.cid == same.cid != other.cid
    assert one.is_inline
    assert not Attachment(b"").is_inline


def test_an_embedded_file_when_used_again_is_encoded_once() -> None:
    """Every message that embeds the same Attachment shares its encoded form."""
    logo = Attachment(b"\x89PNG", filename="logo.png", cid="logo")
    base = MessageBuilder().from_("ada@example.com").html("<img src='cid:logo'>")
    [first], [second] = (base.embed(logo, cid="logo").build().embedded for _ in range(2))
    assert first is second is logo
