"""kill -9 at every fault point: nothing that was promised is missing, nothing happens twice in silence."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from spoolkit import LATER_US, NOW_US, claim_all, forked, inbound, open_store, queue_job, run_child, settings_for

from mailfax.model.job import JobState
from mailfax.model.outcome import Outcome
from mailfax.spool.adopt import Adopted, adopt_orphans
from mailfax.spool.blobs import BlobStore
from mailfax.spool.callfolder import CallFolder, CallHeader, CallJob, Direction
from mailfax.spool.records import DeliveryState, Recovered
from mailfax.spool.retry import RetryPolicy
from mailfax.spool.store import Store


@pytest.fixture
def restarted(tmp_path: Path, store: Store, blobs: BlobStore) -> "Restart":
    return Restart(tmp_path, store, blobs)


class Restart:
    """The server after a crash. Its own store is open all the time, as another process's would be."""

    def __init__(self, folder: Path, store: Store, blobs: BlobStore) -> None:
        self.folder, self.store, self.blobs = folder, store, blobs

    def after(self, story: str, crash_at: str) -> list[str]:
        """Run a story that is killed; returns what it had said."""
        child = run_child(story, self.folder, crash_at)
        assert child.returncode == -9, child.stderr
        return child.stdout.splitlines()

    def recover(self) -> Adopted:
        calls = settings_for(self.folder).calls
        return adopt_orphans(self.store, self.blobs, calls, policy=RetryPolicy(), now_us=LATER_US)


@pytest.mark.parametrize("point", ["blob-synced", "blob-renamed", "commit-before"])
def test_a_mail_that_was_not_committed_was_not_promised(restarted: Restart, point: str) -> None:
    said = restarted.after("accept", point)
    assert said == []
    restarted.recover()
    assert restarted.store.jobs() == ()


@pytest.mark.parametrize("point", ["accept-committed", "render-claimed", "commit-before:2", "commit-before:3"])
def test_an_accepted_mail_is_rendered_after_the_restart(restarted: Restart, point: str) -> None:
    restarted.after("accept", point)
    (job,) = restarted.store.jobs()
    restarted.recover()
    found = restarted.store.claim_render(LATER_US)
    assert found is not None
    assert found.id == job.submission_id
    assert restarted.blobs.get(found.message_digest).startswith(b"From: anna")


def test_a_document_that_was_committed_is_not_made_again(restarted: Restart) -> None:
    restarted.after("accept", "document-committed")
    restarted.recover()
    assert restarted.store.claim_render(LATER_US) is None
    assert restarted.store.claim_job("west", LATER_US) is not None


@pytest.mark.parametrize("point", ["job-claimed"])
def test_a_job_whose_call_was_never_dialled_is_queued_as_if_nothing_had_been(restarted: Restart, point: str) -> None:
    job_id = queue_job(restarted.store)
    assert "dialling" not in restarted.after("call", point)
    adopted = restarted.recover()
    assert (adopted.job_ids, adopted.recovered.jobs) == ((), 1)
    claim = restarted.store.claim_job("west", LATER_US)
    assert claim is not None
    assert (claim.job.id, claim.job.dials) == (job_id, 1)


@pytest.mark.parametrize(
    ("point", "confirmed", "state", "note"),
    [
        ("call-created", 0, JobState.QUEUED, ""),
        ("call-end-of-page-noted", 0, JobState.QUEUED, "Page 1 may have arrived twice"),
        ("call-confirmation-noted", 1, JobState.QUEUED, ""),
        ("call-end-of-page-noted:2", 1, JobState.QUEUED, "Page 2 may have arrived twice"),
        ("call-end-of-page-noted:3", 2, JobState.UNCERTAIN, "Page 3 was sent but not confirmed"),
        ("call-confirmation-noted:3", 3, JobState.DELIVERED, ""),
        ("call-finished", 3, JobState.DELIVERED, ""),
        ("commit-before:2", 3, JobState.DELIVERED, ""),
        ("call-committed", 3, JobState.DELIVERED, ""),
    ],
)
def test_a_call_that_was_cut_off_is_settled_from_its_journal(
    restarted: Restart, point: str, confirmed: int, state: JobState, note: str
) -> None:
    job_id = queue_job(restarted.store)
    restarted.after("call", point)
    restarted.recover()
    job = restarted.store.job(job_id)
    assert job is not None
    assert (job.state, job.confirmed_pages) == (state, confirmed)
    assert note in " ".join(job.notes)
    assert len(restarted.store.attempts(job_id)) == 1
    assert not list(settings_for(restarted.folder).calls.glob("west/C*"))
    restarted.recover()
    assert restarted.store.job(job_id) == job
    if state is JobState.QUEUED:
        assert run_child("call", restarted.folder).returncode == 0
        job = restarted.store.job(job_id)
        assert job is not None
        assert job.state is JobState.DELIVERED


@pytest.mark.parametrize(
    ("point", "pages", "outcome"),
    [
        ("call-created", [], Outcome.INTERRUPTED),
        ("page-written", [], Outcome.INTERRUPTED),
        ("page-kept", [b"page 1"], Outcome.INTERRUPTED),
        ("page-written:2", [b"page 1"], Outcome.INTERRUPTED),
        ("page-kept:2", [b"page 1", b"page 2"], Outcome.INTERRUPTED),
        ("call-finished", [b"page 1", b"page 2"], Outcome.RECEIVED),
    ],
)
def test_every_page_that_was_confirmed_is_in_the_fax(
    restarted: Restart, point: str, pages: list[bytes], outcome: Outcome
) -> None:
    said = restarted.after("receive", point)
    adopted = restarted.recover()
    (fax,) = restarted.store.faxes()
    assert adopted.fax_ids == (fax.id,)
    assert fax.outcome is outcome
    assert [restarted.blobs.get(page.blob.digest) for page in fax.pages] == pages
    assert len(said) <= len(pages)
    restarted.recover()
    assert restarted.store.faxes() == (fax,)


@pytest.mark.parametrize("point", ["blob-renamed:1", "fax-committed"])
def test_a_crash_while_a_fax_is_taken_over_neither_loses_nor_doubles_it(restarted: Restart, point: str) -> None:
    restarted.after("receive", "call-finished")
    restarted.after("adopt", point)
    restarted.recover()
    (fax,) = restarted.store.faxes()
    assert [restarted.blobs.get(page.blob.digest) for page in fax.pages] == [b"page 1", b"page 2"]


@pytest.mark.parametrize(
    "point",
    ["commit-before", "notice-committed", "commit-before:2", "route-committed", "commit-before:3", "delivery-claimed"],
)
def test_a_notice_and_a_received_fax_are_neither_lost_nor_made_twice(restarted: Restart, point: str) -> None:
    queue_job(restarted.store)
    run_child("call", restarted.folder)
    restarted.store.add_fax(inbound(), NOW_US)
    assert restarted.after("mail", point) == []
    restarted.recover()
    assert run_child("mail", restarted.folder).returncode == 0
    done = restarted.store.deliveries()
    assert sorted(delivery.recipient for delivery in done) == ["anna@office.lan", "berta@office.lan"]
    assert {delivery.state for delivery in done} == {DeliveryState.DONE}


def test_a_mail_whose_end_was_committed_is_not_sent_again(restarted: Restart) -> None:
    restarted.store.add_fax(inbound(), NOW_US)
    assert restarted.after("mail", "delivery-committed") == ["mailed berta@office.lan"]
    restarted.recover()
    assert run_child("mail", restarted.folder).stdout == ""


def test_recovery_leaves_the_living_alone(tmp_path: Path, store: Store, blobs: BlobStore) -> None:
    queue_job(store)
    queue_job(store, "5559999")
    claim = store.claim_job("west", NOW_US)
    assert claim is not None
    dialling = store.claim_job("east", NOW_US)
    assert dialling is not None
    header = CallHeader(
        call_id=claim.call_id,
        line="west",
        direction=Direction.OUTBOUND,
        started_us=NOW_US,
        jobs=(CallJob(job_id=claim.job.id, pages=3),),
    )
    call = CallFolder.create(settings_for(tmp_path).calls, header)
    restart = Restart(tmp_path, open_store(tmp_path), blobs)
    nothing = Recovered(renders=0, jobs=0, deliveries=0)
    assert restart.recover() == Adopted(job_ids=(), fax_ids=(), damaged=(), recovered=nothing)
    call.close()
    restart.store.close()


def test_a_call_that_cannot_be_read_is_uncertain_and_its_folder_is_left_to_a_person(restarted: Restart) -> None:
    job_id = queue_job(restarted.store)
    restarted.after("call", "call-end-of-page-noted")
    (path,) = settings_for(restarted.folder).calls.glob("west/C*")
    (path / "header.json").write_bytes(b"\0" * 40)
    adopted = restarted.recover()
    assert adopted.damaged == (path,)
    job = restarted.store.job(job_id)
    assert job is not None
    assert job.state is JobState.UNCERTAIN
    assert path.exists()


def test_several_processes_never_claim_the_same_job(tmp_path: Path, store: Store) -> None:
    queued = {queue_job(store, str(number)) for number in range(1000, 1060)}
    context = forked()
    together, claimed = context.Barrier(4), context.SimpleQueue()
    children = [context.Process(target=claim_all, args=(tmp_path, together, claimed)) for _ in range(4)]
    for child in children:
        child.start()
    by_child = [claimed.get() for _ in children]
    for child in children:
        child.join()
    assert sorted(job_id for job_ids in by_child for job_id in job_ids) == sorted(queued)


def test_several_processes_may_open_a_new_spool_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        children = list(pool.map(lambda _: run_child("open", tmp_path), range(4)))
    assert [(child.returncode, child.stderr) for child in children] == [(0, "")] * 4
    store = open_store(tmp_path)
    assert store.jobs() == ()
    store.close()


def test_a_store_is_not_carried_over_a_fork(tmp_path: Path) -> None:
    assert run_child("fork", tmp_path).stdout == "refused\n"
