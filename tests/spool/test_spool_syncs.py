"""What is synced, and before what: kill -9 keeps the kernel's cache, so only the order of the calls can show this."""

import os
from pathlib import Path

import pytest
from spoolkit import NOW_US, settings_for

from mailfax.model.call import EndOfPageSent, PageConfirmed, PageStarted
from mailfax.model.page import Resolution
from mailfax.spool.blobs import BlobStore
from mailfax.spool.callfolder import CallFolder, CallHeader, Direction, PageFacts


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list to which every sync and rename adds itself, with the last part of its path."""
    seen: list[str] = []
    fsync, fdatasync, rename = os.fsync, os.fdatasync, Path.rename

    def name(handle: int) -> str:
        return Path(f"/proc/self/fd/{handle}").readlink().name

    def note_fsync(handle: int) -> None:
        seen.append(f"sync {name(handle)}")
        fsync(handle)

    def note_fdatasync(handle: int) -> None:
        seen.append(f"sync {name(handle)}")
        fdatasync(handle)

    def note_rename(self: Path, target: Path) -> Path:
        seen.append(f"rename {target.name}")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(os, "fdatasync", note_fdatasync)
    monkeypatch.setattr(Path, "rename", note_rename)
    return seen


def new_call(folder: Path) -> CallFolder:
    header = CallHeader(call_id="C000000000001", line="west", direction=Direction.INBOUND, started_us=NOW_US)
    return CallFolder.create(settings_for(folder).calls, header)


def test_a_blob_is_synced_before_it_has_its_name_and_its_name_after(blobs: BlobStore, steps: list[str]) -> None:
    digest = blobs.put(b"a mail")
    content, name, folder = steps
    assert content.startswith("sync ")
    assert (name, folder) == (f"rename {digest}", f"sync {digest[:2]}")
    steps.clear()
    blobs.put(b"a mail")
    assert steps == [f"sync {digest[:2]}"]


def test_a_call_is_on_disk_with_all_its_folders_before_anything_is_dialled(tmp_path: Path, steps: list[str]) -> None:
    call = new_call(tmp_path)
    assert {"sync spool", "sync calls"} < set(steps)  # the names of calls/ and calls/west/
    assert steps[-4:] == ["sync header.json", "sync .new", "rename C000000000001", "sync west"]
    call.close()


def test_a_page_is_on_disk_before_the_journal_names_it(tmp_path: Path, steps: list[str]) -> None:
    call = new_call(tmp_path)
    steps.clear()
    call.keep_page(0, b"T.6", PageFacts(rows=1, width_px=1728, resolution=Resolution.FINE))
    assert steps == ["sync 0001-1.t6", "sync C000000000001", "sync journal.jsonl"]
    call.close()


def test_the_journal_is_synced_for_what_promises_rest_on_and_for_nothing_else(tmp_path: Path, steps: list[str]) -> None:
    call = new_call(tmp_path)
    steps.clear()
    call.journal(PageStarted(page=1), 1.0)
    assert steps == []
    call.journal(EndOfPageSent(page=1, command="EOP", last=True), 2.0)
    assert steps == ["sync journal.jsonl"]
    call.journal(PageConfirmed(page=1, answer="MCF"), 3.0)
    assert steps == ["sync journal.jsonl"] * 2
    call.close()
