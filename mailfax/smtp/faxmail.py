"""A received fax as a mail: the facts in words and in X-Fax headers, the pages as one PDF. Made by `gateway.distribution`.

Caller name and station id come from the far end and may hold anything; they go through `compose.clean`.
"""

import re

from mailfax.model.fax import InboundFax, Kept
from mailfax.model.outcome import Outcome
from mailfax.smtp.compose import (
    Enclosure,
    Headers,
    Letterhead,
    address_of,
    ascii_line,
    clean,
    mail_date,
    moment,
    text_message,
)

_NOT_IN_NUMBER = re.compile(r"[^0-9+]")
_DISK_DAMAGE = {
    Kept.EARLIER: "was damaged on the fax server's disk. This is an earlier copy of it, which may be worse or end too soon.",
    Kept.LOST: "was lost on the fax server's disk. A crossed-out page stands in its place; ask the sender for it.",
}


def fax_mail(fax: InboundFax, pdf: bytes, mailbox: str, domain: str, letterhead: Letterhead) -> bytes:
    """Return the mail for one mailbox. `domain` is the fax domain, so that a reply to From becomes a fax to the caller.

    `pdf` is empty for a call that left no page. The message is the same octets whenever it is made again.
    """
    warnings = _warnings(fax)
    caller = _NOT_IN_NUMBER.sub("", fax.caller)
    shown = clean(fax.caller_name, 40) or caller or clean(fax.station_id, 40) or "unknown caller"
    pages = f"{len(fax.pages)} page{'' if len(fax.pages) == 1 else 's'}"
    headers: Headers = {
        "Date": mail_date(fax.finished_us, letterhead.zone),
        "From": address_of(f"{caller or 'unknown'}@{domain}", f"Fax {shown}"),
        "To": address_of(mailbox, domain=letterhead.hostname),
        "Subject": f"Fax from {shown}, {pages}{', INCOMPLETE OR DAMAGED' if warnings else ''}",
        "Message-ID": f"<{fax.id}.fax@{letterhead.hostname}>",
        "Auto-Submitted": "auto-generated",
        "X-Fax-Id": fax.id,
        "X-Fax-From": ascii_line(fax.caller) or "unknown",
        "X-Fax-To": ascii_line(fax.called) or "unknown",
        "X-Fax-CSID": ascii_line(fax.station_id, 40) or "none",
        **({"X-Fax-Subaddress": ascii_line(fax.subaddress, 40)} if fax.subaddress else {}),
        **({"X-Fax-Sender-Id": ascii_line(fax.sender_id, 40)} if fax.sender_id else {}),
        "X-Fax-Pages": str(len(fax.pages)),
        "X-Fax-Quality": "damaged" if warnings else "good",
    }
    text = _facts(fax, pages, letterhead, warnings)
    if not pdf:
        return text_message(headers, text)
    day = moment(fax.started_us, letterhead.zone).strftime("%Y-%m-%d-%H%M%S")
    name = f"fax-{day}-{caller.lstrip('+') or 'unknown'}.pdf"
    return text_message(headers, text, [Enclosure(octets=pdf, content_type="application/pdf", filename=name)])


def _facts(fax: InboundFax, pages: str, letterhead: Letterhead, warnings: list[str]) -> str:
    """Return the text part: warnings first, then a small table."""
    rows = {
        "Fax": fax.id,
        "Received": moment(fax.started_us, letterhead.zone).strftime("%Y-%m-%d %H:%M:%S %z"),
        "From": " ".join(filter(None, [clean(fax.caller, 40), clean(fax.caller_name, 40)])) or "not signalled",
        "Machine": clean(fax.station_id, 40) or "gave no name",
        "To": clean(fax.called, 40) or "not signalled",
        "Subaddress": clean(fax.subaddress, 40),
        "Sender id": clean(fax.sender_id, 40),
        "Pages": pages,
        "Line": f"{clean(fax.line)}, {fax.seconds_on_line:.0f} s, {fax.bit_rate} bit/s",
        "Result": fax.outcome.sentence,
    }
    table = [f"{name + ':':<12}{value}" for name, value in rows.items() if value]
    return "\n".join([*warnings, *([""] if warnings else []), *table]) + "\n"


def _warnings(fax: InboundFax) -> list[str]:
    """Say what the reader must know before relying on the pages."""
    warnings = (
        [] if fax.outcome is Outcome.RECEIVED else [f"WARNING: this fax may be incomplete. {fax.outcome.sentence}"]
    )
    for number, page in enumerate(fax.pages, start=1):
        if page.kept in _DISK_DAMAGE:
            warnings.append(f"WARNING: page {number} {_DISK_DAMAGE[page.kept]}")
        if page.bad_rows:
            warnings.append(
                f"WARNING: page {number} is damaged: {page.bad_rows} of {page.blob.rows} rows were not readable."
            )
        if not page.confirmed:
            warnings.append(
                f"WARNING: page {number} may be damaged or end too soon: it was not confirmed to the sender, who may send it again."
            )
    if any(page.kept in _DISK_DAMAGE for page in fax.pages):
        warnings.append(
            f"The administrator of the fax server finds what is left of it in the folder of call {fax.call_id}."
        )
    return warnings
