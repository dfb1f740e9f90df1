"""A small disk that really is full (a tmpfs of 24 MB; needs root): what was accepted stays and is done when there is room again, the rest hears 452."""

import contextlib
import os
import smtplib
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from gateway_server import BOOKS_LIMIT_S, Letter, Server

from mailfax.model.job import JobState
from mailfax.spool.blobs import BlobStore
from mailfax.spool.references import named
from mailfax.spool.settings import SpoolSettings
from mailfax.spool.store import Store

DISK_MB, DISK_FULL = 24, 452
pytestmark = pytest.mark.interop


@pytest.fixture
def disk() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="mailfax-disk-") as name:
        made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", name], check=False)
        assert made.returncode == 0, "this test mounts a tmpfs, so it needs root"
        try:
            yield Path(name)
        finally:
            subprocess.run(["umount", name], check=True)


@contextlib.contextmanager
def serving(disk: Path, more: str) -> Iterator[Server]:
    server = Server(disk, more=more)
    server.start()
    server.wait_until_up()
    try:
        yield server
    finally:
        server.stop()


def heavy(number: int) -> Letter:
    """A mail of half a megabyte that becomes one page: most of it is a header that nobody faxes."""
    head = f"From: a@b.example\r\nSubject: {number}\r\nMessage-ID: <{number}@b.example>\r\n"
    padding = "".join(f"X-Padding: {os.urandom(32).hex()}\r\n" for _ in range(6500))
    return Letter(sender="a@b.example", numbers=("5551234",), octets=f"{head}{padding}\r\nHello {number}\r\n".encode())


def post_until_452(server: Server, at_most: int = 60) -> int:
    """Post mails until one is refused for want of room; return how many were taken."""
    for number in range(at_most):
        try:
            assert server.post(heavy(number))
        except smtplib.SMTPDataError as refused:
            return number if refused.smtp_code == DISK_FULL else -1
    raise AssertionError("the disk never filled")


def wait_until_rendered(store: Store) -> None:
    deadline_s, mark = time.monotonic() + BOOKS_LIMIT_S, store.changed()
    while waiting := store.jobs([JobState.RENDERING]):
        assert time.monotonic() < deadline_s, f"{len(waiting)} mail(s) are not rendered"
        mark = store.wait_for_change(mark, 0.5, threading.Event())


def fill(disk: Path, leaving_kb: int) -> Path:
    """Put a file on the disk that leaves so little."""
    ballast = disk / "ballast"
    free = os.statvfs(disk)
    ballast.write_bytes(b"\0" * (free.f_bavail * free.f_frsize - leaving_kb * 1024))
    return ballast


def test_on_a_disk_without_an_octet_left_nothing_that_was_accepted_is_lost(disk: Path) -> None:
    with serving(disk, "[spool]\nreserve_mb = 0\n") as server, server.store() as store:
        ballast = fill(disk, 2 * 1024)
        taken = post_until_452(server)
        assert taken >= 1
        assert server.running, "a full disk ends no server"
        assert len(store.jobs()) == taken
        ballast.unlink()
        settings = SpoolSettings(directory=server.config.data_dir, reserve_bytes=0)
        with contextlib.closing(BlobStore(settings)) as blobs:
            assert all(blobs.get(digest) for digest in store.read(lambda c: set(named(c))))
        assert server.post(heavy(999)), "nothing needs a restart"
        wait_until_rendered(store)
        assert {job.pages for job in store.jobs()} == {1}
