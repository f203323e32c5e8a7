"""One deadline for a whole exchange: a filter that sends a byte now and then must not hold us for ever."""

from dataclasses import dataclass, field

from mailkit import clock
from mailkit.errors import TransportTimeout

__all__ = ["Deadline"]


@dataclass(frozen=True, slots=True)
class Deadline:
    """``seconds`` from when it is made."""

    seconds: float
    moment: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "moment", clock.monotonic() + self.seconds)

    def left(self) -> float:
        """Return the seconds that are left. Raises TransportTimeout when there are none."""
        left = self.moment - clock.monotonic()
        if left <= 0:
            raise TransportTimeout(f"there was no answer within {self.seconds:g} seconds")
        return left
