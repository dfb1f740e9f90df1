"""The sender hears what became of a fax: one DSN or report for the jobs of a submission that ended, queued as a delivery.

Called by the server's workers. Marking the jobs as told and queueing the mail that tells is one transaction, so a crash
neither loses a notice nor doubles one.
"""

from collections.abc import Callable

import structlog

from mailfax.gateway.acknowledgement import answer_to_fetched
from mailfax.gateway.resting import Resting
from mailfax.model.job import JobState
from mailfax.model.outcome import Disposition
from mailfax.model.submission import Submission
from mailfax.smtp.compose import Letterhead, ascii_line
from mailfax.smtp.notices import NoticeKind, NoticePolicy, dsn, report, wanted_notice
from mailfax.smtp.wording import Attempt, JobReport
from mailfax.spool.blobs import BlobMissing, BlobStore
from mailfax.spool.records import DeliveryKind, JobStory, NewDelivery, Unnotified
from mailfax.spool.store import Store

_log = structlog.get_logger()

DISPOSITIONS = {
    JobState.DELIVERED: Disposition.DELIVERED,
    JobState.UNCERTAIN: Disposition.UNCERTAIN,
    JobState.FAILED: Disposition.FAILED,
    JobState.CANCELLED: Disposition.FAILED,
}


class NotificationDesk:
    """Tells one sender at a time."""

    def __init__(
        self,
        *,
        store: Store,
        blobs: BlobStore,
        letterhead: Letterhead,
        policy: NoticePolicy,
        now_us: Callable[[], int],
    ) -> None:
        self._store, self._blobs, self._letterhead = store, blobs, letterhead
        self._policy, self._now_us = policy, now_us
        self._resting = Resting()

    def step(self) -> bool:
        """Make the notices of one submission's finished jobs; False when every sender has been told."""
        now_us = self._now_us()
        untold = self._store.next_unnotified(self._resting.now(now_us))
        if untold is None:
            return False
        with self._resting.unless_done(untold.submission.id, now_us):
            self._tell(untold)
        return True

    def _tell(self, untold: Unnotified) -> None:
        by_kind: dict[NoticeKind, list[JobReport]] = {NoticeKind.DSN: [], NoticeKind.REPORT: []}
        for story in untold.stories:
            kind = wanted_notice(story.job.recipient.notify, DISPOSITIONS[story.job.state], self._policy)
            if kind is not NoticeKind.NONE:
                by_kind[kind].append(_report(story))
        deliveries = [self._notice(untold, kind, reports) for kind, reports in by_kind.items() if reports]
        ids = [story.job.id for story in untold.stories]
        self._store.notified(ids, deliveries, self._now_us())
        _log.info(
            "sender told",
            mail=untold.submission.id,
            jobs=ids,
            notices=[kind.value for kind, reports in by_kind.items() if reports],
        )

    def _notice(self, untold: Unnotified, kind: NoticeKind, reports: list[JobReport]) -> NewDelivery:
        submission, now_us = untold.submission, self._now_us()
        original = self._original(submission)
        if submission.fetched:
            message = answer_to_fetched(submission, reports, untold.account, original, self._letterhead, now_us)
        elif kind is NoticeKind.DSN:
            message = dsn(submission, reports, untold.account, original, self._letterhead, now_us)
        else:
            message = report(submission, reports, untold.account, self._letterhead, now_us)
        return NewDelivery(
            kind=DeliveryKind.NOTICE,
            recipient=submission.sender,
            sender="",  # the null path: nobody answers a notice (RFC 3461 section 6.1)
            message_digest=self._blobs.put(message),
            submission_id=submission.id,
        )

    def _original(self, submission: Submission) -> bytes:
        """Return the mail as it came; of one that the disk has lost, the header lines that the spool still knows."""
        try:
            return self._blobs.get(submission.message_digest)
        except BlobMissing:
            known = {"Message-ID": submission.message_id, "Subject": submission.subject}
            return (
                "".join(f"{name}: {ascii_line(value)}\r\n" for name, value in known.items() if value).encode() + b"\r\n"
            )


def _report(story: JobStory) -> JobReport:
    """Return the job's calls as the notice tells them; one still without a result has nothing to tell."""
    attempts = tuple(
        Attempt(started_us=attempt.started_us, result=attempt.result)
        for attempt in story.attempts
        if attempt.result is not None
    )
    return JobReport(job=story.job, attempts=attempts, account=story.account)
