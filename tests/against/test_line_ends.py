"""Line ends and odd characters, all cases, as they arrive over SMTP.

In text each of CR, LF and CRLF is one line end, and leaves as CRLF; all else in it comes back exactly. In files nothing is
touched. What cannot be carried is refused by the step that was given it. The judge is Python's parser.
"""

import email
import email.policy
from email.message import EmailMessage

import pytest

from mailkit import Mailer, Message, MessageBuilder
from mailkit.errors import MessageError
from tests.kit.relay import relay

B = MessageBuilder().from_("a@b.example").to("x@b.example").subject("Hi")

# What is given, and the text that a reader gets, with its line ends as LF.
TEXTS: dict[str, tuple[str, str]] = {
    "LF": ("one\ntwo\n", "one\ntwo\n"),
    "CRLF": ("one\r\ntwo\r\n", "one\ntwo\n"),
    "CR": ("one\rtwo\r", "one\ntwo\n"),
    "LF CR": ("one\n\rtwo\n", "one\n\ntwo\n"),
    "CR CR LF": ("one\r\r\ntwo\n", "one\n\ntwo\n"),
    "only a line end": ("\n", "\n"),
    "empty": ("", "\n"),
    "no final line end": ("one", "one\n"),
    "NUL": ("a\0b\n", "a\0b\n"),
    "vertical tab": ("a\vb\n", "a\vb\n"),
    "form feed": ("a\fb\n", "a\fb\n"),
    "file separator": ("a\x1cb\n", "a\x1cb\n"),
    "next line": ("a\x85b\n", "a\x85b\n"),
    "line separator": ("a\u2028b\n", "a\u2028b\n"),
    "space at the end": ("a \nb\n", "a \nb\n"),
    "tab at the end": ("a\t\nb\n", "a\t\nb\n"),
    "space at the end, not ASCII": ("é \nb\n", "é \nb\n"),
    "a line that begins with a dot": (".\n..\n.a\n", ".\n..\n.a\n"),
    "an imitated end of data": ("a\r\n.\r\nMAIL FROM:<x>\n", "a\n.\nMAIL FROM:<x>\n"),
    "From at the start": ("From here\n", "From here\n"),
    "998 in a line": ("x" * 998 + "\n", "x" * 998 + "\n"),
    "999 in a line": ("x" * 999 + "\n", "x" * 999 + "\n"),
    "10,000 in a line": ("é" * 10_000 + "\n", "é" * 10_000 + "\n"),
    "998 in a line, not ASCII": ("é" + "x" * 996 + "\n", "é" + "x" * 996 + "\n"),
}


def arrived(message: Message, *, body: str) -> bytes:
    """The bytes on the other side of a server, which are checked for what no mail may have."""
    with relay() as box, Mailer(f"{box.url}?body={body}") as mailer:
        mailer.send(message)
    raw = box.received[0].data
    if body != "binary":
        assert raw.count(b"\r\n") == raw.count(b"\n") == raw.count(b"\r")
        assert b"\0" not in raw
        assert max(map(len, raw.split(b"\r\n"))) <= 998
    if body == "7bit":
        assert raw == bytes(message)
        assert raw.isascii()
    return raw


def read(raw: bytes) -> EmailMessage:
    return email.message_from_bytes(raw, policy=email.policy.default)  # type: ignore[return-value]


@pytest.mark.parametrize("body", ["7bit", "8bit", "binary"])
@pytest.mark.parametrize("case", TEXTS)
def test_a_text_when_sent_arrives_as_the_table_says(case: str, body: str) -> None:
    """As the plain text, as the HTML, and as a further form, in each form of the message."""
    given, expected = TEXTS[case]
    alone = read(arrived(B.text(given).build(), body=body))
    assert _lines(alone.get_payload(decode=True)) == expected or (case == "empty" and not alone.get_content().strip())
    message = B.text(given).html(given).alternative(given, type="text/x-other").build()
    text, html, other = read(arrived(message, body=body)).iter_parts()
    for part in (text, html, other):
        # A part has no line end but those that were given.
        assert _lines(part.get_payload(decode=True)).rstrip("\n") == expected.rstrip("\n")


def _lines(content: object) -> str:
    assert isinstance(content, bytes)
    return content.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("body", ["7bit", "8bit", "binary"])
@pytest.mark.parametrize("case", TEXTS)
def test_a_file_when_sent_arrives_untouched(case: str, body: str) -> None:
    """Whatever its line ends are, and whatever its type is."""
    data = TEXTS[case][0].encode()
    message = B.text("x").attach(data, filename="a.bin").attach(data, filename="a.txt").build()
    files = [part.get_payload(decode=True) for part in read(arrived(message, body=body)).iter_attachments()]
    if body == "binary":
        # Python's parser takes a part apart by its lines, so that it sees another end of a binary one.
        files = [file.data for file in Message.parse(arrived(message, body=body)).attachments]
    assert files == [data, data]


@pytest.mark.parametrize("half", ["a\ud800", "\udfffa", "a\udc80b"])
@pytest.mark.parametrize("step", ["text", "html", "subject"])
def test_half_a_character_when_given_is_refused_by_the_step(step: str, half: str) -> None:
    """It has no encoding, so that nothing could be sent for it."""
    with pytest.raises(MessageError, match=rf"(?i)^{step}: "):
        getattr(B, step)(half)


STEPS = {
    "subject": lambda text: B.subject(text),
    "file name": lambda text: B.attach(b"x", filename=text),
    "name": lambda text: B.to((text, "y@b.example")),
    "header": lambda text: B.header("X-Campaign", text),
}


@pytest.mark.parametrize("odd", ["\r", "\n", "\r\n", "\0", "\v", "\f", "\x85", "\u2028", "\ud800"])
@pytest.mark.parametrize("step", STEPS)
def test_a_line_break_or_control_when_in_a_header_is_refused(step: str, odd: str) -> None:
    """Nothing is stripped; a header has one line."""
    with pytest.raises(MessageError, match=r"is not allowed here"):
        STEPS[step](f"a{odd}b")
