"""Whose number is it? Users' own numbers (DIDs), compared in whatever form the network signals or a sender writes them. Pure.

Asked by `inbound` for a call that came in, and by `inside` for a fax that would go out.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from mailfax.routing.numbers import NumberFault, destination
from mailfax.routing.settings import Domain, E164Plan

_NOT_DIALLED = re.compile(r"[^0-9]")


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnNumber:
    """A user's own number and the mailbox of what comes in on it."""

    number: str
    owner: str
    mailbox: str


def digits_of(number: str) -> str:
    """Return the digits of a number as the exchange signals it (+, spaces, hyphens)."""
    return _NOT_DIALLED.sub("", number)


def canonical_forms(number: str, domains: Iterable[Domain]) -> frozenset[str]:
    """Return what a number could mean in the public network, seen from each of our e164 domains."""
    written = ("+" if number.strip().startswith("+") else "") + digits_of(number)
    found = set()
    for domain in domains:
        if isinstance(domain.plan, E164Plan):
            try:
                found.add(destination(written, domain).canonical)
            except NumberFault:
                continue
    return frozenset(found)


def owner_of(called: str, own: Iterable[OwnNumber], domains: tuple[Domain, ...]) -> OwnNumber | None:
    """Return whose number was called: of the very digits first, then of the same number written in another form."""
    own, digits = tuple(own), digits_of(called)
    if not digits:
        return None
    exact = next((each for each in own if digits_of(each.number) == digits), None)
    if exact is not None or not own:
        return exact
    forms = canonical_forms(called, domains)
    return next((each for each in own if forms & canonical_forms(each.number, domains)), None)
