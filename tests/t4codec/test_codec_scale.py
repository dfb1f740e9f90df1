"""Pages scaled for a receiver that can do less stay readable, and those that fit stay as they are."""

import numpy as np
from codec_pictures import texty

from mailfax.model.page import Density
from mailfax.t4codec import Bitmap
from mailfax.t4codec.scale import fit, resize

FINE, STANDARD, R16 = Density(204, 196), Density(204, 98), Density(408, 391)


def test_a_page_that_fits_is_not_touched() -> None:
    page = texty(rows=200)
    assert fit(page, FINE, to=FINE, width_px=1728) is page
    assert fit(page, Density(200, 200), to=FINE, width_px=1728) is page


def test_standard_to_fine_and_back_changes_no_pel() -> None:
    page = texty(rows=200)
    fine = fit(page, STANDARD, to=FINE, width_px=1728)
    assert (fine.width_px, fine.rows) == (1728, 400)
    assert np.array_equal(fine.packed[0::2], page.packed)
    assert np.array_equal(fine.packed[1::2], page.packed)
    assert fit(fine, FINE, to=STANDARD, width_px=1728) == page


def lines_at(rows: int, places: list[int]) -> Bitmap:
    black = np.zeros((rows, 64), bool)
    black[places] = True
    return Bitmap.from_bool(black)


def test_hairlines_and_hair_gaps_live_at_any_place() -> None:
    for place in range(20, 40):
        line = lines_at(100, [place])
        for rows in (50, 71, 84, 90):
            assert resize(line, width_px=64, rows=rows).to_bool()[:, 0].sum() == 1, (place, rows)
            gap = Bitmap.from_bool(~line.to_bool())
            assert (~resize(gap, width_px=64, rows=rows).to_bool()[:, 0]).sum() == 1, (place, rows)
        turned = Bitmap.from_bool(line.to_bool().T)
        assert resize(turned, width_px=71, rows=64).to_bool()[0].sum() == 1


def test_a3_and_b4_come_down_to_a4_with_the_right_aspect() -> None:
    for width_px in (2432, 2048):
        page = texty(width=width_px, rows=width_px)
        a4 = fit(page, FINE, to=FINE, width_px=1728)
        assert (a4.width_px, a4.rows) == (1728, 1728)
        share, was = a4.to_bool().mean(), page.to_bool().mean()
        assert 0.85 < share / was < 1.15  # neither thin nor fat


def test_a_fine_page_of_twice_the_pels_comes_down_both_ways() -> None:
    page = texty(rows=200)
    big = fit(page, FINE, to=R16, width_px=3456)
    assert (big.width_px, big.rows) == (3456, 400)
    back = fit(big, R16, to=FINE, width_px=1728)
    assert (back.width_px, back.rows) == (1728, 200)
    assert back == page


def test_a_narrow_page_stands_in_the_middle() -> None:
    page = texty(width=1000, rows=120)
    wide = fit(page, FINE, to=FINE, width_px=1728)
    assert np.array_equal(wide.to_bool()[:, 364:1364], page.to_bool())
    assert wide.to_bool().sum() == page.to_bool().sum()
