"""Tokens in mails: made for `mailfax user token`, found in a header, the subject or an address, and taken out before anything is kept or logged.

    X-Fax-Token: SECRET          Subject: [token=SECRET] Offer          5551234+token=SECRET@fax.lan

A secret has 160 random bits, so its SHA-256 is enough to keep, and nobody guesses one.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass, field
from email.header import Header, decode_header, make_header
from email.message import Message

from mailfax.smtp.author import parsed_header

HEADER = "X-Fax-Token"
_SECRET = re.compile(r"[a-z0-9]{16,80}")
_IN_ADDRESS = re.compile(r"\+token=(?P<secret>[A-Za-z0-9]{1,80})(?=[+@\"])", re.IGNORECASE)
_IN_SUBJECT = re.compile(
    r"^(?P<before>(?:\s*\[[^\[\]]*?)?)\btoken=(?P<secret>[A-Za-z0-9]{1,80})(?P<after>[^\[\]]*\])", re.IGNORECASE
)
_TOKEN_LINES = re.compile(rb"^x-fax-token[ \t]*:.*\r\n(?:[ \t].*\r\n)*", re.IGNORECASE | re.MULTILINE)
_SUBJECT_LINES = re.compile(rb"^subject[ \t]*:.*\r\n(?:[ \t].*\r\n)*", re.IGNORECASE | re.MULTILINE)
_HIDDEN = b"(token)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Uncovered:
    """A mail or an address without its tokens, and what they were."""

    secrets: frozenset[str] = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class UncoveredMail(Uncovered):
    """A mail without its tokens: not in its header, not in its subject."""

    octets: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class UncoveredAddress(Uncovered):
    """An address without its tokens."""

    mailbox: str


def new_secret() -> str:
    """Make up a secret: 160 bits, in letters that any program can put into a header."""
    return secrets.token_hex(20)


def secret_hash(secret: str) -> str:
    """Return what is kept of a secret."""
    return hashlib.sha256(secret.lower().encode()).hexdigest()


def could_be_secret(secret: str) -> bool:
    """Say whether this has the form of a secret; what has not is never looked up."""
    return _SECRET.fullmatch(secret.lower()) is not None


def uncover_address(mailbox: str) -> UncoveredAddress:
    """Take `+token=SECRET` out of an address."""
    found = frozenset(match["secret"].lower() for match in _IN_ADDRESS.finditer(mailbox))
    return UncoveredAddress(mailbox=_IN_ADDRESS.sub("", mailbox), secrets=found)


def uncover_mail(octets: bytes, known: frozenset[str] = frozenset()) -> UncoveredMail:
    """Take every token out of a mail: its headers, its subject's tags, and `known` ones wherever they stand in the header block."""
    end = octets.find(b"\r\n\r\n")
    block, rest = (octets[: end + 2], octets[end + 2 :]) if end >= 0 else (octets, b"")
    if not known and b"token" not in block.lower() and b"=?" not in block:
        return UncoveredMail(octets=octets, secrets=frozenset())  # as nearly every mail, and most come in crowds
    header = parsed_header(octets)
    found = {str(value).strip().lower() for value in header.get_all(HEADER, [])}
    block = _TOKEN_LINES.sub(b"", block)
    subject, of_subject = _uncover_subject(header)
    if of_subject:
        found |= of_subject
        block = _SUBJECT_LINES.sub(b"", block, count=1) + _encoded(subject)
    for secret in filter(could_be_secret, found | known):
        block = re.sub(re.escape(secret.encode()), _HIDDEN, block, flags=re.IGNORECASE)
    return UncoveredMail(octets=block + rest, secrets=frozenset(found))


def _uncover_subject(header: Message) -> tuple[str, set[str]]:
    raw = str(header.get("Subject", ""))
    try:
        subject = " ".join(str(make_header(decode_header(raw))).split())
    except (LookupError, ValueError):
        subject = " ".join(raw.split())
    found: set[str] = set()
    while (match := _IN_SUBJECT.match(subject)) is not None and match["before"].strip():
        found.add(match["secret"].lower())
        tag = " ".join(f"{match['before']}{match['after']}".split()).replace("[ ", "[").replace(" ]", "]")
        subject = (tag.removeprefix("[]") + subject[match.end() :]).strip()
    return subject, found


def _encoded(subject: str) -> bytes:
    """Write a subject as a header, folded, in ASCII."""
    charset = "us-ascii" if subject.isascii() else "utf-8"
    return b"Subject: " + Header(subject, charset, header_name="Subject").encode(linesep="\r\n").encode() + b"\r\n"
