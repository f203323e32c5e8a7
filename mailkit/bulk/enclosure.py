"""Files that the rows of a list name: only those in one folder, each read once while many rows share it.

A list is often somebody else's file. So a path in it leads to a file in the folder or to nothing, whatever ``..``,
absolute paths and symbolic links it goes by: a row cannot have a private file of the sender mailed to itself.
"""

import os
import re
from collections import OrderedDict
from os import PathLike
from pathlib import Path
from threading import Lock
from typing import Any

from mailkit.errors import AttachmentError
from mailkit.message import Attachment

__all__ = ["Enclosures"]

_MOST_FILES = 100
_MOST_BYTES = 67_108_864  # as they are and as they are encoded
_SEPARATORS = re.compile("[;|]")


class Enclosures:
    """Finds the files. Without a ``root`` there are none. Safe to share between threads."""

    def __init__(self, root: str | PathLike[str] | None) -> None:
        self._root = None if root is None else Path(os.path.realpath(root))
        self._lock = Lock()
        self._kept: OrderedDict[str, tuple[Attachment, int]] = OrderedDict()
        self._size = 0

    def files(self, cell: Any) -> list[Attachment]:
        """Return the files of a cell: paths separated by ``;`` or ``|``, or a list. Raises AttachmentError."""
        paths = _SEPARATORS.split(cell) if isinstance(cell, str) else cell
        if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
            raise AttachmentError("paths are wanted: text with ';' between them, or a list of texts")
        return [self._file(path) for path in map(str.strip, paths) if path]

    def _file(self, path: str) -> Attachment:
        with self._lock:  # a second thread waits for the file rather than read it again
            if path in self._kept:
                self._kept.move_to_end(path)
                return self._kept[path][0]
            file = self._read(path)
            size = (
                file.size + file.size * 4 // 3 if isinstance(file.content, bytes) else 0
            )  # the others stay on the disk
            self._kept[path] = file, size
            self._size += size
            while len(self._kept) > _MOST_FILES or self._size > _MOST_BYTES:
                self._size -= self._kept.popitem(last=False)[1][1]
            return file

    def _read(self, path: str) -> Attachment:
        if self._root is None:
            raise AttachmentError(
                f"{path!r} is in no folder that is known: this list is no file",
                hint="Say which folder the files are in: attachment_root.",
            )
        try:
            found = Path(os.path.realpath(self._root / path))
            is_there = found.exists()
        except (OSError, ValueError):  # too long, or with a NUL
            raise AttachmentError(f"{path!r:.200} is no path") from None
        if not found.is_relative_to(self._root):
            raise AttachmentError(
                f"{path!r} is not in {str(self._root)!r}", hint="Move it there, or say another attachment_root."
            )
        if not is_there:
            hint = f"Paths begin in {self._root}." + " Folders are separated by '/'." * ("\\" in path)
            raise AttachmentError(f"there is no file {path!r}", hint=hint)
        return Attachment.from_path(found, filename=Path(path).name)
