"""When to try again: only after temporary failures, ever later, with chance in it, and not for ever."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from mailkit import clock

if TYPE_CHECKING:
    from tenacity import AsyncRetrying, RetryCallState, Retrying

__all__ = ["Retry", "TryAgain"]


class TryAgain(Exception):
    """Some recipients are still waiting for an attempt that succeeds."""


@dataclass(frozen=True, slots=True)
class Retry:
    """A policy. Attempt n waits a random time between 0 and ``backoff`` · 2ⁿ⁻¹ seconds ("full jitter"), at most
    ``longest``; there are at most ``attempts``, and none begins later than ``deadline`` seconds after the first ended.

    Only temporary failures are tried again: a 4yz reply, or a connection lost before the end of data. A refusal (5yz)
    is final, and what is in doubt is left alone.

    >>> Retry.NEVER.attempts
    1
    """

    attempts: int = 4
    deadline: float = 300.0
    backoff: float = 1.0
    longest: float = 60.0
    jitter: bool = True

    def wait(self, attempt: int) -> float:
        """Return the seconds to wait after attempt number ``attempt``, which counts from 1."""
        longest = min(self.longest, self.backoff * 2.0 ** min(attempt - 1, 60))
        return clock.uniform(0.0, longest) if self.jitter else longest

    def blocking(self) -> "Retrying":
        """Return the loop over attempts for blocking code."""
        from tenacity import Retrying  # here: it brings asyncio along, which a plain import of mailkit need not pay for

        return Retrying(**self._policy())

    def asynchronous(self) -> "AsyncRetrying":
        """Return the loop over attempts for asyncio."""
        from tenacity import AsyncRetrying

        return AsyncRetrying(**self._policy())

    def _policy(self) -> dict[str, Any]:
        from tenacity import retry_if_exception_type, stop_after_attempt, stop_before_delay

        def wait(state: "RetryCallState") -> float:
            return self.wait(state.attempt_number)

        return {
            "stop": stop_after_attempt(self.attempts) | stop_before_delay(self.deadline),
            "wait": wait,
            "retry": retry_if_exception_type(TryAgain),
            "reraise": True,
        }

    NEVER: ClassVar["Retry"]


Retry.NEVER = Retry(attempts=1)
