"""Which messages of a POP3 mailbox were read before: a small text file, whose first line says of which mailbox.

A line is added for each message, and the file is written anew, with those that are still there, when all has been read.
What a crash cuts short is as if it had not been written: a message is read twice then, and none is lost.
"""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from mailkit.errors import ConfigError

__all__ = ["Seen"]

_TITLE = "# mailkit: messages that were read of "


class Seen:
    """The unique ids (UIDL) of one mailbox. Raises ConfigError for a file that is something else."""

    def __init__(self, path: str | os.PathLike[str], mailbox: str) -> None:
        self.path = Path(path)
        self._title = f"{_TITLE}{mailbox}\n"
        try:
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_CLOEXEC", 0), 0o600)
            try:
                self.known = frozenset(self._read())
            except BaseException:
                os.close(self._file)
                raise
        except OSError as error:
            raise ConfigError(f"the state file {str(self.path)!r} cannot be used: {error.strerror}") from None

    def _read(self) -> list[str]:
        with os.fdopen(os.dup(self._file), "rb") as file:
            file.seek(0)
            data = file.read()
        whole = data[: data.rfind(b"\n") + 1]
        title, *found = whole.decode("latin-1").split("\n")[:-1] or [""]
        if not whole and self._title.encode().startswith(data):
            os.ftruncate(self._file, 0)
            self._write(self._title.encode())
        elif f"{title}\n".encode("latin-1") != self._title.encode():
            is_ours = title.startswith(_TITLE)
            raise ConfigError(
                f"{str(self.path)!r} is the state of another mailbox: {title.removeprefix(_TITLE)}"
                if is_ours
                else f"{str(self.path)!r} is no state file of a mailbox",
                hint="Give each mailbox a file of its own.",
            )
        elif len(whole) < len(data):
            os.ftruncate(self._file, len(whole))
        return found

    def add(self, uid: str) -> None:
        """Note that a message was read."""
        self._write(f"{uid}\n".encode("latin-1", "replace"))

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._file, rest) :]

    def keep(self, there: Iterable[str], read: Iterable[str]) -> None:
        """Forget what is not in the mailbox any more, so that the file does not grow for ever."""
        still = frozenset(there)
        if self.known <= still:
            os.fsync(self._file)
            return
        lines = [f"{uid}\n" for uid in dict.fromkeys((*sorted(self.known), *read)) if uid in still]
        fresh = self.path.with_name(f"{self.path.name}.{os.getpid()}.new")
        try:
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(self._title.encode() + "".join(lines).encode("latin-1", "replace"))
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self.path)
        finally:
            with suppress(FileNotFoundError):
                fresh.unlink()

    def __enter__(self) -> "Seen":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._file)
