"""Messages in a Maildir: one file each, moved from ``tmp`` to ``new`` when it is complete. No locks are needed.

What lies in ``new`` is whole and on the disk, whenever this process or the machine dies. Any number of processes and
machines may deliver into one folder.
"""

import os
import re
import socket
from collections.abc import Iterable
from contextlib import suppress
from itertools import chain, count
from pathlib import Path

from mailkit import clock
from mailkit.message import Envelope, Message
from mailkit.transport.base import Transport, all_accepted
from mailkit.transport.disk import check_folder, unwritable
from mailkit.transport.outcome import Outcome, Status
from mailkit.transport.spool import local_lines, trace

__all__ = ["MaildirTransport"]

_delivery = count(1)


class MaildirTransport(Transport):
    """Delivers into the Maildir at ``folder``, which is made when it is not there, for its owner alone.

    A message is one file, however many recipients it has: each has its Delivered-To line in it, blind copies too.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        self.name = f"maildir:{self.folder}"

    def deliver(self, envelope: Envelope, message: Message) -> tuple[Outcome, ...]:
        unique = _unique_name()
        partial, final = self.folder / "tmp" / unique, self.folder / "new" / unique
        try:
            self._make()
            try:
                _write(partial, chain((trace(envelope),), local_lines(message.wire())))
                partial.rename(final)
            except BaseException:
                with suppress(OSError):
                    partial.unlink()
                raise
        except OSError as error:
            raise unwritable(self.folder, error) from None
        try:
            _sync_folder(final.parent)
        except OSError as error:
            # The message is there; whether it is still there after a power cut, nobody can say.
            text = f"not known to be on the disk: {error.strerror or error}"
            return tuple(
                Outcome(recipient, Status.IN_DOUBT, text=text, queue_id=unique, relay=self.name)
                for recipient in envelope.recipients
            )
        return all_accepted(envelope, relay=self.name, text=f"delivered as new/{unique}", queue_id=unique)

    def _make(self) -> None:
        if (self.folder / "new").is_dir() and (self.folder / "tmp").is_dir():
            return
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in ("tmp", "new", "cur"):
            (self.folder / name).mkdir(mode=0o700, exist_ok=True)

    def verify(self) -> tuple[str, ...]:
        for name in ("tmp", "new"):
            check_folder(self.folder / name)
        return (f"can deliver into {self.folder}",)


def _unique_name() -> str:
    """Seconds, then what no other delivery on this machine has: microseconds, process, count and chance; then the host."""
    moment = clock.now()
    host = re.sub(r"[^A-Za-z0-9._-]", "_", socket.gethostname()) or "localhost"
    middle = f"M{moment.microsecond}P{os.getpid()}Q{next(_delivery)}R{clock.token()[:16]}"
    return f"{int(moment.timestamp())}.{middle}.{host}"


def _write(path: Path, blocks: Iterable[bytes]) -> None:
    # O_EXCL: a file or a link that somebody has put there is an error, and is not written to.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.writelines(blocks)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # a folder cannot be opened there
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
