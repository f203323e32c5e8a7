"""Where a trial takes place: a list of recipients, a template, a recording server, and the commands that send."""

import csv
import json
import os
import random  # noqa: TID251 - seeded: the same trial every time, as far as processes can be
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.torture.account import HOLD, Account, account, read_rows
from tests.torture.victim import POLL, Victim
from tests.torture.witness import ROOT, blackbox, read_log

TEMPLATE = """\
Subject: Hello {{ name }}

Dear {{ name }},

this is for you, and for you only, once.
"""


@dataclass(frozen=True)
class Trial:
    """What is tried. Durations are in seconds."""

    recipients: int = 6_000
    kills: int = 25
    connections: int = 8
    processes: int = 1
    policy: str = HOLD
    seed: int = 1
    lease: float = 1.0
    delay: float = 0.003
    """Between the log of the server and its answer: most kills fall into it."""
    hesitate: float = 0.0
    """Before it keeps a message."""
    ponder: float = 0.0
    """Before it asks for the content."""
    jitter: float = 0.002
    is_chunking: bool = False
    window: int = 16
    """How many messages may be on their way in one connection, with chunks."""
    faults: tuple[str, ...] = ()
    per_connection: int = 0
    arguments: tuple[str, ...] = ()
    """More for the command."""
    command: tuple[str, ...] = (sys.executable, "-m", "mailkit")
    patience: float = 120.0
    """For each run, and for the next message."""

    @property
    def in_flight(self) -> int:
        """How many messages may have been said to their end, and not been answered, when all is killed."""
        return self.connections * self.processes * self.unanswered

    @property
    def unanswered(self) -> int:
        """The same for one connection. With DATA nothing is said behind the end before its answer, but the next envelope."""
        return self.window if self.is_chunking else 1


class Stuck(AssertionError):
    """Nothing happens any more."""


class Arena:
    """A trial under way. Made by :func:`arena`."""

    def __init__(self, trial: Trial, folder: Path, port: int) -> None:
        self.trial, self.folder = trial, folder
        self.journal, self.log = folder / "journal.db", folder / "log.jsonl"
        self.chance = random.Random(trial.seed)
        self.victims: list[Victim] = []
        self.kills = 0
        self.complaints: list[str] = []
        self._url = f"smtp://127.0.0.1:{port}"
        self._arrived = self._read_to = 0
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith("MAILKIT_")}
        self._environment |= {"MAILKIT_LEASE": str(trial.lease), "PYTHONPATH": str(ROOT)}
        self.recipients = [f"reader{number}@example.com" for number in range(trial.recipients)]

    # -- commands ------------------------------------------------------------------------------------------------

    def start(self) -> Victim:
        """Start the command that sends; it is the same every time."""
        trial = self.trial
        command = [*trial.command, "batch", "hello.txt", "list.csv", "--from", "ada@example.com", "--via", self._url]
        command += ["--journal", self.journal.name, "--connections", str(trial.connections)]
        command += ["--processes", str(trial.processes), "--in-doubt", trial.policy]
        command += ["--yes", "--json", "--no-preflight", *trial.arguments]
        victim = Victim(
            command,
            folder=self.folder,
            number=len(self.victims),
            environment=self._environment,
            patience=trial.patience,
        )
        self.victims.append(victim)
        return victim

    def ask(self, *arguments: str, within: float = 60.0) -> str:
        """Run another command to its end, and return what it prints."""
        ended = subprocess.run(
            [*self.trial.command, *arguments],
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=within,
            check=False,
        )
        if ended.returncode:
            told = [f"{' '.join(arguments)} ended with exit code {ended.returncode}", _tail(ended.stderr)]
            raise AssertionError("\n".join([*told, *self.complaints]))
        return ended.stdout

    def run_to_the_end(self, *victims: Victim) -> None:
        """Wait for commands that nobody kills any more; they must end as the documentation says."""
        for victim in victims:
            if not victim.wait():
                raise Stuck(self.known(f"a run has not ended after {self.trial.patience:.0f} s"))
            if not victim.killed and victim.code not in {0, 1, 3}:
                self.complaints.append(f"a run ended with exit code {victim.code}: {_tail(victim.err)}")

    # -- what has arrived ----------------------------------------------------------------------------------------

    @property
    def arrived(self) -> int:
        """How many messages are in the log of the server."""
        with self.log.open("rb") as log:
            log.seek(self._read_to)
            news = log.read()
        whole = news[: news.rfind(b"\n") + 1]
        self._read_to += len(whole)
        self._arrived += sum(line.startswith(b'{"id"') for line in whole.splitlines())
        return self._arrived

    def wait_for(self, count: int, *victims: Victim) -> bool:
        """Wait until so many messages have arrived; False when all the commands have ended before."""
        last, changed = -1, time.monotonic()
        while (now := self.arrived) < count:
            if not any(victim.is_running for victim in victims):
                return self.arrived >= count
            if now != last:
                last, changed = now, time.monotonic()
            elif time.monotonic() - changed > self.trial.patience:
                raise Stuck(self.known(f"nothing has arrived for {self.trial.patience:.0f} s, and nothing has ended"))
            time.sleep(POLL)
        return True

    def moment(self, kills_left: int) -> int:
        """Choose how many messages are to have arrived at the next kill, so that the kills are spread over the trial."""
        left = max(self.trial.recipients - self.arrived, 0)
        return self.arrived + self.chance.randrange(1, max(2, round(1.6 * left / (kills_left + 1))))

    def is_journal_free(self) -> bool:
        """Whether a transaction can be had: who is stopped within one holds up everybody, and that is no trial of leases."""
        with closing(sqlite3.connect(self.journal, timeout=0.5, isolation_level=None)) as database:
            try:
                database.execute("BEGIN IMMEDIATE")
                database.execute("ROLLBACK")
            except sqlite3.OperationalError:
                return False
        return True

    def known(self, what: str) -> str:
        """Say what is known when a trial goes no further."""
        lines = [what, f"{self.arrived:,} of {self.trial.recipients:,} have arrived, after {self.kills} kills"]
        for number, victim in enumerate(self.victims):
            if victim.is_running or victim is self.victims[-1]:
                lines.append(f"run {number}: exit code {victim.code}, {len(victim.workers())} workers")
                lines.append(_tail(victim.err))
        try:
            lines.append(self.ask("journal", "status", self.journal.name, "--json", within=10.0))
        except (AssertionError, subprocess.TimeoutExpired):
            lines.append("the journal does not tell its status")
        return "\n".join(lines)

    # -- the end -------------------------------------------------------------------------------------------------

    def finish(self) -> tuple[str, dict[str, int]]:
        """Ask the journal for its account, and see that another run has nothing to do. Returns rows and counts."""
        for number, victim in enumerate(self.victims):
            if not victim.wait():
                self.complaints.append(f"run {number} has left processes behind")
            if "Traceback" in victim.err:
                self.complaints.append(f"run {number} ended with a traceback: {_tail(victim.err)}")
        status = json.loads(self.ask("journal", "status", self.journal.name, "--json"))
        counts: dict[str, int] = status["states"]
        differing = [state for state, count in counts.items() if status.get(state) != count]
        if differing:
            self.complaints.append(f"two counts of the journal for {', '.join(differing)}")
        rows = self.ask("journal", "export", self.journal.name, "--format", "csv")
        if not counts.get("deferred"):
            before = self.arrived
            self.run_to_the_end(self.start())
            if self.arrived != before:
                self.complaints.append(f"a run after the last one has sent {self.arrived - before:,} more")
        return rows, counts


@contextmanager
def arena(trial: Trial, folder: Path) -> Iterator[Arena]:
    """Prepare a trial in an empty folder; at the end of the block everything that was started is gone."""
    (folder / "hello.txt").write_text(TEMPLATE)
    options = [f"--{name}={getattr(trial, name)}" for name in ("seed", "ponder", "hesitate", "delay", "jitter")]
    options += [f"--per-connection={trial.per_connection}"]
    options += ["--chunking"] * trial.is_chunking + [f"--fault={fault}" for fault in trial.faults]
    with ExitStack() as cleanup:
        port = cleanup.enter_context(blackbox(folder / "log.jsonl", options))
        found = Arena(trial, folder, port)
        with (folder / "list.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["email", "name"])
            writer.writerows([address, f"Reader {number}"] for number, address in enumerate(found.recipients))
        try:
            yield found
        finally:
            for victim in found.victims:
                victim.end()


def judge(trial: Trial, found: Arena, finished: tuple[str, dict[str, int]]) -> Account:
    """Draw up the account, once the server has ended and its log is whole."""
    exported, counts = finished
    drawn = account(
        read_log(found.log),
        read_rows(exported),
        found.recipients,
        policy=trial.policy,
        kills=found.kills,
        in_flight=trial.in_flight,
        window=trial.unanswered,
        counts=counts,
    )
    return replace(drawn, complaints=(*drawn.complaints, *found.complaints))


def _tail(text: str, lines: int = 15) -> str:
    return "\n".join(text.rstrip().splitlines()[-lines:])
