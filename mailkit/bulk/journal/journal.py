"""One campaign in a journal."""

import secrets
from os import PathLike

from mailkit import clock
from mailkit.bulk.journal.account import Account
from mailkit.bulk.journal.control import Control
from mailkit.bulk.journal.roll import Roll
from mailkit.bulk.journal.store import Store
from mailkit.errors import JournalError

__all__ = ["Journal"]


class Journal:
    """What is known of each recipient of a campaign, in one SQLite file; without a ``path``, only until it is closed.

    One file may hold several campaigns, told apart by ``name``; threads and processes may share it. ``roll`` is the list
    as it came in, ``account`` what became of it, ``control`` what a person may tell it. Raises JournalError when the
    file is no journal, or cannot be used; nothing is sent without it.
    """

    def __init__(self, path: str | PathLike[str] | None, *, name: str = "", must_exist: bool = False) -> None:
        self.store = Store(path, must_exist=must_exist)
        try:
            self.name = self._chosen(name) if must_exist else name
            self.campaign, self.secret = self._found()
        except BaseException:
            self.store.close()
            raise
        self.roll = Roll(self.store, self.campaign)
        self.account = Account(self.store, self.campaign)
        self.control = Control(self.store, self.campaign)

    @property
    def path(self) -> str:
        return self.store.path

    def _chosen(self, name: str) -> str:
        names = _names(self.store)
        if name in names or (not name and len(names) == 1):
            return name or names[0]
        if not names:
            raise JournalError(f"there is no campaign in {self.path!r}")
        problem = (
            f"there is no campaign {name!r} in {self.path!r}"
            if name
            else f"there are {len(names)} campaigns in {self.path!r}"
        )
        raise JournalError(problem, hint=f"Say which: --name {' or --name '.join(map(repr, names))}.")

    def _found(self) -> tuple[int, bytes]:
        with self.store.writing() as db:
            db.execute(
                "INSERT OR IGNORE INTO campaign (name, secret, created_at) VALUES (?, ?, ?)",
                (self.name, secrets.token_bytes(32), clock.now().timestamp()),
            )
            identifier, secret = db.execute("SELECT id, secret FROM campaign WHERE name = ?", (self.name,)).fetchone()
        return int(identifier), bytes(secret)

    @classmethod
    def names(cls, path: str | PathLike[str]) -> list[str]:
        """Return the names of the campaigns in a journal. Raises JournalError when there is no such file."""
        store = Store(path, must_exist=True)
        try:
            return _names(store)
        finally:
            store.close()

    def close(self) -> None:
        self.store.close()

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _names(store: Store) -> list[str]:
    with store.reading() as db:
        return [name for (name,) in db.execute("SELECT name FROM campaign ORDER BY id")]
