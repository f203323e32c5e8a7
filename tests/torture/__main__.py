"""Torture the bulk sender, and print a table for the documentation: ``python -m tests.torture`` (``make torture``).

Without ``--scene``, ``--policy``, ``--processes``, ``--chunking`` or ``--fault`` all scenes are played. Every option may be
given in the environment too: ``TORTURE_KILLS=100``. Exit code 1 when anything was lost or came twice.
"""

import argparse
import os
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from tests.torture.account import HEAD, POLICIES, RESEND, Account, row
from tests.torture.arena import Trial
from tests.torture.scene import SCENES

FAULTS = tuple(
    f"{what}:0.002"
    for what in (
        *("greeting:close", "ehlo:421", "mail:454", "mail:421", "mail:reset", "rcpt:450", "rcpt:452", "rcpt:550"),
        *("rcpt:close", "data:451", "data:552", "data:reset", "body:close", "body:reset", "body:421"),
        *("record:451", "record:421", "record:554", "record:close", "reply:close", "reply:reset", "reply:half"),
    )
)
"""Something of everything; most of it is met in a trial of some thousands."""


def main() -> int:
    """Play the scenes that were asked for."""
    given = _parser().parse_args()
    first = Trial(
        recipients=given.recipients,
        kills=given.kills,
        connections=given.connections,
        lease=given.lease,
        delay=given.delay,
        hesitate=given.hesitate,
        ponder=given.ponder,
        arguments=tuple(shlex.split(given.arguments)),
        command=tuple(shlex.split(given.command)) if given.command else Trial.command,
        patience=given.patience,
    )
    _say(HEAD)
    is_well = True
    for turn in range(given.rounds):
        for name, scene, trial in _chosen(given, replace(first, seed=given.seed + turn)):
            is_well &= _play(f"{given.design}, {name}", scene, trial)
    return 0 if is_well else 1


def _chosen(given: argparse.Namespace, first: Trial) -> Iterator[tuple[str, str, Trial]]:
    """Yield the name, the scene and the trial of each line of the table."""
    if given.scene or given.policy or given.processes or given.chunking or given.fault:
        trial = replace(
            first,
            policy=given.policy or first.policy,
            processes=given.processes or first.processes,
            is_chunking=given.chunking,
            faults=tuple(given.fault),
        )
        marks = [f"{trial.processes} processes"] * (trial.processes > 1) + ["BDAT"] * trial.is_chunking
        marks += ["faults"] * bool(trial.faults) + [trial.policy]
        scene = given.scene or "killed"
        yield ", ".join([scene] * (scene != "killed") + marks), scene, trial
        return
    for policy in POLICIES:
        yield policy, "killed", replace(first, policy=policy)
    yield "BDAT, hold", "killed", replace(first, is_chunking=True)
    yield "BDAT, resend", "killed", replace(first, is_chunking=True, policy=RESEND)
    yield "3 processes, hold", "killed", replace(first, processes=3)
    yield "3 commands at once, hold", "together", first
    yield "2 commands, one asleep, hold", "stopped", replace(first, kills=min(first.kills, 5), ponder=5 * first.delay)
    yield "faults of the server, hold", "killed", replace(first, faults=FAULTS, kills=min(first.kills, 5))


def _play(design: str, scene: str, trial: Trial) -> bool:
    folder = Path(tempfile.mkdtemp(prefix="torture-"))
    began = time.monotonic()
    try:
        found: Account = SCENES[scene](trial, folder)
    except AssertionError as stuck:
        _say(f"| {design} | {trial.recipients:,} | | | | | not finished |")
        sys.stderr.write(f"{stuck}\nseed {trial.seed}; what is left of it is in {folder}\n")
        return False
    _say(row(design, found))
    sys.stderr.write(f"  seed {trial.seed}, {time.monotonic() - began:.1f} s, {dict(found.states)}\n")
    if found.complaints:
        complaints = "".join(f"- {complaint}\n" for complaint in found.complaints)
        sys.stderr.write(f"{complaints}what is left of it is in {folder}\n")
        return False
    shutil.rmtree(folder, ignore_errors=True)
    return True


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description="Kill the bulk sender, and count.")

    def add(name: str, default: int | float | str, told: str, choices: tuple[str, ...] | None = None) -> None:
        kind = type(default)
        value = kind(os.environ.get(f"TORTURE_{name.upper()}", default))
        parser.add_argument(f"--{name}", type=kind, default=value, help=told, choices=choices)

    add("kills", 25, "how often, in each trial")
    add("recipients", 6_000, "how many")
    add("connections", 8, "of each process")
    add("processes", 0, "of the command; more than one are killed apart and together")
    add("policy", "", "for messages in doubt", ("", *POLICIES))
    add("scene", "", "killed: one command; together: three; stopped: two, one asleep past its lease", ("", *SCENES))
    add("seed", 1, "of the moments, and of the server")
    add("rounds", 1, "play everything so often, each time with the next seed")
    add("lease", 1.0, "of the journal, in seconds")
    add("delay", 0.003, "of the server before it answers, in seconds")
    add("hesitate", 0.0, "of the server before it keeps a message, in seconds")
    add("ponder", 0.0, "of the server before it asks for the content, in seconds")
    add("patience", 120.0, "for each run, in seconds")
    add("arguments", "", "more for the command")
    add("command", "", "another command that takes the same arguments")
    add("design", "mailkit", "its name in the table")
    parser.add_argument("--chunking", action="store_true", default="TORTURE_CHUNKING" in os.environ, help="offer BDAT")
    parser.add_argument(
        "--fault",
        action="append",
        default=os.environ.get("TORTURE_FAULT", "").split(),
        metavar="PHASE:ACTION:OFTEN",
        help="of the server; see tests/kit/blackbox.py",
    )
    return parser


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
