"""Several processes that work on one journal, and the one that looks after them."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import TypeAlias

from mailkit import clock
from mailkit.bulk.helm import Helm
from mailkit.bulk.journal import Journal
from mailkit.bulk.progress import Observer, Progress
from mailkit.bulk.state import State
from mailkit.errors import ConfigError, JournalError, MailkitError

__all__ = ["Job", "run"]

_LOOK_EVERY = 0.2  # seconds

Job: TypeAlias = Callable[[Helm, Callable[[], bool]], None]
"""Works until nothing waits. It is given what ends it, and a question: is whoever started it gone?"""


def run(path: str, name: str, jobs: list[Job], *, helm: Helm, observer: Observer | None = None, limit: int = 0) -> None:
    """Run each job in a process of its own, and wait for all. Raises the first error that one of them has raised."""
    if "fork" not in multiprocessing.get_all_start_methods():
        raise ConfigError(
            f"several processes cannot be started on {sys.platform}",
            hint="Start the same command several times: they share the journal.",
        )
    with helm.heard():
        failure = _run(path, name, jobs, helm, observer, limit)
    if failure is not None:
        raise failure


def _run(
    path: str, name: str, jobs: list[Job], helm: Helm, observer: Observer | None, limit: int
) -> BaseException | None:
    context = multiprocessing.get_context("fork")
    # Before anybody works on it, and closed again: SQLite is not carried over a fork.
    with Journal(path, name=name) as journal:
        before = journal.account.counts()
    crew: list[tuple[BaseProcess, Connection]] = []
    for job in jobs:
        here, there = context.Pipe(duplex=False)
        process: BaseProcess = context.Process(target=_work, args=(job, there, os.getpid()), name="mailkit-sender")
        process.start()
        there.close()
        crew.append((process, here))
    try:
        return _look_after(crew, path, name, before, helm, observer, limit)
    except BaseException:
        for process, _ in crew:
            process.terminate()
        raise


def _work(job: Job, pipe: Connection, parent: int) -> None:
    """In the new process. Ctrl-C reaches the whole group of processes; it is the parent who passes it on."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    helm = Helm()
    failure: BaseException | None = None
    with helm.signals("SIGTERM"), helm.heard():
        try:
            job(helm, lambda: os.getppid() != parent)
        except MailkitError as error:
            failure = error
    with suppress(OSError):
        pipe.send(failure)
    pipe.close()


def _look_after(
    crew: list[tuple[BaseProcess, Connection]],
    path: str,
    name: str,
    before: dict[State, int],
    helm: Helm,
    observer: Observer | None,
    limit: int,
) -> BaseException | None:
    start = clock.monotonic()
    failure: BaseException | None = None
    told = 0
    killed = 0
    with Journal(path, name=name) as journal:
        waiting = sum(before.get(state, 0) for state in (State.PENDING, State.DEFERRED, State.CLAIMED))
        total = min(waiting, limit) if limit else waiting
        alive = dict(crew)
        while alive:
            wait([process.sentinel for process in alive], timeout=_LOOK_EVERY)
            if helm.orders > told:
                told = helm.orders
                for process in alive:
                    process.terminate()  # SIGTERM: in order the first time, at once the second
            for process in [process for process in alive if process.exitcode is not None]:
                pipe = alive.pop(process)
                with suppress(EOFError, OSError):
                    failure = failure or pipe.recv()
                killed += process.exitcode != 0
                if failure is not None and not told:
                    helm.orders, told = 1, 1
                    for other in alive:
                        other.terminate()
            if observer is not None:
                observer(_progress(journal, before, total, clock.monotonic() - start))
    if failure is None and killed == len(crew):
        failure = JournalError(
            "all processes that were sending have been killed",
            hint="Nothing is lost; the same command goes on. Is there too little memory?",
        )
    return failure


def _progress(journal: Journal, before: dict[State, int], total: int, seconds: float) -> Progress:
    counts = journal.account.counts()
    changed = {
        state: counts.get(state, 0) - before.get(state, 0)
        for state in State
        if state.is_final or state is State.DEFERRED
    }
    under_way = counts.get(State.DOT, 0)
    return Progress(
        total, {state: count for state, count in changed.items() if count > 0}, seconds, under_way=under_way
    )
