"""A Submission: one mail that was accepted, and what its sender asked to hear (RFC 3461)."""

from dataclasses import dataclass, field
from enum import Flag, StrEnum, auto

from mailfax.model.address import FaxAddress
from mailfax.model.addressee import NOBODY, Addressee
from mailfax.model.options import SendOptions
from mailfax.model.plan import ANY_TIME, CallPlan
from mailfax.model.tariff import NO_TARIFF, Tariff
from mailfax.model.telling import Telling

FETCHED = "imap:"  # what the client of a mail begins with that came from a mailbox and not by SMTP


class Notify(Flag):
    """NOTIFY of RFC 3461 section 4.1. `UNSET` means the parameter was absent: policy decides."""

    UNSET = 0
    NEVER = auto()
    SUCCESS = auto()
    FAILURE = auto()
    DELAY = auto()


class Hold(StrEnum):
    """Why a fax is not called for when its pages are ready, until somebody says so."""

    PREVIEW = "preview"  # its sender wants to see it first
    APPROVAL = "approval"  # an operator has to agree


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipient:
    """One RCPT TO that was accepted. `orcpt` is the ORCPT parameter as it stood (type;xtext) or empty; `options` is what is asked of his fax.

    `addressee` is for whom at that machine it is, `tariff` what calls to it cost. `inside` is a number of our own, as it is known for
    received faxes, where no call is needed. With `hold` its pages are made and nothing is dialled until it is released.
    """

    address: FaxAddress
    notify: Notify = Notify.UNSET
    orcpt: str = ""
    options: SendOptions = field(default_factory=SendOptions)
    addressee: Addressee = NOBODY
    tariff: Tariff = NO_TARIFF
    inside: str = ""
    hold: Hold | None = None
    plan: CallPlan = ANY_TIME


@dataclass(frozen=True, kw_only=True, slots=True)
class Repeated:
    """A recipient of a mail that had it already, by an earlier mail: its fax is that mail's job."""

    mailbox: str
    job_id: str
    submission_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Submission:
    """A mail on disk. `message_digest` names the blob of its octets as received; `sender` is empty for a null path.

    `token` is a secret between us and whoever gets our answers: an answer that has it is an answer to ours. `post` is the same for all copies of one post
    to a mailing list. `content_key` is the same for a mail that comes again; empty where that cannot be known.
    """

    id: str
    received_us: int
    sender: str
    client: str
    identity: str
    message_digest: str
    size: int
    subject: str = ""
    message_id: str = ""
    envid: str = ""
    return_full: bool = False
    recipients: tuple[Recipient, ...] = ()
    telling: Telling = field(default_factory=Telling)
    token: str = ""
    post: str = ""
    content_key: str = ""
    repeated: tuple[Repeated, ...] = ()

    @property
    def fetched(self) -> bool:
        """Say whether it came from a mailbox: then a DSN must not be sent (RFC 2532 section 2.2.2)."""
        return self.client.startswith(FETCHED)
