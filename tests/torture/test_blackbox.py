"""The witness: what it keeps, when, and how it fails."""

import hashlib
import random  # noqa: TID251 - seeded
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from tests.kit.blackbox import SAYS
from tests.torture.witness import ROOT, Copy, blackbox, read_log

pytestmark = pytest.mark.slow

ENVELOPE = b"MAIL FROM:<ada@example.com>\r\nRCPT TO:<bob@example.com> NOTIFY=NEVER\r\n"
MESSAGE = b"Date: today\r\nMessage-ID: <1@example.com>\r\n\r\nHello\r\n.\r\n..and more\r\n"
STUFFED = MESSAGE.replace(b"\r\n.", b"\r\n..")
OK = ["250", "250", "354"]
WITHIN = 20.0


class Client:
    """Says bytes, and reads replies."""

    def __init__(self, port: int) -> None:
        self.wire = socket.create_connection(("127.0.0.1", port), timeout=WITHIN)
        self._file = self.wire.makefile("rb")
        self.greeting = self.reply()

    def reply(self) -> str:
        """Return the code of the next reply, "half" for a part of a line, or "" when there is none any more."""
        while (line := self._file.readline())[3:4] == b"-":
            pass
        if line and not line.endswith(b"\r\n"):
            return "half"
        return line[:3].decode()

    def close(self) -> None:
        self._file.close()
        self.wire.close()

    def say(self, data: bytes, replies: int = 1) -> list[str]:
        self.wire.sendall(data)
        return [self.reply() for _ in range(replies)]

    def send(self, message: bytes = STUFFED, envelope: bytes = ENVELOPE) -> list[str]:
        """Send a message, as far as the server lets us; return the codes."""
        for_envelope = self.say(envelope + b"DATA\r\n", 3)
        return for_envelope if for_envelope != OK else [*OK, *self.say(message + b".\r\n")]


@contextmanager
def client(log: Path, *options: str) -> Iterator[Client]:
    with blackbox(log, options) as port, closing(Client(port)) as one:
        yield one


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


def wait_for_line(log: Path) -> Copy:
    deadline = time.monotonic() + WITHIN
    while not (found := read_log(log).copies):
        assert time.monotonic() < deadline
    return found[0]


def test_message_is_logged_before_it_is_answered(log: Path) -> None:
    """The line is there while the client still waits."""
    with client(log, "--delay", "60") as one:
        assert one.say(ENVELOPE + b"DATA\r\n", 3) == OK
        one.wire.sendall(STUFFED + b".\r\n")
        kept = wait_for_line(log)
        one.wire.settimeout(0.05)
        with pytest.raises(TimeoutError):
            one.wire.recv(1)
    assert (kept.id, kept.to, kept.connection) == ("<1@example.com>", ("bob@example.com",), 1)
    assert (kept.sha256, kept.size) == (hashlib.sha256(MESSAGE).hexdigest(), len(MESSAGE))


def test_message_by_chunks_is_the_same_message(log: Path) -> None:
    """Its digest does not tell how it came, nor in how many pieces; all may come at once."""
    with client(log, "--chunking") as one:
        assert one.send()[-1] == "250"
        whole = ENVELOPE + b"BDAT %d LAST\r\n" % len(MESSAGE) + MESSAGE
        parts = ENVELOPE + b"BDAT 20\r\n" + MESSAGE[:20] + b"BDAT %d\r\n" % (len(MESSAGE) - 20) + MESSAGE[20:]
        assert one.say(whole + parts + b"BDAT 0 LAST\r\n", 8) == ["250"] * 8
    found = read_log(log)
    assert len(found.copies) == 3
    assert len({copy.sha256 for copy in found.copies}) == 1
    assert found.breaches == ()


def test_message_byte_by_byte_is_the_same_message(log: Path) -> None:
    """Lines are found wherever they are cut."""
    with client(log) as one:
        one.wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for command in (b"EHLO x\r\n", *ENVELOPE.splitlines(keepends=True), b"DATA\r\n", STUFFED + b".\r\n"):
            for place in range(len(command)):
                one.wire.sendall(command[place : place + 1])
            one.reply()
    assert [copy.sha256 for copy in read_log(log).copies] == [hashlib.sha256(MESSAGE).hexdigest()]


def test_message_when_the_client_goes_right_after_the_end_is_kept_all_the_same(log: Path) -> None:
    """A relay reads what has come, and delivers it: that of many, too, that have come at once."""
    with client(log, "--chunking", "--hesitate", "0.05") as one:
        one.wire.sendall((ENVELOPE + b"BDAT %d LAST\r\n" % len(MESSAGE) + MESSAGE) * 4)
    assert len(read_log(log).copies) == 4


@pytest.mark.parametrize("ending", [b"", b".", b".\r", b"\r\n."])
def test_message_without_its_end_is_not_kept(log: Path, ending: bytes) -> None:
    """The end of the connection is no end of data."""
    with client(log) as one:
        assert one.say(ENVELOPE + b"DATA\r\n", 3) == OK
        one.wire.sendall(STUFFED + ending)
        one.wire.shutdown(socket.SHUT_WR)
        assert one.reply() == ""
    assert read_log(log).copies == ()


@pytest.mark.parametrize(
    ("said", "replies", "breach"),
    [
        (ENVELOPE + b"MAIL FROM:<ada@example.com>\r\n", 3, "MAIL within a transaction"),
        (ENVELOPE + b"DATA\r\n.\r\n", 4, "content before 354: .\r\n"),
        (b"HELO x\r\nHello\r\n", 2, "unknown command: Hello"),
    ],
)
def test_client_that_says_what_it_must_not_is_noted(log: Path, said: bytes, replies: int, breach: str) -> None:
    """The server forgives it, the account does not."""
    with client(log) as one:
        one.say(said, replies)
    assert read_log(log).breaches == (breach,)


def test_client_that_is_told_no_on_the_way_may_go_on(log: Path) -> None:
    """What was said in one flight with something refused is refused, and is no offence; after RSET all is well."""
    with client(log, "--chunking", "--fault", "mail:450:/2", "--fault", "rcpt:550:/2") as one:
        chunk = b"BDAT 3 LAST\r\nDAT"
        assert one.say(ENVELOPE + chunk, 3) == ["250", "250", "250"]
        assert one.say(ENVELOPE + chunk, 3) == ["450", "503", "503"]
        assert one.say(ENVELOPE + chunk, 3) == ["250", "550", "503"]
        assert one.say(b"RSET\r\n" + ENVELOPE + b"DATA\r\n", 4) == ["250", "450", "503", "554"]
    found = read_log(log)
    assert len(found.copies) == 1
    assert found.breaches == ()
    assert found.faults == ("mail:450", "rcpt:550", "mail:450")
    assert found.breaks == 0


@pytest.mark.parametrize(
    ("fault", "codes", "kept", "breaks"),
    [
        ("greeting:close", [""], 0, 1),
        ("greeting:554", ["554"], 0, 0),
        ("mail:421", ["220", "421", "", ""], 0, 1),
        ("mail:454", ["220", "454", "503", "554"], 0, 0),
        ("rcpt:450", ["220", "250", "450", "554"], 0, 0),
        ("rcpt:close", ["220", "250", "", ""], 0, 1),
        ("data:452", ["220", "250", "250", "452"], 0, 0),
        ("data:half", ["220", "250", "250", "half"], 0, 1),
        ("body:close", ["220", *OK, ""], 0, 1),
        ("body:421", ["220", *OK, "421"], 0, 1),
        ("record:552", ["220", *OK, "552"], 0, 0),
        ("record:close", ["220", *OK, ""], 0, 1),
        ("record:half", ["220", *OK, "half"], 0, 1),
        ("reply:close", ["220", *OK, ""], 1, 1),
        ("reply:half", ["220", *OK, "half"], 1, 1),
    ],
)
def test_fault_comes_in_its_phase(log: Path, fault: str, codes: list[str], kept: int, breaks: int) -> None:
    """Before the log or after it, with a reply or without."""
    with client(log, "--fault", f"{fault}:1.0") as one:
        assert [one.greeting, *(one.send() if one.greeting == "220" else [])] == codes
    found = read_log(log)
    assert found.faults == (fault,)
    assert (len(found.copies), found.breaks, found.breaches) == (kept, breaks, ())


@pytest.mark.parametrize(("phase", "kept"), [("body", 0), ("record", 0), ("reply", 1)])
def test_fault_that_resets_is_an_error_of_the_connection(log: Path, phase: str, kept: int) -> None:
    """Not an end."""
    with client(log, "--fault", f"{phase}:reset:/1") as one, pytest.raises(ConnectionResetError):
        one.send()
    assert len(read_log(log).copies) == kept


@pytest.mark.parametrize("phase", ["ehlo", "body", "data"])
def test_fault_in_a_session_by_chunks(log: Path, phase: str) -> None:
    """Half of a chunk, or a whole one."""
    with client(log, "--chunking", "--fault", f"{phase}:close:1") as one:
        one.wire.sendall(b"EHLO x\r\n" + ENVELOPE + b"BDAT %d LAST\r\n" % len(MESSAGE) + MESSAGE[: len(MESSAGE) // 2])
        if phase == "data":
            one.wire.sendall(MESSAGE[len(MESSAGE) // 2 :])
        assert [one.reply() for _ in range(4)][-1] == ""
    assert read_log(log).faults == (f"{phase}:close",)


def test_fault_that_stalls_answers_late(log: Path) -> None:
    """Slower than the client's time-out, if that is shorter."""
    with client(log, "--fault", "reply:stall:/2", "--stall", "0.3") as one:
        assert one.send()[-1] == "250"
        began = time.monotonic()
        assert one.send()[-1] == "250"
        assert time.monotonic() - began >= 0.3
    assert len(read_log(log).copies) == 2


@pytest.mark.parametrize(
    "fault", ["reply:451:1", "body:half:1", "record:stall:1", "nowhere:close:1", "mail:close:often"]
)
def test_fault_that_cannot_be_is_refused(tmp_path: Path, fault: str) -> None:
    """Above all: to keep a message and say no."""
    command = [sys.executable, "-m", "tests.kit.blackbox", "--log", str(tmp_path / "log"), "--fault", fault]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, check=False, timeout=WITHIN).returncode == 2


def test_fault_by_chance_is_the_same_with_the_same_seed(tmp_path: Path) -> None:
    """As often as its probability says."""
    said = []
    for turn in range(2):
        with client(tmp_path / f"{turn}", "--fault", "mail:450:0.2", "--seed", "7") as one:
            said.append([one.say(b"MAIL FROM:<>\r\nRSET\r\n", 2)[0] for _ in range(300)])
    assert said[0] == said[1]
    assert 30 < said[0].count("450") < 90


def test_connection_ends_after_so_many_messages(log: Path) -> None:
    """As many relays have it, without a word."""
    with client(log, "--per-connection", "2") as one:
        assert [one.send()[-1], one.send()[-1], one.reply()] == ["250", "250", ""]
    assert len(read_log(log).copies) == 2
    assert read_log(log).breaks == 1


def test_several_connections_are_told_apart(log: Path) -> None:
    """What they say at once is logged in whole lines, in the order of its coming."""
    chance = random.Random(1)
    with blackbox(log, ["--delay", "0.001", "--jitter", "0.002"]) as port, ExitStack() as cleanup:
        clients = [cleanup.enter_context(closing(Client(port))) for _ in range(8)]
        for number in range(200):
            message = b"Message-ID: <%d@x>\r\n\r\n.\r\n" % number
            assert chance.choice(clients).send(message.replace(b"\n.", b"\n.."))[-1] == "250"
    found = read_log(log)
    assert [copy.id for copy in found.copies] == [f"<{number}@x>" for number in range(200)]
    assert {copy.connection for copy in found.copies} == set(range(1, 9))
    assert [copy.at for copy in found.copies] == sorted(copy.at for copy in found.copies)


def test_what_providers_say_is_a_reply() -> None:
    """Every line has the code, and only the last one a blank behind it."""
    for code, texts in SAYS.items():
        for text in texts:
            *others, last = text.decode().splitlines()
            assert last.startswith(f"{code} ")
            assert all(line.startswith(f"{code}-") for line in others)
            assert text.endswith(b"\r\n")
