"""A backup made while everything goes on is one moment, whole; it is restored only where it is undamaged and nothing is in its way."""

import itertools
import tarfile
import threading
from contextlib import closing
from pathlib import Path

import pytest
from spoolkit import LATER_US, NOW_US, call_story, document, ids, queue_job, receive_story, recipient, submission

from mailfax.model.ids import Kind
from mailfax.model.job import JobState
from mailfax.model.outcome import Outcome
from mailfax.spool.backup import Backup, BackupFault, back_up
from mailfax.spool.blobs import BlobStore
from mailfax.spool.callfolder import CallFolder, CallHeader, CallJob, Direction
from mailfax.spool.references import named
from mailfax.spool.restore import Restored, RestoreFault, restore
from mailfax.spool.settings import SpoolSettings
from mailfax.spool.store import Store


def live(folder: Path) -> SpoolSettings:
    return SpoolSettings(directory=folder / "spool", reserve_bytes=0)


def saved(tmp_path: Path, target: str = "backup") -> Backup:
    with closing(BlobStore(live(tmp_path))) as blobs:
        return back_up(live(tmp_path), blobs, tmp_path / target, "1", lambda: LATER_US)


def restored(tmp_path: Path, source: str = "backup", *, send_on: bool = False) -> tuple[Restored, SpoolSettings]:
    settings = SpoolSettings(directory=tmp_path / "new", reserve_bytes=0)
    return restore(tmp_path / source, settings, ids(), lambda: LATER_US, send_on=send_on), settings


def accept(store: Store, blobs: BlobStore, octets: bytes) -> str:
    mail_id = store.new_id(Kind.MAIL)
    store.accept(submission(mail_id, recipient("5551234"), digest=blobs.put(octets)), ["5551234"], NOW_US)
    return mail_id


@pytest.mark.parametrize("target", ["backup", "backup.tar", "backup.tar.gz"])
def test_what_was_saved_comes_back(store: Store, blobs: BlobStore, tmp_path: Path, target: str) -> None:
    mail_id = accept(store, blobs, b"From: anna\r\n\r\nHello")
    made = saved(tmp_path, target)
    assert (made.manifest.blobs, made.copied, made.manifest.missing) == (1, 1, ())
    result, settings = restored(tmp_path, target)
    assert (result.blobs, result.missing, len(result.faxes)) == (1, 0, 1)
    with closing(Store(settings, ids())) as again, closing(BlobStore(settings)) as copies:
        mail = again.submission(mail_id)
        assert mail is not None
        assert copies.get(mail.message_digest) == b"From: anna\r\n\r\nHello"


def test_a_fax_that_waited_may_have_been_sent_since_and_is_told_as_uncertain(
    store: Store, blobs: BlobStore, tmp_path: Path
) -> None:
    rendered, waiting = queue_job(store), accept(store, blobs, b"not rendered yet")
    saved(tmp_path)
    _, settings = restored(tmp_path)
    with closing(Store(settings, ids())) as again:
        jobs = again.jobs()
        assert {job.state for job in jobs} == {JobState.UNCERTAIN}
        assert {job.outcome for job in jobs} == {Outcome.RESTORED}
        assert {job.id for job in jobs} >= {rendered}
        assert again.claim_render(LATER_US) is None, f"{waiting} needs no pages any more"
        assert again.claim_job("west", LATER_US) is None
        assert again.next_unnotified() is not None


def test_what_waited_is_sent_where_somebody_knows_that_nothing_was_sent_since(store: Store, tmp_path: Path) -> None:
    job_id = queue_job(store)
    saved(tmp_path)
    result, settings = restored(tmp_path, send_on=True)
    assert result.missing == 1, "spoolkit's pages have no blobs"
    with closing(Store(settings, ids())) as again:
        claim = again.claim_job("west", LATER_US)
        assert claim is not None
        assert claim.job.id == job_id


def test_pages_of_a_call_in_progress_are_saved_with_it(store: Store, tmp_path: Path) -> None:
    receive_story(tmp_path)  # two MCFs were sent; no row knows of the call yet
    assert store.faxes() == ()
    saved(tmp_path)
    _, settings = restored(tmp_path)
    with closing(Store(settings, ids())) as again, closing(BlobStore(settings)) as copies:
        (fax,) = again.faxes()
        assert [copies.get(page.blob.digest) for page in fax.pages] == [b"page 1", b"page 2"]


def test_a_call_that_was_over_before_the_moment_is_not_lost_between_folder_and_row(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder is copied, then the call ends and its rows are committed, then the database is copied: and the other way round."""
    from mailfax.spool import backup

    queue_job(store)
    copies = itertools.count()
    copied = backup._copy_calls

    def copy(calls: Path, target: Path) -> set[str]:
        if next(copies) == 1:  # between the first look at the folders and the second
            call_story(tmp_path)
            for folder in calls.glob("*/C*"):
                backup.callfolder.remove(folder)
        return copied(calls, target)

    monkeypatch.setattr(backup, "_copy_calls", copy)
    saved(tmp_path)
    _, settings = restored(tmp_path)
    with closing(Store(settings, ids())) as again:
        (job,) = again.jobs()
        assert job.outcome in {Outcome.DELIVERED, Outcome.RESTORED}
        assert job.state.final


def test_a_call_that_began_after_the_moment_is_left_out(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its job's attempt is not in the copy of the database: taken over, the folder would be for a job that knows no call."""
    from mailfax.spool import backup

    job_id = queue_job(store)
    copies = itertools.count()
    copied = backup._copy_calls

    def copy(calls: Path, target: Path) -> set[str]:
        if next(copies) == 1:
            claim = store.claim_job("west", NOW_US)
            assert claim is not None
            header = CallHeader(
                call_id=claim.call_id,
                line="west",
                direction=Direction.OUTBOUND,
                started_us=NOW_US,
                number="5551234",
                jobs=(CallJob(job_id=job_id, pages=3, done=frozenset()),),
            )
            CallFolder.create(calls, header).close()
        return copied(calls, target)

    monkeypatch.setattr(backup, "_copy_calls", copy)
    saved(tmp_path)
    result, _ = restored(tmp_path)
    assert result.faxes == (job_id,)


def test_a_backup_of_a_busy_spool_has_every_blob_that_its_rows_name(
    store: Store, blobs: BlobStore, tmp_path: Path
) -> None:
    stop = threading.Event()
    accepted: list[str] = []

    def mails() -> None:
        for number in itertools.count():
            if stop.is_set():
                return
            accepted.append(accept(store, blobs, b"mail %d" % number))

    thread = threading.Thread(target=mails)
    thread.start()
    try:
        while len(accepted) < 5:
            pass
        before = len(accepted)
        made = saved(tmp_path, "busy.tar")
    finally:
        stop.set()
        thread.join()
    assert made.manifest.missing == ()
    assert made.manifest.blobs >= before
    result, settings = restored(tmp_path, "busy.tar")
    assert result.missing == 0
    with closing(Store(settings, ids())) as again:
        assert {job.submission_id for job in again.jobs()} >= set(accepted[:before])


def test_a_folder_is_brought_up_to_date(store: Store, blobs: BlobStore, tmp_path: Path) -> None:
    accept(store, blobs, b"old")
    assert saved(tmp_path).copied == 1
    stray = tmp_path / "backup" / "blobs" / "00" / ("00" * 32)
    stray.parent.mkdir(parents=True, exist_ok=True)
    stray.write_bytes(b"of a mail that retention removed since")
    accept(store, blobs, b"new")
    again = saved(tmp_path)
    assert (again.manifest.blobs, again.copied) == (2, 1)
    assert not stray.exists()
    assert restored(tmp_path)[0].blobs == 2


def test_a_blob_that_the_disk_has_lost_is_named_and_the_rest_is_saved(
    store: Store, blobs: BlobStore, tmp_path: Path
) -> None:
    accept(store, blobs, b"whole")
    accept(store, blobs, b"lost")
    (digest,) = (each for each in store.read(lambda c: set(named(c))) if blobs.get(each) == b"lost")
    blobs.path(digest).write_bytes(b"lisp")
    made = saved(tmp_path)
    assert (made.manifest.blobs, made.manifest.missing) == (1, (digest,))


def damage(path: Path) -> None:
    octets = bytearray(path.read_bytes())
    octets[len(octets) // 2] ^= 0x10
    path.write_bytes(octets)


@pytest.mark.parametrize("what", ["mailfax.db", "blobs/*/*", "calls/*/*/*.t6", "missing", "manifest.json"])
def test_a_damaged_backup_is_refused_and_leaves_nothing(
    store: Store, blobs: BlobStore, tmp_path: Path, what: str
) -> None:
    accept(store, blobs, b"some mail")
    receive_story(tmp_path)
    saved(tmp_path)
    if what == "missing":
        next((tmp_path / "backup").glob("blobs/*/*")).unlink()
    elif what == "manifest.json":
        (tmp_path / "backup" / what).unlink()
    else:
        damage(next((tmp_path / "backup").glob(what)))
    with pytest.raises(RestoreFault, match=r"damaged|no whole backup"):
        restored(tmp_path)
    assert not list((tmp_path / "new").glob("mailfax.db"))
    assert not list((tmp_path / "new").glob("blobs/??/*"))


def test_an_archive_that_was_cut_off_is_refused(store: Store, blobs: BlobStore, tmp_path: Path) -> None:
    accept(store, blobs, b"some mail")
    saved(tmp_path, "cut.tar.gz")
    path = tmp_path / "cut.tar.gz"
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(RestoreFault):
        restored(tmp_path, "cut.tar.gz")


def test_an_archive_that_would_write_elsewhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "evil").write_bytes(b"x")
    with tarfile.open(tmp_path / "evil.tar", "w") as tar:
        tar.add(tmp_path / "evil", "blobs/../../evil")
    with pytest.raises(RestoreFault, match="no part of a backup"):
        restored(tmp_path, "evil.tar")


def test_nothing_is_restored_over_a_spool_that_is_there(store: Store, blobs: BlobStore, tmp_path: Path) -> None:
    accept(store, blobs, b"some mail")
    saved(tmp_path)
    with pytest.raises(RestoreFault, match="has a spool already"):
        restore(tmp_path / "backup", live(tmp_path), ids(), lambda: LATER_US, send_on=False)
    assert len(store.jobs()) == 1
    assert document(1)


def test_a_restore_that_was_cut_off_is_done_again(store: Store, blobs: BlobStore, tmp_path: Path) -> None:
    accept(store, blobs, b"some mail")
    receive_story(tmp_path)
    saved(tmp_path)
    half = tmp_path / "new" / "calls" / "west" / "C00000000000A"
    half.mkdir(parents=True)
    (half / "journal").write_bytes(b"")
    (tmp_path / "new" / ".restore").mkdir()
    result, settings = restored(tmp_path)
    assert result.missing == 0
    with closing(Store(settings, ids())) as again:
        assert len(again.faxes()) == 1


def test_a_backup_does_not_go_into_the_spool_or_over_something_else(store: Store, tmp_path: Path) -> None:
    assert store.jobs() == ()
    with pytest.raises(BackupFault, match="inside the spool"):
        saved(tmp_path, "spool/backup")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"cat")
    with pytest.raises(BackupFault, match="is not empty"):
        saved(tmp_path, "photos")
    assert (tmp_path / "photos" / "cat.jpg").exists()
