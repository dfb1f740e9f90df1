"""Which number an opt-out means: the canonical form that addresses and lists are compared in. Called by `mailfax list optout`."""

from mailfax.routing import outbound
from mailfax.routing.numbers import NumberFault, destination
from mailfax.routing.settings import RoutingSettings


class NotANumber(ValueError):
    """What was written is no fax number; the text is one plain sentence."""


def canonical(written: str, routing: RoutingSettings) -> str:
    """Return a number as members of lists are known by; of the first domain where it names none. Raises NotANumber."""
    mailbox = written if "@" in written else f"{written}@{routing.domains[0].name}"
    found = outbound.recipient(mailbox, routing)
    if isinstance(found, outbound.Refused):
        raise NotANumber(found.detail)
    address = found[0].addresses[0]
    domain = routing.domain(address.domain)
    assert domain is not None
    try:
        return destination(address.number, domain).canonical
    except NumberFault as fault:
        raise NotANumber(str(fault)) from fault
