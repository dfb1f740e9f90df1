"""One item that cannot be worked on holds up nothing behind it, and its owner still hears of it."""

import contextlib
import email
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import ip_network
from pathlib import Path

import numpy as np
import pytest
from answerkit import notification_desk

from mailfax.demo.compare import arrived_pages
from mailfax.gateway.acceptance import Intake, accept_mail
from mailfax.gateway.distribution import DistributionDesk
from mailfax.model.address import FaxAddress
from mailfax.model.fax import InboundFax, ReceivedPage
from mailfax.model.ids import IdMaker, Kind
from mailfax.model.outcome import Outcome
from mailfax.model.page import Coding, PageBlob, Resolution
from mailfax.model.submission import Recipient
from mailfax.routing.settings import Domain, PrivatePlan, RoutingSettings
from mailfax.smtp.compose import Letterhead
from mailfax.spool.blobs import BlobMissing, BlobStore
from mailfax.spool.settings import SpoolSettings
from mailfax.spool.store import Store
from mailfax.t4codec import Bitmap, encode

NOW_US = 1_795_356_000_000_000
MINUTE_US = 60_000_000
ROUTING = RoutingSettings(
    domains=(Domain(name="fax.lan", plan=PrivatePlan(lengths=(7,))),),
    catch_all="faxmaster@fax.lan",
    allow_networks=(ip_network("127.0.0.0/8"),),
)
LETTERHEAD = Letterhead(hostname="fax.lan", sender="fax@fax.lan")


@dataclass(kw_only=True)
class Spool:
    """A spool with a clock that the test turns."""

    store: Store
    blobs: BlobStore
    new_id: IdMaker
    settings: SpoolSettings
    now_us: int = NOW_US

    def page(self, *, lost: bool = False) -> ReceivedPage:
        octets = encode(Bitmap.from_bool(np.eye(1728, dtype=bool)[: 100 + self.now_us % 7]), Coding.MMR)
        digest = "0" * 64 if lost else self.blobs.put(octets)
        blob = PageBlob(
            digest=digest, resolution=Resolution.FINE, width_px=1728, rows=100 + self.now_us % 7, size=len(octets)
        )
        return ReceivedPage(blob=blob, confirmed=True)

    def fax(self, *pages: ReceivedPage) -> InboundFax:
        fax = InboundFax(
            id=self.new_id(Kind.FAX),
            call_id=self.new_id(Kind.CALL),
            line="in",
            called="5551234",
            caller="5559876",
            caller_name="",
            station_id="ACME",
            started_us=self.now_us,
            finished_us=self.now_us,
            outcome=Outcome.RECEIVED,
            pages=pages,
        )
        self.store.add_fax(fax, self.now_us)
        return fax


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    settings = SpoolSettings(directory=tmp_path, reserve_bytes=0)
    clock = [NOW_US]

    def tick() -> int:
        clock[0] += 1
        return clock[0]

    new_id = IdMaker(now_us=tick, random_bits=lambda _bits: 7)
    with contextlib.closing(Store(settings, new_id)) as store, contextlib.closing(BlobStore(settings)) as blobs:
        yield Spool(store=store, blobs=blobs, new_id=new_id, settings=settings)


def test_an_unforeseen_fault_of_one_fax_lets_the_next_pass_and_is_tried_again_later(spool: Spool) -> None:
    poisoned = spool.fax(replace(spool.page(), blob=replace(spool.page().blob, width_px=-1)))
    good = spool.fax(spool.page())
    desk = DistributionDesk(
        store=spool.store,
        blobs=spool.blobs,
        routing=ROUTING,
        letterhead=LETTERHEAD,
        now_us=lambda: spool.now_us,
        emit=lambda _live: None,
    )
    with pytest.raises(struct.error):
        desk.step()
    assert desk.step()
    assert not desk.step()
    assert [delivery.fax_id for delivery in spool.store.deliveries()] == [good.id]
    spool.now_us += 2 * MINUTE_US
    with pytest.raises(struct.error):
        desk.step()
    assert spool.store.next_unrouted_fax() == poisoned


def test_a_page_that_the_disk_lost_is_crossed_out_and_the_others_are_delivered(spool: Spool) -> None:
    fax = spool.fax(spool.page(), spool.page(lost=True))
    desk = DistributionDesk(
        store=spool.store,
        blobs=spool.blobs,
        routing=ROUTING,
        letterhead=LETTERHEAD,
        now_us=lambda: spool.now_us,
        emit=lambda _live: None,
    )
    assert desk.step()
    (delivery,) = spool.store.deliveries()
    mail = email.message_from_bytes(spool.blobs.get(delivery.message_digest))
    text, pdf = mail.get_payload()
    assert delivery.fax_id == fax.id
    assert b"page 2 was lost on the fax server's disk" in text.get_payload(decode=True).replace(b"\r\n", b" ")
    assert len(list(arrived_pages(pdf.get_payload(decode=True)))) == 2


def test_the_sender_of_a_mail_that_the_disk_lost_still_hears_of_it(spool: Spool) -> None:
    octets = b"From: alice@example.org\r\nSubject: A contract\r\nMessage-ID: <1@example.org>\r\n\r\nHello\r\n"
    submission, _ = accept_mail(
        Intake(store=spool.store, blobs=spool.blobs, new_id=spool.new_id),
        octets,
        now_us=spool.now_us,
        sender="alice@example.org",
        client="127.0.0.1",
        identity="",
        recipients=[Recipient(address=FaxAddress(number="5551234", domain="fax.lan"))],
    )
    spool.blobs.path(submission.message_digest).write_bytes(b"spoilt")
    with pytest.raises(BlobMissing):
        spool.blobs.get(submission.message_digest)
    spool.store.claim_render(spool.now_us)
    spool.store.fail_submission(submission.id, Outcome.STORE_FAULT, "lost", (), spool.now_us)
    desk = notification_desk(spool.store, spool.blobs, lambda: spool.now_us)
    assert desk.step()
    (delivery,) = spool.store.deliveries()
    notice = email.message_from_bytes(spool.blobs.get(delivery.message_digest))
    assert delivery.recipient == "alice@example.org"
    assert notice.get_content_type() == "multipart/report"
    returned = notice.get_payload()[-1].get_payload()
    assert "Subject: A contract" in returned
    assert "Message-ID: <1@example.org>" in returned


def test_a_header_that_cannot_be_decoded_is_kept_as_it_stands(spool: Spool) -> None:
    submission, taken = accept_mail(
        Intake(store=spool.store, blobs=spool.blobs, new_id=spool.new_id),
        b"Subject: =?utf-8?B?a?=\r\nMessage-ID: =?utf-8?B?a?=\r\n\r\nHello\r\n",
        now_us=spool.now_us,
        sender="alice@example.org",
        client="127.0.0.1",
        identity="",
        recipients=[Recipient(address=FaxAddress(number="5551234", domain="fax.lan"))],
    )
    jobs = taken.jobs
    assert submission.subject == "=?utf-8?B?a?="
    assert len(jobs) == 1


@pytest.mark.parametrize(("keep", "pages"), [(True, 3), (False, 2)])
def test_whether_pages_that_were_never_confirmed_are_delivered_is_a_setting(
    spool: Spool, *, keep: bool, pages: int
) -> None:
    spool.fax(spool.page(), replace(spool.page(), confirmed=False), spool.page())
    desk = DistributionDesk(
        store=spool.store,
        blobs=spool.blobs,
        routing=ROUTING,
        letterhead=LETTERHEAD,
        now_us=lambda: spool.now_us,
        emit=lambda _live: None,
        keep_unconfirmed=keep,
    )
    assert desk.step()
    (delivery,) = spool.store.deliveries()
    text, pdf = email.message_from_bytes(spool.blobs.get(delivery.message_digest)).get_payload()
    assert len(list(arrived_pages(pdf.get_payload(decode=True)))) == pages
    assert (b"was not confirmed to the sender" in text.get_payload(decode=True)) == keep
