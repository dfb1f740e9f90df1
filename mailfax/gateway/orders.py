"""The grammar of orders by mail (MI10): which addresses take them, and what a mail to one of them orders. Pure functions, for `commands`.

    status@fax.lan    cancel+J0123456789AB@fax.lan    reply+m0123456789ab.0123456789abcdef0123@fax.lan

The last is what our messages have in Reply-To: the fax is named by it, with a secret, and the first line of the reply says what to do.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from email.errors import MessageError
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from enum import StrEnum

from mailfax.model.address import AddressError, split_mailbox
from mailfax.model.ids import Kind, parse_id

REPLY = "reply"
PREVIEW = "preview+"
_ID = re.compile(r"\b[MJ][0-9A-Z]{12}\b", re.IGNORECASE)
_OWN_MESSAGE = re.compile(r"<([MJ][0-9A-Z]{12})\.[a-z]+[0-9]*@[^<>@]+>", re.IGNORECASE)
_OWN_ANSWER = re.compile(r"<D[0-9A-Z]{12}\.answer@[^<>@]+>", re.IGNORECASE)
_TAG = re.compile(r"<(?:style|script|head)\b.*?</(?:style|script|head)>|<[^>]*>", re.IGNORECASE | re.DOTALL)
_MOST_IDS = 100
_MARKS = ".,;:!?\"'*()"
_COURTESY = {"please", "bitte", "thanks", "danke", "it", "this", "that", "fax", "and", "und", "now", ""}


class Verb(StrEnum):
    """What can be ordered."""

    STATUS = "status"
    LIST = "list"
    CANCEL = "cancel"
    RESEND = "resend"
    SEND = "send"
    TRACE = "trace"
    APPROVE = "approve"
    REFUSE = "refuse"
    HELP = "help"


# What changes something, and so is taken from a line that says nothing else: "Send me another logo first" sends nothing.
_WEIGHTY = {Verb.CANCEL, Verb.RESEND, Verb.SEND, Verb.APPROVE, Verb.REFUSE}


@dataclass(frozen=True, kw_only=True, slots=True)
class Box:
    """An address that takes orders. `verb` is None where the mail itself says it; `subject_id` and `token` are empty where it names no fax."""

    verb: Verb | None = None
    subject_id: str = ""
    token: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """What is to be done with which jobs and mails. `verb` is None for a mail that says no word that is known.

    With `about_mails` the whole mails of the ids are meant, since the order is an answer to a message about them. `to_answer`: it is a
    reply to what we answered to an order.
    """

    verb: Verb | None
    ids: tuple[str, ...]
    about_mails: bool
    token: str
    to_answer: bool = False


def box_of(mailbox: str, domains: Collection[str], own_address: str) -> Box | None:
    """Read an address; None for one that takes no orders."""
    if mailbox.lower() == own_address.lower():
        return Box()
    try:
        local, domain = split_mailbox(mailbox)
    except AddressError:
        return None
    name, _, rest = local.strip('"').lower().partition("+")
    if domain not in domains:
        return None
    if name == REPLY:
        subject_id, _, token = rest.rpartition(".")
        return Box(subject_id=_id(subject_id), token=token)
    return Box(verb=Verb(name), subject_id=_id(rest)) if name in set(Verb) else None


def read_order(box: Box, octets: bytes) -> Order:
    """Read what a mail to this box orders."""
    message = _parsed(octets)
    words = _first_line(message).split()
    verb = box.verb or _verb(words)
    typed = _ids(f"{message.get('Subject', '')} {' '.join(words[:20])}")
    if box.subject_id:
        return Order(verb=verb, ids=(box.subject_id,), about_mails=False, token=box.token)
    if typed:
        return Order(verb=verb, ids=typed, about_mails=False, token="")
    answered = f"{message.get('In-Reply-To', '')} {message.get('References', '')}"
    named = tuple(dict.fromkeys(_id(found) for found in _OWN_MESSAGE.findall(answered)))
    to_answer = _OWN_ANSWER.search(answered) is not None
    return Order(verb=verb, ids=named[-1:], about_mails=True, token="", to_answer=to_answer)


def _verb(words: Sequence[str]) -> Verb | None:
    """Return the word that a first line begins with, if it is one of ours and the rest of the line does not make another sentence of it."""
    first, *rest = (word.strip(_MARKS).lower() for word in words) if words else ("",)
    if first not in set(Verb):
        return None
    verb = Verb(first)
    plain = all(word in _COURTESY or _ID.fullmatch(word) for word in rest)
    return verb if plain or verb not in _WEIGHTY else None


def _ids(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, (_id(found) for found in _ID.findall(text)))))[:_MOST_IDS]


def _id(text: str) -> str:
    """Return the id of a job or a mail in its canonical form, or nothing."""
    try:
        found = parse_id(text)
    except ValueError:
        return ""
    return found if found[0] in {Kind.MAIL, Kind.JOB} else ""


def _parsed(octets: bytes) -> EmailMessage:
    message = BytesParser(policy=default).parsebytes(octets)
    assert isinstance(message, EmailMessage)
    return message


def _first_line(message: EmailMessage) -> str:
    """Return the first line that its writer wrote; what a mail program quotes below counts for nothing."""
    try:
        body = message.get_body(("plain", "html"))
        text = str(body.get_content()) if body is not None else ""
    except (MessageError, LookupError, ValueError, AttributeError):
        return ""
    if body is not None and body.get_content_subtype() == "html":
        text = _TAG.sub("\n", text)
    return next((line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith(">")), "")
