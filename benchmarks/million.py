"""A campaign to a million: how soon it goes on after it was ended, and the memory that it takes."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mailkit import Campaign, Mailer, Templates
from mailkit.bulk import Addressing, Journal, Progress, Recipients, Stage
from mailkit.bulk.load import load
from mailkit.net import Listener
from mailkit.smtp import Policy, Received, Reply

__all__ = ["memory", "resume"]

ROWS = int(os.environ.get("BENCH_ROWS", "1_000_000"))
SENDER = "letters@news.example.com"
FILES = {
    "letter.txt": "Subject: {{ first }}, your points\n\nDear {{ first }} {{ last }},\n\n"
    "you have {{ points }} points in {{ city }}, which are good until the end of the year.\n\nYours,\nthe letters\n"
}
_NAME = "the million"
_ROUNDS = 5


def _write_list(path: Path, count: int) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write("email,first,last,city,points\r\n")
        for number in range(count):
            file.write(f"reader{number}@example.com,Zoë,Reader {number},Köln,{number * 3}\r\n")
    return path


def _megabytes(size: float) -> str:
    return f"{size / 1e6:,.0f} MB"


def _campaign(people: Path, journal: Path | None, *, connections: int = 20, limit: int = 0) -> Campaign:
    return Campaign(
        template="letter.txt",
        templates=Templates(FILES),
        recipients=people,
        from_=SENDER,
        journal=journal,
        name=_NAME,
        connections=connections,
        limit=limit,
        preflight=False,  # a campaign that goes on has had it, and does not do it again
    )


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="mailkit-bench-") as name:
        yield Path(name)


# -- going on ----------------------------------------------------------------------------------------------------------


class _Doorbell(Policy):
    """A server that remembers when the first message had come."""

    def __init__(self) -> None:
        self.rung_at = 0.0

    def message(self, received: Received) -> Reply | None:
        self.rung_at = self.rung_at or time.perf_counter()
        return None


def resume() -> None:
    """Seconds from the start of Python to the first message at the server, half of a list having been sent before."""
    with _folder() as folder:
        people, journal = _write_list(folder / "people.csv", ROWS), folder / "journal.db"
        start = time.perf_counter()
        with Journal(journal, name=_NAME) as opened:
            load(Recipients(people), opened, Addressing(), accept_changes=False)
        loaded = time.perf_counter() - start
        _send_half(journal)
        size = sum(file.stat().st_size for file in folder.glob("journal.db*"))
        print(
            f"\nGoing on with a campaign of {ROWS:,}, half of them sent; the list is unchanged, {_megabytes(people.stat().st_size)}"
        )
        print(
            f"  the list was loaded in {loaded:.1f} s ({ROWS / loaded:,.0f} rows/s); the journal has {_megabytes(size)}"
        )
        for title, is_cold in (("files in the system's cache", False), ("files on the disk only", True)):
            waits = []
            for _ in range(_ROUNDS):
                if is_cold:
                    _forget(folder)
                waits.append(_first_message(folder))
            print(
                f"  {title:<28} {statistics.median(waits):6.2f} s to the first message"
                f"  ({min(waits):.2f} to {max(waits):.2f}; the aim is 2 s)"
            )


def _send_half(journal: Path) -> None:
    """Write what a run that had sent half of them would have left, and nothing in the write-ahead log."""
    with Journal(journal, name=_NAME) as opened, opened.store.writing() as db:
        db.execute(
            "UPDATE recipient SET state = 'sent', epoch = 1, attempts = 1, first_attempt_at = ?1, updated_at = ?1, code = 250, "
            "enhanced = '2.0.0', text = 'Ok', relay = 'smtp://127.0.0.1:2525', queue_id = printf('4cTq%08x', id), "
            "message_id = printf('<abcdefghijklmnopqr%08x@news.example.com>', id) WHERE id <= ?2",
            (time.time(), ROWS // 2),  # noqa: TID251 - as the journal has it
        )


def _forget(folder: Path) -> None:
    """Have the system drop what it keeps of the files."""
    for file in folder.iterdir():
        with file.open("rb") as opened:
            os.fsync(opened.fileno())
            os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _first_message(folder: Path) -> float:
    bell = _Doorbell()
    with Listener(bell) as server:
        start = time.perf_counter()
        _child("resume", folder, server.port)
        return bell.rung_at - start


# -- memory ------------------------------------------------------------------------------------------------------------


def memory() -> None:
    """The peak of a process that checks a list, or sends it to nowhere: a tenth of the list, and all of it."""
    tenth = ROWS // 10
    print(f"\nMemory of a campaign of {tenth:,} and of one of {ROWS:,}, plain text; in megabytes")
    print(f"  {'':<26} {f'peak, {tenth:,}':>14} {f'peak, {ROWS:,}':>16} {f'  at {tenth:,} of them':>22} {'seconds':>9}")
    for title, job in {"dry run, no journal": "check", "dry run, journal": "recheck", "sent to null:": "send"}.items():
        found = []
        for count in (tenth, ROWS):
            with _folder() as folder:
                _write_list(folder / "people.csv", count)
                found.append([float(one) for one in _child(job, folder, tenth).split()])
        (few, *_), (many, sampled, seconds) = found
        print(f"  {title:<26} {few:>14.0f} {many:>16.0f} {sampled:>22.0f} {seconds:>9.0f}")


def _kilobytes(name: str) -> float:
    """A line of what Linux knows of this process. (What getrusage tells has the parent's peak in it.)"""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return float(status.partition(f"{name}:")[2].split()[0])


def _weighed(job: str, folder: Path, at: int) -> str:
    """The peak, the memory when so many had been dealt with, and the seconds."""
    samples: list[float] = []

    def look(now: Progress) -> None:
        if now.stage is not Stage.READING and now.done >= at and not samples:
            samples.append(_kilobytes("VmRSS"))

    start = time.perf_counter()
    people, journal = folder / "people.csv", folder / "journal.db"
    if job == "send":
        with Mailer("null:") as mailer:
            report = _campaign(people, journal, connections=100).send(mailer, progress=look)
        assert report.sent
    else:
        if job == "recheck":
            with Journal(journal, name=_NAME) as opened:
                load(Recipients(people), opened, Addressing(), accept_changes=False)
        report = _campaign(people, journal if job == "recheck" else None).check(progress=look)
        assert report.ready
    seconds = time.perf_counter() - start
    return f"{_kilobytes('VmHWM') / 1000} {samples[0] / 1000} {seconds}"


# -- each in a process of its own --------------------------------------------------------------------------------------


def _child(job: str, folder: Path, number: int) -> str:
    command = [sys.executable, "-m", "benchmarks.million", job, str(folder), str(number)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def _go_on(folder: Path, port: int) -> None:
    with Mailer(f"smtp://127.0.0.1:{port}?tls=off") as mailer:
        _campaign(folder / "people.csv", folder / "journal.db", limit=100).send(mailer)


if __name__ == "__main__":
    _job, _where, _number = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    if _job == "resume":
        _go_on(_where, _number)
    else:
        print(_weighed(_job, _where, _number))
