"""Mails that come again (RL3): found by their content in the transaction that accepts them. Functions of a connection, for `submissions`.

A client that lost our 250 sends again, and so do lists and aliases that name one number twice. The first mail's job stands for all of them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select, text, update

from mailfax.model.job import JobState
from mailfax.model.submission import Hold, Recipient, Repeated
from mailfax.spool import history, locking
from mailfax.spool.tables import jobs, submissions

CAME_AGAIN = "The same mail came again and was not faxed twice."
_MAY_GO_AGAIN = (JobState.FAILED, JobState.CANCELLED)  # whoever sends anew what did not arrive means it


@dataclass(frozen=True, kw_only=True, slots=True)
class Earlier:
    """The job that a repeated mail is about."""

    job_id: str
    submission_id: str
    state: JobState
    notes: tuple[str, ...]
    sender: str
    told: bool


def find(connection: Connection, content_key: str, since_us: int) -> Mapping[tuple[str, str, Hold | None], Earlier]:
    """Return the jobs of this content, by number, subaddress and hold, that were made since then and are not known to have failed."""
    if not content_key:
        return {}
    locking.hold(connection, f"content {content_key}")
    table = jobs.c
    rows = connection.execute(
        select(
            *(table.id, table.submission_id, table.number, table.to_subaddress, table.state, table.notes),
            *(table.hold, table.notified_us, submissions.c.sender),
        )
        .join(submissions, submissions.c.id == table.submission_id)
        .where(
            text("content_key <> ''"),  # literal: only so does the database see that its partial index answers
            table.content_key == content_key,
            table.created_us > since_us,
            table.state.not_in(_MAY_GO_AGAIN),
        )
        .order_by(table.created_us)
    )
    return {
        (row.number, row.to_subaddress, row.hold): Earlier(
            job_id=row.id,
            submission_id=row.submission_id,
            state=row.state,
            notes=row.notes,
            sender=row.sender,
            told=row.notified_us is not None,
        )
        for row in rows
    }


def note(
    connection: Connection, again: Iterable[tuple[Recipient, Earlier]], sender: str, now_us: int
) -> tuple[tuple[Repeated, ...], tuple[Repeated, ...]]:
    """Write on each job that its mail came again, once. Returns all of them, and those whose report has gone out already, or goes to somebody else."""
    repeated, unsaid = [], []
    for recipient, earlier in again:
        one = Repeated(mailbox=recipient.address.mailbox, job_id=earlier.job_id, submission_id=earlier.submission_id)
        repeated.append(one)
        if earlier.told or earlier.sender.lower() != sender.lower():
            unsaid.append(one)
        if not earlier.told and CAME_AGAIN not in earlier.notes:
            connection.execute(
                update(jobs).where(jobs.c.id == earlier.job_id).values(notes=(*earlier.notes, CAME_AGAIN))
            )
        history.log(
            connection, earlier.job_id, now_us, was=earlier.state, became=earlier.state, why="the same mail came again"
        )
    return tuple(repeated), tuple(unsaid)
