"""A command that is going to be killed, stopped or waited for, with the processes that it makes.

It has a session of its own, and so whatever it starts is known by that session, even when the parent is gone (Linux).
"""

import os
import random  # noqa: TID251 - seeded
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from enum import StrEnum
from pathlib import Path

POLL = 0.002


class Target(StrEnum):
    """What is hit."""

    ALL = "all"
    PARENT = "parent"
    WORKER = "worker"


class Victim:
    """One run of a command."""

    def __init__(
        self, command: Sequence[str], *, folder: Path, number: int, environment: Mapping[str, str], patience: float
    ) -> None:
        self.patience = patience
        self.killed: list[Target] = []
        """What was hit by us, in order."""
        self.out_file, self.err_file = folder / f"{number}.out", folder / f"{number}.err"
        with self.out_file.open("wb") as out, self.err_file.open("wb") as err:
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )

    @property
    def code(self) -> int | None:
        """The exit code, once the parent has ended."""
        return self._process.poll()

    @property
    def is_running(self) -> bool:
        return self.code is None

    @property
    def err(self) -> str:
        """What it has said on standard error."""
        return self.err_file.read_text(errors="replace")

    def workers(self) -> list[int]:
        """Return the processes that it has made and that have made none: neither the parent, nor a fork server."""
        family = _session(self._process.pid)
        parents = set(family.values())
        return [pid for pid in family if pid not in parents and pid != self._process.pid and not _is_tracker(pid)]

    def kill(self, target: Target, chance: random.Random) -> Target:
        """SIGKILL what is named, or all when there is no such process. Returns what was hit."""
        workers = self.workers() if target is Target.WORKER else []
        if workers:
            with suppress(ProcessLookupError):
                os.kill(chance.choice(workers), signal.SIGKILL)
        elif target is Target.PARENT:
            self._process.kill()
            self._process.wait()
        else:
            target = Target.ALL
            self._signal_all(signal.SIGKILL)
            self._process.wait()
        self.killed.append(target)
        return target

    def stop(self) -> None:
        """SIGSTOP the whole family: for everybody else it has just become very slow."""
        self._signal_all(signal.SIGSTOP)

    def go_on(self) -> None:
        """SIGCONT."""
        self._signal_all(signal.SIGCONT)

    def wait(self) -> bool:
        """Wait until the parent and all that it has made are gone; False when they are not in time."""
        deadline = time.monotonic() + self.patience
        while self.is_running or _session(self._process.pid):
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL * 5)
        return True

    def end(self) -> None:
        """Leave nothing of it behind."""
        deadline = time.monotonic() + self.patience
        while (self.is_running or _session(self._process.pid)) and time.monotonic() < deadline:
            self._signal_all(signal.SIGKILL)
            time.sleep(POLL)

    def _signal_all(self, number: signal.Signals) -> None:
        """By their ids: a session has its number until the last of its processes is gone."""
        for pid in [self._process.pid] * self.is_running + list(_session(self._process.pid)):
            with suppress(ProcessLookupError):
                os.kill(pid, number)


def _session(number: int) -> dict[int, int]:
    """Return the living processes of a session, each with its parent."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                # "pid (name) state ppid pgrp session ...", and a name may have anything in it
                state, parent, _, session = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
                if int(session) == number and state not in "ZX":
                    found[int(entry.name)] = int(parent)
    return found


def _is_tracker(pid: int) -> bool:
    """Whether it is Python's own helper, which multiprocessing starts beside the workers."""
    with suppress(OSError):
        return b"resource_tracker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return True
