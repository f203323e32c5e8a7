"""The scenes: who is killed, when, and what goes on meanwhile. Each returns the account of its trial."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.torture.account import Account
from tests.torture.arena import Arena, Stuck, Trial, arena, judge
from tests.torture.victim import POLL, Target, Victim

TOGETHER = 3
EARLY = 6  # every so manieth kill comes early: while the list is loaded, or what the last one left is taken up
MOMENTS = 60


def killed(trial: Trial, folder: Path) -> Account:
    """One command is killed again and again, and started again. Of several processes, all die, or one, or the parent."""
    with arena(trial, folder) as found:
        victim = found.start()
        while found.kills < trial.kills:
            if not victim.is_running:
                victim = found.start()
            if not _reach_moment(found, victim):
                if victim.killed:  # it has ended for the loss of a worker
                    continue
                break
            found.kills += 1
            victim.kill(found.chance.choice(list(Target)) if trial.processes > 1 else Target.ALL, found.chance)
        _end(found, [victim])
        finished = found.finish()
    return judge(trial, found, finished)


def together(trial: Trial, folder: Path) -> Account:
    """Several commands share a journal; one of them is killed, and another one takes its place."""
    with arena(trial, folder) as found:
        victims = [found.start() for _ in range(TOGETHER)]
        while found.kills < trial.kills:
            victims = [victim if victim.is_running else found.start() for victim in victims]
            if not _reach_moment(found, *victims):
                break
            found.kills += 1
            found.chance.choice(_running(victims)).kill(Target.ALL, found.chance)
        _end(found, victims)
        finished = found.finish()
    return judge(trial, found, finished)


def stopped(trial: Trial, folder: Path) -> Account:
    """Of two commands one is stopped until its lease is long over, and then goes on as if nothing had been.

    The last time, the other one finishes everything in between.
    """
    with arena(trial, folder) as found:
        pair = [found.start(), found.start()]
        while found.kills < trial.kills:
            pair = [victim if victim.is_running else found.start() for victim in pair]
            if not found.wait_for(found.moment(trial.kills - found.kills), *pair):
                break
            sleeper = found.chance.choice(_running(pair))
            others = [victim for victim in pair if victim is not sleeper]
            with _asleep(found, sleeper):
                found.kills += 1
                if found.kills == trial.kills:
                    found.run_to_the_end(*others)
                else:
                    _outlast(found, *others)
        _end(found, pair)
        finished = found.finish()
    return judge(trial, found, finished)


SCENES: dict[str, Callable[[Trial, Path], Account]] = {"killed": killed, "together": together, "stopped": stopped}


def _running(victims: list[Victim]) -> list[Victim]:
    return [victim for victim in victims if victim.is_running] or victims


def _reach_moment(found: Arena, *victims: Victim) -> bool:
    """Wait for the moment of a kill; False when the commands have ended by themselves."""
    count = found.moment(found.trial.kills - found.kills)
    if found.kills % EARLY == 0:
        deadline = time.monotonic() + found.chance.uniform(0.1, 1.2)
        while time.monotonic() < deadline and found.arrived < count and any(victim.is_running for victim in victims):
            time.sleep(POLL)
    elif found.wait_for(count, *victims):
        time.sleep(found.chance.uniform(0.0, 2 * found.trial.delay))  # not always just after a line of the log
    return any(victim.is_running for victim in victims)


def _end(found: Arena, victims: list[Victim]) -> None:
    """Let everything run to its end, with a command in the place of each one that was killed."""
    if found.kills < found.trial.kills:
        found.complaints.append(found.known(f"everything has ended after {found.kills} of {found.trial.kills} kills"))
    found.run_to_the_end(*[victim for victim in victims if victim.is_running and victim.killed])  # a worker was
    found.run_to_the_end(*[found.start() if victim.killed else victim for victim in victims])


@contextmanager
def _asleep(found: Arena, victim: Victim) -> Iterator[None]:
    """Stop a command for the length of the block, at a moment at which it does not hold up the others."""
    victim.stop()
    try:
        for _ in range(MOMENTS):
            if not victim.is_running or found.is_journal_free():
                break
            victim.go_on()
            time.sleep(found.chance.uniform(0.0, 0.02))
            victim.stop()
        else:
            raise Stuck(found.known(f"of {MOMENTS} moments there was none at which the journal was free"))
        yield
    finally:
        victim.go_on()


def _outlast(found: Arena, *others: Victim) -> None:
    """Wait until the lease of who is stopped is over and the others have taken what they may."""
    until = time.monotonic() + 1.5 * found.trial.lease
    while time.monotonic() < until and any(victim.is_running for victim in others):
        time.sleep(POLL)
