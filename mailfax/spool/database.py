"""The database behind the store, whichever it is: opened, its schema brought up to date, its errors in the spool's words.

SQLite (`sqlite`) is the store of one machine, PostgreSQL (`postgres`) that of several. Used by `store` and `blobs`. All
statements of the other modules run on both; what differs is in those two, in `locking`, and here.
"""

import sqlite3
import threading
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from mailfax.spool import locking, sqlite
from mailfax.spool.disk import SpoolBusy, SpoolError, SpoolFault, SpoolFull
from mailfax.spool.settings import SharedDatabase, SpoolSettings
from mailfax.spool.tables import REVISION

_MIGRATIONS = Path(__file__).parent / "migrations"
_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE}
# PostgreSQL's SQLSTATEs: disk_full; serialization_failure, deadlock_detected, lock_not_available, query_canceled.
_PG_FULL = {"53100"}
_PG_OLDEST = 130000  # pg_current_xact_id, pg_xact_status
_PG_BUSY = {"40001", "40P01", "55P03", "57014"}


class Changes(Protocol):
    """Notices that somebody committed something, in this process or another, without asking the tables."""

    def notify(self) -> None:
        """Wake whoever waits in this process; called after each of its commits."""
        ...

    def mark(self) -> int:
        """Return a number that is another one after every commit of any process."""
        ...

    def wait(self, last: int, timeout_s: float, stop: threading.Event) -> int:
        """Wait for a mark that is not `last`, at most `timeout_s`, or until `stop` is set."""
        ...

    def close(self) -> None:
        """Watch no longer."""
        ...


class Database(Protocol):
    """One database, as one process has it open."""

    writing: Engine
    reading: Engine

    def watch(self) -> Changes:
        """Open what tells of commits."""
        ...

    def seal(self, connection: Connection) -> object:
        """Say the last word of a transaction before its commit; returns what `kept` takes."""
        ...

    def kept(self, seal: object) -> bool:
        """Say whether a transaction whose commit failed was kept all the same. Raises SpoolFault where nobody knows."""
        ...


def open_database(settings: SpoolSettings, spool_id: str) -> Database:
    """Open the database that the settings name. Raises SpoolError."""
    if settings.shared is None:
        return sqlite.SqliteDatabase(settings.database)
    return _postgres(settings.shared, spool_id)


def _postgres(shared: SharedDatabase, spool_id: str) -> Database:
    try:
        from mailfax.spool.postgres import PostgresDatabase  # noqa: PLC0415 - an extra, and slow to import
    except ImportError as error:
        raise SpoolFault(
            f"spool.database is PostgreSQL, and its driver is missing ({error}); pip install 'mailfax[postgres]'"
        ) from error
    return PostgresDatabase(shared, spool_id)


def database_fault(shared: SharedDatabase) -> str:
    """Say why the shared database cannot be used; empty where it can."""
    try:
        database = _postgres(shared, "")
        try:
            with database.reading.connect() as connection:
                version = int(connection.scalar(text("SHOW server_version_num")) or 0)
        finally:
            database.writing.dispose()
            database.reading.dispose()
    except (SpoolError, SQLAlchemyError) as error:
        return " ".join(str(getattr(error, "orig", None) or error).split())
    return "" if version >= _PG_OLDEST else "It is older than PostgreSQL 13."


def upgrade(engine: Engine) -> None:
    """Bring the schema to the newest revision. The caller holds `owner.opening`. Raises SpoolError.

    alembic is only imported where there is work: it costs a line process more than everything else at its start.
    """
    try:
        with engine.begin() as connection:
            locking.hold(connection, "schema")
            _upgrade(connection)
    except SQLAlchemyError as error:
        raise translated(error) from error


def _upgrade(connection: Connection) -> None:
    known = inspect(connection).has_table("alembic_version")
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
        if (said := _said(cause)) is not None:
            return said
        cause = cause.orig if isinstance(cause, DBAPIError) else cause.__context__
    return SpoolFault(f"The database failed: {error}")


def _said(cause: BaseException) -> SpoolError | None:
    code, state = getattr(cause, "sqlite_errorcode", None), getattr(cause, "sqlstate", None)
    if code in _FULL or state in _PG_FULL:
        return SpoolFull("No space left in the spool: the database cannot grow.")
    # The low octet is the primary code; extended codes say more in the higher ones.
    if (code is not None and code & 0xFF == sqlite3.SQLITE_BUSY) or state in _PG_BUSY:
        return SpoolBusy("The database is busy.")
    return None
