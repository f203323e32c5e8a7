"""From a list of recipients into the journal, a chunk of rows at a time."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice

from mailkit import clock
from mailkit.bulk.addressing import Addressing
from mailkit.bulk.journal import Journal, Worker
from mailkit.bulk.recipients import Recipients, Row
from mailkit.bulk.state import Entry, InDoubt
from mailkit.errors import JournalError, MessageError, RecipientsError

__all__ = ["load"]

_CHUNK = 2_000  # rows in one transaction
_LOOK_EVERY = 0.1  # seconds, while another process reads the list


def load(
    source: Recipients,
    journal: Journal,
    addressing: Addressing,
    *,
    accept_changes: bool,
    observer: Callable[[int], None] | None = None,
) -> None:
    """Put the list into the journal, unless it is there already; ``observer`` is told how many rows have been read.

    Rows that cannot be used, and repeated addresses, are noted by their line. Raises RecipientsError for a list that
    cannot be used at all, and JournalError for one that has changed since its campaign began.
    """
    roll = journal.roll
    fingerprint = source.fingerprint()
    if roll.is_loaded and fingerprint == roll.fingerprint and fingerprint:
        return
    with _turn(journal) as worker:
        if roll.is_loaded and fingerprint == roll.fingerprint and fingerprint:
            return  # another process has done it meanwhile
        if roll.is_loaded and roll.has_begun and fingerprint != roll.fingerprint and not accept_changes:
            raise JournalError(
                f"{source.name} has changed since this campaign began",
                hint="To follow the new list (nobody gets it twice), say --accept-changes; for another campaign give it a --name.",
            )
        roll.begin()
        is_checked = False
        done = 0
        rows = source.rows()
        while chunk := list(islice(rows, _CHUNK)):
            if not is_checked and (first := next((row for row in chunk if not row.problem), None)):
                addressing.check(first.data, source=source.name)
                is_checked = True
            entries, bad = _sorted(chunk, addressing, source)
            for duplicate, line in roll.add(entries):
                bad.append((duplicate.line, "duplicate", f"{duplicate.key} is already on line {line}"))
            roll.note_bad_rows(bad)
            with journal.store.writing() as db:
                worker.renew(db, clock.now().timestamp())
            done += len(chunk)
            if observer is not None:
                observer(done)
        if not is_checked and not journal.account.counts():
            raise RecipientsError("there is no recipient in the list", source=source.name)
        roll.finish(source=source.name, fingerprint=fingerprint)


@contextmanager
def _turn(journal: Journal) -> Iterator[Worker]:
    """Be the only process that reads the list; wait while another one does, until it is done or gone."""
    with journal.store.writing() as db:
        worker = Worker.enter(db, journal.campaign, clock.now().timestamp(), policy=InDoubt.HOLD)
    try:
        while not journal.roll.take_turn(worker.id):
            time.sleep(_LOOK_EVERY)
            with journal.store.writing() as db:
                worker.renew(db, clock.now().timestamp())
                worker.sweep(db, clock.now().timestamp())
        yield worker
    finally:
        journal.roll.end_turn(worker.id)
        with journal.store.writing() as db:
            worker.leave(db, clock.now().timestamp())


def _sorted(
    rows: list[Row], addressing: Addressing, source: Recipients
) -> tuple[list[Entry], list[tuple[int, str, str]]]:
    """The rows that can be used, and for each of the others (line, kind, problem)."""
    entries: list[Entry] = []
    bad: list[tuple[int, str, str]] = []
    for row in rows:
        if row.problem:
            bad.append((row.line, "invalid", row.problem))
            continue
        try:
            key = addressing.address(row.data).key
        except MessageError as error:
            bad.append((row.line, "invalid", str(error)))
            continue
        _check_plain(row, source)
        entries.append(Entry(key, row.line, row.data))
    return entries, bad


def _check_plain(row: Row, source: Recipients) -> None:
    """The journal keeps rows as JSON. The cells of a file are text, which always can be."""
    for column, value in row.data.items() if source.path is None else ():
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except (TypeError, ValueError):
            raise RecipientsError(
                f"the value of {column!r} is a {type(value).__name__} that the journal cannot keep",
                source=source.name,
                line=row.line,
                hint="Give text or a number, such as value.isoformat() for a date.",
            ) from None
