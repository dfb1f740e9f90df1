"""A page of B4 or A3 in a whole call: at its size to a machine that has such paper, smaller to one that has only A4 (RE11)."""

from dataclasses import replace

import numpy as np
import pytest
from joined import Damage, Keeper, Party, join

from mailfax.gateway.pages import account_of, coded_page, paper_width_px, received_page
from mailfax.model.options import PaperSize
from mailfax.model.outcome import Outcome
from mailfax.model.page import A4_ROWS, A4_WIDTH_PX, Coding, PageFormat
from mailfax.render.paper import FINE, body_fine_rows
from mailfax.t4codec import Bitmap, encode
from mailfax.t30.answerer import AnswererStation, answer
from mailfax.t30.caller import CallerJob, call
from mailfax.t30.commands import FetchPage, KeeperCommand, KeeperResult, PageData, SendFrames, StorePage
from mailfax.t30.frames import Fcf, build_frame, parse_frame
from mailfax.t30.negotiate import FULL_OFFER, Offer

WIDTH_AND_LENGTH = 0x0F << 4  # bits 17 to 20 of a DIS: the upper half of its third octet


def framed(paper: PaperSize) -> Bitmap:
    """Draw a frame from edge to edge, so that whatever is cut off is missed."""
    black = np.zeros((body_fine_rows(paper), paper.width_px), bool)
    black[:9] = black[-9:] = black[:, :9] = black[:, -9:] = True
    return Bitmap.from_bool(black)


class Desk(Keeper):
    """Codes the page as the call wants it, as the gateway does, and keeps what came."""

    def __init__(self, body: Bitmap | None = None) -> None:
        super().__init__()
        self.body, self.came = body, [Bitmap.from_bool(np.zeros((1, 8), bool))]

    def perform(self, command: KeeperCommand) -> KeeperResult:
        match command:
            case FetchPage(form=form, bit_rate=rate):
                assert self.body is not None
                strip = Bitmap.from_bool(np.zeros((FINE.strip_rows, FINE.width_px), bool))
                t6 = encode(self.body, Coding.MMR)
                self.forms.append(form)
                return PageData(octets=coded_page(strip, t6, self.body.width_px, self.body.rows, form, rate))
            case StorePage(octets=octets, form=form):
                _, decoded = received_page(octets, form)
                self.came.append(decoded.bitmap)
                return account_of(decoded)
            case _:
                return super().perform(command)


def only_a4() -> Damage:
    """Say in every DIS that there is paper of A4 only."""

    def damage(name: str, signal: object) -> object:
        if name != "answerer" or not isinstance(signal, SendFrames):
            return signal
        frames = []
        for octets in signal.frames:
            frame = parse_frame(octets)
            if frame is not None and frame.fcf is Fcf.DIS:
                fif = bytearray(frame.fif)
                fif[2] &= 0xFF ^ WIDTH_AND_LENGTH
                octets = build_frame(Fcf.DIS, bytes(fif), x=False, final=frame.final)  # noqa: PLW2901
            frames.append(octets)
        return replace(signal, frames=tuple(frames))

    return damage  # type: ignore[return-value]


def sent(paper: PaperSize, damage: Damage) -> tuple[PageFormat, Bitmap]:
    body = framed(paper)
    job = CallerJob(pages=1, offer=Offer(ecm=False), r8_px=paper_width_px([body.width_px]))
    caller, answerer = Party(call(job), Desk(body)), Party(answer(AnswererStation(offer=FULL_OFFER)), Desk())
    results = join(caller, answerer, damage)
    assert [result.outcome for result in results] == [Outcome.DELIVERED, Outcome.RECEIVED]
    [form] = caller.keeper.forms
    return form, answerer.keeper.came[-1]  # type: ignore[attr-defined]


@pytest.mark.parametrize("paper", [PaperSize.B4, PaperSize.A3])
def test_a_wide_page_keeps_its_size_where_there_is_such_paper(paper: PaperSize) -> None:
    form, page = sent(paper, lambda _, signal: signal)
    assert form.width_px == page.width_px == paper.width_px
    assert np.array_equal(page.to_bool()[FINE.strip_rows :], framed(paper).to_bool())


@pytest.mark.parametrize("paper", [PaperSize.LEGAL, PaperSize.B4, PaperSize.A3])
def test_a_machine_with_a4_only_gets_the_whole_page_smaller(paper: PaperSize) -> None:
    form, page = sent(paper, only_a4())
    assert form.width_px == page.width_px == A4_WIDTH_PX
    assert page.rows <= A4_ROWS["fine"]
    body = page.to_bool()[FINE.strip_rows :]
    rows, columns = (np.flatnonzero(body.any(axis=axis)) for axis in (1, 0))
    frame = body[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    assert all(side.all() for side in (frame[0], frame[-1], frame[:, 0], frame[:, -1])), "nothing is cut off"
    assert max(frame.shape[1] / A4_WIDTH_PX, frame.shape[0] / (A4_ROWS["fine"] - FINE.strip_rows)) > 0.98
    squared = (frame.shape[0] / frame.shape[1]) / (body_fine_rows(paper) / paper.width_px)
    assert 0.98 < squared < 1.02, "and in its shape"
