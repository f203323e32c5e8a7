"""Messages on the terminal: readable, and harmless."""

import io

import pytest

from mailkit import Envelope, Message, MessageBuilder, open_transport
from mailkit.errors import ConfigError
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


def test_deliver_when_there_is_only_html_then_its_text_is_shown() -> None:
    """Nobody reads markup on a terminal."""
    message = (
        MessageBuilder()
        .from_("ada@example.com")
        .to("bob@example.com")
        .html("<h1>Hello</h1><p>Bob &amp; Eve, <a href='https://example.com/start'>start</a>")
        .build()
    )
    shown = printed(message)
    assert "Bob & Eve, start <https://example.com/start>" in shown
    assert "<p>" not in shown
    assert "the text above was made from it]" in shown


def test_deliver_when_recipients_are_in_no_header_then_that_is_said() -> None:
    """Blind copies, and a list whose envelope is not its header."""
    message = MessageBuilder().from_("ada@example.com").to("bob@example.com").bcc("eve@example.com").text("x").build()
    assert "not in the header: eve@example.com" in printed(message)
    assert "not in the header" not in printed(message, Envelope("ada@example.com", "bob@example.com"))


def test_deliver_when_there_is_more_than_a_screen_is_wide_then_lines_are_folded() -> None:
    """A hundred recipients are not one line; what people read first comes first."""
    people = [f"person{number}@example.com" for number in range(20)]
    shown = printed(MessageBuilder().from_("ada@example.com").to(people).subject("Hi").text("x").build())
    lines = shown.splitlines()
    assert max(map(len, lines)) <= 78
    names = [line.partition(":")[0] for line in lines if line[:1].isalpha() and ": " in line]
    assert names == ["envelope", "From", "To", "Subject", "Date", "Message-ID", "MIME-Version"]


def test_deliver_when_there_are_other_forms_and_languages_then_each_has_a_line() -> None:
    """Nothing that is sent is left out."""
    raw = (
        b"From: ada@example.com\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n"
        b"--b\r\nContent-Type: text/x-amp-html\r\n\r\n<html amp4email>\r\n--b--\r\n"
    )
    shown = printed(Message.parse(raw), Envelope("ada@example.com", "bob@example.com"))
    assert "[text/x-amp-html, 16 characters]" in shown


def test_deliver_when_raw_is_asked_for_then_what_would_be_sent_is_printed() -> None:
    """Headers as they are written, the body in its transfer encoding; still without what drives a terminal."""
    message = MessageBuilder().from_("ada@example.com").to("bob@example.com").subject("Résumé").text(f"ü{EVIL}").build()
    stream = io.StringIO()
    ConsoleTransport(stream, raw=True).deliver(message.envelope(), message)
    shown = stream.getvalue()
    assert "Subject: =?utf-8?" in shown
    assert "Content-Transfer-Encoding: " in shown
    assert "\x1b" not in shown
    assert "\r" not in shown
    assert shown.startswith("─")


def test_open_when_raw_is_in_the_url_then_it_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    """``console:?raw=yes``."""
    message = MessageBuilder().from_("ada@example.com").to("bob@example.com").subject("Résumé").text("x").build()
    open_transport("console:?raw=yes").deliver(message.envelope(), message)
    assert "=?utf-8?" in capsys.readouterr().out
    with pytest.raises(ConfigError, match="neither yes nor no"):
        open_transport("console:?raw=perhaps")


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
