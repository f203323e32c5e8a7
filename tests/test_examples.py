"""Every example runs as it stands."""

import io
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tomllib
import urllib.request
from pathlib import Path

import pytest
import trustme

from mailkit import Message, MessageBuilder
from mailkit.net import Listener
from mailkit.smtp import Policy, Received, ServerProfile
from tests.kit.daemon import started
from tests.kit.dovecot import Dovecot
from tests.mailbox.conftest import Box

EXAMPLES = Path(__file__).parent.parent / "examples"
PROGRAMS = sorted(EXAMPLES.glob("*.py"))
READERS = ("read_imap", "read_pop3")

pytestmark = pytest.mark.slow


class Catcher(Policy):
    def __init__(self) -> None:
        self.received: list[Received] = []

    def authenticate(self, user: str, password: str) -> bool:
        return (user, password) == ("ada@example.com", "p@ss/word")

    def message(self, received: Received) -> None:
        self.received.append(received)


def run(program: Path, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", str(program)],
        cwd=folder,
        env={**{name: value for name, value in os.environ.items() if not name.startswith("MAILKIT_")}, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    "program",
    [path for path in PROGRAMS if path.stem not in ("authenticated_smtps", *READERS)],
    ids=lambda path: path.stem,
)
def test_an_example_runs_as_it_stands(program: Path, tmp_path: Path) -> None:
    """Without any setting it runs, prints something and ends well."""
    result = run(program, tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout


@pytest.mark.parametrize(
    "program",
    [path for path in PROGRAMS if path.stem not in ("authenticated_smtps", "testing_with_memory", *READERS)],
    ids=lambda path: path.stem,
)
def test_an_example_sends_to_a_server(program: Path, tmp_path: Path) -> None:
    """With MAILKIT_URL it sends to that server."""
    catcher = Catcher()
    with Listener(catcher) as server:
        result = run(program, tmp_path, MAILKIT_URL=f"smtp://127.0.0.1:{server.port}")
    assert result.returncode == 0, result.stderr
    assert all(Message.parse(received.data).subject for received in catcher.received)
    assert catcher.received


def test_the_smtps_example_logs_in_over_tls(tmp_path: Path) -> None:
    """It sends with the right password, and explains itself with the wrong one, or with none."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    program = EXAMPLES / "authenticated_smtps.py"
    catcher = Catcher()
    profile = ServerProfile(auth=True, auth_required=True)
    with Listener(catcher, host="localhost", tls=context, implicit_tls=True, profile=profile) as server:
        place = f"@localhost:{server.port}/?ca={tmp_path}/ca.pem"
        good = run(program, tmp_path, MAILKIT_URL=f"smtps://ada%40example.com:p%40ss%2Fword{place}")
        bad = run(program, tmp_path, MAILKIT_URL=f"smtps://ada%40example.com:hunter2{place}")
    missing = run(program, tmp_path)
    assert good.returncode == 0, good.stderr
    assert "accepted" in good.stdout
    [received] = catcher.received
    assert received.is_secure
    assert received.user == "ada@example.com"
    assert bad.returncode == 1
    assert "did not accept user" in bad.stderr
    assert "hunter2" not in bad.stderr
    assert "Set MAILKIT_URL" in missing.stderr


@pytest.mark.parametrize("name", READERS)
def test_a_reading_example_reads_a_mailbox(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    """It logs in to a real server over TLS, finds what is there, and explains itself when that does not work."""
    program, scheme = EXAMPLES / f"{name}.py", "imaps" if name == "read_imap" else "pop3s"
    for dovecot in started(Dovecot, tmp_path_factory):
        box = Box(dovecot, dovecot.reader(0))
        letter = MessageBuilder().from_("Zoë <zoe@example.com>").to(box.user).subject("Größe").text("The first\n")
        box.fill([bytes(letter.attach(b"x", filename="../a.txt").build()), bytes(letter.build())])
        good = run(program, tmp_path, MAILKIT_MAILBOX=box.url(scheme))
        bad = run(program, tmp_path, MAILKIT_MAILBOX=box.url(scheme, password="hunter2"))
    assert good.returncode == 0, good.stderr
    for said in ("2 messages", "Zoë <zoe@example.com>", "Größe", "The first"):
        assert said in good.stdout
    assert name == "read_imap" or (tmp_path / "files" / "a.txt").read_bytes() == b"x"
    assert bad.returncode == 1
    assert "did not accept user" in bad.stderr
    assert "hunter2" not in bad.stderr
    assert "Set MAILKIT_MAILBOX" in run(program, tmp_path).stderr


def test_the_newsletter_demo_sends_to_everyone(tmp_path: Path) -> None:
    """``make demo``: 198 letters arrive once, and the two bad rows are named."""
    result = run(EXAMPLES / "newsletter" / "demo.py", tmp_path, COLUMNS="200")
    assert result.returncode == 0, result.stderr
    assert "198 arrived" in result.stdout
    assert "line 78" in result.stdout
    assert "line 161" in result.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudoterminals")
def test_the_newsletter_demo_on_a_terminal_leaves_the_inbox_open(tmp_path: Path) -> None:
    """The page has all letters, as one batch, until Ctrl-C; then it ends without a word."""
    ours, theirs = os.openpty()
    environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    demo = subprocess.Popen(
        [sys.executable, str(EXAMPLES / "newsletter" / "demo.py")],
        cwd=tmp_path,
        env={**environment, "TERM": "dumb"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    try:
        with io.FileIO(ours) as terminal:
            shown = b""
            while b"until Ctrl-C" not in shown:
                shown += (piece := terminal.read(4096))
                assert piece
            url = re.search(rb"http://[0-9.:]+/", shown)
            assert url
            with urllib.request.urlopen(f"{url[0].decode()}api/messages?grouped=1") as answer:
                found = json.load(answer)
            assert [line["count"] for line in found["messages"]] == [198]
            demo.send_signal(signal.SIGINT)
            assert demo.wait(30) == 0
    finally:
        demo.kill()
        demo.wait()


def test_the_plugin_example_runs_and_keeps_what_every_transport_promises(tmp_path: Path) -> None:
    """Its demo sends, and its tests, mailkit's suite among them, pass."""
    folder = EXAMPLES / "http_api"
    shown = run(folder / "demo.py", tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert "arrived: Résumé" in shown.stdout
    tests = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(folder)],
        cwd=folder.parent.parent,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert tests.returncode == 0, tests.stdout


def test_the_example_of_testing_passes_its_tests(tmp_path: Path) -> None:
    """The fixtures are there without being named, and its folder stays as it was."""
    tests = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-c", os.devnull, str(EXAMPLES / "testing")],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if not name.startswith("MAILKIT_")},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert tests.returncode == 0, tests.stdout
    assert "6 passed" in tests.stdout


def test_the_plugin_example_when_it_is_installed_is_a_transport_by_its_url(tmp_path: Path) -> None:
    """The entry point that its pyproject.toml declares is one that works."""
    folder = EXAMPLES / "http_api"
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    group = project["entry-points"]["mailkit.transports"]
    shutil.copy(folder / "parcelpost.py", tmp_path)
    metadata = tmp_path / "mailkit_parcelpost-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[mailkit.transports]\n" + "".join(f"{name} = {value}\n" for name, value in group.items())
    )
    program = tmp_path / "program.py"
    program.write_text("import mailkit; print(mailkit.open_transport('parcelpost://key:x@api.example.com').name)")
    result = run(program, tmp_path)
    assert result.stdout == "parcelpost://api.example.com:443\n", result.stderr


def test_the_list_of_examples_is_complete() -> None:
    """examples/README.md names every program."""
    readme = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in PROGRAMS if f"({path.name})" not in readme] == []
    folders = [path.parent.name for path in EXAMPLES.glob("*/demo.py")]
    assert [name for name in folders if f"({name}/)" not in readme] == []
