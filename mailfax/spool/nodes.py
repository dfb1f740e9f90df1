"""The gateways that share a database: which of them are alive, by the database's own clock, so that theirs need not agree.

Functions of a connection, for `postgres` (which keeps this gateway's lease) and `store` (which asks about the others').
"""

from sqlalchemy import BigInteger, ColumnElement, Connection, cast, extract, func, select, update
from sqlalchemy.dialects.postgresql import insert

from mailfax.spool.disk import SpoolFault
from mailfax.spool.records import NodeStatus
from mailfax.spool.tables import nodes

US_PER_S = 1_000_000


def clock_us() -> ColumnElement[int]:
    """Return the database's clock, in microseconds since 1970, as an expression of PostgreSQL."""
    return cast(extract("epoch", func.clock_timestamp()) * US_PER_S, BigInteger)


def keep_lease(connection: Connection, name: str, spool_id: str, lease_s: float) -> None:
    """Lengthen this gateway's lease. Raises SpoolFault where another spool folder goes by its name."""
    until = clock_us() + round(lease_s * US_PER_S)
    mine = (nodes.c.name == name) & ((nodes.c.spool_id == spool_id) | (nodes.c.lease_until_us < clock_us()))
    lengthen = update(nodes).where(mine).values(spool_id=spool_id, lease_until_us=until)
    values = {"name": name, "spool_id": spool_id, "since_us": clock_us(), "lease_until_us": until}
    begin = insert(nodes).values(**values).on_conflict_do_nothing()  # another process of ours may be beginning it too
    if not any(connection.execute(statement).rowcount == 1 for statement in (lengthen, begin, lengthen)):
        raise SpoolFault(f"Another gateway is called {name} already; give this one its own name in spool.node.")


def living(connection: Connection) -> frozenset[str]:
    """Return the gateways whose lease has not run out."""
    return frozenset(connection.scalars(select(nodes.c.name).where(nodes.c.lease_until_us >= clock_us())))


def lost(connection: Connection, lost_after_s: float) -> frozenset[str]:
    """Return the gateways whose lease ran out so long ago that nobody waits for them any more."""
    before = clock_us() - round(lost_after_s * US_PER_S)
    return frozenset(connection.scalars(select(nodes.c.name).where(nodes.c.lease_until_us < before)))


def listed(connection: Connection) -> tuple[NodeStatus, ...]:
    """Return every gateway that ever shared this database, by name."""
    alive = nodes.c.lease_until_us >= clock_us()
    rows = connection.execute(
        select(nodes.c.name, nodes.c.since_us, nodes.c.lease_until_us, alive.label("alive")).order_by(nodes.c.name)
    )
    return tuple(NodeStatus(**row) for row in rows.mappings())
