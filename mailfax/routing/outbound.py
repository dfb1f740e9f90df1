"""May this recipient be faxed, and what is dialled? One pure verdict per RCPT; the gateway's door asks it.

The checks run in this order, and the first that fails answers:

1. the client: a user who is logged in or an allowed network, so that a stranger learns nothing about our domains and numbers;
2. the domain: one of ours, or a number in front of one of ours (`Sam.Smith@5551234.fax.lan`);
3. the local part: a telephone number and nothing else, no digits fished out of free text. `postmaster` (RFC 5321 section
   4.5.1) is told whom to write to: we pass no mail on, a mail server in front of us can do that with one line;
4. the number: emergency and short numbers first, then the plan of the domain (`numbers`);
5. permission: may this client dial that class of destination at this hour (`permission`).

The From header is not an argument: who sends is known from the session or not at all.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from ipaddress import IPv6Address, ip_address

from mailfax.model.address import AddressError, FaxAddress, parse_fax_address, parse_named_address, split_mailbox
from mailfax.model.options import OptionFault, asked_in_suffix, split_suffix
from mailfax.model.outcome import Outcome
from mailfax.routing.numbers import Destination, NumberFault, destination
from mailfax.routing.permission import Asker, ruling
from mailfax.routing.settings import Network, RoutingSettings

POSTMASTER = "postmaster"


@dataclass(frozen=True, kw_only=True, slots=True)
class Permitted:
    """The recipient will be faxed: `address` in canonical form, `number` as it is dialled, `because` for explain.

    `asked` is what a suffix of the address asks of the fax (`model.options`).
    """

    address: FaxAddress
    number: str
    because: str
    asked: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """The recipient will not be faxed; `detail` is one sentence that says more than the outcome's own."""

    outcome: Outcome
    detail: str


def verdict(mailbox: str, asker: Asker, settings: RoutingSettings, now: datetime) -> Permitted | Refused:
    """Decide on one recipient. `now` is local time, for rules that have hours."""
    known_as = _known_as(asker, settings.allow_networks)
    if not known_as:
        return Refused(
            outcome=Outcome.NOT_PERMITTED,
            detail=f"Client {asker.ip} is in no allowed network and not logged in.",
        )
    found = recipient(mailbox, settings)
    if isinstance(found, Refused):
        return found
    address, asked = found
    domain = settings.domain(address.domain)
    assert domain is not None
    try:
        where = destination(address.number, domain)
    except NumberFault as fault:
        return Refused(outcome=Outcome.NO_SUCH_NUMBER, detail=str(fault))
    ruled = ruling(asker, where, settings.rules, now)
    if not ruled.allowed:
        detail = f"{where.canonical}: the destination class {_class_of(where)} is not allowed for you; {ruled.because}."
        return Refused(outcome=Outcome.DESTINATION_DENIED, detail=detail)
    because = f"{known_as}; {where.canonical} is {_class_of(where)}; {ruled.because}; {where.dialled} is dialled."
    return Permitted(
        address=replace(address, number=where.canonical), number=where.dialled, because=because, asked=asked
    )


def recipient(mailbox: str, settings: RoutingSettings) -> tuple[FaxAddress, Mapping[str, str]] | Refused:
    """Read a recipient of one of our domains, and what its suffix asks; the number is as it was written."""
    try:
        local, domain_name = split_mailbox(mailbox)
    except AddressError as fault:
        return Refused(outcome=Outcome.BAD_NUMBER, detail=str(fault))
    number, _, behind = domain_name.partition(".")
    ours, named = settings.domain(domain_name), settings.domain(behind)
    if ours is None and named is None:
        return Refused(
            outcome=Outcome.NOT_OUR_DOMAIN, detail=f"This server does not send faxes for the domain {domain_name}."
        )
    if ours is not None and local.strip('"').lower() == POSTMASTER:
        detail = f"{mailbox} is not a fax number, and faxes are all that is taken here; whoever runs this server reads {settings.catch_all}."
        return Refused(outcome=Outcome.BAD_NUMBER, detail=detail)
    local, words = split_suffix(local)
    try:
        address = (
            parse_fax_address(f"{local}@{domain_name}")
            if ours is not None
            else parse_named_address(local, number, behind)
        )
        return address, asked_in_suffix(words)
    except AddressError as fault:
        return Refused(outcome=Outcome.BAD_NUMBER, detail=str(fault))
    except OptionFault as fault:
        return Refused(outcome=Outcome.BAD_OPTION, detail=str(fault))


def is_ours(mailbox: str, settings: RoutingSettings) -> bool:
    """Say whether the recipient is of one of our domains, in either form."""
    domain = mailbox.rpartition("@")[2].lower().rstrip(".")
    return settings.domain(domain) is not None or settings.domain(domain.partition(".")[2]) is not None


def dialled(address: FaxAddress, settings: RoutingSettings) -> str:
    """Return what is dialled for an address that was permitted. Raises NumberFault where the domain has gone since."""
    domain = settings.domain(address.domain)
    if domain is None:
        raise NumberFault(f"{address.domain} is no fax domain any more.")
    return destination(address.number, domain).dialled


def _class_of(where: Destination) -> str:
    return f'"{where.kind}"' + (f" ({where.country})" if where.country else "")


def allowed_network(client_ip: str, networks: tuple[Network, ...]) -> Network | None:
    """Return the network that lets this client send without logging in. An address that cannot be read is in none."""
    try:
        client = ip_address(client_ip)
    except ValueError:
        return None
    if isinstance(client, IPv6Address) and client.ipv4_mapped:
        client = client.ipv4_mapped  # a dual-stack socket shows IPv4 clients as ::ffff:192.0.2.1
    return next((network for network in networks if client in network), None)


def _known_as(asker: Asker, networks: tuple[Network, ...]) -> str:
    """Say by what the client may send, or nothing."""
    if asker.user is not None:
        return f"{asker.user.name} is logged in"
    if asker.command:
        return "the command line may send"
    network = allowed_network(asker.ip, networks)
    return "" if network is None else f"{asker.ip} is in the allowed network {network}"
