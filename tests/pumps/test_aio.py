"""What only the asyncio pump can meet: writes that wait in a buffer, and cancellation."""

import asyncio

import pytest

from mailkit import AsyncMailer, MessageBuilder, Retry
from mailkit.net import Listener
from mailkit.net.wire import Wire
from mailkit.testing.peer import Hears, Says
from tests.kit.peers import Hangs, HearsLines, HearsMessage, Postbox, RawStep, ScriptedServer

MESSAGE = MessageBuilder().from_("ada@example.com").to("bob@example.com").text("Hello").build()
READY: list[RawStep] = [Says(b"220 hi\r\n"), HearsLines(), Says(b"250 ok\r\n"), HearsLines()]
TAKEN: list[RawStep] = [Says(b"250 ok\r\n"), HearsLines(), Says(b"250 ok\r\n"), Hears(b"DATA\r\n"), Says(b"354 go\r\n")]
TAKEN += [HearsMessage(), Says(b"250 ok\r\n"), Hears(b"QUIT\r\n"), Says(b"221 bye\r\n")]


class Unwritten(asyncio.Transport):
    """A transport whose bytes never leave."""

    def write(self, data: object) -> None:
        pass

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return 16_384, 65_536

    def is_closing(self) -> bool:
        return False


def test_write_when_the_connection_is_lost_while_it_waits_then_it_fails() -> None:
    """A message of which a part was dropped has not been written, whatever the buffer says."""

    async def scenario() -> None:
        wire = Wire()
        wire.connection_made(Unwritten())
        wire.pause_writing()
        writing = asyncio.create_task(wire.write(b"much" * 10_000, within=60.0))
        await asyncio.sleep(0)
        wire.connection_lost(ConnectionResetError("cut"))
        with pytest.raises(ConnectionResetError):
            await writing
        assert wire.unsent == 16_384  # what the buffer held at least

    asyncio.run(scenario())


def test_send_when_it_is_cancelled_then_the_connection_is_never_used_again() -> None:
    """The next message must not get the answers to the last one."""

    async def scenario(url: str) -> None:
        async with AsyncMailer(url, retry=Retry.NEVER) as mailer:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await mailer.send(MESSAGE)
            assert (await mailer.send(MESSAGE)).is_complete

    with ScriptedServer([*READY, Hangs()], [*READY, *TAKEN]) as server:
        asyncio.run(scenario(f"smtp://{server.host}:{server.port}"))
        assert server.connections == 2


def test_send_when_many_tasks_share_a_mailer_then_each_has_a_connection_to_itself() -> None:
    """No two conversations on one wire."""

    async def scenario(url: str) -> None:
        async with AsyncMailer(url) as mailer:
            receipts = await asyncio.gather(*(mailer.send(MESSAGE) for _ in range(20)))
        assert all(receipt.is_complete for receipt in receipts)

    postbox = Postbox()
    with Listener(postbox) as server:
        asyncio.run(scenario(f"smtp://{server.host}:{server.port}"))
    assert postbox.taken_for("bob@example.com") == 20
