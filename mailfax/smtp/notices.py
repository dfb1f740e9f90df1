"""What the sender of a fax is told by mail: a DSN (RFC 3461, 3464, 6522) or a plain report. Made by `gateway.notification`.

A notice goes out once for the jobs that it is about, and is the same octets whenever it is made again.
"""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from mailfax.model.document import PartAccount
from mailfax.model.outcome import Outcome
from mailfax.model.submission import Notify, Submission
from mailfax.model.telling import Event
from mailfax.smtp.compose import (
    Enclosure,
    Headers,
    Letterhead,
    address_of,
    answer_to,
    ascii_line,
    mail_date,
    multipart_message,
    raw_part,
    text_message,
    text_with,
)
from mailfax.smtp.wording import JobReport, Voice, plain_words, subject_line
from mailfax.smtp.xtext import decode_xtext

_RETURN_LIMIT_OCTETS = 1024 * 1024  # the sender has the mail; of a larger one only the header comes back
_MAX_LINE_OCTETS = 998  # RFC 5322 section 2.1.1; a longer line could make the next server refuse the DSN
_ASKED = {
    Event.ACCEPTED: Notify.UNSET,  # RFC 3461 knows no such notice
    Event.DELIVERED: Notify.SUCCESS,
    Event.DELAYED: Notify.DELAY,
    Event.FAILED: Notify.FAILURE,
}


class NoticeKind(StrEnum):
    """How the sender is told of one job."""

    NONE = "none"
    DSN = "dsn"
    REPORT = "report"


@dataclass(frozen=True, kw_only=True, slots=True)
class Story:
    """What a notice tells: `reports` are all jobs it is about. `hears` is whom it is for.

    `list_name` is the mailing list whose post was faxed, `last_words` are sentences at the end.
    """

    submission: Submission
    reports: Sequence[JobReport]
    account: Sequence[PartAccount]
    voice: Voice
    hears: str
    enclosures: Sequence[Enclosure] = ()
    list_name: str = ""
    last_words: Sequence[str] = ()


def wanted_notice(notify: Notify, event: Event, events: Sequence[Event], *, to_owner: bool = False) -> NoticeKind:
    """Decide how one job's event is told (RFC 3461 sections 4.1 and 5.2).

    `events` are those that are told where the sender's client said nothing (no NOTIFY). Success is then told by a report, since a
    DSN of it must be asked for; and what goes to the owner of a list (`to_owner`) is always a report: a DSN is for the sender.
    """
    if Notify.NEVER in notify:
        return NoticeKind.NONE
    if notify is not Notify.UNSET:
        return NoticeKind.DSN if notify & _ASKED[event] else NoticeKind.NONE
    if event not in events:
        return NoticeKind.NONE
    return NoticeKind.REPORT if to_owner or event in {Event.DELIVERED, Event.ACCEPTED} else NoticeKind.DSN


def dsn(
    story: Story,
    due: Sequence[JobReport],
    original: bytes,
    letterhead: Letterhead,
    now_us: int,
    *,
    subject: str = "",
    words: str = "",
    retry_until_us: int | None = None,
) -> bytes:
    """Return the DSN for the jobs of `due`; it is sent with the null return path. `original` is the mail as it was received.

    The part for people tells of all jobs of the story, the part for programs of those of which a DSN is due. With `retry_until_us` they
    are delayed: not ended, and tried until then. `subject` and `words` take the place of those of jobs that ended.
    """
    delayed = retry_until_us is not None
    failed = not delayed and not all(report.delivered for report in due)
    blocks = [
        _message_fields(story.submission, letterhead),
        *(_recipient_fields(report, letterhead, retry_until_us) for report in due),
    ]
    status = "\r\n".join("".join(f"{name}: {value}\r\n" for name, value in block) for block in blocks)
    parts = [
        text_with(words or _words(story), story.enclosures),
        raw_part("message/delivery-status", status.encode("ascii")),
        _returned(original, full=story.submission.return_full and failed),
    ]
    headers = notice_headers(
        story,
        letterhead,
        now_us,
        subject=subject or subject_line(story.reports, story.voice, story.list_name),
        occasion="delayed" if delayed else "notice",
        automatic="auto-replied",
    )
    return multipart_message(headers, "report; report-type=delivery-status", parts)


def report(
    story: Story, letterhead: Letterhead, now_us: int, *, subject: str = "", words: str = "", occasion: str = "notice"
) -> bytes:
    """Return the plain report of a story, sent where no NOTIFY asked for anything. `subject` and `words` as of `dsn`."""
    headers = notice_headers(
        story,
        letterhead,
        now_us,
        subject=subject or subject_line(story.reports, story.voice, story.list_name),
        occasion=occasion,
        automatic="auto-generated",
    )
    return text_message(headers, words or _words(story), story.enclosures)


def _words(story: Story) -> str:
    return plain_words(
        story.submission,
        story.reports,
        story.account,
        story.voice,
        list_name=story.list_name,
        last_words=story.last_words,
    )


def reply_address(submission: Submission) -> str:
    """Return where an answer to our notices goes, so that its sender need name no fax; empty where the mail has no token."""
    if not submission.token or not submission.recipients:
        return ""
    return f"reply+{submission.id.lower()}.{submission.token}@{submission.recipients[0].address.domain}"


def notice_headers(
    story: Story, letterhead: Letterhead, now_us: int, *, subject: str, occasion: str, automatic: str
) -> Headers:
    """Return the headers of a message about faxes. Its id is made of the first job's, so a message that goes out twice is one."""
    submission = story.submission
    first = story.reports[0].job.id if story.reports else submission.id
    back = reply_address(submission)
    return {
        "Date": mail_date(now_us, letterhead.zone),
        "From": address_of(letterhead.sender, "Fax server", domain=letterhead.hostname),
        "To": address_of(story.hears, domain=letterhead.hostname),
        **({"Reply-To": address_of(back, domain=letterhead.hostname)} if back else {}),
        "Subject": subject,
        "Message-ID": f"<{first}.{occasion}@{letterhead.hostname}>",
        **answer_to(submission.message_id),
        "Content-Language": story.voice.language.code,
        "Auto-Submitted": automatic,  # RFC 3834 section 5, and RFC 3464 section 2 for DSNs
    }


def _message_fields(submission: Submission, letterhead: Letterhead) -> list[tuple[str, str]]:
    """RFC 3464 section 2.2."""
    fields = [("Reporting-MTA", f"dns; {letterhead.hostname}")]
    if submission.envid:
        with suppress(ValueError):
            fields.insert(0, ("Original-Envelope-Id", decode_xtext(submission.envid)))
    return [*fields, ("Arrival-Date", mail_date(submission.received_us, letterhead.zone))]


def _recipient_fields(report: JobReport, letterhead: Letterhead, retry_until_us: int | None) -> list[tuple[str, str]]:
    """RFC 3464 section 2.3, and 2.4 for the fields of our own.

    The address type of Final-Recipient is rfc822, since the number at our domain is a mail address, and programs look for nothing else;
    the number as it was dialled is a field of our own. An uncertain fax is `failed` with a 4.x.x status: `delayed` would promise that we go on trying (2.3.3), `relayed`
    and `delivered` would be silent where only FAILURE was asked for, or claim what was not heard, and the sender has to act.
    """
    recipient, delayed = report.job.recipient, retry_until_us is not None
    fields: list[tuple[str, str]] = []
    kind, _, address = recipient.orcpt.partition(";")
    if address:
        with suppress(ValueError):
            fields.append(("Original-Recipient", f"{ascii_line(kind)}; {decode_xtext(address)}"))
    fields += [
        ("Final-Recipient", f"rfc822; {ascii_line(recipient.address.mailbox)}"),
        ("Action", "delayed" if delayed else _action(report)),
        ("Status", _delay_status(report) if delayed else report.outcome.status),
    ]
    if report.station_id:
        fields.append(("Remote-MTA", f"x-fax; {ascii_line(report.station_id)}"))
    if not report.delivered and report.job.outcome is not None:
        why = f"{report.outcome.code}: {report.outcome.sentence} {report.detail}"
        fields.append(("Diagnostic-Code", f"x-fax; {ascii_line(why, 600)}"))
    if report.attempts:
        fields.append(("Last-Attempt-Date", mail_date(report.attempts[-1].started_us, letterhead.zone)))
    fields.append(("Final-Log-ID", report.job.id))
    if retry_until_us is not None:
        fields.append(("Will-Retry-Until", mail_date(retry_until_us, letterhead.zone)))
    fields.append(("X-Fax-Number", ascii_line(report.job.number)))
    fields.append(("X-Fax-Pages-Confirmed", report.pages))
    if report.attempts:
        fields.append(("X-Fax-Calls", str(len(report.attempts))))
        fields.append(("X-Fax-Seconds", f"{report.seconds:.0f}"))
    return fields


def _action(report: JobReport) -> str:
    """Return what became of the fax for its recipient (2.3.3). A mailbox of our own is filled by a mail server that tells us no more: relayed."""
    if not report.delivered:
        return "failed"
    return "relayed" if report.outcome is Outcome.DELIVERED_INSIDE else "delivered"


def _delay_status(report: JobReport) -> str:
    """Return the status of a job that goes on (2.3.4: a delayed one is 4.x.x); one that was not called yet waits for a line."""
    return report.outcome.status if report.job.outcome is not None and report.outcome.status[0] == "4" else "4.4.7"


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
