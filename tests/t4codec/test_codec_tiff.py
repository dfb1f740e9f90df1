"""TIFF files: what we write is what libtiff reads, with the fields that RFC 3949 asks for."""

import io
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from codec_pictures import solid, texty
from PIL import Image

from mailfax.model.page import Coding, Density, Resolution
from mailfax.t4codec import Bitmap, EncodeOptions, decode, encode
from mailfax.t4codec.tiff import (
    Profile,
    T6Page,
    TiffPage,
    code_page,
    write_fax_tiff,
    write_t6_tiff,
)

FINE, STANDARD = Density(204, 196), Density(204, 98)


def tiffinfo(tiff: bytes, folder: Path) -> str:
    """Let libtiff's own tool decode every strip; it says nothing on standard error of a file in order."""
    path = folder / "fax.tif"
    path.write_bytes(tiff)
    done = subprocess.run(["tiffinfo", "-d", path], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout


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


@pytest.mark.parametrize("coding", list(Coding))
def test_profile_f_is_read_by_libtiff(coding: Coding, tmp_path: Path) -> None:
    pages = [texty(rows=150), texty(width=2432, rows=80, seed=2)]
    tiff = write_fax_tiff([code_page(page, FINE, coding=coding) for page in pages])
    picture = Image.open(io.BytesIO(tiff))
    assert picture.n_frames == 2
    for number, page in enumerate(pages):
        picture.seek(number)
        assert Bitmap.from_bool(~np.asarray(picture)) == page
        assert picture.info["dpi"] == tuple(FINE)
    told = tiffinfo(tiff, tmp_path)
    assert told.count("Compression Scheme: " + ("CCITT Group 4" if coding is Coding.MMR else "CCITT Group 3")) == 2
    assert told.count("Subfile Type: multi-page document") == 2
    assert "Page Number: 1-2" in told


def test_profile_s_of_many_pages_is_as_rfc_3949_has_it(tmp_path: Path) -> None:
    pages = [texty(rows=150), texty(rows=90, seed=2)]
    coded = [code_page(page, density, profile=Profile.S) for page, density in zip(pages, (STANDARD, FINE), strict=True)]
    tiff = write_fax_tiff(coded, Profile.S)
    picture = Image.open(io.BytesIO(tiff))
    for number, page in enumerate(pages):
        picture.seek(number)
        assert Bitmap.from_bool(~np.asarray(picture)) == page
        tags = picture.tag_v2
        expected = {254: 2, 256: 1728, 259: 3, 262: 0, 266: 2, 278: page.rows, 292: 4, 296: 2, 297: (number, 2)}
        assert {tag: tags[tag] for tag in expected} == expected
        assert (tags[282], tags[283]) == coded[number].density
    assert tiffinfo(tiff, tmp_path).count("Group 3 Options: EOL padding") == 2


def test_a_page_that_its_profile_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="1001 pels at 204x196"):
        write_fax_tiff([code_page(texty(width=1001, rows=60), FINE)])
    with pytest.raises(ValueError, match="none of TIFF profile S"):
        write_fax_tiff([code_page(texty(rows=60), FINE)], Profile.S)


def test_a_received_page_tells_its_bad_rows() -> None:
    octets = bytearray(encode(texty(rows=100), Coding.MH))
    octets[600] ^= 0xFF
    decoded = decode(bytes(octets), Coding.MH, width_px=1728)
    page = T6Page(
        octets=encode(decoded.bitmap, Coding.MMR),
        width_px=1728,
        rows=decoded.rows,
        resolution=Resolution.FINE,
        bad_rows=decoded.bad_rows,
        longest_bad_run=decoded.longest_bad_run,
    )
    tags = Image.open(io.BytesIO(write_t6_tiff([page]))).tag_v2
    assert (tags[326], tags[327], tags[328]) == (1, 1, 1)
    assert 326 not in Image.open(io.BytesIO(write_t6_tiff([replace(page, bad_rows=None)]))).tag_v2


def test_lsb_first_octets_are_marked() -> None:
    page = texty(rows=60)
    octets = encode(page, Coding.MMR, options=EncodeOptions(lsb_first=True))
    tiff = write_fax_tiff(
        [TiffPage(octets=octets, coding=Coding.MMR, width_px=1728, rows=60, density=FINE, lsb_first=True)]
    )
    assert Bitmap.from_bool(~np.asarray(Image.open(io.BytesIO(tiff)))) == page
