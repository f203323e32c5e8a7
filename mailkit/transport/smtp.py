"""SMTP as a transport: connections that are opened, kept, checked and closed around the client's conversations.

The blocking and the asyncio half differ only in who performs an effect; all decisions are in :class:`_Plan` and in
:mod:`mailkit.smtp.client`.
"""

import re
from dataclasses import dataclass, replace
from functools import cache

from mailkit.errors import ConnectError, RemoteProtocolError
from mailkit.message import Address, Envelope, Message
from mailkit.mime.bodytype import BodyType
from mailkit.net import aio, blocking
from mailkit.sansio import Call, Conversation
from mailkit.smtp import Answer, Client, Content
from mailkit.transport.base import Transport
from mailkit.transport.dsn import dsn_request
from mailkit.transport.outcome import Outcome, Status
from mailkit.transport.pool import ASK_AFTER, DROP_AFTER, Pool
from mailkit.transport.settings import SmtpSettings, Tls

__all__ = ["SmtpTransport"]


@dataclass(slots=True)
class _Session:
    pump: blocking.BlockingPump
    client: Client


@dataclass(slots=True)
class _AsyncSession:
    pump: aio.AsyncPump
    client: Client


class SmtpTransport(Transport):
    """Delivers over SMTP, keeping connections for reuse. Each thread or task that delivers has a connection to itself."""

    def __init__(self, settings: SmtpSettings) -> None:
        self.settings = settings
        self.name = str(settings)
        # Reading the system's authorities takes longer than a handshake; one context serves all connections.
        self._context = cache(settings.tls_profile().context)
        self._pool: Pool[_Session] = Pool()
        self._async_pool: Pool[_AsyncSession] = Pool()

    def __repr__(self) -> str:
        return f"SmtpTransport({self.name})"

    def _is_worth_keeping(self, client: Client, answers: tuple[Answer, ...]) -> bool:
        # "452 too many messages in this connection" is said of the connection: the next attempt gets a fresh one.
        was_put_off = any(answer.reply and answer.reply.is_temporary and answer.command != "RCPT" for answer in answers)
        return client.is_usable and not was_put_off and client.delivered < self.settings.max_messages

    # -- blocking ------------------------------------------------------------------------------------------------

    def deliver(self, envelope: Envelope, message: Message) -> tuple[Outcome, ...]:
        plan = _Plan(envelope, message, self.name, self.settings.body)
        while True:
            session, is_reused = self._take()
            try:
                answers = session.pump.run(plan.deliver(session.client))
            except (ConnectError, RemoteProtocolError):
                if is_reused:  # closed by the server while it rested; nothing was accepted
                    continue
                raise
            self._give(session, answers)
            if is_reused and plan.was_turned_away(answers):
                continue
            return plan.outcomes(answers)

    def _take(self) -> tuple[_Session, bool]:
        while taken := self._pool.take():
            session, rested = taken
            if rested < DROP_AFTER and (rested < ASK_AFTER or session.pump.run(session.client.check())):
                return session, True
            session.pump.close()
        return self._open(), False

    def _open(self) -> _Session:
        settings = self.settings
        implicit = settings.tls is Tls.IMPLICIT
        pump = blocking.connect(
            settings.host,
            settings.port,
            within=settings.timeout,
            context=self._context,
            implicit=implicit,
        )
        client = Client(settings.profile(pump.local_host), is_secure=implicit)
        pump.run(client.open())
        return _Session(pump, client)

    def _give(self, session: _Session, answers: tuple[Answer, ...]) -> None:
        if self._is_worth_keeping(session.client, answers):
            self._pool.give(session)
        else:
            self._end(session)

    def _end(self, session: _Session) -> None:
        if session.client.is_usable:
            session.pump.run(session.client.quit())
        session.pump.close()

    def verify(self) -> tuple[str, ...]:
        settings = self.settings
        implicit = settings.tls is Tls.IMPLICIT
        session = self._open()
        found = [f"connected to {settings.host}, port {settings.port}"]
        if session.client.is_secure:
            checked = "not verified" if settings.unsafe_no_verify else "certificate verified"
            found.append(f"secured by {'TLS' if implicit else 'STARTTLS'} ({session.pump.tls_version}, {checked})")
        else:
            found.append("not encrypted")
        if settings.credentials:
            found.append(f"authenticated as {settings.credentials.user}")
        offered = session.client.capabilities
        if offered.size:
            found.append(f"takes messages of up to {offered.size:,} bytes")
        if offered.extensions:
            found.append(f"offers {', '.join(sorted(offered.extensions))}")
        self._end(session)
        return tuple(found)

    def close(self) -> None:
        self._pool.drain(self._end)

    # -- asyncio -------------------------------------------------------------------------------------------------

    async def adeliver(self, envelope: Envelope, message: Message) -> tuple[Outcome, ...]:
        plan = _Plan(envelope, message, self.name, self.settings.body)
        while True:
            session, is_reused = await self._atake()
            try:
                answers = await session.pump.run(plan.deliver(session.client))
            except (ConnectError, RemoteProtocolError):
                if is_reused:
                    continue
                raise
            await self._agive(session, answers)
            if is_reused and plan.was_turned_away(answers):
                continue
            return plan.outcomes(answers)

    async def _atake(self) -> tuple[_AsyncSession, bool]:
        while taken := self._async_pool.take():
            session, rested = taken
            if rested < DROP_AFTER and (rested < ASK_AFTER or await session.pump.run(session.client.check())):
                return session, True
            session.pump.close()
        return await self._aopen(), False

    async def _aopen(self) -> _AsyncSession:
        settings = self.settings
        implicit = settings.tls is Tls.IMPLICIT
        pump = await aio.connect(
            settings.host,
            settings.port,
            within=settings.timeout,
            context=self._context,
            implicit=implicit,
        )
        client = Client(settings.profile(pump.local_host), is_secure=implicit)
        await pump.run(client.open())
        return _AsyncSession(pump, client)

    async def _agive(self, session: _AsyncSession, answers: tuple[Answer, ...]) -> None:
        if self._is_worth_keeping(session.client, answers):
            self._async_pool.give(session)
        else:
            await self._aend(session)

    async def _aend(self, session: _AsyncSession) -> None:
        if session.client.is_usable:
            await session.pump.run(session.client.quit())
        session.pump.close()

    async def aclose(self) -> None:
        while taken := self._async_pool.take():
            await self._aend(taken[0])


class _Plan:
    """One message for one relay: what the client is given, and what its answers mean."""

    def __init__(self, envelope: Envelope, message: Message, relay: str, limit: BodyType) -> None:
        self._envelope = envelope
        self._relay = relay
        self.sender = envelope.sender.wire if envelope.sender else ""
        self.recipients = [recipient.wire for recipient in envelope.recipients]
        self._message = message
        self._limit = limit
        self._dsn = dsn_request(envelope)

    def deliver(self, client: Client) -> Conversation[tuple[Answer, ...]]:
        """Send the form that this server takes with the least encoding."""
        limit = min(self._limit, client.capabilities.body, key=lambda body: body.rank)
        if self._message.is_stored:
            # A boundary is looked for in all that goes unencoded, so the disk may be read.
            wire = yield Call(lambda: self._message.wire(limit))
        else:
            wire = self._message.wire(limit)
        needs_smtputf8 = self._envelope.needs_smtputf8 or wire.needs_smtputf8
        content = Content(wire.pieces, wire.size, wire.body, needs_smtputf8)
        return (yield from client.deliver(self.sender, self.recipients, content, dsn=self._dsn))

    def was_turned_away(self, answers: tuple[Answer, ...]) -> bool:
        """Whether a kept connection answered 421 to all: it had timed out, and says nothing about the message."""
        return all(answer.command == "MAIL" and answer.reply and answer.reply.code == 421 for answer in answers)

    def outcomes(self, answers: tuple[Answer, ...]) -> tuple[Outcome, ...]:
        return tuple(map(self._outcome, self._envelope.recipients, answers))

    def _outcome(self, recipient: Address, answer: Answer) -> Outcome:
        outcome = Outcome(recipient, Status.DEFERRED, relay=self._relay, command=answer.command)
        reply = answer.reply
        if reply is None:
            status = Status.IN_DOUBT if answer.in_doubt else Status.DEFERRED
            return replace(outcome, status=status, text=str(answer.error or ""))
        status = _STATUS.get(reply.code // 100, Status.REFUSED)
        return replace(
            outcome,
            status=status,
            code=reply.code,
            enhanced=reply.enhanced,
            text=reply.text,
            queue_id=_queue_id(reply.text) if reply.is_success else "",
        )


_STATUS = {2: Status.ACCEPTED, 4: Status.DEFERRED}

# "queued as ABC123" (Postfix), "OK id=1abc-…" (Exim), "[InternalId=123, …]" (Exchange), and "Ok 0102…" (SES) last: the
# others begin with that word too.
_QUEUE_IDS = [
    re.compile(rf"{mark}([A-Za-z0-9.+_=@-]{{5,120}})", re.IGNORECASE)
    for mark in ("queued as ", r"\b\w*id=", "^Ok[: ]+")
]


def _queue_id(text: str) -> str:
    return next((found[1] for pattern in _QUEUE_IDS if (found := pattern.search(text))), "")
