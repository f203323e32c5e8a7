"""A gateway to a server: it passes octets on, counts the connections, keeps what clients say, and can cut them."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from tests.kit.daemon import HOST


class Gateway:
    """Listens on a free port; whoever connects talks to the server at `port` behind it while the ``with`` block runs."""

    def __init__(self, port: int) -> None:
        self.connections = 0
        self.turns: list[bytes] = [b""]
        """What clients said, cut where the server said something."""
        self._behind = port
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self._listening = socket.create_server((HOST, 0))
        self.port: int = self._listening.getsockname()[1]
        self._begin(self._serve)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):  # wakes accept()
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self.cut()
        for thread in self._threads:
            thread.join()
        for wire in self._open:
            wire.close()

    def cut(self) -> None:
        """Hang up on everybody, as a server does with a session that has been idle for too long."""
        for wire in self._open:
            with suppress(OSError):
                wire.shutdown(socket.SHUT_RDWR)

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.create_connection((HOST, self._behind))
                self.connections += 1
                self._open += [client, server]
                for wire in (client, server):  # what is passed on at once must not wait for more
                    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._begin(self._ask, client, server)
                self._begin(self._answer, server, client)

    def _begin(self, deed: object, *wires: socket.socket) -> None:
        thread = threading.Thread(target=deed, args=wires, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _ask(self, client: socket.socket, server: socket.socket) -> None:
        def keep(data: bytes) -> None:
            self.turns[-1] += data

        self._pass_on(client, server, keep)

    def _answer(self, server: socket.socket, client: socket.socket) -> None:
        self._pass_on(server, client, lambda data: self.turns.append(b""))

    def _pass_on(self, source: socket.socket, target: socket.socket, note: Callable[[bytes], None]) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                note(data)
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)
