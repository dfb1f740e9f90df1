"""What was used: a row for each call of each fax, never changed. Quotas and bills are sums of it. Functions of a connection, for `store`.

`marks` holds from when on a subject's use counts (after `mailfax quota reset`), and the breaker that stops all sending.
"""

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, true

from mailfax.model.call import CallResult
from mailfax.model.job import Job, JobState
from mailfax.model.outcome import Outcome
from mailfax.model.post import PostState
from mailfax.model.quota import MINUTES_A_FAX, MINUTES_A_PAGE, Scope, Subject, Used
from mailfax.model.tariff import MICRO
from mailfax.spool.records import LedgerRow
from mailfax.spool.tables import jobs, ledger, marks, posts, submissions

BREAKER = "breaker"
_RESET = "reset:"


def put(connection: Connection, call_id: str, job: Job, result: CallResult, now_us: int, *, guessed: bool) -> None:
    """Write down what a call of a job used; once, but what is known takes the place of what was guessed."""
    mine = (ledger.c.call_id == call_id) & (ledger.c.job_id == job.id)
    was = connection.execute(select(ledger.c.at_us, ledger.c.guessed).where(mine)).first()
    if result.outcome is Outcome.NOT_REACHED or (was is not None and (guessed or not was.guessed)):
        return
    if was is not None:
        connection.execute(delete(ledger).where(mine))
    place = connection.scalar(select(jobs.c.call_place).where(jobs.c.id == job.id))
    calls = 0 if place else 1
    identity = connection.scalar(select(submissions.c.identity).where(submissions.c.id == job.submission_id))
    tariff = job.recipient.tariff
    connection.execute(
        insert(ledger).values(
            call_id=call_id,
            job_id=job.id,
            at_us=now_us,
            identity=identity or "",
            domain=job.recipient.address.domain,
            line=job.line,
            kind=tariff.kind,
            country=tariff.country,
            billing=job.recipient.options.billing or "",
            pages=result.confirmed_pages,
            seconds=result.seconds,
            calls=calls,
            cost_micro=tariff.cost_micro(result.seconds, calls),
            guessed=guessed,
        )
    )


def used(connection: Connection, subject: Subject, since_us: int) -> Used:
    """Return what a subject has used since then, or since its use was last set back."""
    since_us = max(since_us, reset_us(connection, subject.key))
    table = ledger.c
    sums = select(func.sum(table.pages), func.sum(table.seconds), func.sum(table.calls), func.sum(table.cost_micro))
    row = connection.execute(sums.where(table.at_us >= since_us, _of_subject(subject))).one()
    pages, seconds, calls, cost_micro = (float(each or 0) for each in row)
    return Used(pages=pages, minutes=seconds / 60, calls=calls, money=cost_micro / MICRO)


def reserved(connection: Connection, subject: Subject) -> Used:
    """Return what the faxes of a subject that are not finished will use, by their pages; one page for what is not yet drawn."""
    pages = func.coalesce(jobs.c.pages, 1)
    sums = select(
        func.count(),
        func.sum(pages),
        func.sum(pages * jobs.c.minute_micro),
        func.sum(jobs.c.minute_micro),
        func.sum(jobs.c.call_micro),
    ).select_from(jobs.join(submissions, submissions.c.id == jobs.c.submission_id))
    waiting = jobs.c.finished_us.is_(None) & jobs.c.poll.is_(None) & (jobs.c.inside == "")
    row = connection.execute(sums.where(waiting, _of_waiting(subject))).one()
    count, page_count, page_micro, fax_micro, call_micro = (float(each or 0) for each in row)
    listed = _unwritten(connection, subject)
    count, page_count = count + listed, page_count + listed
    return Used(
        pages=page_count,
        minutes=page_count * MINUTES_A_PAGE + count * MINUTES_A_FAX,
        calls=count,
        money=(page_micro * MINUTES_A_PAGE + fax_micro * MINUTES_A_FAX + call_micro) / MICRO,
    )


def _unwritten(connection: Connection, subject: Subject) -> int:
    """Count the members of posts whose faxes are not written down yet; to which domains they go is known only then, and what they cost."""
    if subject.scope not in {Scope.USER, Scope.EVERYBODY}:
        return 0
    sums = select(func.sum(posts.c.members - posts.c.gathered))
    sums = sums.select_from(posts.join(submissions, submissions.c.id == posts.c.id))
    gathering = posts.c.state == PostState.GATHERING
    return int(connection.scalar(sums.where(gathering, _of_waiting(subject))) or 0)


def rows(connection: Connection, from_us: int, to_us: int) -> tuple[LedgerRow, ...]:
    """Return what was used in a span of time, oldest first."""
    table = ledger.c
    asked = [column for column in ledger.c if column.name != "guessed"]
    found = connection.execute(
        select(*asked).where(table.at_us >= from_us, table.at_us < to_us).order_by(table.at_us, table.job_id)
    )
    return tuple(LedgerRow(**row) for row in found.mappings())


def reset(connection: Connection, key: str, now_us: int) -> None:
    """Count a subject's use from now on only."""
    _mark(connection, _RESET + key, now_us, "")


def reset_us(connection: Connection, key: str) -> int:
    """Return from when on a subject's use counts."""
    return connection.scalar(select(marks.c.at_us).where(marks.c.subject == _RESET + key)) or 0


def breaker(connection: Connection) -> str:
    """Return why all sending is stopped, or nothing."""
    return connection.scalar(select(marks.c.why).where(marks.c.subject == BREAKER)) or ""


def open_breaker(connection: Connection, why: str, now_us: int) -> bool:
    """Stop all sending; False where it is stopped already."""
    if breaker(connection):
        return False
    _mark(connection, BREAKER, now_us, why)
    return True


def close_breaker(connection: Connection, now_us: int) -> bool:
    """Let faxes go out again, and count what is spent from now on; False where sending was not stopped."""
    reset(connection, Subject(scope=Scope.EVERYBODY).key, now_us)
    return bool(connection.execute(delete(marks).where(marks.c.subject == BREAKER)).rowcount)


def _mark(connection: Connection, subject: str, now_us: int, why: str) -> None:
    connection.execute(delete(marks).where(marks.c.subject == subject))
    connection.execute(insert(marks).values(subject=subject, at_us=now_us, why=why))


def _of_subject(subject: Subject) -> ColumnElement[bool]:
    match subject.scope:
        case Scope.USER:
            return ledger.c.identity == subject.name
        case Scope.DOMAIN:
            return ledger.c.domain == subject.name
        case Scope.LINE:
            return ledger.c.line == subject.name
        case Scope.EVERYBODY:
            return true()


def _of_waiting(subject: Subject) -> ColumnElement[bool]:
    match subject.scope:
        case Scope.USER:
            return submissions.c.identity == subject.name
        case Scope.DOMAIN:
            return jobs.c.to_domain == subject.name
        case Scope.LINE:
            return (jobs.c.line == subject.name) & (jobs.c.state == JobState.ON_LINE)
        case Scope.EVERYBODY:
            return true()
