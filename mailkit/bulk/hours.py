"""When a campaign may send, and how much in a day."""

import re
import sqlite3
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mailkit.errors import ConfigError

__all__ = ["Hours", "Quota"]

_TIMES = re.compile(r"\s*(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})\s*")
_RAMP = re.compile(r"\s*(\d+)\s*(?:[x*]\s*(\d+(?:\.\d+)?))?\s*")


@dataclass(frozen=True)
class Hours:
    """The time of day in which a campaign sends: ``09:00-18:00``; over midnight, ``22:00-06:00``. Empty is always.

    ``timezone`` is a name of the IANA database; the machine's own by default. Raises ConfigError.

    >>> Hours("09:00-18:00", "Europe/Berlin").opens_in(1_767_250_800.0)  # 08:00 there
    3600.0
    """

    between: str = ""
    timezone: str = ""
    _from: time = field(default=time(), init=False, repr=False)
    _until: time = field(default=time(), init=False, repr=False)
    _zone: tzinfo | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.timezone:
            try:
                object.__setattr__(self, "_zone", ZoneInfo(self.timezone))
            except (ZoneInfoNotFoundError, ValueError, OSError):
                raise ConfigError(
                    f"there is no time zone {self.timezone!r}",
                    hint="Write one such as Europe/Berlin; where the system has none: pip install tzdata.",
                ) from None
        if not self.between:
            return
        found = _TIMES.fullmatch(self.between)
        try:
            if found is None:
                raise ValueError
            begin, end = (_time(found[place], found[place + 1]) for place in (1, 3))
        except ValueError:
            raise ConfigError(f"{self.between!r} is no time of day", hint="Write it as 09:00-18:00.") from None
        if begin == end:
            raise ConfigError(f"{self.between!r} is no time at all", hint="Leave it out to send at any time.")
        object.__setattr__(self, "_from", begin)
        object.__setattr__(self, "_until", end)

    def local(self, now: float) -> datetime:
        """Return the moment with the date and time of day that count."""
        moment = datetime.fromtimestamp(now, UTC)
        return moment.astimezone(self._zone)

    def opens_in(self, now: float) -> float:
        """How many seconds there are until messages may go; 0 when they may now."""
        if not self.between:
            return 0.0
        here = self.local(now)
        clock = here.time()
        begin, end = self._from, self._until
        is_open = begin <= clock < end if begin < end else clock >= begin or clock < end
        if is_open:
            return 0.0
        opening = datetime.combine(here.date(), begin, here.tzinfo)
        if opening <= here:
            opening = datetime.combine(here.date() + timedelta(days=1), begin, here.tzinfo)
        return opening.timestamp() - now

    def next_day_in(self, now: float) -> float:
        """How many seconds there are until the next day begins."""
        here = self.local(now)
        return datetime.combine(here.date() + timedelta(days=1), time(), here.tzinfo).timestamp() - now


def _time(hour: str, minute: str) -> time:
    return time(int(hour) % 24 if int(hour) <= 24 else 99, int(minute))


@dataclass(frozen=True)
class Quota:
    """How many messages may leave in a day; 0 is no limit. All processes and campaigns of a journal share it.

    ``warm_up`` begins with fewer: ``200`` on the first day, and each day twice as many; ``200x1.5`` for half as much again.
    """

    daily: int = 0
    warm_up: str = ""
    hours: Hours = field(default_factory=Hours)
    _start: int = field(default=0, init=False, repr=False)
    _growth: float = field(default=2.0, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.daily < 0:
            raise ConfigError("a daily quota is a number of messages, such as 50000")
        if not self.warm_up:
            return
        found = _RAMP.fullmatch(self.warm_up)
        if found is None or int(found[1]) < 1 or float(found[2] or 2) < 1:
            raise ConfigError(
                f"{self.warm_up!r} is no warm-up",
                hint="Write how many on the first day, and the growth: 200 or 200x1.5.",
            )
        object.__setattr__(self, "_start", int(found[1]))
        object.__setattr__(self, "_growth", float(found[2] or 2))

    @property
    def is_free(self) -> bool:
        return not self.daily and not self._start

    def left(self, db: sqlite3.Connection, now: float, *, under_way: int) -> int:
        """How many messages may still be claimed today, when so many are under way already."""
        day = self._day(now)
        row = db.execute("SELECT used FROM quota WHERE day = ?", (day,)).fetchone()
        return max(0, self._limit(db, day) - (row[0] if row else 0) - under_way)

    def use(self, db: sqlite3.Connection, now: float, count: int) -> None:
        """Count messages that are about to leave."""
        db.execute(
            "INSERT INTO quota (day, used) VALUES (?, ?) ON CONFLICT (day) DO UPDATE SET used = used + excluded.used",
            (self._day(now), count),
        )

    def _day(self, now: float) -> str:
        return self.hours.local(now).date().isoformat()

    def _limit(self, db: sqlite3.Connection, day: str) -> int:
        limits = [self.daily] if self.daily else []
        if self._start:
            # Days on which nothing was sent have warmed nothing.
            (before,) = db.execute("SELECT count(*) FROM quota WHERE day < ? AND used > 0", (day,)).fetchone()
            limits.append(int(min(self._start * self._growth ** min(before, 60), 1e12)))
        return min(limits)
