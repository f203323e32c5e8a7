"""One message in several languages."""

import email
import email.policy

import pytest

from mailkit import Message, MessageBuilder
from mailkit.errors import MessageError
from mailkit.mime.bodytype import BodyType

B = MessageBuilder().from_("Ada <a@b.example>").to("c@d.example").subject("Hello / Grüß Gott")
MESSAGE = (
    B.text("The message follows in English and in German.")
    .translation("en", subject="Hello", text="Hello", html="<p>Hello</p>", kind="original")
    .translation("de-AT", subject="Grüß Gott", text="Grüß Gott", author="Äda <a@b.example>", kind="human")
    .translation("zxx", subject=":-)", html="<img>")
    .attach(b"%PDF-", filename="a.pdf")
    .build()
)


def test_a_message_when_translated_has_a_part_for_each_language() -> None:
    """RFC 8255 3: a preface, then whole messages in their languages, original first as they were given."""
    read = email.message_from_bytes(bytes(MESSAGE), policy=email.policy.default)
    multilingual, attached = read.iter_parts()
    assert attached.get_content_type() == "application/pdf"
    assert multilingual.get_content_type() == "multipart/multilingual"
    preface, english, german, pictures = multilingual.iter_parts()
    assert preface.get_content().startswith("The message follows")
    assert [part.get_content_type() for part in (english, german, pictures)] == ["message/rfc822"] * 3
    assert [part["Content-Language"] for part in (english, german, pictures)] == ["en", "de-AT", "zxx"]
    assert [part["Content-Translation-Type"] for part in (english, german, pictures)] == ["original", "human", None]
    inner = german.get_content()
    assert (inner["Subject"], inner["From"]) == ("Grüß Gott", "Äda <a@b.example>")
    assert inner.get_content() == "Grüß Gott"
    assert english.get_content()["From"] is None
    assert english.get_content().get_content_type() == "multipart/alternative"
    assert not [part.defects for part in read.walk() if part.defects]


@pytest.mark.parametrize("limit", list(BodyType))
def test_a_message_when_translated_is_read_back_the_same(limit: BodyType) -> None:
    """In every form."""
    wire = MESSAGE.wire(limit)
    again = Message.parse(bytes(wire))
    assert [one.language for one in again.translations] == ["en", "de-AT", "zxx"]
    assert [one.subject for one in again.translations] == [one.subject for one in MESSAGE.translations]
    assert [(one.text or "").strip() for one in again.translations] == ["Hello", "Grüß Gott", ""]
    assert [one.author for one in again.translations] == [one.author for one in MESSAGE.translations]
    assert [one.kind for one in again.translations] == ["original", "human", None]
    assert not again.defects
    if limit is BodyType.SEVEN_BIT:
        assert bytes(wire).isascii()


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"language": "", "subject": "x", "text": "x"}, "language"),
        ({"language": "deutsch!", "subject": "x", "text": "x"}, "language"),
        ({"language": "de\r\nBcc: x", "subject": "x", "text": "x"}, "language"),
        ({"language": "de", "subject": "x\r\nBcc: y", "text": "x"}, "subject"),
        ({"language": "de", "subject": "x", "text": "\ud800"}, "text"),
        ({"language": "de", "subject": "x"}, "language"),
        ({"language": "de", "subject": "x", "text": "x", "kind": "machine"}, "kind"),
        ({"language": "EN", "subject": "x", "text": "x"}, "language"),
    ],
)
def test_a_translation_when_it_cannot_be_written_is_refused(given: dict[str, str], field: str) -> None:
    """By name, and at once; no language stands twice."""
    with pytest.raises(MessageError, match=f"^{field}: "):
        B.translation("en", subject="Hello", text="Hello").translation(**given)  # type: ignore[arg-type]


def test_a_part_when_it_is_no_translation_is_kept_as_a_file() -> None:
    """Without a language, or without a message in it."""
    raw = (
        b'Content-Type: multipart/multilingual; boundary="x"\r\n\r\n--x\r\n\r\npreface\r\n--x\r\n'
        b"Content-Type: message/rfc822\r\n\r\nSubject: no language\r\n\r\nx\r\n--x\r\n"
        b"Content-Type: message/rfc822\r\nContent-Language: de\r\n\r\nno message\r\n--x--\r\n"
    )
    message = Message.parse(raw)
    assert message.translations == ()
    assert len(message.attachments) == 2
    assert message.text == "preface"
