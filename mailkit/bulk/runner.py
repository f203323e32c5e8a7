"""A run: connections that take recipients from the journal until there are none left.

Theory of operation. There is one event loop. The *feeder* claims recipients ahead, a chunk at a time; each *connection* takes the
next one whose time has come, and its message is made at that moment: no more is made than can be sent. Just before a message
may reach anybody its mark is put on the disk, for all connections that are at that point together; what became of it is
written down behind. When the run is to end, nothing new is taken, what is under way arrives, and what was claimed
is given back.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection
from contextlib import aclosing, suppress

from mailkit import clock
from mailkit.bulk.clerk import Claimed, Clerk, Rules
from mailkit.bulk.domains import group_of
from mailkit.bulk.journal import Journal
from mailkit.bulk.judge import Judge, told
from mailkit.bulk.limits import Limits
from mailkit.bulk.line import Line
from mailkit.bulk.pacing import RELAY, is_too_fast
from mailkit.bulk.progress import Observer, Progress
from mailkit.bulk.state import Entry, Result, State
from mailkit.bulk.tally import Tally
from mailkit.delivery import Retry
from mailkit.delivery.desk import Desk
from mailkit.delivery.sending import Sending
from mailkit.errors import (
    CapabilityMissing,
    ConnectError,
    MailkitError,
    MessageError,
    MessageWithheld,
    TemplateError,
)
from mailkit.message import Envelope, Message
from mailkit.transport import Outcome, Parcel, Status, Transport

__all__ = ["Runner"]

_CHUNK = 256  # recipients in one claim
_GOES_ON = "Nothing is lost: with a journal, the same command goes on where it ended."
_LOW = 128  # recipients in hand below which more are claimed
_LATE = 0.1  # seconds after which a slot is given back, so that what was held up does not come in a burst
_LOST_BEFORE_DEFERRED = 3  # connections that may be lost under one message before the message is suspected
_TELL_EVERY = 0.1  # seconds between two words of progress
_LOOK_EVERY = 1.0  # seconds between two looks whether others have left something


class Runner:
    """Sends what waits in a journal. After :meth:`run`, ``tally`` says what became of it."""

    def __init__(
        self,
        journal: Journal,
        transport: Transport,
        desk: Desk,
        compose: Callable[[Entry], Message],
        *,
        rules: Rules,
        limits: Limits,
        reconnect: Retry,
        observer: Observer | None = None,
    ) -> None:
        self.tally = Tally(limits.budget)
        self.seconds = 0.0
        self.paused = ""
        self._journal = journal
        self._transport = transport
        self._desk = desk
        self._compose = compose
        self._rules = rules
        self._time = clock.Steady()
        self._judge = Judge(rules.policy, rules.retry, self._time)
        self._limits = limits
        self._reconnect = reconnect
        self._observer = observer
        self._total = 0
        self._taken = 0
        self._start = 0.0
        self._unreached = 0
        self._line = Line(self._time)
        self._flying: dict[int, tuple[Entry, Sending]] = {}
        self._marked: set[int] = set()
        self._withheld: dict[int, State] = {}
        self._lost: Counter[str] = Counter()
        self._hungry = asyncio.Event()
        self._is_stopping = False
        self._is_over = False
        self._failure: BaseException | None = None
        self._why = ""
        self._until = 0.0

    # -- from start to end ---------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Send until nothing waits, the limit is reached, or going on is pointless; that error is raised then."""
        counts = await asyncio.to_thread(self._journal.account.counts)
        waiting = counts.get(State.PENDING, 0) + counts.get(State.DEFERRED, 0) + counts.get(State.CLAIMED, 0)
        self._total = min(waiting, self._limits.messages) if self._limits.messages else waiting
        self._start = clock.monotonic()
        self._tell()
        self._clerk = Clerk(self._journal, self._rules, self._time)
        helpers = [asyncio.create_task(job()) for job in (self._feed, self._beat, self._report)]
        self._connections = [asyncio.create_task(self._connect()) for _ in range(self._limits.connections)]
        try:
            await asyncio.gather(*self._connections, return_exceptions=True)
        finally:
            self._is_stopping = True
            for task in helpers:
                task.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)
            await self._leave()
            self.seconds = clock.monotonic() - self._start
            self._tell()
        if self._failure is not None:
            raise self._failure

    def stop(self, failure: BaseException | None = None) -> None:
        """Take nothing new, and let what is under way arrive; then ``failure`` is raised, if there is one."""
        self._failure = self._failure or failure
        self._is_stopping = True
        self._hungry.set()
        self._line.wake()

    def cut_off(self) -> None:
        """Do not even wait for that: what has been marked is in doubt."""
        self.stop()
        for task in self._connections:
            task.cancel()

    async def _leave(self) -> None:
        """Give back what was claimed, and say of what was under way what is known."""
        for entry, sending in self._flying.values():
            if entry.id in self._marked:
                self._clerk.settle(
                    entry, self._judge.in_doubt(entry, "the run was cut off", sending.parcel.message.message_id)
                )
            with suppress(MailkitError):
                self._desk.abort(sending, ConnectError("the run was cut off"))
        self._flying.clear()
        try:
            await self._clerk.close()
        except MailkitError as error:
            self._failure = self._failure or error
        await self._transport.aclose()

    # -- claiming ------------------------------------------------------------------------------------------------

    async def _feed(self) -> None:
        """Keep recipients in hand."""
        try:
            while not self._is_stopping:
                self._hungry.clear()
                room = _CHUNK if len(self._line) < _LOW else 0
                if self._limits.messages:
                    room = min(room, self._limits.messages - self._taken)
                    if room <= 0 and not self._is_busy:
                        break
                if room <= 0:
                    await self._hungry.wait()
                    continue
                was_busy = self._is_busy  # what is under way may have to go again
                claimed = await self._clerk.claim(room)
                if not self._hold(claimed) and not await self._wait(claimed, is_busy=was_busy):
                    break
        except Exception as error:  # noqa: BLE001 - a task must not die unseen: it is raised where run() was called
            self.stop(error)
        self._is_over = True
        self._line.wake()

    def _hold(self, claimed: Claimed) -> bool:
        for result in claimed.settled:
            self._count(result)
        self._line.add(claimed.entries)
        self._taken += len(claimed.entries)
        if claimed.entries:
            self._why = ""
            self._line.wake(len(claimed.entries))
        return bool(claimed.entries or claimed.settled)

    async def _wait(self, claimed: Claimed, *, is_busy: bool) -> bool:
        """Wait until it is worth asking again. False when the run is over."""
        if claimed.paused:
            self.paused = claimed.paused
            return False
        now = self._time.now()
        ahead = max(0.0, (claimed.next_at or now) - now)
        if not is_busy and not claimed.others:
            patience = self._limits.hours if claimed.why else self._limits.patience
            if claimed.next_at is None or (ahead > patience and not claimed.is_paced):
                return False
        others = "others are sending" if claimed.others else ""
        self._why = claimed.why or ("" if claimed.is_paced else "for the deferred" if claimed.next_at else others)
        self._until = clock.monotonic() + ahead
        # What is under way, here or elsewhere, may have to go again; and a person may have changed the journal.
        with suppress(TimeoutError):
            async with asyncio.timeout(max(min(ahead, _LOOK_EVERY) if claimed.next_at else _LOOK_EVERY, 0.01)):
                await self._hungry.wait()
        return True

    @property
    def _is_busy(self) -> bool:
        return bool(self._flying or self._line)

    # -- sending -------------------------------------------------------------------------------------------------

    async def _connect(self) -> None:
        """One connection after the other, one at a time."""
        failed = 0
        try:
            while await self._ready():
                async with aclosing(self._transport.adeliver_many(self._take, self._seal)) as many:
                    async for parcel, result in many:
                        failed = self._settle(parcel, result, failed)
                        if failed:
                            await self._back_off(failed, result)
        except Exception as error:  # noqa: BLE001
            self.stop(error)

    async def _ready(self) -> bool:
        """Wait until there is something to take. False when there never will be."""
        while not self._is_stopping:
            if self._line.is_due:
                return True
            if self._is_over and not self._line:
                return False
            await self._line.wait()
        return False

    def _take(self) -> Parcel | None:
        """Make the next message whose time has come."""
        while not self._is_stopping:
            if not self._line.is_due:
                break
            entry, late = self._line.take()
            if len(self._line) < _LOW:
                self._hungry.set()
            if late > _LATE and not self._rules.pacing.is_free:
                self._taken -= 1
                self._clerk.settle(entry, Result(entry.key, State.PENDING, message_id=""))
                continue
            if (parcel := self._parcel(entry)) is not None:
                self._line.arm()
                return parcel
        return None

    def _parcel(self, entry: Entry) -> Parcel | None:
        try:
            message = self._compose(entry)
            sending = self._desk.open(message, self._envelope(entry, message), "")
        except (TemplateError, MessageError) as error:
            self._end(entry, Result(entry.key, State.SKIPPED, text=told(error)))
            return None
        if sending.is_over:
            (outcome, *_) = sending.receipt().outcomes
            self._end(entry, Result(entry.key, State.FAILED, text=outcome.text, message_id=message.message_id))
            return None
        self._flying[id(sending.parcel)] = entry, sending
        return sending.parcel

    def _envelope(self, entry: Entry, message: Message) -> Envelope:
        envelope = message.envelope()
        if len(envelope.recipients) == 1:
            return envelope
        barred: Collection[str] = [one.key for one in envelope.recipients if one.key != entry.key]
        if not entry.has_copies:  # then it is those who must not be written to; the recipient has been asked for
            suppressions = self._rules.suppressions
            barred = suppressions.find_all(barred) if suppressions is not None else ()
        return envelope.only([one for one in envelope.recipients if one.key not in barred])

    async def _seal(self, parcels: list[Parcel]) -> list[bool]:
        """Have it on the disk that these are about to leave."""
        flying = [self._flying[id(parcel)] for parcel in parcels]
        states = await self._clerk.mark([(entry, sending.parcel.message.message_id) for entry, sending in flying])
        for (entry, _), state in zip(flying, states, strict=True):
            if state is State.DOT:
                self._marked.add(entry.id)
            else:
                self._withheld[entry.id] = state
        return [state is State.DOT for state in states]

    async def _back_off(self, failed: int, result: object) -> None:
        if failed >= self._reconnect.attempts and self._unreached >= failed and isinstance(result, MailkitError):
            self.stop(
                ConnectError(
                    f"the relay cannot be reached, so the run was stopped: {result}",
                    hint=f"{result.hint} {_GOES_ON}".strip(),
                )
            )
            return
        await asyncio.sleep(self._reconnect.wait(failed))

    # -- what became of it ---------------------------------------------------------------------------------------

    def _settle(self, parcel: Parcel, result: tuple[Outcome, ...] | MailkitError, failed: int) -> int:
        """Write down what became of a parcel. Returns how often the relay was not reached in a row."""
        entry, sending = self._flying.pop(id(parcel))
        self._marked.discard(entry.id)
        if isinstance(result, MailkitError):
            return self._settle_error(entry, sending, result, failed)
        self._unreached = 0
        sending.note(result)
        self._desk.close(sending)
        # A template may send copies; what became of those is not what became of the recipient.
        outcome = next(outcome for outcome in result if outcome.recipient.key == entry.key)
        has_copies = len(result) > 1 and any(
            one.status in (Status.ACCEPTED, Status.IN_DOUBT) for one in result if one is not outcome
        )
        if self._lost:
            self._lost.pop(entry.key, None)
        if outcome.status is Status.DEFERRED and is_too_fast(outcome.code, outcome.enhanced):
            self._slow_down(entry, outcome)
        self._end(entry, self._judge.result(entry, outcome, sending.parcel.message.message_id, has_copies=has_copies))
        return 0

    def _settle_error(self, entry: Entry, sending: Sending, error: MailkitError, failed: int) -> int:
        if isinstance(error, MessageWithheld):
            self._desk.abort(sending, error)
            state = self._withheld.pop(entry.id, State.PENDING)
            if state is State.SUPPRESSED:  # it has been written down
                self._count(Result(entry.key, state))
            return failed
        if isinstance(error, CapabilityMissing | MessageError):  # this message, not the relay
            sending.refused(str(error), command="MAIL")
            self._desk.close(sending)
            self._end(entry, Result(entry.key, State.FAILED, text=told(error), attempts=1))
            return failed
        self._desk.abort(sending, error)
        if not error.is_temporary:
            # The relay will not take any message (wrong password, bad certificate): this one was not sent.
            self._clerk.settle(entry, Result(entry.key, State.PENDING, text=str(error)))
            raise error
        self._unreached += 1
        self._lost[entry.key] += 1
        if self._lost[entry.key] < _LOST_BEFORE_DEFERRED:  # nothing was said of it: it goes by another connection
            self._taken -= 1
            self._clerk.settle(entry, Result(entry.key, State.PENDING, text=str(error)))
        else:
            self._end(entry, self._judge.deferred(entry, Result(entry.key, State.DEFERRED, text=str(error))))
        return failed + 1

    def _slow_down(self, entry: Entry, outcome: Outcome) -> None:
        """A reply to RCPT is about those who are addressed; one to anything else is about us."""
        self._clerk.slow(group_of(entry.key))
        if outcome.command != "RCPT":
            self._clerk.slow(RELAY)

    def _end(self, entry: Entry, result: Result) -> None:
        self._clerk.settle(entry, result)
        self._count(result)

    def _count(self, result: Result) -> None:
        if (reason := self.tally.add(result)) and not self.paused:  # for everybody who works on it
            self.paused = reason
            self._journal.control.pause(reason)
            self.stop()
        if not self._is_busy:
            self._hungry.set()

    # -- meanwhile -----------------------------------------------------------------------------------------------

    async def _beat(self) -> None:
        """Show signs of life, so that nobody takes over what is in hand here."""
        try:
            while True:
                await asyncio.sleep(_LOOK_EVERY)
                if self._limits.is_abandoned():
                    self.stop()
                await self._clerk.live()
        except Exception as error:  # noqa: BLE001
            self.stop(error)

    async def _report(self) -> None:
        try:
            while True:
                await asyncio.sleep(_TELL_EVERY)
                self._tell()
        except Exception as error:  # noqa: BLE001 - the observer's
            self.stop(error)

    def _tell(self) -> None:
        if self._observer:
            now = clock.monotonic()
            is_waiting = bool(self._why) and not self._flying
            self._observer(
                Progress(
                    self._total,
                    {state: number for state, number in self.tally.counts.items() if number},
                    now - self._start,
                    under_way=len(self._flying),
                    waiting=self._why if is_waiting else "",
                    seconds_to_wait=max(0.0, self._until - now) if is_waiting else 0.0,
                    rates=self._rules.pacing.rates(),
                )
            )
