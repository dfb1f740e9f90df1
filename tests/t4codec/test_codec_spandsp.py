"""libspandsp (Debian libspandsp2) as a second oracle: it reads what we code, and we read what it codes."""

from pathlib import Path

import numpy as np
import pytest
from codec_pictures import checkerboard, runs_picture, solid, texty
from codec_spandsp import Spandsp

from mailfax.model.page import Coding
from mailfax.t4codec import Bitmap, decode, encode

PAGES = {
    "text": texty(rows=250),
    "noise": runs_picture(1728, 60, 7, np.random.default_rng(6)),
    "black": solid(1728, 50, black=True),
    "white": solid(1728, 50, black=False),
    "checkerboard": checkerboard(1728, 50),
    "A3": texty(width=2432, rows=100),
    "A3 at 16/mm": texty(width=4864, rows=100),
}


@pytest.fixture
def spandsp(tmp_path: Path) -> Spandsp:
    found = Spandsp.load(tmp_path)
    assert found, "Debian's libspandsp2 is not installed"
    return found


@pytest.mark.parametrize("coding", list(Coding))
@pytest.mark.parametrize("name", PAGES)
def test_libspandsp_reads_what_we_code(spandsp: Spandsp, name: str, coding: Coding) -> None:
    page = PAGES[name]
    rows = spandsp.decode(encode(page, coding), coding, page.width_px)
    assert Bitmap.from_octets(page.width_px, b"".join(rows)) == page


@pytest.mark.parametrize("coding", list(Coding))
@pytest.mark.parametrize("name", PAGES)
def test_we_read_what_libspandsp_codes(spandsp: Spandsp, name: str, coding: Coding) -> None:
    page = PAGES[name]
    octets = spandsp.encode(spandsp.page_file(page), coding)
    decoded = decode(octets, coding, width_px=page.width_px)
    assert decoded.bitmap == page
    assert (decoded.bad_rows, decoded.complete) == (0, True)
