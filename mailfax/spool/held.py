"""Jobs whose pages are ready and that wait for somebody's word. Functions of a connection, for `store`."""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, Select, select, text, update

from mailfax.model.ids import IdMaker
from mailfax.model.job import Job, JobState
from mailfax.model.outcome import Outcome
from mailfax.spool import deliveries, jobs, submissions
from mailfax.spool.records import Delivery, JobStory, NewDelivery, Unnotified
from mailfax.spool.tables import jobs as job_table

# Literal: only so does the database see that ix_jobs_unshown answers.
_UNSHOWN = text("state = 'held' AND shown_us IS NULL")


def unshown(passing: Collection[str] = ()) -> Select[str]:
    """Select the submission of the oldest held job that nobody has been shown, passing over some."""
    waiting = select(job_table.c.submission_id).where(_UNSHOWN).order_by(job_table.c.id).limit(1)
    return waiting.where(job_table.c.submission_id.not_in(passing)) if passing else waiting


def next_unshown(connection: Connection, passing: Collection[str]) -> Unnotified | None:
    """Return the held jobs of one submission that are still to be shown."""
    submission_id = connection.scalar(unshown(passing))
    if submission_id is None:
        return None
    submission = submissions.load(connection, submission_id)
    if submission is None:
        raise LookupError(f"There is no submission {submission_id}.")
    ids = set(connection.scalars(select(job_table.c.id).where(job_table.c.submission_id == submission_id, _UNSHOWN)))
    stories = (JobStory(job=job, attempts=()) for job in jobs.of_submission(connection, submission_id) if job.id in ids)
    account = submissions.account(connection, submission_id)
    return Unnotified(submission=submission, stories=tuple(stories), account=account)


def shown(
    connection: Connection, new_id: IdMaker, job_ids: Sequence[str], new: Sequence[NewDelivery], now_us: int
) -> tuple[Delivery, ...]:
    """Mark jobs as shown and add the mails that show them, together or not at all; nothing where one was shown before."""
    mine = job_table.c.id.in_(list(job_ids))
    asked = select(job_table.c.shown_us).where(mine).order_by(job_table.c.id).with_for_update()
    if any(shown_us is not None for shown_us in connection.scalars(asked)):
        return ()
    connection.execute(update(job_table).where(mine).values(shown_us=now_us))
    return deliveries.add(connection, new_id, new, now_us)


def release(connection: Connection, job_id: str, why: str, now_us: int) -> Job | None:
    """Queue a held job, not before the time that a quota leaves it; None where it is not held."""
    job = jobs.locked(connection, job_id)
    if job is None or job.state is not JobState.HELD:
        return None
    jobs.enqueue(connection, job, now_us, why, not_before_us=job.not_before_us, fresh=True)
    return jobs.load(connection, job_id)


def expire(connection: Connection, created_before_us: int, why: str, now_us: int) -> Sequence[str]:
    """Give up the held jobs that nobody released in time; return their ids."""
    table = job_table.c
    held = select(table.id).where(table.state == JobState.HELD, table.created_us < created_before_us)
    old = list(connection.scalars(held.with_for_update(skip_locked=True)))
    for job_id in old:
        job = jobs.load(connection, job_id)
        assert job is not None
        jobs.move(
            connection,
            job,
            now_us,
            JobState.CANCELLED,
            "nobody released it",
            outcome=Outcome.NOT_RELEASED,
            finished_us=now_us,
            notes=(*job.notes, why),
        )
    return old
