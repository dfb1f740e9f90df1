"""When a schedule is due: an RRULE of RFC 5545 in a zone, as moments. Pure; used by `schedules`.

Rules count in local time, as people mean them: 08:00 stays 08:00 when the clocks change. A time that a change leaves out is an hour later by
the clock (the offset from before it holds), one that comes twice is meant the first time (RFC 5545 section 3.3.5).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rrulestr

US_PER_S = 1_000_000
_MARGIN = timedelta(days=2)  # more than any two zones differ


class RuleFault(ValueError):
    """The rule cannot be used; the text is one plain sentence."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """A rule with its zone. Made by `calendar`."""

    rule: rrule
    zone: ZoneInfo

    def between(self, after_us: int, until_us: int) -> list[int]:
        """Return the occurrences after one moment and not after another, oldest first."""
        begin, end = self._local(after_us) - _MARGIN, self._local(until_us) + _MARGIN
        moments = (self._moment_us(local) for local in self.rule.between(begin, end, inc=True))
        return [moment for moment in moments if after_us < moment <= until_us]

    def upcoming(self, after_us: int) -> Iterator[int]:
        """Yield the occurrences after a moment, without end where the rule has none."""
        for local in self.rule.xafter(self._local(after_us) - _MARGIN):
            if (moment := self._moment_us(local)) > after_us:
                yield moment

    def _local(self, at_us: int) -> datetime:
        return datetime.fromtimestamp(at_us // US_PER_S, UTC).astimezone(self.zone).replace(tzinfo=None)

    def _moment_us(self, local: datetime) -> int:
        return round(local.replace(tzinfo=self.zone, fold=0).timestamp()) * US_PER_S


def calendar(rule: str, begin: str, zone: str) -> Calendar:
    """Read a rule (`FREQ=WEEKLY;BYDAY=MO;BYHOUR=8`), what it counts from (`2026-01-05T08:00`) and its zone (IANA). Raises RuleFault."""
    try:
        start = datetime.fromisoformat(begin)
        where = ZoneInfo(zone)
        read = rrulestr(rule, dtstart=start)
    except (ValueError, TypeError, KeyError, OSError) as error:
        raise RuleFault(f"{rule!r} from {begin!r} in {zone!r} is no rule: {error}.") from error
    if start.tzinfo is not None or ("UNTIL" in rule.upper() and rule.upper().rstrip().endswith("Z")):
        raise RuleFault("Times are local ones, in the zone of the schedule: write them without Z or an offset.")
    if not isinstance(read, rrule):
        raise RuleFault("One RRULE is taken, not a set of them.")
    if re.search(r"FREQ\s*=\s*(MINUTELY|SECONDLY)", rule, re.IGNORECASE):
        raise RuleFault("FREQ is YEARLY, MONTHLY, WEEKLY, DAILY or HOURLY.")
    return Calendar(read, where)
