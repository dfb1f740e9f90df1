"""May this recipient be faxed, and what is dialled? One pure verdict per RCPT; the gateway's door asks it.

The checks run in this order, and the first that fails answers:

1. the client: a user who is logged in or an allowed network, so that a stranger learns nothing about our domains and numbers;
2. the domain: one of ours, or a number in front of one of ours (`Sam.Smith@5551234.fax.lan`);
3. the local part: a telephone number or a name in the address book (`book`) and nothing else, no digits fished out of free text. `postmaster` (RFC 5321 section
   4.5.1) is told whom to write to: we pass no mail on, a mail server in front of us can do that with one line;
4. the number: emergency and short numbers first, then the plan of the domain (`numbers`);
5. permission: may this client dial that class of destination at this hour (`permission`).

The From header is not an argument: who sends is known from the session or not at all.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from ipaddress import IPv6Address, ip_address

from mailfax.model.address import (
    AddressError,
    FaxAddress,
    FaxRecipient,
    is_book_name,
    parse_named_recipient,
    parse_recipient,
    split_mailbox,
)
from mailfax.model.addressee import NOBODY, Addressee
from mailfax.model.options import OptionFault, asked_in_suffix, split_suffix
from mailfax.model.outcome import Outcome
from mailfax.model.tariff import NO_TARIFF, Tariff
from mailfax.routing.book import Book, UnknownName, no_book
from mailfax.routing.inside import own_number
from mailfax.routing.numbers import Destination, NumberFault, destination
from mailfax.routing.own import OwnNumber
from mailfax.routing.permission import Asker, ruling
from mailfax.routing.settings import Domain, Network, RoutingSettings

POSTMASTER = "postmaster"


@dataclass(frozen=True, kw_only=True, slots=True)
class Permitted:
    """The recipient will be faxed: `address` in canonical form, `number` as it is dialled, `because` for explain.

    `further` are other subaddresses behind the same machine that the address names. `asked` is what a suffix of the address asks
    of the fax (`model.options`), `addressee` whom it is for, `where` what the number is, `tariff` its price,
    `inside` the number of our own that it is, where no call is made,
    `approval` whether an operator has to approve it first.
    """

    address: FaxAddress
    number: str
    because: str
    where: Destination
    tariff: Tariff = NO_TARIFF
    inside: str = ""
    approval: bool = False
    further: tuple[FaxAddress, ...] = ()
    asked: Mapping[str, str] = field(default_factory=dict)
    addressee: Addressee = NOBODY


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """The recipient will not be faxed; `detail` is one sentence that says more than the outcome's own."""

    outcome: Outcome
    detail: str


def verdict(
    mailbox: str,
    asker: Asker,
    settings: RoutingSettings,
    now: datetime,
    book: Book = no_book,
    own: Iterable[OwnNumber] = (),
) -> Permitted | Refused:
    """Decide on one recipient. `now` is local time, for rules that have hours; `book` finds names for this asker, `own` are users' numbers."""
    known_as = _known_as(asker, settings.allow_networks)
    if not known_as:
        return Refused(
            outcome=Outcome.NOT_PERMITTED,
            detail=f"Client {asker.ip} is in no allowed network and not logged in.",
        )
    found = recipient(mailbox, settings, book)
    if isinstance(found, Refused):
        return found
    written, asked = found
    address = written.addresses[0]
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
    because = f"{known_as}; {where.canonical} is {_class_of(where)}; {ruled.because}; "
    inside = own_number(where, domain, settings, own)
    because += "it is a number of our own: no call is made." if inside else f"{where.dialled} is dialled."
    canonical, *further = (replace(each, number=where.canonical) for each in written.addresses)
    return Permitted(
        address=canonical,
        number=where.dialled,
        because=because,
        where=where,
        tariff=settings.prices.tariff(where.canonical, where.country, where.kind),
        inside=inside,
        approval=ruled.approve,
        further=tuple(further),
        asked=asked,
        addressee=written.addressee,
    )


def recipient(
    mailbox: str, settings: RoutingSettings, book: Book = no_book
) -> tuple[FaxRecipient, Mapping[str, str]] | Refused:
    """Read a recipient of one of our domains, and what its suffix asks; the number is as it was written, or in the address book."""
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
        asked = asked_in_suffix(words)
        if ours is None:
            return parse_named_recipient(local, number, behind), asked
        if is_book_name(local):
            return _from_book(local, ours, book), asked
        return parse_recipient(local, domain_name, ours.exit_codes), asked
    except UnknownName as fault:
        return Refused(outcome=Outcome.UNKNOWN_NAME, detail=str(fault))
    except AddressError as fault:
        return Refused(outcome=Outcome.BAD_NUMBER, detail=str(fault))
    except OptionFault as fault:
        return Refused(outcome=Outcome.BAD_OPTION, detail=str(fault))


def _from_book(name: str, domain: Domain, book: Book) -> FaxRecipient:
    """Find a name in the address book. Raises UnknownName, AddressError."""
    entry = book(domain.name, name.lower())
    if entry is None:
        raise UnknownName(f"{name} is neither a fax number nor a name in the address book.")
    found = parse_recipient(entry.number, domain.name, domain.exit_codes)
    return replace(found, addressee=entry.addressee or found.addressee)


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
