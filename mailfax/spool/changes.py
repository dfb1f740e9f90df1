"""Notices that somebody committed something, in this process or another, without asking the tables. Used by `store`."""

import sqlite3
import threading
import time
from pathlib import Path

POLL_S = 0.05


class Changes:
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
