"""What the file system means for a message: whether a place can be written to, and whether trying again is worth it."""

import errno
import os
from pathlib import Path

from mailkit.errors import ConfigError, TransportError

__all__ = ["check_folder", "unwritable"]

# A full disk, a quota, a lock or a lack of descriptors passes. A path that is wrong stays wrong.
_PASSING = frozenset(
    getattr(errno, name)
    for name in (
        *("EAGAIN", "EBUSY", "EDEADLK", "EDQUOT", "EFBIG", "EINTR", "EIO", "EMFILE", "ENFILE", "ENOLCK", "ENOMEM"),
        *("ENOSPC", "ESTALE", "ETIMEDOUT"),
    )
    if hasattr(errno, name)
)


def unwritable(place: str | os.PathLike[str], error: OSError) -> TransportError:
    """Return the error to raise when ``place`` could not be written to. A full disk is temporary, a wrong path is not."""
    raised = TransportError(
        f"cannot write to {os.fspath(place)!r}: {error.strerror or error}",
        hint="Check the path, its rights and the disk.",
    )
    raised.is_temporary = error.errno in _PASSING
    return raised


def check_folder(folder: Path) -> None:
    """Raise ConfigError unless ``folder`` can be written to, or made where it is not there. It makes nothing."""
    absolute = folder.absolute()
    # What lies behind a folder that may not be looked into counts as not there: then that folder is the one to blame.
    existing = next(one for one in (absolute, *absolute.parents) if os.path.lexists(one))
    if not os.path.isdir(existing) or not os.access(existing, os.W_OK | os.X_OK):  # noqa: PTH112 - it never raises
        raise ConfigError(f"{str(existing)!r} is not a folder that can be written to")
