"""The pace: evenly spaced, on a clock that stands still."""

from collections.abc import Iterator

import pytest

from mailkit import clock
from mailkit.delivery import Throttle
from mailkit.errors import ConfigError
from mailkit.testing import FrozenClock


@pytest.fixture
def frozen() -> Iterator[FrozenClock]:
    found = FrozenClock()
    with clock.using(found):
        yield found


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("50/s", 50.0),
        ("0.5/s", 0.5),
        ("600/min", 10.0),
        (" 3600 / h ", 1.0),
        ("86400/day", 1.0),
        ("2/second", 2.0),
        ("120/m", 2.0),
        ("86400/d", 1.0),
        ("60/minute", 1.0),
        ("7200/hour", 2.0),
        ("3/sec", 3.0),
    ],
)
def test_parse_when_a_rate_is_written_then_it_is_messages_a_second(text: str, rate: float) -> None:
    """The ways in which providers write their limits."""
    assert Throttle.parse(text).rate == pytest.approx(rate)


@pytest.mark.parametrize("text", ["", "50", "0/s", "-1/s", "fast", "50/fortnight", "50/s please", "1e3/s", "/s"])
def test_parse_when_it_is_no_rate_then_the_error_shows_how_to_write_one(text: str) -> None:
    """A pace misread is a ban."""
    with pytest.raises(ConfigError) as caught:
        Throttle.parse(text)
    assert "50/s" in caught.value.hint


@pytest.mark.usefixtures("frozen")
def test_reserve_when_all_come_at_once_then_they_are_spaced_evenly() -> None:
    """The first goes at once, and there is no burst: that is what relays punish."""
    throttle = Throttle(4.0)
    assert [throttle.reserve() for _ in range(5)] == [0.0, 0.25, 0.5, 0.75, 1.0]


def test_reserve_when_time_passes_then_nobody_waits_for_what_is_over(frozen: FrozenClock) -> None:
    """Slow senders do not wait."""
    throttle = Throttle(4.0)
    throttle.reserve()
    frozen.advance(0.125)
    assert throttle.reserve() == pytest.approx(0.125)
    frozen.advance(10.0)
    assert throttle.reserve() == 0.0


def test_reserve_when_nothing_was_sent_for_long_then_the_pause_is_not_made_up_for(frozen: FrozenClock) -> None:
    """Places in the line that nobody took are gone."""
    throttle = Throttle(4.0)
    frozen.advance(1000.0)
    assert [throttle.reserve() for _ in range(3)] == [0.0, 0.25, 0.5]
