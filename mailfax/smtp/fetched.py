"""A mail that was fetched from a mailbox: its envelope, as the server that delivered it wrote it down, and the faults of the way.

An envelope is what a mailbox has not. Only what the delivering server wrote is believed: it adds its lines above all others when
it delivers, so they stand above the first Received line, and every line below that may be anybody's. To and Cc are never looked
at (RFC 4161 section 2.1.1). Pure functions; `gateway.mailboxes` calls them.
"""

import re
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32
from pathlib import Path

from mailfax.smtp.envelope import is_mailbox

_MAX_HEADER_OCTETS = 256 * 1024
_BARE = re.compile(r"<?([^<>\s]*)>?")


class MailboxFault(Exception):
    """The mailbox or its server does not do what it should; to be tried again later. The text says what happened."""


class NoEnvelope(ValueError):
    """The delivering server did not write for whom, or from whom, the mail is; the text is one plain sentence."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ImapAccount:
    """Where the mailbox is, and how we log in: a password, or a token for XOAUTH2 from a file or from a command's output.

    `sent` and `failed` are the folders that mails are moved to. Without TLS nobody but this machine is spoken to.
    """

    host: str
    port: int
    tls: bool
    user: str
    folder: str
    sent: str
    failed: str
    poll_s: float
    password_file: Path | None = None
    token_file: Path | None = None
    token_command: tuple[str, ...] = ()
    ca_file: Path | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchedEnvelope:
    """Whom the mail is from (empty: a bounce) and for whom it is."""

    sender: str
    recipient: str


def envelope_of(octets: bytes, recipient_field: str) -> FetchedEnvelope:
    """Read the envelope; `recipient_field` is the name of the header that the delivering server writes. Raises NoEnvelope."""
    above = _above_received(octets)
    recipient = _address(above, recipient_field)
    if not is_mailbox(recipient):
        raise NoEnvelope(f"The line {recipient_field} has no mail address.")
    sender = _address(above, "Return-Path")
    if sender and not is_mailbox(sender):
        raise NoEnvelope("The line Return-Path has no mail address.")
    return FetchedEnvelope(sender=sender, recipient=recipient)


def asked_for_receipt(octets: bytes) -> str:
    """Return the address that asks for a disposition notification (RFC 8098 section 2.1), or nothing."""
    written = _header(octets).get_all("Disposition-Notification-To", [])
    if len(written) != 1:
        return ""
    found = re.search(r"<([^<>]*)>\s*$", str(written[0]))
    address = found[1] if found else str(written[0]).strip()
    return address if is_mailbox(address) else ""


def _above_received(octets: bytes) -> list[tuple[str, str]]:
    """Return the lines that were added after the last server but the delivering one had the mail."""
    lines = []
    for name, value in _header(octets).items():
        if name.lower() == "received":
            break
        lines.append((name.lower(), str(value)))
    else:
        raise NoEnvelope("There is no Received line, so nobody knows which lines the delivering server wrote.")
    return lines


def _address(lines: list[tuple[str, str]], name: str) -> str:
    """Return the address of the topmost line of this name."""
    values = [value for written, value in lines if written == name.lower()]
    if not values:
        raise NoEnvelope(f"The delivering server wrote no line {name}.")
    found = _BARE.fullmatch(values[0].strip())
    if found is None:
        raise NoEnvelope(f"The line {name} has no mail address.")
    return found[1]


def _header(octets: bytes) -> Message:
    end = octets.find(b"\r\n\r\n", 0, _MAX_HEADER_OCTETS)
    return BytesHeaderParser(policy=compat32).parsebytes(octets[: end + 2 if end >= 0 else _MAX_HEADER_OCTETS])
