"""In which order jobs that may be called now are called: each gets its turn when it is queued, and the smallest goes first.

A turn is a time. Whoever queues many faxes gets turns one after the other, as if he had one slow line to himself, so a single fax of
somebody else comes between them, and a page that is urgent before them all. A turn does not move while others arrive, so
nobody waits for ever. Functions of a connection, for `jobs`.
"""

from sqlalchemy import Connection, func, select

from mailfax.model.job import JobState
from mailfax.model.plan import Priority
from mailfax.spool.tables import jobs

US_PER_S = 1_000_000
ONE_FAX_US = 30 * US_PER_S  # about what a page takes
LONGEST_LEAD_US = 3600 * US_PER_S  # how far behind the others many faxes of one sender can come
SHIFT_US = {Priority.HIGH: -24 * 3600 * US_PER_S, Priority.NORMAL: 0, Priority.LOW: LONGEST_LEAD_US}


def next_turn(connection: Connection, account: str, priority: Priority, not_before_us: int) -> int:
    """Return the turn of a job that is queued now and may be called from `not_before_us` on."""
    shift_us = SHIFT_US[priority]
    # His turns of this priority only: what he sends as urgent must not wait for what he sends as bulk.
    same = (jobs.c.account == account, jobs.c.state == JobState.QUEUED, jobs.c.priority == priority)
    near = jobs.c.turn_us <= not_before_us + shift_us + LONGEST_LEAD_US  # what waits for another day is no matter
    newest = connection.scalar(select(func.max(jobs.c.turn_us)).where(*same, near))
    behind_us = not_before_us if newest is None else newest - shift_us + ONE_FAX_US
    return max(not_before_us, min(behind_us, not_before_us + LONGEST_LEAD_US)) + shift_us
