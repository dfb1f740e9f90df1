"""The time zones in which a number may be, from its beginning. Used where calls keep to somebody's hours."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from phonenumbers import timezone as number_zones

MOST_ZONES = 6  # a number that could be anywhere in a continent says nothing of its hours


def zones_of(number: str, ours: str) -> tuple[str, ...]:
    """Return the zones (IANA names) of a canonical number, `+1202…`; `ours` for one of a private plan, or that may be nearly anywhere."""
    if not number.startswith("+"):
        return (ours,)
    try:
        found = number_zones.time_zones_for_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return (ours,)
    known = tuple(sorted(zone for zone in found if _is_known(zone)))
    return known if 0 < len(known) <= MOST_ZONES else (ours,)


def _is_known(zone: str) -> bool:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        return False
    return not zone.startswith("Etc/")
