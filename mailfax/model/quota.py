"""How much may be sent in a day or a month: limits as they are written, and what is counted. Read by `gateway.quotas` and by the user's record."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

_WRITTEN = re.compile(r"(?P<unit>[a-z]+)/(?P<period>[a-z]+)=(?P<most>[0-9]{1,9}(?:\.[0-9]{1,4})?)")


class Unit(StrEnum):
    """What is counted. A page is one that the far machine confirmed; a minute is one on the telephone line."""

    PAGES = "pages"
    MINUTES = "minutes"
    CALLS = "calls"
    MONEY = "money"


class Period(StrEnum):
    """In what time. A day begins at midnight and a month on its first, in the zone of the gateway; an hour is the last sixty minutes."""

    HOUR = "hour"
    DAY = "day"
    MONTH = "month"

    def began(self, now: datetime) -> datetime:
        """Return when the period that it is now in began. `now` is local time with its zone."""
        match self:
            case Period.HOUR:
                return now - timedelta(hours=1)
            case Period.DAY:
                return now.replace(hour=0, minute=0, second=0, microsecond=0)
            case Period.MONTH:
                return now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
            case _ as never:
                assert_never(never)

    def ends(self, now: datetime) -> datetime:
        """Return when what was used counts no more: the next midnight, the next first of a month; of an hour, an hour from now."""
        match self:
            case Period.HOUR:
                return now + timedelta(hours=1)
            case Period.DAY:
                return (now.replace(fold=0) + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
            case Period.MONTH:
                first = self.began(now).replace(fold=0)
                return (first + timedelta(days=32)).replace(day=1)
            case _ as never:
                assert_never(never)


MINUTES_A_PAGE, MINUTES_A_FAX = 0.75, 0.5  # by which faxes that wait are counted beforehand


class Scope(StrEnum):
    """Whose use is counted."""

    USER = "user"
    DOMAIN = "domain"
    LINE = "line"
    EVERYBODY = "everybody"


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """One whose use is counted: a user, a domain, a line, or everybody together."""

    scope: Scope
    name: str = ""

    @property
    def key(self) -> str:
        """Return it as it is written: `user:anna`."""
        return f"{self.scope}:{self.name}" if self.name else self.scope.value

    @property
    def shown(self) -> str:
        """Return it for people: `the user anna`."""
        return f"the {self.scope} {self.name}" if self.name else "everybody"


class LimitFault(ValueError):
    """What is written is no limit; the text is one plain sentence."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """At most so many of a unit in a period."""

    unit: Unit
    period: Period
    most: float

    @property
    def written(self) -> str:
        """Return it as it is written, for example `pages/day=100`."""
        return f"{self.unit}/{self.period}={amount(self.most)}"

    @property
    def shown(self) -> str:
        """Return it for people, for example `100 pages a day`."""
        return f"{amount(self.most)} {self.unit} {'an' if self.period is Period.HOUR else 'a'} {self.period}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Used:
    """An amount of everything that is counted."""

    pages: float = 0
    minutes: float = 0
    calls: float = 0
    money: float = 0

    def of(self, unit: Unit) -> float:
        """Return the amount of one unit."""
        match unit:
            case Unit.PAGES:
                return self.pages
            case Unit.MINUTES:
                return self.minutes
            case Unit.CALLS:
                return self.calls
            case Unit.MONEY:
                return self.money
            case _ as never:
                assert_never(never)

    def __add__(self, other: "Used") -> "Used":
        return Used(
            pages=self.pages + other.pages,
            minutes=self.minutes + other.minutes,
            calls=self.calls + other.calls,
            money=self.money + other.money,
        )


def read_limit(written: str) -> Limit:
    """Read `pages/day=100`. Raises LimitFault."""
    parts = _WRITTEN.fullmatch(written.replace(" ", ""))
    if parts is None or parts["unit"] not in set(Unit) or parts["period"] not in set(Period):
        raise LimitFault(
            f"{written!r} is no limit: write for example pages/day=100; units are {', '.join(Unit)}, periods {', '.join(Period)}."
        )
    return Limit(unit=Unit(parts["unit"]), period=Period(parts["period"]), most=float(parts["most"]))


def read_limits(written: Iterable[str]) -> tuple[Limit, ...]:
    """Read several. Raises LimitFault, also where the same is limited twice."""
    limits = tuple(map(read_limit, written))
    if len({(limit.unit, limit.period) for limit in limits}) != len(limits):
        raise LimitFault("The same is limited twice; leave one out.")
    return limits


def amount(value: float) -> str:
    """Write an amount without digits that say nothing: 100, 12.5."""
    return f"{value:.4f}".rstrip("0").rstrip(".")
