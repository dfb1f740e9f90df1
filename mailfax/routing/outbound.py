"""May this recipient be faxed, and what is dialled? One pure verdict per RCPT; the gateway's door asks it.

The checks run in this order, and the first that fails answers:

1. the client: a proven identity or an allowed network, so that a stranger learns nothing about our domains and numbers;
2. the domain: one of ours;
3. the local part: a telephone number and nothing else, no digits fished out of free text. `postmaster` (RFC 5321 section
   4.5.1) is told whom to write to: we pass no mail on, a mail server in front of us can do that with one line;
4. the number plan of the domain: so `911@` is refused wherever the plan's numbers have seven digits.

The From header is not an argument: who sends is known from the session or not at all.
"""

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import assert_never

from mailfax.model.address import AddressError, FaxAddress, parse_fax_address, split_mailbox
from mailfax.model.outcome import Outcome
from mailfax.routing.settings import Domain, Network, PrivatePlan, RoutingSettings

POSTMASTER = "postmaster"


@dataclass(frozen=True, kw_only=True, slots=True)
class Permitted:
    """The recipient will be faxed: `address` in canonical form, `number` as it is dialled, `because` for explain."""

    address: FaxAddress
    number: str
    because: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """The recipient will not be faxed; `detail` is one sentence that says more than the outcome's own."""

    outcome: Outcome
    detail: str


def verdict(mailbox: str, client_ip: str, identity: str, settings: RoutingSettings) -> Permitted | Refused:
    """Decide on one recipient. `identity` is what the session proved (SMTP AUTH), empty when it proved nothing."""
    allowed_as = _allowed_as(client_ip, identity, settings.allow_networks)
    if not allowed_as:
        return Refused(
            outcome=Outcome.NOT_PERMITTED,
            detail=f"Client {client_ip} is in no allowed network and not logged in.",
        )
    try:
        local, domain_name = split_mailbox(mailbox)
    except AddressError as fault:
        return Refused(outcome=Outcome.BAD_NUMBER, detail=str(fault))
    domain = settings.domain(domain_name)
    if domain is None:
        return Refused(
            outcome=Outcome.NOT_OUR_DOMAIN, detail=f"This server does not send faxes for the domain {domain_name}."
        )
    if local.strip('"').lower() == POSTMASTER:
        detail = f"{mailbox} is not a fax number, and faxes are all that is taken here; whoever runs this server reads {settings.catch_all}."
        return Refused(outcome=Outcome.BAD_NUMBER, detail=detail)
    try:
        address = parse_fax_address(mailbox)
    except AddressError as fault:
        return Refused(outcome=Outcome.BAD_NUMBER, detail=str(fault))
    return _fit(address, domain, allowed_as)


def allowed_network(client_ip: str, networks: tuple[Network, ...]) -> Network | None:
    """Return the network that lets this client send without logging in. An address that cannot be read is in none."""
    try:
        client = ip_address(client_ip)
    except ValueError:
        return None
    if isinstance(client, IPv6Address) and client.ipv4_mapped:
        client = client.ipv4_mapped  # a dual-stack socket shows IPv4 clients as ::ffff:192.0.2.1
    return next((network for network in networks if client in network), None)


def _allowed_as(client_ip: str, identity: str, networks: tuple[Network, ...]) -> str:
    """Say by what the client may send, or nothing."""
    if identity:
        return f"{identity} is logged in"
    network = allowed_network(client_ip, networks)
    return "" if network is None else f"{client_ip} is in the allowed network {network}"


def _fit(address: FaxAddress, domain: Domain, allowed_as: str) -> Permitted | Refused:
    """Hold the number against the plan of its domain."""
    match domain.plan:
        case PrivatePlan(lengths=lengths):
            wanted = " or ".join(str(length) for length in sorted(lengths))
            if address.number.startswith("+"):
                detail = f"{address.number} is in international form; numbers of {domain.name} are {wanted} digits without +."
                return Refused(outcome=Outcome.NO_SUCH_NUMBER, detail=detail)
            if len(address.number) not in lengths:
                detail = f"{address.number} has {len(address.number)} digits; numbers of {domain.name} have {wanted}."
                return Refused(outcome=Outcome.NO_SUCH_NUMBER, detail=detail)
            because = (
                f"{allowed_as}; {address.number} fits the private plan of {domain.name} and is dialled as it stands."
            )
            return Permitted(address=address, number=address.number, because=because)
        case _ as never:
            assert_never(never)
