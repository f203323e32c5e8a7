"""What a journal knows of a campaign: counts, results, reasons."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from mailkit import clock
from mailkit.bulk.domains import group_of
from mailkit.bulk.journal.control import RESOLVED
from mailkit.bulk.journal.store import Store
from mailkit.bulk.state import Entry, Result, State

__all__ = ["Account", "Cause", "Line", "Portion"]

_CHUNK = 500
_RESULT = (
    "key, state, code, enhanced, text, relay, queue_id, message_id, attempts, "
    "CASE WHEN state IN ('pending', 'deferred') THEN next_attempt_at ELSE 0 END, updated_at"
)
# What somebody has said of those in doubt, perhaps days later, is no time at which something was sent.
_NOT_BY_HAND = f"text NOT IN ({', '.join(map(repr, RESOLVED.values()))})"
_SENT = f"state = 'sent' AND {_NOT_BY_HAND}"


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


@dataclass(frozen=True, slots=True)
class Portion:
    """What became of those at one provider, or at all that are not told one by one: these have no ``group``."""

    group: str
    groups: int = 1
    """How many domain groups these are."""
    counts: dict[State, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(self.counts.values())


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
        with self._grouping() as db:
            rows = db.execute(
                "SELECT state, code, enhanced, group_of(domain) AS provider, min(said), sum(number) AS number FROM ("
                "SELECT state, code, enhanced, substr(key, instr(key, '@') + 1) AS domain, "
                "CASE WHEN code THEN '' ELSE substr(text, 1, 80) END AS kind, "
                "min(CASE WHEN code THEN text ELSE substr(text, 1, 80) END) AS said, count(*) AS number FROM recipient "
                "WHERE campaign = ? AND state IN ('deferred', 'failed', 'expired', 'in_doubt', 'skipped', 'suppressed') "
                "GROUP BY state, code, enhanced, domain, kind"
                ") GROUP BY state, code, enhanced, provider, kind ORDER BY number DESC, state, code, provider LIMIT ?",
                (self._campaign, limit),
            ).fetchall()
        return [Cause(State(state), *rest) for state, *rest in rows]

    def by_group(self, *, limit: int) -> list[Portion]:
        """Return what became of those at each provider, the largest first; behind ``limit`` of them, all others as one."""
        with self._grouping() as db:
            rows = db.execute(
                "WITH domains AS (SELECT substr(key, instr(key, '@') + 1) AS domain, state, count(*) AS number "
                "FROM recipient WHERE campaign = ? GROUP BY domain, state), "
                "providers AS (SELECT group_of(domain) AS name, state, sum(number) AS number FROM domains "
                "GROUP BY name, state), "
                "ranks AS (SELECT name, row_number() OVER (ORDER BY sum(number) DESC, name) AS place FROM providers "
                "GROUP BY name) "
                "SELECT min(place, ?) AS shown, min(name), (SELECT count(*) FROM ranks), state, sum(number) "
                "FROM providers JOIN ranks USING (name) GROUP BY shown, state ORDER BY shown",
                (self._campaign, limit + 1),
            ).fetchall()
        found: dict[int, Portion] = {}
        for place, name, groups, state, number in rows:
            one = Portion(name) if place <= limit else Portion("", groups - limit)
            found.setdefault(place, one).counts[State(state)] = number
        return list(found.values())

    @contextmanager
    def _grouping(self) -> Iterator[sqlite3.Connection]:
        """Give the database with the function ``group_of``: what is counted there does not come into memory by domain."""
        with self._store.reading() as db:
            db.create_function("group_of", 1, group_of, deterministic=True)
            yield db

    def span(self) -> tuple[float, float] | None:
        """When the first recipient was taken up, and when the last thing happened to one; None before that."""
        with self._store.reading() as db:
            first, last = db.execute(
                "SELECT min(CASE WHEN first_attempt_at THEN first_attempt_at ELSE updated_at END), max(updated_at) "
                f"FROM recipient WHERE campaign = ? AND state <> 'pending' AND {_NOT_BY_HAND}",
                (self._campaign,),
            ).fetchone()
        return None if first is None else (float(first), float(last))

    def is_under_way(self) -> bool:
        """Whether somebody is sending it just now."""
        with self._store.reading() as db:
            found = db.execute(
                "SELECT 1 FROM worker WHERE campaign = ? AND ended_at IS NULL AND lease_until > ? LIMIT 1",
                (self._campaign, clock.now().timestamp()),
            )
            return found.fetchone() is not None

    def sent_between(self) -> tuple[float, float] | None:
        """When the first and the last message were sent; None when none was."""
        with self._store.reading() as db:
            first, last = db.execute(
                f"SELECT min(updated_at), max(updated_at) FROM recipient WHERE campaign = ? AND {_SENT}",
                (self._campaign,),
            ).fetchone()
        return None if first is None else (float(first), float(last))

    def sent_by_time(self, *, start: float, width: float) -> dict[int, int]:
        """Return how many messages were sent in each slot of ``width`` seconds; the slots are counted from ``start``."""
        with self._store.reading() as db:
            return dict(
                db.execute(
                    "SELECT CAST((updated_at - ?) / ? AS INTEGER) AS slot, count(*) FROM recipient "
                    f"WHERE campaign = ? AND {_SENT} GROUP BY slot ORDER BY slot",
                    (start, width, self._campaign),
                ).fetchall()
            )

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
