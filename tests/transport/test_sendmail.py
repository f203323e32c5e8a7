"""Messages to a sendmail program: what it is given, what its end means, and that no address is ever an option."""

import fcntl
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mailkit import Address, Envelope, Message, MessageBuilder, Outcome
from mailkit.errors import AttachmentError, CapabilityMissing, ConfigError, TransportError
from mailkit.message import Attachment
from mailkit.transport import SendmailTransport, Status, open_transport
from tests.kit.twins import TRANSPORTS, TransportTwin

MESSAGE = (
    MessageBuilder()
    .from_("ada@example.com")
    .to("zoe@exämple.com")
    .bcc("eve@example.com")
    .text("Hello\n.\n.dot\nFrom here\n")
    .build()
)

# Writes down what it was given. It reads its input to the end, as a mail program does.
TAKES = """\
import json, sys
data = sys.stdin.buffer.read()
with open({record!r}, "a") as file:
    print(json.dumps({{"arguments": sys.argv[1:], "data": data.decode("latin-1")}}), file=file)
"""

Program = Callable[[str], Path]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Return a function that makes a program of Python code."""

    def make(code: str) -> Path:
        path = tmp_path / "a sendmail"
        path.write_text(f"#!{sys.executable} -S\n{code}")
        path.chmod(0o700)
        return path

    return make


@pytest.fixture
def recording(program: Program, tmp_path: Path) -> Path:
    return program(TAKES.format(record=str(tmp_path / "record")))


def recorded(tmp_path: Path) -> list[dict[str, object]]:
    path = tmp_path / "record"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def deliver(path: Path, envelope: Envelope | None = None, *, timeout: float = 20.0) -> tuple[Outcome, ...]:
    return SendmailTransport(path, timeout=timeout).deliver(envelope or MESSAGE.envelope(), MESSAGE)


@pytest.mark.parametrize("twin", TRANSPORTS)
def test_deliver_when_the_program_takes_it_then_it_had_the_envelope_as_arguments_and_the_message_as_input(
    twin: TransportTwin, recording: Path, tmp_path: Path
) -> None:
    """No shell, no -t, blind copies among the arguments only, lines that end in LF."""
    with twin(SendmailTransport(recording)) as transport:
        outcomes = transport.deliver(MESSAGE)
    assert [(outcome.recipient.email, outcome.status) for outcome in outcomes] == [
        ("zoe@exämple.com", Status.ACCEPTED),
        ("eve@example.com", Status.ACCEPTED),
    ]
    (taken,) = recorded(tmp_path)
    assert taken["arguments"] == ["-i", "-f", "ada@example.com", "--", "zoe@xn--exmple-cua.com", "eve@example.com"]
    assert taken["data"] == bytes(MESSAGE).decode().replace("\r\n", "\n")
    assert "eve" not in str(taken["data"])


def test_deliver_when_the_sender_is_null_then_it_is_given_as_angle_brackets(recording: Path, tmp_path: Path) -> None:
    """An empty argument is taken for none by some programs."""
    deliver(recording, Envelope(None, "bob@example.com"))
    assert recorded(tmp_path)[0]["arguments"] == ["-i", "-f", "<>", "--", "bob@example.com"]


@pytest.mark.parametrize(
    "address",
    ['"a b"@example.com', '"a,b"@example.com', "$HOME@example.com", "`id`@example.com", "a'b@example.com", "zoë@e.com"],
)
def test_deliver_when_an_address_means_something_to_a_shell_then_it_is_one_argument(
    address: str, recording: Path, tmp_path: Path
) -> None:
    """There is no shell that could see it."""
    deliver(recording, Envelope(address, address))
    assert recorded(tmp_path)[0]["arguments"] == ["-i", "-f", address, "--", address]


@pytest.mark.parametrize("address", ["-oQ/tmp@example.com", "-X/tmp/x@example.com", "--help@example.com", "-@e.com"])
def test_deliver_when_a_recipient_begins_with_a_dash_then_it_is_refused_and_the_others_get_the_message(
    address: str, recording: Path, tmp_path: Path
) -> None:
    """Not every program knows that options have ended."""
    outcomes = deliver(recording, Envelope("ada@example.com", ["bob@example.com", Address(address), "eve@example.com"]))
    assert [outcome.status for outcome in outcomes] == [Status.ACCEPTED, Status.REFUSED, Status.ACCEPTED]
    assert (outcomes[1].command, outcomes[1].enhanced) == ("RCPT", "5.1.3")
    assert address not in str(recorded(tmp_path))


@pytest.mark.parametrize(
    ("sender", "recipient", "command"),
    [("-oQ/tmp@example.com", "bob@example.com", "MAIL"), ("ada@example.com", "-oQ/tmp@example.com", "RCPT")],
)
def test_deliver_when_nobody_is_left_then_the_program_is_not_even_started(
    sender: str, recipient: str, command: str, recording: Path, tmp_path: Path
) -> None:
    """Refused before anything happens, and told as what a relay would have refused."""
    (outcome,) = deliver(recording, Envelope(Address(sender), Address(recipient)))
    assert (outcome.status, outcome.command) == (Status.REFUSED, command)
    assert recorded(tmp_path) == []


@pytest.mark.parametrize(
    ("code", "status", "enhanced"),
    [
        (64, Status.REFUSED, "5.3.0"),
        (65, Status.REFUSED, "5.6.0"),
        (67, Status.REFUSED, "5.1.1"),
        (69, Status.REFUSED, "5.3.0"),
        (71, Status.DEFERRED, "4.3.0"),
        (75, Status.DEFERRED, "4.3.0"),
        (77, Status.REFUSED, "5.7.0"),
        (78, Status.REFUSED, "5.3.5"),
        (1, Status.REFUSED, "5.3.0"),
        (126, Status.REFUSED, "5.3.0"),
    ],
)
def test_deliver_when_the_program_ends_with_a_code_then_the_outcome_says_what_it_means(
    code: int, status: Status, enhanced: str, program: Program
) -> None:
    """sysexits.h: 75 is worth trying again, most others are not. What was printed is kept."""
    path = program(f"import sys\nsys.stdin.read()\nprint('spam\\x1b[2J and\\nham', file=sys.stderr)\nsys.exit({code})")
    outcomes = deliver(path)
    assert {(outcome.status, outcome.enhanced) for outcome in outcomes} == {(status, enhanced)}
    assert f"exit code {code}" in outcomes[0].text
    assert outcomes[0].text.endswith("spam�[2J and ham")


def test_deliver_when_the_program_prints_without_end_then_a_little_is_kept_and_nothing_blocks(program: Program) -> None:
    """A pipe that nobody reads would stop it."""
    path = program("import sys\nprint('x' * 1_000_000)\nprint('y' * 1_000_000, file=sys.stderr)\nsys.stdin.read()")
    assert len(deliver(path)[0].text) < 600


def test_deliver_when_the_program_is_killed_then_the_message_is_in_doubt(program: Program) -> None:
    """It may have taken the message before."""
    path = program("import os, sys\nsys.stdin.read()\nos.kill(os.getpid(), 9)")
    outcomes = deliver(path)
    assert {outcome.status for outcome in outcomes} == {Status.IN_DOUBT}
    assert "signal 9" in outcomes[0].text


@pytest.mark.slow
@pytest.mark.parametrize("reads", ["sys.stdin.read()", "pass"], ids=["has read all", "reads nothing"])
def test_deliver_when_the_time_is_up_then_the_program_is_ended_and_the_message_is_in_doubt(
    program: Program, reads: str, tmp_path: Path
) -> None:
    """With all that it has started."""
    # What it has started holds a lock for as long as it lives.
    held = tmp_path / "held"
    child = f"import fcntl, time; fcntl.flock(open({str(held)!r}, 'w'), fcntl.LOCK_EX); print(); time.sleep(60)"
    path = program(
        f"import subprocess, sys, time\n{reads}\n"
        f"child = subprocess.Popen([{sys.executable!r}, '-Suc', {child!r}], stdout=subprocess.PIPE)\n"
        "child.stdout.readline()\nprint('started', flush=True)\ntime.sleep(60)"
    )
    big = MessageBuilder().from_("a@example.com").to("b@example.com").text("x" * 70 * 5000).build()
    (outcome,) = SendmailTransport(path, timeout=0.5).deliver(big.envelope(), big)
    assert (outcome.status, outcome.text) == (Status.IN_DOUBT, "stopped after 0.5 seconds: started")
    with held.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)


def test_deliver_when_the_program_says_yes_without_reading_then_the_message_is_in_doubt(program: Program) -> None:
    """Nobody knows what it did with the half that it has."""
    big = MessageBuilder().from_("a@example.com").to("b@example.com").text("x" * 70 * 5000).build()
    (outcome,) = SendmailTransport(program("import sys\nsys.stdin.read(10)")).deliver(big.envelope(), big)
    assert outcome.status is Status.IN_DOUBT


def test_deliver_when_the_program_refuses_without_reading_then_that_is_the_outcome(program: Program) -> None:
    """A broken pipe is no answer; the exit code is."""
    big = MessageBuilder().from_("a@example.com").to("b@example.com").text("x" * 70 * 5000).build()
    (outcome,) = SendmailTransport(program("import sys\nsys.exit(75)")).deliver(big.envelope(), big)
    assert outcome.status is Status.DEFERRED


def test_deliver_when_an_attached_file_has_changed_then_half_a_message_is_never_taken(
    recording: Path, tmp_path: Path
) -> None:
    """The end of its input would be the end of the message: the program is ended before that."""
    big = tmp_path / "big.bin"
    big.write_bytes(b"x" * 5_000_000)
    message = MessageBuilder().from_("a@example.com").to("b@example.com").attach(Attachment.from_path(big)).build()
    big.write_bytes(b"y" * 4_900_000)
    with pytest.raises(AttachmentError):
        SendmailTransport(recording).deliver(message.envelope(), message)
    assert recorded(tmp_path) == []


def test_deliver_when_a_message_is_not_made_of_lines_then_it_is_not_handed_over(recording: Path) -> None:
    """A program that takes lines would break it."""
    message = Message.parse(b"From: a@example.com\r\nContent-Transfer-Encoding: binary\r\n\r\n\0\r\x01")
    with pytest.raises(CapabilityMissing, match="lines"):
        SendmailTransport(recording).deliver(Envelope("a@example.com", "b@example.com"), message)


def test_deliver_when_a_message_requires_tls_then_it_is_not_handed_over(recording: Path) -> None:
    """The program would pass it on without."""
    with pytest.raises(CapabilityMissing, match="TLS"):
        deliver(recording, Envelope("a@example.com", "b@example.com", requires_tls=True))


@pytest.mark.parametrize("fault", ["missing", "not executable", "a folder"])
def test_deliver_when_the_program_cannot_be_run_then_the_error_names_it(tmp_path: Path, fault: str) -> None:
    """Before anything is handed over; verifying finds it too."""
    path = tmp_path / "program"
    if fault == "not executable":
        path.write_text("#!/bin/sh\n")
    elif fault == "a folder":
        path.mkdir()
    with pytest.raises(TransportError, match="program") as caught:
        deliver(path)
    assert not caught.value.is_temporary
    with pytest.raises(ConfigError, match="program"):
        SendmailTransport(path).verify()


@pytest.mark.slow
def test_deliver_when_there_are_more_recipients_than_a_command_line_holds_then_nothing_is_sent(recording: Path) -> None:
    """The system refuses, and it is told what to do."""
    envelope = Envelope("ada@example.com", [f"{'x' * 50}{number}@example.com" for number in range(40_000)])
    with pytest.raises(TransportError, match="long"):
        deliver(recording, envelope)


def test_open_when_a_url_names_a_program_then_it_is_that_one(recording: Path, tmp_path: Path) -> None:
    """By its path, by its name, or the usual one."""
    transport = open_transport(f"sendmail:{str(recording).replace(' ', '%20')}?timeout=5")
    assert isinstance(transport, SendmailTransport)
    assert (transport.program, transport.timeout) == (str(recording), 5.0)
    assert transport.verify() == (f"can run {recording}",)
    assert open_transport("sendmail:").name == "sendmail:"
    assert open_transport("sendmail:msmtp").name == "sendmail:msmtp"
    with pytest.raises(ConfigError, match="no option"):
        open_transport("sendmail:?shell=yes")
    with pytest.raises(ConfigError, match="positive"):
        open_transport("sendmail:?timeout=0")
