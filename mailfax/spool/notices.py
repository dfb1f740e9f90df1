"""What senders are still to be told. Functions of a connection, for `store`.

A mail's sender hears once, when no job of it is open (`settled`); of a post to a mailing list, its owner hears once for all copies.
"""

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, Connection, Select, exists, literal_column, or_, select, text, update

from mailfax.model.ids import IdMaker
from mailfax.model.job import JobState
from mailfax.spool import deliveries, jobs, submissions
from mailfax.spool.records import Delivery, JobStory, NewDelivery, Unnotified
from mailfax.spool.settled import OPEN, untold_of
from mailfax.spool.tables import jobs as job_table
from mailfax.spool.tables import submissions as submission_table

# Literal: only so does the database see that ix_submissions_untold answers.
_UNTOLD = text("untold_us IS NOT NULL")


def untold(passing: Collection[str] = (), now_us: int | None = None) -> Select[str]:
    """Select the submission whose sender has waited longest to be told, passing over some; those that are due by `now_us`, or all."""
    table = submission_table.c
    waiting = (
        select(table.id)
        .where(_UNTOLD, exists().where(*untold_of(table.id)))
        .order_by(table.untold_us, table.id)
        .limit(1)
    )
    if now_us is not None:
        waiting = waiting.where(table.untold_us <= now_us, or_(table.post == "", ~_another_copy_is_open()))
    return waiting.where(table.id.not_in(passing)) if passing else waiting


# An alias copies every column of its table: made at each question, it took a quarter of the server's processor time.
_COPIES = submission_table.alias("copies")


def _another_copy_is_open() -> ColumnElement[bool]:
    return exists().where(
        _COPIES.c.post == submission_table.c.post,
        _COPIES.c.post != literal_column("''"),  # so that ix_submissions_post answers
        job_table.c.submission_id == _COPIES.c.id,
        job_table.c.state.in_(OPEN),
    )


def next_unnotified(connection: Connection, passing: Collection[str], now_us: int | None) -> Unnotified | None:
    """Return the finished jobs of one submission whose sender has not been told, and of the other copies of a post."""
    submission_id = connection.scalar(untold(passing, now_us))
    if submission_id is None:
        return None
    table = job_table.c
    return _story(connection, submission_id, table.finished_us.is_not(None) & table.notified_us.is_(None))


def next_delayed(connection: Connection, created_before_us: int, passing: Collection[str]) -> Unnotified | None:
    """Return the jobs of one submission that have been queued since before then and of whose delay nobody was told."""
    table = job_table.c
    late = (table.state == JobState.QUEUED) & (table.wanted_us < created_before_us) & table.delay_told_us.is_(None)
    waiting = select(table.submission_id).where(late).order_by(table.id).limit(1)
    found = connection.scalar(waiting.where(table.submission_id.not_in(passing)) if passing else waiting)
    return None if found is None else _story(connection, found, late)


def _story(connection: Connection, submission_id: str, which: ColumnElement[bool]) -> Unnotified:
    """Return those jobs of a submission, and of the other copies of a post, that a condition fits."""
    first = submissions.load(connection, submission_id)
    if first is None:
        raise LookupError(f"There is no submission {submission_id}.")
    copies = [submission_id]
    if first.post:
        same = select(submission_table.c.id).where(submission_table.c.post == first.post)
        copies = list(connection.scalars(same.order_by(submission_table.c.id)))
    wanted = select(job_table.c.id).where(job_table.c.submission_id.in_(copies)).where(which)
    ids = set(connection.scalars(wanted))
    documents = {copy: submissions.document(connection, copy) for copy in copies}
    stories = [
        JobStory(
            job=job,
            attempts=jobs.attempts_of(connection, job.id),
            account=document.account_for(job.id) if (document := documents[copy]) else (),
        )
        for copy in copies
        for job in jobs.of_submission(connection, copy)
        if job.id in ids
    ]
    return Unnotified(submission=first, stories=tuple(stories), account=submissions.account(connection, submission_id))


def notified(
    connection: Connection, new_id: IdMaker, job_ids: Sequence[str], new: Sequence[NewDelivery], now_us: int
) -> tuple[Delivery, ...]:
    """Mark jobs as told and add the mails that tell, together or not at all.

    Nothing happens where any of them has been told of already: whoever made this notice made it from an older view.
    """
    table = job_table.c
    mine = table.id.in_(list(job_ids))
    asked = select(table.notified_us).where(mine).order_by(table.id).with_for_update()
    if any(told_us is not None for told_us in connection.scalars(asked)):
        return ()
    connection.execute(update(job_table).where(mine).values(notified_us=now_us))
    through = submission_table.c.id.in_(select(table.submission_id).where(mine))
    more = exists().where(*untold_of(submission_table.c.id))
    connection.execute(update(submission_table).where(through, ~more).values(untold_us=None))
    return deliveries.add(connection, new_id, new, now_us)


def delay_told(
    connection: Connection, new_id: IdMaker, job_ids: Sequence[str], new: Sequence[NewDelivery], now_us: int
) -> tuple[Delivery, ...]:
    """Mark jobs as told to be delayed and add the mails that tell, together or not at all."""
    mine = job_table.c.id.in_(list(job_ids))
    asked = select(job_table.c.delay_told_us).where(mine).order_by(job_table.c.id).with_for_update()
    if any(told_us is not None for told_us in connection.scalars(asked)):
        return ()
    connection.execute(update(job_table).where(mine).values(delay_told_us=now_us))
    return deliveries.add(connection, new_id, new, now_us)
