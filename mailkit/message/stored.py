"""Large files: they stay on the disk, and are read in blocks each time a message that carries them is sent.

Theory of operation. A file over :data:`LARGEST_KEPT` is never held in memory whole. What a message keeps is where the
file lies, how long it is and when it was last changed; a file that has changed by the time of sending is an error,
because its size is promised to the server before its bytes are read, and because two recipients must not get two files.
"""

import os
import tempfile
import weakref
from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import FileIO
from pathlib import Path
from typing import BinaryIO

from mailkit.errors import AttachmentError
from mailkit.mime import transfer

__all__ = ["LARGEST_KEPT", "StoredBody", "StoredFile", "spooled", "stored"]

LARGEST_KEPT = 4 * 1024 * 1024
"""Bytes. Up to here a file is read at once, so that it may be changed or deleted before the message is sent."""

_BLOCK = 57 * 4096  # a whole number of lines of base64, about 228 KiB


@dataclass(frozen=True)
class StoredFile:
    """A file on the disk as it was when it was attached."""

    path: Path
    size: int
    modified: int
    """Nanoseconds, as the file system counts them."""
    is_temporary: bool = False
    """Whether the file goes when this value does: the copy of a stream."""

    def __getstate__(self) -> dict[str, object]:
        if self.is_temporary:
            raise AttachmentError(
                "a large stream cannot be pickled: its temporary file ends with this process",
                hint="Save it, and use Attachment.from_path().",
            )
        return self.__dict__

    def blocks(self) -> Iterator[bytes]:
        """Read the file. Raises AttachmentError, at the latest before the last block, when it is not what it was."""
        try:
            with self.path.open("rb", buffering=0) as file:
                self._compare(file)
                left = self.size
                while left:
                    block = file.read(min(_BLOCK, left))
                    left -= len(block)
                    if not block or not left:
                        self._compare(file)
                    if not block:
                        raise self._changed()
                    yield block
        except OSError as error:
            raise AttachmentError(f"cannot read {str(self.path)!r}: {error.strerror or error}") from None

    def _compare(self, file: FileIO) -> None:
        now = os.fstat(file.fileno())
        if (now.st_size, now.st_mtime_ns) != (self.size, self.modified):
            raise self._changed()

    def _changed(self) -> AttachmentError:
        return AttachmentError(
            f"{str(self.path)!r} has changed since it was attached",
            hint="Attach it when it is complete, and leave it alone until the message is sent.",
        )

    def read(self) -> bytes:
        """Return the whole content."""
        return b"".join(self.blocks())


@dataclass(frozen=True, slots=True)
class StoredBody:
    """A stored file in a transfer encoding, ``base64`` or ``binary``: its size is known, its bytes are made when read."""

    file: StoredFile
    encoding: str

    @property
    def size(self) -> int:
        return self.file.size if self.encoding == "binary" else transfer.base64_size(self.file.size)

    def blocks(self) -> Iterator[bytes]:
        """Read and encode the file, block by block. Raises AttachmentError when it has changed."""
        return self.file.blocks() if self.encoding == "binary" else transfer.base64_blocks(self.file.blocks())

    def holds(self, mark: bytes) -> bool:
        """Whether ``mark`` stands in what is written."""
        tail = b""
        if self.encoding == "binary":
            for block in self.blocks():
                if mark in tail + block:
                    return True
                tail = block[-len(mark) :]
        return False


def stored(path: Path, status: os.stat_result) -> StoredFile:
    """Return the file as it is now."""
    return StoredFile(path.absolute(), status.st_size, status.st_mtime_ns)


def spooled(file: BinaryIO) -> bytes | StoredFile:
    """Read ``file`` to its end. What is large goes into a temporary file, which lives as long as the result."""
    kept = _read(file, LARGEST_KEPT + 1)
    if len(kept) <= LARGEST_KEPT:
        return kept
    number, name = tempfile.mkstemp(prefix="mailkit-")
    try:
        with os.fdopen(number, "wb") as copy:
            while kept:
                copy.write(kept)
                kept = _read(file, _BLOCK)
        found = replace(stored(Path(name), Path(name).stat()), is_temporary=True)
    except BaseException:
        _remove(name, os.getpid())
        raise
    weakref.finalize(found, _remove, name, os.getpid())
    return found


def _read(file: BinaryIO, count: int) -> bytes:
    """Exactly ``count`` bytes, or what there is: a pipe gives less than it was asked for."""
    pieces: list[bytes] = []
    while count:
        block = file.read(count)
        if not isinstance(block, bytes):
            raise AttachmentError(
                f"the stream gives {type(block).__name__}, not bytes",
                hint="Open the file in binary mode: open(path, 'rb').",
            )
        if not block:
            break
        pieces.append(block)
        count -= len(block)
    return b"".join(pieces)


def _remove(name: str, owner: int) -> None:
    if os.getpid() == owner:  # a child that was forked shares the file, and must not take it from its parent
        Path(name).unlink(missing_ok=True)
