"""What an outcome means for a recipient: whether that is the end, and when to try again."""

from mailkit.bulk.state import Entry, InDoubt, Result, State
from mailkit.clock import Steady
from mailkit.delivery import Retry
from mailkit.errors import MailkitError
from mailkit.transport import Outcome, Status

__all__ = ["Judge", "told"]

_STATES = {Status.ACCEPTED: State.SENT, Status.DEFERRED: State.DEFERRED, Status.REFUSED: State.FAILED}


class Judge:
    """Decides by a campaign's policy for those in doubt, and by its policy for those who were put off."""

    def __init__(self, policy: InDoubt, retry: Retry, time: Steady) -> None:
        self._policy = policy
        self._retry = retry
        self._time = time

    def result(self, entry: Entry, outcome: Outcome, message_id: str, *, has_copies: bool) -> Result:
        """What becomes of an entry by what a relay has said."""
        if outcome.status is Status.IN_DOUBT:
            return self.in_doubt(entry, outcome.text, message_id, relay=outcome.relay)
        result = Result(
            entry.key,
            _STATES[outcome.status],
            code=outcome.code,
            enhanced=outcome.enhanced,
            text=outcome.text,
            relay=outcome.relay,
            queue_id=outcome.queue_id,
            message_id=message_id,
            attempts=1,
            has_copies=has_copies,
        )
        return self.deferred(entry, result) if result.state is State.DEFERRED else result

    def deferred(self, entry: Entry, result: Result) -> Result:
        """When to try again; or that it has been tried for long enough."""
        tried = entry.attempts + 1
        next_at = self._time.now() + self._retry.wait(tried)
        is_over = tried >= self._retry.attempts or next_at - entry.first_attempt_at > self._retry.deadline
        return Result(
            result.key,
            State.EXPIRED if is_over else State.DEFERRED,
            *(result.code, result.enhanced, result.text, result.relay, result.queue_id, result.message_id),
            attempts=1,
            next_attempt_at=0.0 if is_over else next_at,
            has_copies=result.has_copies,
        )

    def in_doubt(self, entry: Entry, text: str, message_id: str, *, relay: str = "") -> Result:
        """What becomes of an entry of which nobody can know whether it has arrived."""
        found = Result(
            entry.key, State.IN_DOUBT, text=text, relay=relay, message_id=message_id, attempts=1, has_copies=True
        )
        match self._policy:
            case InDoubt.HOLD:
                return found
            case InDoubt.ASSUME_SENT:
                text = f"assumed to be sent: {text}"
                return Result(entry.key, State.SENT, text=text, relay=relay, message_id=message_id, attempts=1)
        return self.deferred(entry, found)


def told(error: MailkitError) -> str:
    """Return an error with its hint, for the report."""
    return f"{error}. {error.hint}" if error.hint else str(error)
