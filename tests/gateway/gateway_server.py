"""A real `python -m mailfax serve` in a session of its own, and its clients: what the tests of the whole gateway run against."""

import contextlib
import os
import select
import signal
import smtplib
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mailfax.config import EMBEDDED_DEFAULT, Config, load
from mailfax.daemon import build
from mailfax.daemon.clock import id_maker
from mailfax.demo.watcher import Watcher
from mailfax.spool.faultpoint import VARIABLE
from mailfax.spool.records import DeliveryState
from mailfax.spool.store import Store

DEATH_LIMIT_S = 30.0
# A line that hears of its call's end before it hears of its server's calls again by the retry table, after a minute.
BOOKS_LIMIT_S = 150.0
_OPEN_MAIL = {DeliveryState.WAITING, DeliveryState.SENDING}
_ANY_PORT = EMBEDDED_DEFAULT.replace("127.0.0.1:8025", "127.0.0.1:0")


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A mail to fax numbers."""

    sender: str
    numbers: tuple[str, ...]
    octets: bytes


def letter(sender: str, *numbers: str, pages: int = 3) -> Letter:
    """Write a mail that becomes so many pages."""
    text = "\f".join(f"Page {page} of the mail of {sender}." for page in range(1, pages + 1))
    head = f"From: {sender}\r\nSubject: {pages} pages\r\nMessage-ID: <{sender}>\r\n\r\n"
    return Letter(sender=sender, numbers=numbers, octets=f"{head}{text}\r\n".encode())


class Server:
    """The gateway in one folder: started, killed and started again. `watch` is where its fault points are heard."""

    def __init__(self, folder: Path, *, watch: Path | None = None, more: str = "") -> None:
        self.folder, self._watch = folder, watch
        self._file = folder / "mailfax.toml"
        self._file.write_text(f"{_ANY_PORT}\n{more}", encoding="utf-8")
        self.config: Config = load(self._file)
        self.log = folder / "server.log"
        self.smtp_address = ""
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def mailboxes(self) -> Path:
        return self.config.data_dir / "mailboxes"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it without waiting for anything."""
        environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
        if self._watch is not None:
            environment[VARIABLE] = str(self._watch)
        command = [sys.executable, "-m", "mailfax", "serve", "--config", str(self._file)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, start_new_session=True
            )

    def wait_until_up(self) -> None:
        """Wait until it takes mail."""
        assert self._process is not None
        with Watcher(self.config.data_dir, self._process) as watcher:
            self.smtp_address = watcher.smtp_address

    def children(self) -> set[int]:
        """Return every process of the server but its first."""
        return set(_living(self.pid)) - {self.pid}

    def kill(self) -> None:
        """SIGKILL for every process at once, and wait until none is left."""
        os.killpg(self.pid, signal.SIGKILL)
        self.wait_until_gone()

    def kill_alone(self, pid: int) -> None:
        """SIGKILL for one process, and wait until it is dead."""
        with _handle(pid) as handle:
            os.kill(pid, signal.SIGKILL)
            assert _readable(handle, DEATH_LIMIT_S), f"{pid} does not die"

    def wait_until_gone(self) -> None:
        """Wait until no process of the server's session lives; one that outlives it is a fault."""
        assert self._process is not None
        deadline_s = time.monotonic() + DEATH_LIMIT_S
        while living := _living(self.pid):
            for pid in living:
                with contextlib.suppress(ProcessLookupError), _handle(pid) as handle:
                    if not _readable(handle, deadline_s - time.monotonic()):
                        os.killpg(self.pid, signal.SIGKILL)  # so that it does not disturb the tests after this one
                        raise AssertionError(f"process {pid} of {living} outlives its server")
        self._process.wait()

    def stop(self) -> None:
        """End it in order."""
        if self._process is not None and self.running:
            self._process.send_signal(signal.SIGTERM)
            self.wait_until_gone()

    def post(self, mail: Letter) -> bool:
        """Post a mail as a client; True when the client heard 250. Raises SMTPResponseException for a refusal."""
        host, _, port = self.smtp_address.rpartition(":")
        recipients = [number if "@" in number else f"{number}@fax.lan" for number in mail.numbers]
        try:
            with smtplib.SMTP(host, int(port), timeout=BOOKS_LIMIT_S) as client:
                client.sendmail(mail.sender, recipients, mail.octets)
        except (smtplib.SMTPServerDisconnected, ConnectionError):
            return False
        return True

    @contextlib.contextmanager
    def store(self) -> Iterator[Store]:
        """Open its spool, as another process beside it."""
        with contextlib.closing(Store(build.spool_settings(self.config), id_maker())) as store:
            yield store

    def wait_until_books_are_closed(self, store: Store) -> None:
        """Wait until nothing is left to do: every job final, every sender told, every fax and notice in its mailbox."""
        deadline_s, never = time.monotonic() + BOOKS_LIMIT_S, threading.Event()
        mark = store.changed()
        while open_things := self._open_things(store):
            left_s = deadline_s - time.monotonic()
            assert left_s > 0, f"the books are not closed: {open_things}; the log is {self.log.read_text()}"
            mark = store.wait_for_change(mark, min(left_s, 0.5), never)

    def _open_things(self, store: Store) -> list[object]:
        calls = build.spool_settings(self.config).calls
        untold, unrouted = store.next_unnotified(), store.next_unrouted_fax()
        return [
            *(job for job in store.jobs() if not job.state.final),
            *(delivery for delivery in store.deliveries() if delivery.state in _OPEN_MAIL),
            *calls.glob("*/C*"),
            *(one for one in (untold, unrouted) if one is not None),
        ]


@contextlib.contextmanager
def _handle(pid: int) -> Iterator[int]:
    """Hold on to a process, whoever's child it is. Raises ProcessLookupError where it is gone already."""
    handle = os.pidfd_open(pid)
    try:
        yield handle
    finally:
        os.close(handle)


def _readable(handle: int, within_s: float) -> bool:
    """Wait until the process of a handle has ended."""
    return bool(select.select([handle], [], [], max(within_s, 0.0))[0])


def _living(session: int) -> list[int]:
    """Return the processes of a session that are not dead (a zombie is)."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            pid = int(entry.name)
            state, _, _, its_session = entry.joinpath("stat").read_text().rpartition(")")[2].split()[:4]
            if int(its_session) == session and state not in "ZX":
                found.append(pid)
    return found
