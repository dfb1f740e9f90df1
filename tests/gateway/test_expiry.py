"""A fax that no line ever takes is given up in time, and its sender hears of it."""

import contextlib
from pathlib import Path

from mailfax.gateway.acceptance import Intake, accept_mail
from mailfax.gateway.clockwatch import ClockWatch
from mailfax.gateway.expiry import ExpiryDesk
from mailfax.model.address import FaxAddress
from mailfax.model.document import Document
from mailfax.model.ids import IdMaker
from mailfax.model.job import JobState
from mailfax.model.outcome import Outcome
from mailfax.model.submission import Recipient
from mailfax.spool.blobs import BlobStore
from mailfax.spool.settings import SpoolSettings
from mailfax.spool.store import Store

HOUR_US = 3_600_000_000
NOW_US = 1_795_356_000_000_000


def test_a_job_that_waited_too_long_fails_and_one_that_did_not_waits_on(tmp_path: Path) -> None:
    settings = SpoolSettings(directory=tmp_path, reserve_bytes=0)
    new_id = IdMaker(now_us=lambda: NOW_US, random_bits=lambda _bits: 7)
    with contextlib.closing(Store(settings, new_id)) as store, contextlib.closing(BlobStore(settings)) as blobs:
        intake = Intake(store=store, blobs=blobs, new_id=new_id)

        def post(number: str, at_us: int) -> str:
            submission, taken = accept_mail(
                intake,
                b"Subject: x\r\n\r\nx\r\n",
                now_us=at_us,
                sender="alice@example.org",
                client="127.0.0.1",
                identity="",
                recipients=[Recipient(address=FaxAddress(number=number, domain="fax.lan"))],
            )
            (job,) = taken.jobs
            store.claim_render(at_us)
            store.set_document(submission.id, Document(pages=(), account=()), at_us)
            return job.id

        old, young = post("5551234", NOW_US - 49 * HOUR_US), post("5555678", NOW_US - HOUR_US)
        clock = [NOW_US]
        watch = ClockWatch(store=store, now_us=lambda: clock[0], clock_s=lambda: clock[0] / 1_000_000)
        desk = ExpiryDesk(store=store, give_up_s=48 * 3600, clock=watch, now_us=lambda: clock[0])
        assert not desk.step()
        states = {job.id: (job.state, job.outcome) for job in store.jobs()}
        assert states == {old: (JobState.FAILED, Outcome.EXPIRED), young: (JobState.QUEUED, None)}
        untold = store.next_unnotified()
        assert untold is not None
        assert [story.job.id for story in untold.stories] == [old]

        clock[0] += 48 * HOUR_US
        assert not desk.step()
        assert all(job.state is JobState.FAILED for job in store.jobs())
