"""A copy of the spool that is consistent, made while the server runs: `mailfax backup`. Restored by `restore`.

The moment of the backup is that of the database's copy, which SQLite makes of one view. Every blob that it names is on disk by then, and stays
until all are copied (`orphans.blobs_stay`). What calls in progress have on disk and not yet in rows (promise 1) is in their folders: these are copied
before and after the database. A folder that went in between had its rows committed, before the moment or after it; where it was after, and
its copy is from before, the whole is begun again.

In a folder, blobs that are there already are not copied again, and those that nothing names any more are removed.
"""

import hashlib
import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import msgspec
from sqlalchemy import URL, Engine, Select, create_engine, select, text

from mailfax.spool import callfolder
from mailfax.spool.blobs import BlobMissing, BlobStore
from mailfax.spool.callfolder import Direction
from mailfax.spool.disk import disk_errors, make_folder, sync_folder, write_new_file
from mailfax.spool.orphans import blobs_stay
from mailfax.spool.references import named
from mailfax.spool.settings import SpoolSettings
from mailfax.spool.tables import REVISION, attempts, faxes

MANIFEST, DATABASE, CALLS, BLOBS = "manifest.json", "mailfax.db", "calls", "blobs"
ATTEMPTS = 10


class BackupFault(Exception):
    """No backup was made; the text is one plain sentence."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds. `files` are the sha256 of all but the blobs, which are named by theirs; `missing` are blobs that the spool had lost."""

    made_us: int
    version: str
    revision: str
    files: dict[str, str]
    blobs: int
    octets: int
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Backup:
    """A backup that was made: its manifest, and how many blobs were copied (others were there already)."""

    manifest: Manifest
    copied: int


class _Sink(Protocol):
    """Where a backup goes."""

    def has(self, name: str) -> bool: ...

    def add(self, name: str, octets: bytes) -> None: ...

    def add_file(self, name: str, path: Path) -> None: ...

    def finish(self, blobs: set[str]) -> None: ...

    def abandon(self) -> None: ...


def back_up(settings: SpoolSettings, blobs: BlobStore, target: Path, version: str, now_us: Callable[[], int]) -> Backup:
    """Copy the spool into a folder, or into one file where `target` ends in .tar or .tar.gz. Raises BackupFault, SpoolError."""
    if settings.shared is not None:
        raise BackupFault("The queue is in PostgreSQL: save it by pg_dump, and the folder of pages beside it.")
    if settings.directory.resolve() in (target.resolve(), *target.resolve().parents):
        raise BackupFault(f"{target} is inside the spool itself; choose another disk.")
    with disk_errors(), tempfile.TemporaryDirectory(prefix="mailfax-backup-", dir=target.resolve().parent) as name:
        work = Path(name)
        with blobs_stay(settings):
            made_us = _snapshot(settings, work, now_us)
            with closing(_Names(work / DATABASE)) as names:
                digests = names.blobs()
            sink: _Sink = _TarSink(target) if is_archive(target) else _FolderSink(target)
            manifest = Manifest(made_us=made_us, version=version, revision=REVISION, files={}, blobs=0, octets=0)
            try:
                return _fill(sink, work, digests, blobs, manifest)
            except BaseException:
                sink.abandon()
                raise


def is_archive(path: Path) -> bool:
    """Say whether a backup of this name is one file."""
    return path.name.endswith((".tar", ".tar.gz", ".tgz"))


def _fill(sink: _Sink, work: Path, digests: set[str], blobs: BlobStore, manifest: Manifest) -> Backup:
    files, missing, copied, octets_in_all = {}, [], 0, 0
    for path in sorted(path for path in work.rglob("*") if path.is_file()):
        name = str(path.relative_to(work))
        files[name] = _sha256(path)
        sink.add_file(name, path)
    for digest in sorted(digests):
        name = f"{BLOBS}/{digest[:2]}/{digest}"
        if sink.has(name):
            continue
        try:
            octets = blobs.get(digest)
        except BlobMissing:
            missing.append(digest)
            continue
        sink.add(name, octets)
        copied, octets_in_all = copied + 1, octets_in_all + len(octets)
    done = msgspec.structs.replace(
        manifest, files=files, blobs=len(digests) - len(missing), octets=octets_in_all, missing=tuple(missing)
    )
    sink.add(MANIFEST, msgspec.json.format(msgspec.json.encode(done)))
    sink.finish({f"{BLOBS}/{digest[:2]}/{digest}" for digest in digests})
    return Backup(manifest=done, copied=copied)


def _snapshot(settings: SpoolSettings, work: Path, now_us: Callable[[], int]) -> int:
    """Put the call folders and the database of one moment into `work`; return the moment."""
    for _ in range(ATTEMPTS):
        shutil.rmtree(work / CALLS, ignore_errors=True)
        before = _copy_calls(settings.calls, work / CALLS)
        made_us = now_us()
        _copy_database(settings.database, work / DATABASE)
        after = _copy_calls(settings.calls, work / CALLS)
        with closing(_Names(work / DATABASE)) as names:
            if all(names.settled(call_id) for call_id in before - after):
                _leave_out_later_calls(work / CALLS, after - before, names)
                return made_us
    raise BackupFault("Calls end too fast to catch a moment between them; try again when it is quieter.")


def _copy_calls(calls: Path, target: Path) -> set[str]:
    """Copy the folders of calls in progress, over what was copied before; return the ids of those that were there to the end."""
    whole = set()
    for folder in calls.glob("*/C*"):
        try:
            shutil.copytree(folder, target / folder.parent.name / folder.name, dirs_exist_ok=True)
        except (shutil.Error, FileNotFoundError):
            continue  # it is over, and goes while we copy: its rows are committed
        whole.add(folder.name)
    return whole


def _leave_out_later_calls(copied: Path, began: set[str], names: "_Names") -> None:
    """Take calls out that began after the moment, so that no call is for a job that does not know of it."""
    for folder in copied.glob("*/C*"):
        outgoing = callfolder.salvage(folder).header.direction is Direction.OUTBOUND
        if folder.name in began and outgoing and not names.called(folder.name):
            shutil.rmtree(folder)


def _copy_database(database: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    with (
        closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as live,
        closing(sqlite3.connect(target)) as copy,
    ):
        live.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, with nothing beside it


class _Names:
    """What the copy of the database says."""

    def __init__(self, database: Path) -> None:
        self._engine: Engine = create_engine(URL.create("sqlite", database=str(database)))
        with self._engine.connect() as connection:
            revision = connection.scalar(text("SELECT version_num FROM alembic_version"))
        if revision != REVISION:
            raise BackupFault(
                "This spool is of another version of mailfax; start this one's server once, or use that one."
            )

    def close(self) -> None:
        self._engine.dispose()

    def blobs(self) -> set[str]:
        with self._engine.connect() as connection:
            return set(named(connection))

    def settled(self, call_id: str) -> bool:
        """Say whether the rows know what came of a call."""
        fax = select(faxes.c.id).where(faxes.c.call_id == call_id)
        attempt = select(attempts.c.call_id).where(attempts.c.call_id == call_id, attempts.c.finished_us.is_not(None))
        return self._any(fax) or self._any(attempt)

    def called(self, call_id: str) -> bool:
        """Say whether there is an attempt of a call."""
        return self._any(select(attempts.c.call_id).where(attempts.c.call_id == call_id))

    def _any(self, question: Select[str]) -> bool:
        with self._engine.connect() as connection:
            return connection.scalar(question.limit(1)) is not None


class _FolderSink:
    """A folder; its manifest is the last thing that is written, in one step."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        make_folder(folder)
        if any(folder.iterdir()) and not (folder / MANIFEST).exists():
            raise BackupFault(f"{folder} is not empty, and holds no backup of mailfax.")
        (folder / MANIFEST).unlink(missing_ok=True)
        shutil.rmtree(folder / CALLS, ignore_errors=True)

    def has(self, name: str) -> bool:
        return (self._folder / name).exists()

    def add(self, name: str, octets: bytes) -> None:
        path = self._folder / name
        make_folder(path.parent)
        part = path.with_name(f".part-{path.name}")
        part.unlink(missing_ok=True)
        write_new_file(part, octets)
        part.rename(path)
        sync_folder(path.parent)

    def add_file(self, name: str, path: Path) -> None:
        self.add(name, path.read_bytes())

    def finish(self, blobs: set[str]) -> None:
        for path in (self._folder / BLOBS).glob("??/*"):
            if str(path.relative_to(self._folder)) not in blobs:
                path.unlink()

    def abandon(self) -> None:
        """Leave what was copied: the next backup needs not copy it again."""


class _TarSink:
    """One file; it has its name only when it is whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_name(f".part-{path.name}")
        self._tar = tarfile.open(self._part, "w:gz" if path.name.endswith("gz") else "w")  # noqa: SIM115 - closed in finish

    def has(self, name: str) -> bool:  # noqa: ARG002 - a new file has nothing
        return False

    def add(self, name: str, octets: bytes) -> None:
        with tempfile.SpooledTemporaryFile() as file:
            file.write(octets)
            file.seek(0)
            info = tarfile.TarInfo(name)
            info.size = len(octets)
            self._tar.addfile(info, file)

    def add_file(self, name: str, path: Path) -> None:
        self._tar.add(path, name)

    def finish(self, blobs: set[str]) -> None:  # noqa: ARG002
        self._tar.close()
        with self._part.open("rb") as file:
            os.fsync(file.fileno())
        self._part.rename(self._path)
        sync_folder(self._path.resolve().parent)

    def abandon(self) -> None:
        self._part.unlink(missing_ok=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
