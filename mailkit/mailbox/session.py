"""A session of IMAP: the client, the folder that is open, and one place where IMAPClient's errors become mailkit's."""

import imaplib
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from mailkit import clock
from mailkit.errors import ConfigError, ConnectError, MailboxError, MailkitError
from mailkit.mailbox.folder import Selected, encoded
from mailkit.mailbox.settings import Server
from mailkit.mailbox.wire import Wire
from mailkit.smtp.refusal import printable

if TYPE_CHECKING:
    from mailkit.mailbox.imapwire import Client

__all__ = ["Session"]

# RFC 5530 3: what the servers' codes mean for a person.
_HINTS = {
    "NONEXISTENT": "mailkit mailbox folders URL shows which folders there are.",
    "TRYCREATE": "Create that folder first.",
    "ALREADYEXISTS": "A folder of that name is there already.",
    "OVERQUOTA": "The mailbox is full: make room, or ask for more.",
    "TOOBIG": "The server takes no message of that size.",
    "NOPERM": "This user may not do that with that folder.",
    "INUSE": "Another program uses the folder. Try again later.",
    "LIMIT": "The server has a limit for that. Try with less at once.",
    "BADCHARSET": "The server searches for ASCII only.",
    "CANNOT": "The server cannot do that, whoever asks.",
    "SERVERBUG": "That is a fault of the server. Try again later.",
    "UNAVAILABLE": "Something behind the server is not there just now. Try again later.",
}
_PASSING = frozenset(("INUSE", "SERVERBUG", "UNAVAILABLE", "LIMIT", "CONTACTADMIN"))
_CODE = re.compile(r"\[([A-Z][A-Z-]*)")
# Dovecot says so without a code when a folder is opened.
_MISSING = re.compile(r"mailbox (?:doesn't|does not) exist|(?:unknown|no such) (?:mailbox|folder)", re.IGNORECASE)
_FOREIGN = re.compile(r"^(?:command: )?[A-Za-z ]{1,20}(?: command error: BAD \[b['\"]| failed: | => |: )")


class Session:
    """Not for several threads at once."""

    def __init__(self, server: Server) -> None:
        try:
            from mailkit.mailbox.imapwire import GARBLED, opened
        except ImportError:
            raise ConfigError(
                "IMAP needs another package", hint="Install it: pip install 'mailkit-compose[mailbox]'."
            ) from None
        self.server = server
        self.selected: Selected | None = None
        self._is_over = False
        self._garbled = GARBLED
        self.wire = Wire(server)
        try:
            self._client: Client = opened(self.wire, server)
        except BaseException:
            self.wire.close()
            raise

    @property
    def is_open(self) -> bool:
        return not self._is_over and self.wire.is_open

    @contextmanager
    def using(self, what: str) -> Iterator["Client"]:
        """Give the client for one command or a few. What breaks the protocol, or comes amid an answer, closes it."""
        if self._is_over:
            raise MailboxError(f"the mailbox {self.server} is closed", hint="Work with it inside the with block.")
        if self.wire.failure is not None or not self.wire.is_open:
            raise ConnectError(f"the connection to {self.server.host} is lost", hint="Open the mailbox again.")
        self._client.begin()
        try:
            yield self._client
        except MailkitError:
            raise
        except imaplib.IMAP4.abort as error:
            self.wire.close()
            raise self._broken(what, str(error)) from None
        except imaplib.IMAP4.error as error:
            raise self._refused(what, str(error)) from None
        except self._garbled:
            self.wire.close()
            raise MailboxError(
                f"{self.server.host} answered {what} with something that cannot be read", hint=_GARBLED
            ) from None
        except BaseException:
            self.wire.close()  # an answer may be half read
            raise

    def _broken(self, what: str, said: str) -> MailkitError:
        if self.wire.failure is not None:
            return self.wire.failure
        if self._client.untagged("BYE"):
            return self.bye()
        return MailboxError(f"{self.server.host} answered {what} with {printable(said)}", hint=_GARBLED)

    def bye(self) -> ConnectError:
        """Return the error for a server that has ended the session."""
        self.wire.close()
        said = printable((self._client.untagged("BYE") or [b""])[-1].decode("utf-8", "replace"))
        return ConnectError(f"{self.server.host} has ended the session: {said}", hint="Open the mailbox again.")

    def _refused(self, what: str, said: str) -> MailboxError:
        said = _FOREIGN.sub("", said).removesuffix("']").removesuffix('"]')
        code = found[1] if (found := _CODE.search(said)) else "NONEXISTENT" if _MISSING.search(said) else ""
        error = MailboxError(f"{what}: {printable(said)}", hint=_HINTS.get(code, ""))
        error.is_temporary = code in _PASSING
        return error

    # -- the folder that is open ---------------------------------------------------------------------------------------

    def select(self, folder: str, *, read_only: bool) -> Selected:
        """Open a folder. When that fails, none is open."""
        self.selected = None
        with self.using(f"{'examine' if read_only else 'select'} {folder!r}") as client:
            try:
                found = client.select_folder(encoded(folder), readonly=read_only)
            except imaplib.IMAP4.readonly as error:
                if isinstance(error, imaplib.IMAP4.abort) and "not writable" in str(error):
                    raise MailboxError(
                        f"the folder {folder!r} can only be read", hint="Open it by examine()."
                    ) from None
                raise
            self.selected = Selected(
                folder=folder,
                messages=int(found.get(b"EXISTS", 0)),
                recent=int(found.get(b"RECENT", 0)),
                uidnext=int(found.get(b"UIDNEXT", 0)),
                uidvalidity=int(found.get(b"UIDVALIDITY", 0)),
                flags=_words(found.get(b"FLAGS", ())),
                permanent_flags=_words(found.get(b"PERMANENTFLAGS", ())),
                is_read_only=read_only,
            )
        return self.selected

    def current(self) -> Selected:
        """Return the folder that is open; without one, that of the URL is opened, or else the inbox."""
        return self.selected or self.select(self.server.folder or "INBOX", read_only=False)

    @contextmanager
    def visiting(self, folder: str, uidvalidity: int) -> Iterator["Selected"]:
        """Have a folder open for a while. Raises MailboxError when it was made anew since ``uidvalidity``."""
        before = self.selected
        is_there = before is not None and before.folder == folder
        try:
            here = before if before is not None and is_there else self.select(folder, read_only=True)
            if here.uidvalidity != uidvalidity:
                raise MailboxError(
                    f"the folder {folder!r} was made anew (UIDVALIDITY {uidvalidity} became {here.uidvalidity})",
                    hint="Search again: its old messages are gone.",
                )
            yield here
        finally:
            if before is not None and not is_there and self.is_open:
                self.select(before.folder, read_only=before.is_read_only)

    # -- news ----------------------------------------------------------------------------------------------------------

    def take_news(self) -> bool:
        """Whether the server has told of messages that came since this was asked last."""
        return self._client.take_news()

    def wait(self, seconds: float, *, can_idle: bool) -> None:
        """Wait until there are messages that have just come, or the time is over."""
        until = clock.monotonic() + seconds
        with self.using("idle" if can_idle else "noop") as client:
            if can_idle:
                client.start_idle()
            while (left := until - clock.monotonic()) > 0:
                is_news = client.listen(left) and client.untagged("EXISTS")
                if client.untagged("BYE"):
                    raise self.bye()
                client.begin()
                if is_news:
                    break
            if can_idle:
                client.end_idle()
            else:
                client.noop()

    # -- the end -------------------------------------------------------------------------------------------------------

    def log_out(self) -> None:
        """Say goodbye. That it is not answered does not matter."""
        if self.is_open and self.wire.failure is None:
            with suppress(MailkitError, imaplib.IMAP4.error, *self._garbled):
                self._client.begin()
                self._client.logout()
        self.drop()

    def drop(self) -> None:
        """Close the connection at once."""
        self._is_over = True
        self.selected = None
        self.wire.close()


_GARBLED = "The connection is closed: the server does not keep to the protocol."


def _words(flags: object) -> tuple[str, ...]:
    if not isinstance(flags, tuple | list):
        return ()
    return tuple(one.decode("utf-8", "replace") if isinstance(one, bytes) else str(one) for one in flags)
