"""The clock of the machine is set back and forward while faxes wait: nothing waits for a year, is given up at once, or removed."""

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mailfax.gateway.acceptance import Intake, accept_mail
from mailfax.gateway.clockwatch import ClockWatch
from mailfax.gateway.expiry import ExpiryDesk
from mailfax.gateway.housekeeping import HousekeepingDesk
from mailfax.gateway.resting import Resting
from mailfax.model.address import FaxAddress
from mailfax.model.call import CallResult
from mailfax.model.document import Document, DocumentPage
from mailfax.model.ids import IdMaker
from mailfax.model.job import Job, JobState
from mailfax.model.outcome import Outcome
from mailfax.model.page import PageBlob, Resolution
from mailfax.model.submission import Recipient
from mailfax.spool.blobs import BlobStore
from mailfax.spool.orphans import OrphanHunt
from mailfax.spool.records import DeliveryKind, NewDelivery
from mailfax.spool.retention import RetentionPolicy
from mailfax.spool.retry import RetryPolicy, decide
from mailfax.spool.settings import SpoolSettings
from mailfax.spool.store import Store

MINUTE_S, HOUR_S = 60, 3600
DAY_S = 24 * HOUR_S
YEAR_S = 365 * DAY_S
PAGE = PageBlob(digest="ab" * 32, resolution=Resolution.FINE, width_px=1728, rows=2287, size=5000)


@dataclass
class Machine:
    """A gateway's workers on a machine whose clock can be set."""

    folder: Path
    wall_s: float = 1_795_356_000.0
    steady_s: float = 1000.0
    store: Store = field(init=False)

    def __post_init__(self) -> None:
        self.settings = SpoolSettings(directory=self.folder, reserve_bytes=0)
        self.new_id = IdMaker(now_us=self.now_us, random_bits=lambda _bits: 7)
        self.store, self.blobs = Store(self.settings, self.new_id), BlobStore(self.settings)
        self.start()

    def start(self) -> None:
        """Start the server's workers."""
        self.watch = ClockWatch(store=self.store, now_us=self.now_us, clock_s=self.clock_s)
        self.desks = (
            self.watch,
            ExpiryDesk(store=self.store, give_up_s=48 * HOUR_S, clock=self.watch, now_us=self.now_us),
            HousekeepingDesk(
                store=self.store,
                hunt=OrphanHunt(self.store, self.blobs, self.settings, self.clock_s),
                policy=RetentionPolicy(
                    mails_days=30, sent_pages_days=30, received_pages_days=30, outgoing_days=30, records_days=30
                ),
                calls=self.settings.calls,
                clock=self.watch,
                now_us=self.now_us,
                clock_s=self.clock_s,
            ),
        )
        self.work()

    def now_us(self) -> int:
        return round(self.wall_s * 1_000_000)

    def clock_s(self) -> float:
        return self.steady_s

    def work(self) -> None:
        for desk in self.desks:
            desk.step()

    def pass_time(self, seconds: float) -> None:
        """Let time pass as it does, with a look at the clocks every minute and at the end."""
        for _ in range(int(seconds // MINUTE_S)):
            self._tick(MINUTE_S)
        self._tick(seconds % MINUTE_S)

    def _tick(self, seconds: float) -> None:
        self.wall_s += seconds
        self.steady_s += seconds
        self.work()

    def set_clock(self, by_s: float) -> None:
        self.wall_s += by_s
        self.work()

    def queue(self) -> Job:
        submission, taken = accept_mail(
            Intake(store=self.store, blobs=self.blobs, new_id=self.new_id),
            b"Subject: x\r\n\r\nx\r\n",
            now_us=self.now_us(),
            sender="alice@example.org",
            client="127.0.0.1",
            identity="",
            recipients=[Recipient(address=FaxAddress(number="5551234", domain="fax.lan"))],
        )
        (job,) = taken.jobs
        self.store.claim_render(self.now_us())
        self.store.set_document(
            submission.id, Document(pages=(DocumentPage(fine=PAGE, standard=PAGE),), account=()), self.now_us()
        )
        return job

    def find_busy(self) -> None:
        """Dial what is due, and find it busy: it is tried again in three minutes."""
        claim = self.store.claim_job("out", self.now_us())
        assert claim is not None
        result = CallResult(outcome=Outcome.BUSY)
        decision = decide(claim.job, result, self.now_us(), RetryPolicy())
        self.store.record_call(claim.call_id, claim.job.id, result, decision, self.now_us())

    def state(self, job: Job) -> JobState:
        found = self.store.job(job.id)
        assert found is not None
        return found.state

    @property
    def due(self) -> bool:
        claim = self.store.claim_job("out", self.now_us())
        return claim is not None


@pytest.fixture(scope="module")
def new_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database as alembic makes it, once for all."""
    settings = SpoolSettings(directory=tmp_path_factory.mktemp("new"), reserve_bytes=0)
    Store(settings, IdMaker(now_us=lambda: 0, random_bits=lambda _bits: 7)).close()
    return settings.database


@pytest.fixture
def machine(tmp_path: Path, new_database: Path) -> Iterator[Machine]:
    shutil.copy(new_database, SpoolSettings(directory=tmp_path, reserve_bytes=0).database)
    made = Machine(tmp_path)
    with contextlib.closing(made.store), contextlib.closing(made.blobs):
        yield made


@pytest.mark.parametrize("jump_s", [-YEAR_S, -HOUR_S, HOUR_S, YEAR_S])
def test_a_retry_waits_as_long_as_it_was_to_wait(machine: Machine, jump_s: float) -> None:
    machine.queue()
    machine.find_busy()
    machine.pass_time(MINUTE_S)
    machine.set_clock(jump_s)
    machine.pass_time(MINUTE_S)
    assert not machine.due
    machine.pass_time(2 * MINUTE_S)
    assert machine.due


@pytest.mark.parametrize("jump_s", [-YEAR_S, -HOUR_S])
def test_a_clock_that_was_set_back_while_the_server_was_down_delays_no_retry(machine: Machine, jump_s: float) -> None:
    machine.queue()
    machine.find_busy()
    machine.wall_s += jump_s
    machine.start()
    machine.pass_time(4 * MINUTE_S)
    assert machine.due


@pytest.mark.parametrize("jump_s", [-YEAR_S, -HOUR_S, YEAR_S])
def test_a_mail_that_waits_for_its_server_waits_no_longer_and_no_shorter(machine: Machine, jump_s: float) -> None:
    job = machine.queue()
    notice = NewDelivery(kind=DeliveryKind.NOTICE, recipient="a@b.c", sender="", message_digest=machine.blobs.put(b"x"))
    machine.store.notified([job.id], [notice], machine.now_us())
    delivery = machine.store.claim_delivery(machine.now_us())
    assert delivery is not None
    machine.store.delivery_deferred(delivery.id, machine.now_us() + 10 * MINUTE_S * 1_000_000, "451", machine.now_us())
    machine.pass_time(MINUTE_S)
    machine.set_clock(jump_s)
    assert machine.store.claim_delivery(machine.now_us()) is None
    machine.pass_time(10 * MINUTE_S)
    assert machine.store.claim_delivery(machine.now_us()) is not None


def test_a_clock_that_is_wrong_for_half_an_hour_gives_nothing_up(machine: Machine) -> None:
    job = machine.queue()
    machine.pass_time(2 * MINUTE_S)
    machine.set_clock(YEAR_S)
    machine.pass_time(30 * MINUTE_S)
    machine.set_clock(-YEAR_S)
    machine.pass_time(2 * HOUR_S)
    assert machine.state(job) is JobState.QUEUED


def test_one_that_stays_changed_ends_what_is_too_old_and_that_is_told(machine: Machine) -> None:
    job = machine.queue()
    machine.pass_time(2 * MINUTE_S)
    machine.set_clock(YEAR_S)
    machine.pass_time(59 * MINUTE_S)
    assert machine.state(job) is JobState.QUEUED
    machine.pass_time(2 * MINUTE_S)
    assert machine.state(job) is JobState.FAILED
    assert machine.store.next_unnotified() is not None


def test_a_wrong_clock_removes_no_content_and_no_blob_that_waits_for_its_row(machine: Machine) -> None:
    job = machine.queue()
    machine.store.cancel(job.id, machine.now_us())
    machine.store.notified([job.id], [], machine.now_us())
    on_its_way = machine.blobs.put(b"a mail whose row comes in a second")
    machine.set_clock(YEAR_S)
    machine.pass_time(30 * MINUTE_S)
    machine.set_clock(-YEAR_S)
    machine.pass_time(25 * MINUTE_S)
    submission = machine.store.submission(job.submission_id)
    assert submission is not None
    assert machine.blobs.get(submission.message_digest)
    assert machine.blobs.exists(on_its_way)


def test_time_that_is_over_removes_the_content_and_an_hour_later_its_blobs(machine: Machine) -> None:
    job = machine.queue()
    machine.store.cancel(job.id, machine.now_us())
    machine.store.notified([job.id], [], machine.now_us())
    submission = machine.store.submission(job.submission_id)
    assert submission is not None
    machine.wall_s += 31 * DAY_S
    machine.steady_s += 31 * DAY_S
    machine.work()
    assert machine.blobs.exists(submission.message_digest)
    machine.pass_time(2 * HOUR_S)
    assert not machine.blobs.exists(submission.message_digest)


def test_work_that_rests_does_not_rest_for_a_year(machine: Machine) -> None:
    resting = Resting()
    with contextlib.suppress(RuntimeError), resting.unless_done("F1", machine.now_us()):
        raise RuntimeError
    assert resting.now(machine.now_us() + 1) == {"F1"}
    assert resting.now(machine.now_us() - YEAR_S * 1_000_000) == frozenset()
