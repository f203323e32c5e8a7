"""Every way in for text, and every text that must not get in."""

import pickle
from collections.abc import Callable
from io import BytesIO

import pytest

from mailkit import Address, Attachment, Envelope, Headers, Message, MessageBuilder
from mailkit.errors import AddressError, AttachmentError, HeaderError, MessageError
from mailkit.message import Field
from tests.kit.hostile import HOSTILE, hostile

B = MessageBuilder()
FILE = b"content"
MESSAGE = Message.parse(b"Subject: inside\r\n\r\nHello\r\n")
CALENDAR = "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"

# What is called with the hostile text, the class of the error, and how the error's text begins.
WAYS_IN: dict[str, tuple[Callable[[str], object], type[MessageError], str]] = {
    "from, address": (lambda text: B.from_(f"{text}@example.com"), AddressError, "from: "),
    "from, name in text": (lambda text: B.from_(f"{text} <a@example.com>"), AddressError, "from: "),
    "from, name in quotes": (lambda text: B.from_(f'"{text}" <a@example.com>'), AddressError, "from: "),
    "sender": (lambda text: B.sender((text, "a@example.com")), AddressError, "sender: "),
    "return path": (lambda text: B.return_path(f"a@example.com{text}"), AddressError, "return path: "),
    "to, name of a pair": (lambda text: B.to((text, "a@example.com")), AddressError, "to: display name: "),
    "to, address of a pair": (lambda text: B.to(("Ann", f"{text}@example.com")), AddressError, "to: address: "),
    "to, second of a list": (lambda text: B.to(["a@example.com", f"b@example.com{text}"]), AddressError, "to: "),
    "cc": (lambda text: B.cc(f"a@{text}.example"), AddressError, "cc: "),
    "bcc": (lambda text: B.bcc(f"{text} <a@example.com>"), AddressError, "bcc: "),
    "reply to": (lambda text: B.reply_to(f"<{text}@example.com>"), AddressError, "reply-to: "),
    "subject": (lambda text: B.subject(text), HeaderError, "Subject: "),
    "header, value": (lambda text: B.header("X-Campaign", text), HeaderError, "X-Campaign: "),
    "header, value in ASCII": (lambda text: B.header("References", text), HeaderError, "References: "),
    "header, value of addresses": (lambda text: B.header("To", f"{text} <a@b.example>"), HeaderError, "To: "),
    "header, value of a date": (lambda text: B.header("Date", text), HeaderError, "Date: "),
    "header, name": (lambda text: B.header(f"X-{text}", "value"), HeaderError, "'X-"),
    "date": (lambda text: B.date(text), HeaderError, "Date: "),  # type: ignore[arg-type]
    "message id": (lambda text: B.message_id(f"<{text}@example.com>"), MessageError, "message id: "),
    "unsubscribe, url": (
        lambda text: B.list_unsubscribe(url=f"https://example.com/{text}"),
        HeaderError,
        "List-Unsubscribe: ",
    ),
    "unsubscribe, mailto": (lambda text: B.list_unsubscribe(mailto=f"{text}@example.com"), AddressError, "mailto: "),
    "unsubscribe, mailto's subject": (
        lambda text: B.list_unsubscribe(mailto=f"a@example.com?subject={text}"),
        HeaderError,
        "List-Unsubscribe: ",
    ),
    "attach, file name": (lambda text: B.attach(FILE, filename=text), AttachmentError, "file name: "),
    "attach, type": (lambda text: B.attach(FILE, filename="a", type=f"text/{text}"), AttachmentError, "type: "),
    "embed, cid": (lambda text: B.embed(FILE, filename="a.png", cid=text), AttachmentError, "cid: "),
    "embed, file name": (lambda text: B.embed(FILE, filename=text, cid="a"), AttachmentError, "file name: "),
    "attach, name of a stream": (lambda text: B.attach(BytesIO(FILE), filename=text), AttachmentError, "file name: "),
    "attach, name of a message": (lambda text: B.attach(MESSAGE, filename=text), AttachmentError, "file name: "),
    "alternative, type": (lambda text: B.alternative("x", type=f"text/{text}"), MessageError, "type: "),
    "alternative, parameter": (lambda text: B.alternative("x", type="text/x", method=text), MessageError, "method: "),
    "alternative, name of a parameter": (
        lambda text: B.alternative("x", type="text/x", **{f"a{text}": "b"}),
        MessageError,
        "parameter: ",
    ),
    "calendar, method": (lambda text: B.calendar(CALENDAR, method=text), MessageError, "method: "),
    "calendar, file name": (lambda text: B.calendar(CALENDAR, filename=text), AttachmentError, "file name: "),
    "translation, language": (lambda text: B.translation(text, subject="x", text="x"), MessageError, "language: "),
    "translation, subject": (lambda text: B.translation("de", subject=text, text="x"), MessageError, "subject: "),
    "translation, author": (
        lambda text: B.translation("de", subject="x", text="x", author=f"{text}@b.example"),
        AddressError,
        "author: ",
    ),
    "mailing list": (lambda text: B.mailing_list(f"news.{text}.example"), HeaderError, "List-Id: "),
    "mailing list, title": (lambda text: B.mailing_list("a.example", title=text), HeaderError, "List-Id: "),
    "mailing list, archive": (
        lambda text: B.mailing_list("a.example", archive=f"https://a.example/{text}"),
        HeaderError,
        "List-Archive: ",
    ),
    "feedback id": (lambda text: B.feedback_id("a", text), HeaderError, "Feedback-ID: "),
    "receipt": (lambda text: B.request_receipt(f"{text}@b.example"), AddressError, "request receipt: "),
    "report, notify": (lambda text: B.delivery_report(notify=text), MessageError, "notify: "),
    "report, returned": (lambda text: B.delivery_report(returned=text), MessageError, "returned: "),
    "report, identifier": (lambda text: B.delivery_report(identifier=text), MessageError, "identifier: "),
    "message class": (lambda text: B.message_class(text), MessageError, "message class: "),
    "priority": (lambda text: B.priority(text), MessageError, "priority: "),
    "Address, address": (lambda text: Address(f"{text}@example.com"), AddressError, "address: "),
    "Address, domain": (lambda text: Address(f"a@{text}"), AddressError, "address: "),
    "Address, name": (lambda text: Address("a@example.com", name=text), AddressError, "display name: "),
    "Address.parse": (lambda text: Address.parse(text), AddressError, "address: "),
    "Address.parse_list": (lambda text: Address.parse_list(f"a@b.example, {text}"), AddressError, "address: "),
    "Attachment, file name": (lambda text: Attachment(FILE, filename=text), AttachmentError, "file name: "),
    "Attachment, type": (lambda text: Attachment(FILE, type=f"{text}/x"), AttachmentError, "type: "),
    "Attachment, cid": (lambda text: Attachment(FILE, cid=text), AttachmentError, "cid: "),
    "Attachment.with_cid": (lambda text: Attachment(FILE).with_cid(text), AttachmentError, "cid: "),
    "Envelope, sender": (lambda text: Envelope(f"{text}@b.example", "c@d.example"), AddressError, "sender: "),
    "Envelope, recipient": (lambda text: Envelope(None, [f"c@d.example{text}"]), AddressError, "recipients: "),
    "Field, name": (lambda text: Field(text, "value"), HeaderError, "'"),
    "Field, value": (lambda text: Field("Subject", text), HeaderError, "Subject: "),
    "Field.checked": (lambda text: Field.checked("X-Y", text), HeaderError, "X-Y: "),
}


@hostile
@pytest.mark.parametrize("way", WAYS_IN)
def test_a_line_is_not_broken_when_hostile_text_comes_in_any_way(way: str, text: str) -> None:
    """Every setter refuses every hostile text with its own error, which begins with the name of the field."""
    call, kind, beginning = WAYS_IN[way]
    with pytest.raises(kind) as caught:
        call(text)
    assert str(caught.value).startswith(beginning)
    assert not set("\r\n\0") & set(str(caught.value))


@pytest.mark.parametrize("way", WAYS_IN)
def test_an_error_for_hostile_text_when_pickled_comes_back_whole(way: str) -> None:
    """The errors cross process borders."""
    call, kind, _ = WAYS_IN[way]
    with pytest.raises(kind) as caught:
        call(HOSTILE["crlf-and-field"])
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.field, again.hint) == (str(caught.value), caught.value.field, caught.value.hint)


@pytest.mark.parametrize("step", ["text", "html"])
@pytest.mark.parametrize("name", ["high-surrogate", "low-surrogate", "escaped-byte"])
def test_a_body_with_half_a_character_when_set_names_the_step_and_the_position(step: str, name: str) -> None:
    """A lone surrogate has no encoding: the body is refused."""
    with pytest.raises(MessageError, match=rf"^{step}: .* at position {HOSTILE[name].index(max(HOSTILE[name]))}\b"):
        getattr(B, step)(HOSTILE[name])


@pytest.mark.parametrize("step", ["text", "html"])
def test_a_message_made_by_hand_with_half_a_character_when_written_names_the_body(step: str) -> None:
    """Who goes around the builder meets the same refusal in the writer."""
    message = Message(Headers([Field("From", (Address("a@b.example"),))]), **{step: "\ud83d"})
    with pytest.raises(MessageError, match=f"^{step}: "):
        bytes(message)


@pytest.mark.parametrize("step", ["text", "html"])
def test_a_body_of_bytes_when_set_is_refused_with_the_remedy(step: str) -> None:
    """Bytes are not guessed at."""
    with pytest.raises(MessageError, match=f"^{step}: text is wanted, not bytes") as caught:
        getattr(B, step)(b"Hello")
    assert "decode" in caught.value.hint


@pytest.mark.parametrize("value", [None, 5, b"bytes", ["a", "b"]])
@pytest.mark.parametrize("name", ["Subject", "X-Campaign", "References"])
def test_a_header_when_its_value_is_no_text_says_what_is_wanted(name: str, value: object) -> None:
    """A wrong type is an error at the step, not when the message is written."""
    with pytest.raises(HeaderError, match=f"^{name}: text is wanted"):
        B.header(name, value)  # type: ignore[arg-type]
