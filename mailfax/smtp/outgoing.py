"""Mail goes out here: to a smarthost, or into a Maildir. The gateway's delivery worker calls `deliver` until it says Handed.

At least once, never less: when the reply to our DATA is lost, the mail is sent again. The Message-ID is the same each time
(it is made from the fax's or job's id), so readers and servers that look for doubles find them; a Maildir delivery has the
same file name each time and cannot be doubled while the reader has not deleted the first.
"""

import asyncio
import ssl
from contextlib import suppress
from dataclasses import dataclass

import aiosmtplib

from mailfax.smtp.envelope import is_mailbox
from mailfax.smtp.maildir import UnsafeMailbox, deliver_to_maildir
from mailfax.smtp.settings import OutgoingSettings, Smarthost, TlsMode

# Our own fault towards the smarthost, not the mail's: it waits until somebody has mended the password (RFC 4954 section 6).
_OUR_LOGIN = {530, 534, 535, 538}


@dataclass(frozen=True, kw_only=True, slots=True)
class Handed:
    """The mail is somebody else's now: the server said 250, or the file is on disk under its name in `new`."""

    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Deferred:
    """Not yet; to be tried again."""

    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """Never; trying again would not help."""

    detail: str


Delivery = Handed | Deferred | Refused


async def deliver(
    message: bytes, sender: str, recipient: str, settings: OutgoingSettings, delivery_id: str
) -> Delivery:
    """Deliver one message (CRLF line ends) to one mailbox; `sender` is empty for the null path of notices.

    `delivery_id` is the same at each try of the same delivery.
    """
    if settings.smarthost is not None and ("@" in recipient or settings.maildir_root is None):
        if not is_mailbox(recipient):
            return Refused(detail=f"The mailbox {recipient!r} is not a mail address.")
        if sender and not is_mailbox(sender):
            return Deferred(
                detail=f"Our own address {sender!r} is not a mail address; it waits until the configuration is mended."
            )
        return await _hand_to_smarthost(message, sender, recipient, settings.smarthost, settings.hostname)
    assert settings.maildir_root is not None, "OutgoingSettings has a smarthost or a maildir_root"
    try:
        path = await asyncio.to_thread(
            deliver_to_maildir, message, sender, recipient, settings.maildir_root, f"{delivery_id}.{settings.hostname}"
        )
    except UnsafeMailbox as fault:
        return Refused(detail=str(fault))
    except OSError as fault:
        return Deferred(detail=f"The Maildir of {recipient} could not be written: {fault}")
    return Handed(detail=f"stored as {path}")


async def _hand_to_smarthost(
    message: bytes, sender: str, recipient: str, smarthost: Smarthost, hostname: str
) -> Delivery:
    """Offer the message to the smarthost once."""
    where = f"{smarthost.host}:{smarthost.port}"
    try:
        async with asyncio.timeout(smarthost.timeout_s * 10):  # each step has timeout_s; this bounds them all together
            return Handed(detail=f"{where} said: {await _dialogue(message, sender, recipient, smarthost, hostname)}")
    except aiosmtplib.SMTPRecipientsRefused as refusals:
        (refusal,) = refusals.recipients
        return _judged(where, refusal.code, refusal.message)
    except aiosmtplib.SMTPConnectResponseError as refusal:
        return Deferred(detail=f"{where} does not talk to us: {refusal.code} {refusal.message}")
    except aiosmtplib.SMTPResponseException as refusal:
        return _judged(where, refusal.code, refusal.message)
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as fault:
        return Deferred(detail=f"{where} could not be reached or hung up: {str(fault) or type(fault).__name__}")


async def _dialogue(message: bytes, sender: str, recipient: str, smarthost: Smarthost, hostname: str) -> str:
    """Connect, log in, send, and return what the server said to the message."""
    password = smarthost.password_file.read_text("utf-8").strip() if smarthost.password_file else None
    client = aiosmtplib.SMTP(
        hostname=smarthost.host,
        port=smarthost.port,
        local_hostname=hostname,
        username=smarthost.user or None,
        password=password,
        timeout=smarthost.timeout_s,
        use_tls=smarthost.tls is TlsMode.IMPLICIT,
        start_tls=smarthost.tls is TlsMode.STARTTLS,
        tls_context=None if smarthost.tls is TlsMode.NONE else ssl.create_default_context(),
    )
    async with client:
        with suppress(aiosmtplib.SMTPHeloError):  # a server that knows only HELO has no extensions to ask for
            await client.ehlo()
        options = ["BODY=8BITMIME"] if not message.isascii() and client.supports_extension("8bitmime") else []
        _, said = await client.sendmail(sender, [recipient], message, mail_options=options)
        return said


def _judged(where: str, code: int, text: str) -> Deferred | Refused:
    """Tell a refusal for good from one for now (RFC 5321 section 4.2.1)."""
    detail = f"{where} said: {code} {text}"
    return Refused(detail=detail) if 500 <= code < 600 and code not in _OUR_LOGIN else Deferred(detail=detail)
