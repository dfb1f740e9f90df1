"""A carrier gap of 200 ms in a page without error correction, over libspandsp's modem: never confirmed with rows missing.

In lock-step with the line's clock, so the gap is at the same bit each time. First it is shown to hurt: libspandsp's own machine
confirms what is left of such a page.
"""

from pathlib import Path

import numpy as np
import pytest
from lab import spandsp as sd
from lab.book import Book, same_pages
from lab.documents import read_pages, write_letter
from lab.lockstep import LockstepExchange
from lab.machine import FaxMachine, MachineSpec, Samples, join

from mailfax.model.outcome import Outcome
from mailfax.model.page import Coding
from mailfax.modem.pump import run_call
from mailfax.t4codec import warm
from mailfax.t30.answerer import AnswererStation, answer
from mailfax.t30.negotiate import Offer

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]

GAP_S = 0.2
MOMENTS_S = (17.0, 20.0, 22.5, 22.8)  # of the machines' call: their page ends at 23.0
OUR_MOMENTS_S = (15.5, 18.5, 21.0, 21.4)  # of ours, which gets to it sooner


class OneGap:
    """A line on which what the caller sends is silent once."""

    def __init__(self, at_s: float, *, caller_is_near: bool) -> None:
        self._first = round(at_s * sd.SAMPLE_RATE)
        self._caller_is_near = caller_is_near
        self._at = 0
        self.swallowed = 0

    def carry(self, to_near: Samples, to_far: Samples) -> tuple[Samples, Samples]:
        hit = to_far if self._caller_is_near else to_near
        moments = self._at + np.arange(len(hit))
        gap = (moments >= self._first) & (moments < self._first + GAP_S * sd.SAMPLE_RATE)
        self.swallowed += int(np.count_nonzero(hit[gap]))
        quiet = hit * ~gap
        self._at += len(hit)
        return (to_near, quiet) if self._caller_is_near else (quiet, to_far)


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Path:
    warm()
    return write_letter(tmp_path_factory.mktemp("gap") / "letter.tif", 1, "standard")


@pytest.mark.parametrize("at_s", MOMENTS_S)
def test_libspandsp_confirms_what_is_left_of_the_page(document: Path, tmp_path: Path, at_s: float) -> None:
    got = tmp_path / "got.tif"
    caller = FaxMachine(MachineSpec.parse(f"send:{document},ecm=0,comp=mh"), calling=True)
    called = FaxMachine(MachineSpec.parse(f"receive:{got},ecm=0,comp=mh"), calling=False)
    line = OneGap(at_s, caller_is_near=True)
    join(caller, called, line)
    heard = caller.report().frames
    caller.close()
    called.close()
    assert line.swallowed
    assert "<MCF" in heard
    (left,), (sent,) = read_pages(got), read_pages(document)
    assert len(left) < len(sent) - 5


@pytest.mark.parametrize("at_s", OUR_MOMENTS_S)
def test_we_refuse_it_and_the_page_that_comes_again_is_whole(document: Path, at_s: float) -> None:
    line = OneGap(at_s, caller_is_near=False)
    exchange = LockstepExchange(bad_line=lambda: line)
    exchange.ring(f"send:{document},ecm=0,comp=mh")
    while exchange.line.wait_for_call(1) is None:
        pass
    book = Book()
    assert exchange.line.answer()
    station = AnswererStation(station_id="5550002", offer=Offer(codings=(Coding.MH,)))
    result = run_call(answer(station), exchange.line, book)
    finished = exchange.finished()
    exchange.close()
    assert line.swallowed
    assert finished.machine is not None
    assert "<RTN" in finished.machine.frames
    assert not book.confirmed or same_pages(book.confirmed, read_pages(document))
    assert result.outcome in {Outcome.RECEIVED, Outcome.PAGE_REFUSED}
