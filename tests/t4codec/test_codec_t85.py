"""T.85 against the tools of jbigkit (Debian jbigkit-bin), octet for octet."""

from pathlib import Path

import numpy as np
import pytest
from codec_jbigkit import jbigkit_decodes, jbigkit_encodes
from codec_pictures import bitmaps, checkerboard, runs_picture, solid, texty
from hypothesis import given, settings
from hypothesis import strategies as st

from mailfax.t4codec import Bitmap
from mailfax.t4codec.t85 import T85Options, decode_t85, encode_t85

PAGES = {
    "text": texty(rows=300),
    "noise": runs_picture(1001, 140, 2, np.random.default_rng(4)),
    "checkerboard": checkerboard(1727, 63),
    "black": solid(33, 129, black=True),
    "one pel": solid(1, 1, black=True),
}
OPTIONS = [T85Options(two_lines=two, typical_prediction=typical) for two in (False, True) for typical in (False, True)]


def option_octet(options: T85Options) -> str:
    return str(64 * options.two_lines + 8 * options.typical_prediction)


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("name", PAGES)
def test_octets_are_those_of_jbigkit_and_it_reads_them(name: str, options: T85Options, tmp_path: Path) -> None:
    page = PAGES[name]
    octets = encode_t85(page, options=options)
    assert octets == jbigkit_encodes(page, tmp_path, "-m", "0", "-s", "128", "-p", option_octet(options))
    assert jbigkit_decodes(octets, page.width_px, tmp_path) == page


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize(
    "theirs",
    [
        ["-m", "127"],  # the adaptive pel moves
        ["-s", "2"],
        ["-s", "1000"],
        ["-Y", "9999", "20"],  # the length is corrected by NEWLEN
        ["-C", "a comment with \\xff in it"],
    ],
)
def test_what_jbigkit_writes_is_read(theirs: list[str], options: T85Options, tmp_path: Path) -> None:
    page = PAGES["text"]
    octets = jbigkit_encodes(page, tmp_path, "-p", option_octet(options), *theirs)
    decoded = decode_t85(octets, width_px=page.width_px)
    assert decoded.bitmap == page
    assert decoded.complete


@settings(max_examples=60, deadline=None)
@given(page=bitmaps(max_width=600), rows=st.sampled_from([1, 3, 128]), two=st.booleans(), typical=st.booleans())
def test_random_pages_come_back(page: Bitmap, rows: int, two: bool, typical: bool) -> None:
    options = T85Options(stripe_rows=rows, two_lines=two, typical_prediction=typical)
    decoded = decode_t85(encode_t85(page, options=options), width_px=page.width_px)
    assert decoded.bitmap == page
    assert (decoded.bad_rows, decoded.complete) == (0, True)


def test_a_page_that_was_cut_keeps_its_length_and_says_what_is_lost() -> None:
    page = PAGES["text"]
    octets = encode_t85(page)
    decoded = decode_t85(octets[: len(octets) // 2], width_px=page.width_px)
    assert not decoded.complete
    assert decoded.rows == page.rows
    assert 100 < decoded.bad_rows < 200
    kept = 128  # the first stripe is whole
    assert np.array_equal(decoded.bitmap.packed[:kept], page.packed[:kept])
    assert not decoded.bitmap.packed[decoded.rows - decoded.bad_rows :].any()


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_no_octets_are_too_strange(data: st.DataObject) -> None:
    octets = bytearray(encode_t85(PAGES["text"]))
    for _ in range(data.draw(st.integers(1, 4))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    decoded = decode_t85(bytes(octets[: data.draw(st.integers(0, len(octets)))]), width_px=1728, max_rows=3000)
    assert decoded.rows == decoded.bitmap.rows <= 3000
    assert decoded.bad_rows <= decoded.rows
