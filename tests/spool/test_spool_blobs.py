"""Blobs: content by digest, durable, swept, and clear when the disk says no."""

import hashlib
import os
import resource
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from spoolkit import run_child, settings_for

from mailfax.spool.blobs import BlobDamaged, BlobMissing, BlobStore
from mailfax.spool.disk import SpoolFault, SpoolFull


def test_what_is_put_is_got_under_its_sha256(blobs: BlobStore) -> None:
    octets = os.urandom(100_000)
    digest = blobs.put(octets)
    assert digest == hashlib.sha256(octets).hexdigest()
    assert blobs.get(digest) == octets
    assert blobs.exists(digest)
    assert blobs.path(digest).parent.name == digest[:2]
    assert blobs.put(octets) == digest


def test_many_threads_may_put_the_same(blobs: BlobStore) -> None:
    with ThreadPoolExecutor(16) as pool:
        digests = set(pool.map(blobs.put, [b"same"] * 64))
    assert len(digests) == 1
    assert list(blobs.path(digests.pop()).parent.iterdir())


def test_an_unknown_digest_is_missing_and_a_changed_file_is_damaged(blobs: BlobStore) -> None:
    with pytest.raises(BlobMissing):
        blobs.get("0" * 64)
    digest = blobs.put(b"as it was")
    blobs.path(digest).write_bytes(b"as it is!")
    with pytest.raises(BlobDamaged):
        blobs.get(digest)


@pytest.mark.parametrize("damaged", [b"a wh", b"a whole page and more", b"a whole pagE"])
def test_a_damaged_file_is_replaced_when_its_content_is_put_again(blobs: BlobStore, damaged: bytes) -> None:
    digest = blobs.put(b"a whole page")
    blobs.path(digest).write_bytes(damaged)
    with pytest.raises(BlobDamaged):
        blobs.get(digest)
    assert blobs.put(b"a whole page") == digest
    assert blobs.get(digest) == b"a whole page"


def test_temporary_files_of_the_dead_are_swept_and_those_of_the_living_stay(tmp_path: Path, blobs: BlobStore) -> None:
    tmp = settings_for(tmp_path).tmp
    (alive,) = (path.name for path in settings_for(tmp_path).owners.iterdir())
    killed = run_child("accept", tmp_path, crash_at="blob-synced")
    assert killed.returncode == -9
    (left,) = tmp.iterdir()  # the damage is there
    assert not left.name.startswith(alive)
    (tmp / f"{alive}-7").write_bytes(b"a put that goes on in this process")
    BlobStore(settings_for(tmp_path)).close()
    assert [path.name for path in tmp.iterdir()] == [f"{alive}-7"]


def test_a_full_disk_is_spool_full_and_leaves_nothing(blobs: BlobStore, tmp_path: Path) -> None:
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, old[1]))
    try:
        with pytest.raises(SpoolFull):
            blobs.put(os.urandom(5000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
    assert not list(settings_for(tmp_path).tmp.iterdir())
    assert blobs.put(b"small")


def test_another_fault_of_the_disk_is_said_as_one(blobs: BlobStore, tmp_path: Path) -> None:
    settings_for(tmp_path).tmp.rmdir()
    with pytest.raises(SpoolFault, match="No such file"):
        blobs.put(b"nowhere to write")
