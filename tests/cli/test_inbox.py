"""``mailkit inbox``: a process that is started, sent to, looked at and ended."""

import json
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mailkit import Mailer, Message, MessageBuilder
from mailkit.inbox import Inbox, own_certificate
from tests.kit.web import Web


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run the command until the block ends, and expect it to end well."""
    process = subprocess.Popen(
        [sys.executable, "-m", "mailkit", "inbox", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
        assert process.returncode == 0, said
        assert "Traceback" not in said
    finally:
        process.kill()
        process.communicate()


def failing(*arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "mailkit", "inbox", *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline()


def mail(subject: str = "Hello", text: str = "Hi") -> Message:
    return MessageBuilder().from_("ada@example.com").to("bob@example.com").subject(subject).text(text).build()


@pytest.mark.slow
def test_inbox_when_run_for_a_program_then_it_tells_where_it_is_and_what_comes() -> None:
    """Free ports, a line of JSON each, and it ends on the signal."""
    with running("--port", "0", "--web", "0", "--json") as process:
        told = json.loads(line(process))
        with Mailer(told["url"]) as mailer:
            mailer.send(mail())
        assert json.loads(line(process))["subject"] == "Hello"
        port = int(told["page"].rstrip("/").rpartition(":")[2])
        assert Web(port).get("/api/messages").json["total"] == 1


@pytest.mark.slow
def test_inbox_when_it_makes_a_certificate_then_clients_trust_the_saved_one_and_it_starts_again(tmp_path: Path) -> None:
    """The same command works a second time; what was saved then is anew."""
    own = tmp_path / "own.pem"
    for _ in range(2):
        with running("--port", "0", "--web", "0", "--json", "--save-certificate", str(own)) as process:
            port = json.loads(line(process))["port"]
            with Mailer(f"smtp://localhost:{port}?tls=required&ca={own}") as mailer:
                assert mailer.send(mail()).accepted


@pytest.mark.slow
def test_inbox_when_mail_is_taken_in_from_a_file_then_it_is_told_as_if_it_had_come(tmp_path: Path) -> None:
    """What was there before anybody listened is not passed over."""
    path = tmp_path / "x.eml"
    path.write_bytes(bytes(mail("From a file")))
    with running("--port", "0", "--web", "0", "--json", "--import", str(path)) as process:
        line(process)
        assert json.loads(line(process))["subject"] == "From a file"


@pytest.mark.slow
def test_inbox_when_it_prints_then_it_does_as_pythons_debugging_server_did() -> None:
    """The peer under the header, line by line, and no control character reaches the terminal."""
    with Inbox() as free:
        port = free.port
    with running("--port", str(port), "--print") as process:
        assert process.stderr
        while "Ctrl-C" not in process.stderr.readline():
            pass
        with Mailer(f"smtp://127.0.0.1:{port}?tls=off") as mailer:
            mailer.send(mail(text="one\n\x1b[31mtwo"))
        said = []
        while not said or "END MESSAGE" not in said[-1]:
            said.append(line(process).rstrip("\n"))
    assert said[0] == "---------- MESSAGE FOLLOWS ----------"
    assert said[-1] == "------------ END MESSAGE ------------"
    assert "Subject: Hello" in said
    assert said[said.index("X-Peer: 127.0.0.1") + 1] == ""
    assert not any("\x1b" in one for one in said)


@pytest.mark.slow
def test_inbox_when_the_port_is_taken_then_the_error_is_clear() -> None:
    """No traceback, and what to do."""
    with Inbox() as other:
        code, said = failing("--port", str(other.port), "--web", "0")
    assert code == 2
    assert f"cannot listen on 127.0.0.1:{other.port}" in said
    assert "or 0 for a free one" in " ".join(said.split())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--user", "ada"), "a name and a password"),
        (("--certificate", "pyproject.toml"), "no certificate with its key"),
        (("--certificate", "a.pem", "--save-certificate", "b.pem"), "Leave one out"),
        (("--rule", "sometimes 550"), "is no stage"),
        (("--release", "smtp://u:hunter2@relay.example"), "go together"),
        (("--import", "/nowhere.mbox", "--port", "0", "--web", "0"), "cannot be read"),
    ],
)
def test_inbox_when_an_option_makes_no_sense_then_it_says_which(arguments: tuple[str, ...], word: str) -> None:
    """And shows no password."""
    code, said = failing(*arguments)
    assert code == 2
    assert word in " ".join(said.split())
    assert "hunter2" not in said


def test_own_certificate_when_it_is_trusted_then_a_client_verifies_it(tmp_path: Path) -> None:
    """Made on the spot, for this machine's names."""
    context = own_certificate(save_to=tmp_path / "own.pem")
    assert isinstance(context, ssl.SSLContext)
    with Inbox(tls=context, tls_port=0) as inbox:
        for url in (
            f"smtp://localhost:{inbox.port}?tls=required&ca={tmp_path / 'own.pem'}",
            f"smtps://127.0.0.1:{inbox.tls_port}?ca={tmp_path / 'own.pem'}",
        ):
            with Mailer(url) as mailer:
                mailer.send(mail())
        assert all(caught.is_secure for caught in inbox)
        assert len(inbox) == 2
