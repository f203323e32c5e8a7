"""What the recording server saw, and how it is started: see ``tests/kit/blackbox.py``."""

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.kit.blackbox import BREAKS

ROOT = Path(__file__).parents[2]
END_WITHIN = 10.0


@dataclass(frozen=True)
class Copy:
    """A message that was delivered."""

    id: str
    """Message-ID, in its angle brackets; empty without one."""
    to: tuple[str, ...]
    sha256: str
    """Of the whole message, with its header and without the dots of SMTP."""
    size: int
    at: float
    connection: int


@dataclass(frozen=True)
class Log:
    """What a server saw."""

    copies: tuple[Copy, ...] = ()
    breaches: tuple[str, ...] = ()
    """What the client must not have said."""
    faults: tuple[str, ...] = ()
    """PHASE:ACTION of each fault, as they came."""
    connections: int = 0

    @property
    def breaks(self) -> int:
        """How many faults may have kept replies from the client."""
        return sum(fault.partition(":")[2] in BREAKS for fault in self.faults)


def read_log(path: Path) -> Log:
    """Read what a server has written so far."""
    copies, breaches, faults, connections = [], [], [], 0
    for line in path.read_bytes().splitlines() if path.exists() else ():
        told = json.loads(line)
        connections = max(connections, told["connection"])
        if "id" in told:
            copies.append(Copy(**told | {"to": tuple(told["to"])}))
        elif "breach" in told:
            breaches.append(told["breach"])
        else:
            faults.append(told["fault"])
    return Log(tuple(copies), tuple(breaches), tuple(faults), connections)


@contextmanager
def blackbox(log: Path, options: Iterable[str] = ()) -> Iterator[int]:
    """Run the server and tell its port; at the end of the block everything that has come is in its log."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.kit.blackbox", "--log", str(log), *options],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        told = process.stdout.readline()
        if not told:
            raise RuntimeError(f"the recording server ended with {process.wait()} before it listened")
        yield int(told)
    finally:
        process.stdin.close()
        try:
            process.wait(END_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
