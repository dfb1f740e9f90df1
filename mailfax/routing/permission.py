"""Who may dial what, and when. A pure function over the rules of [permissions]; asked by `outbound` for each recipient.

Deny by default: the first rule that fits who asks and where it goes decides, and where none fits the answer is no. `any` means
every class but those of the deny list (short, premium, satellite), which a rule has to name; an emergency number is refused whatever the rules
say. Without rules of one's own everybody who is known may send to everyday destinations.
"""

from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address, ip_network

from mailfax.model.user import Role, User
from mailfax.routing.kinds import DENY_LIST, Kind
from mailfax.routing.numbers import Destination
from mailfax.routing.rules import ANY_KIND, COUNTRY, DEFAULT_RULE, PREFIX, Rule


@dataclass(frozen=True, kw_only=True, slots=True)
class Asker:
    """Who wants to send: a client's address, the user who is logged in, or (`command`) the command line of this machine."""

    ip: str = ""
    user: User | None = None
    command: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Ruling:
    """Whether it is allowed, and by which rule, as the end of a sentence; `approve`: once an operator has approved it."""

    allowed: bool
    because: str
    approve: bool = False


def ruling(asker: Asker, destination: Destination, rules: tuple[Rule, ...], now: datetime) -> Ruling:
    """Judge one destination. `now` is local time."""
    if destination.kind is Kind.EMERGENCY:
        return Ruling(allowed=False, because="no rule can allow a fax to an emergency number")
    out_of_hours = ""
    for rule in rules or (DEFAULT_RULE,):
        if not any(is_party(asker, party) for party in rule.who) or not any(_covers(destination, to) for to in rule.to):
            continue
        if rule.hours is not None and not rule.hours.hold(now):
            out_of_hours = out_of_hours or (
                f'rule "{rule.name}" allows it {rule.hours.written} only' if rule.allow else ""
            )
            continue
        verb = ("allows" if rule.allow else "refuses") + " it"
        approve = rule.allow and rule.approve and not _needs_nobody(asker)
        verb += " once an operator has approved it" if approve else ""
        return Ruling(allowed=rule.allow, because=f'rule "{rule.name}" {verb}', approve=approve)
    if destination.kind in DENY_LIST:
        return Ruling(
            allowed=False, because=out_of_hours or "it is on the deny list, and no rule allows it by its name"
        )
    return Ruling(allowed=False, because=out_of_hours or "no rule allows it")


def is_party(asker: Asker, party: str) -> bool:
    """Say whether somebody is one of a party as rules and lists name them."""
    kind, _, name = party.partition(":")
    match kind:
        case "*":
            return True
        case "users":
            return asker.user is not None
        case "shell":
            return asker.command
        case "user":
            return asker.user is not None and asker.user.name == name
        case "group":
            return asker.user is not None and name in asker.user.groups
        case _:
            return _within(asker.ip, name)


def _needs_nobody(asker: Asker) -> bool:
    """Say whether what this one sends needs nobody's approval: he could give it himself."""
    return asker.command or (asker.user is not None and not {Role.OPERATOR, Role.ADMIN}.isdisjoint(asker.user.roles))


def _within(ip: str, network: str) -> bool:
    try:
        return ip_address(ip) in ip_network(network)
    except ValueError:
        return False


def _covers(destination: Destination, target: str) -> bool:
    listed = destination.kind in DENY_LIST
    if target == ANY_KIND:
        return not listed
    if COUNTRY.fullmatch(target):
        return destination.country == target and not listed
    if PREFIX.fullmatch(target):
        return destination.canonical.startswith(target)
    return destination.kind == target
