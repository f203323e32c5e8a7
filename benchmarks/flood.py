"""A client that costs little: raw sockets in one thread, which say what any SMTP client would, and count what was taken."""

import selectors
import socket
import sys
import time
from dataclasses import dataclass

__all__ = ["content", "flood"]

_ENVELOPE = (b"MAIL FROM:<shop@example.com>\r\n", b"RCPT TO:<zoe@example.com>\r\n", b"DATA\r\n")


def content(size: int) -> bytes:
    """A message of so many bytes with the end of data, of plain lines."""
    head = (
        b"From: The Shop <shop@example.com>\r\nTo: Zoe <zoe@example.com>\r\nSubject: Your order is on its way\r\n"
        b"Date: Mon, 12 Jan 2026 09:30:00 +0000\r\nMessage-ID: <order@shop.example.com>\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\n\r\n"
    )
    line = b"Thank you for your order, which has left our house this morning.\r\n"
    return (head + line * (size // len(line)))[: size - 2] + b"\r\n.\r\n"


@dataclass
class _Client:
    """One connection. ``steps`` are said again and again, each once all replies to the last one have come."""

    wire: socket.socket
    steps: tuple[tuple[bytes, int], ...]
    left: int
    place: int = 0
    awaited: int = 0

    def say(self) -> None:
        data, self.awaited = self.steps[self.place]
        self.place = (self.place + 1) % len(self.steps)
        self.left -= not self.place
        self.wire.sendall(data)

    def hear(self) -> bool:
        """Take what has come, and say what is next. False when all is done."""
        data = self.wire.recv(65_536)
        if not data or data[0] not in b"23":
            sys.exit(f"the server said {data[:200]!r}")
        self.awaited -= data.count(b"\n")
        if self.awaited <= 0:
            if not self.place and not self.left:
                return False
            self.say()
        return True


def _connected(port: int) -> socket.socket:
    wire = socket.create_connection(("127.0.0.1", port), timeout=60)
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    replies = wire.makefile("rb", buffering=0)
    replies.readline()
    wire.sendall(b"EHLO client.example.com\r\n")
    while replies.readline()[3:4] == b"-":
        pass
    return wire


def flood(port: int, count: int, *, connections: int, size: int, is_pipelined: bool) -> float:
    """Send so many messages, and return the seconds from the first to the last reply."""
    data = content(size)
    one_by_one = (*((line, 1) for line in _ENVELOPE), (data, 1))
    steps = ((b"".join(_ENVELOPE), len(_ENVELOPE)), (data, 1)) if is_pipelined else one_by_one
    shares = [count // connections + (number < count % connections) for number in range(connections)]
    clients = [_Client(_connected(port), steps, share) for share in shares if share]
    with selectors.DefaultSelector() as selector:
        for client in clients:
            selector.register(client.wire, selectors.EVENT_READ, client)
        start = time.perf_counter()
        for client in clients:
            client.say()
        waiting = len(clients)
        while waiting:
            for key, _ in selector.select(60):
                if not key.data.hear():
                    selector.unregister(key.fileobj)
                    waiting -= 1
        seconds = time.perf_counter() - start
    for client in clients:
        client.wire.sendall(b"QUIT\r\n")
        client.wire.close()
    return seconds
