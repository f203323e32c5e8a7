"""Who sends what: claims, leases, the mark before the end of data, and results.

Theory of operation. Each process that sends is a *worker* with a *lease*, which it renews all the time. It claims
recipients, and before the end of a message may leave it marks the recipient ``dot``, durably. ``epoch`` counts the claims of
a recipient: a worker that was stopped for so long that another one has taken over what it had holds an old epoch, and its
marks are refused; so it sends nothing more. What a worker that is gone had claimed is pending again. What it had marked
may have arrived: nobody can know, and the policy for that decides.

A worker is gone when its lease is over, or when it ran on this machine and its process is no more. If that is ever judged
wrongly nothing worse happens than that it has to begin anew.

All methods work within a transaction of the caller's, who puts many of them into one: a sync of the disk costs more than
anything in it.
"""

import json
import os
import socket
import sqlite3
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mailkit.bulk.state import Entry, InDoubt, Result, State
from mailkit.errors import ConfigError

__all__ = ["LEASE", "Worker"]

LEASE = 60.0
"""Seconds for which a claim stands without a sign of life: longer than any machine is suspended by accident, and short
enough to wait for."""
_TEXT = 500  # characters of a reply that are kept

CUT_OFF = "the run was cut off while this message was on its way"
_ASSUMED = "assumed to be sent: the run was cut off while it was on its way"

_UNDER_WAY = "state IN ('claimed', 'dot')"  # said as the index has it, or SQLite does not use it
_CLAIM = """
UPDATE recipient SET state = 'claimed', worker = :worker, epoch = epoch + 1, updated_at = :now,
    first_attempt_at = CASE WHEN first_attempt_at THEN first_attempt_at ELSE :now END
WHERE id IN (SELECT value FROM json_each(:ids))
"""
_DOT = """
UPDATE recipient SET state = 'dot', message_id = v.message_id, updated_at = :now
FROM (SELECT value->>0 AS id, value->>1 AS epoch, value->>2 AS message_id FROM json_each(:rows)) AS v
WHERE recipient.id = v.id AND recipient.epoch = v.epoch AND recipient.state = 'claimed'
"""
_SETTLE = """
UPDATE recipient SET state = v.state, worker = 0, updated_at = :now, code = v.code, enhanced = v.enhanced, text = v.text,
    relay = v.relay, queue_id = v.queue_id, message_id = v.message_id, attempts = recipient.attempts + v.attempts,
    next_attempt_at = v.next_attempt_at, copies = max(recipient.copies, v.copies)
FROM (
    SELECT value->>0 AS id, value->>1 AS epoch, value->>2 AS state, value->>3 AS code, value->>4 AS enhanced,
        value->>5 AS text, value->>6 AS relay, value->>7 AS queue_id, value->>8 AS message_id, value->>9 AS attempts,
        value->>10 AS next_attempt_at, value->>11 AS copies
    FROM json_each(:rows)
) AS v
WHERE recipient.id = v.id AND recipient.epoch = v.epoch AND (recipient.state IN ('claimed', 'dot', 'in_doubt') OR (recipient.state = 'sent' AND recipient.text = :assumed))
"""


@dataclass(frozen=True, slots=True)
class Worker:
    """One process that sends, or one of its runs."""

    id: int
    campaign: int
    lease: float
    policy: InDoubt

    @classmethod
    def enter(
        cls, db: sqlite3.Connection, campaign: int, now: float, *, policy: InDoubt, lease: float = 0.0
    ) -> "Worker":
        """Begin to work on a campaign."""
        lease = lease or _lease()
        cursor = db.execute(
            "INSERT INTO worker (campaign, host, process, began_at, lease_until) VALUES (?, ?, ?, ?, ?)",
            (campaign, socket.gethostname(), os.getpid(), now, now + lease),
        )
        worker = cls(cursor.lastrowid or 0, campaign, lease, policy)
        worker.sweep(db, now)
        worker.settle_doubts(db, now)
        # What was written down later than now was so before the clock was set back: who was put off for an hour then is put off
        # for an hour from now on, and not for two.
        db.execute(
            "UPDATE recipient SET next_attempt_at = :now + max(0, next_attempt_at - updated_at), updated_at = :now "
            "WHERE campaign = :campaign AND state IN ('pending', 'deferred') AND next_attempt_at > :now "
            "AND updated_at > :now + :lease",
            {"now": now, "lease": lease, "campaign": campaign},
        )
        return worker

    def leave(self, db: sqlite3.Connection, now: float) -> None:
        """End the work in order: what is claimed is pending again."""
        _take_from(db, self, [self.id], now)
        db.execute("UPDATE worker SET ended_at = ? WHERE id = ?", (now, self.id))

    def renew(self, db: sqlite3.Connection, now: float) -> bool:
        """Show a sign of life. False when it came too late: everything has been taken away."""
        done = db.execute(
            "UPDATE worker SET lease_until = ? WHERE id = ? AND ended_at IS NULL", (now + self.lease, self.id)
        )
        return done.rowcount > 0

    def sweep(self, db: sqlite3.Connection, now: float) -> int:
        """Take from the workers that are gone what they had. Returns how many recipients that were."""
        found = db.execute(
            "SELECT id, host, process, lease_until FROM worker WHERE campaign = ? AND ended_at IS NULL AND id <> ?",
            (self.campaign, self.id),
        ).fetchall()
        host = socket.gethostname()
        # A lease that ends later than any can was given before the clock was set back.
        gone = [
            identifier
            for identifier, where, process, until in found
            if until < now or until > now + 2 * self.lease + LEASE or (where == host and _is_gone(process))
        ]
        if not gone:
            return 0
        taken = _take_from(db, self, gone, now)
        db.execute(
            "UPDATE worker SET ended_at = ? WHERE id IN (SELECT value FROM json_each(?))", (now, json.dumps(gone))
        )
        return taken

    def settle_doubts(self, db: sqlite3.Connection, now: float) -> None:
        """Do with those who are in doubt from earlier what the policy says."""
        if self.policy is InDoubt.RESEND:
            db.execute(
                "UPDATE recipient SET state = 'pending', epoch = epoch + 1, next_attempt_at = 0, updated_at = ? "
                "WHERE campaign = ? AND state = 'in_doubt'",
                (now, self.campaign),
            )
        elif self.policy is InDoubt.ASSUME_SENT:
            db.execute(
                "UPDATE recipient SET state = 'sent', epoch = epoch + 1, text = ?, updated_at = ? "
                "WHERE campaign = ? AND state = 'in_doubt'",
                (_ASSUMED, now, self.campaign),
            )

    # -- one recipient after the other ---------------------------------------------------------------------------

    def find(self, db: sqlite3.Connection, now: float, count: int) -> list[Entry]:
        """Return up to ``count`` recipients whose time has come, without claiming them."""
        rows = db.execute(
            "SELECT r.key, r.line, c.data, r.id, r.epoch + 1, r.attempts, "
            "CASE WHEN r.first_attempt_at THEN r.first_attempt_at ELSE ? END, r.copies "
            "FROM recipient r INDEXED BY waiting JOIN content c ON c.recipient = r.id "
            "WHERE r.campaign = ? AND r.state IN ('pending', 'deferred') AND r.next_attempt_at <= ? "
            "ORDER BY r.next_attempt_at, r.id LIMIT ?",
            (now, self.campaign, now, count),
        ).fetchall()
        return [
            Entry(key, line, json.loads(data), identifier, epoch, attempts, first, bool(copies))
            for key, line, data, identifier, epoch, attempts, first, copies in rows
        ]

    def claim(self, db: sqlite3.Connection, entries: Sequence[Entry], now: float) -> None:
        """Claim what :meth:`find` has found, in the same transaction."""
        if entries:
            ids = json.dumps([entry.id for entry in entries])
            db.execute(_CLAIM, {"worker": self.id, "now": now, "ids": ids})

    def mark(self, db: sqlite3.Connection, marks: Sequence[tuple[Entry, str]], now: float) -> set[int]:
        """Mark entries, each with its Message-ID, as about to leave. Returns the ids of those that still are this worker's."""
        rows = json.dumps([(entry.id, entry.epoch, message_id) for entry, message_id in marks])
        done = db.execute(_DOT, {"now": now, "rows": rows}).rowcount
        if done == len(marks):
            return {entry.id for entry, _ in marks}
        ours = db.execute(
            "SELECT r.id FROM recipient r, json_each(?) j WHERE r.id = j.value->>0 AND r.epoch = j.value->>1 "
            "AND r.state = 'dot'",
            (rows,),
        )
        return {identifier for (identifier,) in ours}

    def settle(self, db: sqlite3.Connection, results: Iterable[tuple[Entry, Result]], now: float) -> None:
        """Write down what became of entries; nothing of those that others have by now."""
        rows = [
            (
                *(entry.id, entry.epoch, result.state, result.code, result.enhanced, result.text[:_TEXT], result.relay),
                *(result.queue_id, result.message_id, result.attempts, result.next_attempt_at),
                int(result.has_copies),
            )
            for entry, result in results
        ]
        if rows:
            db.execute(_SETTLE, {"now": now, "rows": json.dumps(rows), "assumed": _ASSUMED})

    def next_time(self, db: sqlite3.Connection) -> float | None:
        """When the first of those who wait is to be tried; None when nobody waits."""
        (found,) = db.execute(
            "SELECT min(next_attempt_at) FROM recipient INDEXED BY waiting "
            "WHERE campaign = ? AND state IN ('pending', 'deferred')",
            (self.campaign,),
        ).fetchone()
        return None if found is None else float(found)

    def has_parked(self, db: sqlite3.Connection) -> bool:
        """Whether somebody waits who has not been put off by the relay."""
        found = db.execute(
            "SELECT 1 FROM recipient INDEXED BY waiting "
            "WHERE campaign = ? AND state IN ('pending', 'deferred') AND state = 'pending' LIMIT 1",
            (self.campaign,),
        )
        return found.fetchone() is not None

    def others_under_way(self, db: sqlite3.Connection) -> int:
        """How many recipients other workers have in hand."""
        (count,) = db.execute(
            f"SELECT count(*) FROM recipient WHERE {_UNDER_WAY} AND campaign = ? AND worker <> ?",
            (self.campaign, self.id),
        ).fetchone()
        return int(count)

    def claimed(self, db: sqlite3.Connection) -> int:
        """How many recipients all workers of the journal have claimed and not marked."""
        return int(db.execute(f"SELECT count(*) FROM recipient WHERE {_UNDER_WAY} AND state = 'claimed'").fetchone()[0])


def _take_from(db: sqlite3.Connection, taker: Worker, workers: list[int], now: float) -> int:
    """Make what is claimed pending, and do with what is marked as the policy says."""
    theirs = f"{_UNDER_WAY} AND worker IN (SELECT value FROM json_each(:workers)) AND state = "
    given = {
        "workers": json.dumps(workers),
        "now": now,
        "text": _ASSUMED if taker.policy is InDoubt.ASSUME_SENT else CUT_OFF,
        "state": {InDoubt.HOLD: State.IN_DOUBT, InDoubt.ASSUME_SENT: State.SENT, InDoubt.RESEND: State.PENDING}[
            taker.policy
        ],
    }
    claimed = db.execute(
        f"UPDATE recipient SET state = 'pending', worker = 0, updated_at = :now WHERE {theirs} 'claimed'",
        given,
    )
    marked = db.execute(
        f"UPDATE recipient SET state = :state, text = :text, attempts = attempts + 1, worker = 0, updated_at = :now "
        f"WHERE {theirs} 'dot'",
        given,
    )
    return claimed.rowcount + marked.rowcount


def _lease() -> float:
    given = os.environ.get("MAILKIT_LEASE", "")
    try:
        seconds = float(given or LEASE)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise ConfigError(f"MAILKIT_LEASE={given} is no time", hint="Write a number of seconds, such as 60.")
    return seconds


def _is_gone(process: int) -> bool:
    """Whether there is no such process on this machine. Where that cannot be asked, its lease must run out."""
    if sys.platform == "win32":  # os.kill would end it
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
