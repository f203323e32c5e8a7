"""Many messages over one session, without waiting where the protocol allows it (RFC 2920, RFC 3030).

Theory of operation. Each message is a :class:`Trip`; those of which something has been said, and not all answered, are
*flying*, the oldest first. Replies come in the order of the commands, so each one belongs to the oldest trip that is not
over. There are two ways to fly:

- By DATA. MAIL, RCPT and DATA are one flight. When the server says go on, the content, its end, and the next message's
  MAIL, RCPT and DATA are the next one: a message costs one round trip.
- By BDAT. Nothing has to be waited for: whole transactions are said one after the other, ``window`` of them at a time.

Whatever is said before the verdict on the message before is known begins with RSET. That one may have failed, and must not
lend its sender to this one; and Dovecot 2.3's submission service crashes on a RCPT that comes while it still passes the last
message on, which RSET holds back.

What is too large to be sent in one piece goes alone, as a :class:`Transaction`, and so does everything where the server
does not take commands in a flight.

When the wire is lost, what is known of each flying message decides: one whose end may have left is *in doubt*, all others
have not been accepted. After 421 the server has read nothing more: what was said behind it was never said.

Whoever sends may want a last word (``consent``): it is asked before the end of a message may leave, so that what may arrive
can be noted first. A transaction by BDAT that is not consented to is not said. One by DATA has been begun, and a server that
waits for its content leaves only one way out: the session is over.
"""

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

from mailkit.errors import ConnectError, MailkitError, MessageWithheld
from mailkit.mime.bodytype import BodyType
from mailkit.sansio import Consult, Conversation, Write
from mailkit.smtp import command, dot
from mailkit.smtp.answer import Answer
from mailkit.smtp.clientwire import LOST, ClientWire
from mailkit.smtp.content import Content
from mailkit.smtp.job import Job
from mailkit.smtp.profile import Timeouts
from mailkit.smtp.reply import Reply
from mailkit.smtp.transaction import Transaction
from mailkit.smtp.trip import Trip

__all__ = ["Consent", "Result", "Stream"]

Result: TypeAlias = tuple[Answer, ...] | MailkitError
"""One answer for each recipient, in order; or an error when nothing was accepted for any of them."""

Consent: TypeAlias = Callable[[list[Job]], Any]
"""Is told which jobs are about to end, and answers for each of them; with asyncio the answers may be awaited."""

_BURST = 1_048_576  # bytes said at a time: replies are read in between


class Stream:
    """Delivers what ``take`` gives, until that is None. ``lines`` makes MAIL and RCPT for a job, or raises what forbids it.

    :meth:`next` may be run again after it has given nothing: ``take`` is asked again.
    """

    def __init__(
        self,
        wire: ClientWire,
        times: Timeouts,
        *,
        take: Callable[[], Job | None],
        lines: Callable[[Job], list[bytes]],
        is_pipelining: bool,
        is_lmtp: bool,
        window: int,
        consent: Consent | None = None,
    ) -> None:
        self.taken = 0
        """How many messages the server has taken."""
        self._wire = wire
        self._times = times
        self._take = take
        self._lines = lines
        self._is_pipelining = is_pipelining
        self._is_lmtp = is_lmtp
        self._consent = consent
        self._window = window  # of transactions by BDAT; 0 for DATA
        self._waiting: deque[Job] = deque()  # taken, and nothing said of them
        self._flying: deque[Trip] = deque()
        self._settled: list[tuple[Job, Result]] = []
        self._is_reset_due = False
        self._is_running = False
        self._failure: Exception | None = None  # of take
        self._end: MailkitError = ConnectError("the session ended before this message was said")

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way."""
        return not self._is_running and not self._flying

    def next(self) -> Conversation[list[tuple[Job, Result]]]:
        """Go on until it is known what became of some messages; return them. None are left when the list is empty.

        A message that the session could not take any more comes back with an error. What ``take`` raises is raised here
        as soon as nothing is under way.
        """
        self._is_running = True
        try:
            while not self._settled and (self._flying or self._look()):
                if not self._wire.is_usable:
                    self._give_back()
                    break
                try:
                    yield from self._go_on()
                except LOST as error:
                    self._lose(error)
        except BaseException:
            self._wire.is_usable = False
            raise
        finally:
            self._is_running = False
        settled, self._settled = self._settled, []
        if not settled:
            yield from self.clear()
            if self._failure:
                failure, self._failure = self._failure, None
                raise failure
        return settled

    def clear(self) -> Conversation[None]:
        """Clear a transaction that has failed, so that the next MAIL is not answered by "503 sender already given"."""
        if self._is_reset_due and self._wire.is_usable and not self._flying:
            self._is_reset_due = False
            try:
                reply = yield from self._wire.ask(command.rset())
                self._wire.is_usable = reply.is_success
            except LOST:
                self._wire.is_usable = False  # what the server has said about the recipients stands all the same

    def _look(self) -> Job | None:
        """Return the next job without taking it away."""
        if not self._waiting and self._failure is None and self._wire.is_usable:
            try:
                job = self._take()
            except Exception as error:  # noqa: BLE001 - first those that are under way must arrive
                self._failure = error
                return None
            if job is not None:
                self._waiting.append(job)
        return self._waiting[0] if self._waiting else None

    def _go_on(self) -> Conversation[None]:
        if self._flying:
            yield from self._hear()
            return
        job = self._look()
        assert job is not None
        if self._can_fly(job):
            yield from self._say([])
        else:
            yield from self._go_alone(self._waiting.popleft())

    def _can_fly(self, job: Job) -> bool:
        return self._is_pipelining and job.is_light and (self._window > 0 or job.content.body is not BodyType.BINARY)

    # -- saying --------------------------------------------------------------------------------------------------

    def _say(self, before: list[bytes], finished: Trip | None = None) -> Conversation[None]:
        """Say ``before``, which ends the content of the trip that is ``finished``, and as much more as may be said."""
        said, window = before, self._window
        size = sum(map(len, before))
        ends = [(finished, size)] if finished else []
        if finished or not self._flying:  # all that was said has been answered
            self._wire.refuse_leftovers()
        ready = self._ready(window - len(self._flying) if window else 1, _BURST - size)
        if window and self._consent is not None and ready:
            ready = yield from self._consented(ready)
        for job, lines in ready:
            trip = self._launch(job, lines)
            said += lines
            if window:
                size += sum(map(len, lines))
                ends.append((trip, size))
        if not said:
            return
        data = b"".join(said)
        for trip, _ in ends:
            trip.has_left = True
        try:
            yield Write(data, within=self._times.data_block)
        except LOST as error:
            gone = len(data) - getattr(error, "unsent", 0)
            for trip, end in ends:
                trip.has_left = end <= gone
            raise

    def _ready(self, count: int, room: int) -> list[tuple[Job, list[bytes]]]:
        """Take what may be said next, with MAIL and RCPT for each."""
        ready: list[tuple[Job, list[bytes]]] = []
        while len(ready) < count and room > 0 and (job := self._look()) and self._can_fly(job):
            self._waiting.popleft()
            try:
                ready.append((job, self._lines(job)))
            except MailkitError as error:
                self._put(job, error)
                continue
            if self._window:
                room -= job.content.size
        return ready

    def _consented(self, ready: list[tuple[Job, list[bytes]]]) -> Conversation[list[tuple[Job, list[bytes]]]]:
        """Leave those out to which there is no consent."""
        answers = yield Consult(self._question([job for job, _ in ready]))
        for (job, _), may_leave in zip(ready, answers, strict=True):
            if not may_leave:
                self._put(job, MessageWithheld())
        return [one for one, may_leave in zip(ready, answers, strict=True) if may_leave]

    def _question(self, jobs: list[Job]) -> Callable[[], Any]:
        assert self._consent is not None
        return partial(self._consent, jobs)

    def _launch(self, job: Job, lines: list[bytes]) -> Trip:
        is_chunk = self._window > 0
        is_resetting = self._is_reset_due or bool(self._flying)
        self._is_reset_due = False
        if is_resetting:
            lines.insert(0, command.rset())
        if is_chunk:
            lines += _chunk(job.content)
        else:
            lines.append(command.data())
        trip = Trip(
            job,
            is_chunk=is_chunk,
            is_lmtp=self._is_lmtp,
            is_resetting=is_resetting,
        )
        self._flying.append(trip)
        return trip

    def _say_content(self, trip: Trip) -> Conversation[None]:
        # RFC 2920 3.1: a server may say go on although it has taken nobody; then it gets nothing.
        if self._consent is not None and trip.taken and not (yield Consult(self._question([trip.job])))[0]:
            self._wire.is_usable, self._end = False, ConnectError("the session was closed before this message was said")
            self._flying.remove(trip)
            self._put(trip.job, MessageWithheld())
            return
        content = trip.job.content
        pieces = content.pieces if trip.taken else ()
        whole = b"".join(pieces)  # type: ignore[arg-type]  # it is light
        yield from self._say([dot.stuff(whole, is_canonical=content.is_canonical), dot.END], trip)

    def _go_alone(self, job: Job) -> Conversation[None]:
        yield from self.clear()
        if not self._wire.is_usable:
            self._put(job, self._end)
            return
        try:
            lines = self._lines(job)
        except MailkitError as error:
            self._put(job, error)
            return
        transaction = Transaction(self._wire, self._times, is_pipelining=self._is_pipelining, is_lmtp=self._is_lmtp)
        try:
            consent = None if self._consent is None else self._question([job])
            answers: Result = yield from transaction.run(lines, job.content, consent)
        except LOST as error:
            self._wire.is_usable = False
            answers = error
        except MailkitError as error:
            self._wire.is_usable = False  # a stored piece could not be had, or it was withheld: the content has no end
            answers = error
        self._put(job, answers)

    # -- hearing -------------------------------------------------------------------------------------------------

    def _hear(self) -> Conversation[None]:
        """Hear at least one reply, and all that have come with it.

        Whoever is asked for consent hears first what became of the messages before: so no more are in doubt than fly.
        """
        trip = self._flying[0]
        if self._consent is not None:
            yield from self._say_more(trip)
            if not self._wire.is_usable:
                return
        times = self._times
        reply: Reply | None = yield from self._wire.reply(times.end_of_data if trip.is_at_end else times.command)
        while reply is not None:
            if reply.code == 421:
                self._close(reply)
                return
            trip.hear(reply)
            if trip.is_at_content:
                if self._consent is not None and self._settled:
                    return
                trip.is_at_content = False
                yield from self._say_content(trip)
                if not self._wire.is_usable:
                    return
            elif trip.is_over:
                self._settle()
                if not self._flying:
                    break
                trip = self._flying[0]
            reply = self._wire.ready()
        if self._window and self._wire.is_usable and not (self._consent is not None and self._settled):
            yield from self._say([])

    def _say_more(self, trip: Trip) -> Conversation[None]:
        """Say what has been put off until the results before it were told."""
        if trip.is_at_content:
            trip.is_at_content = False
            yield from self._say_content(trip)
        elif self._window:
            yield from self._say([])

    def _settle(self) -> None:
        trip = self._flying.popleft()
        self._put(trip.job, trip.answers())
        if not self._flying and not trip.is_clean:
            self._is_reset_due = True

    # -- the end -------------------------------------------------------------------------------------------------

    def _close(self, last: Reply) -> None:
        self._wire.is_usable = False
        trip = self._flying.popleft()
        self._put(trip.job, trip.closed(last))
        self._end = ConnectError(f"the server closed the session: {last}")
        for behind in self._flying:
            self._put(behind.job, self._end)
        self._flying.clear()

    def _lose(self, error: MailkitError) -> None:
        self._wire.is_usable, self._end = False, error
        for trip in self._flying:
            self._put(trip.job, trip.lost(error))
        self._flying.clear()

    def _give_back(self) -> None:
        for job in self._waiting:
            self._put(job, self._end)
        self._waiting.clear()

    def _put(self, job: Job, result: Result) -> None:
        self.taken += isinstance(result, tuple) and any(answer.is_taken for answer in result)
        self._settled.append((job, result))


def _chunk(content: Content) -> tuple[bytes, ...]:
    """BDAT and its octets. But for a binary content they are lines, which a relay may have to pass on by DATA."""
    pieces: tuple[bytes, ...] = content.pieces  # type: ignore[assignment]  # it is light
    size = content.size
    if content.body is not BodyType.BINARY and not content.is_canonical:
        # RFC 5321 2.3.8: a bare LF beside a dot would end the data of whoever passes it on carelessly.
        pieces = (dot.with_crlf(b"".join(pieces)),)
        size = len(pieces[0])
    return command.bdat(size, is_last=True), *pieces
