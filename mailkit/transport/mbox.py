"""Messages in an mbox: one file for all of them, each after a ``From `` line (RFC 4155), quoted as ``mboxrd`` does.

Who appends takes turns with all others by a lock file beside it and by the system's lock on the file, as mail programs
of Unix do. A message that could not be written to its end is cut off again, so that the file is as it was.
"""

import os
import re
import stat
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from mailkit import clock
from mailkit.errors import ConfigError, TransportError, TransportTimeout
from mailkit.message import Envelope, Message
from mailkit.transport.base import Transport, all_accepted
from mailkit.transport.disk import check_folder, unwritable
from mailkit.transport.outcome import Outcome, Status
from mailkit.transport.spool import local_lines, trace

if sys.platform != "win32":
    import fcntl

__all__ = ["MboxTransport", "quoted", "separator"]

# ">From " gets one more ">", so that reading can take one away from each: mboxrd loses nothing.
_FROM = re.compile(rb"^(>*From )", re.MULTILINE)
_STALE = 300.0  # seconds: no delivery takes so long, so whoever made this lock file is dead
_PAUSE = 0.02
_threads = threading.Lock()  # the system's lock is the process's: threads must take turns by themselves


class MboxTransport(Transport):
    """Appends to the mbox at ``path``, which is made when it is not there, for its owner alone.

    ``timeout`` bounds the wait for other programs that have it locked. A message is there once, however many recipients
    it has: each has its Delivered-To line in it, blind copies too.
    """

    def __init__(self, path: str | os.PathLike[str], *, timeout: float = 60.0) -> None:
        self.path = Path(path)
        self.timeout = timeout
        self.name = f"mbox:{self.path}"

    def deliver(self, envelope: Envelope, message: Message) -> tuple[Outcome, ...]:
        message.wire()  # what cannot be written fails before anything is locked
        patience = _Patience(self.path, self.timeout)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with _thread_lock(patience), _lock_file(patience), _opened(self.path) as descriptor:
                _lock(descriptor, patience)
                doubt = _append(descriptor, envelope, message)
        except TransportTimeout:  # which is an OSError too
            raise
        except OSError as error:
            raise unwritable(self.path, error) from None
        if doubt:
            return tuple(
                Outcome(recipient, Status.IN_DOUBT, text=doubt, relay=self.name) for recipient in envelope.recipients
            )
        return all_accepted(envelope, relay=self.name, text="appended")

    def verify(self) -> tuple[str, ...]:
        if not os.path.lexists(self.path):
            check_folder(self.path.parent)
        elif not os.path.isfile(self.path) or not os.access(self.path, os.W_OK):  # noqa: PTH113 - it never raises
            raise ConfigError(f"{str(self.path)!r} is not a file that can be written to")
        return (f"can append to {self.path}",)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    # O_NONBLOCK: a pipe without a reader is refused at once. O_APPEND is not there: the place is chosen under the lock.
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags, 0o600)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise TransportError(f"{str(path)!r} is not a file", hint="An mbox is a plain file.")
        yield descriptor
    finally:
        os.close(descriptor)


def _append(descriptor: int, envelope: Envelope, message: Message) -> str:
    """Write the message at the end, and return what is in doubt about it: nothing, nearly always."""
    before = os.lseek(descriptor, 0, os.SEEK_END)
    try:
        sender = envelope.sender.wire if envelope.sender else ""
        _write(descriptor, _gap(descriptor, before) + separator(sender, clock.now()) + trace(envelope))
        for block in local_lines(message.wire()):
            _write(descriptor, quoted(block))
        _write(descriptor, b"\n")
        os.fsync(descriptor)
    except BaseException as error:
        try:
            os.ftruncate(descriptor, before)
            os.fsync(descriptor)
        except OSError as second:
            if not isinstance(error, OSError):
                raise
            return f"written in part, and could not be cut off again: {second.strerror or second}"
        raise
    return ""


def _gap(descriptor: int, size: int) -> bytes:
    """What is missing of the empty line before a message, when something else has left the file without one."""
    end = b""
    if size:
        os.lseek(descriptor, max(0, size - 2), os.SEEK_SET)
        end = os.read(descriptor, 2)
        os.lseek(descriptor, 0, os.SEEK_END)
    if not end or end == b"\n\n":
        return b""
    return b"\n" if end.endswith(b"\n") else b"\n\n"


def separator(sender: str, at: datetime) -> bytes:
    """Return the line before a message (RFC 4155): the envelope's sender, and the time in UTC.

    What is not ASCII, or would end the address, is a question mark.
    """
    shown = re.sub(r"[^!-~]", "?", sender or "MAILER-DAEMON")
    return f"From {shown} {at.astimezone(UTC).ctime()}\n".encode()


def quoted(lines: bytes) -> bytes:
    """Return whole lines of a message so that none looks like the one before the next."""
    return _FROM.sub(rb">\1", lines)


def _write(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


# -- taking turns ------------------------------------------------------------------------------------------------------


class _Patience:
    """How long to wait for the others, all in all."""

    def __init__(self, path: Path, seconds: float) -> None:
        self.path = path
        self.left = seconds

    def wait(self) -> None:
        if self.left <= 0:
            raise self.over()
        time.sleep(_PAUSE)
        self.left -= _PAUSE

    def over(self) -> TransportTimeout:
        return TransportTimeout(
            f"{str(self.path)!r} is locked by another program",
            hint=f"If there is none, remove '{self.path}.lock'.",
        )


@contextmanager
def _thread_lock(patience: _Patience) -> Iterator[None]:
    if not _threads.acquire(timeout=max(0.0, patience.left)):
        raise patience.over()
    try:
        yield
    finally:
        _threads.release()


@contextmanager
def _lock_file(patience: _Patience) -> Iterator[None]:
    """Hold ``path.lock``, which other programs respect. Where no file may be made beside it, the system's lock must do."""
    lock = Path(f"{patience.path.resolve()}.lock")
    is_made = False
    while not is_made:
        try:
            os.close(os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            is_made = True
        except FileExistsError:
            _remove_stale(lock)
            patience.wait()
        except PermissionError:
            break
    try:
        yield
    finally:
        if is_made:
            lock.unlink(missing_ok=True)


def _remove_stale(lock: Path) -> None:
    # Two who find it stale at once may both go on: then the system's lock keeps them apart.
    with suppress(OSError):
        if clock.now().timestamp() - lock.stat().st_mtime > _STALE:
            lock.unlink()


def _lock(descriptor: int, patience: _Patience) -> None:
    """Take the system's lock, the one that works over NFS too. It ends when the file is closed, or the process."""
    if sys.platform == "win32":
        return
    while True:
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except (BlockingIOError, PermissionError):
            patience.wait()
