"""Times as the page says them: local, and no finer than is of use."""

from datetime import datetime, timedelta

__all__ = ["DAY", "between", "clock_time", "duration", "full", "is_one_day", "local", "offset"]

DAY = 86_400
_UNITS = ((DAY, "day", "days"), (3_600, "h", "h"), (60, "min", "min"), (1, "s", "s"))


def local(moment: float) -> datetime:
    return datetime.fromtimestamp(moment).astimezone()


def offset(moment: float) -> float:
    """Return how many seconds local time is ahead of UTC."""
    return (local(moment).utcoffset() or timedelta()).total_seconds()


def is_one_day(first: float, last: float) -> bool:
    return local(first).date() == local(last).date()


def full(moment: float) -> str:
    found = local(moment)
    return f"{found.day} {found:%B %Y, %H:%M:%S %Z}"


def clock_time(moment: float, step: float = 1) -> str:
    """Return a time as fine as the step needs it: with seconds, with minutes, or the day."""
    found = local(moment)
    if step >= DAY:
        return f"{found.day} {found:%b}"
    return f"{found:%H:%M}" if step % 60 == 0 else f"{found:%H:%M:%S}"


def between(first: float, last: float) -> str:
    begin, end = local(first), local(last)
    if int(first) == int(last):
        return f"{begin.day} {begin:%B %Y}, {begin:%H:%M:%S}"
    if is_one_day(first, last):
        return f"{begin.day} {begin:%B %Y}, {begin:%H:%M:%S} to {end:%H:%M:%S}"
    return f"{begin.day} {begin:%B %Y}, {begin:%H:%M} to {end.day} {end:%B %Y}, {end:%H:%M}"


def duration(seconds: float) -> str:
    """Return a length of time as people say it: in the two largest units."""
    if seconds < 0.1:
        return "less than 0.1 s"
    if seconds < 10:
        return f"{seconds:.1f} s"
    rest, parts = round(seconds), []
    for size, one, more in _UNITS:
        number, rest = divmod(rest, size)
        parts.append((number, one if number == 1 else more))
    first = next(place for place, (number, _) in enumerate(parts) if number)
    return " ".join(f"{number} {unit}" for number, unit in parts[first : first + 2] if number)
