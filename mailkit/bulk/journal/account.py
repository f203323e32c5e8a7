"""What a journal knows of a campaign: counts, results, reasons."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from mailkit.bulk.domains import group_of
from mailkit.bulk.journal.store import Store
from mailkit.bulk.state import Entry, Result, State

__all__ = ["Account", "Cause", "Line"]

_CHUNK = 500
_RESULT = (
    "key, state, code, enhanced, text, relay, queue_id, message_id, attempts, "
    "CASE WHEN state IN ('pending', 'deferred') THEN next_attempt_at ELSE 0 END, updated_at"
)


@dataclass(frozen=True, slots=True)
class Line:
    """One recipient of the list with what became of it."""

    line: int
    result: Result


@dataclass(frozen=True, slots=True)
class Cause:
    """Why some did not get it: the same state and code for the same group of domains."""

    state: State
    code: int
    enhanced: str
    group: str
    """The domain group of their addresses."""
    text: str
    """What was said to one of them."""
    count: int


class Account:
    """Looks at a campaign in the journal, and changes nothing."""

    def __init__(self, store: Store, campaign: int) -> None:
        self._store = store
        self._campaign = campaign

    def counts(self) -> dict[State, int]:
        """Return how many recipients are in each state."""
        with self._store.reading() as db:
            found = db.execute(
                "SELECT state, count(*) FROM recipient WHERE campaign = ? GROUP BY state", (self._campaign,)
            ).fetchall()
        return {State(state): count for state, count in found}

    @property
    def paused(self) -> str:
        """Why the campaign is paused; empty when it is not."""
        with self._store.reading() as db:
            return str(db.execute("SELECT paused FROM campaign WHERE id = ?", (self._campaign,)).fetchone()[0])

    def next_time(self) -> float | None:
        """When the first of those who wait is to be tried, in seconds since 1970; None when nobody waits."""
        with self._store.reading() as db:
            found = db.execute(
                "SELECT min(next_attempt_at) FROM recipient INDEXED BY waiting "
                "WHERE campaign = ? AND state IN ('pending', 'deferred')",
                (self._campaign,),
            ).fetchone()[0]
        return None if found is None else float(found)

    def waiting(self) -> Iterator[Entry]:
        """Go through all recipients that are still to be sent to, in the order of the list."""
        last = -1
        while True:
            with self._store.reading() as db:
                rows = db.execute(
                    "SELECT r.key, r.line, c.data, r.id, r.epoch, r.attempts, r.first_attempt_at "
                    "FROM recipient r NOT INDEXED JOIN content c ON c.recipient = r.id "
                    "WHERE r.campaign = ? AND r.state IN ('pending', 'deferred') AND r.id > ? ORDER BY r.id LIMIT ?",
                    (self._campaign, last, _CHUNK),
                ).fetchall()
            for key, line, data, identifier, *rest in rows:
                last = identifier
                yield Entry(key, line, json.loads(data), identifier, *rest)
            if not rows:
                return

    def lines(self, states: Iterable[State] = tuple(State)) -> Iterator[Line]:
        """Go through the recipients in some states, in the order in which they came into the journal."""
        wanted = json.dumps(list(states))
        last = -1
        while True:
            with self._store.reading() as db:
                rows = db.execute(
                    f"SELECT id, line, {_RESULT} FROM recipient NOT INDEXED "
                    "WHERE campaign = ? AND state IN (SELECT value FROM json_each(?)) AND id > ? ORDER BY id LIMIT ?",
                    (self._campaign, wanted, last, _CHUNK),
                ).fetchall()
            for identifier, line, key, state, *rest in rows:
                last = identifier
                yield Line(line, Result(key, State(state), *rest))
            if not rows:
                return

    def reasons(self, *, limit: int) -> list[Cause]:
        """Return why recipients did not get it, the most frequent first."""
        with self._store.reading() as db:
            rows = db.execute(
                "SELECT state, code, enhanced, substr(key, instr(key, '@') + 1) AS domain, "
                "min(CASE WHEN code THEN text ELSE substr(text, 1, 80) END), count(*) FROM recipient "
                "WHERE campaign = ? AND state IN ('deferred', 'failed', 'expired', 'in_doubt', 'skipped', 'suppressed') "
                "GROUP BY state, code, enhanced, domain, CASE WHEN code THEN '' ELSE substr(text, 1, 80) END "
                "ORDER BY count(*) DESC, state, code",
                (self._campaign,),
            )
            found: dict[tuple[object, ...], Cause] = {}
            for state, code, enhanced, domain, text, count in rows:
                group = group_of(domain)
                key = (state, code, enhanced, group, "" if code else text)
                first = found.get(key) or Cause(State(state), code, enhanced, group, text, 0)
                found[key] = replace(first, count=first.count + count)
        return sorted(found.values(), key=lambda reason: -reason.count)[:limit]

    def sent_by_time(self, *, slots: int) -> list[tuple[float, int]]:
        """Return (start, count) of equal slots of time in which messages were sent, from the first to the last."""
        with self._store.reading() as db:
            first, last = db.execute(
                "SELECT min(updated_at), max(updated_at) FROM recipient WHERE campaign = ? AND state = 'sent'",
                (self._campaign,),
            ).fetchone()
            if first is None:
                return []
            width = max((last - first) / slots, 1e-3)
            found = dict(
                db.execute(
                    "SELECT min(CAST((updated_at - ?) / ? AS INTEGER), ?) AS slot, count(*) FROM recipient "
                    "WHERE campaign = ? AND state = 'sent' GROUP BY slot",
                    (first, width, slots - 1, self._campaign),
                ).fetchall()
            )
        return [(first + number * width, found.get(number, 0)) for number in range(slots)]

    def bad_rows(self, *, limit: int) -> tuple[list[tuple[int, str, str]], dict[str, int]]:
        """Return (line, kind, problem) of rows that are not sent, and how many there are of each kind."""
        with self._store.reading() as db:
            rows = db.execute(
                "SELECT line, kind, problem FROM bad_row WHERE campaign = ? ORDER BY line LIMIT ?",
                (self._campaign, limit),
            ).fetchall()
            counts = db.execute(
                "SELECT kind, count(*) FROM bad_row WHERE campaign = ? GROUP BY kind", (self._campaign,)
            ).fetchall()
        return rows, dict(counts)
