"""What an administrator does to faxes from the shell: cancel, hold, release, resend, retarget. Called by `cli.altering`.

Where a number is dialled that was not before, or again, the rules of today are asked (promise 4).
"""

from collections.abc import Callable
from dataclasses import replace

from mailfax.gateway.acceptance import Intake, planned
from mailfax.gateway.shell import ShellRefused, permitted
from mailfax.model.ids import Kind
from mailfax.model.job import Job, JobState
from mailfax.model.submission import Recipient
from mailfax.routing.outbound import Permitted
from mailfax.routing.settings import RoutingSettings
from mailfax.spool.blobs import BlobMissing


class Alteration:
    """One person at work, named in the log of each job."""

    def __init__(self, *, intake: Intake, routing: RoutingSettings, user: str, now_us: Callable[[], int]) -> None:
        self._intake, self._routing, self._now_us = intake, routing, now_us
        self._by = f"by {user}"

    def cancel(self, job_id: str) -> Job:
        """Give a fax up that is not on a line. Raises ShellRefused."""
        if not self._intake.store.cancel(job_id, self._now_us()):
            raise ShellRefused(self._why_not(job_id, "cancelled"))
        return self._job(job_id)

    def hold(self, job_id: str) -> Job:
        """Keep a fax back that waits for a line. Raises ShellRefused."""
        held = self._intake.store.hold_job(job_id, f"held {self._by}", self._now_us())
        if held is None:
            raise ShellRefused(self._why_not(job_id, "held"))
        return held

    def release(self, job_id: str) -> Job:
        """Let a fax go that is held. Raises ShellRefused."""
        released = self._intake.store.release_held(job_id, f"released {self._by}", self._now_us())
        if released is None:
            raise ShellRefused(self._why_not(job_id, "released"))
        return released

    def retarget(self, job_id: str, number: str) -> Job:
        """Send a fax that waits to another number. Raises ShellRefused."""
        job, now_us = self._job(job_id), self._now_us()
        submission = self._intake.store.submission(job.submission_id)
        to = permitted(number, self._intake, self._routing, now_us)
        (other,) = planned([self._at(job, to)], submission.identity if submission else "", self._intake, now_us)
        plan = replace(job.plan, zones=other.plan.zones)  # its hours are by another clock now, its times are the same
        changed = self._intake.store.retarget_job(
            job_id, replace(other, plan=plan), to.number, f"changed {self._by}", now_us
        )
        if changed is None:
            raise ShellRefused(self._why_not(job_id, "sent to another number"))
        return changed

    def resend(self, job_id: str, number: str = "") -> Job:
        """Send a fax that has ended once more, as a mail of its own, to its number or to another. Raises ShellRefused."""
        job, store, now_us = self._job(job_id), self._intake.store, self._now_us()
        submission = store.submission(job.submission_id)
        if not job.state.final or job.poll is not None or submission is None:
            raise ShellRefused(self._why_not(job_id, "sent again"))
        try:
            self._intake.blobs.get(submission.message_digest)
        except BlobMissing:
            raise ShellRefused(
                f"The mail of {job_id} is not kept any more ([retention]), so it cannot be sent again."
            ) from None
        to = permitted(number or job.recipient.address.mailbox, self._intake, self._routing, now_us)
        options = replace(job.recipient.options, send_at=None, not_after=None)  # they were for the first time
        recipient = replace(self._at(job, to), hold=None, options=options)
        again = replace(
            submission,
            id=self._intake.new_id(Kind.MAIL),
            received_us=now_us,
            recipients=planned([recipient], submission.identity, self._intake, now_us),
            content_key="",
            repeated=(),
            post="",
        )
        return store.accept(again, [to.number], now_us).jobs[0]

    @staticmethod
    def _at(job: Job, to: Permitted) -> Recipient:
        return replace(job.recipient, address=to.address, tariff=to.tariff, inside=to.inside)

    def _job(self, job_id: str) -> Job:
        job = self._intake.store.job(job_id)
        if job is None:
            raise ShellRefused(f"There is no fax {job_id}.")
        return job

    def _why_not(self, job_id: str, what: str) -> str:
        job = self._job(job_id)
        advice = " Cancel it, or wait for its end." if what == "sent again" and not job.state.final else ""
        on_line = " A call that is on is not touched." if job.state is JobState.ON_LINE else ""
        return f"{job_id} is {job.state.value} and cannot be {what}.{on_line}{advice}"
