"""Is a number that would be dialled one of our own? Then a call would only come back to us. Pure; asked by `outbound` for each recipient (AU4).

Carefully: what is taken for our own and is not would never reach its reader. Of the rules of [receive.did] only whole numbers count, patterns of fixed length
in a private plan, and patterns in international form; the end of a number, as some exchanges signal it, says nothing of the whole.
"""

import re
from collections.abc import Iterable

from mailfax.routing.numbers import Destination
from mailfax.routing.own import OwnNumber, canonical_forms, digits_of
from mailfax.routing.settings import DidRule, Domain, E164Plan, RoutingSettings


def own_number(where: Destination, domain: Domain, settings: RoutingSettings, own: Iterable[OwnNumber]) -> str:
    """Return the number as our rules for received faxes know it, or nothing where it is not ours."""
    if not settings.inside:
        return ""
    numbers = [
        *(rule.called for rule in settings.did if rule.exact),
        *(each.number for each in own),
        *settings.line_numbers,
    ]
    for number in numbers:
        if _same(number, where, domain):
            return number
    return where.canonical if any(_fits(rule, where, domain) for rule in settings.did if not rule.exact) else ""


def _same(number: str, where: Destination, domain: Domain) -> bool:
    if isinstance(domain.plan, E164Plan):
        return where.canonical in canonical_forms(number, (domain,))
    return digits_of(number) == where.canonical


def _fits(rule: DidRule, where: Destination, domain: Domain) -> bool:
    pattern = rule.called.removeprefix("+").replace("x", "[0-9]").replace("*", "[0-9]*")
    whole = rule.called.startswith("+")
    if isinstance(domain.plan, E164Plan):
        return whole and re.fullmatch(pattern, where.canonical.removeprefix("+")) is not None
    return not whole and not rule.called.endswith("*") and re.fullmatch(pattern, where.canonical) is not None
