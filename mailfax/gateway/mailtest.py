"""A test mail by the ways that received faxes and reports take, for `mailfax mail test`: nothing of it is in the queue."""

from dataclasses import replace

from mailfax.smtp.compose import Headers, Letterhead, address_of, mail_date, text_message
from mailfax.smtp.outgoing import Delivery, deliver
from mailfax.smtp.peer import Tell
from mailfax.smtp.ways import Maildirs, OutgoingSettings, Timeouts

# Somebody sits before the screen and waits.
_IMPATIENT = Timeouts(connect_s=20.0, command_s=60.0, end_s=120.0)
_TEXT = """\
This is a test of the way out of the fax server {hostname}. Received faxes and reports come by the same way.

Nobody has to do anything.
"""


async def send_test(
    mailbox: str, outgoing: OutgoingSettings, letterhead: Letterhead, now_us: int, tell: Tell
) -> Delivery:
    """Write a test mail and hand it over once; `tell` hears each step."""
    headers: Headers = {
        "Date": mail_date(now_us, letterhead.zone),
        "From": address_of(letterhead.sender, "Fax server", domain=letterhead.hostname),
        "To": address_of(mailbox, domain=letterhead.hostname),
        "Subject": "Test of the fax server",
        "Message-ID": f"<test-{now_us}.fax@{letterhead.hostname}>",
        "Auto-Submitted": "auto-generated",
    }
    octets = text_message(headers, _TEXT.format(hostname=letterhead.hostname))
    return await deliver(octets, letterhead.sender, mailbox, _impatient(outgoing), f"test-{now_us}", tell)


def _impatient(outgoing: OutgoingSettings) -> OutgoingSettings:
    smarthost, local = outgoing.smarthost, outgoing.local
    return replace(
        outgoing,
        smarthost=smarthost if smarthost is None else replace(smarthost, timeouts=_IMPATIENT),
        local=local if local is None or isinstance(local, Maildirs) else replace(local, timeouts=_IMPATIENT),
    )
