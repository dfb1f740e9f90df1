"""PostgreSQL, the store that several gateways share. Used by `database` only, and imported only where it is configured.

A group of operations is one transaction at READ COMMITTED; whoever changes a row has read it FOR UPDATE. Each commit tells the
others by NOTIFY. A connection that breaks is made again; a commit whose answer was lost is asked about by its transaction's id.
"""

import os
import select
import threading
import time

import psycopg
from psycopg import pq
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from mailfax.spool import nodes
from mailfax.spool.disk import SpoolError, SpoolFault
from mailfax.spool.settings import SharedDatabase

CHANNEL = "mailfax"
CONNECT_TIMEOUT_S = 5
FIND_OUT_S = 10.0  # how long is asked what became of a commit whose answer was lost
RECONNECT_S = 1.0
_SESSION = {
    "synchronous_commit": "on",  # a commit is durable when it returns, whatever the server's default (promise 1)
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "60s",
}
_CONNECT = {
    "connect_timeout": CONNECT_TIMEOUT_S,
    "application_name": "mailfax",
    "options": " ".join(f"-c {name}={value}" for name, value in _SESSION.items()),
    # A server that has gone without a word is noticed, and a call's result waits in its folder meanwhile.
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    # Plans are made for the values that are asked for: the queue's shape changes. It also suits connection poolers.
    "prepare_threshold": None,
}


class PostgresDatabase:
    """The shared database, as one process has it open."""

    def __init__(self, shared: SharedDatabase, spool_id: str) -> None:
        self._shared, self._spool_id = shared, spool_id
        self.writing = _engine(shared, "READ COMMITTED")
        self.reading = _engine(shared, "REPEATABLE READ")

    def watch(self) -> "Listener":
        """Open what tells of commits, and keeps this gateway's lease."""
        return Listener(self._shared, self._spool_id)

    def seal(self, connection: Connection) -> str:
        """Tell the others, as part of the commit; return the transaction's id."""
        said = connection.execute(text("SELECT pg_notify(:channel, ''), pg_current_xact_id()"), {"channel": CHANNEL})
        return str(said.one()[1])

    def kept(self, seal: object) -> bool:
        """Ask what became of a transaction whose commit got no answer. Raises SpoolFault where nobody can say."""
        until_s = time.monotonic() + FIND_OUT_S
        while True:
            try:
                with self.reading.connect() as connection:
                    asked = connection.execute(text("SELECT pg_xact_status(CAST(:seal AS xid8))"), {"seal": seal})
                    status = asked.scalar_one()
            except SQLAlchemyError:
                status = "unknown"
            if status in {"committed", "aborted"}:
                return bool(status == "committed")
            if time.monotonic() >= until_s:
                raise SpoolFault("The database was lost in a commit; whether that was kept is not known.")
            time.sleep(RECONNECT_S / 4)


def _engine(shared: SharedDatabase, isolation: str) -> Engine:
    try:
        password = shared.password_file.read_text(encoding="utf-8").strip() if shared.password_file else None
    except OSError as error:
        raise SpoolFault(f"spool.password_file: {error.filename} cannot be read: {error.strerror}.") from error
    url = make_url(shared.url).set(drivername="postgresql+psycopg")
    engine = create_engine(
        url if password is None else url.set(password=password),
        isolation_level=isolation,
        connect_args=_CONNECT,
        pool_pre_ping=True,
        max_overflow=20,
    )

    @event.listens_for(engine, "before_cursor_execute", retval=True)
    def _no_nul(
        _connection: Connection, _cursor: object, statement: str, values: object, _context: object, _many: bool
    ) -> tuple[str, object]:
        return statement, _without_nul(values)

    return engine


def _without_nul(values: object) -> object:
    """Put a visible character in the place of NUL, which PostgreSQL's text cannot hold, and subjects and machines may send."""
    match values:
        case str():
            return values.replace("\0", "\N{SYMBOL FOR NULL}")
        case dict():
            return {name: _without_nul(value) for name, value in values.items()}
        case list() | tuple():
            return type(values)(_without_nul(value) for value in values)
        case _:
            return values


class Listener:
    """Hears the commits of all processes (LISTEN), and keeps this gateway's lease while the process lives.

    Its thread starts when somebody first asks: a command that only reads neither listens nor lives in the others' eyes.
    """

    def __init__(self, shared: SharedDatabase, spool_id: str) -> None:
        self._shared, self._spool_id = shared, spool_id
        self._heard = threading.Condition()
        self._count = 0
        self._fault: SpoolError | None = None
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()
        self._wake_read, self._wake_write = os.pipe()

    def close(self) -> None:
        """End the thread; the lease runs out by itself."""
        if self._closed.is_set():
            return
        self._closed.set()
        os.write(self._wake_write, b"x")
        if self._thread is not None:
            self._thread.join()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def notify(self) -> None:
        """Do nothing: our own commits are heard as those of others are."""

    def mark(self) -> int:
        """Return how often something was heard. The first time, wait until the lease is held. Raises SpoolFault."""
        with self._heard:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="spool-listener", daemon=True)
                self._thread.start()
                self._heard.wait_for(lambda: self._count or self._fault, 2 * CONNECT_TIMEOUT_S)
            if not self._count:
                raise self._fault or SpoolFault("The database does not answer.")
            return self._count

    def wait(self, last: int, timeout_s: float, stop: threading.Event) -> int:
        """Wait for a mark that is not `last`, at most `timeout_s`, or until `stop` is set."""
        end_s = time.monotonic() + timeout_s
        with self._heard:
            while self._count == last and not stop.is_set() and (left_s := end_s - time.monotonic()) > 0:
                self._heard.wait(min(left_s, 0.5))
            return self._count

    def _run(self) -> None:
        engine = _engine(self._shared, "AUTOCOMMIT")
        while not self._closed.is_set():
            try:
                with engine.connect() as connection:
                    self._listen(connection)
            except (SQLAlchemyError, psycopg.Error) as error:
                self._failed(SpoolFault(f"The database cannot be reached: {error}"))
            except SpoolFault as fault:
                self._failed(fault)
        engine.dispose()

    def _failed(self, fault: SpoolError) -> None:
        with self._heard:
            self._fault = fault
            self._heard.notify_all()
        self._closed.wait(RECONNECT_S)

    def _listen(self, connection: Connection) -> None:
        raw = connection.connection.driver_connection
        assert isinstance(raw, psycopg.Connection)
        raw.add_notify_handler(lambda _heard: self._bump())  # for those that come with the answer to something else
        try:
            connection.execute(text(f"LISTEN {CHANNEL}"))
            self._keep_lease(connection)
            self._bump()  # whatever was committed while nobody listened
            every_s, beat_s = self._shared.lease_s / 3, time.monotonic()
            while not self._closed.is_set():
                left_s = max(beat_s + every_s - time.monotonic(), 0.0)
                readable, _, _ = select.select([raw.pgconn.socket, self._wake_read], [], [], left_s)
                if raw.pgconn.socket in readable:
                    raw.pgconn.consume_input()
                    if _any_told(raw.pgconn):
                        self._bump()
                if time.monotonic() >= beat_s + every_s:
                    self._keep_lease(connection)
                    beat_s = time.monotonic()
        finally:
            connection.invalidate()  # it listens, and must not serve anybody else

    def _keep_lease(self, connection: Connection) -> None:
        nodes.keep_lease(connection, self._shared.node, self._spool_id, self._shared.lease_s)

    def _bump(self) -> None:
        with self._heard:
            self._count += 1
            self._fault = None
            self._heard.notify_all()


def _any_told(wire: pq.abc.PGconn) -> bool:
    """Take all notifications that have come; say whether there were any."""
    told = 0
    while wire.notifies() is not None:
        told += 1
    return told > 0
