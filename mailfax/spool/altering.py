"""Jobs that wait, changed by a person: held back, sent to another number. Functions of a connection, for `store`."""

from sqlalchemy import Connection, update

from mailfax.model.job import Job, JobState
from mailfax.model.pageset import NO_PAGES
from mailfax.model.submission import Recipient
from mailfax.spool import history, jobs
from mailfax.spool.tables import jobs as job_table


def hold(connection: Connection, job_id: str, why: str, now_us: int) -> Job | None:
    """Hold a queued job until somebody releases it; None where it is not queued. Nobody is asked for that: a person has done it."""
    job = jobs.locked(connection, job_id)
    if job is None or job.state is not JobState.QUEUED:
        return None
    jobs.move(connection, job, now_us, JobState.HELD, why, shown_us=now_us)
    return jobs.load(connection, job_id)


def retarget(
    connection: Connection, job_id: str, recipient: Recipient, number: str, why: str, now_us: int
) -> Job | None:
    """Send a job that waits to another number; None where it is on a line or has ended. Pages that the first number has are sent again."""
    job = jobs.locked(connection, job_id)
    if job is None or job.state not in {JobState.RENDERING, JobState.HELD, JobState.QUEUED}:
        return None
    address, tariff = recipient.address, recipient.tariff
    columns = {
        "to_number": address.number,
        "to_domain": address.domain,
        "to_subaddress": address.subaddress,
        "number": number,
        "tariff": tariff,
        "minute_micro": tariff.minute_micro,
        "call_micro": tariff.call_micro,
        "inside": recipient.inside,
        "plan": recipient.plan,
        "confirmed": NO_PAGES,
        "dials": 0,
        "tries": 0,
        "notes": (*job.notes, f"First for {job.number}; {why}."),
    }
    connection.execute(update(job_table).where(job_table.c.id == job_id).values(**columns))
    changed, why = jobs.load(connection, job_id), f"to {number} instead of {job.number}, {why}"
    assert changed is not None
    if changed.state is JobState.QUEUED:
        jobs.enqueue(connection, changed, now_us, why, fresh=True)
    else:
        history.log(connection, job_id, now_us, was=job.state, became=job.state, why=why)
    return jobs.load(connection, job_id)
