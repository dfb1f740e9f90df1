"""What the listener asks of the gateway, and what it is told: the `Door` and the values that pass through it.

The gateway implements the Door over routing and spool; the listener knows neither. `accept` may answer Accepted only when
the submission is durable (design.md, promise 1).
"""

from dataclasses import dataclass, field
from typing import Protocol

from mailfax.model.address import FaxAddress
from mailfax.model.addressee import NOBODY, Addressee
from mailfax.model.options import SendOptions
from mailfax.model.outcome import Outcome
from mailfax.model.submission import Hold, Notify, Recipient
from mailfax.model.tariff import NO_TARIFF, Tariff
from mailfax.smtp.login import Passwords


@dataclass(frozen=True, kw_only=True, slots=True)
class Client:
    """Who is connected. `helo` is what it calls itself; `identity` is the user it logged in as by AUTH, or empty.

    On a Unix socket `ip` is no address, `local_user` is the user of this machine, and `identity` is as whom he is known.
    """

    ip: str
    helo: str
    tls: bool = False
    identity: str = ""
    local_user: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeferredRecipient:
    """One RCPT TO as it stood, of somebody whom only the message can prove. `mailbox` may hold a secret and belongs in no log."""

    mailbox: str = field(repr=False)
    notify: Notify
    orcpt: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Incoming:
    """One mail as the envelope and DATA gave it. `octets` have CRLF line ends and begin with our Received header.

    `envid` is as it stood (xtext). A number that was given twice, in any spelling, is in `recipients` once. `deferred` are
    still to be judged; `commands` are those for which the door said Command, as they stood.
    """

    client: Client
    sender: str
    recipients: tuple[Recipient, ...]
    return_full: bool
    envid: str
    octets: bytes
    deferred: tuple[DeferredRecipient, ...] = ()
    commands: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Permitted:
    """The recipient may be faxed; `address` is its canonical form, `options` is what a suffix of it asks.

    `further` are other subaddresses behind the same machine, `addressee` is for whom it is, `tariff` what calls to it cost,
    `inside` a number of our own that needs no call. With `hold` it is not sent until it is released.
    """

    address: FaxAddress
    further: tuple[FaxAddress, ...] = ()
    addressee: Addressee = NOBODY
    tariff: Tariff = NO_TARIFF
    inside: str = ""
    options: SendOptions = field(default_factory=SendOptions)
    hold: Hold | None = None

    def recipients(self, notify: Notify, orcpt: str) -> tuple[Recipient, ...]:
        """Return the recipients that one RCPT makes: one for each subaddress."""
        return tuple(
            Recipient(
                address=each,
                notify=notify,
                orcpt=orcpt,
                options=self.options,
                addressee=self.addressee,
                tariff=self.tariff,
                inside=self.inside,
                hold=self.hold,
            )
            for each in (self.address, *self.further)
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """The recipient is no fax: what the mail says is an order to this server, and is answered by mail."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Deferred:
    """Who sends can be seen from the message only (a signature, a token): the recipient is judged with it, after DATA."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Accepted:
    """The mail is durable under this id, which is empty for one that only gave orders. `said` is what the client hears."""

    submission_id: str
    said: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """The recipient or the mail is not taken. `detail` is a sentence that says more than the outcome's own, or empty."""

    outcome: Outcome
    detail: str = ""


class Door(Passwords, Protocol):
    """The gateway's side of the listener."""

    def knows(self, client: Client) -> bool:
        """Say whether this client may send without logging in."""
        ...

    async def sender(self, client: Client, sender: str) -> Refused | None:
        """Say whether the user who is logged in may use this MAIL FROM; None where he may."""
        ...

    async def recipient(self, client: Client, sender: str, mailbox: str) -> Permitted | Command | Deferred | Refused:
        """Say yes or no to one RCPT, or that it is an order, or that the message has to be seen. Never called for a null sender."""
        ...

    async def accept(self, incoming: Incoming) -> Accepted | Refused:
        """Make the mail durable, or say why not."""
        ...
