"""The address books. Functions of a connection, for `store`."""

from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping, delete, insert, select

from mailfax.model.alias import Alias
from mailfax.spool.tables import aliases


def put(connection: Connection, new: Sequence[Alias]) -> None:
    """Keep entries; one of the same name in the same book gives way."""
    for alias in new:
        remove(connection, alias.scope, alias.name)
        connection.execute(
            insert(aliases).values(scope=alias.scope, name=alias.name, number=alias.number, addressee=alias.addressee)
        )


def remove(connection: Connection, scope: str, name: str) -> bool:
    """Delete an entry; False where there is none."""
    return bool(connection.execute(delete(aliases).where(aliases.c.scope == scope, aliases.c.name == name)).rowcount)


def find(connection: Connection, scopes: Sequence[str], name: str) -> Alias | None:
    """Return the entry of a name in the first of these books that has one."""
    rows = connection.execute(select(aliases).where(aliases.c.name == name, aliases.c.scope.in_(list(scopes))))
    by_scope = {row["scope"]: row for row in rows.mappings()}
    return next((_alias(by_scope[scope]) for scope in scopes if scope in by_scope), None)


def listed(connection: Connection) -> tuple[Alias, ...]:
    """Return all entries, by book and name."""
    rows = connection.execute(select(aliases).order_by(aliases.c.scope, aliases.c.name))
    return tuple(_alias(row) for row in rows.mappings())


def _alias(row: RowMapping) -> Alias:
    return Alias(scope=row["scope"], name=row["name"], number=row["number"], addressee=row["addressee"])
