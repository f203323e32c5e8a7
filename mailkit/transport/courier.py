"""How parcels go to a relay: which connection is used, when one is opened or let go, and what goes again.

Theory of operation. Like a conversation (:mod:`mailkit.sansio`), this is a generator that decides and does nothing: it
yields deeds, and two small drivers in :mod:`mailkit.transport.smtp` do them, one blocking, one for asyncio. So sync and
async share every decision.

A session that has served before may have been closed by the server in the meantime, or be told after some messages that
there were enough of them. Whatever it did not take goes again over a fresh one, which is not counted as an attempt. What
a fresh session does not take is the message's own failure.
"""

from collections import deque
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from mailkit.errors import ConnectError, MailkitError, ReplyError
from mailkit.sansio import Conversation
from mailkit.smtp import Answer, Client, Job
from mailkit.transport.parcel import Delivered, Parcel, Seal
from mailkit.transport.plan import Plan
from mailkit.transport.pool import ASK_AFTER, DROP_AFTER, Pool
from mailkit.transport.settings import SmtpSettings

__all__ = ["Courier", "Deed", "Open", "Part", "Session", "Talk", "Tell", "Turn"]


class Pump(Protocol):
    """What either pump can do at once."""

    def close(self) -> None: ...


@dataclass(slots=True)
class Session:
    """A connection and its client."""

    pump: Any
    client: Client
    has_served: bool = False
    loop: object = None
    """The event loop that it belongs to."""


@dataclass(slots=True)
class Open:
    """Connect and open a session. The result is the session."""


@dataclass(slots=True)
class Turn:
    """Wait until the pool may have room. Fails with ConnectError when that takes too long."""


@dataclass(slots=True)
class Talk:
    """Run a conversation over a session. The result is its result."""

    session: Session
    conversation: Conversation[Any]


@dataclass(slots=True)
class Part:
    """Say good-bye, and close."""

    session: Session


@dataclass(slots=True)
class Tell:
    """Hand what became of a parcel to whoever asked."""

    delivered: Delivered


Deed: TypeAlias = Open | Turn | Talk | Part | Tell
Plot: TypeAlias = Generator[Deed, Any, None]


class Courier:
    """Delivers to one relay over the sessions of a pool."""

    def __init__(self, settings: SmtpSettings, pool: Pool[Session], *, relay: str) -> None:
        self._settings = settings
        self._pool = pool
        self._relay = relay

    def deliver(self, take: Callable[[], Parcel | None], *, window: int, seal: Seal | None = None) -> Plot:
        """Deliver what ``take`` gives until that is None, and tell what became of each. ``seal`` has the last word."""
        settings = self._settings
        again: deque[Plan] = deque()
        while True:
            if not again:
                parcel = take()
                if parcel is None:
                    return
                again.append(Plan(parcel, relay=self._relay))
            try:
                session = yield from self._session()
            except MailkitError as error:
                yield Tell((again.popleft().parcel, error))
                continue
            load = _Load(session.client, again, take, settings, self._relay)
            try:
                yield from self._serve(session, load, window, seal)
            except BaseException:
                self._drop(session)
                raise
            if load.is_worth_keeping and session.client.is_usable:
                session.has_served = True
                self._pool.give(session)
            else:
                self._pool.forget()
                yield Part(session)

    def _serve(self, session: Session, load: "_Load", window: int, seal: Seal | None) -> Plot:
        """Send over one session as much as it takes."""
        consent = (lambda jobs: seal([job.key.parcel for job in jobs])) if seal else None
        stream = session.client.stream(load.next, window=window, consent=consent)
        while settled := (yield Talk(session, stream.next())):
            for job, result in settled:
                if delivered := self._delivered(session, load, job.key, result):
                    yield Tell(delivered)
        for plan, error in load.unready:
            yield Tell((plan.parcel, error))
        if load.heavy:
            yield from self._serve_alone(session, load, load.heavy, seal)

    def _serve_alone(self, session: Session, load: "_Load", plan: Plan, seal: Seal | None) -> Plot:
        result: tuple[Answer, ...] | MailkitError
        try:
            result = yield Talk(session, plan.deliver(session.client, load.form, seal))
        except MailkitError as error:
            result = error
        if delivered := self._delivered(session, load, plan, result):
            yield Tell(delivered)

    def _delivered(
        self, session: Session, load: "_Load", plan: Plan, result: tuple[Answer, ...] | MailkitError
    ) -> Delivered | None:
        """What became of a parcel; None when it goes again."""
        if session.has_served and not session.client.is_usable and plan.may_go_again(result):
            load.again.append(plan)
            return None
        if isinstance(result, MailkitError):
            return plan.parcel, result
        load.note(result)
        session.has_served = True
        return plan.parcel, plan.outcomes(result)

    def _session(self) -> Generator[Deed, Any, Session]:
        """Return a session that is fit for use: one that rested, or a new one."""
        pool = self._pool
        while True:
            taken = pool.take()
            if taken is None:
                yield Turn()
                continue
            session, rested = taken
            try:
                if session is None:
                    opened: Session = yield Open()
                    return opened
                if rested < DROP_AFTER and (rested < ASK_AFTER or (yield Talk(session, session.client.check()))):
                    return session
            except ReplyError as error:
                pool.forget()
                # "421 too many connections" says how many there may be, as long as we have others.
                if error.reply.code != 421 or not pool.learn():
                    raise
                continue
            except BaseException:
                pool.forget()
                raise
            pool.forget()
            session.pump.close()

    def _drop(self, session: Session) -> None:
        self._pool.forget()
        with suppress(RuntimeError):  # of an event loop that is closed already
            session.pump.close()

    def close(self) -> Plot:
        """Part with all sessions that rest."""
        for session in self._pool.drain():
            yield Part(session)


class _Load:
    """What one session is given."""

    def __init__(
        self,
        client: Client,
        again: deque[Plan],
        take: Callable[[], Parcel | None],
        settings: SmtpSettings,
        relay: str,
    ) -> None:
        self.again = again
        self.heavy: Plan | None = None
        """One that has to go alone, after the others."""
        self.unready: list[tuple[Plan, MailkitError]] = []
        """Those that could not be written, and why."""
        # The least encoding that this server allows.
        self.form = min(settings.body, client.capabilities.body, key=lambda body: body.rank)
        self._client = client
        self._take = take
        self._settings = settings
        self._relay = relay
        self._room = settings.max_messages - client.delivered
        self._was_put_off = False

    def next(self) -> Job | None:
        while self._room > 0 and not self._was_put_off and not self.heavy:
            if self.again:
                plan = self.again.popleft()
            elif (parcel := self._take()) is not None:
                plan = Plan(parcel, relay=self._relay)
            else:
                return None
            self._room -= 1
            if plan.is_heavy(self.form):
                self.heavy = plan
                return None
            try:
                return plan.job(self.form)
            except MailkitError as error:
                self.unready.append((plan, error))
        return None

    def note(self, answers: tuple[Answer, ...]) -> None:
        # "452 too many messages in this connection" is said of the connection: those that follow get a fresh one.
        for answer in answers:
            if answer.reply and answer.reply.is_temporary and answer.command != "RCPT":
                self._was_put_off = True

    @property
    def is_worth_keeping(self) -> bool:
        return not self._was_put_off and self._client.delivered < self._settings.max_messages


def busy(host: str, limit: float) -> ConnectError:
    return ConnectError(
        f"all connections to {host} were in use for {limit:g} seconds",
        hint="Allow more of them with ?max_connections=, or give the relay more time with ?timeout=.",
    )
