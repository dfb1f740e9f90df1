"""Mails of quotas: to a sender whose fax waits, and to the administrators when the breaker has stopped all sending. Made by `rendering` and `breaker`."""

from collections.abc import Sequence

from mailfax.model.job import Job
from mailfax.model.submission import Submission
from mailfax.smtp.compose import Headers, Letterhead, address_of, clean, mail_date, text_message
from mailfax.spool.records import DeliveryKind, NewDelivery, Wait


def notice_of(submission: Submission, digest: str) -> NewDelivery:
    """Return the delivery of a mail to the sender of a submission, on the null path as all notices."""
    return NewDelivery(
        kind=DeliveryKind.NOTICE,
        recipient=submission.sender,
        sender="",
        message_digest=digest,
        submission_id=submission.id,
    )


def waiting_mail(
    submission: Submission, later: Sequence[tuple[Job, Wait]], letterhead: Letterhead, now_us: int
) -> bytes:
    """Tell a sender which of his faxes wait until there is quota again."""
    said = [f"- {job.recipient.address.number} ({job.id}), until {wait.resets}. {wait.why}" for job, wait in later]
    text = (
        f"Your fax {submission.id} ({clean(submission.subject, 100) or 'without a subject'}) has not been sent yet to:\n\n"
        + "\n".join(said)
        + "\n\nIt is sent by itself then, and you are told as usual what became of it. Ask the administrator of this server if it cannot wait.\n"
    )
    reply = {"In-Reply-To": submission.message_id, "References": submission.message_id} if submission.message_id else {}
    headers: Headers = {
        **_head(letterhead, submission.sender, now_us, f"{submission.id}.waits"),
        "Subject": f"Your fax waits for quota: {clean(submission.subject, 60) or submission.id}",
        **reply,
    }
    return text_message(headers, text)


def breaker_mail(recipient: str, why: str, letterhead: Letterhead, now_us: int) -> bytes:
    """Tell an administrator that nothing is sent any more."""
    text = (
        f"This fax server sends nothing any more: {why}\n\n"
        "New mails are refused for now (452); what waits stays in the queue, and faxes still come in. Find out who sent what:\n\n"
        "    mailfax report billing --by user\n    mailfax quota show\n\n"
        "Then let faxes go out again:\n\n    mailfax quota reset breaker\n"
    )
    headers: Headers = {
        **_head(letterhead, recipient, now_us, f"{now_us}.breaker"),
        "Subject": "ALARM: the fax server has stopped sending",
        "Importance": "high",
    }
    return text_message(headers, text)


def _head(letterhead: Letterhead, recipient: str, now_us: int, name: str) -> Headers:
    return {
        "Date": mail_date(now_us, letterhead.zone),
        "From": address_of(letterhead.sender, "Fax server", domain=letterhead.hostname),
        "To": address_of(recipient, domain=letterhead.hostname),
        "Message-ID": f"<{name}@{letterhead.hostname}>",
        "Auto-Submitted": "auto-generated",
    }
