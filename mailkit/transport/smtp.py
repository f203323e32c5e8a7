"""SMTP and LMTP as a transport. All decisions are in :mod:`mailkit.transport.courier` and :mod:`mailkit.smtp`; here the
deeds are done, once for blocking code and once for asyncio."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from functools import cache
from typing import Any
from weakref import WeakKeyDictionary

from mailkit.errors import MailkitError, TransportError
from mailkit.message import Envelope, Message
from mailkit.net import aio, blocking
from mailkit.smtp import Client
from mailkit.transport import gate
from mailkit.transport.base import Transport
from mailkit.transport.courier import Courier, Deed, Open, Part, Plot, Session, Talk, Tell, Turn, busy
from mailkit.transport.outcome import Outcome
from mailkit.transport.parcel import Delivered, Parcel, Seal
from mailkit.transport.pool import Pool
from mailkit.transport.settings import SmtpSettings, Tls

__all__ = ["SmtpTransport"]


class SmtpTransport(Transport):
    """Delivers over SMTP, keeping connections for reuse. Each thread or task that delivers has a connection to itself."""

    def __init__(self, settings: SmtpSettings) -> None:
        self.settings = settings
        self.name = str(settings)
        # Reading the system's authorities takes longer than a handshake; one context serves all connections.
        self._context = cache(settings.tls_profile().context)
        self._pool = self._new_pool()
        self._courier = Courier(settings, self._pool, relay=self.name)
        self._async: WeakKeyDictionary[asyncio.AbstractEventLoop, tuple[Pool[Session], Courier]] = WeakKeyDictionary()

    def __repr__(self) -> str:
        return f"SmtpTransport({self.name})"

    def _new_pool(self) -> Pool[Session]:
        return Pool(self.settings.max_connections)

    # -- blocking ------------------------------------------------------------------------------------------------

    def deliver(self, envelope: Envelope, message: Message) -> tuple[Outcome, ...]:
        parcels = iter((Parcel(envelope, message),))
        ((_, result),) = self._drive(self._courier.deliver(lambda: next(parcels, None), window=0))
        if isinstance(result, MailkitError):
            raise result
        return result

    def deliver_many(self, take: Callable[[], Parcel | None], seal: Seal | None = None) -> Iterator[Delivered]:
        return self._drive(self._courier.deliver(take, window=self.settings.window, seal=seal))

    def close(self) -> None:
        for _ in self._drive(self._courier.close()):
            pass

    def _drive(self, plot: Plot) -> Iterator[Delivered]:
        try:
            deed = next(plot)
            while True:
                if type(deed) is Tell:
                    yield deed.delivered
                    deed = plot.send(None)
                    continue
                try:
                    result = self._do(deed)
                except MailkitError as error:
                    deed = plot.throw(error)
                else:
                    deed = plot.send(result)
        except StopIteration:
            return
        finally:
            plot.close()

    def _do(self, deed: Deed) -> Any:
        match deed:
            case Talk(session, conversation):
                return session.pump.run(conversation)
            case Open():
                return self._open()
            case Part(session):
                if session.client.is_usable:
                    session.pump.run(session.client.quit())
                session.pump.close()
            case Turn():
                turn = threading.Event()
                self._pool.wait(turn.set)
                if not turn.wait(self.settings.timeout):
                    self._pool.leave(turn.set)
                    raise busy(self.settings.host, self.settings.timeout)
        return None

    def _open(self) -> Session:
        pump = self._connect()
        client = self._client(pump.local_host)
        pump.run(client.open())
        return Session(pump, client)

    def _connect(self) -> blocking.BlockingPump:
        settings = self.settings
        self._leave()
        return blocking.connect(
            settings.host,
            settings.port,
            within=settings.timeout,
            context=self._context,
            implicit=settings.tls is Tls.IMPLICIT,
            path=settings.socket,
        )

    def _leave(self) -> None:
        if not self.settings.socket:
            gate.leaving(self.name, self.settings.host)

    def _client(self, local_host: str) -> Client:
        return Client(self.settings.profile(local_host), is_secure=self.settings.tls is Tls.IMPLICIT)

    def verify(self) -> tuple[str, ...]:
        pump = self._connect()
        client = self._client(pump.local_host)
        try:
            pump.run(client.open())
        except TransportError as error:
            error.steps = self._steps(pump, client)
            raise
        steps = self._steps(pump, client)
        self._do(Part(Session(pump, client)))
        return steps

    def _steps(self, pump: blocking.BlockingPump, client: Client) -> tuple[str, ...]:
        """What has worked, a line a step."""
        settings, offered = self.settings, client.capabilities
        found = [f"connected to {settings.socket or f'{settings.host}, port {settings.port}'}"]
        if client.is_secure:
            how = "TLS" if settings.tls is Tls.IMPLICIT else "STARTTLS"
            found.append(f"secured by {how} ({', '.join(filter(None, (pump.tls_version, self._trust())))})")
        elif client.is_usable:
            found.append("not encrypted")
        if offered.host:
            found.append(f"greeted by {offered.host}")
        if client.mechanism and settings.credentials:
            found.append(f"authenticated as {settings.credentials.user} ({client.mechanism})")
        if offered.size:
            found.append(f"takes messages of up to {offered.size:,} bytes")
        if offered.extensions:
            found.append(f"offers {', '.join(sorted(offered.extensions))}")
        return tuple(found)

    def _trust(self) -> str:
        if self.settings.trust.fingerprints:
            return "certificate pinned"
        return "not verified" if self.settings.unsafe_no_verify else "certificate verified"

    # -- asyncio -------------------------------------------------------------------------------------------------

    async def adeliver(self, envelope: Envelope, message: Message) -> tuple[Outcome, ...]:
        parcels = iter((Parcel(envelope, message),))
        pool, courier = self._half()
        async with aclosing(self._adrive(courier.deliver(lambda: next(parcels, None), window=0), pool)) as delivered:
            ((_, result),) = [one async for one in delivered]
        if isinstance(result, MailkitError):
            raise result
        return result

    async def adeliver_many(
        self, take: Callable[[], Parcel | None], seal: Seal | None = None
    ) -> AsyncGenerator[Delivered, None]:
        pool, courier = self._half()
        plot = courier.deliver(take, window=self.settings.window, seal=seal)
        async with aclosing(self._adrive(plot, pool)) as delivered:
            async for one in delivered:
                yield one

    async def aclose(self) -> None:
        pool, courier = self._half()
        async with aclosing(self._adrive(courier.close(), pool)) as delivered:
            async for _ in delivered:
                pass

    def _half(self) -> tuple[Pool[Session], Courier]:
        """Connections belong to the event loop in which they were opened."""
        loop = asyncio.get_running_loop()
        half = self._async.get(loop)
        if half is None:
            pool = self._new_pool()
            half = self._async[loop] = (pool, Courier(self.settings, pool, relay=self.name))
        return half

    async def _adrive(self, plot: Plot, pool: Pool[Session]) -> AsyncGenerator[Delivered, None]:
        try:
            deed = next(plot)
            while True:
                if type(deed) is Tell:
                    yield deed.delivered
                    deed = plot.send(None)
                    continue
                try:
                    result = await self._ado(deed, pool)
                except MailkitError as error:
                    deed = plot.throw(error)
                else:
                    deed = plot.send(result)
        except StopIteration:
            return
        finally:
            plot.close()

    async def _ado(self, deed: Deed, pool: Pool[Session]) -> Any:
        match deed:
            case Talk(session, conversation):
                return await session.pump.run(conversation)
            case Open():
                return await self._aopen()
            case Part(session):
                if session.client.is_usable:
                    await session.pump.run(session.client.quit())
                session.pump.close()
            case Turn():
                await self._await_turn(pool)
        return None

    async def _await_turn(self, pool: Pool[Session]) -> None:
        turn = asyncio.Event()
        loop = asyncio.get_running_loop()

        def call() -> None:
            loop.call_soon_threadsafe(turn.set)

        pool.wait(call)
        try:
            async with asyncio.timeout(self.settings.timeout):
                await turn.wait()
        except TimeoutError:
            pool.leave(call)
            raise busy(self.settings.host, self.settings.timeout) from None
        except asyncio.CancelledError:
            pool.leave(call)
            raise

    async def _aopen(self) -> Session:
        settings = self.settings
        self._leave()
        pump = await aio.connect(
            settings.host,
            settings.port,
            within=settings.timeout,
            context=self._context,
            implicit=settings.tls is Tls.IMPLICIT,
            path=settings.socket,
        )
        client = self._client(pump.local_host)
        await pump.run(client.open())
        return Session(pump, client)
