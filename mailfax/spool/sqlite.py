"""SQLite, the store of one machine: engines with the right pragmas and transactions. Used by `database` only."""

import sqlite3
import threading
import time
from pathlib import Path
from typing import Literal

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import ConnectionPoolEntry

BUSY_TIMEOUT_S = 10.0
POLL_S = 0.05


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


class SqliteDatabase:
    """The database file of one spool, as one process has it open."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.writing = open_engine(path, "BEGIN IMMEDIATE")
        self.reading = open_engine(path, "BEGIN")

    def watch(self) -> "DataVersion":
        """Open what tells of commits."""
        return DataVersion(self._path)

    def seal(self, connection: Connection) -> None:
        """Say the last word of a transaction: here there is none to say."""

    def kept(self, seal: object) -> bool:  # noqa: ARG002 - as the other store has it
        """Say whether a transaction whose commit failed was kept all the same: SQLite says so itself, it was not."""
        return False


class DataVersion:
    """Watches the database through PRAGMA data_version on a connection of its own, which reads a few octets of shared memory.

    Commits of this process wake waiters at once; those of others are seen within POLL_S.
    """

    def __init__(self, database: Path) -> None:
        self._connection = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
        self._asking = threading.Lock()
        self._commit = threading.Condition()

    def close(self) -> None:
        """Give the connection back."""
        with self._asking:
            self._connection.close()

    def notify(self) -> None:
        """Wake whoever waits in this process."""
        with self._commit:
            self._commit.notify_all()

    def mark(self) -> int:
        """Return a number that is another one after every commit through any other connection."""
        with self._asking:
            (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        return int(version)

    def wait(self, last: int, timeout_s: float, stop: threading.Event) -> int:
        """Wait for a mark that is not `last`, at most `timeout_s`, or until `stop` is set."""
        end_s = time.monotonic() + timeout_s
        with self._commit:
            while (now := self.mark()) == last and not stop.is_set() and (left_s := end_s - time.monotonic()) > 0:
                self._commit.wait(min(POLL_S, left_s))
        return now
