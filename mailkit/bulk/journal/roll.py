"""The list of recipients on its way into the journal."""

import json
from collections.abc import Iterable

from mailkit import clock
from mailkit.bulk.journal.store import Store
from mailkit.bulk.state import Entry

__all__ = ["Roll"]


class Roll:
    """Everybody who is in a campaign, once. A list may be read again: who is known keeps the state, and who is missing goes."""

    def __init__(self, store: Store, campaign: int) -> None:
        self._store = store
        self._campaign = campaign

    @property
    def is_loaded(self) -> bool:
        """Whether the whole list of recipients is in the journal."""
        with self._store.reading() as db:
            return bool(db.execute("SELECT is_loaded FROM campaign WHERE id = ?", (self._campaign,)).fetchone()[0])

    @property
    def fingerprint(self) -> str:
        """The digest of the list that was loaded."""
        with self._store.reading() as db:
            return str(db.execute("SELECT fingerprint FROM campaign WHERE id = ?", (self._campaign,)).fetchone()[0])

    @property
    def has_begun(self) -> bool:
        """Whether anything has been sent, or tried."""
        with self._store.reading() as db:
            found = db.execute(
                "SELECT 1 FROM recipient WHERE campaign = ? AND (state <> 'pending' OR epoch) LIMIT 1",
                (self._campaign,),
            )
            return found.fetchone() is not None

    def begin(self) -> None:
        """Start to read the list, for the first time or anew. While nothing has been sent, the old one is forgotten."""
        has_begun = self.has_begun
        with self._store.writing() as db:
            db.execute(
                "UPDATE campaign SET is_loaded = 0, checked = '', generation = generation + 1 WHERE id = ?",
                (self._campaign,),
            )
            db.execute("DELETE FROM bad_row WHERE campaign = ?", (self._campaign,))
            if not has_begun:
                db.execute(
                    "DELETE FROM content WHERE recipient IN (SELECT id FROM recipient WHERE campaign = ?)",
                    (self._campaign,),
                )
                db.execute("DELETE FROM recipient WHERE campaign = ?", (self._campaign,))

    def add(self, entries: Iterable[Entry]) -> list[tuple[Entry, int]]:
        """Add recipients that are not there yet. Returns those that this list has had already, with the earlier line."""
        chunk = list(entries)
        duplicates: list[tuple[Entry, int]] = []
        now = clock.now().timestamp()
        with self._store.writing() as db:
            (generation,) = db.execute("SELECT generation FROM campaign WHERE id = ?", (self._campaign,)).fetchone()
            (last,) = db.execute("SELECT coalesce(max(id), 0) FROM recipient").fetchone()
            known = {
                key: (identifier, line, of)
                for key, identifier, line, of in db.execute(
                    "SELECT key, id, line, generation FROM recipient "
                    "WHERE campaign = ? AND key IN (SELECT value FROM json_each(?))",
                    (self._campaign, json.dumps([entry.key for entry in chunk])),
                )
            }
            fresh, contents, again = [], [], []
            for entry in chunk:
                found = known.get(entry.key)
                data = json.dumps(entry.data, ensure_ascii=False)
                if found is None:
                    last += 1
                    fresh.append((last, self._campaign, entry.key, entry.line, generation, now))
                    contents.append((last, data))
                    known[entry.key] = (last, entry.line, generation)
                elif found[2] == generation:
                    duplicates.append((entry, found[1]))
                else:  # known from an earlier reading of the list, whose lines and cells may have been others
                    again.append((entry.line, generation, found[0]))
                    contents.append((found[0], data))
                    known[entry.key] = (found[0], entry.line, generation)
            db.executemany(
                "INSERT INTO recipient (id, campaign, key, line, generation, updated_at) VALUES (?, ?, ?, ?, ?, ?)",
                fresh,
            )
            db.executemany("UPDATE recipient SET line = ?, generation = ? WHERE id = ?", again)
            db.executemany("INSERT OR REPLACE INTO content (recipient, data) VALUES (?, ?)", contents)
        return duplicates

    def note_bad_rows(self, rows: Iterable[tuple[int, str, str]]) -> None:
        """Keep (line, kind, problem) of rows that are not sent."""
        noted = [(self._campaign, *row) for row in rows]
        if noted:
            with self._store.writing() as db:
                db.executemany(
                    "INSERT OR REPLACE INTO bad_row (campaign, line, kind, problem) VALUES (?, ?, ?, ?)", noted
                )

    def finish(self, *, source: str, fingerprint: str) -> None:
        """Note that the list is in the journal as a whole. Who was taken off it in the meantime is not sent to."""
        gone = (
            "campaign = ? AND state IN ('pending', 'deferred') "
            "AND generation < (SELECT generation FROM campaign WHERE id = ?)"
        )
        with self._store.writing() as db:
            both = (self._campaign, self._campaign)
            db.execute(f"DELETE FROM content WHERE recipient IN (SELECT id FROM recipient WHERE {gone})", both)
            db.execute(f"DELETE FROM recipient WHERE {gone}", both)
            db.execute(
                "UPDATE campaign SET source = ?, fingerprint = ?, is_loaded = 1, loader = 0 WHERE id = ?",
                (source, fingerprint, self._campaign),
            )

    def take_turn(self, worker: int) -> bool:
        """Be the one process that reads the list. False while another one does."""
        with self._store.writing() as db:
            db.execute(
                "UPDATE campaign SET loader = ? WHERE id = ? AND (loader IN (0, ?) "
                "OR loader IN (SELECT id FROM worker WHERE ended_at IS NOT NULL))",
                (worker, self._campaign, worker),
            )
            (loader,) = db.execute("SELECT loader FROM campaign WHERE id = ?", (self._campaign,)).fetchone()
        return bool(loader == worker)

    def end_turn(self, worker: int) -> None:
        """Let others read the list."""
        with self._store.writing() as db:
            db.execute("UPDATE campaign SET loader = 0 WHERE id = ? AND loader = ?", (self._campaign, worker))

    # -- the pre-flight ------------------------------------------------------------------------------------------

    @property
    def checked(self) -> str:
        """What the last complete pre-flight has checked, as a digest."""
        with self._store.reading() as db:
            return str(db.execute("SELECT checked FROM campaign WHERE id = ?", (self._campaign,)).fetchone()[0])

    def note_checked(self, digest: str) -> None:
        with self._store.writing() as db:
            db.execute("UPDATE campaign SET checked = ? WHERE id = ?", (digest, self._campaign))
