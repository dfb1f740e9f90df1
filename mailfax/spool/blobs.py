"""Files named by the sha256 of their content: mails as received, pages as T.6, mails to be delivered.

Whoever stores something puts the blob first and commits the row that names it afterwards, so a row never names a blob
that is not on disk. A blob without a row is only wasted space. Gateways that share a database have the folder in common,
or keep blobs in the database as well (`pagetable`); then the folder holds copies of what was needed here.
"""

import contextlib
import fcntl
import hashlib
import itertools
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mailfax.spool.database import open_database
from mailfax.spool.disk import disk_errors, make_folder, sync_folder, write_new_file
from mailfax.spool.faultpoint import fault_point
from mailfax.spool.owner import Owner, opening, spool_id, sweep
from mailfax.spool.pagetable import PageTable
from mailfax.spool.settings import SpoolSettings


class BlobMissing(LookupError):
    """There is no blob of this digest."""


class BlobDamaged(BlobMissing):
    """The file is there, but its content is not what was put."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredBlob:
    """A blob as it was found; `mark` is another one after every put of the same octets."""

    digest: str
    size: int
    mark: int


class BlobStore:
    """The blobs of one spool. Any number of threads and processes may put and get at once."""

    def __init__(self, settings: SpoolSettings) -> None:
        self._settings = settings
        self._count = itertools.count()
        with disk_errors(), opening(settings):
            self._owner = Owner(settings)
            make_folder(settings.tmp)
            make_folder(settings.blobs)
            _make_fan_out(settings.blobs)
            sweep(settings)
            shared = settings.shared
            in_database = shared is not None and shared.pages_folder is None
            self._table = PageTable(open_database(settings, spool_id(settings))) if in_database else None

    def close(self) -> None:
        """Give back the lock that protects this process's temporary files."""
        if self._table is not None:
            self._table.close()
        self._owner.close()

    def put(self, octets: bytes) -> str:
        """Store `octets` and return their digest; durable when it returns. Raises SpoolError."""
        digest = hashlib.sha256(octets).hexdigest()
        self._put_file(digest, octets)
        if self._table is not None:
            self._table.put(digest, octets)
        return digest

    def _put_file(self, digest: str, octets: bytes) -> None:
        path = self.path(digest)
        with disk_errors():
            if not self._renewed(path, octets):
                temporary = self._settings.tmp / f"{self._owner.token}-{next(self._count)}"
                try:
                    write_new_file(temporary, octets)
                    fault_point("blob-synced")
                    temporary.rename(path)
                finally:
                    temporary.unlink(missing_ok=True)
                fault_point("blob-renamed")
            # Also where the file was there already: the process that put it may not have come to its own sync.
            sync_folder(path.parent)

    def get(self, digest: str) -> bytes:
        """Return the octets. Raises BlobMissing or BlobDamaged; SpoolError where they are to come from a database that is gone."""
        try:
            return self._get_file(digest)
        except BlobMissing:
            octets = self._table.get(digest) if self._table is not None else None
            if octets is None or hashlib.sha256(octets).hexdigest() != digest:
                raise
        self._put_file(digest, octets)
        return octets

    def bring(self, digests: Iterable[str]) -> None:
        """Have copies of these here before a call, which must not wait for a database. What is missing is found out in the call."""
        if self._table is not None:
            for digest in digests:
                with contextlib.suppress(BlobMissing):
                    self.get(digest)

    def _get_file(self, digest: str) -> bytes:
        try:
            octets = self.path(digest).read_bytes()
        except FileNotFoundError as error:
            raise BlobMissing(f"There is no blob {digest}.") from error
        if hashlib.sha256(octets).hexdigest() != digest:
            raise BlobDamaged(f"The content of blob {digest} has changed on disk.")
        return octets

    def path(self, digest: str) -> Path:
        """Return where the blob of this digest is, or would be."""
        return self._settings.blobs / digest[:2] / digest

    def exists(self, digest: str) -> bool:
        """Say whether there is a blob of this digest."""
        return self.path(digest).exists()

    def stored(self) -> Iterator[StoredBlob]:
        """Return every blob that there is, folder by folder."""
        for folder in sorted(self._settings.blobs.iterdir()):
            rows = self._table.stored(folder.name) if self._table is not None else {}
            yield from (StoredBlob(digest=digest, size=size, mark=mark) for digest, (size, mark) in rows.items())
            for path in folder.iterdir():
                with contextlib.suppress(FileNotFoundError):
                    if path.name not in rows:
                        found = path.stat()
                        yield StoredBlob(digest=path.name, size=found.st_size, mark=found.st_mtime_ns)

    def remove(self, blob: StoredBlob) -> bool:
        """Remove a blob that nobody has put again since it was found; False, and nothing done, where somebody has.

        Nobody may name it by then: that is the caller's to know. The name is gone for good when this returns.
        """
        path = self.path(blob.digest)
        removed = self._table.remove(blob.digest, blob.mark) if self._table is not None else None
        if removed is False:
            return False
        with disk_errors(), _folder_lock(path.parent, fcntl.LOCK_EX) as folder:
            try:
                if removed is None and path.stat().st_mtime_ns != blob.mark:
                    return False
                path.unlink()
            except FileNotFoundError:
                return removed is True
            os.fsync(folder)
        return True

    def _renewed(self, path: Path, octets: bytes) -> bool:
        """Say whether the file is there and whole, and mark it as put now: what cannot be read, or is something else, is written anew.

        Under the lock that `remove` takes, so that what a row is about to name is not removed as named by nobody.
        """
        try:
            with _folder_lock(path.parent, fcntl.LOCK_SH):
                os.utime(path)
                return path.stat().st_size == len(octets) and path.read_bytes() == octets
        except OSError:
            return False


@contextlib.contextmanager
def _folder_lock(folder: Path, kind: int) -> Iterator[int]:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, kind)
        yield handle
    finally:
        os.close(handle)


def _make_fan_out(folder: Path) -> None:
    """Make the 256 folders in advance, so that `put` never has to sync a new folder's name."""
    names = {f"{number:02x}" for number in range(256)}
    missing = names - {path.name for path in folder.iterdir()}
    for name in missing:
        (folder / name).mkdir(exist_ok=True)  # another gateway may be making it too
    if missing:
        sync_folder(folder)
