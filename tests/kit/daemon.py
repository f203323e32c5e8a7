"""What the real servers of the tests have in common: ports, certificates, starting, waiting, ending."""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import ClassVar, Self, TypeVar

import pytest
import trustme

DOMAIN = "mailkit.test"
HOST = "127.0.0.1"
SEARCH_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
START_WITHIN = 30.0
END_WITHIN = 1.0
NOBODY = 65534

_Server = TypeVar("_Server", bound="Daemon")


@dataclass(frozen=True)
class Daemon:
    """One running server: its configuration and certificates in `folder`, what it writes as somebody else in `spool`."""

    folder: Path
    spool: Path
    ports: tuple[int, ...]
    host: str = HOST
    tls_name: str = "localhost"
    user: str = f"ada@{DOMAIN}"
    password: str = "correct horse"
    size_limit: int = 20 * 1024 * 1024

    title: ClassVar[str]
    port_count: ClassVar[int]

    @classmethod
    def missing(cls) -> str | None:
        """Say what keeps the server from being started here, or None."""
        raise NotImplementedError

    @classmethod
    @contextmanager
    def started(cls, folder: Path, **settings: object) -> Iterator[Self]:
        """Run a server with its configuration, certificates and log in `folder` until the block ends."""
        with ExitStack() as cleanup:
            # Servers drop root, and pytest's folders are closed to everybody but their owner.
            spool_folder = tempfile.TemporaryDirectory(prefix=f"{cls.__name__.lower()}-", ignore_cleanup_errors=True)
            spool = Path(cleanup.enter_context(spool_folder)).resolve()
            spool.chmod(0o755)
            server = cls(folder.resolve(), spool, tuple(free_ports(cls.port_count)), **settings)  # type: ignore[arg-type]
            certify(server.folder, server.tls_name, server.host)
            server._configure()
            process = cleanup.enter_context(server._running())
            server._wait_until_it_listens(process)
            yield server

    @property
    def ca_file(self) -> Path:
        """The certificate (PEM) of the authority that a client must trust."""
        return self.folder / "ca.pem"

    @property
    def output_file(self) -> Path:
        """What the server prints."""
        return self.folder / "output.log"

    @property
    def log_file(self) -> Path:
        """Where the server says what it does."""
        return self.output_file

    def log(self) -> str:
        """Return the mail log so far."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def messages(self, name: str) -> list[bytes]:
        """Return what was delivered to `name`@mailkit.test as the server stored it (LF line ends)."""
        raise NotImplementedError

    def wait_for(self, name: str, count: int = 1, within: float = 10.0) -> list[bytes]:
        """Return the messages for `name` once there are at least `count`, or fail with the end of the mail log."""
        deadline = time.monotonic() + within
        while len(found := self.messages(name)) < count:
            if time.monotonic() > deadline:
                log = "\n".join(self.log().splitlines()[-40:])
                raise AssertionError(f"{len(found)} of {count} messages for {name} after {within} s; mail log:\n{log}")
            time.sleep(0.05)
        return found

    def wait_for_log(self, text: str, within: float = 10.0) -> str:
        """Return the mail log once `text` is in it, or fail with its end: a server writes it when it finds the time."""
        deadline = time.monotonic() + within
        while text not in (log := self.log()):
            if time.monotonic() > deadline:
                raise AssertionError(f"no {text!r} in the mail log:\n" + "\n".join(log.splitlines()[-40:]))
            time.sleep(0.05)
        return log

    def _configure(self) -> None:
        raise NotImplementedError

    @contextmanager
    def _running(self) -> Iterator[subprocess.Popen[bytes] | None]:
        """Run the server; by default in the foreground, as a child of ours."""
        with self.output_file.open("ab") as sink:
            process = subprocess.Popen(
                self._command(),
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                env={"PATH": SEARCH_PATH, "LC_ALL": "C"},
                start_new_session=True,
            )
        try:
            yield process
        finally:
            end(process)

    def _command(self) -> list[str]:
        raise NotImplementedError

    def _wait_until_it_listens(self, process: subprocess.Popen[bytes] | None) -> None:
        deadline = time.monotonic() + START_WITHIN
        for port in self.ports:
            while not accepts(self.host, port):
                if time.monotonic() > deadline or (process and process.poll() is not None):
                    output = self.output_file.read_text(errors="replace")
                    raise RuntimeError(f"{self.title} does not listen on port {port}:\n{output}{self.log()}")
                time.sleep(0.05)

    def _run(self, program: str, *arguments: str, text: str = "") -> str:
        """Run a program to its end; what it prints goes to a file, since a daemon would keep a pipe open."""
        output = self.folder / "run.log"
        command = [shutil.which(program, path=SEARCH_PATH) or program, *arguments]
        try:
            with output.open("wb") as sink:
                subprocess.run(
                    command,
                    check=True,
                    input=text.encode(),
                    stdout=sink,
                    stderr=subprocess.STDOUT,
                    timeout=START_WITHIN,
                    env={"PATH": SEARCH_PATH, "LC_ALL": "C"},
                )
        except subprocess.SubprocessError as problem:
            raise RuntimeError(f"{problem}\n{output.read_text(errors='replace')}{self.log()}") from problem
        return output.read_text(errors="replace")


class Relaying(Daemon):
    """A server with three ports: anybody may write to `port`; the other two ask for a password."""

    port_count = 3

    @property
    def port(self) -> int:
        return self.ports[0]

    @property
    def submission_port(self) -> int:
        return self.ports[1]

    @property
    def smtps_port(self) -> int:
        return self.ports[2]


def started(kind: type[_Server], paths: pytest.TempPathFactory, **settings: object) -> Iterator[_Server]:
    """Run the server for a fixture, or pass over the tests that want it."""
    need(kind.title, kind.missing())
    with kind.started(paths.mktemp(kind.__name__.lower()), **settings) as server:
        yield server


def need(title: str, reason: str | None) -> None:
    """Skip the test when there is a reason why something is missing, or fail it when servers are required."""
    if reason and os.environ.get("MAILKIT_REQUIRE_SERVERS") == "1":
        pytest.fail(f"MAILKIT_REQUIRE_SERVERS=1, but no {title}: {reason}")
    if reason:
        pytest.skip(f"NOT TESTED against {title}: {reason}")


def without(title: str, *programs: str) -> str | None:
    """Say which of the programs are missing, or that root is."""
    if absent := [program for program in programs if shutil.which(program, path=SEARCH_PATH) is None]:
        return f"not installed: {', '.join(absent)} (run .ci/install-servers)"
    if os.geteuid() != 0:
        return f"{title} starts as root only"
    return None


def certify(folder: Path, *names: str) -> None:
    """Write an authority's certificate (ca.pem), and a key with a certificate by it for `names` (server.pem)."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    certificate = authority.issue_cert(*names)
    certificate.private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    (folder / "server.pem").chmod(0o600)


def in_maildir(maildir: Path, header: str, name: str) -> Iterator[tuple[Path, bytes]]:
    """Yield the messages in a shared Maildir whose `header` says that they are `name`'s."""
    for path in (maildir / "new").iterdir() if (maildir / "new").exists() else ():
        if _owner_of(path, header).casefold() == f"{name}@{DOMAIN}".casefold():
            yield path, path.read_bytes()


@cache
def _owner_of(path: Path, header: str) -> str:
    """A message in a Maildir never changes, and is asked for whenever another one is waited for."""
    with path.open("rb") as file:
        headers = file.read(8192).partition(b"\n\n")[0].decode(errors="replace")
    found = re.search(f"^{header}: (.+)$", headers, re.MULTILINE)
    if found is None:
        raise RuntimeError(f"{path} has no {header} header")
    return found[1]


def free_ports(count: int) -> list[int]:
    """Find ports that nobody uses; all are held until all are found, so that no two are the same."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.create_server((HOST, 0))) for _ in range(count)]
        return [found.getsockname()[1] for found in sockets]


def accepts(host: str, port: int) -> bool:
    """Whether somebody listens there."""
    with suppress(OSError), socket.create_connection((host, port), timeout=5):
        return True
    return False


def end(process: subprocess.Popen[bytes]) -> None:
    """End a server that was started with a session of its own, and then whatever it left in that session."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(END_WITHIN)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
