"""A mailbox by POP3 (RFC 1939): the protocol's verbs by their names, and two ways of taking mail home."""

import poplib
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from enum import StrEnum
from os import PathLike
from types import TracebackType
from typing import TypeAlias

from mailkit import clock
from mailkit.errors import ConfigError, ConnectError, MailboxError, MailkitError
from mailkit.mailbox.argument import number as number_
from mailkit.mailbox.folder import Stat
from mailkit.mailbox.popwire import Client, opened, said
from mailkit.mailbox.seen import Seen
from mailkit.mailbox.settings import Server, credentials_of, server
from mailkit.mailbox.stored import StoredMessage
from mailkit.mailbox.wire import Wire
from mailkit.secret import Secret
from mailkit.smtp import Credentials
from mailkit.transport.url import Url

__all__ = ["AfterDownload", "Pop3"]

_Which: TypeAlias = int | StoredMessage | Iterable[int | StoredMessage]
# What poplib raises for an answer that makes no sense to it.
_GARBLED = (ValueError, TypeError, LookupError, AttributeError)


class AfterDownload(StrEnum):
    """What becomes of messages on the server when they have been read: the two policies of POP3."""

    KEEP = "keep"
    """Download and keep: they stay, and are not read again."""
    DELETE = "delete"
    """Download and delete: they are removed when the session has ended well."""


class Pop3:
    """A mailbox on a POP3 server. One connection, for one thread; there may be any number of them.

    The server shows the mailbox as it was at the beginning of the session. What is deleted goes when the ``with`` block
    ends well; when it ends with an error nothing is deleted.

    Raises ConfigError for a URL that is wrong; ConnectError, TlsError, AuthError, TransportTimeout; and MailboxError for
    what the server refuses, and for what it says against the protocol.
    """

    def __init__(self, url: str | Url | Server, *, credentials: Credentials | None = None) -> None:
        self.server = url if isinstance(url, Server) else server(url, credentials=credentials, needs_user=False)
        if self.server.is_imap:
            raise ConfigError(f"{self.server.scheme}: is not POP3", hint="Use Imap, or mailkit.mailbox.open().")
        if self.server.folder.upper() not in ("", "INBOX"):
            raise ConfigError(
                f"POP3 has no folders, and the URL names {self.server.folder!r}",
                hint="Leave it out, or use imaps://.",
            )
        self._session = 0
        self._begin()

    def _begin(self) -> None:
        self._is_over = False
        self._session += 1
        self._deleted = 0
        self._known: tuple[str, ...] | None = None
        self._wire = Wire(self.server)
        try:
            self._client: Client = opened(self._wire, self.server)
        except BaseException:
            self._wire.close()
            raise

    def __repr__(self) -> str:
        return f"Pop3('{self.server}')"

    @contextmanager
    def _using(self, what: str) -> Iterator[Client]:
        """Give the client for one command. What breaks the protocol, or comes amid an answer, closes the connection."""
        if self._is_over:
            raise MailboxError(f"the mailbox {self.server} is closed", hint="Work with it inside the with block.")
        if self._wire.failure is not None or not self._wire.is_open:
            raise ConnectError(f"the connection to {self.server.host} is lost", hint="Open the mailbox again.")
        try:
            yield self._client
        except MailkitError:
            raise
        except poplib.error_proto as error:
            if not (error.args and isinstance(error.args[0], bytes) and error.args[0].startswith(b"-ERR")):
                self._wire.close()
                raise self._garbled(what) from None
            raise MailboxError(f"{what}: {said(error)}") from None
        except _GARBLED:
            self._wire.close()
            raise self._garbled(what) from None
        except BaseException:
            self._wire.close()  # an answer may be half read
            raise

    def _garbled(self, what: str) -> MailboxError:
        return MailboxError(
            f"{self.server.host} answered {what} with something that cannot be read",
            hint="The connection is closed: the server does not keep to the protocol.",
        )

    # -- the protocol's verbs ------------------------------------------------------------------------------------------

    def login(self, user: str, password: str | Secret, *, mechanism: str = "") -> None:
        """Log in (AUTH, or USER and PASS), where the URL names no user; ``APOP`` is a mechanism too. Raises AuthError."""
        credentials = credentials_of(self.server, user, password, mechanism)
        with self._using("login") as client:
            client.log_in(self.server, credentials, self.capability())
        self._known = None
        self.server = replace(self.server, credentials=credentials)

    def capability(self) -> tuple[str, ...]:
        """Return what the server can do, as it says (CAPA, RFC 2449); nothing from servers of before that."""
        if self._known is None:
            with self._using("capa") as client:
                self._known = client.capabilities()
        return self._known

    def can(self, capability: str) -> bool:
        """Whether the server says that it can do something: ``UIDL``, ``TOP``, ``PIPELINING`` …"""
        return capability.upper() in {line.upper().partition(" ")[0] for line in self.capability()}

    def stat(self) -> Stat:
        """Count the messages, and their bytes."""
        with self._using("stat") as client:
            words = client.command("STAT").split()
            return Stat(messages=_count(words[1]), size=_count(words[2]))

    def list(self) -> dict[int, int]:
        """Return the size of each message, in bytes, by its number."""
        with self._using("list") as client:
            return {_count(words[0]): _count(words[1]) for words in client.listing("LIST")}

    def uidl(self) -> dict[int, str]:
        """Return the unique id of each message by its number. Raises MailboxError where the server has none."""
        with self._using("uidl") as client:
            return {_count(words[0]): _id(words[1]) for words in client.listing("UIDL")}

    def top(self, number: int, lines: int = 0) -> bytes:
        """Return a message's header and the first lines of its body. Raises MailboxError where the server cannot."""
        one, many = number_(number, field="number"), number_(lines, field="lines", least=0)
        with self._using(f"top {one}") as client:
            return b"".join(client.content(f"TOP {one} {many}"))

    def retr(self, number: int) -> bytes:
        """Return a message, as the server has it."""
        one = number_(number, field="number")
        with self._using(f"retr {one}") as client:
            return b"".join(client.content(f"RETR {one}"))

    def dele(self, which: _Which) -> None:
        """Mark messages: they are removed when the session ends well. :meth:`rset` takes that back."""
        for one in self._numbers(which):
            with self._using(f"dele {one}") as client:
                client.command(f"DELE {one}")
                self._deleted += 1

    def rset(self) -> None:
        """Take all marks back: nothing is going to be deleted."""
        with self._using("rset") as client:
            client.command("RSET")
            self._deleted = 0

    def noop(self) -> None:
        """Do nothing; the server does not take us for gone."""
        with self._using("noop") as client:
            client.command("NOOP")

    def quit(self) -> None:
        """End the session, and with it delete what is marked. Twice is fine.

        Raises MailboxError when the server could not delete everything.
        """
        if self._is_over:
            return
        try:
            with self._using("quit") as client:
                client.command("QUIT")
        except MailkitError:
            if self._deleted:
                raise
        finally:
            self._drop()

    def _drop(self) -> None:
        self._is_over = True
        self._wire.close()

    @property
    def is_open(self) -> bool:
        """Whether the connection is there, as far as is known."""
        return not self._is_over and self._wire.is_open

    # -- messages ------------------------------------------------------------------------------------------------------

    def messages(self) -> Iterator[StoredMessage]:
        """Go through all messages: headers are there, bodies come when they are asked for.

        Memory holds one line for each message, its number, size and unique id.
        """
        sizes, ids = self.list(), self._ids()
        return (self._stored(number, size, ids.get(number, "")) for number, size in sizes.items())

    def __iter__(self) -> Iterator[StoredMessage]:
        return self.messages()

    def fetch(self, which: _Which) -> Iterator[StoredMessage]:
        """Go through some messages, by their numbers."""
        numbers = self._numbers(which)
        sizes, ids = self.list(), self._ids()
        return (self._stored(number, sizes.get(number, 0), ids.get(number, "")) for number in numbers)

    def message(self, number: int) -> StoredMessage:
        """Return one message. Raises MailboxError when it is not there."""
        one = number_(number, field="number")
        with self._using(f"list {one}") as client:
            size = _count(client.command(f"LIST {one}").split()[2])
        uid = ""
        with suppress(MailboxError), self._using(f"uidl {one}") as client:
            uid = _id(client.command(f"UIDL {one}").split()[2])
        return self._stored(one, size, uid)

    def download(
        self,
        then: AfterDownload | str = AfterDownload.KEEP,
        *,
        state: str | PathLike[str] | None = None,
    ) -> Iterator[StoredMessage]:
        """Go through the messages that were not read before, each with its body.

        ``keep`` remembers in the file ``state`` which those are. ``delete`` marks each when the next one is asked for, so
        that one that could not be worked on stays; they are deleted when the session ends well. With ``state`` as well,
        nothing is read twice even if it does not.

        Raises ConfigError without the file that ``keep`` needs, and MailboxError where the server has no unique ids.
        """
        try:
            policy = AfterDownload(then)
        except ValueError:
            raise ConfigError(f"{then!r} is no policy", hint="There are keep and delete.") from None
        if policy is AfterDownload.KEEP and state is None:
            raise ConfigError(
                "to keep messages on the server, it has to be remembered which were read",
                hint="Give state=FILE; messages() reads all of them each time.",
            )
        return self._remembering(state, policy) if state is not None else self._downloaded(policy, None)

    def _remembering(self, path: str | PathLike[str], policy: AfterDownload) -> Iterator[StoredMessage]:
        with Seen(path, self._owner()) as seen:
            yield from self._downloaded(policy, seen)

    def _owner(self) -> str:
        """Whose mailbox it is, by whatever way it was opened."""
        credentials = self.server.credentials
        return f"{credentials.user if credentials else ''}@{self.server.host}"

    def _downloaded(self, policy: AfterDownload, seen: Seen | None) -> Iterator[StoredMessage]:
        sizes = self.list()
        ids = self.uidl() if seen else self._ids()
        read: list[str] = []
        for number, size in sizes.items():
            uid = ids.get(number, "")
            if seen is None or uid not in seen.known:
                yield self._stored(number, size, uid, is_whole=True)
                if seen and uid:
                    seen.add(uid)
                    read.append(uid)
            if policy is AfterDownload.DELETE:
                self.dele(number)
        if seen:
            seen.keep(ids.values(), read)

    def watch(self, *, timeout: float | None = None, poll: float = 30.0) -> Iterator[StoredMessage]:
        """Wait for messages, and yield each, with its body, as it arrives; ends when none has come for ``timeout`` seconds.

        POP3 shows what is new to a new session only, so that every ``poll`` seconds this one ends and another begins.
        """
        known = frozenset(self.uidl().values())
        until = _after(timeout)
        while (left := until - clock.monotonic()) > 0:
            time.sleep(min(poll, left))
            self.quit()
            self._begin()
            there = self.uidl()
            for number, uid in there.items():
                if uid not in known:
                    yield self.message(number).load()
                    until = _after(timeout)
            known = frozenset(there.values())

    def ids(self) -> dict[str, int]:
        """Return the number of each message by its unique id, or by the number itself where the server has no ids."""
        found = self._ids()
        return {found.get(number, "") or str(number): number for number in self.list()}

    def _ids(self) -> dict[int, str]:
        try:
            return self.uidl()
        except MailboxError:
            if not self.is_open:
                raise
            return {}  # it is an optional command

    def _numbers(self, which: _Which) -> tuple[int, ...]:
        if isinstance(which, str | bytes) or not isinstance(which, int | StoredMessage | Iterable):
            raise MailboxError(f"{which!r} are not numbers of messages")
        many = (which,) if isinstance(which, int | StoredMessage) else which
        return tuple(
            self._number(one) if isinstance(one, StoredMessage) else number_(one, field="number") for one in many
        )

    def _number(self, message: StoredMessage) -> int:
        """A message's number means another one in another session."""
        if not message.number or message.uidvalidity != self._session:
            raise MailboxError(f"{message!r} is not of this session", hint="Read the mailbox again.")
        return message.number

    def _stored(self, number: int, size: int, uid: str, *, is_whole: bool = False) -> StoredMessage:
        whole: bytes | None = None
        if not is_whole:
            try:
                head = self.top(number)
            except MailboxError:
                if not self.is_open:
                    raise
                is_whole = True  # TOP is an optional command
        if is_whole:
            whole = self.retr(number)
            head = _head(whole)
        return StoredMessage.of(
            head, self._blocks, uid=uid, number=number, uidvalidity=self._session, size=size, whole=whole
        )

    def _blocks(self, message: StoredMessage) -> Iterator[bytes]:
        one = self._number(message)
        with self._using(f"retr {one}") as client:
            yield from client.content(f"RETR {one}")

    # -- the end -------------------------------------------------------------------------------------------------------

    def __enter__(self) -> "Pop3":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.quit()
            return
        with suppress(MailkitError):
            if self._deleted:
                self.rset()
            self._deleted = 0
            self.quit()
        self._drop()  # without QUIT nothing is deleted either (RFC 1939 6)


def _count(word: bytes) -> int:
    if not word.isdigit():
        raise ValueError(word)
    return int(word)


def _head(whole: bytes) -> bytes:
    end = min((place for empty in (b"\r\n\r\n", b"\n\n") if (place := whole.find(empty)) >= 0), default=len(whole))
    return whole[: end + 2]


def _id(word: bytes) -> str:
    return word.decode("latin-1")


def _after(timeout: float | None) -> float:
    return float("inf") if timeout is None else clock.monotonic() + timeout
