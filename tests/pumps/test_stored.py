"""Content that is fetched while it is sent, through both pumps: what arrives, and what is left open when it fails."""

import asyncio
import socket
import threading
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from mailkit.errors import AttachmentError
from mailkit.mime.bodytype import BodyType
from mailkit.net import AsyncPump, BlockingPump, Listener, aio, blocking
from mailkit.sansio import Conversation, Write
from mailkit.smtp import Answer, Client, Content, Profile, ServerProfile, StartTlsPolicy
from tests.kit.peers import PATIENCE, Postbox
from tests.kit.stored import Fetched, content

BLOCKS = tuple(bytes([letter]) * 200_000 + b"\r\n" for letter in b".abcdefghij")


HALF_WAY = len(BLOCKS) // 2


class Session:
    """What both kinds of pump have done to them here."""

    def __init__(self, port: int) -> None:
        self.client = Client(Profile("me", starttls=StartTlsPolicy.OFF))
        self.port = port
        self.pump: BlockingPump | AsyncPump | None = None

    def conversation(self, message: Content) -> Conversation[tuple[Answer, ...]]:
        yield from self.client.open()
        return (yield from self.client.deliver("ada@example.com", ["bob@example.com"], message))


class BlockingSession(Session):
    def send(self, message: Content) -> tuple[Answer, ...]:
        self.pump = pump = blocking.connect("127.0.0.1", self.port, within=10, context=pytest.fail, implicit=False)
        try:
            return pump.run(self.conversation(message))
        finally:
            if self.client.is_usable:
                pump.close()


class AsyncSession(Session):
    def send(self, message: Content) -> tuple[Answer, ...]:
        return asyncio.run(self.asend(message))

    async def asend(self, message: Content) -> tuple[Answer, ...]:
        self.pump = pump = await aio.connect("127.0.0.1", self.port, within=10, context=pytest.fail, implicit=False)
        try:
            return await pump.run(self.conversation(message))
        finally:
            if self.client.is_usable:
                pump.close()


both = pytest.mark.parametrize("session_of", [BlockingSession, AsyncSession], ids=["blocking", "asyncio"])
either = pytest.mark.parametrize("body", [BodyType.SEVEN_BIT, BodyType.BINARY], ids=["DATA", "BDAT"])
SERVERS = pytest.mark.parametrize(
    "profile",
    [ServerProfile(), ServerProfile(extensions=("CHUNKING", "BINARYMIME"))],
    ids=["pipelining", "one by one"],
)


def around(stored: Fetched, body: BodyType) -> Content:
    return content(b"head\r\n\r\n", stored, b"tail\r\n", body=body)


@SERVERS
@both
@either
def test_pump_when_a_piece_is_fetched_then_every_byte_arrives(
    session_of: type[BlockingSession] | type[AsyncSession], body: BodyType, profile: ServerProfile
) -> None:
    """2 MB, never in one place, by lines and by chunks."""
    postbox, stored = Postbox(), Fetched(BLOCKS)
    with Listener(postbox, profile=profile) as server:
        (answer,) = session_of(server.port).send(around(stored, body))
    assert answer.reply is not None
    assert answer.reply.is_success
    (received,) = postbox.received
    assert received.data == b"head\r\n\r\n" + b"".join(BLOCKS) + b"tail\r\n"
    assert received.body is body
    assert stored.opened == 1
    assert stored.was_closed.is_set()


@SERVERS
@both
@either
def test_pump_when_a_file_has_changed_half_way_then_nothing_is_taken_and_the_wire_is_closed(
    session_of: type[BlockingSession] | type[AsyncSession], body: BodyType, profile: ServerProfile
) -> None:
    """The error is the file's, not the network's: nobody is in doubt, and nobody tries again."""
    postbox, stored = (
        Postbox(),
        Fetched(BLOCKS, fails_at=HALF_WAY, error=AttachmentError("'a.pdf' has changed since it was attached")),
    )
    with Listener(postbox, profile=profile) as server:
        session = session_of(server.port)
        with pytest.raises(AttachmentError, match="has changed") as caught:
            session.send(around(stored, body))
    assert not caught.value.is_temporary
    assert session.pump is not None
    assert not session.pump.is_open
    assert not session.client.is_usable
    assert postbox.received == []
    assert stored.was_closed.is_set()


@dataclass(frozen=True)
class Endless:
    """64 MiB that are nowhere."""

    size: int = 64 * 1024 * 1024

    def blocks(self) -> Iterator[bytes]:
        for start in range(self.size // 262_144):
            yield bytes([start % 256]) * 262_144


class Sink(socket.socket):
    """Takes everything, and agrees."""

    def __init__(self) -> None:
        super().__init__()
        self.last = b"connect"

    def send(self, data: object, flags: int = 0) -> int:
        self.last = bytes(data[-100:])  # type: ignore[index]
        return len(data)  # type: ignore[arg-type]

    def recv(self, size: int, flags: int = 0) -> bytes:
        if self.last.startswith(b"EHLO"):
            return b"250-hi\r\n250-CHUNKING\r\n250 BINARYMIME\r\n"
        return b"354 go\r\n" if self.last == b"DATA\r\n" else b"250 ok\r\n"


@pytest.mark.slow
@either
def test_pump_when_a_piece_is_very_large_then_memory_does_not_grow_with_it(body: BodyType) -> None:
    """A few blocks are in hand at a time, whatever the size of the file."""
    pump = BlockingPump(Sink(), host="localhost", secure=pytest.fail)
    stored = Endless()
    tracemalloc.start()
    (answer,) = pump.run(BlockingSession(0).conversation(Content((stored,), stored.size, body)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    pump.close()
    assert answer.reply is not None
    assert answer.command == Answer.END_OF_DATA
    assert peak < 3 * 1024 * 1024


class InterruptedSocket(socket.socket):
    """Somebody presses Ctrl-C while it sends."""

    def send(self, data: object, flags: int = 0) -> int:
        raise KeyboardInterrupt


def test_pump_when_it_is_interrupted_while_it_writes_then_the_conversation_is_ended_too() -> None:
    """And with it every file that it reads, though somebody still holds on to it."""
    ended = threading.Event()

    def talk() -> Conversation[None]:
        try:
            yield Write(b"block")
        finally:
            ended.set()

    conversation = talk()
    pump = BlockingPump(InterruptedSocket(), host="localhost", secure=pytest.fail)
    with pytest.raises(KeyboardInterrupt):
        pump.run(conversation)
    assert ended.is_set()
    assert not pump.is_open


@either
def test_pump_when_it_is_cancelled_while_a_block_is_fetched_then_the_file_is_closed_when_that_is_done(
    body: BodyType,
) -> None:
    """A thread cannot be cancelled; what it reads is its last block, and nothing is reported as lost."""
    reading, released = threading.Event(), threading.Event()
    stored = Fetched(BLOCKS, fails_at=HALF_WAY, before=lambda: (reading.set(), released.wait(PATIENCE)))
    postbox = Postbox()

    async def scenario(session: AsyncSession) -> None:
        sending = asyncio.create_task(session.asend(around(stored, body)))
        await asyncio.to_thread(reading.wait, PATIENCE)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        assert not session.client.is_usable
        assert not stored.was_closed.is_set()
        released.set()

    with Listener(postbox) as server:
        asyncio.run(scenario(AsyncSession(server.port)))
    assert stored.was_closed.wait(PATIENCE)
    assert postbox.received == []
