"""Locks for what rows alone cannot say, where several write at once: PostgreSQL's advisory locks, held until the transaction ends.

SQLite has one writer, so there every one of them is held already. Used by `database`, `jobs` and `sharing`.
"""

import hashlib

from sqlalchemy import Connection, func, select


def hold(connection: Connection, what: str) -> None:
    """Wait until nobody else holds `what`."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_key(what))))


def try_hold(connection: Connection, what: str) -> bool:
    """Hold `what` unless somebody else does."""
    if connection.dialect.name != "postgresql":
        return True
    return bool(connection.scalar(select(func.pg_try_advisory_xact_lock(_key(what)))))


def _key(what: str) -> int:
    """Return the 64 bits by which the server knows a lock; two things of one key would only wait for each other."""
    return int.from_bytes(hashlib.sha256(f"mailfax:{what}".encode()).digest()[:8], signed=True)
