"""A mailbox by IMAP (RFC 3501): the protocol's verbs by their names, with UIDs everywhere."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from types import TracebackType
from typing import Any

from mailkit.errors import ConfigError, MailboxError
from mailkit.mailbox import answer
from mailkit.mailbox import folder as folders_of
from mailkit.mailbox.argument import flag_name, flag_names, text, uid_number
from mailkit.mailbox.folder import Folder, Selected, Stat, encoded
from mailkit.mailbox.query import Query, uids_from
from mailkit.mailbox.session import Session
from mailkit.mailbox.settings import Server, credentials_of, server
from mailkit.mailbox.stored import StoredMessage
from mailkit.mailbox.uids import Uids, Which, resolved, windows
from mailkit.mailbox.watch import watched
from mailkit.message import Message
from mailkit.secret import Secret
from mailkit.smtp import Credentials
from mailkit.transport.url import Url

__all__ = ["Imap"]

_HEADERS = 100  # messages whose headers are fetched at once
_MANY = 500  # messages that one command names
_BLOCK = 1024 * 1024


class Imap:
    """A mailbox on an IMAP server. One connection, for one thread; there may be any number of them.

    Leaving the ``with`` block logs out. Where a folder is needed and none is open, that of the URL is opened, or the
    inbox. Nothing is marked as seen by being read.

    Raises ConfigError for a URL that is wrong; ConnectError, TlsError, AuthError, TransportTimeout; and MailboxError for
    what the server refuses, and for what it says against the protocol.
    """

    def __init__(self, url: str | Url | Server, *, credentials: Credentials | None = None) -> None:
        self.server = url if isinstance(url, Server) else server(url, credentials=credentials, needs_user=False)
        if not self.server.is_imap:
            raise ConfigError(f"{self.server.scheme}: is not IMAP", hint="Use Pop3, or mailkit.mailbox.open().")
        text(self.server.folder, field="folder")
        self._session = Session(self.server)
        if self.server.folder and self.server.credentials is not None:
            self._guarded(self._session.current)

    def _guarded(self, deed: Any) -> None:
        try:
            deed()
        except BaseException:
            self._session.drop()
            raise

    def __repr__(self) -> str:
        return f"Imap('{self.server}')"

    # -- verbs of the session ------------------------------------------------------------------------------------------

    def login(self, user: str, password: str | Secret, *, mechanism: str = "") -> None:
        """Log in, where the URL names no user; by the strongest mechanism, or by one. Raises AuthError."""
        credentials = credentials_of(self.server, user, password, mechanism)
        with self._session.using("login") as client:
            client.log_in(credentials)
        self.server = replace(self.server, credentials=credentials)

    def capability(self) -> tuple[str, ...]:
        """Return what the server can do, as it says: ``IDLE``, ``MOVE``, ``UIDPLUS`` …"""
        with self._session.using("capability") as client:
            return tuple(name.decode("ascii", "replace") for name in client.capabilities())

    def can(self, capability: str) -> bool:
        """Whether the server can do something."""
        return capability.upper() in self.capability()

    def noop(self) -> None:
        """Do nothing; the server does not take us for gone, and tells what is new."""
        with self._session.using("noop") as client:
            client.noop()

    def logout(self) -> None:
        """End the session. Twice is fine."""
        self._session.log_out()

    @property
    def is_open(self) -> bool:
        """Whether the connection is there, as far as is known."""
        return self._session.is_open

    @property
    def selected(self) -> Selected | None:
        """The folder that is open."""
        return self._session.selected

    # -- folders -------------------------------------------------------------------------------------------------------

    def select(self, folder: str = "INBOX") -> Selected:
        """Open a folder, to read and to change."""
        return self._session.select(_folder(folder), read_only=False)

    def examine(self, folder: str = "INBOX") -> Selected:
        """Open a folder so that nothing in it changes."""
        return self._session.select(_folder(folder), read_only=True)

    def folders(self, pattern: str = "*") -> tuple[Folder, ...]:
        """Return the folders, or those that fit: ``*`` stands for anything, ``%`` for anything but the delimiter."""
        with self._session.using("list") as client:
            found = client.list_folders("", encoded(text(pattern, field="pattern")))
        return tuple(
            Folder(answer.name(name), answer.name(delimiter), tuple(map(answer.name, flags)))
            for flags, delimiter, name in found
        )

    def special(self, use: str) -> Folder:
        """Return the folder for a use: sent, drafts, trash, junk, archive, all or flagged. Raises MailboxError."""
        word = folders_of.special_name(text(use, field="use"))
        if not word:
            raise MailboxError(f"{use!r} is no special use", hint="sent, drafts, trash, junk, archive, all or flagged.")
        found = folders_of.special(self.folders(), word)
        if found is None:
            raise MailboxError(
                f"there is no folder for {word} in {self.server}",
                hint="Name the folder, or create one that is called so.",
            )
        return found

    def create(self, folder: str) -> None:
        """Make a folder."""
        with self._session.using(f"create {folder!r}") as client:
            client.create_folder(encoded(_folder(folder)))

    def delete(self, folder: str) -> None:
        """Remove a folder, and all messages in it."""
        with self._session.using(f"delete {folder!r}") as client:
            client.delete_folder(encoded(_folder(folder)))

    def rename(self, old: str, new: str) -> None:
        """Give a folder another name."""
        with self._session.using(f"rename {old!r}") as client:
            client.rename_folder(encoded(_folder(old)), encoded(_folder(new)))

    def status(self, folder: str = "") -> Stat:
        """Count what is in a folder, without opening it. Without a name, it is the one that is open."""
        name = _folder(folder) if folder else (self.selected.folder if self.selected else self.server.folder or "INBOX")
        items = ["MESSAGES", "RECENT", "UIDNEXT", "UIDVALIDITY", "UNSEEN"]
        if self.can("STATUS=SIZE"):
            items.append("SIZE")
        with self._session.using(f"status {name!r}") as client:
            found = {key.upper(): int(value) for key, value in client.folder_status(encoded(name), items).items()}
        return Stat(
            messages=found.get(b"MESSAGES", 0),
            size=found.get(b"SIZE"),
            unseen=found.get(b"UNSEEN"),
            recent=found.get(b"RECENT"),
            uidnext=found.get(b"UIDNEXT"),
            uidvalidity=found.get(b"UIDVALIDITY"),
        )

    # -- finding and reading -------------------------------------------------------------------------------------------

    def search(self, query: Query | None = None) -> Uids:
        """Return the UIDs of the messages that fit, in the order of the folder; of all without a query."""
        wanted = query or Query()
        here = self._session.current()
        arguments = [] if wanted.is_ascii else [b"CHARSET", b"UTF-8"]
        # RFC 4731: the answer comes in ranges, which are short however many messages there are.
        is_short = self.can("ESEARCH")
        with self._session.using("search") as client:
            returning = [b"RETURN", b"(ALL)"] if is_short else []
            kind, said = client._raw_command(b"SEARCH", [*returning, *arguments, *wanted.program()])
            client._checkok("search", kind, said)
            short = client.untagged("ESEARCH")
            # Some servers answer in the old form all the same.
            found = tuple(answer.ranges(short) if short else answer.numbers(client.untagged("SEARCH")))
        return Uids(found, folder=here.folder, uidvalidity=here.uidvalidity)

    def fetch(self, which: Which) -> Iterator[StoredMessage]:
        """Go through messages, in the order given: headers and flags are there, bodies come when they are asked for.

        What is not there any more is passed over. Memory stays flat, however many they are.
        """
        here = self._session.current()
        return self._fetched(resolved(which, folder=here.folder, uidvalidity=here.uidvalidity))

    def message(self, uid: int) -> StoredMessage:
        """Return one message. Raises MailboxError when it is not there."""
        for found in self.fetch(uid_number(uid)):
            return found
        raise MailboxError(f"there is no message {uid} in {self._session.current().folder!r}", hint="Search again.")

    def messages(self, query: Query | None = None) -> Iterator[StoredMessage]:
        """Go through the messages that fit, or through all."""
        return self.fetch(self.search(query))

    def __iter__(self) -> Iterator[StoredMessage]:
        return self.messages()

    def _fetched(self, uids: Uids) -> Iterator[StoredMessage]:
        items = ["UID", "FLAGS", "RFC822.SIZE", "INTERNALDATE", "BODY.PEEK[HEADER]"]
        for window in windows(uids, _HEADERS):
            with self._session.visiting(uids.folder, uids.uidvalidity), self._session.using("fetch") as client:
                found = client.fetch(window, items)
                messages = [self._stored(uid, found[uid], uids) for uid in window if uid in found]
            yield from messages

    def _stored(self, uid: int, found: Any, uids: Uids) -> StoredMessage:
        flags = tuple(map(answer.name, found.get(b"FLAGS") or ()))
        return StoredMessage.of(
            answer.data(found.get(b"BODY[HEADER]")),
            self._blocks,
            uid=uid,
            folder=uids.folder,
            uidvalidity=uids.uidvalidity,
            flags=flags,
            received=answer.moment(found.get(b"INTERNALDATE")),
            size=int(found.get(b"RFC822.SIZE") or 0),
        )

    def _blocks(self, message: StoredMessage) -> Iterator[bytes]:
        """Some servers count wrong when parts are asked for, so what fits into one block is asked for as a whole."""
        done = 0
        while True:
            is_whole = not done and message.size <= _BLOCK
            item = "BODY.PEEK[]" if is_whole else f"BODY.PEEK[]<{done}.{_BLOCK}>"
            data = self._part(message, item, b"BODY[]" if is_whole else b"BODY[]<%d>" % done)
            if data is None and not done:
                raise MailboxError(f"the message {message.uid} in {message.folder!r} is not there any more")
            if data:
                yield data
            done += len(data or b"")
            if is_whole or len(data or b"") < _BLOCK:
                return

    def _part(self, message: StoredMessage, item: str, key: bytes) -> bytes | None:
        session = self._session
        with session.visiting(message.folder, message.uidvalidity), session.using("fetch") as client:
            found = client.fetch([message.uid], [item]).get(message.uid, {})
            return None if found.get(key) is None else answer.data(found[key])

    def watch(self, *, timeout: float | None = None, poll: float = 30.0) -> Iterator[StoredMessage]:
        """Wait for messages, and yield each as it arrives; ends when none has come for ``timeout`` seconds.

        The server says what is new (IDLE, RFC 2177); where it cannot, it is asked every ``poll`` seconds.
        """
        return watched(
            self._session,
            self._session.current(),
            since=self._since,
            fetch=self._fetched,
            can_idle=self.can("IDLE"),
            newest=max(self.search(uids_from("*")), default=0),
            timeout=timeout,
            poll=poll,
        )

    def _since(self, newest: int) -> Uids:
        found = self.search(uids_from(newest + 1))
        # RFC 3501 6.4.8: "5:*" has the last message in it, also when that is older.
        fresh = (uid for uid in found if uid > newest)
        return Uids(fresh, folder=found.folder, uidvalidity=found.uidvalidity)

    # -- changing ------------------------------------------------------------------------------------------------------

    def flag(self, which: Which, *flags: str) -> None:
        """Set flags: seen, answered, flagged, deleted, draft, or keywords."""
        self._store("add_flags", which, flags)

    def unflag(self, which: Which, *flags: str) -> None:
        """Take flags away."""
        self._store("remove_flags", which, flags)

    def _store(self, verb: str, which: Which, flags: tuple[str, ...]) -> None:
        names = [flag_name(flag) for flag in flags]
        if not names:
            raise MailboxError("no flag is given", hint="Name one: 'seen', 'flagged', 'answered', 'draft', 'deleted'.")
        for window, using in self._changing(which, "store"):
            with using as client:
                getattr(client, verb)(window, names, silent=True)

    def copy(self, which: Which, folder: str) -> Uids | None:
        """Copy messages into another folder. Returns the UIDs they have there, where the server tells."""
        return self._to_folder("copy", which, _folder(folder))

    def move(self, which: Which, folder: str) -> Uids | None:
        """Move messages into another folder. Returns the UIDs they have there, where the server tells.

        Where the server has no MOVE (RFC 6851) they are copied, and then removed; the server needs UIDPLUS for that.
        """
        name = _folder(folder)
        if self.can("MOVE"):
            return self._to_folder("move", which, name)
        self._need_uidplus()
        here = self._session.current()
        uids = resolved(which, folder=here.folder, uidvalidity=here.uidvalidity)
        there = self.copy(uids, name)
        self.remove(uids)
        return there

    def remove(self, which: Which) -> None:
        """Remove messages for good: those alone, and none that somebody else has marked.

        Raises MailboxError where the server cannot remove single messages (no UIDPLUS, RFC 4315).
        """
        self._need_uidplus()
        for window, using in self._changing(which, "remove"):
            with using as client:
                client.add_flags(window, ["\\Deleted"], silent=True)
                client.uid_expunge(window)

    def append(
        self,
        message: Message | bytes,
        *,
        folder: str = "",
        flags: Iterable[str] = (),
        received: datetime | None = None,
    ) -> Uids | None:
        """Put a message into a folder; without a name, into the one that is open. Returns its UID, where it is told."""
        name = _folder(folder) if folder else self._session.current().folder
        names = flag_names(flags)
        moment = received.astimezone() if received is not None and received.tzinfo is None else received
        data = message.original if isinstance(message, StoredMessage) else bytes(message)
        with self._session.using(f"append to {name!r}") as client:
            client.append(encoded(name), data, names, moment)
            return answer.new_uids(client.untagged("APPENDUID"), name)

    def _need_uidplus(self) -> None:
        if not self.can("UIDPLUS"):
            raise MailboxError(
                f"{self.server.host} cannot remove single messages (it has no UIDPLUS)",
                hint="flag(uids, 'deleted') marks them; your mail program can then empty the folder of all that are marked.",
            )

    def _to_folder(self, verb: str, which: Which, folder: str) -> Uids | None:
        there: list[int] = []
        validity = 0
        is_told = True
        for window, using in self._changing(which, f"{verb} to {folder!r}"):
            with using as client:
                getattr(client, verb)(window, encoded(folder))
                found = answer.new_uids(client.untagged("COPYUID"), folder)
            is_told = is_told and found is not None
            if found is not None:
                there += found
                validity = found.uidvalidity
        return Uids(there, folder=folder, uidvalidity=validity) if is_told else None

    def _changing(self, which: Which, what: str) -> Iterator[tuple[list[int], AbstractContextManager[Any]]]:
        here = self._session.current()
        uids = resolved(which, folder=here.folder, uidvalidity=here.uidvalidity)
        if here.is_read_only:
            raise MailboxError(f"the folder {here.folder!r} is open for reading only", hint="Open it by select().")
        for window in windows(uids, _MANY):
            yield window, self._session.using(what)

    # -- the end -------------------------------------------------------------------------------------------------------

    def __enter__(self) -> "Imap":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.logout()


def _folder(name: str) -> str:
    if not text(name, field="folder"):
        raise MailboxError("folder: the name is empty")
    return name
