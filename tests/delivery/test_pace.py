"""How fast to send: to all, to each domain, to some; and what may go at once after a pause."""

from collections.abc import Iterator

import pytest

from mailkit import Address, clock
from mailkit.delivery.pace import Pace
from mailkit.delivery.throttle import Throttle
from mailkit.errors import ConfigError
from mailkit.testing import FrozenClock


@pytest.fixture(autouse=True)
def frozen() -> Iterator[FrozenClock]:
    found = FrozenClock()
    with clock.using(found):
        yield found


def to(*emails: str) -> list[Address]:
    return [Address.parse(email) for email in emails]


def test_pace_when_nothing_is_asked_then_nobody_waits() -> None:
    """And nothing is remembered."""
    pace = Pace(None, None)
    assert pace.is_free
    assert pace.reserve(to("a@x.example")) == 0.0


def test_pace_when_domains_have_a_rate_then_each_has_a_line_of_its_own() -> None:
    """One slow domain does not hold up the others."""
    pace = Pace(None, "10/s")
    waits = [pace.reserve(to(f"a@{domain}.example")) for domain in ("x", "x", "y", "x", "y")]
    assert waits == pytest.approx([0.0, 0.1, 0.0, 0.2, 0.1])


def test_pace_when_a_domain_is_named_then_it_has_its_own_rate() -> None:
    """In any spelling; the rest has that of the star, or none."""
    pace = Pace(None, {"X.example": "1/s", "*": "100/s"})
    assert [pace.reserve(to("a@x.EXAMPLE")) for _ in range(2)] == pytest.approx([0.0, 1.0])
    assert [pace.reserve(to("a@y.example")) for _ in range(2)] == pytest.approx([0.0, 0.01])
    assert [Pace(None, {"x.example": "1/s"}).reserve(to("a@y.example")) for _ in range(2)] == [0.0, 0.0]


def test_pace_when_a_message_goes_to_several_domains_then_it_waits_for_the_slowest() -> None:
    """Once for each domain, however many recipients it has there."""
    pace = Pace("100/s", {"slow.example": "1/s"})
    pace.reserve(to("a@slow.example"))
    wait = pace.reserve(to("a@fast.example", "b@slow.example", "c@slow.example"))
    assert wait == pytest.approx(1.0)


def test_pace_when_there_is_an_overall_rate_too_then_both_are_kept() -> None:
    """The longer wait counts."""
    pace = Pace("2/s", "100/s")
    assert [pace.reserve(to(f"a@{n}.example")) for n in range(3)] == pytest.approx([0.0, 0.5, 1.0])


def test_pace_when_domains_are_many_then_old_ones_are_forgotten(frozen: FrozenClock) -> None:
    """A list of a million domains takes no more memory than ten thousand."""
    pace = Pace(None, "10/s")
    for number in range(10_000):
        pace.reserve(to(f"a@d{number}.example"))
    frozen.advance(60)
    pace.reserve(to("a@new.example"))
    assert len(pace._found) == 1


def test_pace_when_a_rate_is_none_then_it_is_refused() -> None:
    """At once, and not when the first message is sent."""
    with pytest.raises(ConfigError):
        Pace(None, {"x.example": "often"})


def test_throttle_when_it_has_a_burst_then_so_many_go_at_once_after_a_pause(frozen: FrozenClock) -> None:
    """And never more in any second than the burst and the rate together."""
    throttle = Throttle(10.0, burst=5)
    assert [throttle.reserve() for _ in range(7)] == pytest.approx([0.0] * 5 + [0.1, 0.2])
    frozen.advance(10)
    assert [throttle.reserve() for _ in range(6)] == pytest.approx([0.0] * 5 + [0.1])
