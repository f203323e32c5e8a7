"""The servers that sending is measured against, and a link that delays, each in a process of its own."""

import asyncio
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["PATH", "delayed", "free_port", "postfix", "sink", "wait_for"]

PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"

MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = /dev/null
maillog_file_prefixes = /dev
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.mailkit.test
mynetworks = 127.0.0.0/8
mydestination =
alias_maps =
local_recipient_maps =
smtpd_peername_lookup = no
smtpd_relay_restrictions = permit_mynetworks,reject
default_transport = discard
relay_transport = discard
smtpd_tls_security_level = none
smtputf8_enable = yes
in_flow_delay = 0
smtpd_client_connection_rate_limit = 0
smtpd_client_message_rate_limit = 0
"""
MASTER_CF = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
anvil unix - - n - 1 anvil
discard unix - - n - - discard
postlog unix-dgram n - n - 1 postlogd
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def wait_for(port: int, *, within: float = 20.0) -> None:
    end = time.monotonic() + within
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except ConnectionRefusedError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)
            continue
        return


@contextmanager
def sink() -> Iterator[int]:
    """Postfix's smtp-sink, which takes all mail and keeps none. It offers PIPELINING, and no CHUNKING."""
    program = shutil.which("smtp-sink", path=PATH)
    if program is None:
        sys.exit("smtp-sink is not installed: apt install postfix")
    port = free_port()
    server = subprocess.Popen([program, "-u", "nobody", f"127.0.0.1:{port}", "100"])
    try:
        wait_for(port)
        yield port
    finally:
        server.terminate()
        server.wait()


@contextmanager
def postfix() -> Iterator[int]:
    """A real Postfix that queues every message, and throws it away."""
    program = shutil.which("postfix", path=PATH)
    if program is None or os.getuid() != 0:
        sys.exit("Postfix is not installed, or this is not root, who alone can start it: apt install postfix")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="mailkit-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        for inner in ("queue", "data", "etc"):
            (folder / inner).mkdir()
        owner = pwd.getpwnam("postfix")
        os.chown(folder / "data", owner.pw_uid, owner.pw_gid)
        (folder / "etc/main.cf").write_text(MAIN_CF.format(folder=folder))
        (folder / "etc/master.cf").write_text(MASTER_CF.format(port=port))
        command = [program, "-c", str(folder / "etc")]
        environment = {**os.environ, "PATH": PATH}
        subprocess.run([*command, "start"], check=True, env=environment, capture_output=True)
        try:
            wait_for(port)
            yield port
        finally:
            subprocess.run([*command, "stop"], check=False, env=environment, capture_output=True)


@contextmanager
def delayed(port: int, seconds: float) -> Iterator[int]:
    """A link to ``port`` over which everything takes ``seconds`` there and back."""
    front = free_port()
    link = subprocess.Popen([sys.executable, __file__, str(front), str(port), str(seconds / 2)])
    try:
        wait_for(front)
        yield front
    finally:
        link.terminate()
        link.wait()


# -- the link itself, which runs as a program --------------------------------------------------------------------------


class _End(asyncio.Protocol):
    """One end of a connection. What comes in goes to the other end, in order and late."""

    def __init__(self, delay: float) -> None:
        self.delay = delay
        self.other: _End | None = None
        self.transport: asyncio.Transport | None = None
        self.early: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        asyncio.get_running_loop().call_later(self.delay, self._pass_on, data)

    def _pass_on(self, data: bytes) -> None:
        if self.other is None:
            self.early.append(data)
        elif self.other.transport:
            self.other.transport.write(data)

    def connection_lost(self, error: Exception | None) -> None:
        if self.other and self.other.transport:
            asyncio.get_running_loop().call_later(self.delay, self.other.transport.close)

    def join(self, other: "_End") -> None:
        self.other, other.other = other, self
        for data in self.early:
            self._pass_on(data)


async def _link(front: int, back: int, delay: float) -> None:
    loop = asyncio.get_running_loop()
    joining: set[asyncio.Task[None]] = set()

    async def join(near: _End) -> None:
        _, far = await loop.create_connection(lambda: _End(delay), "127.0.0.1", back)
        near.join(far)

    def accept() -> _End:
        near = _End(delay)
        task = loop.create_task(join(near))
        joining.add(task)
        task.add_done_callback(joining.discard)
        return near

    server = await loop.create_server(accept, "127.0.0.1", front)
    await server.serve_forever()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(_link(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
