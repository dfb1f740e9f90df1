"""Mail goes out here: to a smarthost, to an LMTP server, or into a Maildir. The gateway's delivery worker calls `deliver` until it says Handed.

At least once, never less: when the reply to our DATA is lost, the mail is sent again. The Message-ID is the same each time
(it is made from the fax's or job's id), so readers and servers that look for doubles find them; a Maildir delivery has the
same file name each time and cannot be doubled while the reader has not deleted the first.
"""

import asyncio
from dataclasses import dataclass
from typing import assert_never

from mailfax.smtp.envelope import is_mailbox
from mailfax.smtp.maildir import UnsafeMailbox, deliver_to_maildir
from mailfax.smtp.peer import HandoverFault, Letter, Phase, Step, Tell, hand_over, nobody
from mailfax.smtp.ways import LmtpServer, Maildirs, OutgoingSettings, Smarthost


@dataclass(frozen=True, kw_only=True, slots=True)
class Handed:
    """The mail is somebody else's now: the server said 250, or the file is on disk under its name in `new`."""

    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Deferred:
    """Not yet; to be tried again. `phase` is how far it came."""

    detail: str
    phase: Phase = Phase.CONNECT


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """Never; trying again would not help."""

    detail: str
    phase: Phase = Phase.RECIPIENT


Delivery = Handed | Deferred | Refused


async def deliver(
    message: bytes, sender: str, recipient: str, settings: OutgoingSettings, delivery_id: str, tell: Tell = nobody
) -> Delivery:
    """Deliver one message (CRLF line ends) to one mailbox; `sender` is empty for the null path of notices.

    `delivery_id` is the same at each try of the same delivery. `tell` hears each step.
    """
    way = settings.way(recipient)
    letter = Letter(octets=message, sender=sender, recipient=recipient)
    match way:
        case Smarthost() | LmtpServer():
            if not settings.reaches(recipient):
                return Refused(detail=f"The mailbox {recipient!r} is not a mail address.")
            if sender and not is_mailbox(sender):
                detail = (
                    f"Our own address {sender!r} is not a mail address; it waits until the configuration is mended."
                )
                return Deferred(detail=detail, phase=Phase.SENDER)
            return await _hand_to_server(letter, way, settings.hostname, tell)
        case Maildirs():
            return await _store(letter, way, f"{delivery_id}.{settings.hostname}", tell)
        case _:
            assert_never(way)


async def _hand_to_server(letter: Letter, server: Smarthost | LmtpServer, hostname: str, tell: Tell) -> Delivery:
    try:
        said = await hand_over(letter, server, hostname, tell)
    except HandoverFault as fault:
        kind = Refused if fault.for_good else Deferred
        return kind(detail=str(fault), phase=fault.phase)
    return Handed(detail=f"{server} said: {said}")


async def _store(letter: Letter, maildirs: Maildirs, name: str, tell: Tell) -> Delivery:
    try:
        path = await asyncio.to_thread(
            deliver_to_maildir, letter.octets, letter.sender, letter.recipient, maildirs.root, name
        )
    except UnsafeMailbox as fault:
        return Refused(detail=str(fault))
    except OSError as fault:
        detail = f"The Maildir of {letter.recipient} could not be written: {fault}"
        return Deferred(detail=detail, phase=Phase.MESSAGE)
    tell(Step(phase=Phase.MESSAGE, said=f"Stored as {path}."))
    return Handed(detail=f"stored as {path}")
