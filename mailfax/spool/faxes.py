"""Received faxes: taken over from a line, routed to mailboxes. Functions of a connection, for `store`."""

from collections.abc import Collection, Sequence
from enum import StrEnum

from sqlalchemy import Connection, RowMapping, Select, insert, or_, select, update

from mailfax.model.fax import InboundFax
from mailfax.model.ids import IdMaker
from mailfax.spool import deliveries, history
from mailfax.spool.records import Delivery, NewDelivery
from mailfax.spool.tables import faxes


class FaxState(StrEnum):
    """Where a received fax is; a fax that is routed lives on as its deliveries."""

    RECEIVED = "received"
    ROUTED = "routed"


def add(connection: Connection, fax: InboundFax, now_us: int) -> bool:
    """Insert a received fax. False, and nothing changed, where it or its call is known already."""
    known = select(faxes.c.id).where(
        or_(faxes.c.id == fax.id, (faxes.c.call_id == fax.call_id) & (faxes.c.document == fax.document))
    )
    if connection.scalar(known) is not None:
        return False
    connection.execute(
        insert(faxes).values(
            id=fax.id,
            call_id=fax.call_id,
            line=fax.line,
            called=fax.called,
            caller=fax.caller,
            caller_name=fax.caller_name,
            station_id=fax.station_id,
            started_us=fax.started_us,
            finished_us=fax.finished_us,
            outcome=fax.outcome,
            pages=fax.pages,
            seconds_on_line=fax.seconds_on_line,
            bit_rate=fax.bit_rate,
            document=fax.document,
            subaddress=fax.subaddress,
            sender_id=fax.sender_id,
            mailbox=fax.mailbox,
        )
    )
    why = f"{fax.call_id} {fax.outcome.code}, {len(fax.pages)} page(s)"
    history.log(connection, fax.id, now_us, was=None, became=FaxState.RECEIVED, why=why)
    return True


def unrouted(passing: Collection[str] = ()) -> Select[str]:
    """Select the oldest fax that has no deliveries yet, passing over some."""
    waiting = select(faxes.c.id).where(faxes.c.routed_us.is_(None)).order_by(faxes.c.id).limit(1)
    return waiting.where(faxes.c.id.not_in(passing)) if passing else waiting


def next_unrouted(connection: Connection, passing: Collection[str]) -> InboundFax | None:
    """Return the oldest fax that has no deliveries yet, passing over some."""
    found = connection.scalar(unrouted(passing))
    return None if found is None else load(connection, found)


def route(
    connection: Connection, new_id: IdMaker, fax_id: str, new: Sequence[NewDelivery], *, note: str, now_us: int
) -> tuple[Delivery, ...]:
    """Give a fax its deliveries. Nothing happens the second time."""
    done = connection.execute(
        update(faxes).where(faxes.c.id == fax_id, faxes.c.routed_us.is_(None)).values(routed_us=now_us)
    )
    if done.rowcount == 0:
        return ()
    history.log(connection, fax_id, now_us, was=FaxState.RECEIVED, became=FaxState.ROUTED, why=note)
    return deliveries.add(connection, new_id, new, now_us)


def load(connection: Connection, fax_id: str) -> InboundFax | None:
    """Return a received fax."""
    row = connection.execute(select(faxes).where(faxes.c.id == fax_id)).mappings().first()
    return None if row is None else _fax(row)


def listed(connection: Connection, limit: int) -> tuple[InboundFax, ...]:
    """Return received faxes, newest first."""
    rows = connection.execute(select(faxes).order_by(faxes.c.id.desc()).limit(limit))
    return tuple(_fax(row) for row in rows.mappings())


def _fax(row: RowMapping) -> InboundFax:
    return InboundFax(
        id=row["id"],
        call_id=row["call_id"],
        line=row["line"],
        called=row["called"],
        caller=row["caller"],
        caller_name=row["caller_name"],
        station_id=row["station_id"],
        started_us=row["started_us"],
        finished_us=row["finished_us"],
        outcome=row["outcome"],
        pages=row["pages"],
        seconds_on_line=row["seconds_on_line"],
        bit_rate=row["bit_rate"],
        document=row["document"],
        subaddress=row["subaddress"],
        sender_id=row["sender_id"],
        mailbox=row["mailbox"],
    )
