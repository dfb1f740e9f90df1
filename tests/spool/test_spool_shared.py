"""Several gateways on one PostgreSQL: who may take whose work, and what is known of it when one of them goes away."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from spoolkit import LATER_US, NOW_US, ids, mail, queue_job, submission
from sqlalchemy import Connection, text

from cut_wire import CutWire
from mailfax.model.call import CallResult, EndOfPageSent, PageConfirmed
from mailfax.model.ids import Kind
from mailfax.model.job import JobState
from mailfax.model.outcome import Outcome
from mailfax.spool import jobs
from mailfax.spool.adopt import adopt_orphans, settle_lost
from mailfax.spool.blobs import BlobStore
from mailfax.spool.callfolder import CallFolder, CallHeader, CallJob, Direction
from mailfax.spool.disk import SpoolError, SpoolFault
from mailfax.spool.records import Batch, Claim, Share
from mailfax.spool.retry import RetryPolicy, decide
from mailfax.spool.settings import SharedDatabase, SpoolSettings
from mailfax.spool.store import Store
from mailfax.spool.tables import metadata
from postgres_server import PostgresServer


class Gateways:
    """Gateways by name, each with a folder of its own and one database in common."""

    def __init__(self, folder: Path, url: str) -> None:
        self._folder, self.url = folder, url
        self._open = contextlib.ExitStack()

    def settings(self, node: str, url: str = "") -> SpoolSettings:
        shared = SharedDatabase(url=url or self.url, node=node, lost_after_s=600)
        return SpoolSettings(directory=self._folder / node, reserve_bytes=0, shared=shared)

    def store(self, node: str, url: str = "") -> Store:
        return self._open.enter_context(contextlib.closing(Store(self.settings(node, url), ids())))

    def blobs(self, settings: SpoolSettings) -> BlobStore:
        return self._open.enter_context(contextlib.closing(BlobStore(settings)))

    def close(self) -> None:
        self._open.close()


@pytest.fixture
def gateways(tmp_path: Path, postgres: PostgresServer) -> Iterator[Gateways]:
    several = Gateways(tmp_path, postgres.new_database())
    yield several
    several.close()


def silent_for(store: Store, node: str, seconds: int) -> None:
    """Let a gateway's lease have run out so long ago."""
    asked = "UPDATE nodes SET lease_until_us = (extract(epoch FROM clock_timestamp()) - :s) * 1000000 WHERE name = :n"
    assert store.write(lambda c: c.execute(text(asked), {"s": seconds, "n": node}).rowcount) == 1


def gone(store: Store, other: Store, node: str, seconds: int) -> None:
    """Let a gateway that held its lease be dead for so long."""
    store.changed()
    store.close()
    silent_for(other, node, seconds)


def claimed(store: Store, line: str = "west", now_us: int = NOW_US) -> Claim:
    claim = store.claim_job(line, now_us)
    assert claim is not None
    return claim


def state(store: Store, job_id: str) -> JobState:
    job = store.job(job_id)
    assert job is not None
    return job.state


def call_folder(gateways: Gateways, node: str, claim: Claim) -> CallFolder:
    header = CallHeader(
        call_id=claim.call_id,
        line="west",
        direction=Direction.OUTBOUND,
        started_us=NOW_US,
        number=claim.job.number,
        jobs=(CallJob(job_id=claim.job.id, pages=3),),
    )
    return CallFolder.create(gateways.settings(node).calls, header)


def test_the_schema_is_what_the_tables_say(gateways: Gateways) -> None:
    store = gateways.store("a")
    assert store.read(lambda c: compare_metadata(MigrationContext.configure(c), metadata)) == []


def test_what_a_living_gateway_has_claimed_is_left_to_it(gateways: Gateways) -> None:
    a, b = gateways.store("a"), gateways.store("b")
    a.changed()
    job_id = queue_job(a)
    claimed(a)
    assert b.recover(LATER_US).jobs == 0
    assert state(b, job_id) is JobState.ON_LINE


def test_what_a_dead_gateway_had_claimed_and_not_dialled_is_sent_by_another(gateways: Gateways) -> None:
    a, b = gateways.store("a"), gateways.store("b")
    job_id = queue_job(a)
    a.accept(submission(a.new_id(Kind.MAIL)), ["5551111"], NOW_US)
    a.claim_render(NOW_US)
    claimed(a)
    gone(a, b, "a", 1)
    back = b.recover(LATER_US)
    assert (back.jobs, back.renders) == (1, 1)
    claim = claimed(b, now_us=LATER_US)
    assert (claim.job.id, claim.job.dials) == (job_id, 1)


def test_a_gateway_that_was_silent_too_long_does_not_dial_what_was_taken_from_it(gateways: Gateways) -> None:
    a, b = gateways.store("a"), gateways.store("b")
    queue_job(a)
    a.changed()
    claim = claimed(a)
    silent_for(b, "a", 1)
    assert b.recover(LATER_US).jobs == 1
    assert not a.dialling(claim.call_id, LATER_US)
    assert claimed(b, now_us=LATER_US).call_id != claim.call_id


def test_what_was_dialled_waits_for_its_gateway_and_is_then_uncertain(gateways: Gateways) -> None:
    a, b = gateways.store("a"), gateways.store("b")
    job_id = queue_job(a)
    assert a.dialling(claimed(a).call_id, NOW_US)
    gone(a, b, "a", 599)
    assert b.recover(LATER_US).jobs == 0
    assert settle_lost(b, RetryPolicy(), LATER_US) == ()
    silent_for(b, "a", 601)
    assert settle_lost(b, RetryPolicy(), LATER_US) == (job_id,)
    assert state(b, job_id) is JobState.UNCERTAIN
    (attempt,) = b.attempts(job_id)
    assert attempt.result is not None
    assert "left no word" in attempt.result.detail


@pytest.mark.parametrize("pages_heard", [3, 2])
def test_a_gateway_that_comes_back_tells_what_its_call_came_to(gateways: Gateways, pages_heard: int) -> None:
    a, b = gateways.store("a"), gateways.store("b")
    job_id = queue_job(a)
    claim = claimed(a)
    call = call_folder(gateways, "a", claim)
    assert a.dialling(claim.call_id, NOW_US)
    for page in range(1, pages_heard + 1):
        call.journal(EndOfPageSent(page=page, command="EOP" if page == 3 else "MPS", last=page == 3), 10.0 * page)
        call.journal(PageConfirmed(page=page, answer="MCF"), 10.0 * page + 1)
    call.close()
    gone(a, b, "a", 601)
    settle_lost(b, RetryPolicy(), LATER_US)
    untold = b.next_unnotified()
    assert untold is not None
    b.notified([job_id], [mail()], LATER_US)
    again = gateways.store("a")
    calls = gateways.settings("a").calls
    adopt_orphans(again, gateways.blobs(gateways.settings("a")), calls, policy=RetryPolicy(), now_us=LATER_US)
    delivered = pages_heard == 3
    assert state(b, job_id) is (JobState.DELIVERED if delivered else JobState.UNCERTAIN)
    assert (b.next_unnotified() is not None) == delivered  # who was told what is not so is told again
    assert "known after all" in b.history(job_id)[-1].why
    assert not list(calls.glob("*/C*"))


def test_a_gateway_that_comes_back_without_its_disk_does_not_dial_again(gateways: Gateways) -> None:
    a = gateways.store("a")
    job_id = queue_job(a)
    assert a.dialling(claimed(a).call_id, NOW_US)
    a.close()
    again = gateways.store("a")
    assert again.recover(LATER_US).jobs == 0
    assert settle_lost(again, RetryPolicy(), LATER_US) == (job_id,)
    assert state(again, job_id) is JobState.UNCERTAIN


def test_two_gateways_cannot_go_by_one_name(gateways: Gateways, tmp_path: Path) -> None:
    gateways.store("a").changed()
    other = replace(gateways.settings("a"), directory=tmp_path / "elsewhere")
    with contextlib.closing(Store(other, ids())) as namesake, pytest.raises(SpoolFault, match="called a already"):
        namesake.recover(NOW_US)


def test_a_commit_of_one_gateway_wakes_another(gateways: Gateways) -> None:
    a, b = gateways.store("a"), gateways.store("b")
    mark = b.changed()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(b.wait_for_change, mark, 20.0, threading.Event())
        queue_job(a)
        assert waiting.result(10) != mark


def test_lines_of_one_name_are_each_their_gateways(gateways: Gateways) -> None:
    a, b = gateways.store("a"), gateways.store("b")
    for store, number in ((a, "5551111"), (b, "5552222")):
        queue_job(store, number)
        claimed(store)
    full = Share(group=("west", "east"), keep_free=0, stagger_s=3600)
    queue_job(a, "5553333")
    assert a.claim_job("east", NOW_US + 1, share=full) is None
    c = gateways.store("c")
    assert c.claim_job("east", NOW_US + 1, share=full) is not None


def test_many_lines_of_two_gateways_claim_each_job_once_and_each_number_one_at_a_time(gateways: Gateways) -> None:
    stores = [gateways.store(name) for name in ("a", "b") for _ in range(2)]
    queued = {queue_job(stores[0], f"555{number % 8:04}") for number in range(40)}
    sent: list[str] = []
    on_line: set[str] = set()
    watching = threading.Lock()

    def work(store: Store) -> None:
        never, mark = threading.Event(), store.changed()
        while len(sent) < len(queued):
            claim = store.claim_job("west", NOW_US, Batch(max_jobs=2))
            if claim is None:
                mark = store.wait_for_change(mark, 0.2, never)
                continue
            with watching:
                assert claim.job.number not in on_line
                on_line.add(claim.job.number)
            with watching:
                on_line.remove(claim.job.number)
            for part in claim.parts:
                result = CallResult(outcome=Outcome.DELIVERED, confirmed=frozenset({1, 2, 3}))
                decision = decide(part.job, result, NOW_US, RetryPolicy())
                store.record_call(claim.call_id, part.job.id, result, decision, NOW_US)
                sent.append(part.job.id)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, stores))
    assert sorted(sent) == sorted(queued)
    assert {state(stores[0], job_id) for job_id in queued} == {JobState.DELIVERED}


def test_a_job_that_is_just_being_claimed_is_not_cancelled(gateways: Gateways) -> None:
    a, b, c = (gateways.store(name) for name in "abc")
    job_id = queue_job(a)
    inside, go_on = threading.Event(), threading.Event()

    def claim_slowly(connection: Connection) -> None:
        assert jobs.claim(connection, a.new_id, "a.x", "west", NOW_US, batch=Batch(), share=Share(node="a"))
        inside.set()
        go_on.wait(20)

    claiming = a.write_async(claim_slowly)
    assert inside.wait(20)
    with ThreadPoolExecutor(1) as pool:
        cancelling = pool.submit(b.cancel, job_id, NOW_US)
        passed_over = c.claim_job("east", NOW_US)
        go_on.set()
        claiming.result(20)
        assert cancelling.result(20) is False
    assert passed_over is None
    assert state(b, job_id) is JobState.ON_LINE


def test_text_that_postgresql_cannot_hold_is_kept_readable(gateways: Gateways) -> None:
    store = gateways.store("a")
    mail_id = store.new_id(Kind.MAIL)
    store.accept(replace(submission(mail_id), subject="a\0b"), ["5551234"], NOW_US)
    kept = store.submission(mail_id)
    assert kept is not None
    assert kept.subject == "a␀b"


@pytest.mark.parametrize("in_folder", [False, True])
def test_pages_of_one_gateway_are_there_for_another(gateways: Gateways, tmp_path: Path, in_folder: bool) -> None:
    def settings(node: str) -> SpoolSettings:
        gateways.store(node)
        plain = gateways.settings(node)
        assert plain.shared is not None
        folder = tmp_path / "common" if in_folder else None
        return replace(plain, shared=replace(plain.shared, pages_folder=folder))

    a, b = gateways.blobs(settings("a")), gateways.blobs(settings("b"))
    digest = a.put(b"a page")
    b.bring([digest, "00" * 32])
    assert b.path(digest).read_bytes() == b"a page"
    assert b.get(digest) == b"a page"
    assert (a.path(digest) == b.path(digest)) == in_folder


@pytest.fixture
def wire(postgres: PostgresServer) -> Iterator[CutWire]:
    with CutWire(postgres.port) as made:
        yield made


@pytest.fixture
def far(gateways: Gateways, wire: CutWire, postgres: PostgresServer) -> Store:
    return gateways.store("far", postgres.url(gateways.url.rpartition("/")[2], wire.port))


def accept_one(store: Store, number: str = "5551234") -> None:
    store.accept(submission(store.new_id(Kind.MAIL)), [number], NOW_US)


def test_a_store_that_was_cut_off_says_so_and_works_again(gateways: Gateways, far: Store, wire: CutWire) -> None:
    mark = far.changed()
    accept_one(far)
    wire.cut()
    questions: list[Callable[[], object]] = [lambda: accept_one(far), far.jobs]
    for question in questions:
        with pytest.raises(SpoolError):
            question()
    wire.mend()
    accept_one(far)
    assert len(far.jobs()) == 2
    assert far.wait_for_change(mark, 10.0, threading.Event()) != mark
    accept_one(gateways.store("near"))
    assert len(far.jobs()) == 3


def test_a_commit_whose_answer_was_lost_counts(far: Store, wire: CutWire) -> None:
    accept_one(far)
    wire.break_in_commit()
    accept_one(far, "5559999")  # no error: it was kept, and asked about
    assert len(far.jobs()) == 2
    assert far.history(far.jobs()[0].id)


def test_a_claim_of_which_nobody_knows_is_given_back(
    gateways: Gateways, far: Store, wire: CutWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailfax.spool.postgres.FIND_OUT_S", 0.0)
    near = gateways.store("near")
    accept_one(near)
    far.changed()
    wire.break_in_commit()
    original = far._database.kept

    def kept(seal: object) -> bool:
        wire.cut()  # nobody can be asked
        return original(seal)

    monkeypatch.setattr(far._database, "kept", kept)
    with pytest.raises(SpoolError, match="not known"):
        far.claim_render(NOW_US)
    assert near.claim_render(NOW_US) is None  # it was kept
    wire.mend()
    assert far.recover(NOW_US).renders == 1
    assert near.claim_render(NOW_US) is not None
