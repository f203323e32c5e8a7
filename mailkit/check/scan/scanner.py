"""The deed: one connection to the filter for each message, one question, one verdict."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypedDict, Unpack

from mailkit.check.scan import rspamd, spamd
from mailkit.check.scan.deadline import Deadline
from mailkit.check.scan.question import Came, Question
from mailkit.check.scan.target import Target
from mailkit.check.scan.verdict import SpamVerdict
from mailkit.errors import (
    CapabilityMissing,
    ConnectError,
    MailkitError,
    ProtocolError,
    TlsError,
    TransportError,
    TransportTimeout,
)
from mailkit.net.aio import connect as connect_async
from mailkit.net.blocking import connect
from mailkit.sansio import Conversation

__all__ = ["Scanner"]

_CONNECT_WITHIN = 10.0  # a filter stands near: where nobody has answered by then, nobody will


class _Place(TypedDict):
    """How it is reached; the arguments of ``connect``."""

    host: str
    port: int
    path: str
    within: float
    context: Callable[[], ssl.SSLContext]
    implicit: bool


@dataclass(frozen=True, slots=True)
class Scanner:
    """A spam filter that runs somewhere, at the URL with which it was opened; nothing goes anywhere else."""

    target: Target

    @classmethod
    def open(cls, url: str) -> "Scanner":
        """Return the filter at ``spamd://host:783``, ``spamd:///run/spamd.sock``, ``rspamd://host:11333`` (or a socket
        likewise), or ``rspamds://host`` (HTTPS). Nobody is asked before :meth:`scan`.

        Options: ``?timeout=30`` seconds for a whole scan, ``?max_size=`` bytes (for SpamAssassin 500 KiB as with spamc,
        for rspamd 50 MiB), ``?user=`` whose preferences SpamAssassin follows, ``?password_env=NAME`` (or ``password=``)
        for rspamd's controller; for ``rspamds`` ``?ca=``, ``cert=``, ``key=``, ``tls_name=`` and ``verify=no``.
        Raises ConfigError.

        >>> Scanner.open("rspamd://127.0.0.1:11334?password=q1").name
        'rspamd at 127.0.0.1:11334'
        """
        return cls(Target.parse(url))

    @property
    def name(self) -> str:
        """Which filter this is and where, without secrets."""
        return f"{self.target.kind.title} at {self.target}"

    def scan(self, raw: bytes, **came: Unpack[Came]) -> SpamVerdict:
        """Return what the filter thinks of a message as it goes over the wire.

        rspamd is also told how it came; spamd's protocol has no place for that. Raises MessageError for a control character
        in that and for a ``peer`` that is no IP address, CapabilityMissing for a message over the size, ConnectError,
        TransportTimeout, TlsError, AuthError, RemoteProtocolError for an answer that is none, TransportError when the filter
        says that it cannot.
        """
        talk = self._conversation(Question(raw, **came))
        with self._named():
            with self._reached():
                pump = connect(**self._place())
            try:
                return pump.run(talk)
            finally:
                pump.close()

    async def scan_async(self, raw: bytes, **came: Unpack[Came]) -> SpamVerdict:
        """Do as :meth:`scan`, without blocking the event loop."""
        talk = self._conversation(Question(raw, **came))
        with self._named():
            with self._reached():
                pump = await connect_async(**self._place())
            try:
                return await pump.run(talk)
            finally:
                pump.close()

    def _place(self) -> _Place:
        target = self.target
        return {
            "host": target.host or target.path,
            "port": target.port,
            "path": target.path,
            "within": min(_CONNECT_WITHIN, target.timeout),
            "context": target.trust.context,
            "implicit": False,  # the conversation asks for TLS, so that the deadline holds for it too
        }

    @contextmanager
    def _reached(self) -> Iterator[None]:
        """Say what to do when there is nobody."""
        try:
            yield
        except (ConnectError, TransportTimeout) as error:
            error.hint = f"Start {self.target.kind.program}, or take --spam away."
            raise

    def _conversation(self, question: Question) -> Conversation[SpamVerdict]:
        target = self.target
        if len(question.raw) > target.max_size:
            raise CapabilityMissing(
                f"the message has {len(question.raw)} bytes, and {self.name} is asked about {target.max_size} at most",
                capability="SIZE",
                hint="Add ?max_size=BYTES to the URL if the filter takes more.",
            )
        deadline = Deadline(target.timeout)
        if target.kind.program == "spamd":
            return spamd.ask(question, name=self.name, user=target.user, deadline=deadline)
        return rspamd.ask(
            question,
            name=self.name,
            host="localhost" if target.path else str(target),
            password=target.password,
            secure=target.kind.is_secure,
            deadline=deadline,
        )

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Have errors say whom they are about."""
        try:
            yield
        except (TransportError, ProtocolError) as error:
            raise self._with_name(error) from None

    def _with_name(self, error: MailkitError) -> MailkitError:
        """Return the error with who it is about. The wire speaks of mail servers, and of what is left of the time."""
        program, problem, hint = self.target.kind.program, error.problem, error.hint
        kind = type(error)
        if kind is TransportTimeout and not hint:
            problem = f"there was no answer within {self.target.timeout:g} seconds"
            hint = f"Is that {program}, and is it well? ?timeout=SECONDS in the URL gives it longer."
        elif kind is TlsError and "smtp" in hint:
            hint = "Write rspamd:// instead of rspamds:// if it has no TLS."
        elif not hint:
            secure = " with TLS" if self.target.kind.is_secure else ""
            hint = f"Is that {program}{secure}, and may this machine ask it?"
        if self.target.password:  # whatever has been said at the other end
            problem = problem.replace(self.target.password.reveal(), "***")
        named = kind(f"{self.name}: {problem}", hint=hint)
        named.is_temporary = error.is_temporary
        return named
