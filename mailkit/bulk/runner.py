"""A run: threads that take recipients from the journal, one message at a time, until there are none left."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from mailkit import clock
from mailkit.bulk.journal import Journal
from mailkit.bulk.progress import Observer, Progress
from mailkit.bulk.state import Entry, Result, State
from mailkit.delivery import Mailer, Receipt
from mailkit.errors import CapabilityMissing, ConnectError, MailkitError, MessageError, TemplateError
from mailkit.message import Message
from mailkit.transport import Status

__all__ = ["Runner"]

# A relay that cannot be reached so many times in a row, each with all its retries, will not be for the next thousand.
_MAX_UNREACHED = 3

_STATES = {
    Status.ACCEPTED: State.SENT,
    Status.DEFERRED: State.DEFERRED,
    Status.REFUSED: State.FAILED,
    Status.IN_DOUBT: State.IN_DOUBT,
}


@dataclass
class Runner:
    """Sends what is pending in a journal. After :meth:`run`, ``counts`` says what became of it."""

    journal: Journal
    mailer: Mailer
    compose: Callable[[Entry], Message]
    connections: int = 1
    limit: int = 0
    observer: Observer | None = None
    counts: dict[State, int] = field(default_factory=dict)
    seconds: float = 0.0
    is_interrupted: bool = False
    _taken: int = 0
    _unreached: int = 0
    _total: int = 0
    _start: float = 0.0
    _failure: BaseException | None = None
    _stop: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> None:
        """Send until nothing is pending, the limit is reached, or going on is pointless; that error is raised then.

        Ctrl-C lets the messages that are on their way arrive, and returns; a second one does not wait for them.
        """
        pending = self.journal.counts().get(State.PENDING, 0)
        self._total = min(pending, self.limit) if self.limit else pending
        self._start = clock.monotonic()
        self._report()
        ends = [threading.Event() for _ in range(min(self.connections, self._total))]
        for number, end in enumerate(ends):
            threading.Thread(target=self._work, args=(end,), name=f"mailkit-sender-{number}", daemon=True).start()
        self._wait_for(ends)
        self.seconds = clock.monotonic() - self._start
        if self._failure:
            raise self._failure

    def _wait_for(self, ends: list[threading.Event]) -> None:
        # Not Thread.join: up to Python 3.12 a thread counts as ended when Ctrl-C comes while it is waited for, and the
        # journal would be closed over the message that it is sending.
        try:
            for end in ends:
                end.wait()
        except KeyboardInterrupt:
            self.is_interrupted = True
            self._stop.set()
            for end in ends:
                end.wait()

    def _work(self, end: threading.Event) -> None:
        result: Result | None = None
        try:
            while entry := self._next(result):
                result = self._send(entry)
        except BaseException as error:  # noqa: BLE001 - a thread must not die unseen: the error is raised where run() was called
            self._failure = self._failure or error
            self._stop.set()
        finally:
            end.set()

    def _next(self, result: Result | None) -> Entry | None:
        """Write down the last result and take the next recipient."""
        if self._may_go_on():
            return self.journal.claim(after=result)
        if result:
            self.journal.write(result)
        return None

    def _may_go_on(self) -> bool:
        with self._lock:
            if self._stop.is_set() or (self.limit and self._taken >= self.limit):
                return False
            self._taken += 1
            return True

    def _send(self, entry: Entry) -> Result:
        try:
            message = self.compose(entry)
        except (TemplateError, MessageError) as error:
            return self._noted(Result(entry.key, State.SKIPPED, text=str(error)))
        try:
            receipt = self.mailer.deliver(message)
        except (CapabilityMissing, MessageError) as error:  # this message, not the relay
            return self._noted(
                Result(entry.key, State.FAILED, text=str(error), message_id=message.message_id, attempts=1)
            )
        except BaseException as error:
            if isinstance(error, MailkitError):
                # The relay will not take any message (wrong password, bad certificate): this one was not sent.
                self.journal.write(Result(entry.key, State.PENDING, text=str(error)))
            raise
        return self._noted(self._result(entry, receipt))

    def _result(self, entry: Entry, receipt: Receipt) -> Result:
        # A template may send copies (Cc, Bcc); what became of those is not what became of the recipient.
        outcome = next(outcome for outcome in receipt.outcomes if outcome.recipient.key == entry.key)
        result = Result(
            entry.key,
            _STATES[outcome.status],
            code=outcome.code,
            enhanced=outcome.enhanced,
            text=outcome.text,
            relay=outcome.relay,
            queue_id=outcome.queue_id,
            message_id=receipt.message_id,
            attempts=outcome.attempts,
        )
        is_unreached = outcome.status is Status.DEFERRED and outcome.command == "connect"
        with self._lock:
            self._unreached = self._unreached + 1 if is_unreached else 0
            is_hopeless = self._unreached >= _MAX_UNREACHED and not self._stop.is_set()
        if is_hopeless:
            self._failure = ConnectError(
                f"the relay cannot be reached, so the run was stopped: {outcome.text}",
                hint="Nothing is lost: with a journal, the same command goes on where it ended.",
            )
            self._stop.set()
        return result

    def _noted(self, result: Result) -> Result:
        with self._lock:
            self.counts[result.state] = self.counts.get(result.state, 0) + 1
            self._report()
        return result

    def _report(self) -> None:
        if self.observer:
            self.observer(Progress(self._total, dict(self.counts), clock.monotonic() - self._start))
