"""The disk fills up between work and its record: when there is room again it is recorded, and the mail is not handed over again."""

import asyncio
import contextlib
import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

import pytest
from answerkit import alarms_of
from sqlalchemy import Connection

from mailfax.daemon.clock import id_maker, wall_clock_us
from mailfax.gateway import delivery, rendering
from mailfax.gateway.acceptance import Intake, accept_mail
from mailfax.gateway.delivery import DeliveryDesk
from mailfax.gateway.rendering import RenderDesk
from mailfax.model.address import FaxAddress
from mailfax.model.job import Job, JobState
from mailfax.model.submission import Recipient
from mailfax.render.office import OfficeDesk
from mailfax.render.settings import RenderSettings
from mailfax.render.story import render_message
from mailfax.smtp.outgoing import Handed, deliver
from mailfax.smtp.ways import Maildirs, OutgoingSettings
from mailfax.spool.blobs import BlobStore
from mailfax.spool.disk import SpoolFull
from mailfax.spool.records import DeliveryKind, DeliveryState, NewDelivery
from mailfax.spool.settings import SpoolSettings
from mailfax.spool.store import Store

T = TypeVar("T")
MAIL = b"Subject: A line\r\n\r\nHello.\r\n"


class FillingStore(Store):
    """A store whose disk a test fills and empties."""

    full = False
    room = False

    def fill(self) -> None:
        self.full = not self.room

    def make_room(self) -> None:
        self.full, self.room = False, True

    def write_async(self, operation: Callable[[Connection], T]) -> Future[T]:
        if self.full:
            raise SpoolFull("no space left on device")
        return super().write_async(operation)


@pytest.fixture
def intake(tmp_path: Path) -> Iterator[Intake]:
    settings = SpoolSettings(directory=tmp_path / "spool", reserve_bytes=0)
    with (
        contextlib.closing(FillingStore(settings, id_maker())) as store,
        contextlib.closing(BlobStore(settings)) as blobs,
    ):
        yield Intake(store=store, blobs=blobs, new_id=id_maker())


def accepted(intake: Intake) -> Job:
    recipients = [Recipient(address=FaxAddress(number="5551234", domain="fax.lan"))]
    _, taken = accept_mail(
        intake, MAIL, now_us=wall_clock_us(), sender="a@b.c", client="", identity="", recipients=recipients
    )
    (job,) = taken.jobs
    return job


def test_a_document_that_could_not_be_recorded_is_made_again(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    store, job = intake.store, accepted(intake)
    assert isinstance(store, FillingStore)
    monkeypatch.setattr(
        rendering, "render_in_child", lambda raw, limits, progress, *_: render_message(raw, limits, progress)
    )
    desk = RenderDesk(
        store=store,
        blobs=intake.blobs,
        settings=RenderSettings(),
        context=multiprocessing.get_context("forkserver"),
        office=OfficeDesk(RenderSettings()),
        now_us=wall_clock_us,
        emit=lambda _: store.fill(),  # as soon as a page is being drawn
    )
    with pytest.raises(SpoolFull):
        desk.step()
    with pytest.raises(SpoolFull):
        desk.step()
    store.make_room()
    assert desk.step()
    found = store.job(job.id)
    assert found is not None
    assert found.state is JobState.QUEUED
    assert not desk.step()


def test_a_mail_whose_delivery_could_not_be_recorded_is_not_handed_over_again(
    intake: Intake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, job = intake.store, accepted(intake)
    assert isinstance(store, FillingStore)
    handed: list[str] = []

    async def hand_over_and_fill(
        message: bytes, sender: str, recipient: str, settings: OutgoingSettings, delivery_id: str
    ) -> Handed:
        store.fill()
        handed.append(delivery_id)
        result = await deliver(message, sender, recipient, settings, delivery_id)
        assert isinstance(result, Handed)
        return result

    monkeypatch.setattr(delivery, "deliver", hand_over_and_fill)
    notice = NewDelivery(
        kind=DeliveryKind.NOTICE, recipient="a@b.c", sender="", message_digest=intake.blobs.put(MAIL), fax_id=None
    )
    store.notified([job.id], [notice], wall_clock_us())
    desk = DeliveryDesk(
        store=store,
        blobs=intake.blobs,
        outgoing=OutgoingSettings(hostname="fax.lan", local=Maildirs(root=tmp_path / "mail")),
        catch_all="faxmaster@fax.lan",
        alarms=alarms_of(intake.blobs),
        now_us=wall_clock_us,
        emit=lambda _: None,
    )
    for _ in range(2):
        with pytest.raises(SpoolFull):
            asyncio.run(desk.step())
    store.make_room()
    assert asyncio.run(desk.step())
    (done,) = store.deliveries()
    assert (done.state, handed) == (DeliveryState.DONE, [done.id])
