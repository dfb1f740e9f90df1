"""A backup becomes a spool again, in a folder that has none: `mailfax restore`.

Everything is laid beside its place and held against its sha256 first; the database comes last, so that a restore that was cut off is simply done
again. A backup is a moment of the past: what waited then may have been sent since. So the faxes that waited end as UNCERTAIN (outcome
`restored`), and their senders are told (promise 2); whoever knows that nothing was sent since, because the machine died or was moved at that moment, has
them sent (`send_on`). Mails that waited are handed over: twice at worst.
"""

import hashlib
import re
import shutil
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import msgspec
from sqlalchemy import Connection, select

from mailfax.model.ids import IdMaker
from mailfax.model.job import JobState
from mailfax.model.outcome import Outcome
from mailfax.spool import jobs, owner, submissions
from mailfax.spool.adopt import adopt_orphans
from mailfax.spool.backup import BLOBS, CALLS, DATABASE, MANIFEST, Manifest, is_archive
from mailfax.spool.blobs import BlobStore
from mailfax.spool.disk import disk_errors, make_folder, sync_folder
from mailfax.spool.references import named
from mailfax.spool.retention import AT_ONCE
from mailfax.spool.retry import RetryPolicy
from mailfax.spool.settings import SpoolSettings
from mailfax.spool.store import Store
from mailfax.spool.tables import jobs as job_table

_STAGING = ".restore"
_NAME = re.compile(rf"{MANIFEST}|{DATABASE}|{BLOBS}/[0-9a-f]{{2}}/[0-9a-f]{{64}}|{CALLS}/[^/]+/C[0-9A-Z]+/[^/]+")
_WAITING = (JobState.RENDERING, JobState.QUEUED)


class RestoreFault(Exception):
    """Nothing was restored; the text is one plain sentence."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Restored:
    """What came of it: the backup's manifest, blobs that it lacks, and the faxes that waited."""

    manifest: Manifest
    blobs: int
    missing: int
    faxes: tuple[str, ...]


def verify(source: Path, staging: Path) -> Manifest:
    """Lay a backup out in `staging`, and hold every octet of it against its sha256. Raises RestoreFault, SpoolError."""
    found: dict[str, str] = {}
    with _opened(source) as entries, disk_errors():
        for name, file in entries:
            if not _NAME.fullmatch(name) or ".." in name:
                raise RestoreFault(f"{source} holds {name}, which is no part of a backup.")
            found[name] = _lay_out(file, staging / name)
    try:
        manifest = msgspec.json.decode((staging / MANIFEST).read_bytes(), type=Manifest)
    except (FileNotFoundError, msgspec.DecodeError):
        raise RestoreFault(f"{source} is no whole backup of mailfax: it has no manifest.") from None
    del found[MANIFEST]
    changed = [name for name, digest in manifest.files.items() if found.pop(name, "") != digest]
    changed += [name for name, digest in found.items() if not name.endswith(f"/{digest}")]
    lacking = manifest.blobs - sum(name.startswith(f"{BLOBS}/") for name in found)
    if changed or lacking > 0:
        what = f"{changed[0]} is not what was saved" if changed else f"{lacking} file(s) are not there"
        raise RestoreFault(f"{source} is damaged: {what}. Nothing was restored.")
    return manifest


def restore(
    source: Path, settings: SpoolSettings, new_id: IdMaker, now_us: Callable[[], int], *, send_on: bool
) -> Restored:
    """Make the spool of a backup. Raises RestoreFault where there is one already, SpoolError."""
    if settings.shared is not None:
        raise RestoreFault("The queue of this configuration is in PostgreSQL: restore that by pg_restore.")
    staging = settings.directory / _STAGING
    with disk_errors(), owner.opening(settings):
        if settings.database.exists():
            raise RestoreFault(
                f"{settings.directory} has a spool already. Stop its server, and move the folder away or name another data_dir."
            )
        shutil.rmtree(staging, ignore_errors=True)
        try:
            manifest = verify(source, staging)
            _move_into_place(staging, settings)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    with closing(Store(settings, new_id)) as store, closing(BlobStore(settings)) as blobs:
        adopt_orphans(store, blobs, settings.calls, policy=RetryPolicy(), now_us=now_us())
        waiting = _waiting(store)
        if not send_on:
            for first in range(0, len(waiting), AT_ONCE):
                some = waiting[first : first + AT_ONCE]
                store.write(lambda c, some=some: _end_as_restored(c, some, manifest, now_us()))  # type: ignore[misc]
        names = store.read(lambda c: set(named(c)))
        lacking = sum(not blobs.exists(digest) for digest in names)
    return Restored(manifest=manifest, blobs=len(names) - lacking, missing=lacking, faxes=waiting)


@contextmanager
def _opened(source: Path) -> Iterator[Iterator[tuple[str, BinaryIO]]]:
    """Give the name and the content of each file of a backup."""
    if not is_archive(source):
        yield _in_folder(source)
        return
    try:
        with tarfile.open(source) as tar:
            yield _in_tar(tar)
    except (tarfile.TarError, EOFError) as error:
        raise RestoreFault(f"{source} is damaged: {error}. Nothing was restored.") from error


def _in_folder(folder: Path) -> Iterator[tuple[str, BinaryIO]]:
    for path in folder.rglob("*"):
        if path.is_file() and not path.name.startswith(".part-"):
            with path.open("rb") as file:
                yield str(path.relative_to(folder)), file


def _in_tar(tar: tarfile.TarFile) -> Iterator[tuple[str, BinaryIO]]:
    for member in tar:
        if member.isfile() and (file := tar.extractfile(member)) is not None:
            yield member.name, file  # type: ignore[misc]  # what a tar has of a file is read like one


def _lay_out(file: BinaryIO, path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    sha256 = hashlib.sha256()
    with path.open("wb") as copy:
        while octets := file.read(1 << 20):
            sha256.update(octets)
            copy.write(octets)
    return sha256.hexdigest()


def _move_into_place(staging: Path, settings: SpoolSettings) -> None:
    for path in (*staging.glob(f"{BLOBS}/??/*"), *staging.glob(f"{CALLS}/*/*")):
        target = settings.directory / path.relative_to(staging)
        make_folder(target.parent)
        if target.is_dir():
            shutil.rmtree(target)  # from a restore that was cut off
        path.rename(target)
    for folder in (*settings.blobs.glob("??"), *settings.calls.glob("*")):
        sync_folder(folder)
    (staging / DATABASE).rename(settings.database)
    sync_folder(settings.directory)


def _waiting(store: Store) -> tuple[str, ...]:
    asked = select(job_table.c.id).where(job_table.c.state.in_(_WAITING)).order_by(job_table.c.id)
    return tuple(store.read(lambda c: c.scalars(asked).all()))


def _end_as_restored(connection: Connection, job_ids: tuple[str, ...], manifest: Manifest, now_us: int) -> None:
    for job_id in job_ids:
        job = jobs.load(connection, job_id)
        if job is None or job.state not in _WAITING:
            continue
        ended = {"outcome": Outcome.RESTORED, "finished_us": now_us}
        why = f"restored from the backup of {datetime.fromtimestamp(manifest.made_us / 1e6, UTC):%Y-%m-%d %H:%M} UTC"
        jobs.move(connection, job, now_us, JobState.UNCERTAIN, why, **ended)
        submissions.drop_if_unneeded(connection, job.submission_id, now_us)
