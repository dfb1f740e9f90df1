"""Every page comes back as it went in, and libtiff agrees in both directions."""

import numpy as np
import pytest
from codec_pictures import bitmaps, checkerboard, solid, texty
from codec_tiffs import libtiff_decodes, libtiff_encodes
from hypothesis import given, settings
from hypothesis import strategies as st

from mailfax.model.page import Coding
from mailfax.t4codec import Bitmap, Decoded, EncodeOptions, decode, encode, warm

CODINGS = list(Coding)


@pytest.fixture(autouse=True, scope="module")
def _warm() -> None:
    warm()


def assert_clean(decoded: Decoded, page: Bitmap, *, complete: bool = True) -> None:
    assert decoded.bitmap == page
    assert (decoded.rows, decoded.bad_rows, decoded.longest_bad_run, decoded.bad_spans) == (page.rows, 0, 0, ())
    assert decoded.complete == complete


def assert_libtiff_agrees(page: Bitmap, coding: Coding) -> None:
    """Both ways. libtiff writes no RTC behind MH and MR."""
    assert libtiff_decodes(encode(page, coding), coding, page.width_px, page.rows) == page
    theirs = decode(libtiff_encodes(page, coding), coding, width_px=page.width_px)
    assert_clean(theirs, page, complete=coding is Coding.MMR)


AWKWARD = {
    "one white pel": solid(1, 1, black=False),
    "one black pel": solid(1, 1, black=True),
    "white page": solid(1728, 200, black=False),
    "black page": solid(1728, 200, black=True),
    "black, odd width": solid(2431, 9, black=True),
    "longer than a make-up code": solid(7000, 5, black=True),
    "checkerboard": checkerboard(1728, 64),
    "checkerboard, odd width": checkerboard(1727, 63),
    "text": texty(),
}


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("name", AWKWARD)
def test_awkward_pages_come_back(coding: Coding, name: str) -> None:
    page = AWKWARD[name]
    octets = encode(page, coding)
    assert_clean(decode(octets, coding, width_px=page.width_px), page)
    assert_libtiff_agrees(page, coding)


@pytest.mark.parametrize("coding", [Coding.MH, Coding.MMR])
@pytest.mark.parametrize("name", AWKWARD)
def test_octets_are_those_of_libtiff(coding: Coding, name: str) -> None:
    options = EncodeOptions(end_of_page=coding is Coding.MMR)
    assert encode(AWKWARD[name], coding, options=options) == libtiff_encodes(AWKWARD[name], coding)


def test_mr_octets_are_those_of_libtiff() -> None:
    assert encode(texty(), Coding.MR, options=EncodeOptions(k=2, end_of_page=False)) == libtiff_encodes(
        texty(), Coding.MR
    )


@settings(max_examples=150, deadline=None)
@given(page=bitmaps(), coding=st.sampled_from(CODINGS))
def test_random_pages_pass_through_libtiff_both_ways(page: Bitmap, coding: Coding) -> None:
    octets = encode(page, coding)
    assert_clean(decode(octets, coding, width_px=page.width_px), page)
    assert_libtiff_agrees(page, coding)


@settings(max_examples=80, deadline=None)
@given(
    page=bitmaps(max_width=400),
    coding=st.sampled_from(CODINGS),
    options=st.builds(
        EncodeOptions,
        k=st.integers(1, 9),
        min_row_bits=st.sampled_from([0, 1, 96, 288, 577]),
        align_eol=st.booleans(),
        end_of_page=st.booleans(),
    ),
)
def test_every_way_of_coding_is_read_back(page: Bitmap, coding: Coding, options: EncodeOptions) -> None:
    octets = encode(page, coding, options=options)
    decoded = decode(octets, coding, width_px=page.width_px)
    assert decoded.bitmap == page
    assert decoded.bad_rows == 0
    assert decoded.complete == options.end_of_page
    assert libtiff_decodes(octets, coding, page.width_px, page.rows) == page


def test_a_page_without_rows_is_only_its_end() -> None:
    nothing = Bitmap.from_bool(np.zeros((0, 1728), bool))
    for coding in CODINGS:
        decoded = decode(encode(nothing, coding), coding, width_px=1728)
        assert (decoded.rows, decoded.bad_rows, decoded.complete) == (0, 0, True)
