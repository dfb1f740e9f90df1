"""What is done with is removed when its time is over: content first (mails, pages), the records much later. Called by the housekeeping.

Only what waits for nothing is touched: every fax of a mail ended and was told of, every mail handed over. Removing content means that the
row says so; the blob goes later, as one that nobody names (`orphans`). Candidates are looked for outside of the writer; it asks them
again, a few at a time, so that no transaction is long.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from functools import partial
from typing import assert_never

from sqlalchemy import Column, ColumnElement, Connection, Select, Table, delete, exists, or_, select, update

from mailfax.spool import history
from mailfax.spool.records import RenderState
from mailfax.spool.store import Store
from mailfax.spool.tables import deliveries, faxes, jobs, metadata, submissions, transitions

AT_ONCE = 50  # rows in one transaction; below design.md's 50 ms for any
LOG = "housekeeping"  # the subject under which removed records are written down
DAY_US = 24 * 3600 * 1_000_000


class Content(StrEnum):
    """What retention tells apart in the spool."""

    MAILS = "mails"
    SENT_PAGES = "sent pages"
    RECEIVED_PAGES = "received pages"
    OUTGOING = "outgoing mails"
    RECORDS = "records"


class Kept(StrEnum):
    """What the log says of content."""

    KEPT = "kept"
    REMOVED = "removed"


@dataclass(frozen=True, kw_only=True, slots=True)
class RetentionPolicy:
    """Days for each class; 0 is for ever. Transcripts and call folders are files of the lines."""

    mails_days: int = 0
    sent_pages_days: int = 0
    received_pages_days: int = 0
    outgoing_days: int = 0
    records_days: int = 0
    transcripts_days: int = 0
    calls_days: int = 0

    def at_most(self, days: int) -> "RetentionPolicy":
        """Return the policy with all content kept no longer than so many days; the records as they are."""
        shorter = {
            field.name: min(getattr(self, field.name) or days, days)
            for field in fields(self)
            if field.name != "records_days"
        }
        return replace(self, **shorter)

    def days(self, content: Content) -> int:
        """Return the days of a class of rows."""
        return {
            Content.MAILS: self.mails_days,
            Content.SENT_PAGES: self.sent_pages_days,
            Content.RECEIVED_PAGES: self.received_pages_days,
            Content.OUTGOING: self.outgoing_days,
            Content.RECORDS: self.records_days,
        }[content]


def expire(store: Store, content: Content, days: int, now_us: int) -> int:
    """Remove what is older than `days` (0: nothing) of one class; return how many it was."""
    if days == 0:
        return 0
    before_us = now_us - days * DAY_US
    match content:
        case Content.MAILS:
            gone = submissions.c.mail_gone_us
            return _remove(store, gone, _settled(before_us), f"mail after {days} days", now_us)
        case Content.SENT_PAGES:
            gone, over = submissions.c.pages_gone_us, submissions.c.document.is_not(None) & _settled(before_us)
            return _remove(store, gone, over, f"pages after {days} days", now_us)
        case Content.RECEIVED_PAGES:
            return _remove(store, faxes.c.pages_gone_us, _routed(before_us), f"pages after {days} days", now_us)
        case Content.OUTGOING:
            handed = deliveries.c.finished_us < before_us
            return _remove(store, deliveries.c.mail_gone_us, handed, f"mail after {days} days", now_us)
        case Content.RECORDS:
            return _forget(store, before_us, days, now_us)
        case _:
            assert_never(content)


def _remove(store: Store, gone: Column[int], over: ColumnElement[bool], why: str, now_us: int) -> int:
    """Write down in the row that its content is gone."""
    table = gone.table
    assert isinstance(table, Table)

    def mark(connection: Connection, ids: Sequence[str]) -> None:
        connection.execute(update(table).where(table.c.id.in_(ids)).values({gone: now_us}))
        for each in ids:
            history.log(connection, each, now_us, was=Kept.KEPT, became=Kept.REMOVED, why=why)

    return _a_few_at_a_time(store, table, select(table.c.id).where(gone.is_(None), over), mark)


def _a_few_at_a_time(
    store: Store, table: Table, candidates: Select[str], work: Callable[[Connection, Sequence[str]], None]
) -> int:
    """Do `work` on all candidates; return how many they were. Looked for by readers, they are asked again by the writer."""

    def some(connection: Connection) -> Sequence[str]:
        return connection.scalars(candidates.order_by(table.c.id).limit(AT_ONCE)).all()

    def work_on(connection: Connection, ids: Sequence[str]) -> int:
        still = connection.scalars(candidates.where(table.c.id.in_(ids)).with_for_update(of=table)).all()
        work(connection, still)
        return len(still)

    done = 0
    while ids := store.read(some):
        worked = store.write(partial(work_on, ids=ids))
        done += worked
        if worked == 0:
            break  # they are not over after all, and are looked at again another time
    return done


def _settled(before_us: int) -> ColumnElement[bool]:
    """Return the condition that all of a mail is over since before then: rendered, its faxes told of, its notices handed over."""
    job, mail = jobs.alias(), deliveries.alias()
    open_job = exists().where(
        job.c.submission_id == submissions.c.id,
        or_(job.c.finished_us.is_(None), job.c.finished_us >= before_us, job.c.notified_us.is_(None)),
    )
    open_mail = exists().where(mail.c.submission_id == submissions.c.id, mail.c.finished_us.is_(None))
    working = submissions.c.state.in_([RenderState.WAITING, RenderState.RENDERING])
    return (submissions.c.received_us < before_us) & ~working & ~open_job & ~open_mail


def _routed(before_us: int) -> ColumnElement[bool]:
    """Return the condition that a received fax is in its mailboxes since before then."""
    mail = deliveries.alias()
    open_mail = exists().where(
        mail.c.fax_id == faxes.c.id, or_(mail.c.finished_us.is_(None), mail.c.finished_us >= before_us)
    )
    return (faxes.c.routed_us < before_us) & ~open_mail


def _forget(store: Store, before_us: int, days: int, now_us: int) -> int:
    """Delete the records of mails and faxes that are over, the many faxes of one mail a few at a time."""
    childless = ~exists().where(jobs.c.submission_id == submissions.c.id)
    old = {
        jobs: select(jobs.c.id).join(submissions).where(_settled(before_us)),
        submissions: select(submissions.c.id).where(_settled(before_us), childless),
        faxes: select(faxes.c.id).where(_routed(before_us)),
    }
    sent, mails, received = (
        _a_few_at_a_time(store, table, candidates, partial(_delete, table)) for table, candidates in old.items()
    )
    if mails or received:
        why = f"records after {days} days: {mails} mail(s) with {sent} fax(es), {received} received fax(es)"
        store.write(lambda c: history.log(c, LOG, now_us, was=Kept.KEPT, became=Kept.REMOVED, why=why))
    return mails + received


def _delete(table: Table, connection: Connection, ids: Sequence[str]) -> None:
    """Delete rows and everything that hangs on them, by the schema's own foreign keys, with their log."""
    doomed = {table: set(ids)}
    for child in metadata.sorted_tables:  # parents before children
        for key in child.foreign_keys:
            if (parents := doomed.get(key.column.table)) and child is not table and "id" in child.c:
                hanging = select(child.c.id).where(key.parent.in_(parents))
                doomed.setdefault(child, set()).update(connection.scalars(hanging))
    for child in reversed(metadata.sorted_tables):
        for key in child.foreign_keys:
            if (parents := doomed.get(key.column.table)) and "id" not in child.c:
                connection.execute(delete(child).where(key.parent.in_(parents)))
        if gone := doomed.get(child):
            connection.execute(delete(child).where(child.c.id.in_(gone)))
            connection.execute(delete(transitions).where(transitions.c.subject.in_(gone)))
