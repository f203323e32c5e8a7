"""The pump of a server: a conversation that is driven by what asyncio tells, without a task that waits for it.

Theory of operation. A server has many clients and waits for all of them. A task, a future and a timeout for each line that a
client says would cost more than the line's answer. So a conversation goes on within the very callback that brings it bytes, until it
wants to read what has not come. What takes its time (a deed of the application, a handshake, a client that is slow to
take its replies) has a task for as long as that lasts; what the client says meanwhile waits in the wire, and beyond a mebibyte is
not read from the network at all.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from mailkit.errors import MailkitError
from mailkit.net.aio import PARTING, AsyncPump
from mailkit.net.blocking import WRITE_BLOCK, translate
from mailkit.net.wire import Wire
from mailkit.sansio import Conversation, Effect, Read, StartTls, Write

__all__ = ["Glide"]


class Glide(Wire):
    """One session of a server, from the connection to its end; then ``ended`` is called, once."""

    def __init__(self, ended: Callable[["Glide"], object]) -> None:
        super().__init__(is_hasty=False)
        self._ended = ended
        self._is_over = False
        self._is_parting = False
        self._is_reading = False
        self._wanted = Read(0.0)  # what the conversation waits for
        self._task: asyncio.Task[None] | None = None

    def start(self, conversation: Conversation[None], pump: AsyncPump) -> None:
        """Begin the conversation. ``pump`` does on this wire what takes its time."""
        self._conversation = conversation
        self._pump = pump
        self._go(conversation.send, None)

    def cut(self) -> None:
        """End the session at once, wherever it is. Twice is fine."""
        self._is_reading = False
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._pump.close()
        self._conversation.close()
        self._finish()

    @property
    def task(self) -> asyncio.Task[None] | None:
        """What is being done for the conversation now, if that takes its time."""
        return self._task

    # -- what asyncio tells --------------------------------------------------------------------------------------

    def _hear(self, data: bytes) -> None:
        if self._is_reading:
            self._is_reading = False
            self._go(self._conversation.send, data)
        else:
            super()._hear(data)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        if self._is_parting:
            self._finish()

    def _wake(self) -> None:
        if not self._is_reading:
            super()._wake()
        elif self.is_ended:
            self._is_reading = False
            self._go(self._read, self._wanted)

    def _is_waited_for(self) -> bool:
        return self._is_reading or self._is_parting or super()._is_waited_for()

    def _expire(self) -> None:
        if self._is_parting:
            self.cut()
        elif self._is_reading:
            self._is_reading = False
            self._go(self._conversation.throw, self._failure(TimeoutError(), self._wanted))
        else:
            super()._expire()

    # -- the conversation ----------------------------------------------------------------------------------------

    def _go(self, step: Callable[[Any], Effect | None], value: object) -> None:
        """Go on with the conversation by ``step``, as far as that is possible without waiting."""
        try:
            effect: Effect | None = step(value)
            while effect is not None:
                effect = self._next(effect)
        except StopIteration:
            self._part()
        except MailkitError:
            self.cut()  # a client that goes away, or that refuses our certificate, is nothing to report
        except BaseException:
            self.cut()
            raise

    def _next(self, effect: Effect) -> Effect | None:
        """Perform an effect, and return the next one; None when that must wait."""
        if isinstance(effect, Read):
            return self._read(effect)
        if isinstance(effect, Write) and len(effect.data) <= WRITE_BLOCK:
            return self._write(effect)
        self._begin(self._pump.perform, effect)
        return None

    def _read(self, effect: Read) -> Effect | None:
        if not self.received and not self.is_ended:
            self._is_reading, self._wanted = True, effect
            self._set_timer(effect.within)
            return None
        try:
            data = self.take()
        except OSError as error:
            return self._conversation.throw(self._failure(error, effect))
        return self._conversation.send(data)

    def _write(self, effect: Write) -> Effect | None:
        try:
            self.put(effect.data)
        except OSError as error:
            return self._conversation.throw(self._failure(error, effect))
        if self.is_held:
            self._begin(self._drained, effect)
            return None
        return self._conversation.send(None)

    def _begin(self, perform: Callable[[Any], Awaitable[object]], effect: Effect) -> None:
        """Have a task for what takes its time."""
        if isinstance(effect, StartTls) and self.transport is not None:
            self.transport.pause_reading()  # at once: the handshake may be there before the task is
        self._task = asyncio.get_running_loop().create_task(self._follow(perform, effect))

    async def _follow(self, perform: Callable[[Any], Awaitable[object]], effect: Effect) -> None:
        step: Callable[[Any], Effect] = self._conversation.send
        try:
            result = await perform(effect)
        except MailkitError as error:
            step, result = self._conversation.throw, error
        except BaseException:
            self._task = None
            self.cut()
            raise
        self._task = None
        self._go(step, result)

    async def _drained(self, effect: Write) -> None:
        try:
            await self.drain(effect.within)
        except OSError as error:
            raise self._failure(error, effect) from None

    def _failure(self, error: OSError, effect: Read | Write) -> MailkitError:
        failure = translate(error, self._pump.host, effect.within)
        if isinstance(effect, Write):
            failure.unsent = self.unsent
        return failure

    def _part(self) -> None:
        """Close the connection, but let what was written go out first."""
        if self.lost.is_set() or self.transport is None:
            self._finish()
            return
        self._is_parting = True
        self._set_timer(PARTING)
        self.transport.close()

    def _finish(self) -> None:
        self._forget_timer()
        if not self._is_over:
            self._is_over = True
            self._ended(self)
