"""A disk of its own for a program: a few megabytes of memory that can be full, or read-only. It takes no rights of root's
(Linux: a tmpfs in namespaces of the user's own)."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

BLOCK = 4_096
_READY = b"ready\n"


@dataclass(frozen=True)
class Room:
    """A disk that is mounted on ``path``, for those only who were started with :meth:`within`."""

    path: Path
    """Where its programs find it."""
    seen: Path
    """Where everybody else does."""
    keeper: int

    def within(self, *command: object) -> list[str]:
        """Return the command that runs another one there, in the folder that is the disk."""
        enter = ["nsenter", f"--target={self.keeper}", "--user", "--mount", "--preserve-credentials", "--"]
        return [*enter, "sh", "-c", 'cd "$0" && exec "$@"', str(self.path), *map(str, command)]

    def fill(self) -> None:
        """Leave no room on it, not for a single block."""
        with (self.seen / "ballast").open("ab", buffering=0) as file, suppress(OSError):
            while file.write(bytes(BLOCK)):
                pass

    def clear(self) -> None:
        """Make room again."""
        (self.seen / "ballast").unlink()

    def lock(self) -> None:
        """Make it read-only. Nobody may have anything on it open for writing."""
        self._remount("ro")

    def unlock(self) -> None:
        """Let it be written again."""
        self._remount("rw")

    def _remount(self, how: str) -> None:
        subprocess.run(self.within("mount", "-o", f"remount,{how}", self.path), check=True)


def missing() -> str | None:
    """Say what keeps such a disk from being made here, or None."""
    if absent := [program for program in ("unshare", "nsenter", "mount") if shutil.which(program) is None]:
        return f"not installed: {', '.join(absent)}"
    tried = subprocess.run(
        ["unshare", "-Urm", "mount", "-t", "tmpfs", "room", "/mnt"], capture_output=True, text=True, check=False
    )
    return tried.stderr.strip() or None if tried.returncode else None


@contextmanager
def room(path: Path, *, size: int) -> Iterator[Room]:
    """Mount a new disk of so many bytes on an empty folder until the block ends, and with it everything that is on the disk."""
    script = 'mount -t tmpfs -o "size=$1" room "$0" && echo ready && read -r _'
    # It ends when its standard input does: at the end of the block, and when the tests are killed.
    with subprocess.Popen(
        ["unshare", "-Urm", "sh", "-c", script, str(path), str(size)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as keeper:
        assert keeper.stdout is not None
        if keeper.stdout.readline() != _READY:
            raise RuntimeError(f"no disk could be mounted on {path}")
        yield Room(path, Path(f"/proc/{keeper.pid}/root{path.resolve()}"), keeper.pid)
