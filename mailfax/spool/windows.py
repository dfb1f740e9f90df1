"""When a job may be called next, and until when: pure functions of its plan. Used by `jobs` whenever a job is queued.

The hours of a plan are local times, so a window is made day by day in its zone and moves with its summer time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from zoneinfo import ZoneInfo

from mailfax.model.hours import Hours, read_hours
from mailfax.model.plan import CallPlan

US_PER_S = 1_000_000
MINUTES_A_DAY = 24 * 60
NEVER_US = 2**62
_DAYS_AHEAD = 9  # a week, and what zones and the day before add


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """A span in which a call may begin, in UTC microseconds; its end is not in it."""

    open_us: int
    close_us: int


def window(plan: CallPlan, from_us: int) -> Window:
    """Return the first window of the plan that is not over at `from_us`, and no earlier than that. It is empty where the plan's time is over."""
    begin_us = max(from_us, plan.send_at_us or 0)
    found = _hours_window(plan, begin_us) if plan.hours else Window(open_us=begin_us, close_us=NEVER_US)
    return (
        found
        if plan.not_after_us is None
        else Window(open_us=found.open_us, close_us=min(found.close_us, plan.not_after_us))
    )


def _hours_window(plan: CallPlan, from_us: int) -> Window:
    hours = read_hours(plan.hours)
    by_zone = [list(_spans(hours, ZoneInfo(zone), from_us)) for zone in plan.zones]
    # Zones that have no hour in common: the first of them has to do.
    common = reduce(_both, by_zone) or by_zone[0]
    for begin_us, end_us in common:
        if end_us > from_us:
            return Window(open_us=max(begin_us, from_us), close_us=end_us)
    raise AssertionError("hours come every week")


def _spans(hours: Hours, zone: ZoneInfo, from_us: int) -> Iterator[tuple[int, int]]:
    """Give the spans of some days from the day before `from_us` on, in order."""
    first = datetime.fromtimestamp(from_us // US_PER_S, tz=zone).date() - timedelta(days=1)
    for day in (first + timedelta(days=further) for further in range(_DAYS_AHEAD)):
        if day.weekday() in hours.days:
            over_midnight = MINUTES_A_DAY if hours.end_min <= hours.begin_min else 0
            begin_us, end_us = _at(day, hours.begin_min, zone), _at(day, hours.end_min + over_midnight, zone)
            if begin_us < end_us:  # else the hour that summer time leaves out
                yield begin_us, end_us


def _at(day: date, minute: int, zone: ZoneInfo) -> int:
    local = datetime.combine(day + timedelta(days=minute // MINUTES_A_DAY), datetime.min.time(), zone)
    local = local.replace(hour=minute % MINUTES_A_DAY // 60, minute=minute % 60)
    return int(local.astimezone(UTC).timestamp()) * US_PER_S


def _both(ones: list[tuple[int, int]], others: list[tuple[int, int]]) -> list[tuple[int, int]]:
    shared = [(max(a, c), min(b, d)) for a, b in ones for c, d in others]
    return sorted((begin, end) for begin, end in shared if begin < end)
