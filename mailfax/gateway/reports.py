"""A job and its calls, from the spool's form to that of notices. Used by the desks that tell somebody of jobs."""

from mailfax.smtp.wording import Attempt, JobReport
from mailfax.spool.records import JobStory


def report_of(story: JobStory) -> JobReport:
    """Return the job's calls as a notice tells them; one still without a result has nothing to tell."""
    attempts = tuple(
        Attempt(started_us=attempt.started_us, result=attempt.result, call_id=attempt.call_id)
        for attempt in story.attempts
        if attempt.result is not None
    )
    return JobReport(job=story.job, attempts=attempts, account=story.account)
