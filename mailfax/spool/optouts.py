"""Numbers that want no faxes of a list, or of any list. Asked when a post is accepted and again when each fax has its turn."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, delete, insert, select

from mailfax.model.post import OptOut
from mailfax.spool.store import Store
from mailfax.spool.tables import optouts

_AT_ONCE = 500
ANY_LIST = ""


def add(store: Store, new: OptOut) -> bool:
    """Keep an opt-out; False where there is one already."""

    def keep(connection: Connection) -> bool:
        known = connection.scalar(select(optouts.c.number).where(_is(new.number, new.list_name)))
        if known is None:
            values = {"number": new.number, "list_name": new.list_name, "since_us": new.since_us, "why": new.why}
            connection.execute(insert(optouts).values(values))
        return known is None

    return store.write(keep)


def remove(store: Store, number: str, list_name: str) -> bool:
    """Forget an opt-out; False where there is none."""
    return store.write(lambda c: bool(c.execute(delete(optouts).where(_is(number, list_name))).rowcount))


def listed(store: Store) -> tuple[OptOut, ...]:
    """Return all, by number."""
    asked = select(optouts).order_by(optouts.c.number, optouts.c.list_name)
    return tuple(OptOut(**row) for row in store.read(lambda c: c.execute(asked).mappings().all()))


def among(connection: Connection, numbers: Collection[str], list_name: str) -> set[str]:
    """Return which of these want nothing of this list."""
    wanted, found = list(numbers), set[str]()
    for first in range(0, len(wanted), _AT_ONCE):
        some = optouts.c.number.in_(wanted[first : first + _AT_ONCE])
        found.update(
            connection.scalars(select(optouts.c.number).where(some, optouts.c.list_name.in_([ANY_LIST, list_name])))
        )
    return found


def _is(number: str, list_name: str) -> ColumnElement[bool]:
    return (optouts.c.number == number) & (optouts.c.list_name == list_name)
