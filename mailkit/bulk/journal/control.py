"""What a person tells a campaign: to pause, to go on, to try again, and what became of those in doubt."""

import json
from collections.abc import Iterable
from enum import StrEnum

from mailkit import clock
from mailkit.bulk.journal.store import Store
from mailkit.bulk.state import State
from mailkit.errors import ConfigError

__all__ = ["RESOLVED", "Control", "Verdict"]

_RETRIED = (State.DEFERRED, State.FAILED, State.EXPIRED, State.SKIPPED)


class Verdict(StrEnum):
    """What somebody has found out about recipients that were in doubt."""

    SENT = "sent"
    FAILED = "failed"
    RESEND = "resend"


RESOLVED = {Verdict.SENT: "resolved: sent", Verdict.FAILED: "resolved: not sent"}
"""What stands in the place of a server's reply then."""


class Control:
    """Changes a campaign's journal; workers that are sending notice it with their next claim."""

    def __init__(self, store: Store, campaign: int) -> None:
        self._store = store
        self._campaign = campaign

    def pause(self, reason: str = "paused by hand") -> None:
        """Let no more messages begin; those under way arrive. A run that is on ends, and a new one does not begin."""
        with self._store.writing() as db:
            db.execute("UPDATE campaign SET paused = ? WHERE id = ?", (reason or "paused", self._campaign))

    def resume(self) -> None:
        """Take a pause back."""
        with self._store.writing() as db:
            db.execute("UPDATE campaign SET paused = '' WHERE id = ?", (self._campaign,))

    def retry(self, states: Iterable[State] = (State.DEFERRED,), *, keys: Iterable[str] | None = None) -> int:
        """Let recipients be tried again at once that were deferred, or have failed. Returns how many.

        Raises ConfigError for a state that must not be left so: who has it must not get it twice, and who is in doubt is
        resolved.
        """
        wanted = tuple(states)
        for state in wanted:
            if state not in _RETRIED:
                raise ConfigError(
                    f"who is {state} cannot be tried again",
                    hint=f"These can: {', '.join(_RETRIED)}. For those in doubt: mailkit journal resolve.",
                )
        return self._set("'pending', attempts = 0, first_attempt_at = 0, next_attempt_at = 0", wanted, keys)

    def resolve(self, verdict: Verdict, *, keys: Iterable[str] | None = None) -> int:
        """Say what became of recipients that are in doubt: of all of them, or of some. Returns how many those are."""
        change = {
            Verdict.SENT: f"'sent', text = '{RESOLVED[Verdict.SENT]}'",
            Verdict.FAILED: f"'failed', text = '{RESOLVED[Verdict.FAILED]}'",
            Verdict.RESEND: "'pending', next_attempt_at = 0",
        }[verdict]
        return self._set(change, (State.IN_DOUBT,), keys)

    def _set(self, change: str, states: tuple[State, ...], keys: Iterable[str] | None) -> int:
        some = None if keys is None else json.dumps(list(keys))
        with self._store.writing() as db:
            done = db.execute(
                f"UPDATE recipient SET state = {change}, epoch = epoch + 1, updated_at = :now "
                "WHERE campaign = :campaign AND state IN (SELECT value FROM json_each(:states)) "
                "AND (:some IS NULL OR key IN (SELECT value FROM json_each(:some)))",
                {
                    "now": clock.now().timestamp(),
                    "campaign": self._campaign,
                    "states": json.dumps(list(states)),
                    "some": some,
                },
            )
        return done.rowcount
