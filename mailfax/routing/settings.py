"""What routing has to know: our fax domains and their number plans, who may send, and which mailbox a called number has.

Made by `config.py` from the `[routing]` tables (or the embedded default); read by `outbound` and `inbound`. Every value
checks itself when it is made and raises ValueError with a sentence for whoever wrote the configuration.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from mailfax.routing.prices import NO_PRICES, Prices
from mailfax.routing.rules import Rule

Network = IPv4Network | IPv6Network
DialTable = tuple[tuple[str, str], ...]  # the beginning of a canonical number, and what is dialled in its place
_BEGINNING = re.compile(r"\+?[0-9]{0,15}")
_INSTEAD = re.compile(r"[0-9]{0,15}")
LOOPBACK: tuple[Network, ...] = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))
_SUBADDRESS = re.compile(r"[0-9#*]{1,20}")
_DID_PATTERN = re.compile(r"\+?[0-9x]+\*?|\*")


@dataclass(frozen=True, kw_only=True, slots=True)
class PrivatePlan:
    """A plan without a country: a number is right when it has one of these lengths, and is in a range if there are any.

    It is dialled as it stands, or with what `dial` puts in the place of its beginning.
    """

    lengths: tuple[int, ...]
    ranges: tuple[tuple[str, str], ...] = ()
    dial: DialTable = ()

    def __post_init__(self) -> None:
        if not self.lengths or any(length < 1 for length in self.lengths):
            raise ValueError("A private number plan needs at least one length, for example lengths = [7].")
        for low, high in self.ranges:
            if not (low.isdigit() and high.isdigit() and len(low) == len(high) and low <= high):
                raise ValueError(f"{low}-{high} is no range of numbers: write for example 5550000-5559999.")
        _check_dial(self.dial)


@dataclass(frozen=True, kw_only=True, slots=True)
class E164Plan:
    """The telephone network, seen from a country (ISO 3166) and perhaps an area code, without the trunk prefix.

    `dial` puts digits in the place of the beginning of a canonical number; where nothing fits, it is dialled as
    telephones of that country do.
    """

    country: str
    area_code: str = ""
    dial: DialTable = ()

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Z]{2}", self.country):
            raise ValueError(f"{self.country!r} is no country: write its two letters (ISO 3166), for example US.")
        if self.area_code and not self.area_code.isdigit():
            raise ValueError(f"{self.area_code!r} is no area code: digits only.")
        _check_dial(self.dial)


NumberPlan = PrivatePlan | E164Plan


def _check_dial(dial: DialTable) -> None:
    for beginning, instead in dial:
        if not _BEGINNING.fullmatch(beginning) or not _INSTEAD.fullmatch(instead):
            raise ValueError(f'"{beginning}" = "{instead}" is no dial rule: write for example "+49" = "0" .')


@dataclass(frozen=True, kw_only=True, slots=True)
class Domain:
    """A mail domain whose local parts are fax numbers of `plan`."""

    name: str
    plan: NumberPlan
    exit_codes: tuple[
        str, ...
    ] = ()  # digits for an outside line that senders may write (RFC 2846): read, and not dialled

    def __post_init__(self) -> None:
        if not self.name or self.name != self.name.lower().rstrip("."):
            raise ValueError(f"Write the fax domain {self.name!r} in lower case and without a dot at its end.")
        for code in self.exit_codes:
            if not re.fullmatch(r"[0-9]{1,4}", code):
                raise ValueError(f"{code!r} is no exit code: one to four digits, for example 0.")


@dataclass(frozen=True, kw_only=True, slots=True)
class DidRule:
    """Calls to `called` go to `mailboxes`. In `called`, x is any digit and a final * is any rest: 5551234, 55512xx, 555*."""

    called: str
    mailboxes: tuple[str, ...]

    def __post_init__(self) -> None:
        if not _DID_PATTERN.fullmatch(self.called):
            raise ValueError(
                f"{self.called!r} is no called number: write digits, x for any digit, * at the end for any rest."
            )
        if not self.mailboxes or not all(self.mailboxes):
            raise ValueError(f"The called number {self.called} has no mailbox.")

    @property
    def exact(self) -> bool:
        """Say whether the rule names one number only."""
        return self.called.removeprefix("+").isdigit()


@dataclass(frozen=True, kw_only=True, slots=True)
class SubaddressRule:
    """Faxes for `subaddress`, as the sender's machine signals it (SUB), go to `mailboxes`."""

    subaddress: str
    mailboxes: tuple[str, ...]

    def __post_init__(self) -> None:
        if not _SUBADDRESS.fullmatch(self.subaddress):
            raise ValueError(f"{self.subaddress!r} is no subaddress: write digits, # and *, at most 20.")
        if not self.mailboxes or not all(self.mailboxes):
            raise ValueError(f"The subaddress {self.subaddress} has no mailbox.")


@dataclass(frozen=True, kw_only=True, slots=True)
class RoutingSettings:
    """All of it. Nobody outside `allow_networks` may send unless he is logged in (deny by default)."""

    domains: tuple[Domain, ...]
    catch_all: str
    allow_networks: tuple[Network, ...] = LOOPBACK
    did: tuple[DidRule, ...] = ()
    subaddress: tuple[SubaddressRule, ...] = ()
    rules: tuple[Rule, ...] = ()
    prices: Prices = NO_PRICES
    inside: bool = False  # whether faxes for our own numbers are delivered without a call
    line_numbers: tuple[str, ...] = ()
    time_zone: str = ""  # of the rules' hours: an IANA name, or empty for this machine's own

    def __post_init__(self) -> None:
        if not self.catch_all:
            raise ValueError("Routing needs a catch-all mailbox: a received fax must never go nowhere.")
        if len({domain.name for domain in self.domains}) != len(self.domains):
            raise ValueError("A fax domain is listed twice.")

    def domain(self, name: str) -> Domain | None:
        """Find one of our domains by its lower-case name."""
        return next((domain for domain in self.domains if domain.name == name), None)
