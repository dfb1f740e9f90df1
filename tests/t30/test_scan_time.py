"""The least time of a coded line (T.30 bits 21 to 23; T.4, 4.1.3): kept exactly, by fill where a line is shorter and nowhere else."""

from itertools import pairwise

import numpy as np
import pytest
from joined import Keeper
from script import play

from mailfax.gateway.pages import coded_page
from mailfax.model.page import Coding, PageFormat, Resolution
from mailfax.t4codec import Bitmap, encode
from mailfax.t30.caller import CallerJob, call
from mailfax.t30.capabilities import Dis, write_fif
from mailfax.t30.commands import FetchPage
from mailfax.t30.hdlc import to_bits
from mailfax.t30.modulation import Modulation
from mailfax.t30.negotiate import Offer, choose

EOL = "000000000001"
BUSY_ROW = np.arange(1728) % 3 == 0
PAGE = Bitmap.from_bool(np.vstack([np.zeros((8, 1728), bool), np.tile(BUSY_ROW, (8, 1)), np.zeros((8, 1728), bool)]))


def line_bits(octets: bytes) -> list[int]:
    """Count the bits of each line, from the end of one EOL to the end of the next (T.4, 4.1.2), the RTC left out."""
    bits = to_bits(octets)
    ends, at = [], bits.find(EOL)
    while at >= 0:
        ends.append(at + len(EOL))
        at = bits.find(EOL, ends[-1])
    gaps = [after - before for before, after in pairwise(ends)]
    return gaps[:-5]


@pytest.mark.parametrize("modulation", list(Modulation))
@pytest.mark.parametrize("ms", [0, 5, 10, 20, 40])
@pytest.mark.parametrize("coding", [Coding.MH, Coding.MR])
def test_every_line_lasts_long_enough_and_no_filled_one_longer(coding: Coding, ms: int, modulation: Modulation) -> None:
    form = PageFormat(coding=coding, resolution=Resolution.FINE, min_scan_line_ms=ms)
    plain = PageFormat(coding=coding, resolution=Resolution.FINE)
    t6 = encode(PAGE, Coding.MMR)
    lines = line_bits(coded_page(None, t6, 1728, PAGE.rows, form, modulation.bit_rate))
    bare = line_bits(coded_page(None, t6, 1728, PAGE.rows, plain, modulation.bit_rate))
    least = -(-modulation.bit_rate * ms // 1000)
    assert len(lines) == len(bare) == PAGE.rows
    assert lines == [max(least, own) for own in bare]
    if ms == 5 and coding is Coding.MH:
        assert any(own > least for own in bare)
        assert any(own < least for own in bare) or modulation.bit_rate < 9600


@pytest.mark.parametrize(
    ("printed", "standard", "fine"),
    [("000", 20, 20), ("011", 10, 5), ("110", 20, 10), ("101", 40, 20), ("111", 0, 0), ("001", 40, 40)],
)
def test_it_is_that_of_the_resolution_and_none_with_error_correction(printed: str, standard: int, fine: int) -> None:
    bits = {10, 11, 12, 14, 15, *(21 + place for place, bit in enumerate(printed) if bit == "1")}
    for resolution, ms in ((Resolution.STANDARD, standard), (Resolution.FINE, fine)):
        choice = choose(Dis.parse(write_fif(bits)), Offer(resolutions=(resolution,)))
        assert choice is not None
        assert choice.form.min_scan_line_ms == ms
        with_ecm = choose(Dis.parse(write_fif(bits | {27})), Offer(resolutions=(resolution,), ecm=True))
        assert with_ecm is not None
        assert with_ecm.form.min_scan_line_ms == 0


def test_after_a_fall_back_the_page_is_filled_for_the_new_rate() -> None:
    """20 ms are 288 bits at 14400 and 240 at 12000: the page is coded anew after each training."""
    asked: list[tuple[int, int]] = []
    keeper = Keeper(pages=(b"1",))
    keeper.fails = lambda c: bool(isinstance(c, FetchPage) and asked.append((c.form.min_scan_line_ms, c.bit_rate)))
    story = "< DIS\n> DCS\n> TCF V.17 14400\n< CFR\n> page V.17 14400 short\n> EOP\n< RTN\n"
    story += "> DCS\n> TCF V.17 12000\n< CFR\n> page V.17 12000 short\n> EOP\n< MCF\n> DCN"
    play(call(CallerJob(pages=1)), keeper, story, fifs={"DIS": write_fif({10, 11, 12, 14, 15})})
    assert asked == [(20, 14400), (20, 12000)]
