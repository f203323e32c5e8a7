"""From a list of recipients into the journal, a chunk of rows at a time."""

import json
from itertools import islice

from mailkit.bulk.addressing import Addressing
from mailkit.bulk.journal import Journal
from mailkit.bulk.recipients import Recipients, Row
from mailkit.bulk.state import Entry
from mailkit.errors import JournalError, MessageError, RecipientsError

__all__ = ["load"]

_CHUNK = 500  # rows in one transaction


def load(source: Recipients, journal: Journal, addressing: Addressing, *, accept_changes: bool) -> None:
    """Put the list into the journal, unless it is there already.

    Rows that cannot be used, and repeated addresses, are noted by their line. Raises RecipientsError for a list that
    cannot be used at all, and JournalError for one that has changed since its campaign began.
    """
    fingerprint = source.fingerprint()
    if journal.is_loaded and fingerprint == journal.fingerprint and fingerprint:
        return
    if journal.is_loaded and journal.has_begun and fingerprint != journal.fingerprint and not accept_changes:
        raise JournalError(
            f"{source.name} has changed since this campaign began",
            hint="To follow the new list (nobody gets it twice), say --accept-changes; for another campaign give it a --name.",
        )
    journal.begin_loading()
    is_checked = False
    rows = source.rows()
    while chunk := list(islice(rows, _CHUNK)):
        if not is_checked and (first := next((row for row in chunk if not row.problem), None)):
            addressing.check(first.data, source=source.name)
            is_checked = True
        entries, bad = _sorted(chunk, addressing, source)
        for duplicate, line in journal.load(entries):
            bad.append((duplicate.line, "duplicate", f"{duplicate.key} is already on line {line}"))
        journal.note_bad_rows(bad)
    if not is_checked and not journal.counts():
        raise RecipientsError("there is no recipient in the list", source=source.name)
    journal.finish_loading(source=source.name, fingerprint=fingerprint)


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
