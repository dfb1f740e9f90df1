"""Where other machines were seen to fail: real pages over the virtual wire, the damage shown to have hurt, and the cure."""

import numpy as np
import pytest

from mailfax.gateway.pages import account_of, coded_page, received_page
from mailfax.model.call import CallEvent, CallResult, FramesRequested, PageReceived, TrainingFailed
from mailfax.model.outcome import Outcome
from mailfax.model.page import Coding, PageFormat
from mailfax.modem.virtual.damage import BitErrors, Damage, Harm, LoseCarrier, NthFrame, OfKind, Where
from mailfax.modem.virtual.pair import JoinedEnds, run_joined
from mailfax.modem.virtual.signals import Side, SignalKind
from mailfax.t4codec import Bitmap, encode
from mailfax.t30.answerer import AnswererStation, answer
from mailfax.t30.caller import CallerJob, call
from mailfax.t30.commands import (
    BlockStored,
    FetchPage,
    KeeperCommand,
    KeeperFailed,
    KeeperResult,
    Note,
    Noted,
    PageData,
    StoreBlock,
    StorePage,
)
from mailfax.t30.frames import Fcf
from mailfax.t30.negotiate import FULL_OFFER, Offer
from mailfax.t30.page_end import has_rtc

ROWS = 400
PAGE = Bitmap.from_bool(np.random.default_rng(7).random((ROWS, 1728)) < 0.02)


PAGE_T6 = encode(PAGE, Coding.MMR)


class Book:
    """A keeper at either end: codes the page, decodes what comes, and remembers all of it."""

    def __init__(self) -> None:
        self.pages: dict[int, tuple[PageFormat, bytes]] = {}
        self.events: list[CallEvent] = []

    def perform(self, command: KeeperCommand) -> KeeperResult:
        match command:
            case FetchPage(form=form, bit_rate=bit_rate):
                return PageData(octets=coded_page(None, PAGE_T6, PAGE.width_px, ROWS, form, bit_rate))
            case StorePage():
                self.pages[command.index] = (command.form, command.octets)
                _, decoded = received_page(command.octets, command.form)
                return account_of(decoded)
            case StoreBlock():
                return BlockStored()
            case Note(event=event):
                self.events.append(event)
                return Noted()
            case _:
                return KeeperFailed(reason="unknown")

    def rows(self, index: int) -> int:
        form, octets = self.pages[index]
        return received_page(octets, form)[1].rows

    def is_the_page(self, index: int) -> bool:
        form, octets = self.pages[index]
        return received_page(octets, form)[1].bitmap == PAGE


def fax(offer: Offer, *damage: Damage) -> tuple[JoinedEnds, Book, Book]:
    sender, receiver = Book(), Book()
    ends = run_joined(
        call(CallerJob(pages=1, offer=offer)),
        sender,
        answer(AnswererStation(offer=FULL_OFFER)),
        receiver,
        damage,
    )
    return ends, sender, receiver


def on_page(number: int | None, harm: Harm) -> Damage:
    where: Where = OfKind(kind=SignalKind.PAGE, number=number)
    return Damage(side=Side.CALLING, where=where, harm=harm)


def delivered(ends: JoinedEnds) -> bool:
    outcomes: list[CallResult] = [ends.calling, ends.called]
    return [end.outcome for end in outcomes] == [Outcome.DELIVERED, Outcome.RECEIVED]


@pytest.mark.parametrize("coding", [Coding.MH, Coding.MR])
def test_the_end_of_a_page_is_known_by_its_rtc(coding: Coding) -> None:
    octets = encode(PAGE, coding)
    assert has_rtc(octets + bytes(30))
    assert has_rtc(octets + b"\x12\x34" * 50)
    assert not has_rtc(octets[:-60])
    assert not has_rtc(b"")


@pytest.mark.parametrize("after_s", [0.3, 1.0, 2.0, 2.6])
@pytest.mark.parametrize("gap_s", [0.2, 0.25])
@pytest.mark.parametrize("coding", [Coding.MH, Coding.MR])
def test_a_gap_in_the_carrier_is_not_confirmed_as_a_page(coding: Coding, gap_s: float, after_s: float) -> None:
    """spandsp kept 533 of 1143 rows and HylaFAX 390, both with MCF: every row that came was good.

    A short gap is noise in the page, which hides many rows behind a bad one or two; a long one ends the reception.
    """
    ends, _, receiver = fax(Offer(codings=(coding,)), on_page(1, LoseCarrier(after_s=after_s, duration_s=gap_s)))
    assert ends.injuries
    assert receiver.rows(0) < ROWS - 2
    _, first = received_page(receiver.pages[0][1], receiver.pages[0][0])
    assert first.bad_rows < ROWS // 20
    assert [event.confirmed for event in receiver.events if isinstance(event, PageReceived)] == [False, True]
    assert receiver.is_the_page(1)
    assert delivered(ends)


def test_a_gap_in_an_ecm_block_costs_the_frames_behind_it_and_no_more() -> None:
    ends, sender, receiver = fax(FULL_OFFER, on_page(1, LoseCarrier(after_s=2.0, duration_s=0.25)))
    assert ends.injuries
    asked = [event.frames for event in sender.events if isinstance(event, FramesRequested)]
    assert len(asked) == 1
    assert receiver.is_the_page(0)
    assert delivered(ends)


def test_a_block_that_is_lost_altogether() -> None:
    ends, sender, receiver = fax(FULL_OFFER, on_page(1, LoseCarrier()))
    assert ends.injuries
    assert any(isinstance(event, FramesRequested) for event in sender.events)
    assert receiver.is_the_page(0)
    assert delivered(ends)


def test_noise_in_every_block_is_worn_down() -> None:
    """One bit in 3000 wrong: nearly every second frame, each time; without ECM such a page is refused."""
    noise = on_page(None, BitErrors(rate=1 / 3000, seed=5))
    ends, sender, receiver = fax(FULL_OFFER, noise)
    assert len(ends.injuries) > 2
    assert len([event for event in sender.events if isinstance(event, FramesRequested)]) >= 3
    assert receiver.is_the_page(0)
    assert delivered(ends)
    plain, _, _ = fax(Offer(), noise)
    assert plain.calling.outcome is Outcome.PAGE_REFUSED


@pytest.mark.parametrize("lost", [Fcf.CFR, Fcf.PPR, Fcf.MCF])
def test_a_lost_answer_in_a_call_with_error_correction(lost: Fcf) -> None:
    gap = on_page(1, LoseCarrier(after_s=2.0, duration_s=0.3))
    ends, _, receiver = fax(FULL_OFFER, gap, Damage(side=Side.CALLED, where=NthFrame(fcf=lost), harm=LoseCarrier()))
    assert len(ends.injuries) == 2
    assert receiver.is_the_page(0)
    assert list(receiver.pages) == [0]
    assert delivered(ends)


@pytest.mark.parametrize("lost", [Fcf.DCS, Fcf.PPS, Fcf.DCN])
def test_a_lost_command_in_a_call_with_error_correction(lost: Fcf) -> None:
    ends, _, receiver = fax(FULL_OFFER, Damage(side=Side.CALLING, where=NthFrame(fcf=lost), harm=LoseCarrier()))
    assert len(ends.injuries) == 1
    assert receiver.is_the_page(0)
    assert delivered(ends)


def test_a_spoiled_training_costs_a_rate() -> None:
    spoiled = Damage(
        side=Side.CALLING, where=OfKind(kind=SignalKind.TRAINING, number=1), harm=BitErrors(rate=0.01, seed=1)
    )
    ends, sender, receiver = fax(FULL_OFFER, spoiled)
    assert ends.injuries
    assert [event.bit_rate for event in sender.events if isinstance(event, TrainingFailed)] == [14400]
    assert receiver.is_the_page(0)
    assert delivered(ends)
