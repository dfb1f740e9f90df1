"""Which line may call now, and for whom (QU10): groups of lines, lines kept free, and a pause between two dials.

Asked by `jobs.claim` inside the transaction of the claim, so that two lines that ask at once cannot both be the last.
"""

from sqlalchemy import ColumnElement, Connection, and_, exists, false, func, literal, literal_column, or_, select

from mailfax.model.job import JobState
from mailfax.model.line import LineState
from mailfax.spool import ledger, locking
from mailfax.spool.records import Share
from mailfax.spool.tables import attempts, jobs, lines

US_PER_S = 1_000_000
# Made once: an alias copies every column of its table, and lines ask twenty times a second.
_CALLING = jobs.alias("calling")


def suits(share: Share) -> ColumnElement[bool]:
    """Return the condition that a job's domain lets it go out on the line, and that the line can do what it needs."""
    needs = [
        jobs.c.inside == "",  # what is for a number of our own needs no line
        *([] if share.subaddresses else [jobs.c.to_subaddress == ""]),
        *([] if share.fetches else [jobs.c.poll.is_(None)]),
    ]
    plain = and_(literal(True), *needs)
    if share.domains is None:
        return plain
    return and_(plain, or_(false(), *(func.lower(jobs.c.to_domain) == domain for domain in share.domains)))


def is_being_called(number: ColumnElement[str] | str) -> ColumnElement[bool]:
    """Return the condition that a call for this number is on."""
    # Literal, not bound: only so can the database see that ux_jobs_on_line_number answers it.
    on_a_line = _CALLING.c.state == literal_column(f"'{JobState.ON_LINE}'")
    return exists().where(_CALLING.c.number == number, on_a_line)


def one_at_a_time(connection: Connection, share: Share) -> None:
    """Wait for the other lines of this gateway that are just claiming, where what they claim decides what this one may."""
    if share.keep_free or share.stagger_s:
        locking.hold(connection, f"lines of {share.node}")


def may_send(connection: Connection, share: Share, now_us: int) -> bool:
    """Say whether the line may dial now: sending is not stopped, enough others of its group stay free, the last dial of any line is long enough ago."""
    if ledger.breaker(connection):
        return False
    if share.keep_free:
        on_a_line = (jobs.c.state == JobState.ON_LINE, jobs.c.node == share.node, jobs.c.line.in_(share.group))
        sending = connection.scalar(select(func.count(jobs.c.line.distinct())).where(*on_a_line)) or 0
        is_up = (lines.c.state == LineState.UP, lines.c.node == share.node, lines.c.name.in_(share.group))
        up = connection.scalar(select(func.count()).where(*is_up))
        if (up or 0) - (sending + 1) < share.keep_free:
            return False
    if share.stagger_s:
        ours = select(attempts.c.started_us).where(attempts.c.node == share.node)
        newest = ours.order_by(attempts.c.call_id.desc()).limit(1)
        last_us = connection.scalar(newest)
        # A clock that was set back must not stop the queue: what lies in the future counts for nothing.
        if last_us is not None and 0 <= now_us - last_us < share.stagger_s * US_PER_S:
            return False
    return True
