"""The rules of [permissions] as they are written: who, to where, when. Every value checks itself; `permission` applies them."""

import re
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_network

from mailfax.routing.kinds import EVERYDAY, Kind

ANYBODY = "*"
ANY_KIND = "any"
USERS = "users"
SHELL = "shell"
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(
    r"(?:(?P<first>[a-z]{3})(?:-(?P<last>[a-z]{3}))? )?(?P<begin>[0-9]{2}:[0-9]{2})-(?P<end>[0-9]{2}:[0-9]{2})"
)
COUNTRY = re.compile(r"[A-Z]{2}")
PREFIX = re.compile(r"\+?[0-9]{1,15}")
_PARTY = re.compile(r"(?:user|group):[a-z0-9][a-z0-9._@+-]{0,63}")


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One rule: who may, or may not, dial where and when.

    `who`: `*`, `users`, `shell`, `user:NAME`, `group:NAME`, `network:CIDR`. `to`: `any`, a class, a country (`DE`: its numbers of
    all classes but the deny list), or the beginning of a canonical number (`+4930`).
    """

    name: str
    who: tuple[str, ...]
    to: tuple[str, ...]
    allow: bool = True
    hours: Hours | None = None

    def __post_init__(self) -> None:
        for party in self.who:
            check_party(party)
        for target in self.to:
            if not (target in {ANY_KIND, *Kind} or COUNTRY.fullmatch(target) or PREFIX.fullmatch(target)):
                kinds = ", ".join(kind for kind in Kind if kind is not Kind.EMERGENCY)
                raise ValueError(f"{target!r} is no destination: write any, {kinds}, a country such as DE, or +4930.")
            if self.allow and target == Kind.EMERGENCY:
                raise ValueError("No rule can allow faxes to emergency numbers.")
        if not self.who or not self.to:
            raise ValueError("A rule says who and to.")


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


def check_party(party: str) -> None:
    """Refuse what names nobody. Raises ValueError."""
    if party in {ANYBODY, USERS, SHELL} or _PARTY.fullmatch(party):
        return
    kind, _, network = party.partition(":")
    if kind != "network":
        raise ValueError(
            f"{party!r} is nobody: write *, users, shell, user:NAME, group:NAME or network:192.168.1.0/24."
        )
    ip_network(network)


DEFAULT_RULE = Rule(name="everyday", who=(ANYBODY,), to=tuple(sorted(EVERYDAY)))
