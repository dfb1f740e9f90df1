"""What is mailed back as soon as a mail was taken: that it was, where its sender wants to know; and that it came before.

Called by `gateway.door`.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace

from mailfax.gateway.telling import TellingPolicy
from mailfax.model.submission import Notify, Repeated, Submission
from mailfax.model.telling import Event
from mailfax.smtp.compose import Letterhead
from mailfax.smtp.messages import accepted_subject, accepted_words, again_subject, again_words
from mailfax.smtp.notices import NoticeKind, Story, report, wanted_notice
from mailfax.smtp.wording import Voice
from mailfax.spool.blobs import BlobStore
from mailfax.spool.records import DeliveryKind, NewDelivery
from mailfax.spool.store import Store

_TOKEN_OCTETS = 10


def new_token() -> str:
    """Return a new secret for a mail address: letters and digits that survive any mail program."""
    return secrets.token_hex(_TOKEN_OCTETS)


class Receipts:
    """Makes receipts."""

    def __init__(
        self,
        *,
        store: Store,
        blobs: BlobStore,
        letterhead: Letterhead,
        telling: TellingPolicy,
        now_us: Callable[[], int],
    ) -> None:
        self._store, self._blobs, self._letterhead = store, blobs, letterhead
        self._telling, self._now_us = telling, now_us

    def accepted(self, submission: Submission) -> Sequence[NewDelivery]:
        """Return the acknowledgement, if its sender wants one."""
        wishes = submission.telling
        kinds = (
            wanted_notice(recipient.notify, Event.ACCEPTED, wishes.events or ())
            for recipient in submission.recipients
            if recipient.hold is None
        )
        if wishes.hears or not any(kind is NoticeKind.REPORT for kind in kinds):
            return ()
        story = self._story(submission)
        story = replace(story, last_words=(story.voice.language.say("reply_waiting"),))
        subject = accepted_subject(submission, story.voice.language)
        delivery = self._delivery(story, subject, accepted_words(story), "accepted")
        return (replace(delivery, submission_id=submission.id),)

    def again(self, submission: Submission, repeated: Sequence[Repeated]) -> None:
        """Tell a sender that his mail was faxed before, where no report is left to say it."""
        silent = {each.address.mailbox for each in submission.recipients if Notify.NEVER in each.notify}
        found = [(one, self._store.job(one.job_id)) for one in repeated if one.mailbox not in silent]
        earlier = [(one.mailbox, job.state, one.submission_id, one.job_id) for one, job in found if job is not None]
        if earlier:
            story = self._story(self._answered_as(submission, repeated[0].submission_id))
            words = again_words(submission, earlier, story.voice)
            delivery = self._delivery(story, again_subject(submission, story.voice), words, "again")
            self._store.add_deliveries([replace(delivery, submission_id=repeated[0].submission_id)], self._now_us())

    def _answered_as(self, submission: Submission, earlier_id: str) -> Submission:
        """Give a mail that was not kept the name and secret of the one that was, so that a reply finds it; to its own sender alone."""
        earlier = self._store.submission(earlier_id)
        his = (submission.sender.lower(), submission.identity)
        if earlier is None or (earlier.sender.lower(), earlier.identity) != his:
            return replace(submission, token="")
        return replace(submission, id=earlier.id, token=earlier.token)

    def _story(self, submission: Submission) -> Story:
        voice = Voice(language=self._telling.language(submission.telling), zone=self._letterhead.zone)
        hears = submission.telling.hears or submission.sender
        return Story(submission=submission, reports=(), account=(), voice=voice, hears=hears)

    def _delivery(self, story: Story, subject: str, words: str, occasion: str) -> NewDelivery:
        message = report(story, self._letterhead, self._now_us(), subject=subject, words=words, occasion=occasion)
        digest = self._blobs.put(message)
        return NewDelivery(kind=DeliveryKind.NOTICE, recipient=story.hears, sender="", message_digest=digest)
