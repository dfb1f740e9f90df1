"""Spans of the day on days of the week, as an administrator writes them. Used by the rules of [permissions] and by [hours]."""

import re
from dataclasses import dataclass
from datetime import datetime

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(
    r"(?:(?P<first>[a-z]{3})(?:-(?P<last>[a-z]{3}))? )?(?P<begin>[0-9]{2}:[0-9]{2})-(?P<end>[0-9]{2}:[0-9]{2})"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Hours:
    """A span of the day on some days of the week, to the minute; the end is not in it, and it may be after midnight."""

    written: str
    days: frozenset[int]
    begin_min: int
    end_min: int

    def hold(self, now: datetime) -> bool:
        """Say whether a local time is within."""
        minute = now.hour * 60 + now.minute
        if self.begin_min < self.end_min:
            return now.weekday() in self.days and self.begin_min <= minute < self.end_min
        before = (now.weekday() - 1) % 7  # the span began yesterday
        return (now.weekday() in self.days and minute >= self.begin_min) or (
            before in self.days and minute < self.end_min
        )


def read_hours(written: str) -> Hours:
    """Read `08:00-18:00` or `mon-fri 08:00-18:00`. Raises ValueError."""
    parts = _HOURS.fullmatch(written)
    if parts is None or {parts["first"] or "mon", parts["last"] or "mon"} - set(_DAYS):
        raise ValueError(f"{written!r} is no span of hours: write 08:00-18:00, or mon-fri 08:00-18:00.")
    begin, end = (_minutes(parts[name]) for name in ("begin", "end"))
    first = _DAYS.index(parts["first"]) if parts["first"] else 0
    last = _DAYS.index(parts["last"]) if parts["last"] else first if parts["first"] else 6
    days = frozenset((first + further) % 7 for further in range((last - first) % 7 + 1))
    return Hours(written=written, days=days, begin_min=begin, end_min=end)


def _minutes(written: str) -> int:
    hour, minute = map(int, written.split(":"))
    if hour * 60 + minute > 24 * 60 or minute > 59:
        raise ValueError(f"{written!r} is no time of day.")
    return hour * 60 + minute
