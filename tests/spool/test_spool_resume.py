"""A fax whose call broke off goes on where it stopped: the queue's own calls over the virtual wire, one after the other (QU7, CV4)."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from spoolkit import MINUTE_US, NOW_US, open_store, recipient, settings_for, submission

from mailfax.daemon.clock import id_maker
from mailfax.gateway.desk import CallPolicy, Desk
from mailfax.gateway.identity import Identity, SentHeader
from mailfax.gateway.live import Live
from mailfax.gateway.outbound import place_call
from mailfax.gateway.pages import account_of, received_page
from mailfax.model.document import Document, DocumentPage
from mailfax.model.ids import Kind
from mailfax.model.job import JobState
from mailfax.model.page import Coding, PageBlob, Resolution
from mailfax.modem.pump import run_call
from mailfax.modem.virtual.damage import BitErrors, CutLine, Damage, LoseCarrier, NthFrame, OfKind
from mailfax.modem.virtual.pair import join
from mailfax.modem.virtual.signals import Side, SignalKind
from mailfax.spool.blobs import BlobStore
from mailfax.spool.retry import RetryPolicy
from mailfax.t4codec import Bitmap, encode
from mailfax.t30.answerer import AnswererStation, answer
from mailfax.t30.caller import AfterRtn
from mailfax.t30.commands import BlockStored, KeeperCommand, KeeperResult, Noted, StoreBlock, StorePage
from mailfax.t30.frames import Fcf
from mailfax.t30.negotiate import FULL_OFFER, Offer

ROWS = 60
IDENTITY = Identity(station_id="5550001", name="Meridian", time_zone="UTC")
PLAIN = Offer()


class FarMachine:
    """Keeps what it receives."""

    def __init__(self) -> None:
        self.pages: list[Bitmap] = []

    def perform(self, command: KeeperCommand) -> KeeperResult:
        match command:
            case StorePage(octets=octets, form=form):
                _, decoded = received_page(octets, form)
                self.pages.append(decoded.bitmap)
                return account_of(decoded)
            case StoreBlock():
                return BlockStored()
            case _:
                return Noted()


class Office:
    """A gateway's sending half: a spool with one fax of so many pages, and calls made of it."""

    def __init__(self, folder: Path, pages: int, policy: CallPolicy, offer: Offer = FULL_OFFER) -> None:
        self.store, self.blobs = open_store(folder), BlobStore(settings_for(folder))
        self.bodies = [
            Bitmap.from_bool(np.random.default_rng(page).random((ROWS, 1728)) < 0.02) for page in range(pages)
        ]
        (job,) = self.store.accept(
            submission(self.store.new_id(Kind.MAIL), recipient("5551234")), ["5551234"], NOW_US
        ).jobs
        claimed = self.store.claim_render(NOW_US)
        assert claimed is not None
        made = tuple(DocumentPage(fine=blob, standard=blob) for blob in map(self._blob, self.bodies))
        self.store.set_document(claimed.id, Document(pages=made, account=()), NOW_US)
        self.job_id, self.pages = job.id, pages
        self.told: list[Live] = []
        self.now_us = NOW_US
        self.desk = Desk(
            line_name="west",
            store=self.store,
            blobs=self.blobs,
            calls_root=settings_for(folder).calls,
            now_us=lambda: self.now_us,
            clock_s=lambda: 0.0,
            new_id=id_maker(),
            identity=IDENTITY,
            retry=RetryPolicy(),
            jitter=lambda: 0.0,
            emit=self.told.append,
            offer=offer,
            stopping=lambda: False,
            policy=policy,
        )

    def _blob(self, body: Bitmap) -> PageBlob:
        octets = encode(body, Coding.MMR)
        digest = self.blobs.put(octets)
        return PageBlob(digest=digest, resolution=Resolution.FINE, width_px=1728, rows=ROWS, size=len(octets))

    def call(self, *damage: Damage) -> FarMachine:
        """Make the next call; return the far machine with what it has of it."""
        self.now_us += 10 * MINUTE_US
        claim = self.store.claim_job("west", self.now_us)
        assert claim is not None
        far, (calling, called) = FarMachine(), join(damage=damage)

        def take() -> None:
            called.wait_for_call(60)
            called.answer()
            run_call(answer(AnswererStation(station_id="5551234", offer=self.desk.offer)), called, far)

        with ThreadPoolExecutor(max_workers=1) as pool:
            other = pool.submit(take)
            place_call(claim, self.now_us, calling, self.desk)
            other.result()
        return far

    def state(self) -> tuple[JobState, frozenset[int]]:
        job = self.store.job(self.job_id)
        assert job is not None
        return job.state, job.confirmed

    def notes(self) -> str:
        job = self.store.job(self.job_id)
        assert job is not None
        return " ".join(job.notes)

    def page(self, number: int) -> Bitmap:
        """Give a page as it has to arrive in the call that was made last: with its own header line."""
        header = SentHeader(
            identity=IDENTITY, number="5551234", pages=self.pages, started_us=self.now_us, job=self.job_id
        )
        return Bitmap.stack(header.strip(number, Resolution.FINE), self.bodies[number - 1])

    def close(self) -> None:
        self.store.close()
        self.blobs.close()


def cut_in_page(number: int) -> Damage:
    where = OfKind(kind=SignalKind.PAGE, number=number)
    return Damage(side=Side.CALLING, where=where, harm=CutLine(after_s=1.0))


@pytest.mark.parametrize("cover", [False, True])
def test_the_second_call_sends_the_rest_with_its_own_page_numbers(tmp_path: Path, *, cover: bool) -> None:
    with closing(Office(tmp_path, 4, CallPolicy(continuation_cover=cover))) as office:
        office.call(cut_in_page(3))
        assert office.state() == (JobState.QUEUED, {1, 2})
        arrived = office.call().pages
        assert office.state() == (JobState.DELIVERED, {1, 2, 3, 4})
        assert arrived[-2:] == [office.page(3), office.page(4)]
        assert len(arrived) == 2 + cover
        if cover:
            header = SentHeader(
                identity=IDENTITY, number="5551234", pages=4, started_us=office.now_us, job=office.job_id
            )
            assert arrived[0] == header.cover(frozenset({3, 4}), Resolution.FINE)


def test_a_first_call_has_no_cover(tmp_path: Path) -> None:
    with closing(Office(tmp_path, 2, CallPolicy(continuation_cover=True))) as office:
        assert len(office.call().pages) == 2


def noise_on_page(number: int) -> Damage:
    where = OfKind(kind=SignalKind.PAGE, number=number)
    return Damage(side=Side.CALLING, where=where, harm=BitErrors(rate=1 / 300, seed=number))


def test_a_page_that_policy_passed_over_comes_again_when_the_call_breaks_off(tmp_path: Path) -> None:
    """Page 2 is refused, page 3 confirmed, page 4 cut: the next call sends exactly 2 and 4."""
    with closing(Office(tmp_path, 4, CallPolicy(after_rtn=AfterRtn.GO_ON), PLAIN)) as office:
        office.call(noise_on_page(2), cut_in_page(4))
        assert office.state() == (JobState.QUEUED, {1, 3})
        arrived = office.call().pages
        assert arrived == [office.page(2), office.page(4)]
        assert office.state() == (JobState.DELIVERED, {1, 2, 3, 4})


def test_a_page_that_policy_passed_over_is_never_called_delivered(tmp_path: Path) -> None:
    with closing(Office(tmp_path, 3, CallPolicy(after_rtn=AfterRtn.GO_ON), PLAIN)) as office:
        office.call(noise_on_page(2))
        assert office.state() == (JobState.UNCERTAIN, {1, 3})
        assert "page 2" in office.notes()


def test_the_last_page_that_is_left_is_uncertain_when_its_answer_is_lost(tmp_path: Path) -> None:
    """Promise 2, of a set: 1 and 3 are there, page 2 is confirmed now, and the MCF of page 4 is lost for good."""
    with closing(Office(tmp_path, 4, CallPolicy(after_rtn=AfterRtn.GO_ON), PLAIN)) as office:
        office.call(noise_on_page(2), cut_in_page(4))
        lost = tuple(
            Damage(side=Side.CALLED, where=NthFrame(fcf=Fcf.MCF, number=n), harm=LoseCarrier()) for n in range(2, 5)
        )
        office.call(*lost)
        assert office.state()[0] is JobState.UNCERTAIN
        assert office.state()[1] == {1, 2, 3}
