"""Documents offered for polling, and who fetched them. Functions of a connection, for `store`."""

from enum import StrEnum

from sqlalchemy import Connection, RowMapping, delete, insert, select

from mailfax.model.offer import OfferedFax
from mailfax.spool import history
from mailfax.spool.tables import offers


class OfferState(StrEnum):
    """What its log tells of an offered document."""

    OFFERED = "offered"
    FETCHED = "fetched"
    REMOVED = "removed"


def add(connection: Connection, offer: OfferedFax, now_us: int) -> bool:
    """Offer a document. False, and nothing changed, where its selector has one already."""
    if connection.scalar(select(offers.c.id).where(offers.c.selector == offer.selector)) is not None:
        return False
    connection.execute(
        insert(offers).values(
            id=offer.id,
            name=offer.name,
            selector=offer.selector,
            password=offer.password,
            document=offer.document,
            created_us=offer.created_us,
        )
    )
    why = f"{offer.name}, {len(offer.document.pages)} page(s)"
    history.log(connection, offer.id, now_us, was=None, became=OfferState.OFFERED, why=why)
    return True


def listed(connection: Connection) -> tuple[OfferedFax, ...]:
    """Return what is offered, oldest first."""
    return tuple(_offer(row) for row in connection.execute(select(offers).order_by(offers.c.id)).mappings())


def remove(connection: Connection, offer_id: str, now_us: int) -> bool:
    """Offer a document no longer; its log stays. False where there is none of this id."""
    if connection.execute(delete(offers).where(offers.c.id == offer_id)).rowcount == 0:
        return False
    history.log(connection, offer_id, now_us, was=OfferState.OFFERED, became=OfferState.REMOVED, why="by command")
    return True


def fetched(connection: Connection, offer_id: str, call_id: str, why: str, now_us: int) -> None:
    """Write down that a caller fetched a document; once for each call."""
    if not any(step.why.startswith(call_id) for step in history.of(connection, offer_id)):
        was, became = OfferState.OFFERED, OfferState.FETCHED
        history.log(connection, offer_id, now_us, was=was, became=became, why=f"{call_id} {why}")


def _offer(row: RowMapping) -> OfferedFax:
    return OfferedFax(
        id=row["id"],
        name=row["name"],
        selector=row["selector"],
        password=row["password"],
        document=row["document"],
        created_us=row["created_us"],
    )
