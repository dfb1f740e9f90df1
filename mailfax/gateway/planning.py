"""When a fax may be called: what its sender asked (X-Fax-Send-At and its kin) on what [queue] and [hours] say. Asked when a mail comes in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from mailfax.model.address import FaxAddress
from mailfax.model.options import ANY_HOURS, OptionFault, SendOptions
from mailfax.model.plan import CallPlan, Priority
from mailfax.routing.zones import zones_of

US_PER_S = 1_000_000
_CLOCK = re.compile(r"([0-9]{1,2})[:.]?([0-9]{2})")
_AFTER = re.compile(r"\+?([0-9]{1,4})(m|h|d)")
_UNITS_S = {"m": 60, "h": 3600, "d": 86400}
_HOW = "write 23:00, 2026-12-01T08:00, 2026-12-01T08:00+01:00, or 90m, 2h, 3d from now"


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedHours:
    """Hours of [hours]: `written` as `model.hours` reads them, in the zone of the called number or in ours."""

    written: str
    at_destination: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanPolicy:
    """What the administrator says: hours by name, those that hold where none are asked for, and from how many numbers on a mail goes last.

    `zone` is ours, an IANA name.
    """

    hours: Mapping[str, NamedHours] = field(default_factory=dict)
    usual: str = ""
    bulk_numbers: int = 20
    zone: str = "UTC"


def plan_of(
    options: SendOptions, address: FaxAddress, numbers: int, zone: str, policy: PlanPolicy, now_us: int
) -> CallPlan:
    """Return the plan for one of `numbers` that a mail goes to; times are read in the sender's `zone`. Raises OptionFault."""
    zone = zone or policy.zone
    send_at_us = _moment(options.send_at, zone, now_us, "send-at") if options.send_at else None
    not_after_us = _moment(options.not_after, zone, send_at_us or now_us, "not-after") if options.not_after else None
    if not_after_us is not None and not_after_us <= max(now_us, send_at_us or 0):
        raise OptionFault("not-after is over before the fax may be sent.")
    hours, zones = _hours(options.hours or policy.usual, address, policy)
    usual = Priority.LOW if numbers >= policy.bulk_numbers else Priority.NORMAL
    return CallPlan(
        priority=options.priority or usual,
        send_at_us=send_at_us,
        not_after_us=not_after_us,
        hours=hours,
        zones=zones,
    )


def _hours(name: str, address: FaxAddress, policy: PlanPolicy) -> tuple[str, tuple[str, ...]]:
    if name in {"", ANY_HOURS}:
        return "", ()
    known = policy.hours.get(name)
    if known is None:
        raise OptionFault(f"hours={name} is not known here; there are {', '.join((*policy.hours, ANY_HOURS))}.")
    return known.written, zones_of(address.number, policy.zone) if known.at_destination else (policy.zone,)


def _moment(written: str, zone: str, from_us: int, key: str) -> int:
    """Read a moment; a time of day is the first one after `from_us`."""
    begin = datetime.fromtimestamp(from_us / US_PER_S, tz=ZoneInfo(zone))
    try:
        if clock := _CLOCK.fullmatch(written):
            found = begin.replace(hour=int(clock[1]), minute=int(clock[2]), second=0, microsecond=0)
            found += timedelta(days=found <= begin)
        elif after := _AFTER.fullmatch(written.lower()):
            return from_us + int(after[1]) * _UNITS_S[after[2]] * US_PER_S
        else:
            found = datetime.fromisoformat(written.upper())
            found = found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))
    except ValueError:
        raise OptionFault(f"{key}: {written!r} is no time; {_HOW}.") from None
    return int(found.timestamp()) * US_PER_S
