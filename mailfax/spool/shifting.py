"""After the wall clock jumped: waits that were meant as a length of time are shifted with it. Called by `gateway.clockwatch`.

A retry waits three minutes, whatever the clock says; what was asked for a date (a job that was not dialled yet) keeps its date.
"""

from sqlalchemy import Connection, select, update

from mailfax.model.job import JobState
from mailfax.spool.records import DeliveryState
from mailfax.spool.store import Store
from mailfax.spool.tables import deliveries, jobs, transitions


def last_written_us(store: Store) -> int | None:
    """Return when the newest line of the log was written, by the clock of that time."""
    newest = select(transitions.c.at_us).order_by(transitions.c.number.desc()).limit(1)
    return store.read(lambda connection: connection.scalar(newest))


def shift_waits(store: Store, jump_us: int, now_us: int) -> int:
    """Shift the retries that still waited before a jump by `jump_us` to `now_us`; return how many they were."""
    before_us = now_us - jump_us

    def shift(connection: Connection) -> int:
        retries = update(jobs).where(
            jobs.c.state.in_([JobState.QUEUED, JobState.LISTED]), jobs.c.dials > 0, jobs.c.not_before_us > before_us
        )
        mails = update(deliveries).where(
            deliveries.c.state == DeliveryState.WAITING, deliveries.c.tries > 0, deliveries.c.not_before_us > before_us
        )
        faxes = connection.execute(retries.values(not_before_us=jobs.c.not_before_us + jump_us)).rowcount
        return faxes + connection.execute(mails.values(not_before_us=deliveries.c.not_before_us + jump_us)).rowcount

    return store.write(shift)
