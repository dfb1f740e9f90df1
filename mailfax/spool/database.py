"""SQLite as the store uses it: engines with the right pragmas and transactions, and the schema brought up to date.

Used by `store` only. Another database comes in here.
"""

import sqlite3
from pathlib import Path
from typing import Literal

from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from mailfax.spool.disk import SpoolBusy, SpoolError, SpoolFault, SpoolFull
from mailfax.spool.tables import REVISION

BUSY_TIMEOUT_S = 10.0
_MIGRATIONS = Path(__file__).parent / "migrations"
_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE}


def open_engine(database: Path, begin: Literal["BEGIN", "BEGIN IMMEDIATE"]) -> Engine:
    """Make an engine whose every transaction starts with `begin`: IMMEDIATE for the writer, plain for readers.

    Python's sqlite3 would start transactions by itself, and too late for SAVEPOINT and DDL: it is told not to
    (isolation_level None), and SQLAlchemy's begin event says BEGIN, as its SQLite documentation advises.
    """
    engine = create_engine(
        URL.create("sqlite", database=str(database)),
        connect_args={"timeout": BUSY_TIMEOUT_S, "isolation_level": None},
    )

    @event.listens_for(engine, "connect")
    def _set_pragmas(raw: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        raw.execute("PRAGMA journal_mode=WAL")
        raw.execute("PRAGMA synchronous=FULL")
        raw.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def upgrade(engine: Engine) -> None:
    """Bring the schema to the newest revision. The caller holds `owner.opening`. Raises SpoolError.

    alembic is only imported where there is work: it costs a line process more than everything else at its start.
    """
    try:
        with engine.begin() as connection:
            _upgrade(connection)
    except SQLAlchemyError as error:
        raise translated(error) from error


def _upgrade(connection: Connection) -> None:
    known = connection.scalar(text("SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'"))
    if known and connection.scalar(text("SELECT version_num FROM alembic_version")) == REVISION:
        return
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise SpoolFault(f"This spool was written by a newer mailfax ({error}); use that one.") from error


def translated(error: SQLAlchemyError) -> SpoolError:
    """Return what a database error means to the store's callers, who know nothing of SQL."""
    cause: BaseException | None = error
    while cause is not None:
        code = getattr(cause, "sqlite_errorcode", None)
        if code in _FULL:
            return SpoolFull("No space left in the spool: the database cannot grow.")
        # The low octet is the primary code; extended codes say more in the higher ones.
        if code is not None and code & 0xFF == sqlite3.SQLITE_BUSY:
            return SpoolBusy("The database is busy.")
        cause = cause.orig if isinstance(cause, DBAPIError) else cause.__context__
    return SpoolFault(f"The database failed: {error}")
