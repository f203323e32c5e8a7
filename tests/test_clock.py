"""The only reader of time and chance."""

from mailkit import MessageBuilder, clock
from mailkit.testing import FrozenClock


def test_a_frozen_clock_makes_the_same_message_every_time() -> None:
    """With time and chance held still, two builds give the same bytes."""
    builder = MessageBuilder().from_("ada@example.com").to("bob@example.com").text("Hello")
    built = []
    for _ in range(2):
        with clock.using(FrozenClock()):
            built.append(bytes(builder.build()))
    assert built[0] == built[1]


def test_the_clock_goes_on_after_the_block() -> None:
    """The replacement ends with its block, also when the block fails."""
    frozen = FrozenClock()
    try:
        with clock.using(frozen):
            frozen.advance(10)
            assert clock.monotonic() == 10.0
            raise KeyError
    except KeyError:
        pass
    assert clock.now() != frozen.now()
    assert clock.token() != clock.token()
