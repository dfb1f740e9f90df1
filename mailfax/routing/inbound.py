"""Which mailboxes does a received fax belong to? A pure function of the called number; the gateway asks it per fax.

An exact rule wins over patterns, patterns are tried in the order in which they were written, and what no rule names goes
to the catch-all: a fax never goes nowhere.
"""

import re
from dataclasses import dataclass

from mailfax.routing.settings import DidRule, RoutingSettings

_NOT_DIALLED = re.compile(r"[^0-9]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """Where the fax goes (at least one mailbox), and why, in one sentence."""

    mailboxes: tuple[str, ...]
    because: str


def route(
    called: str, caller: str, station_id: str, line: str, settings: RoutingSettings, *, subaddress: str = ""
) -> Route:
    """Choose the mailboxes. `called` may be empty, or written as the exchange signals it (+, spaces, hyphens).

    A `subaddress` that has a rule is the nearest word of whom the sender meant; one without is shown and routes nothing.
    """
    named = subaddress.replace(" ", "")
    for sub_rule in settings.subaddress:
        if sub_rule.subaddress == named:
            return Route(mailboxes=sub_rule.mailboxes, because=f"The subaddress {named} has its own rule.")
    digits = _NOT_DIALLED.sub("", called)
    by_precedence = sorted(settings.did, key=lambda rule: not rule.exact)
    for rule in by_precedence:
        if digits and _pattern(rule).fullmatch(digits):
            kind = "its own rule" if rule.exact else f"the pattern {rule.called}"
            return Route(mailboxes=rule.mailboxes, because=f"The called number {digits} has {kind}.")
    seen = f"on line {line} from {caller or station_id or 'an unknown caller'}"
    why = f"No rule names the called number {digits}" if digits else "No called number was heard"
    return Route(mailboxes=(settings.catch_all,), because=f"{why} ({seen}), so the fax goes to the catch-all.")


def _pattern(rule: DidRule) -> re.Pattern[str]:
    """Write a rule as a regular expression over bare digits."""
    return re.compile(rule.called.removeprefix("+").replace("x", "[0-9]").replace("*", "[0-9]*"))
