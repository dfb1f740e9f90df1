"""What senders are still to be told. Functions of a connection, for `store`."""

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, Connection, Select, select, update

from mailfax.model.ids import IdMaker
from mailfax.spool import deliveries, jobs, submissions
from mailfax.spool.records import Delivery, JobStory, NewDelivery, Unnotified
from mailfax.spool.tables import jobs as job_table


def untold(passing: Collection[str] = ()) -> Select[str]:
    """Select the submission of the job that ended first and was not told of, passing over some."""
    table = job_table.c
    waiting = select(table.submission_id).where(_is_untold()).order_by(table.finished_us, table.id).limit(1)
    return waiting.where(table.submission_id.not_in(passing)) if passing else waiting


def _is_untold() -> ColumnElement[bool]:
    return job_table.c.finished_us.is_not(None) & job_table.c.notified_us.is_(None)


def next_unnotified(connection: Connection, passing: Collection[str]) -> Unnotified | None:
    """Return the finished jobs of one submission whose sender has not been told, those that ended first before others.

    Submissions of `passing` are left out.
    """
    table = job_table.c
    submission_id = connection.scalar(untold(passing))
    if submission_id is None:
        return None
    submission = submissions.load(connection, submission_id)
    if submission is None:
        raise LookupError(f"There is no submission {submission_id}.")
    ids = set(connection.scalars(select(table.id).where(table.submission_id == submission_id, _is_untold())))
    document = submissions.document(connection, submission_id)
    stories = [
        JobStory(
            job=job,
            attempts=jobs.attempts_of(connection, job.id),
            account=document.account_for(job.id) if document else (),
        )
        for job in jobs.of_submission(connection, submission_id)
        if job.id in ids
    ]
    return Unnotified(
        submission=submission, stories=tuple(stories), account=submissions.account(connection, submission_id)
    )


def notified(
    connection: Connection, new_id: IdMaker, job_ids: Sequence[str], new: Sequence[NewDelivery], now_us: int
) -> tuple[Delivery, ...]:
    """Mark jobs as told and add the mails that tell, together or not at all.

    Nothing happens where any of them has been told of already: whoever made this notice made it from an older view.
    """
    table = job_table.c
    asked = select(table.notified_us).where(table.id.in_(list(job_ids))).order_by(table.id).with_for_update()
    if any(told_us is not None for told_us in connection.scalars(asked)):
        return ()
    connection.execute(update(job_table).where(table.id.in_(list(job_ids))).values(notified_us=now_us))
    return deliveries.add(connection, new_id, new, now_us)
