"""Disposition notifications (RFC 8098): what a mail that was fetched from a mailbox is answered with, where it asks for that.

Such a mail came by no SMTP session of ours, so its sender gets no DSN (RFC 2532 section 2.2.2, RFC 4161 section 2.2.2). Made by `gateway.receipts`.
"""

from dataclasses import dataclass

from mailfax.smtp.compose import (
    Headers,
    Letterhead,
    address_of,
    answer_to,
    ascii_line,
    mail_date,
    multipart_message,
    raw_part,
    text_part,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """What happened, for one mail: `recipients` are the fax addresses; `error` says in one line what failed, or nothing."""

    to: str
    recipients: tuple[str, ...]
    subject: str
    words: str
    original_message_id: str
    message_id: str
    error: str = ""


def disposition_notification(receipt: Receipt, letterhead: Letterhead, now_us: int) -> bytes:
    """Return the notification: processed, or processed/error (RFC 8098 section 3.2.6)."""
    fields = [("Reporting-UA", f"{ascii_line(letterhead.hostname)}; mailfax")]
    fields += [("Final-Recipient", f"rfc822; {ascii_line(receipt.recipients[0])}")]
    if receipt.original_message_id:
        fields.append(("Original-Message-ID", ascii_line(receipt.original_message_id, 250)))
    modifier = "/error" if receipt.error else ""
    fields.append(("Disposition", f"automatic-action/MDN-sent-automatically; processed{modifier}"))
    if receipt.error:
        fields.append(("Error", ascii_line(receipt.error, 600)))
    status = "".join(f"{name}: {value}\r\n" for name, value in fields)
    parts = [text_part(receipt.words), raw_part("message/disposition-notification", status.encode("ascii"))]
    headers: Headers = {
        "Date": mail_date(now_us, letterhead.zone),
        "From": address_of(letterhead.sender, "Fax server", domain=letterhead.hostname),
        "To": address_of(receipt.to, domain=letterhead.hostname),
        "Subject": receipt.subject,
        "Message-ID": receipt.message_id,
        **answer_to(receipt.original_message_id),
        "Auto-Submitted": "auto-replied",
    }
    return multipart_message(headers, "report; report-type=disposition-notification", parts)
