"""What the sender of a fax is told by mail: a DSN (RFC 3461, 3464, 6522) or a plain report. Made by `gateway.outbound`.

Both go out once for the jobs of a submission that ended together, and each is the same octets whenever it is made again.
"""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from mailfax.model.document import PartAccount
from mailfax.model.outcome import Disposition
from mailfax.model.submission import Notify, Submission
from mailfax.smtp.compose import (
    Headers,
    Letterhead,
    address_of,
    answer_to,
    ascii_line,
    mail_date,
    multipart_message,
    raw_part,
    text_message,
    text_part,
)
from mailfax.smtp.wording import JobReport, plain_words, subject_line
from mailfax.smtp.xtext import decode_xtext

_RETURN_LIMIT_OCTETS = 1024 * 1024  # the sender has the mail; of a larger one only the header comes back
_MAX_LINE_OCTETS = 998  # RFC 5322 section 2.1.1; a longer line could make the next server refuse the DSN


class NoticeKind(StrEnum):
    """How the sender is told of one job."""

    NONE = "none"
    DSN = "dsn"
    REPORT = "report"


@dataclass(frozen=True, kw_only=True, slots=True)
class NoticePolicy:
    """What is done where the sender's client said nothing (no NOTIFY)."""

    report_delivered: bool = True


def wanted_notice(notify: Notify, disposition: Disposition, policy: NoticePolicy) -> NoticeKind:
    """Decide how the end of one job is told (RFC 3461 sections 4.1 and 5.2).

    What was not heard to be delivered is told as a failure: RETRY means here that trying was given up, and UNCERTAIN that
    only the receiver knows.
    """
    if Notify.NEVER in notify:
        return NoticeKind.NONE
    if disposition is Disposition.DELIVERED:
        if Notify.SUCCESS in notify:
            return NoticeKind.DSN
        return NoticeKind.REPORT if notify is Notify.UNSET and policy.report_delivered else NoticeKind.NONE
    return NoticeKind.DSN if notify is Notify.UNSET or Notify.FAILURE in notify else NoticeKind.NONE


def dsn(
    submission: Submission,
    reports: Sequence[JobReport],
    account: Sequence[PartAccount],
    original: bytes,
    letterhead: Letterhead,
    now_us: int,
) -> bytes:
    """Return the DSN for these jobs; it is sent with the null return path. `original` is the mail as it was received."""
    failed = not all(report.delivered for report in reports)
    blocks = [_message_fields(submission, letterhead), *(_recipient_fields(report, letterhead) for report in reports)]
    status = "\r\n".join("".join(f"{name}: {value}\r\n" for name, value in block) for block in blocks)
    parts = [
        text_part(plain_words(submission, reports, account, letterhead.zone)),
        raw_part("message/delivery-status", status.encode("ascii")),
        _returned(original, full=submission.return_full and failed),
    ]
    headers = _headers(submission, reports, letterhead, now_us, automatic="auto-replied")
    return multipart_message(headers, "report; report-type=delivery-status", parts)


def report(
    submission: Submission,
    reports: Sequence[JobReport],
    account: Sequence[PartAccount],
    letterhead: Letterhead,
    now_us: int,
) -> bytes:
    """Return the plain report for these jobs, sent where no NOTIFY asked for anything."""
    headers = _headers(submission, reports, letterhead, now_us, automatic="auto-generated")
    return text_message(headers, plain_words(submission, reports, account, letterhead.zone))


def _headers(
    submission: Submission, reports: Sequence[JobReport], letterhead: Letterhead, now_us: int, *, automatic: str
) -> Headers:
    return {
        "Date": mail_date(now_us, letterhead.zone),
        "From": address_of(letterhead.sender, "Fax server", domain=letterhead.hostname),
        "To": address_of(submission.sender, domain=letterhead.hostname),
        "Subject": subject_line(reports),
        "Message-ID": f"<{reports[0].job.id}.notice@{letterhead.hostname}>",
        **answer_to(submission.message_id),
        "Auto-Submitted": automatic,  # RFC 3834 section 5, and RFC 3464 section 2 for DSNs
    }


def _message_fields(submission: Submission, letterhead: Letterhead) -> list[tuple[str, str]]:
    """RFC 3464 section 2.2."""
    fields = [("Reporting-MTA", f"dns; {letterhead.hostname}")]
    if submission.envid:
        with suppress(ValueError):
            fields.insert(0, ("Original-Envelope-Id", decode_xtext(submission.envid)))
    return [*fields, ("Arrival-Date", mail_date(submission.received_us, letterhead.zone))]


def _recipient_fields(report: JobReport, letterhead: Letterhead) -> list[tuple[str, str]]:
    """RFC 3464 section 2.3, and 2.4 for the fields of our own.

    An uncertain fax is `failed` with a 4.x.x status: `delayed` would promise that we go on trying (2.3.3), `delivered` would
    claim what was not heard, and the sender has to act. The human part says that it may have arrived.
    """
    recipient = report.job.recipient
    fields: list[tuple[str, str]] = []
    kind, _, address = recipient.orcpt.partition(";")
    if address:
        with suppress(ValueError):
            fields.append(("Original-Recipient", f"{ascii_line(kind)}; {decode_xtext(address)}"))
    fields += [
        ("Final-Recipient", f"rfc822; {ascii_line(recipient.address.mailbox)}"),
        ("Action", "delivered" if report.delivered else "failed"),
        ("Status", report.outcome.status),
    ]
    if report.station_id:
        fields.append(("Remote-MTA", f"x-fax; {ascii_line(report.station_id)}"))
    if not report.delivered:
        why = f"{report.outcome.code}: {report.outcome.sentence} {report.detail}"
        fields.append(("Diagnostic-Code", f"x-fax; {ascii_line(why, 600)}"))
    if report.attempts:
        fields.append(("Last-Attempt-Date", mail_date(report.attempts[-1].started_us, letterhead.zone)))
    pages = "" if report.job.pages is None else f"/{report.job.pages}"
    return [*fields, ("Final-Log-ID", report.job.id), ("X-Fax-Pages-Confirmed", f"{report.job.confirmed_pages}{pages}")]


def _returned(original: bytes, *, full: bool) -> bytes:
    """Return the original as the third part: whole where RET=FULL asked for it and it can travel, else its header."""
    octets = re.sub(rb"\r\n|\r|\n", b"\r\n", original)
    header, _, _ = octets.partition(b"\r\n\r\n")
    travels = len(octets) <= _RETURN_LIMIT_OCTETS and all(
        len(line) <= _MAX_LINE_OCTETS for line in octets.split(b"\r\n")
    )
    if full and travels:
        return raw_part("message/rfc822", octets)
    short = [line[:_MAX_LINE_OCTETS] for line in header.split(b"\r\n")]
    return raw_part("text/rfc822-headers", b"\r\n".join(short) + b"\r\n")
