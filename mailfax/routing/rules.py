"""The rules of [permissions] as they are written: who, to where, when. Every value checks itself; `permission` applies them."""

import re
from dataclasses import dataclass
from ipaddress import ip_network

from mailfax.model.hours import Hours
from mailfax.routing.kinds import EVERYDAY, Kind

ANYBODY = "*"
ANY_KIND = "any"
USERS = "users"
SHELL = "shell"
COUNTRY = re.compile(r"[A-Z]{2}")
PREFIX = re.compile(r"\+?[0-9]{1,15}")
_PARTY = re.compile(r"(?:user|group):[a-z0-9][a-z0-9._@+-]{0,63}")


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
    approve: bool = False  # allowed, once somebody else has seen it
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
