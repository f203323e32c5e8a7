"""The pump of a server, without a network: what it does at once, what it waits for, and how it ends."""

import asyncio
from collections.abc import Callable, Coroutine
from threading import Event

import pytest

from mailkit.errors import ConnectError, MailkitError, TransportTimeout
from mailkit.net.blocking import WRITE_BLOCK
from mailkit.sansio import Call, Conversation, Read, Sleep, StartTls, Write
from mailkit.smtp import ServerProfile, serve
from tests.kit.feeding import CUTS, Cut
from tests.kit.peers import PATIENCE, Postbox
from tests.kit.wired import HandClock, Session, settle


class Prompt(Postbox):
    """A postbox that never waits for anything."""

    may_block = False


def run(scenario: Callable[[HandClock], Coroutine[None, None, None]]) -> None:
    """Run it in a loop whose clock is set by hand."""

    async def with_loop() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, HandClock)
        await scenario(loop)

    with asyncio.Runner(loop_factory=HandClock) as runner:
        runner.run(with_loop())


class Talk:
    """A conversation that reads for ever, and what became of it."""

    def __init__(self, within: float = 60.0) -> None:
        self.heard: list[bytes] = []
        self.error: MailkitError | None = None
        self.is_ended = False
        self._within = within

    def __call__(self) -> Conversation[None]:
        try:
            while data := (yield Read(within=self._within)):
                self.heard.append(data)
        except MailkitError as error:
            self.error = error
        finally:
            self.is_ended = True


# -- at once -----------------------------------------------------------------------------------------------------------

SAID = b"EHLO me\r\nMAIL FROM:<a@x.org>\r\nRCPT TO:<b@y.org>\r\nDATA\r\nHi\r\n..\r\n.\r\nQUIT\r\n"


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("policy", [Prompt, Postbox])
def test_glide_when_the_client_speaks_in_any_pieces_then_it_is_answered_in_the_same_way(
    cut: Cut, policy: type[Postbox]
) -> None:
    """Whole, byte by byte, and while a deed is under way, for which the rest must wait."""
    postbox = policy()

    async def scenario() -> None:
        session = Session(serve(postbox, ServerProfile(extensions=()), peer="192.0.2.1"))
        await _idle(session)
        for piece in cut(SAID):
            session.says(piece)
        await _idle(session)
        assert session.wired.written == (
            b"220 localhost ESMTP mailkit\r\n250-localhost Hello me\r\n250 SIZE 50000000\r\n250 Sender ok\r\n250 Recipient ok\r\n"
            b"354 End data with <CR><LF>.<CR><LF>\r\n250 Message accepted\r\n221 Bye\r\n"
        )
        assert session.wired.is_closing()
        session.connection_lost(None)
        assert session.ends == 1

    asyncio.run(scenario())
    assert [received.data for received in postbox.received] == [b"Hi\r\n.\r\n"]


async def _idle(session: Session) -> None:
    while task := session.task:
        await task


def test_glide_when_nothing_takes_time_then_there_is_no_task_and_one_timer() -> None:
    """However many lines come: that is what makes it fast."""

    async def scenario(loop: HandClock) -> None:
        session = Session(serve(Prompt(), ServerProfile(), peer="192.0.2.1"))
        for _ in range(100):
            session.says(b"NOOP\r\n")
            assert session.task is None
        assert session.wired.written.count(b"250 ") == 100
        assert loop.timers == 1
        session.cut()

    run(scenario)


# -- the end -----------------------------------------------------------------------------------------------------------


def test_glide_when_the_client_hangs_up_then_the_conversation_hears_the_end() -> None:
    """Whatever it was in the middle of, no message is taken."""
    postbox = Prompt()

    async def scenario(_: HandClock) -> None:
        session = Session(serve(postbox, ServerProfile()))
        session.says(SAID[: SAID.index(b"\r\n.\r\n")])
        assert session.eof_received() is False
        session.connection_lost(None)
        assert session.ends == 1

    run(scenario)
    assert postbox.received == []


def test_glide_when_the_connection_is_reset_then_the_conversation_is_told_why() -> None:
    """A read that fails is thrown into the conversation, as with the other pumps."""
    talk = Talk()

    async def scenario(_: HandClock) -> None:
        session = Session(talk())
        session.says(b"hello")
        session.connection_lost(ConnectionResetError("cut"))
        assert session.ends == 1

    run(scenario)
    assert isinstance(talk.error, ConnectError)
    assert talk.heard == [b"hello"]


def test_glide_when_the_client_has_gone_then_a_write_fails() -> None:
    """And the error tells that nothing has left."""
    errors: list[MailkitError] = []

    def talk() -> Conversation[None]:
        yield Read(within=60.0)
        try:
            yield Write(b"anybody?")
        except MailkitError as error:
            errors.append(error)

    async def scenario(_: HandClock) -> None:
        session = Session(talk())
        session.connection_lost(None)
        assert session.ends == 1

    run(scenario)
    (error,) = errors
    assert isinstance(error, ConnectError)
    assert error.unsent == len(b"anybody?")


def test_glide_when_a_conversation_fails_then_the_wire_is_closed_and_the_failure_is_not_hidden() -> None:
    """A mistake in our own code goes to the event loop, which reports it."""

    def talk() -> Conversation[None]:
        yield Read(within=60.0)
        raise RuntimeError("a mistake")

    async def scenario(_: HandClock) -> None:
        session = Session(talk())
        with pytest.raises(RuntimeError, match="a mistake"):
            session.says(b"hello")
        assert session.wired.is_aborted
        assert session.ends == 1

    run(scenario)


@pytest.mark.parametrize("error", [ConnectError("gone"), RuntimeError("a mistake")])
def test_glide_when_a_deed_fails_then_the_wire_is_closed(error: Exception) -> None:
    """What the conversation cannot deal with ends it, once."""

    def fail() -> None:
        raise error

    def talk() -> Conversation[None]:
        yield Call(fail)

    async def scenario(_: HandClock) -> None:
        session = Session(talk())
        assert session.task
        await asyncio.gather(session.task, return_exceptions=True)
        assert session.wired.is_aborted
        assert session.ends == 1

    run(scenario)


def test_glide_when_it_is_cut_then_the_conversation_is_closed_wherever_it_is() -> None:
    """In a read, while it sleeps, and twice."""
    asleep, talk = Event(), Talk()

    def sleep() -> Conversation[None]:
        try:
            yield Sleep(3_600)
        finally:
            asleep.set()

    async def scenario(_: HandClock) -> None:
        for session in (Session(talk()), Session(sleep())):
            session.cut()
            session.cut()
            assert session.wired.is_aborted
            assert session.ends == 1
        await settle()

    run(scenario)
    assert talk.is_ended
    assert asleep.is_set()


def test_glide_when_the_client_does_not_take_its_leave_then_it_is_cut_off() -> None:
    """The last reply may take two seconds to leave, and then nobody waits any longer."""

    def talk() -> Conversation[None]:
        yield Write(b"bye")

    async def scenario(loop: HandClock) -> None:
        session = Session(talk())
        assert session.wired.is_closing()
        await loop.jump(1.9)
        assert (session.wired.is_aborted, session.ends) == (False, 0)
        await loop.jump(0.2)
        assert (session.wired.is_aborted, session.ends) == (True, 1)

    run(scenario)


# -- time --------------------------------------------------------------------------------------------------------------


def test_read_when_nothing_comes_in_time_then_it_fails() -> None:
    """Not before, and with the words of the other pumps."""
    talk = Talk(within=300.0)

    async def scenario(loop: HandClock) -> None:
        session = Session(talk())
        await loop.jump(299.0)
        assert talk.error is None
        await loop.jump(1.0)
        assert session.wired.is_closing()

    run(scenario)
    assert isinstance(talk.error, TransportTimeout)
    assert "did not answer within 300 seconds" in str(talk.error)


def test_read_when_something_comes_then_the_time_begins_anew() -> None:
    """A client that says something every now and then may stay."""
    talk = Talk(within=300.0)

    async def scenario(loop: HandClock) -> None:
        session = Session(talk())
        for _ in range(5):
            await loop.jump(200.0)
            session.says(b"still here")
        await loop.jump(299.0)
        assert talk.error is None
        await loop.jump(1.0)
        assert isinstance(talk.error, TransportTimeout)
        assert loop.timers < 9  # not two for each read

    run(scenario)


def test_read_when_less_time_is_allowed_than_before_then_the_shorter_one_counts() -> None:
    """A timer that is set for later does not hold back the next one."""
    errors: list[MailkitError] = []

    def talk() -> Conversation[None]:
        yield Read(within=300.0)
        try:
            yield Read(within=5.0)
        except MailkitError as error:
            errors.append(error)

    async def scenario(loop: HandClock) -> None:
        session = Session(talk())
        session.says(b"first")
        await loop.jump(5.0)
        assert session.wired.is_closing()

    run(scenario)
    assert isinstance(errors[0], TransportTimeout)


# -- more than enough --------------------------------------------------------------------------------------------------


def test_write_when_the_client_does_not_take_it_then_the_conversation_waits() -> None:
    """It says no more until there is room, and then goes on."""
    done: list[int] = []

    def talk() -> Conversation[None]:
        for number in range(3):
            yield Write(bytes(100))
            done.append(number)

    async def scenario(_: HandClock) -> None:
        session = Session(talk(), room=150)
        await settle()
        assert done == [0]
        assert len(session.wired.written) == 200
        session.wired.make_room()
        await settle()
        assert done == [0, 1, 2]
        assert session.wired.is_closing()

    run(scenario)


@pytest.mark.parametrize(("how", "error"), [("lost", ConnectError), ("late", TransportTimeout)])
def test_write_when_it_waits_in_vain_then_it_fails_and_tells_what_has_not_left(
    how: str, error: type[ConnectError | TransportTimeout]
) -> None:
    """At least what the transport held back."""
    errors: list[MailkitError] = []

    def talk() -> Conversation[None]:
        try:
            yield Write(bytes(100), within=30.0)
        except MailkitError as failure:
            errors.append(failure)

    async def scenario(loop: HandClock) -> None:
        session = Session(talk(), room=50)
        await settle()
        if how == "lost":
            session.connection_lost(ConnectionResetError("cut"))
        else:
            await loop.jump(30.0)
        await settle()
        assert session.wired.is_closing() or session.ends

    run(scenario)
    (failure,) = errors
    assert isinstance(failure, error)
    assert failure.unsent == 16


def test_write_when_it_is_large_then_it_goes_by_blocks() -> None:
    """Each block has the time that is allowed, as with the other pumps."""
    data = bytes(range(256)) * (WRITE_BLOCK // 100)

    def talk() -> Conversation[None]:
        yield Write(data)

    async def scenario(_: HandClock) -> None:
        session = Session(talk(), room=10_000_000)
        await _idle(session)
        assert session.wired.written == data

    run(scenario)


def test_glide_when_the_client_sends_while_a_deed_is_done_then_it_is_held_back_and_nothing_is_lost() -> None:
    """What nobody takes does not fill the memory."""
    released, heard = Event(), bytearray()

    def talk() -> Conversation[None]:
        yield Call(lambda: released.wait(PATIENCE))
        while data := (yield Read(within=60.0)):
            heard.extend(data)

    async def scenario(_: HandClock) -> None:
        session = Session(talk())
        sent = 0
        while not session.wired.is_paused:
            session.says(b"x" * 65_536)
            sent += 65_536
        assert 1_000_000 < sent < 1_200_000
        released.set()
        await _idle(session)
        assert not session.wired.is_paused
        assert len(heard) == sent
        session.cut()

    run(scenario)


def test_glide_when_a_handshake_is_next_then_nothing_more_is_read_in_the_clear() -> None:
    """The first bytes of the handshake may be there before anybody is ready for them."""

    def talk() -> Conversation[None]:
        yield Read(within=60.0)
        yield StartTls(within=60.0)

    async def scenario(_: HandClock) -> None:
        session = Session(talk())
        session.says(b"STARTTLS")
        assert session.wired.is_paused
        session.cut()
        await settle()

    run(scenario)


def test_glide_when_the_client_has_gone_before_the_handshake_then_nobody_waits_for_it() -> None:
    """A handshake with nobody would hold its place until the time is over."""
    errors: list[MailkitError] = []

    def talk() -> Conversation[None]:
        yield Read(within=60.0)
        try:
            yield StartTls(within=60.0)
        except MailkitError as error:
            errors.append(error)

    async def scenario(_: HandClock) -> None:
        session = Session(talk())
        session.wired.close()
        session.connection_lost(None)
        await _idle(session)
        assert session.ends == 1

    run(scenario)
    assert isinstance(errors[0], ConnectError)
