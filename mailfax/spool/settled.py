"""When a mail is through: the moment from which its sender can be told of all of it at once. A function of a connection, for `jobs`."""

from sqlalchemy import ColumnElement, Connection, case, exists, update

from mailfax.model.job import JobState
from mailfax.spool import locking
from mailfax.spool.tables import jobs, submissions

OPEN = (
    JobState.RENDERING,
    JobState.QUEUED,
    JobState.ON_LINE,
)  # a held one may wait for days; it has a notice of its own
POST_QUIET_US = 10 * 60 * 1_000_000  # within which all copies of one post to a list are taken to have come


def untold_of(submission_id: object) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of jobs of a submission (an id or a column) that have ended and that somebody is still to be told of."""
    return (jobs.c.submission_id == submission_id, jobs.c.finished_us.is_not(None), jobs.c.notified_us.is_(None))


def ended(connection: Connection, submission_id: str, now_us: int) -> None:
    """Put a mail on the list of those whose senders wait, if no job of it is open any more. A post to a list waits for its other copies."""
    # Two of its jobs may end at once; the one that comes second has to see the first.
    locking.hold(connection, f"end of {submission_id}")
    still_open = exists().where(jobs.c.submission_id == submission_id, jobs.c.state.in_(OPEN))
    connection.execute(
        update(submissions)
        .where(submissions.c.id == submission_id, ~still_open, exists().where(*untold_of(submission_id)))
        .values(untold_us=case((submissions.c.post == "", now_us), else_=now_us + POST_QUIET_US))
    )
