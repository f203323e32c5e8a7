"""The real command, in a process of its own."""

import os
import pty
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.kit.relay import relay

pytestmark = pytest.mark.slow

COMMAND = [sys.executable, "-m", "mailkit"]
SEND = ["send", "--via", "console:", "--from", "ada@example.com", "--to", "bob@example.com"]


@pytest.fixture(autouse=True)
def _files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    (folder / "a.txt").write_text("Subject: Hi {{ name }}\n\nDear {{ name }},")
    (folder / "people.csv").write_text("email,name\nzoe@example.com,Zoë\nbob@example.com,Bob\n")


def test_command_in_a_process_sends(folder: Path) -> None:
    """Answers go to standard output, notes to standard error, bodies come from standard input."""
    ended = subprocess.run(
        [*COMMAND, *SEND, "--text", "-"], input="Hello Zoë", capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0
    assert "Hello Zoë" in ended.stdout
    assert "accepted bob@example.com" in ended.stderr


def test_command_in_a_process_with_an_error_has_no_traceback() -> None:
    """The exit code is the documented one."""
    ended = subprocess.run(
        [*COMMAND, "verify", "--via", "smtp://127.0.0.1:1"], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("error: ")
    assert "hint: " in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_command_in_a_process_whose_reader_goes_away_ends_quietly(
    folder: Path, monkeypatch: pytest.MonkeyPatch, unbuffered: str
) -> None:
    """As in "mailkit render … | head"."""
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    (folder / "big.txt").write_text("x" * 2_000_000)
    with subprocess.Popen([*COMMAND, "render", "big.txt"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        child.stdout.read(10)
        child.stdout.close()
        assert b"Traceback" not in child.stderr.read()
        assert child.wait(timeout=60) == 1


@pytest.mark.parametrize(
    ("answer", "messages", "said"), [("n", 0, "Nothing was sent"), ("y", 2, "2 sent"), ("", 0, "Nothing was sent")]
)
def test_batch_on_a_terminal_asks_first(folder: Path, answer: str, messages: int, said: str) -> None:
    """A person sees how many, through what, and the first message, and says yes or no."""
    arguments = ["batch", "a.txt", "people.csv", "--from", "ada@example.com", "--via", "file:outbox"]
    printed = on_terminal(arguments, answer)
    assert "About to send a.txt to 2 recipients via file:outbox" in printed
    assert "Subject: Hi Zoë" in printed
    assert said in printed
    assert len(list(folder.glob("outbox/*.eml"))) == messages


def test_batch_on_a_terminal_with_yes_does_not_ask(folder: Path) -> None:
    """--yes is the answer."""
    printed = on_terminal(["batch", "a.txt", "people.csv", "--from", "ada@example.com", "--via", "null:", "--yes"], "")
    assert "About to send" not in printed
    assert "2 sent" in printed


def test_batch_in_a_process_after_an_interrupt_goes_on(folder: Path) -> None:
    """Ctrl-C ends in order, with a report and exit code 1; the same command sends the rest."""
    (folder / "people.csv").write_text("email,name\n" + "".join(f"n{n}@example.com,Zoë\n" for n in range(30)))
    child: list[subprocess.Popen[str]] = []
    started = threading.Event()

    def interrupt(received: object) -> None:
        if len(server.received) == 3:
            started.wait()
            child[0].send_signal(signal.SIGINT)

    with relay(on_message=interrupt) as server:
        command = [*COMMAND, "batch", "a.txt", "people.csv", "--from", "ada@example.com", "--via", server.url]
        command += ["--journal", "j.db", "--rate", "100/s"]
        child.append(subprocess.Popen(command, stderr=subprocess.PIPE, text=True))
        started.set()
        _, said = child[0].communicate(timeout=60)
        assert child[0].returncode == 1
        assert "Interrupted" in said
        assert "The same command goes on with the rest." in said
        assert "in doubt" not in said
        assert 3 <= len(server.received) < 30
        assert subprocess.run([*command[:-1], "9999/s"], capture_output=True, check=False).returncode == 0
    assert sorted(server.copies.values()) == [1] * 30


def on_terminal(arguments: list[str], answer: str) -> str:
    """Run the command on a pseudo-terminal, answer its question, and return what was printed."""
    master, slave = pty.openpty()
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "120"}
    with subprocess.Popen([*COMMAND, *arguments], stdin=slave, stdout=slave, stderr=slave, env=environment) as child:
        os.close(slave)
        os.write(master, f"{answer}\n".encode())
        printed = b""
        while chunk := _read(master):
            printed += chunk
        assert child.wait(timeout=60) == 0
    os.close(master)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", printed.decode())


def _read(master: int) -> bytes:
    try:
        return os.read(master, 10_000)
    except OSError:  # how Linux says that the other side is closed
        return b""
