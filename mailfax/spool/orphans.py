"""Blobs that no row names any more are removed. Called by the housekeeping of the server.

A blob is put before the row that names it, so one that nobody names may be about to be named. It is removed only when it was found
twice, an hour of this process apart, and was not put again meanwhile (`BlobStore.put` renews its mark, and holds off the removal). Neither
the age of the file nor the wall clock counts: after the clock was set forward a year, a blob of a second ago is a year old.
"""

import contextlib
import fcntl
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mailfax.spool.blobs import BlobStore, StoredBlob
from mailfax.spool.references import Named
from mailfax.spool.settings import SpoolSettings
from mailfax.spool.store import Store

GRACE_S = 3600.0
_LOCK = "blobs.lock"  # shared by backups, exclusive for removing


@dataclass(frozen=True, kw_only=True, slots=True)
class Collected:
    """What one look found: blobs of which none was named, and what was removed of those found before."""

    unnamed: int
    removed: int
    removed_bytes: int


class OrphanHunt:
    """Looks for blobs without a row, now and then. `clock_s` only goes forward."""

    def __init__(
        self,
        store: Store,
        blobs: BlobStore,
        settings: SpoolSettings,
        clock_s: Callable[[], float],
        grace_s: float = GRACE_S,
    ) -> None:
        self._store, self._blobs, self._settings = store, blobs, settings
        self._clock_s, self._grace_s = clock_s, grace_s
        self._suspects: dict[str, tuple[int, float]] = {}  # mark and when first found, by digest

    def look(self) -> Collected:
        """Find what nobody names, and remove what was found so long enough ago and has not been put since."""
        now_s = self._clock_s()
        unnamed = {blob.digest: blob for blob in unnamed_blobs(self._store, self._blobs)}
        known = {
            digest: self._suspects[digest]
            for digest, blob in unnamed.items()
            if digest in self._suspects and self._suspects[digest][0] == blob.mark
        }
        due = [unnamed[digest] for digest, (_, since_s) in known.items() if now_s - since_s >= self._grace_s]
        with _may_remove(self._settings) as may:
            removed = [blob for blob in due if may and self._blobs.remove(blob)]
        for blob in removed:
            del known[blob.digest], unnamed[blob.digest]
        self._suspects = {digest: known.get(digest, (blob.mark, now_s)) for digest, blob in unnamed.items()}
        return Collected(unnamed=len(unnamed), removed=len(removed), removed_bytes=sum(blob.size for blob in removed))


def unnamed_blobs(store: Store, blobs: BlobStore) -> Iterator[StoredBlob]:
    """Return the blobs that no row names; one that is put and named while they are listed may be among them."""
    named = store.read(Named)
    return (blob for blob in blobs.stored() if blob.digest not in named)


@contextlib.contextmanager
def blobs_stay(settings: SpoolSettings) -> Iterator[None]:
    """Have no blob removed meanwhile, by any process: for a backup, which copies what its rows name."""
    with (settings.directory / _LOCK).open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


@contextlib.contextmanager
def _may_remove(settings: SpoolSettings) -> Iterator[bool]:
    with (settings.directory / _LOCK).open("wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
