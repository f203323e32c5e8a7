"""Copies of what was sent, put into a folder of an IMAP server as mail programs do, beside the sending."""

import atexit
import logging
import threading
from collections import deque
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from mailkit.delivery.hook import Hook
from mailkit.delivery.receipt import Receipt
from mailkit.errors import ConfigError, MailkitError, TransportError
from mailkit.mailbox.folder import special_name
from mailkit.mailbox.settings import Server, server
from mailkit.message import Field, Message
from mailkit.message.write import write_field
from mailkit.transport import Parcel

if TYPE_CHECKING:
    from mailkit.mailbox.imap import Imap

__all__ = ["SentCopies"]

_log = logging.getLogger("mailkit.delivery")
_TRIES = 5


class SentCopies(Hook):
    """Appends each message that reached somebody, or may have, to a folder, marked as seen and with its Bcc field.

    ``url`` is ``imaps://user:password@host/FOLDER``; without a folder it is the one that the server has for sent mail. A
    thread does it over one connection of its own, and sending does not wait for it, but when ``most_waiting`` messages
    wait in memory. While the server cannot be reached they are kept, and it is tried again every ``pause`` seconds; what
    finds no room then has no copy.

    That a copy could not be saved never makes a sending fail: it is logged as a warning, and counted. :meth:`close` waits
    for the copies that are still to be saved; so does the end of the program.

    Raises ConfigError for a URL that is wrong.
    """

    def __init__(self, url: str | Server, *, most_waiting: int = 1000, pause: float = 30.0) -> None:
        self.server = url if isinstance(url, Server) else server(url)
        if not self.server.is_imap:
            raise ConfigError(
                f"{self.server.scheme}: has no folder for copies", hint="Write imaps://user:password@host/Sent."
            )
        self.saved = 0
        """How many copies have been saved."""
        self.failed = 0
        """How many could not be."""
        self.last_error: object = None
        """Why the last of those could not."""
        self._most = most_waiting
        self._pause = pause
        self._waiting: deque[Message] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._is_closing = False
        self._is_cut_off = False

    def __repr__(self) -> str:
        return f"SentCopies('{self.server}')"

    def observe(self, parcel: Parcel, receipt: Receipt) -> None:
        """Take a message on, if anybody has got it, or may have."""
        if not (receipt.accepted or receipt.in_doubt):
            return
        with self._changed:
            self._changed.wait_for(lambda: len(self._waiting) < self._most or self._is_cut_off)
            if len(self._waiting) >= self._most:
                self._failed(parcel.message, f"{self._most:,} others wait for the server already")
                return
            self._waiting.append(parcel.message)
            self._is_closing = False
            # Threads do not come along when a process forks.
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._save_all, name="mailkit-copies", daemon=True)
                self._thread.start()
                atexit.register(self.close)
            self._changed.notify_all()

    def close(self) -> None:
        """Wait until all copies are saved, or have failed, and end the session. More may come after that."""
        with self._changed:
            thread = self._thread
            self._is_closing = True
            self._changed.notify_all()
        if thread is not None:
            thread.join()
        atexit.unregister(self.close)

    def _save_all(self) -> None:
        shelf = _Shelf(self.server)
        tries = 0
        while (message := self._next()) is not None:
            error = shelf.put(message)
            tries += 1
            with self._changed:
                self._is_cut_off = isinstance(error, TransportError)
                self._changed.notify_all()
                if self._is_cut_off and tries < _TRIES and not self._is_closing:
                    self._changed.wait_for(lambda: self._is_closing, timeout=self._pause)
                    continue
                tries = 0
                if error is None:
                    self.saved += 1
                    self._waiting.popleft()
                    continue
                # The program wants to end, and the server is not there: nobody waits for each of a thousand.
                for _ in range(len(self._waiting) if self._is_cut_off and self._is_closing else 1):
                    self._failed(self._waiting.popleft(), error)
        shelf.close()

    def _next(self) -> Message | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_closing)
            if self._waiting:
                return self._waiting[0]
            self._thread = None
            return None

    def _failed(self, message: Message, reason: object) -> None:
        self.failed += 1
        self.last_error = reason
        _log.warning("no copy of %s was saved in %s: %s", message.message_id, self.server, reason)


class _Shelf:
    """The folder, with a connection that is made when it is needed."""

    def __init__(self, where: Server) -> None:
        self._server = where
        self._mailbox: Imap | None = None
        self._folder = ""

    def put(self, message: Message) -> Exception | None:
        """Save a copy; return why not. A connection that was lost while nothing was to be done is made anew."""
        is_fresh = self._mailbox is None
        try:
            self._append(message)
        except TransportError as error:
            self.close()
            return error if is_fresh else self.put(message)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next message has a copy to be saved
            self.close()
            return error
        return None

    def _append(self, message: Message) -> None:
        from mailkit.mailbox.imap import Imap

        if self._mailbox is None:
            asked = self._server.folder or "\\Sent"
            self._mailbox = Imap(replace(self._server, folder=""))
            is_use = asked.startswith("\\") and special_name(asked)
            self._folder = self._mailbox.special(asked).name if is_use else asked
        self._mailbox.append(_with_bcc(message), folder=self._folder, flags=("seen",))

    def close(self) -> None:
        if self._mailbox is not None:
            with suppress(MailkitError):
                self._mailbox.logout()
            self._mailbox = None


def _with_bcc(message: Message) -> bytes:
    """Who sent it may see to whom it went."""
    blind = write_field(Field("Bcc", message.bcc)).encode() if message.bcc else b""
    return blind + bytes(message)
