"""Jobs for numbers of our own: found, and delivered without a call. Functions of a connection, for `store`."""

from collections.abc import Collection

from sqlalchemy import Connection, Select, select

from mailfax.model.fax import InboundFax
from mailfax.model.job import JobState
from mailfax.model.outcome import Outcome
from mailfax.model.pageset import first_pages
from mailfax.spool import faxes, jobs
from mailfax.spool.tables import IS_QUEUED
from mailfax.spool.tables import jobs as job_table


def due(now_us: int, passing: Collection[str] = ()) -> Select[str]:
    """Select the job for a number of our own that has been due longest, passing over some."""
    table = job_table.c
    waiting = select(table.id).where(IS_QUEUED, table.inside != "", table.not_before_us <= now_us)
    waiting = waiting.where(table.id.not_in(passing)) if passing else waiting
    return waiting.order_by(table.not_before_us, table.id).limit(1)


def deliver(connection: Connection, job_id: str, fax: InboundFax, now_us: int) -> bool:
    """Take the fax as received and end its job, together; False, and nothing done, where the job does not wait any more."""
    mine = select(job_table.c.state).where(job_table.c.id == job_id).with_for_update()
    if connection.scalar(mine) is not JobState.QUEUED or not faxes.add(connection, fax, now_us):
        return False
    job = jobs.load(connection, job_id)
    assert job is not None
    jobs.move(
        connection,
        job,
        now_us,
        JobState.DELIVERED,
        f"inside, as {fax.id}",
        outcome=Outcome.DELIVERED_INSIDE,
        confirmed=first_pages(len(fax.pages)),
        finished_us=now_us,
    )
    return True
