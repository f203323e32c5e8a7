"""``mailkit send``."""

import json
from pathlib import Path

import pytest

from mailkit import Message
from mailkit.errors import ConnectError
from mailkit.smtp import Reply
from tests.kit.command import Command
from tests.kit.relay import relay

ADA = ["send", "--from", "Ada <ada@example.com>", "--to", "bob@example.com"]


def delivered(folder: Path) -> tuple[Message, dict[str, object]]:
    """The one message in the outbox, with its envelope."""
    (eml,) = folder.glob("outbox/*.eml")
    return Message.parse(eml.read_bytes()), json.loads(eml.with_suffix(".json").read_text())


def test_send_with_all_flags_composes_the_message(mailkit: Command, folder: Path) -> None:
    """Every flag has its place in the message, and blind copies are in the envelope alone."""
    (folder / "report.pdf").write_bytes(b"%PDF")
    ended = mailkit(
        *ADA,
        *("--via", "file:outbox", "--to", "Zoë <zoe@example.com>", "--cc", "c@example.com", "--bcc", "d@example.com"),
        *("--reply-to", "r@example.com", "-s", "Résumé", "--text", "Hello", "--html", "<p>Hello</p>"),
        *("-a", "report.pdf", "-H", "X-Tag: a: b"),
    )
    message, envelope = delivered(folder)
    assert ended.code == 0
    assert (message.subject, message.text.strip(), message.html.strip()) == ("Résumé", "Hello", "<p>Hello</p>")
    assert [str(address) for address in message.to] == ["bob@example.com", "Zoë <zoe@example.com>"]
    assert (message.headers["Reply-To"], message.headers["X-Tag"], message.headers["Cc"]) == (
        *("r@example.com", "a: b"),
        "c@example.com",
    )
    assert [(file.filename, file.data) for file in message.attachments] == [("report.pdf", b"%PDF")]
    assert envelope == {
        "sender": "ada@example.com",
        "recipients": ["bob@example.com", "zoe@example.com", "c@example.com", "d@example.com"],
    }
    assert ended.out == ""
    assert ended.err.count("accepted") == 4


@pytest.mark.parametrize(("flag", "part"), [("--text", "text"), ("--html", "html")])
def test_send_with_a_body_from_a_file_or_standard_input_reads_it(
    mailkit: Command, folder: Path, flag: str, part: str
) -> None:
    """'@FILE' reads a file, '-' standard input."""
    (folder / "body").write_text("\ufeffHello Zoë")
    assert mailkit(*ADA, "--via", "file:outbox", flag, "@body").code == 0
    assert getattr(delivered(folder)[0], part).strip() == "Hello Zoë"
    assert mailkit(*ADA, "--via", "file:2/outbox", flag, "-", stdin="Hello stdin").code == 0
    assert getattr(delivered(folder / "2")[0], part).strip() == "Hello stdin"


def test_send_with_a_body_that_is_not_utf8_on_standard_input_says_so(mailkit: Command) -> None:
    """What cannot be read is not sent garbled."""
    ended = mailkit(*ADA, "--via", "null:", "--text", "-", stdin=b"Zo\xeb")
    assert (ended.code, "is not UTF-8" in ended.err) == (2, True)


def test_send_with_a_template_composes_from_it(mailkit: Command, folder: Path) -> None:
    """Data comes from a file and from --set, which wins; flags win over the template's head."""
    (folder / "t").mkdir()
    (folder / "t" / "a.html").write_text(
        "From: News <news@example.com>\nSubject: {{ city }}\n\n<p>{{ name }} {{ city }}</p>"
    )
    (folder / "data.json").write_text('{"name": "Zoë", "city": "Rome"}')
    ended = mailkit(
        *("send", "--via", "file:outbox", "--to", "bob@example.com", "-t", "a.html", "--templates", "t"),
        *("--context", "data.json", "--set", "city=Paris=Texas"),
    )
    message, envelope = delivered(folder)
    assert ended.code == 0
    assert (message.subject, message.text.strip()) == ("Paris=Texas", "Zoë Paris=Texas")
    assert envelope["sender"] == "news@example.com"
    assert mailkit(*ADA, "--via", "file:2/outbox", "-t", "t/a.html", "--context", "data.json", "-s", "Mine").code == 0
    message, _ = delivered(folder / "2")
    assert (message.subject, message.from_[0].email) == ("Mine", "ada@example.com")


RAW = b"From: Ada <ada@example.com>\r\nTo: bob@example.com\r\nSubject: As it is\r\nX-Odd:   kept\r\n\r\nHello\r\n"


@pytest.mark.parametrize("name", ["message.eml", "-"])
def test_send_with_an_eml_file_sends_it_as_it_is(mailkit: Command, folder: Path, name: str) -> None:
    """Byte for byte, from a file or from standard input."""
    (folder / "message.eml").write_bytes(RAW)
    assert mailkit("send", name, "--via", "file:outbox", stdin=RAW).code == 0
    (eml,) = folder.glob("outbox/*.eml")
    assert eml.read_bytes() == RAW
    assert delivered(folder)[1] == {"sender": "ada@example.com", "recipients": ["bob@example.com"]}


def test_send_with_an_eml_file_and_other_recipients_changes_the_envelope_only(mailkit: Command, folder: Path) -> None:
    """--to and --from say who really gets it, and where bounces go."""
    (folder / "message.eml").write_bytes(RAW)
    ended = mailkit(
        "send", "message.eml", "--via", "file:outbox", "--to", "zoe@example.com", "--from", "back@example.com"
    )
    (eml,) = folder.glob("outbox/*.eml")
    assert (ended.code, eml.read_bytes()) == (0, RAW)
    assert delivered(folder)[1] == {"sender": "back@example.com", "recipients": ["zoe@example.com"]}


def test_send_as_json_lists_every_outcome(mailkit: Command) -> None:
    """A program reads each recipient's outcome; the exit code says that not all have it."""
    with relay(refuse={"no@example.com": Reply.of(550, "5.1.1 No such user")}) as server:
        ended = mailkit(*ADA, "--to", "no@example.com", "--text", "x", "--via", server.url, "--json")
    told = json.loads(ended.out)
    assert (ended.code, ended.err) == (1, "")
    assert [(one["recipient"], one["status"], one["code"], one["enhanced"]) for one in told["outcomes"]] == [
        ("bob@example.com", "accepted", 250, "2.0.0"),
        ("no@example.com", "refused", 550, "5.1.1"),
    ]
    assert told["message_id"] == server.messages[0].message_id


def test_send_to_nobody_who_takes_it_says_why_and_ends_with_one(mailkit: Command) -> None:
    """A refusal is shown with the server's words."""
    with relay(refuse={"bob@example.com": Reply.of(550, "5.1.1 No such user")}) as server:
        ended = mailkit(*ADA, "--text", "x", "--via", server.url)
    assert ended.code == 1
    assert "refused bob@example.com: 550 5.1.1 No such user" in ended.err


def test_send_to_a_relay_that_hangs_up_at_the_end_is_in_doubt(mailkit: Command) -> None:
    """Whether it arrived nobody knows: exit code 3."""

    def hang_up(received: object) -> None:
        raise ConnectError("gone")

    with relay(on_message=hang_up) as server:
        ended = mailkit(*ADA, "--text", "x", "--via", server.url)
    assert ended.code == 3
    assert "in doubt bob@example.com" in ended.err
    assert len(server.received) == 1


def test_send_of_text_with_terminal_controls_does_not_obey_them(mailkit: Command) -> None:
    """A server's words cannot drive the terminal."""
    with relay(refuse={"bob@example.com": Reply(550, ("5.1.1 \x1b[31mred [bold]x[/bold]",))}) as server:
        ended = mailkit(*ADA, "--text", "x", "--via", server.url)
    assert "\x1b" not in ended.err
    assert "[bold]x[/bold]" in ended.err
