"""How fast a campaign may send: what was asked for, and what relays bear. All processes share it, through the journal.

Theory of operation. A *scope* is everything that a relay takes, or everything for one group of domains. Where a scope has a
rate, each message is given a time (a slot) in its line, evenly spaced: that is done while it is claimed, in the same transaction,
so that no two processes are given the same slot. A slot is for the very near future only. Messages whose line is longer
are parked: they stay pending, and are found again when their turn may be near, while those of other groups go on. They are
spread over half of the time that all who wait in the group would take now, in case the line becomes faster until then.

When a relay says that it is too fast for it (421, 450 and 451 with 4.7.x, 452 with 4.5.3, 454) the rate of that scope is halved,
and climbs slowly again; what has no rate is given half of what it was just sent at. All that survives a restart, so that
a campaign does not begin at full speed again.
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mailkit.bulk.domains import domains_of, group_of, groups
from mailkit.bulk.state import Entry
from mailkit.delivery import Rate, Throttle

__all__ = ["ALL", "HORIZON", "RELAY", "Admission", "Pacing", "is_too_fast"]

HORIZON = 0.25
"""Seconds ahead for which slots are given."""
ALL = "all"
"""The scope of what the campaign may send in all."""
RELAY = "relay"
"""The scope of what the relay bears."""

_CLIMB_EVERY = 5.0  # seconds
_CLIMB = 1.25
_COUNTED_FOR = 60.0  # seconds
_SLOWEST = 1 / 60
_AT_FIRST = 1.0  # a second: what is halved when the first of all messages came too fast
_RECENT = 10.0  # seconds over which a rate is measured
_SHORTEST = 0.25  # seconds that are taken to have passed when it was less: few messages are no rate
_AT_MOST_ONCE_IN = 1.0  # seconds: messages that are under way together are told the same thing together


@dataclass
class _Line:
    """The state of one scope."""

    rate: float
    usual: float  # where climbing ends: what was asked for, or else twice what it was sent at; 0 for what was asked for
    next_at: float = 0.0
    changed_at: float = 0.0
    is_dirty: bool = False

    def slot(self, now: float) -> float:
        return max(self.next_at, now)

    def take(self, slot: float) -> None:
        self.next_at = slot + 1.0 / self.rate
        self.is_dirty = True


@dataclass(slots=True)
class _Queue:
    """Those who are parked in a group. How many wait is counted now and then, since it means to look at all of them."""

    count: int
    counted_at: float
    place: int = 0

    def next_place(self, begin: float, rate: float) -> float:
        """When to look again at the next one who is parked."""
        self.place = self.place % self.count + 1
        return begin + self.place / rate / 2


@dataclass(slots=True)
class Admission:
    """Who may go, each with the time for it; who was parked until when; and when the line moves on for all others."""

    admitted: list[tuple[Entry, float]] = field(default_factory=list)
    parked: list[tuple[Entry, float]] = field(default_factory=list)
    next_at: float = 0.0


class Pacing:
    """``rate`` is for all messages together, ``domains`` for groups of domains: ``{"gmail.com": "5/s", "*": "20/s"}``."""

    def __init__(self, rate: Rate | None = None, domains: Rate | Mapping[str, Rate] | None = None) -> None:
        given = {} if domains is None else domains if isinstance(domains, Mapping) else {"*": domains}
        self._asked = {name: _per_second(one) for name, one in groups(given).items()}
        self._each = self._asked.pop("*", 0.0)
        self._all = _per_second(rate) if rate is not None else 0.0
        self._lines: dict[str, _Line] = {}
        self._queues: dict[str, _Queue] = {}

    def admit(self, db: sqlite3.Connection, entries: Sequence[Entry], now: float) -> Admission:
        """Give slots to entries, in order, and park those whose line is long. What is neither has to wait for all."""
        self._load(db, now)
        found = Admission()
        together = [line for scope in (ALL, RELAY) if (line := self._lines.get(scope))]
        for entry in entries:
            group = self._line_of(group_of(entry.key), now)
            if group is not None and (slot := group.slot(now)) > now + HORIZON:
                found.parked.append((entry, self._queue_of(db, entry, now).next_place(slot, group.rate)))
                continue
            due = max((line.slot(now) for line in together), default=now)
            if due > now + HORIZON:
                found.next_at = due - HORIZON
                break
            for line in together:
                line.take(line.slot(now))
            if group is not None:
                slot = group.slot(now)
                group.take(slot)
                due = max(due, slot)
            found.admitted.append((entry, due))
        if found.parked:
            rows = json.dumps([(entry.id, until) for entry, until in found.parked])
            db.execute(
                # Of who was put off, the time of the last reply stays: what went out lately is counted by it.
                "UPDATE recipient SET next_attempt_at = v.until, "
                "updated_at = CASE WHEN state = 'pending' THEN ? ELSE updated_at END "
                "FROM (SELECT value->>0 AS id, value->>1 AS until FROM json_each(?)) AS v WHERE recipient.id = v.id",
                (now, rows),
            )
        self._save(db)
        return found

    def slow(self, db: sqlite3.Connection, campaign: int, scope: str, now: float) -> float | None:
        """Halve the rate of a scope. Returns the new one, or None if it was just done."""
        self._load(db, now)
        line = self._lines.get(scope) or self._line_of(scope, now)
        if line is None:
            recent = _recent(db, campaign, scope, now)
            line = self._lines[scope] = _Line(recent, 2 * recent)
        elif now - line.changed_at < _AT_MOST_ONCE_IN:
            return None
        elif not line.usual:  # it may have been far from what was asked for
            line.rate, line.usual = min(line.rate, _recent(db, campaign, scope, now)), line.rate
        line.rate = max(_SLOWEST, line.rate / 2)
        line.next_at = max(line.next_at, now + 1.0 / line.rate)
        line.changed_at, line.is_dirty = now, True
        self._save(db)
        return line.rate

    def rates(self) -> dict[str, float]:
        """Return the rates that are in force, by scope, as of the last admission."""
        return {scope: line.rate for scope, line in self._lines.items()}

    @property
    def is_free(self) -> bool:
        """Whether nothing limits anybody, as far as is known."""
        return not (self._all or self._each or self._asked or self._lines)

    def _queue_of(self, db: sqlite3.Connection, entry: Entry, now: float) -> "_Queue":
        group = group_of(entry.key)
        queue = self._queues.get(group)
        if queue is None or not now - _COUNTED_FOR < queue.counted_at <= now:
            (count,) = db.execute(
                "SELECT count(*) FROM recipient WHERE campaign = (SELECT campaign FROM recipient WHERE id = ?) "
                "AND state IN ('pending', 'deferred') "
                "AND substr(key, instr(key, '@') + 1) IN (SELECT value FROM json_each(?))",
                (entry.id, json.dumps(domains_of(group))),
            ).fetchone()
            queue = self._queues[group] = _Queue(max(count, 1), now, queue.place if queue else 0)
        return queue

    def _line_of(self, group: str, now: float) -> _Line | None:
        line = self._lines.get(group)
        if line is None and (asked := self._limit(group)):
            line = self._lines[group] = _Line(asked, 0.0, changed_at=now - _AT_MOST_ONCE_IN)
        return line

    def _limit(self, scope: str) -> float:
        """What was asked for; 0 for nothing."""
        if scope == ALL:
            return self._all
        return 0.0 if scope == RELAY else self._asked.get(scope, self._each)

    def _load(self, db: sqlite3.Connection, now: float) -> None:
        self._lines = {}
        if self._each or self._asked:
            db.execute("DELETE FROM pace WHERE usual = 0 AND next_at < ?", (now,))  # as good as new
        for scope, rate, usual, next_at, changed_at in db.execute("SELECT * FROM pace").fetchall():
            asked = self._limit(scope)
            line = _Line(rate, usual, next_at, changed_at)
            if next_at > now + 2 * HORIZON + 2.0 / rate:  # no slot is so far ahead: the clock has been set back
                line.next_at = now
            if asked and (not usual or rate > asked):
                line.rate = min(rate, asked) if usual else asked
            self._climb(line, asked, now)
            if line.usual or asked:
                self._lines[scope] = line
            else:
                db.execute("DELETE FROM pace WHERE scope = ?", (scope,))
        if self._all and ALL not in self._lines:
            self._lines[ALL] = _Line(self._all, 0.0)

    def _climb(self, line: _Line, asked: float, now: float) -> None:
        """Let a rate that was halved rise again, until it is what was asked for, or need not be limited any more."""
        if not line.usual:
            return
        if now < line.changed_at:  # the clock has been set back
            line.changed_at, line.is_dirty = now, True
        steps = int((now - line.changed_at) / _CLIMB_EVERY)
        if steps:
            line.rate *= _CLIMB ** min(steps, 60)
            line.changed_at, line.is_dirty = now, True
            if line.rate >= (asked or line.usual):
                line.rate, line.usual = asked or line.rate, 0.0

    def _save(self, db: sqlite3.Connection) -> None:
        rows = [
            (scope, line.rate, line.usual, line.next_at, line.changed_at)
            for scope, line in self._lines.items()
            if line.is_dirty
        ]
        if rows:
            db.executemany("INSERT OR REPLACE INTO pace VALUES (?, ?, ?, ?, ?)", rows)


def _recent(db: sqlite3.Connection, campaign: int, scope: str, now: float) -> float:
    """How many messages a second went to a scope lately, from all processes. It means to look at everybody, which is seldom
    done: when a rate that nobody knows is halved."""
    count, first = db.execute(
        "SELECT count(*), min(updated_at) FROM recipient WHERE campaign = :campaign "
        "AND state IN ('sent', 'failed', 'deferred') AND updated_at BETWEEN :now - :span AND :now "
        "AND (:scope = :relay OR substr(key, instr(key, '@') + 1) IN (SELECT value FROM json_each(:domains)))",
        {
            "campaign": campaign,
            "now": now,
            "span": _RECENT,
            "scope": scope,
            "relay": RELAY,
            "domains": json.dumps(domains_of(scope)),
        },
    ).fetchone()
    return max(_AT_FIRST, float(count) / max(now - (first or now), _SHORTEST))


def is_too_fast(code: int, enhanced: str) -> bool:
    """Whether a reply says that messages come too fast."""
    if code in (421, 454):
        return True
    if code in (450, 451):
        return enhanced.startswith("4.7.")
    return code == 452 and enhanced == "4.5.3"


def _per_second(rate: object) -> float:
    return (rate if isinstance(rate, Throttle) else Throttle.parse(str(rate))).rate
