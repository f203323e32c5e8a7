"""The development inbox: SMTP servers that take everything, and what they took."""

import contextlib
import ssl
from collections.abc import Callable
from dataclasses import replace
from os import PathLike
from types import TracebackType
from typing import Self
from urllib.parse import quote

from mailkit.errors import ConfigError
from mailkit.inbox.account import Users
from mailkit.inbox.archive import Archive
from mailkit.inbox.box import Box
from mailkit.inbox.catch import Catcher, Session
from mailkit.inbox.imap import serve_imap
from mailkit.inbox.pop3 import serve_pop3
from mailkit.inbox.rules import Rule, Rules
from mailkit.net import Listener, Server
from mailkit.sansio import Conversation
from mailkit.smtp import ServerProfile
from mailkit.smtp.origin import ORIGIN

__all__ = ["Inbox"]


class Inbox(Box):
    """A server that catches mail while the ``with`` block runs, and the mail that it caught.

    ``port`` 0 takes a free one, which :attr:`port` then tells; it listens on the loopback unless ``host`` says otherwise. Without
    a ``path`` mail is kept in memory. ``users`` (name to password) are those who may log in; without any, everybody may, with
    any password, and each user has an inbox of his own. ``must_login`` refuses mail from others. With ``tls`` clients may say
    STARTTLS, on ``tls_port`` they speak TLS from the start; ``lmtp_port`` speaks LMTP (RFC 2033). On ``pop3_port`` and
    ``imap_port`` mail clients read what came, as :class:`~mailkit.inbox.account.Account` says. ``rules`` are faults on purpose.

    Raises ConfigError when a port cannot be had, or the file not be used.

    >>> from mailkit import Mailer, MessageBuilder
    >>> with Inbox() as inbox, Mailer(inbox.url) as mailer:
    ...     receipt = mailer.send(MessageBuilder().from_("a@example.com").to("b@example.com").text("Hi").build())
    ...     inbox.wait(to="b@example.com").text
    'Hi\\n'
    """

    def __init__(
        self,
        path: str | PathLike[str] | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        users: dict[str, str] | None = None,
        must_login: bool = False,
        tls: ssl.SSLContext | None = None,
        tls_port: int | None = None,
        lmtp_port: int | None = None,
        pop3_port: int | None = None,
        imap_port: int | None = None,
        rules: tuple[Rule | str, ...] = (),
        max_messages: int = 100_000,
        max_bytes: int = 1_000_000_000,
        max_age: float = 0.0,
        max_size: int = 50_000_000,
    ) -> None:
        if tls_port is not None and tls is None:
            raise ConfigError("a port for TLS needs a certificate", hint="Give tls=, an ssl.SSLContext for servers.")
        self.host = host
        self.port = port
        self.tls_port = tls_port
        self.lmtp_port = lmtp_port
        self.pop3_port = pop3_port
        self.imap_port = imap_port
        self.rules = Rules(*(Rule.parse(rule) if isinstance(rule, str) else rule for rule in rules))
        archive = Archive(path, max_messages=max_messages, max_bytes=max_bytes, max_age=max_age)
        super().__init__(archive, Catcher(archive, self.rules, users=users))
        self._users = Users(users)
        self._max_size = max_size
        self._tls = tls
        self._profile = ServerProfile(
            auth=True,
            auth_required=must_login,
            mechanisms=("SCRAM-SHA-256", "CRAM-MD5", "PLAIN", "LOGIN") if users else ("PLAIN", "LOGIN"),
            unsafe_plaintext_auth=True,
            is_lenient=True,
            keeps_transcript=True,
            max_size=max_size,
            extensions=(*ServerProfile().extensions, ORIGIN),
        )
        self._exit = contextlib.ExitStack()

    @property
    def url(self) -> str:
        """The transport URL that leads here."""
        return f"smtp://{self._place}?tls=off"

    def url_for(self, user: str, password: str = "") -> str:
        """Return the transport URL that leads here and logs in, and so puts mail into the user's own inbox.

        Without a ``password`` any will do.
        """
        login = f"{quote(user, safe='')}:{quote(password or '-', safe='')}"
        return f"smtp://{login}@{self._place}?tls=off&unsafe_plaintext_auth=yes"

    @property
    def ports(self) -> dict[str, int | None]:
        """Where it listens, by the names of its attributes; None where it does not."""
        names = ("port", "tls_port", "lmtp_port", "pop3_port", "imap_port")
        return {name: getattr(self, name) for name in names}

    @property
    def _place(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def sessions(self) -> tuple[Session, ...]:
        """What was said on connections that ended in no message, the oldest first."""
        return tuple(self._catcher.sessions)

    def box(self, name: str) -> Box:
        """Return the inbox of one user."""
        return Box(self.archive, self._catcher, name)

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as opened:
            opened.callback(self.archive.close)
            self.port = opened.enter_context(self._listener(self.port)).port
            if self.tls_port is not None:
                self.tls_port = opened.enter_context(self._listener(self.tls_port, implicit_tls=True)).port
            if self.lmtp_port is not None:
                self.lmtp_port = opened.enter_context(self._listener(self.lmtp_port, is_lmtp=True)).port
            if self.pop3_port is not None:
                self.pop3_port = opened.enter_context(self._server(self.pop3_port, self._pop3)).port
            if self.imap_port is not None:
                self.imap_port = opened.enter_context(self._server(self.imap_port, self._imap)).port
            self._exit = opened.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exit.close()

    def _pop3(self, _: str, is_secure: bool) -> Conversation[None]:
        return serve_pop3(self.archive, self._users, is_secure=is_secure, has_tls=self._tls is not None)

    def _imap(self, _: str, is_secure: bool) -> Conversation[None]:
        has_tls = self._tls is not None
        return serve_imap(self.archive, self._users, is_secure=is_secure, has_tls=has_tls, max_size=self._max_size)

    def _server(self, port: int, converse: Callable[[str, bool], Conversation[None]]) -> Server:
        return Server(converse, host=self.host, port=port, tls=self._tls)

    def _listener(self, port: int, *, implicit_tls: bool = False, is_lmtp: bool = False) -> Listener:
        profile = replace(self._profile, is_lmtp=is_lmtp)
        return Listener(
            self._catcher, host=self.host, port=port, profile=profile, tls=self._tls, implicit_tls=implicit_tls
        )
