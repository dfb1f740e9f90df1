"""Who holds what: every process that opens the spool holds a lock on a file of its own until it dies.

The kernel gives the lock back however a process ends, so "is the owner of this claim still alive?" needs no heartbeat on one
machine. Used by `store` (claims) and `blobs` (temporary files). Leases for several machines can take its place behind
the same two questions.
"""

import contextlib
import fcntl
import secrets
from collections.abc import Iterator

from mailfax.spool.disk import is_locked, make_folder
from mailfax.spool.settings import SpoolSettings


@contextlib.contextmanager
def opening(settings: SpoolSettings) -> Iterator[None]:
    """Hold off other processes that open the same spool: one prepares folders and schema, the others find them ready."""
    make_folder(settings.directory)
    with (settings.directory / "open.lock").open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class Owner:
    """A lock file held by this process. Made while `opening` is held."""

    def __init__(self, settings: SpoolSettings) -> None:
        make_folder(settings.owners)
        self.token = secrets.token_hex(6)
        self._path = settings.owners / self.token
        self._file = self._path.open("wb")
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def close(self) -> None:
        """Give up the lock; claims under this token are free for recovery from now on."""
        self._path.unlink(missing_ok=True)
        self._file.close()


def is_alive(settings: SpoolSettings, token: str) -> bool:
    """Say whether the process that has this token still holds its lock."""
    return is_locked(settings.owners / token)


def sweep(settings: SpoolSettings) -> None:
    """Remove what dead processes left: their lock files, and temporary files named `<token>-...`. While `opening` is held."""
    for path in settings.owners.iterdir():
        if not is_alive(settings, path.name):
            path.unlink(missing_ok=True)
    for path in settings.tmp.iterdir():
        if not is_alive(settings, path.name.partition("-")[0]):
            path.unlink(missing_ok=True)
