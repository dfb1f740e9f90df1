"""Which mailboxes does a received fax belong to? A pure function of the called number; the gateway asks it per fax.

An exact rule of [receive.did] wins over a user's own number, that over patterns; patterns are tried in the order in which they
were written, and what no rule names goes to the catch-all: a fax never goes nowhere.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from mailfax.routing.own import OwnNumber, digits_of, owner_of
from mailfax.routing.settings import DidRule, RoutingSettings


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """Where the fax goes (at least one mailbox), and why, in one sentence."""

    mailboxes: tuple[str, ...]
    because: str


def route(
    called: str,
    caller: str,
    station_id: str,
    line: str,
    settings: RoutingSettings,
    *,
    subaddress: str = "",
    own: Iterable[OwnNumber] = (),
) -> Route:
    """Choose the mailboxes. `called` may be empty, or written as the exchange signals it (+, spaces, hyphens).

    A `subaddress` that has a rule is the nearest word of whom the sender meant; one without is shown and routes nothing.
    """
    named = subaddress.replace(" ", "")
    for sub_rule in settings.subaddress:
        if sub_rule.subaddress == named:
            return Route(mailboxes=sub_rule.mailboxes, because=f"The subaddress {named} has its own rule.")
    digits = digits_of(called)
    fitting = [rule for rule in settings.did if digits and _pattern(rule).fullmatch(digits)]
    for rule in fitting:
        if rule.exact:
            return Route(mailboxes=rule.mailboxes, because=f"The called number {digits} has its own rule.")
    if (user := owner_of(called, own, settings.domains)) is not None:
        return Route(mailboxes=(user.mailbox,), because=f"The called number {digits} is the user {user.owner}'s own.")
    for rule in fitting:
        return Route(mailboxes=rule.mailboxes, because=f"The called number {digits} has the pattern {rule.called}.")
    seen = f"on line {line} from {caller or station_id or 'an unknown caller'}"
    why = f"No rule names the called number {digits}" if digits else "No called number was heard"
    return Route(mailboxes=(settings.catch_all,), because=f"{why} ({seen}), so the fax goes to the catch-all.")


def _pattern(rule: DidRule) -> re.Pattern[str]:
    """Write a rule as a regular expression over bare digits."""
    return re.compile(rule.called.removeprefix("+").replace("x", "[0-9]").replace("*", "[0-9]*"))
