"""How the sender of a fetched mail is answered: by a disposition notification where the mail asks for one, else by a plain mail, never by a DSN.

Called by `notification` when his faxes have ended, and by `mailboxes` when his mail was refused.
"""

from collections.abc import Callable

from mailfax.gateway.mailheader import header_text
from mailfax.model.ids import IdMaker, Kind
from mailfax.smtp.compose import (
    Headers,
    Letterhead,
    address_of,
    answer_to,
    clean,
    mail_date,
    text_message,
)
from mailfax.smtp.door import Refused
from mailfax.smtp.fetched import FetchedEnvelope, asked_for_receipt
from mailfax.smtp.notices import Story, report
from mailfax.smtp.receipt import Receipt, disposition_notification
from mailfax.smtp.wording import plain_words, subject_line
from mailfax.spool.blobs import BlobStore
from mailfax.spool.records import DeliveryKind, NewDelivery
from mailfax.spool.store import Store


def wants_receipt(original: bytes, sender: str) -> bool:
    """Say whether the mail asks for a notification that may be sent by itself: to the address that it came from (RFC 8098 section 2.1)."""
    return bool(sender) and asked_for_receipt(original).lower() == sender.lower()


def answer_to_fetched(story: Story, original: bytes, letterhead: Letterhead, now_us: int) -> bytes:
    """Return what the sender of a fetched mail is told at the end of its faxes."""
    submission, reports = story.submission, story.reports
    if not wants_receipt(original, submission.sender):
        return report(story, letterhead, now_us)
    failed = [each for each in reports if not each.delivered]
    receipt = Receipt(
        to=submission.sender,
        recipients=tuple(each.job.recipient.address.mailbox for each in reports),
        subject=subject_line(reports, story.voice),
        words=plain_words(submission, reports, story.account, story.voice, last_words=story.last_words),
        original_message_id=submission.message_id,
        message_id=f"<{reports[0].job.id}.notice@{letterhead.hostname}>",
        error=f"{failed[0].outcome.code}: {failed[0].outcome.sentence} {failed[0].detail}" if failed else "",
    )
    return disposition_notification(receipt, letterhead, now_us)


class Refusals:
    """Tells senders of fetched mails that were refused."""

    def __init__(
        self, *, store: Store, blobs: BlobStore, letterhead: Letterhead, new_id: IdMaker, now_us: Callable[[], int]
    ) -> None:
        self._store, self._blobs, self._letterhead = store, blobs, letterhead
        self._new_id, self._now_us = new_id, now_us

    def tell(self, envelope: FetchedEnvelope, original: bytes, refused: Refused) -> None:
        """Queue the answer; it is durable when this returns. Raises SpoolError."""
        now_us, outcome = self._now_us(), refused.outcome
        why = f"{refused.detail or outcome.sentence} {outcome.advice}"
        about = clean(header_text(original, "Subject"))
        words = f'Your mail "{about}" to {envelope.recipient} was not faxed.\n\n{clean(why, 1000)}\n\nNothing was dialled. ({outcome.code})\n'
        subject = f"Fax to {envelope.recipient} refused: {clean(outcome.sentence)}"
        message_id = f"<{self._new_id(Kind.DELIVERY)}.refused@{self._letterhead.hostname}>"
        original_id = header_text(original, "Message-ID")
        if wants_receipt(original, envelope.sender):
            receipt = Receipt(
                to=envelope.sender,
                recipients=(envelope.recipient,),
                subject=subject,
                words=words,
                original_message_id=original_id,
                message_id=message_id,
                error=why,
            )
            message = disposition_notification(receipt, self._letterhead, now_us)
        else:
            headers: Headers = {
                "Date": mail_date(now_us, self._letterhead.zone),
                "From": address_of(self._letterhead.sender, "Fax server", domain=self._letterhead.hostname),
                "To": address_of(envelope.sender, domain=self._letterhead.hostname),
                "Subject": subject,
                "Message-ID": message_id,
                **answer_to(original_id),
                "Auto-Submitted": "auto-replied",
            }
            message = text_message(headers, words)
        self._store.add_deliveries(
            [
                NewDelivery(
                    kind=DeliveryKind.NOTICE,
                    recipient=envelope.sender,
                    sender="",
                    message_digest=self._blobs.put(message),
                )
            ],
            now_us,
        )
