"""What each line's process says of its line. Functions of a connection, for `store`."""

from collections.abc import Callable

from sqlalchemy import Connection, insert, select, update

from mailfax.model.line import LineStatus
from mailfax.spool import history
from mailfax.spool.tables import lines


def put(connection: Connection, node: str, status: LineStatus, owner: str) -> None:
    """Keep a line's status; a change of state is logged under `line:NAME`. When it was released is not the line's to say."""
    mine = (lines.c.node == node) & (lines.c.name == status.name)
    before = connection.execute(select(lines.c.state).where(mine)).scalar_one_or_none()
    values = {
        "state": status.state,
        "since_us": status.since_us,
        "reason": status.reason,
        "faults": status.faults,
        "owner": owner,
    }
    if before is None:
        connection.execute(insert(lines).values(node=node, name=status.name, released_us=0, **values))
    else:
        connection.execute(update(lines).where(mine).values(**values))
    if before is not status.state:
        subject = ":".join(filter(None, ("line", node, status.name)))
        history.log(connection, subject, status.since_us, was=before, became=status.state, why=status.reason)


def release(connection: Connection, node: str, name: str, now_us: int) -> bool:
    """Note that a person released the line; False where nothing is known of it."""
    mine = (lines.c.node == node) & (lines.c.name == name)
    return bool(connection.execute(update(lines).where(mine).values(released_us=now_us)).rowcount)


def listed(connection: Connection, node: str, alive: Callable[[str], bool]) -> tuple[LineStatus, ...]:
    """Return every line that was ever up on this gateway, by name."""
    rows = connection.execute(select(lines).where(lines.c.node == node).order_by(lines.c.name)).mappings()
    return tuple(
        LineStatus(
            name=row["name"],
            state=row["state"],
            since_us=row["since_us"],
            reason=row["reason"],
            faults=row["faults"],
            released_us=row["released_us"],
            alive=alive(row["owner"]),
        )
        for row in rows
    )
