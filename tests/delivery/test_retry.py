"""When to try again: the policy on its own."""

import pytest

from mailkit import Retry, clock
from mailkit.testing import FrozenClock


def test_wait_when_there_is_no_jitter_then_it_doubles_up_to_the_longest() -> None:
    """Exponential, with a ceiling."""
    policy = Retry(backoff=1.0, longest=5.0, jitter=False)
    assert [policy.wait(attempt) for attempt in range(1, 6)] == [1.0, 2.0, 4.0, 5.0, 5.0]


def test_wait_when_there_is_jitter_then_it_is_anywhere_below_that() -> None:
    """Full jitter: a thousand senders that failed together do not come back together."""
    policy = Retry(backoff=1.0, longest=5.0)
    with clock.using(FrozenClock()):
        waits = [policy.wait(3) for _ in range(100)]
    assert all(0.0 <= wait <= 4.0 for wait in waits)
    assert max(waits) - min(waits) > 2.0


@pytest.mark.parametrize("attempt", [1, 100, 10_000])
def test_wait_when_attempts_are_many_then_it_still_has_a_ceiling(attempt: int) -> None:
    """No overflow, however long a campaign tries."""
    assert Retry(jitter=False).wait(attempt) <= Retry().longest


def test_wait_when_backoff_is_zero_then_there_is_none() -> None:
    """For tests, and for the impatient."""
    assert Retry(backoff=0).wait(5) == 0.0
