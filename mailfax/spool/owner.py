"""Who holds what: every process that opens the spool holds a lock on a file of its own until it dies.

The kernel gives the lock back however a process ends, so "is the owner of this claim still alive?" needs no heartbeat on one
machine. Where several gateways share a database a token begins with its gateway's name, and whether another gateway is alive
is told by its lease (`nodes`). Used by `store` (claims) and `blobs` (temporary files).
"""

import contextlib
import fcntl
import secrets
from collections.abc import Iterator

from mailfax.spool.disk import is_locked, make_folder, sync_folder, write_new_file
from mailfax.spool.settings import SpoolSettings


@contextlib.contextmanager
def opening(settings: SpoolSettings) -> Iterator[None]:
    """Hold off other processes that open the same spool: one prepares folders and schema, the others find them ready."""
    make_folder(settings.directory)
    with (settings.directory / "open.lock").open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def spool_id(settings: SpoolSettings) -> str:
    """Return what tells this spool folder from every other, made the first time. While `opening` is held."""
    path = settings.directory / "spool-id"
    with contextlib.suppress(FileNotFoundError):
        if known := path.read_text(encoding="ascii"):
            return known
    path.unlink(missing_ok=True)
    made = secrets.token_hex(16)
    write_new_file(path, made.encode())
    sync_folder(settings.directory)
    return made


class Owner:
    """A lock file held by this process. Made while `opening` is held."""

    def __init__(self, settings: SpoolSettings) -> None:
        make_folder(settings.owners)
        self.token = f"{settings.node}.{secrets.token_hex(6)}".removeprefix(".")
        self._path = settings.owners / self.token
        self._file = self._path.open("wb")
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def close(self) -> None:
        """Give up the lock; claims under this token are free for recovery from now on."""
        self._path.unlink(missing_ok=True)
        self._file.close()


def node_of(token: str) -> str:
    """Return the gateway that a token is of; empty for one that has no other beside it."""
    return token.rpartition(".")[0]


def is_alive(settings: SpoolSettings, token: str) -> bool:
    """Say whether the process of this gateway that has this token still holds its lock."""
    return is_locked(settings.owners / token)


def sweep(settings: SpoolSettings) -> None:
    """Remove what dead processes left: their lock files, and temporary files named `<token>-...`. While `opening` is held.

    In a folder that others have too, theirs are left alone.
    """
    for path in settings.owners.iterdir():
        if not is_alive(settings, path.name):
            path.unlink(missing_ok=True)
    for path in settings.tmp.iterdir():
        token = path.name.rpartition("-")[0]
        if node_of(token) == settings.node and not is_alive(settings, token):
            path.unlink(missing_ok=True)
