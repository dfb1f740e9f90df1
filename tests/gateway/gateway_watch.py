"""The listener of the fault points (mailfax.spool.faultpoint): hears every step of every process, holds the one a test waits for.

While a process is held nothing of its call or mail moves, so a test kills at exactly that place, from outside, with SIGKILL.
"""

import contextlib
import queue
import socket
import threading
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

STRIKE_LIMIT_S = 60.0


@dataclass(frozen=True, kw_only=True)
class Strike:
    """The `visit`th time that the process named `process` comes to `point`, from when it is waited for."""

    point: str
    process: str
    visit: int = 1

    def __str__(self) -> str:
        return f"{self.point}:{self.visit} in {self.process}"


@dataclass(frozen=True)
class Held:
    """A process that stands at a fault point until it is released or killed."""

    pid: int
    connection: socket.socket

    def release(self) -> None:
        self.connection.close()


class Watch:
    """Listens at `address` for as long as it is entered."""

    def __init__(self, address: Path) -> None:
        self.address = address
        self.pids: dict[str, int] = {}  # of each process by its name, as it last came anywhere
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(str(address))
        self._socket.listen(64)
        self._lock = threading.Lock()
        self._wanted: Strike | None = None
        self._visits: Counter[tuple[str, str]] = Counter()
        self._standing: list[Held] = []
        self._held: queue.SimpleQueue[Held] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._listen, name="watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def expect(self, strike: Strike) -> None:
        """Hold the process that comes there next; visits are counted from now."""
        with self._lock:
            self._wanted = strike
            self._visits.clear()

    def held(self) -> Held:
        """Wait until a process stands where the test wants it."""
        try:
            return self._held.get(timeout=STRIKE_LIMIT_S)
        except queue.Empty:
            with self._lock:
                wanted, self._wanted = self._wanted, None
            raise AssertionError(f"nobody came to {wanted}, only {dict(self._visits)}") from None

    def release_all(self) -> None:
        """Let everybody go on whom a test that failed has left standing."""
        with self._lock:
            self._wanted = None
            standing, self._standing = self._standing, []
        for one in standing:
            one.release()
        with contextlib.suppress(queue.Empty):
            while True:
                self._held.get_nowait()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            said = connection.recv(1024).decode().split()  # one small write, so one read
            if not said or not self._hold(connection, *said):
                connection.close()

    def _hold(self, connection: socket.socket, pid: str, process: str, point: str) -> bool:
        with self._lock:
            self.pids[process] = int(pid)
            self._visits[process, point] += 1
            wanted = self._wanted
            if wanted is None or (wanted.process, wanted.point) != (process, point):
                return False
            if self._visits[process, point] < wanted.visit:
                return False
            self._wanted = None
            held = Held(int(pid), connection)
            self._standing.append(held)
        self._held.put(held)
        return True
