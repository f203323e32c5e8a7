"""Messages on the terminal: readable, and harmless."""

import io

import pytest

from mailkit import Envelope, Message, MessageBuilder
from mailkit.transport import ConsoleTransport, Status
from tests.kit.twins import TRANSPORTS, TransportTwin

PNG = b"\x89PNG\r\n\x1a\n"


def printed(message: Message, envelope: Envelope | None = None) -> str:
    stream = io.StringIO()
    ConsoleTransport(stream).deliver(envelope or message.envelope(), message)
    return stream.getvalue()


def test_deliver_when_a_message_has_everything_then_each_part_has_its_line() -> None:
    """Envelope, headers as people read them, text, and what else there is."""
    message = (
        MessageBuilder()
        .from_("Zoë <zoe@example.com>")
        .to("bob@example.com")
        .bcc("eve@example.com")
        .subject("Résumé")
        .text("Hello Bob\n")
        .html("<p>Hello")
        .embed(PNG, cid="logo", filename="logo.png")
        .attach(b"1234", filename="numbers.bin", type="application/octet-stream")
        .build()
    )
    shown = printed(message)
    for expected in (
        "envelope: zoe@example.com → bob@example.com, eve@example.com",
        "Subject: Résumé",
        "Hello Bob",
        "[HTML, 8 characters]",
        "[embedded: logo.png, image/png, 8 bytes]",
        "[attached: numbers.bin, application/octet-stream, 4 bytes]",
    ):
        assert expected in shown
    assert "Bcc:" not in shown


EVIL = "\x1b]0;owned\x07\x1b[2J\x9b31m\x08\u202e\u2066"


def test_deliver_when_the_mail_has_terminal_escapes_then_none_reaches_the_terminal() -> None:
    """Received mail must not drive the terminal, change its title, or reverse its text."""
    raw = (
        f"From: ada@example.com\r\nSubject: =?utf-8?q?a{''.join(f'={byte:02X}' for byte in EVIL.encode())}?=\r\n"
        f"X-{'Evil'}: {EVIL}\r\n"
        'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
        f"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nhello {EVIL}\r\n"
        f'--b\r\nContent-Type: application/x-thing\r\nContent-Disposition: attachment; filename="x{EVIL}"\r\n\r\nx\r\n--b--\r\n'
    ).encode()
    shown = printed(Message.parse(raw), Envelope("ada@example.com", "bob@example.com"))
    assert "hello" in shown
    assert [character for character in shown if not (character.isprintable() or character in "\n\t")] == []


def test_deliver_when_the_stream_cannot_show_a_character_then_the_message_is_printed_all_the_same() -> None:
    """A terminal or a log file with an old encoding is no reason to fail."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    message = MessageBuilder().from_("ada@example.com").to("bob@example.com").text("Grüße").build()
    ConsoleTransport(stream).deliver(message.envelope(), message)
    assert b"Gr" in stream.buffer.getvalue()  # type: ignore[attr-defined]


def test_deliver_when_the_return_path_is_null_then_it_is_shown_as_such() -> None:
    """Bounces have none."""
    message = MessageBuilder().from_("ada@example.com").to("bob@example.com").text("x").build()
    assert "envelope: <> → bob@example.com" in printed(message, Envelope(None, "bob@example.com"))


@pytest.mark.parametrize("twin", TRANSPORTS)
def test_deliver_when_no_stream_is_given_then_it_prints_to_standard_output(
    twin: TransportTwin, capsys: pytest.CaptureFixture[str]
) -> None:
    """The stream of the moment, not the one of import time."""
    message = MessageBuilder().from_("ada@example.com").to("bob@example.com").text("Hello").build()
    with twin("console:") as transport:
        (outcome,) = transport.deliver(message)
    assert outcome.status is Status.ACCEPTED
    assert "Hello" in capsys.readouterr().out
