"""The one writer of a process: many callers, one transaction, one commit, one fsync.

An operation is a function of a connection. Callers hand one in and wait; a thread takes all that are waiting, runs each in
a SAVEPOINT of one transaction (so that one that fails takes nobody with it), commits once, and only then wakes them.
While the disk syncs, the next group gathers: the more callers, the more share an fsync. Used by `store` only.
"""

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType
from typing import Generic, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from mailfax.spool.database import Database, translated
from mailfax.spool.disk import SpoolError, SpoolFault
from mailfax.spool.faultpoint import fault_point

T = TypeVar("T")

# A group is closed when it has run this long: transactions stay under 50 ms (design.md, promise 1).
GROUP_S = 0.02


class _Ticket(Generic[T]):
    """One operation and whoever waits for it. As a context it keeps the operation's error for its caller."""

    def __init__(self, operation: Callable[[Connection], T]) -> None:
        self.operation = operation
        self.future: Future[T] = Future()
        self.future.set_running_or_notify_cancel()  # what is queued will be done: a caller can only stop waiting
        self._error: BaseException | None = None
        self._result: T

    def run(self, connection: Connection) -> None:
        with self, connection.begin_nested():
            self._result = self.operation(connection)

    def __enter__(self) -> None:
        return

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        # Of the database's own errors only a broken constraint or a value that it cannot hold is the operation's fault; a full
        # disk or a lost lock has undone the whole transaction, and every caller must hear of it.
        its_own = isinstance(error, IntegrityError | DataError)
        if isinstance(error, SQLAlchemyError) and not its_own:
            return False
        self._error = translated(error) if isinstance(error, SQLAlchemyError) else error
        return True

    def settle(self) -> None:
        """Wake the caller; the commit is durable."""
        if self._error is not None:
            self.future.set_exception(self._error)
        else:
            self.future.set_result(self._result)


class Writer:
    """The writer thread of one store. `after_commit` is called in it after every commit."""

    def __init__(self, database: Database, after_commit: Callable[[], None]) -> None:
        self._database = database
        self._after_commit = after_commit
        self._waiting: queue.SimpleQueue[_Ticket[object] | None] = queue.SimpleQueue()
        self._group: list[_Ticket[object]] = []
        self._lock = threading.Lock()
        self._closed = False
        self._thread: threading.Thread | None = None
        self.commits = 0

    def submit(self, operation: Callable[[Connection], T]) -> Future[T]:
        """Queue an operation. The future is done when the commit is durable, or has failed."""
        ticket = _Ticket(operation)
        with self._lock:
            if self._closed:
                raise RuntimeError("the store is closed")
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="spool-writer", daemon=True)
                self._thread.start()
            self._waiting.put(ticket)  # type: ignore[arg-type]  # a ticket keeps its own type
        return ticket.future

    def close(self) -> None:
        """Commit what is queued and end the thread."""
        with self._lock:
            self._closed = True
            self._waiting.put(None)
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            while (first := self._waiting.get()) is not None:
                self._run_group(first)
        finally:
            # However this thread ends, nobody waits for it in vain.
            with self._lock:
                self._closed = True
            while (ticket := self._next()) is not None:
                self._group.append(ticket)
            self._fail(SpoolFault("The spool's writer has ended."))

    def _run_group(self, first: _Ticket[object]) -> None:
        self._group.append(first)
        seal: object = None
        try:
            # The connection comes from its pool for each group, which makes one that broke anew.
            with self._database.writing.connect() as connection, connection.begin():
                first.run(connection)
                until_s = time.monotonic() + GROUP_S
                while time.monotonic() < until_s and (ticket := self._next()) is not None:
                    self._group.append(ticket)
                    ticket.run(connection)
                fault_point("commit-before")
                seal = self._database.seal(connection)
        except SQLAlchemyError as error:
            if not self._kept_all_the_same(seal, error):
                return
        self.commits += 1
        self._after_commit()
        while self._group:
            self._group.pop(0).settle()

    def _kept_all_the_same(self, seal: object, error: SQLAlchemyError) -> bool:
        """Fail the group, unless its commit is found to have been durable and only its answer was lost."""
        try:
            if seal is not None and self._database.kept(seal):
                return True
            self._fail(translated(error))
        except SpoolFault as unknown:
            self._fail(unknown)
        return False

    def _fail(self, error: SpoolError) -> None:
        while self._group:
            self._group.pop(0).future.set_exception(error)

    def _next(self) -> _Ticket[object] | None:
        """Return a ticket that waits already. The end mark is put back for `_run`."""
        try:
            ticket = self._waiting.get_nowait()
        except queue.Empty:
            return None
        if ticket is None:
            self._waiting.put(None)
        return ticket
