"""Mails going out (received faxes, notices): claimed, done, deferred, failed. Functions of a connection, for `store`."""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, RowMapping, Select, insert, select, update

from mailfax.model.ids import IdMaker, Kind
from mailfax.spool import history
from mailfax.spool.records import Delivery, DeliveryKind, DeliveryState, NewDelivery
from mailfax.spool.tables import deliveries

MAILS = (DeliveryKind.FAX, DeliveryKind.NOTICE, DeliveryKind.ALARM)


def add(connection: Connection, new_id: IdMaker, new: Sequence[NewDelivery], now_us: int) -> tuple[Delivery, ...]:
    """Insert deliveries, due at once."""
    made = []
    for one in new:
        delivery_id = new_id(Kind.DELIVERY)
        connection.execute(
            insert(deliveries).values(
                id=delivery_id,
                kind=one.kind,
                recipient=one.recipient,
                sender=one.sender,
                message_digest=one.message_digest,
                submission_id=one.submission_id,
                fax_id=one.fax_id,
                state=DeliveryState.WAITING,
                created_us=now_us,
                not_before_us=now_us,
                tries=0,
                detail="",
            )
        )
        about = one.fax_id or one.submission_id or ""
        history.log(connection, delivery_id, now_us, was=None, became=DeliveryState.WAITING, why=f"{one.kind} {about}")
        made.append(_existing(connection, delivery_id))
    return tuple(made)


def due(now_us: int, kinds: Collection[DeliveryKind] = MAILS) -> Select[str]:
    """Select the delivery that has been due longest, of these kinds."""
    table = deliveries.c
    return (
        select(table.id)
        .where(table.state == DeliveryState.WAITING, table.not_before_us <= now_us, table.kind.in_(list(kinds)))
        .order_by(table.not_before_us, table.id)
        .limit(1)
    )


def claim(connection: Connection, owner: str, now_us: int, kinds: Collection[DeliveryKind] = MAILS) -> Delivery | None:
    """Give the next due delivery of these kinds to this process."""
    found = connection.scalar(due(now_us, kinds).with_for_update(skip_locked=True))
    if found is None:
        return None
    delivery = _existing(connection, found)
    _move(connection, delivery, now_us, DeliveryState.SENDING, "claimed", owner=owner, tries=delivery.tries + 1)
    return _existing(connection, found)


def finish(
    connection: Connection, delivery_id: str, became: DeliveryState, detail: str, *, now_us: int, not_before_us: int
) -> bool:
    """End the try that was claimed: done, failed, or waiting again. False, and nothing happens, where it is not being sent."""
    delivery = locked(connection, delivery_id)
    if delivery is None or delivery.state is not DeliveryState.SENDING:
        return False
    finished_us = None if became is DeliveryState.WAITING else now_us
    _move(
        connection,
        delivery,
        now_us,
        became,
        detail,
        detail=detail,
        not_before_us=not_before_us,
        finished_us=finished_us,
    )
    return True


def release(connection: Connection, delivery_id: str, now_us: int) -> None:
    """Give a delivery back that a dead process was making."""
    finish(connection, delivery_id, DeliveryState.WAITING, "its sender died", now_us=now_us, not_before_us=now_us)


def sending(connection: Connection) -> Sequence[tuple[str, str]]:
    """Return (id, owner) of what is being sent."""
    table = deliveries.c
    rows = connection.execute(select(table.id, table.owner).where(table.state == DeliveryState.SENDING))
    return [(row.id, row.owner) for row in rows]


def waiting(connection: Connection) -> tuple[Delivery, ...]:
    """Return every mail that is not yet handed over, oldest first."""
    states = deliveries.c.state.in_([DeliveryState.WAITING, DeliveryState.SENDING])
    rows = connection.execute(select(deliveries).where(states).order_by(deliveries.c.id)).mappings()
    return tuple(_delivery(row) for row in rows)


def hurry(connection: Connection, delivery_ids: Collection[str] | None, now_us: int) -> tuple[str, ...]:
    """Make waiting mails due now, all where none are named; return which."""
    hurried = [
        delivery
        for delivery in waiting(connection)
        if delivery.state is DeliveryState.WAITING and (delivery_ids is None or delivery.id in delivery_ids)
    ]
    for delivery in hurried:
        not_before_us = min(now_us, delivery.not_before_us)
        _move(connection, delivery, now_us, DeliveryState.WAITING, "to be tried at once", not_before_us=not_before_us)
    return tuple(delivery.id for delivery in hurried)


def locked(connection: Connection, delivery_id: str) -> Delivery | None:
    """Return a delivery as nobody changes it until this transaction ends."""
    asked = select(deliveries).where(deliveries.c.id == delivery_id).with_for_update()
    row = connection.execute(asked).mappings().first()
    return None if row is None else _delivery(row)


def load(connection: Connection, delivery_id: str) -> Delivery | None:
    """Return a delivery."""
    row = connection.execute(select(deliveries).where(deliveries.c.id == delivery_id)).mappings().first()
    return None if row is None else _delivery(row)


def listed(connection: Connection, about: str | None, limit: int) -> tuple[Delivery, ...]:
    """Return deliveries, oldest first: of one fax or submission, or the newest of all where none is named."""
    table = deliveries.c
    query = select(deliveries).order_by(table.id.desc()).limit(limit)
    if about is not None:
        query = query.where((table.fax_id == about) | (table.submission_id == about))
    rows = connection.execute(query).mappings().all()
    return tuple(_delivery(row) for row in reversed(rows))


def _existing(connection: Connection, delivery_id: str) -> Delivery:
    return _delivery(connection.execute(select(deliveries).where(deliveries.c.id == delivery_id)).mappings().one())


def _move(
    connection: Connection, delivery: Delivery, now_us: int, became: DeliveryState, why: str, **changes: object
) -> None:
    connection.execute(
        update(deliveries).where(deliveries.c.id == delivery.id).values(state=became, **{"owner": None, **changes})
    )
    history.log(connection, delivery.id, now_us, was=delivery.state, became=became, why=why)


def _delivery(row: RowMapping) -> Delivery:
    return Delivery(
        id=row["id"],
        kind=row["kind"],
        recipient=row["recipient"],
        sender=row["sender"],
        message_digest=row["message_digest"],
        submission_id=row["submission_id"],
        fax_id=row["fax_id"],
        state=row["state"],
        created_us=row["created_us"],
        not_before_us=row["not_before_us"],
        tries=row["tries"],
        detail=row["detail"],
        finished_us=row["finished_us"],
    )
