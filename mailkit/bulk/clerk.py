"""The one who writes: a thread to itself that keeps the journal while messages are on their way.

Theory of operation. A sync of the disk takes as long as the making of many messages. So everything that has been asked for
while the last transaction was being written goes into the next one together (group commit): results, marks, claims. Whoever
needs it to be on the disk waits for that; results are not waited for.
"""

import asyncio
import queue
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from mailkit import clock
from mailkit.bulk.hours import Hours, Quota
from mailkit.bulk.journal import Journal, Worker
from mailkit.bulk.pacing import Pacing
from mailkit.bulk.state import Entry, InDoubt, Result, State
from mailkit.bulk.suppression import Reason, Suppression, Suppressions, made
from mailkit.delivery import Retry

__all__ = ["Claimed", "Clerk", "Rules"]

_SWEEP_EVERY = 5.0  # seconds
_FINDS = 8  # looks for recipients in one claim, when all that were found had to be parked
_BATCH = 2_000  # things done in one transaction

# RFC 3463: no such mailbox, no such system, bad syntax, has moved, null MX; and a mailbox that is switched off.
_GONE = frozenset(("5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"))


@dataclass(slots=True)
class Claimed:
    """What a claim has brought: entries, each with the time for it; or else why there are none, and when to ask again."""

    entries: list[tuple[Entry, float]] = field(default_factory=list)
    settled: list[Result] = field(default_factory=list)
    """Of those that were not to be sent after all."""
    paused: str = ""
    why: str = ""
    """Why nobody may be sent to now, in words."""
    next_at: float | None = None
    """When somebody may be; None when nobody waits."""
    is_paced: bool = False
    """Whether it is only a rate that makes them wait."""
    others: int = 0
    """How many other workers have in hand."""


@dataclass(frozen=True)
class Rules:
    """What a campaign allows."""

    policy: InDoubt = InDoubt.HOLD
    retry: Retry = field(default_factory=Retry)
    pacing: Pacing = field(default_factory=Pacing)
    hours: Hours = field(default_factory=Hours)
    quota: Quota = field(default_factory=Quota)
    suppressions: Suppressions | None = None
    remember: Callable[[Sequence[Entry]], None] | None = None
    """Keeps what the messages of these will refer to; before they are made."""


class Clerk:
    """Serves one event loop. :meth:`close` ends the work in order; what could not be written is told there."""

    def __init__(self, journal: Journal, rules: Rules, time: clock.Steady) -> None:
        self._journal = journal
        self._time = time
        self._rules = rules
        self._loop = asyncio.get_running_loop()
        self._queue: queue.SimpleQueue[tuple[str, Any, asyncio.Future[Any] | None]] = queue.SimpleQueue()
        self._unwritten: list[tuple[Entry, Result]] = []
        self._stamp: object = None
        with journal.store.writing() as db:
            now = time.now()
            self._worker = Worker.enter(db, journal.campaign, now, policy=rules.policy)
        self._renew_at = now + self._worker.lease / 4
        self._sweep_at = now + _SWEEP_EVERY
        self._thread = threading.Thread(target=self._work, name="mailkit-clerk", daemon=True)
        self._thread.start()

    # -- asked in the loop ---------------------------------------------------------------------------------------

    async def claim(self, count: int) -> Claimed:
        """Claim up to ``count`` recipients whose time has come."""
        return await self._ask("claim", count)  # type: ignore[no-any-return]

    async def mark(self, marks: Sequence[tuple[Entry, str]]) -> list[State]:
        """Have it on the disk that messages are about to leave, each with its Message-ID.

        Answers DOT for those that may; SUPPRESSED for those that must not, which is written down; and PENDING for those
        that others have taken over.
        """
        return await self._ask("mark", marks)  # type: ignore[no-any-return]

    def settle(self, entry: Entry, result: Result) -> None:
        """Write down what became of an entry, as soon as may be."""
        self._queue.put(("settle", (entry, result), None))

    def slow(self, scope: str) -> None:
        """Halve the rate of a scope."""
        self._queue.put(("slow", scope, None))

    async def live(self) -> None:
        """Show a sign of life, and look after those who show none."""
        await self._ask("live", None)

    async def close(self) -> None:
        """Write down what is left, and leave. Raises JournalError when that cannot be."""
        try:
            await self._ask("close", None)
        finally:
            self._queue.put(("end", None, None))
            await asyncio.to_thread(self._thread.join)

    async def _ask(self, what: str, given: Any) -> Any:
        future: asyncio.Future[Any] = self._loop.create_future()
        self._queue.put((what, given, future))
        return await future

    # -- done in the thread --------------------------------------------------------------------------------------

    def _work(self) -> None:
        while True:
            batch = [self._queue.get()]
            while len(batch) < _BATCH:
                try:
                    batch.append(self._queue.get_nowait())
                except queue.Empty:
                    break
            is_end = any(what == "end" for what, _, _ in batch)
            self._write([one for one in batch if one[0] != "end"])
            if is_end:
                return

    def _write(self, batch: list[tuple[str, Any, asyncio.Future[Any] | None]]) -> None:
        if not batch:
            return
        given: dict[str, list[tuple[Any, asyncio.Future[Any] | None]]] = {}
        for what, value, future in batch:
            given.setdefault(what, []).append((value, future))
        results = [*self._unwritten, *(value for value, _ in given.get("settle", ()))]
        answers: list[tuple[asyncio.Future[Any] | None, Any]] = []
        self._unwritten = results
        try:
            # First: what is in the journal is not looked at again, and would be forgotten if the list could not be written.
            self._suppress_the_gone(result for _, result in results)
            answers = self._transact(given, results)
            self._unwritten = []
            self._remember(answer for _, answer in answers)
        except Exception as error:  # noqa: BLE001 - it is raised where somebody waits, and that stops the run
            answers = [(future, error) for _, _, future in batch]
        self._loop.call_soon_threadsafe(_answer, answers)

    def _transact(
        self, given: dict[str, list[tuple[Any, asyncio.Future[Any] | None]]], results: list[tuple[Entry, Result]]
    ) -> list[tuple[asyncio.Future[Any] | None, Any]]:
        """Do everything in one transaction. A mark counts when it is on the disk, and not before."""
        answers: list[tuple[asyncio.Future[Any] | None, Any]] = []
        with self._journal.store.writing() as db:
            now = self._time.now()  # not before: while others wrote, time has passed, and they have given slots
            if now >= self._renew_at:
                now = self._live(db, now)
            self._worker.settle(db, results, now)
            for scope, _ in given.get("slow", ()):
                self._rules.pacing.slow(db, self._worker.campaign, scope, now)
            if marks := given.get("mark"):
                answers += self._mark(db, marks, now)
            for count, future in given.get("claim", ()):
                answers.append((future, self._claim(db, count, now)))
            if "close" in given:
                self._worker.leave(db, now)
            answers += [(future, None) for what in ("live", "close") for _, future in given.get(what, ())]
        return answers

    def _live(self, db: Any, now: float) -> float:
        """Show a sign of life. Returns the time, which may have to be set."""
        if not self._worker.renew(db, now):
            # Stopped for longer than the lease, and given up for dead: what was claimed belongs to others now.
            self._time.set()
            now = self._time.now()
            self._worker = Worker.enter(
                db, self._worker.campaign, now, policy=self._worker.policy, lease=self._worker.lease
            )
        self._renew_at = now + self._worker.lease / 4
        return now

    def _mark(
        self, db: Any, asked: Sequence[tuple[Sequence[tuple[Entry, str]], asyncio.Future[Any] | None]], now: float
    ) -> list[tuple[asyncio.Future[Any] | None, list[State]]]:
        everything = [mark for marks, _ in asked for mark in marks]
        refused = self._suppressed([entry for entry, _ in everything], is_again=True)
        marks = [mark for mark in everything if mark[0].key not in refused] if refused else everything
        ours = self._worker.mark(db, marks, now)
        if not self._rules.quota.is_free:
            self._rules.quota.use(db, _of_day(), len(ours))
        self._worker.settle(
            db,
            [(entry, _suppressed(entry, refused[entry.key])) for entry, _ in everything if entry.key in refused],
            now,
        )
        return [
            (
                future,
                [
                    State.SUPPRESSED if entry.key in refused else State.DOT if entry.id in ours else State.PENDING
                    for entry, _ in marks
                ],
            )
            for marks, future in asked
        ]

    def _claim(self, db: Any, count: int, now: float) -> Claimed:
        rules, worker = self._rules, self._worker
        claimed = Claimed()
        if now >= self._sweep_at:
            worker.sweep(db, now)
            self._sweep_at = now + _SWEEP_EVERY
        (claimed.paused,) = db.execute("SELECT paused FROM campaign WHERE id = ?", (worker.campaign,)).fetchone()
        if claimed.paused:
            return claimed
        if (shut := rules.hours.opens_in(_of_day())) > 0:
            claimed.next_at = now + shut if worker.next_time(db) is not None else None
            claimed.why = f"outside {rules.hours.between}"
        else:
            self._find(db, count, now, claimed)
        if not claimed.entries and not claimed.settled:
            claimed.others = worker.others_under_way(db)
            if claimed.next_at is None:
                claimed.next_at = worker.next_time(db)
                claimed.is_paced = worker.has_parked(db)
        return claimed

    def _find(self, db: Any, count: int, now: float, claimed: Claimed) -> None:
        rules, worker = self._rules, self._worker
        if not rules.quota.is_free:
            count = min(count, rules.quota.left(db, _of_day(), under_way=worker.claimed(db)))
            if not count:
                claimed.next_at = now + rules.hours.next_day_in(_of_day()) if worker.next_time(db) is not None else None
                claimed.why = "the quota of the day is used up"
                return
        for _ in range(_FINDS):
            found = worker.find(db, now, count)
            if not found:
                return
            refused = self._suppressed(found)
            over = {entry.id: result for entry in found if (result := self._over(entry, refused, now))}
            admission = rules.pacing.admit(db, [entry for entry in found if entry.id not in over], now)
            ended = [entry for entry in found if entry.id in over]
            worker.claim(db, [*ended, *(entry for entry, _ in admission.admitted)], now)
            worker.settle(db, [(entry, over[entry.id]) for entry in ended], now)
            claimed.settled += over.values()
            claimed.entries += admission.admitted
            count -= len(admission.admitted)
            if admission.next_at:
                claimed.next_at, claimed.is_paced = admission.next_at, True
                return
            if count <= 0 or (claimed.entries and not admission.parked):
                return

    def _over(self, entry: Entry, refused: dict[str, Suppression], now: float) -> Result | None:
        """Why an entry is not sent to any more."""
        if entry.key in refused:
            return _suppressed(entry, refused[entry.key])
        if entry.attempts and now - entry.first_attempt_at > self._rules.retry.deadline:
            return Result(entry.key, State.EXPIRED, text="it could not be delivered in time")
        return None

    def _suppressed(self, entries: Sequence[Entry], *, is_again: bool = False) -> dict[str, Suppression]:
        suppressions = self._rules.suppressions
        if suppressions is None or not entries:
            return {}
        stamp = suppressions.stamp()
        if is_again and stamp == self._stamp:
            return {}  # nothing has been added since they were claimed
        # Of when the first were claimed: once something has changed, everybody is asked for twice.
        self._stamp = self._stamp or stamp
        return suppressions.find_all([entry.key for entry in entries])

    def _remember(self, answers: Iterable[Any]) -> None:
        """Not within the transaction: others need not wait for another file."""
        if self._rules.remember is not None:
            entries = [entry for one in answers if isinstance(one, Claimed) for entry, _ in one.entries]
            if entries:
                self._rules.remember(entries)

    def _suppress_the_gone(self, results: Iterable[Result]) -> None:
        """Write no more to those of whom a server has said that they do not exist."""
        if self._rules.suppressions is None:
            return
        gone = [one for one in results if one.state is State.FAILED and one.enhanced in _GONE]
        if gone:
            self._rules.suppressions.add_all([made(one.key, Reason.BOUNCED, source=one.enhanced) for one in gone])


def _suppressed(entry: Entry, why: Suppression) -> Result:
    return Result(entry.key, State.SUPPRESSED, text=str(why), attempts=0)


def _answer(answers: Iterable[tuple[asyncio.Future[Any] | None, Any]]) -> None:
    for future, answer in answers:
        if future is None or future.done():
            continue
        if isinstance(answer, Exception):
            future.set_exception(answer)
        else:
            future.set_result(answer)


def _of_day() -> float:
    """The time of day that people go by, for hours and for quotas."""
    return clock.now().timestamp()
