"""A page from the line at rest: T.6 that came whole is kept octet for octet, all else is coded anew."""

import numpy as np
import pytest

from mailfax.gateway.pages import received_page
from mailfax.model.page import Coding, PageFormat, Resolution
from mailfax.t4codec import BadRows, Bitmap, decode, encode

PAGE = Bitmap.from_bool(np.random.default_rng(4).random((40, 1728)) < 0.1)


def form(coding: Coding) -> PageFormat:
    return PageFormat(coding=coding, resolution=Resolution.FINE, ecm_frame_octets=256)


def test_whole_t6_is_kept_as_it_came_without_the_fill_of_its_last_frame() -> None:
    came = encode(PAGE, Coding.MMR)
    at_rest, decoded = received_page(came + bytes(200), form(Coding.MMR))
    assert at_rest == came
    assert decoded.rows == 40


@pytest.mark.parametrize("coding", [Coding.MH, Coding.MR])
def test_other_codings_become_t6(coding: Coding) -> None:
    at_rest, _ = received_page(encode(PAGE, coding), form(coding))
    assert np.array_equal(decode(at_rest, Coding.MMR, width_px=1728).bitmap.packed, PAGE.packed)


def test_t6_that_was_cut_is_coded_anew_from_the_rows_that_are_left() -> None:
    came = encode(PAGE, Coding.MMR)
    at_rest, decoded = received_page(came[: len(came) // 2], form(Coding.MMR))
    assert not decoded.complete
    again = decode(at_rest, Coding.MMR, width_px=1728)
    assert again.complete
    assert np.array_equal(again.bitmap.packed[:15], PAGE.packed[:15])


def test_a_row_that_cannot_be_read_is_what_the_configuration_wants() -> None:
    rows = Bitmap.from_octets(1728, bytes([0xF0]) * 216 * 3)
    clean = encode(rows, Coding.MH)
    hit = clean[:300] + bytes([clean[300] ^ 0xFF]) + clean[301:]
    for wanted, row in ((BadRows.COPY, rows.packed[0]), (BadRows.WHITE, 0 * rows.packed[0])):
        at_rest, decoded = received_page(hit, form(Coding.MH), wanted)
        (bad,) = decoded.bad_spans
        assert bad.count == 1
        assert decode(at_rest, Coding.MMR, width_px=1728).bitmap.packed[bad.first].tobytes() == row.tobytes()
