"""The journal: what is known of each recipient of a campaign, kept so that it survives whatever happens.

Theory of operation. One SQLite file (WAL, ``synchronous=FULL``) holds one row per recipient, keyed by campaign and
normalised address, so that nobody can be in a campaign twice. A row moves through these states::

    pending ──▶ claimed ──▶ dot ──▶ sent | failed | deferred ──▶ (when its time has come) claimed …
                   │         │
        cut off: pending   cut off: in doubt

A recipient is *claimed* while its message is made and sent up to, but not including, the end of its data. Then the mark *dot* is
on the disk before that end may leave. So a crash at any moment leaves no recipient in a state that says less than what has
happened: what is claimed has not been sent, and what is marked may have been. Only the last are in doubt, as many as were
under way.
"""

from mailkit.bulk.journal.account import Account, Cause, Line, Portion
from mailkit.bulk.journal.control import Control, Verdict
from mailkit.bulk.journal.journal import Journal
from mailkit.bulk.journal.roll import Roll
from mailkit.bulk.journal.store import Store
from mailkit.bulk.journal.work import Worker

__all__ = ["Account", "Cause", "Control", "Journal", "Line", "Portion", "Roll", "Store", "Verdict", "Worker"]
