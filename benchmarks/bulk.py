"""Campaigns from end to end, from the list to the last reply: ``make bench BENCH=bulk``, or some of it, such as
``python -m benchmarks bulk campaign journal``. The parts ``resume`` and ``memory`` take minutes; BENCH_ROWS makes their list
shorter.

The server, smtp-sink, runs on the same cores as whoever sends. Each round is a process of its own, whose start is not counted:
premailer has one small cache for the whole process, and several users of it slow each other down to a third.
"""

import asyncio
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from benchmarks import million
from benchmarks.mailing import MAILINGS, SENDER, Mailing, loop, mailmerge
from benchmarks.servers import sink
from mailkit import AsyncMailer, Campaign, Mailer, Templates
from mailkit.bulk import Addressing, Composer, Recipients

ROUNDS = 5
SETTINGS = ((1, 1), (10, 1), (20, 1), (40, 1), (10, 2), (20, 2), (40, 2), (80, 2), (160, 2))
"""Connections and processes that are tried."""
_TRIED_WITH = 6_000  # messages
_ALONE = 20  # connections of one process, with and without a journal

Work = Callable[[], int]
"""Sends, and returns how many messages that were. It can go to another process."""


@dataclass(frozen=True)
class Post:
    """A mailing, a folder for its lists and journals, and the port of a server that takes it."""

    kind: str
    folder: Path
    port: int

    @property
    def mailing(self) -> Mailing:
        return MAILINGS[self.kind]

    def people(self, count: int) -> Path:
        path = self.folder / f"{count}.csv"
        return path if path.exists() else self.mailing.write_list(path, count)

    def url(self, connections: int) -> str:
        return f"smtp://127.0.0.1:{self.port}?tls=off&max_messages=9999999&max_connections={connections}"

    def campaign(
        self, count: int, *, connections: int, processes: int = 1, is_kept: bool = True, preflight: bool = False
    ) -> int:
        """mailkit's own way; ``is_kept`` says whether its journal is a file."""
        campaign = Campaign(
            template=self.mailing.template,
            templates=Templates(self.mailing.files),
            recipients=self.people(count),
            from_=SENDER,
            context=self.mailing.context,
            journal=Path(tempfile.mkdtemp(dir=self.folder), "journal.db") if is_kept else None,
            connections=connections,
            processes=processes,
            preflight=preflight,
        )
        with Mailer(self.url(connections)) as mailer:
            return campaign.send(mailer).sent

    def unkept(self, count: int, *, connections: int) -> int:
        """The same messages by ``send_many``, with nothing that knows who has got one."""
        composer = Composer(
            Templates(self.mailing.files),
            self.mailing.template,
            addressing=Addressing(),
            from_=SENDER,
            context=self.mailing.context,
        )
        rows = Recipients(self.people(count)).rows()
        messages = (composer.compose(row.data)[0].build() for row in rows)

        async def send() -> int:
            async with AsyncMailer(self.url(connections)) as mailer:

                async def one() -> int:
                    return sum([len(receipt.accepted) async for receipt in mailer.send_many(messages)])

                return sum(await asyncio.gather(*(one() for _ in range(connections))))

        return asyncio.run(send())

    def looped(self, count: int) -> int:
        return loop(self.mailing, self.people(count), self.port)

    def merged(self, count: int) -> int:
        return mailmerge(self.mailing, self.people(count), self.port)


@dataclass(frozen=True)
class Round:
    """How many were sent, how long that took, and the CPU of whoever sent."""

    count: int
    seconds: float
    cpu: float

    @property
    def rate(self) -> float:
        return self.count / self.seconds


def _alone(work: Work) -> Round:
    """Do it in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_measured, work).result()


def _measured(work: Work) -> Round:
    before, start = _cpu(), time.perf_counter()
    count = work()
    return Round(count, time.perf_counter() - start, _cpu() - before)


def _cpu() -> float:
    """Of this process and of those that it has waited for."""
    return sum(
        used.ru_utime + used.ru_stime
        for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def _rounds(contenders: dict[str, tuple[int, Work]]) -> dict[str, list[Round]]:
    """Five rounds of each in turn; each comes with how many messages it is to send."""
    found: dict[str, list[Round]] = {name: [] for name in contenders}
    for _ in range(ROUNDS):
        for name, (count, work) in contenders.items():
            done = _alone(work)
            assert done.count == count, f"{name} sent {done.count} of {count}"
            found[name].append(done)
    return found


def _told(name: str, rounds: list[Round], *, after: str = "") -> float:
    """Print a line, and return the median rate."""
    rates = sorted(one.rate for one in rounds)
    rate, cpu = statistics.median(rates), statistics.median(one.cpu / one.count for one in rounds) * 1000
    spread = f"{rates[0]:,.0f} to {rates[-1]:,.0f}; {rounds[0].count:,} a round"
    print(f"  {name:<40} {rate:>8,.0f}/s  {cpu:6.2f} s CPU for 1,000  {after or f'({spread})'}")
    return rate


# -- the campaign ------------------------------------------------------------------------------------------------------

_FEW = {"newsletter": (200, 200), "receipt": (300, 1_000)}
"""How many mailmerge and the loop are given in a round."""


def campaign() -> None:
    for kind in MAILINGS:
        with tempfile.TemporaryDirectory(prefix="mailkit-bench-") as folder, sink() as port:
            _race(Post(kind, Path(folder), port), 20_000)


def _race(post: Post, count: int) -> None:
    mailing = post.mailing
    print(f"\n{mailing.title}. A list of {count:,} as CSV, a journal on the disk, smtp-sink")
    connections, processes = _best(post)
    merged, looped = _FEW[post.kind]
    best = partial(post.campaign, count, connections=connections, processes=processes)
    contenders: dict[str, tuple[int, Work]] = {
        f"mailkit, {connections} connections, {processes} processes": (count, best),
        "mailkit, after a pre-flight of all": (count, partial(best, preflight=True)),
        "mailkit, 20 connections, 1 process": (count, partial(post.campaign, count, connections=20)),
        "mailmerge": (merged, partial(post.merged, merged)),
        "a loop over smtplib": (looped, partial(post.looped, looped)),
    }
    for size in (count, merged, looped):
        post.people(size)
    first, *_, other, last = [_told(name, rounds) for name, rounds in _rounds(contenders).items()]
    print(
        f"  mailkit is {first / other:,.1f}× mailmerge and {first / last:,.1f}× the loop; the aim is {mailing.aim:,}/s"
    )


def _best(post: Post) -> tuple[int, int]:
    """Try the settings, and return the best."""
    post.people(_TRIED_WITH)
    found = {
        setting: _alone(partial(post.campaign, _TRIED_WITH, connections=setting[0], processes=setting[1])).rate
        for setting in SETTINGS
    }
    shown = [f"{connections}/{processes}: {rate:,.0f}" for (connections, processes), rate in found.items()]
    print(f"  messages a second by connections/processes, {_TRIED_WITH:,} messages: {', '.join(shown)}")
    return max(found, key=lambda setting: found[setting])


# -- what the journal costs --------------------------------------------------------------------------------------------


def journal() -> None:
    for kind in MAILINGS:
        with tempfile.TemporaryDirectory(prefix="mailkit-bench-") as folder, sink() as port:
            _overhead(Post(kind, Path(folder), port), 10_000)


def _overhead(post: Post, count: int) -> None:
    post.people(count)
    alone = partial(post.campaign, count, connections=_ALONE)
    contenders: dict[str, tuple[int, Work]] = {
        "a journal on the disk": (count, alone),
        "a journal in memory": (count, partial(alone, is_kept=False)),
        "none: send_many": (count, partial(post.unkept, count, connections=_ALONE)),
    }
    print(f"\nWhat the journal costs, its loading too. {post.mailing.title}; one process, {_ALONE} connections")
    rounds = _rounds(contenders)
    kept = next(iter(rounds.values()))
    for name, found in rounds.items():
        # Round by round: what slows the machine down for a while slows both.
        more = [(one.seconds / other.seconds - 1) * 100 for one, other in zip(kept, found, strict=True)]
        than = f"the disk takes {statistics.median(more):+5.1f}% ({min(more):+.1f} to {max(more):+.1f})"
        _told(name, found, after="" if found is kept else than)
    print("  the aim is at most +15%")


PARTS: dict[str, Callable[[], None]] = {
    "campaign": campaign,
    "journal": journal,
    "resume": million.resume,
    "memory": million.memory,
}


def run(*parts: str) -> None:
    if unknown := set(parts) - PARTS.keys():
        sys.exit(f"bulk has no part {', '.join(unknown)}; it has {', '.join(PARTS)}")
    for name in parts or PARTS:
        PARTS[name]()
