"""The disk: syncing files and folders, and the errors of the spool. Used by everything in `spool` that writes files."""

import contextlib
import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class SpoolError(Exception):
    """Something could not be kept or read. All that the spool raises for faults of disk and database is one of these."""


class SpoolFull(SpoolError):
    """The disk (or its quota, or a file size limit) is full: nothing was kept. Outcome DISK_FULL, in a call STORE_FAULT."""


class SpoolBusy(SpoolError):
    """Other processes held the database for too long: nothing was kept, later will do. Outcome STORE_BUSY."""


class SpoolFault(SpoolError):
    """Disk or database failed in another way, which the text says; nothing was kept."""


@contextlib.contextmanager
def disk_errors() -> Iterator[None]:
    """Turn the operating system's errors into the spool's."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise SpoolFull(f"No space left in the spool: {error}") from error
        raise SpoolFault(f"The spool's disk failed: {error}") from error


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable (fsync of a file says nothing about its name)."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """Make `folder` and its missing parents, durably."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for path in missing:
        sync_folder(path.parent)


def write_new_file(path: Path, octets: bytes) -> None:
    """Write a file that does not exist yet and sync its content; its name is durable after sync_folder."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
    with open(handle, "wb", buffering=0) as file:  # noqa: PTH123 (a descriptor, not a path)
        view = memoryview(octets)
        while view:
            view = view[file.write(view) :]
        os.fsync(handle)


def is_locked(path: Path) -> bool:
    """Say whether a living process holds the lock on this file; the kernel gives it back however a process ends."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        # Shared, so that two who ask at once do not take each other for the owner.
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def free_bytes(folder: Path) -> int:
    """Return the space that is free for us on the disk that holds `folder`."""
    return shutil.disk_usage(folder).free
