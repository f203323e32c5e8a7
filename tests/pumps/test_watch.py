"""Waiting for bytes or for news, by both pumps: what IDLE is made of."""

import asyncio
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from mailkit.errors import TransportTimeout
from mailkit.net import AsyncPump, BlockingPump
from mailkit.net.wire import Wire
from mailkit.sansio import Conversation, Read, Watch


@dataclass
class News:
    """Something that changes, with those who want to hear of it."""

    listeners: list[Callable[[], object]] = field(default_factory=list)
    changes: int = 0
    heard: threading.Event = field(default_factory=threading.Event)

    def subscribe(self, listener: Callable[[], object]) -> Callable[[], None]:
        self.listeners.append(listener)
        self.heard.set()
        return lambda: self.listeners.remove(listener)

    def change(self) -> None:
        self.changes += 1
        for listener in self.listeners:
            listener()

    def watch(self, within: float = 10.0) -> Conversation[bytes | None]:
        return (yield Watch(within, self.subscribe, lambda: self.changes > 0))


def blocking(wire: socket.socket, conversation: Conversation[bytes | None]) -> bytes | None:
    return BlockingPump(wire, host="here", secure=lambda _: pytest.fail("no TLS")).run(conversation)


def with_asyncio(wire: socket.socket, conversation: Conversation[bytes | None]) -> bytes | None:
    async def run() -> bytes | None:
        _, protocol = await asyncio.get_running_loop().create_connection(Wire, sock=wire)
        pump = AsyncPump(protocol, host="here", context=lambda: pytest.fail("no TLS"))
        try:
            return await pump.run(conversation)
        finally:
            pump.close()

    return asyncio.run(run())


Run = Callable[[socket.socket, Conversation[bytes | None]], bytes | None]
both = pytest.mark.parametrize("run", [blocking, with_asyncio])


def pair() -> tuple[socket.socket, socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        near = socket.create_connection(listener.getsockname())
        far, _ = listener.accept()
    return near, far


@both
def test_watch_when_news_comes_in_another_thread_then_it_ends_without_bytes(run: Run) -> None:
    """And nobody is told any more afterwards."""
    news = News()
    near, far = pair()

    def tell() -> None:
        assert news.heard.wait(10)
        news.change()

    with near, far:
        thread = threading.Thread(target=tell)
        thread.start()
        assert run(near, news.watch()) is None
        thread.join()
    assert news.listeners == []


@both
def test_watch_when_there_is_news_already_then_it_does_not_wait(run: Run) -> None:
    """What came while the conversation looked elsewhere is not missed."""
    near, far = pair()
    with near, far:
        assert run(near, News(changes=1).watch()) is None


@both
def test_watch_when_bytes_come_then_they_are_the_result(run: Run) -> None:
    """As with reading; and the end of the stream too."""
    for said, heard in ((b"DONE\r\n", b"DONE\r\n"), (b"", b"")):
        news = News()
        near, far = pair()
        with near, far:
            far.sendall(said) if said else far.shutdown(socket.SHUT_WR)
            assert run(near, news.watch()) == heard
        assert news.listeners == []


@both
def test_watch_when_told_of_no_news_then_it_waits_on(run: Run) -> None:
    """Something else has changed."""
    news = News()
    near, far = pair()

    def tell() -> None:
        assert news.heard.wait(10)
        for listener in (*news.listeners, *news.listeners):
            listener()
        far.sendall(b"x")

    with near, far:
        thread = threading.Thread(target=tell)
        thread.start()
        assert run(near, news.watch()) == b"x"
        thread.join()


@both
def test_watch_when_neither_comes_then_it_fails_as_reading_does(run: Run) -> None:
    """With the time that was allowed in the error."""
    news = News()
    for effect in (Watch(0.01, news.subscribe, lambda: False), Read(0.01)):
        near, far = pair()

        def ask(effect: Watch | Read = effect) -> Conversation[bytes | None]:
            return (yield effect)

        with near, far, pytest.raises(TransportTimeout, match=r"0\.01 seconds"):
            run(near, ask())
    assert news.listeners == []
