"""A page longer than A4 goes out as it is to a machine that takes any length, and smaller to one that does not."""

import numpy as np
import pytest

from mailfax.gateway.pages import coded_page
from mailfax.model.page import A4_ROWS, Coding, PageFormat, PaperLength, Resolution
from mailfax.render.paper import PAPERS
from mailfax.t4codec import Bitmap, decode, encode
from mailfax.t30.capabilities import Dis, write_fif
from mailfax.t30.negotiate import Offer, choose

A4_ONLY = {10, 12, 15}  # a DIS: receives, V.29, fine
ANY_LENGTH = A4_ONLY | {20}


def form_for(dis_bits: set[int], resolution: Resolution) -> PageFormat:
    choice = choose(Dis(write_fif(dis_bits)), Offer(resolutions=(resolution,)))
    assert choice
    assert choice.dcs.form
    assert choice.dcs.form.length is choice.form.length
    assert (choice.form.length is PaperLength.UNLIMITED) == (20 in dis_bits)
    return choice.form


def frame(rows: int) -> Bitmap:
    """Draw what has to be seen to the last pel: a frame from edge to edge, with a diagonal."""
    black = np.zeros((rows, 1728), bool)
    black[:3] = black[-3:] = black[:, :3] = black[:, -3:] = True
    black[np.arange(rows), np.arange(rows) * 1727 // rows] = True
    return Bitmap.from_bool(black)


def sent(strip: Bitmap, body: Bitmap, form: PageFormat) -> Bitmap:
    octets = coded_page(strip, encode(body, Coding.MMR), body.width_px, body.rows, form, 9600)
    return decode(octets, form.coding, width_px=form.width_px).bitmap


@pytest.mark.parametrize("resolution", [Resolution.STANDARD, Resolution.FINE])
def test_a_long_page_goes_as_it_is_or_as_the_far_end_can_take_it(resolution: Resolution) -> None:
    paper = PAPERS[resolution]
    strip, body = frame(paper.strip_rows), frame(A4_ROWS[resolution])
    assert sent(strip, body, form_for(ANY_LENGTH, resolution)) == Bitmap.stack(strip, body)

    limited = sent(strip, body, form_for(A4_ONLY, resolution))
    assert limited.rows == paper.page_rows
    assert limited.packed[: strip.rows].tobytes() == strip.octets()
    black = limited.to_bool()[strip.rows :]
    columns = np.flatnonzero(black.any(axis=0))
    left, right = int(columns[0]), 1727 - int(columns[-1])
    assert 10 < left <= right <= left + 1 < 20  # as much smaller across as down, and in the middle
    assert black[0, left : 1728 - right].all()
    assert black[-1, left : 1728 - right].all()
    assert black[:, left].all()
    assert black[:, 1727 - right].all()


def test_a_page_that_fits_is_the_same_for_every_machine() -> None:
    strip, body = frame(44), frame(2243)
    pages = [sent(strip, body, form_for(dis, Resolution.FINE)) for dis in (A4_ONLY, ANY_LENGTH)]
    assert pages[0] == pages[1] == Bitmap.stack(strip, body)
