"""Further forms of the body: calendar invitations, AMP."""

import email
import email.policy

import pytest

from mailkit import Message, MessageBuilder
from mailkit.errors import MessageError

INVITE = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nSUMMARY:Zoë\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)

BASE = MessageBuilder().from_("ada@example.com").to("bob@example.com").text("Come").html("<p>Come</p>")


class Calendar:
    """As the icalendar package's: an object that writes itself."""

    def to_ical(self) -> bytes:
        return INVITE.encode()


def tree(message: Message) -> list[str]:
    judge = email.message_from_bytes(bytes(message), policy=email.policy.default)
    return [part.get_content_type() for part in judge.walk()]


@pytest.mark.parametrize("calendar", [INVITE, INVITE.encode(), Calendar()], ids=["text", "bytes", "object"])
def test_an_invitation_when_given_is_an_alternative_and_a_file(calendar: object) -> None:
    """Gmail and Outlook answer the alternative, by its method; other calendars open the file."""
    message = BASE.calendar(calendar).build()
    judge = email.message_from_bytes(bytes(message), policy=email.policy.default)
    [body] = [part for part in judge.walk() if part.get_content_type() == "text/calendar"]
    assert body.get_param("method") == "REQUEST"
    assert "SUMMARY:Zoë" in body.get_content()
    [file] = judge.iter_attachments()
    assert file.get_filename() == "invite.ics"
    assert file.get_content() == INVITE.encode()


def test_alternatives_when_several_stand_from_worst_to_best() -> None:
    """Plain text, AMP, HTML, calendar: the order that each reader picks the right one from."""
    message = BASE.calendar(INVITE).alternative("<html ⚡4email>", type="text/x-amp-html").build()
    assert tree(message) == [
        *("multipart/mixed", "multipart/alternative", "text/plain", "text/x-amp-html", "text/html", "text/calendar"),
        "application/ics",
    ]


def test_alternatives_when_read_back_are_the_same() -> None:
    """The reader gives what the builder was given."""
    message = BASE.calendar(INVITE).alternative("<html ⚡4email>", type="text/x-amp-html").build()
    forms = {form.type: form for form in Message.parse(bytes(message)).alternatives}
    assert forms["text/calendar"].text == INVITE.replace("\r\n", "\n")
    assert forms["text/calendar"].parameters == (("method", "REQUEST"),)
    assert forms["text/x-amp-html"].text == "<html ⚡4email>"


@pytest.mark.parametrize(
    ("text", "method", "expected"),
    [
        (INVITE, "", "REQUEST"),
        (INVITE, "request", "REQUEST"),
        (INVITE.replace("METHOD:REQUEST\r\n", ""), "", "PUBLISH"),
    ],
)
def test_the_method_of_an_invitation_is_its_own_or_publish(text: str, method: str, expected: str) -> None:
    """Without a method nobody is asked to answer (RFC 5546 1.4)."""
    [form] = BASE.calendar(text, method=method).build().alternatives
    assert form.parameters == (("method", expected),)


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (lambda: BASE.calendar("hello"), "no iCalendar object"),
        (lambda: BASE.calendar(b"BEGIN:VCALENDAR\xff"), "is UTF-8"),
        (lambda: BASE.calendar(INVITE, method="CANCEL"), "says METHOD:REQUEST, not CANCEL"),
        (lambda: BASE.alternative("x", type="application/pdf"), "a body is text"),
        (lambda: BASE.alternative("x", type="text/x\r\nBcc: y"), "not a media type"),
        (lambda: BASE.alternative("x", type="text/x", method="a\r\nb"), "carriage return"),
        (lambda: BASE.alternative("\ud800", type="text/x"), "half a character"),
    ],
)
def test_an_alternative_when_wrong_is_refused_at_once(step, message: str) -> None:
    """The error says what is wrong."""
    with pytest.raises(MessageError, match=message):
        step()
