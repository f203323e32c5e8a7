"""The servers that catch mail, each in a process of its own: mailkit's inbox, aiosmtpd, sendria and MailDev.

What they print goes nowhere, but for what mailkit's is asked. As a program (``python -m benchmarks.catchers mailkit PORT``) this is
one of the first two.
"""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.flood import flood
from benchmarks.servers import free_port, wait_for

__all__ = ["CATCHERS", "Catcher"]

ROOT = Path(__file__).parents[1]
MAILDEV = ROOT / ".peers/maildev/node_modules/.bin/maildev"
INSTALL_MAILDEV = "npm install --prefix .peers/maildev --ignore-scripts maildev@3.0.0"
_CONNECTIONS = 4


@dataclass
class Catcher:
    """A server that runs, and what is sent to it."""

    port: int
    process: "subprocess.Popen[str]"
    is_counted: bool = False
    """Whether it tells how many messages it lists; then all that were sent must be among them."""

    def flood(self, count: int, *, size: int, is_pipelined: bool = False) -> tuple[float, float]:
        """Send so many messages over four connections. Returns the seconds to the last reply, and the server's CPU until then."""
        before = self._cpu()
        seconds = flood(self.port, count, connections=_CONNECTIONS, size=size, is_pipelined=is_pipelined)
        cpu = self._cpu() - before
        if self.is_counted and (listed := self._empty()) != count:
            sys.exit(f"{count} messages were sent, and the inbox lists {listed}")
        self._wait_for_rest()
        return seconds, cpu

    def _cpu(self) -> float:
        """Of all its threads, as Linux has it."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _wait_for_rest(self) -> None:
        """What it does after the last reply must not slow down whoever is next."""
        done = -1.0
        while (now := self._cpu()) > done:
            done = now
            time.sleep(0.2)

    def _empty(self) -> int:
        """Have the inbox count what it lists, and forget it."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


@contextmanager
def _started(command: list[str], port: int, *, is_counted: bool = False) -> Iterator[Catcher]:
    pipe = subprocess.PIPE if is_counted else subprocess.DEVNULL
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True, cwd=ROOT)
    try:
        wait_for(port)
        yield Catcher(port, process, is_counted)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def mailkit() -> Iterator[Catcher]:
    port = free_port()
    with _started([sys.executable, "-m", __name__, "mailkit", str(port)], port, is_counted=True) as found:
        yield found


@contextmanager
def aiosmtpd() -> Iterator[Catcher]:
    port = free_port()
    with _started([sys.executable, "-m", __name__, "aiosmtpd", str(port)], port) as found:
        yield found


@contextmanager
def sendria() -> Iterator[Catcher]:
    port, web = free_port(), free_port()
    with tempfile.TemporaryDirectory(prefix="mailkit-bench-") as folder:
        command = [sys.executable, "-m", "sendria", "--foreground", "--db", f"{folder}/mail.db"]
        command += ["--smtp-port", str(port), "--http-port", str(web)]
        with _started(command, port) as found:
            yield found


@contextmanager
def maildev() -> Iterator[Catcher | None]:
    node = shutil.which("node")
    if node is None or not MAILDEV.exists():
        print(f"  (without MailDev, which is not installed: {INSTALL_MAILDEV})")
        yield None
        return
    port, web = free_port(), free_port()
    places = ["--ip", "127.0.0.1", "--smtp", str(port), "--web-ip", "127.0.0.1", "--web", str(web)]
    with _started([node, str(MAILDEV), "--silent", *places], port) as found:
        yield found


CATCHERS = {
    "mailkit, stored and listed": mailkit,
    "sendria": sendria,
    "MailDev": maildev,
    "aiosmtpd, stores nothing": aiosmtpd,
}


# -- the first two, which run as programs ------------------------------------------------------------------------------


def _serve_inbox(port: int) -> None:
    from mailkit.inbox import Inbox

    with Inbox(port=port, max_messages=10_000_000, max_bytes=10**12) as inbox:
        for _ in sys.stdin:
            print(inbox.archive.find().total, flush=True)
            inbox.clear()


async def _serve_nothing(port: int) -> None:
    from aiosmtpd.smtp import SMTP

    class Nothing:
        async def handle_DATA(self, server: object, session: object, envelope: object) -> str:  # noqa: N802 - its name
            return "250 OK"

    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Nothing(), loop=loop), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        if sys.argv[1] == "mailkit":
            _serve_inbox(int(sys.argv[2]))
        else:
            asyncio.run(_serve_nothing(int(sys.argv[2])))
