"""TIFF files that we write are what libtiff reads."""

import io

import numpy as np
from codec_pictures import solid, texty
from PIL import Image

from mailfax.model.page import Coding, Resolution
from mailfax.t4codec import Bitmap, encode
from mailfax.t4codec.tiff import T6Page, write_t6_tiff


def test_pages_of_a_t6_tiff_are_read_by_libtiff() -> None:
    pages = [texty(rows=201), solid(1728, 40, black=True), texty(width=1001, rows=60)]
    resolutions = [Resolution.FINE, Resolution.STANDARD, Resolution.FINE]
    coded = [
        T6Page(octets=encode(page, Coding.MMR), width_px=page.width_px, rows=page.rows, resolution=resolution)
        for page, resolution in zip(pages, resolutions, strict=True)
    ]
    picture = Image.open(io.BytesIO(write_t6_tiff(coded)))
    assert picture.n_frames == 3
    for number, (page, resolution) in enumerate(zip(pages, resolutions, strict=True)):
        picture.seek(number)
        assert Bitmap.from_bool(~np.asarray(picture)) == page
        assert picture.info["dpi"] == tuple(resolution.density)
        assert picture.tag_v2[297] == (number, 3)
