"""The chart of what was sent when: slots of a round length, and an axis of real times and counts."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, floor

from mailkit.bulk.journal import Account
from mailkit.bulk.page.moment import DAY, between, clock_time, local, offset

__all__ = ["Bar", "Chart", "Tick", "chart_of"]

_MOST = 60  # bars: on a phone each is still some pixels wide
_LEAST = 12  # slots: a campaign of two seconds is not two planks
_TICKS = 7
_LINES = 4
_FULL = 0.97  # of the axis: a mark at the very end would stick out
_MINUTE, _HOUR = 60, 3_600
_WIDTHS = (
    *(1, 2, 5, 10, 15, 30, _MINUTE, 2 * _MINUTE, 5 * _MINUTE, 10 * _MINUTE, 15 * _MINUTE, 30 * _MINUTE),
    *(_HOUR, 2 * _HOUR, 3 * _HOUR, 6 * _HOUR, 12 * _HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 28 * DAY, 91 * DAY),
)
_NAMES = ((DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute"), (1, "second"))


@dataclass(frozen=True, slots=True)
class Bar:
    """One slot of time; ``left`` and ``height`` are in percent of the chart."""

    left: float
    height: float
    count: int
    told: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark of an axis, in percent of the chart from its left or its bottom."""

    at: float
    told: str


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn. ``told`` says the same in words, for those who cannot see it."""

    bars: tuple[Bar, ...]
    slot: float
    """How wide one slot is, in percent of the chart."""
    per: str
    times: tuple[Tick, ...]
    counts: tuple[Tick, ...]
    when: str
    told: str


def chart_of(account: Account) -> Chart | None:
    """Make the chart; None when nothing has been sent."""
    ends = account.sent_between()
    if ends is None:
        return None
    first, last = ends
    width = _width(last - first)
    # Slots begin at round local times, so that one is "14:05 to 14:06" and a day is a day.
    start = floor((first + offset(first)) / width) * width - offset(first)
    slots = max(int((last - start) // width) + 1, _LEAST)
    found = account.sent_by_time(start=start, width=width)
    top, counts = _counts(max(found.values()))
    bars = tuple(
        Bar(
            number * 100 / slots,
            found[number] * 100 / top,
            found[number],
            f"{_span(start + number * width, width)}: {found[number]:,} sent",
        )
        for number in sorted(found)
    )
    peak = max(bars, key=lambda bar: bar.count)
    per = _per(width)
    when = between(first, last)
    return Chart(
        bars=bars,
        slot=100 / slots,
        per=per,
        times=tuple(_times(start, slots * width)),
        counts=counts,
        when=when,
        told=f"{sum(found.values()):,} messages sent, {when}. The most per {per}: {peak.told}.",
    )


def _width(seconds: float) -> int:
    # One less than the most: the first slot may begin before the first message.
    return next((width for width in _WIDTHS if seconds / width <= _MOST - 1), ceil(seconds / (_MOST - 1) / DAY) * DAY)


def _per(width: int) -> str:
    size, name = next((size, name) for size, name in _NAMES if width % size == 0)
    return name if width == size else f"{width // size} {name}s"


def _times(start: float, length: float) -> Iterator[Tick]:
    """Marks at round local times, with the day where another one begins."""
    step = next((width for width in _WIDTHS if length / width <= _TICKS), _WIDTHS[-1])
    moment = ceil((start + offset(start)) / step) * step - offset(start)
    while moment < start + length * _FULL:
        is_midnight = f"{local(moment):%H%M%S}" == "000000"
        yield Tick((moment - start) * 100 / length, clock_time(moment, DAY if is_midnight else step))
        moment += step


def _counts(most: int) -> tuple[int, tuple[Tick, ...]]:
    """The top of the axis, and marks at round numbers."""
    size = 10 ** max(len(str(most)) - 2, 0)
    step = next(size * factor for factor in (1, 2, 5, 10, 20, 50, 100) if size * factor * _LINES >= most)
    top = ceil(most / step) * step
    return top, tuple(Tick(number * 100 / top, f"{number:,}") for number in range(0, top + 1, step))


def _span(start: float, width: int) -> str:
    """When a slot is, in words."""
    day = clock_time(start, DAY)
    if width >= DAY:
        return day if width == DAY else f"{day} to {clock_time(start + width - DAY, DAY)}"
    return f"{day}, {clock_time(start, width)} to {clock_time(start + width, width)}"
