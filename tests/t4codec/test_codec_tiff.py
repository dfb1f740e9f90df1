"""TIFF files: what we write is what libtiff reads, and what others write, right or wrong, is read."""

import io

import numpy as np
import pytest
from codec_pictures import bitmaps, solid, texty
from codec_tiffs import container, libtiff_encodes
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, TiffImagePlugin

from mailfax.model.page import Coding, Density, Resolution
from mailfax.t4codec import Bitmap, EncodeOptions, decode, encode
from mailfax.t4codec.tiff import (
    Profile,
    T6Page,
    TiffPage,
    code_page,
    received_page,
    write_fax_tiff,
    write_t6_tiff,
)
from mailfax.t4codec.tiff_reader import TiffError, read_fax_tiff

FINE, STANDARD = Density(204, 196), Density(204, 98)


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
def test_profile_f_is_read_by_libtiff_and_by_us(coding: Coding) -> None:
    pages = [texty(rows=150), texty(width=2432, rows=80, seed=2)]
    tiff = write_fax_tiff([code_page(page, FINE, coding=coding) for page in pages])
    picture = Image.open(io.BytesIO(tiff))
    for number, page in enumerate(pages):
        picture.seek(number)
        assert Bitmap.from_bool(~np.asarray(picture)) == page
    assert [(read.bitmap, read.density, read.bad_rows) for read in read_fax_tiff(tiff)] == [
        (page, FINE, 0) for page in pages
    ]


def test_profile_s_is_as_rfc_3949_has_it() -> None:
    page = texty(rows=150)
    tiff = write_fax_tiff([code_page(page, STANDARD, profile=Profile.S)], Profile.S)
    picture = Image.open(io.BytesIO(tiff))
    assert Bitmap.from_bool(~np.asarray(picture)) == page
    tags = picture.tag_v2
    expected = {254: 2, 256: 1728, 259: 3, 262: 0, 266: 2, 278: 150, 292: 4, 296: 2, 297: (0, 1), 282: 204, 283: 98}
    assert {tag: tags[tag] for tag in expected} == expected
    assert read_fax_tiff(tiff)[0].bitmap == page


def test_a_page_that_its_profile_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="1001 pels at 204x196"):
        write_fax_tiff([code_page(texty(width=1001, rows=60), FINE)])
    with pytest.raises(ValueError, match="none of TIFF profile S"):
        write_fax_tiff([code_page(texty(rows=60), FINE)], Profile.S)


def test_a_received_page_tells_its_bad_rows() -> None:
    octets = bytearray(encode(texty(rows=100), Coding.MH))
    octets[600] ^= 0xFF
    page = received_page(decode(bytes(octets), Coding.MH, width_px=1728), FINE)
    tags = Image.open(io.BytesIO(write_fax_tiff([page]))).tag_v2
    assert (tags[326], tags[327], tags[328]) == (1, 1, 1)


@settings(max_examples=60, deadline=None)
@given(page=bitmaps(max_width=900), coding=st.sampled_from(list(Coding)), rows_per_strip=st.integers(1, 13))
def test_strips_of_libtiff_are_read(page: Bitmap, coding: Coding, rows_per_strip: int) -> None:
    info = TiffImagePlugin.ImageFileDirectory_v2()
    info[278] = rows_per_strip
    if coding is Coding.MR:
        info[292] = 1
    file = io.BytesIO()
    name = "group4" if coding is Coding.MMR else "group3"
    Image.fromarray(~page.to_bool()).save(file, "TIFF", compression=name, tiffinfo=info)
    read = read_fax_tiff(file.getvalue())
    assert [(picture.bitmap, picture.bad_rows) for picture in read] == [(page, 0)]


@pytest.mark.parametrize("compression", ["packbits", "tiff_lzw", None])
def test_other_black_and_white_pages_are_pillows(compression: str | None) -> None:
    page, file = texty(rows=120), io.BytesIO()
    Image.fromarray(~page.to_bool()).save(file, "TIFF", compression=compression, dpi=(204, 98))
    assert [(read.bitmap, read.density) for read in read_fax_tiff(file.getvalue())] == [(page, STANDARD)]


@pytest.mark.parametrize("truth", list(Coding))
@pytest.mark.parametrize("label", list(Coding))
@pytest.mark.parametrize("fill_order", [1, 2])
def test_a_wrong_label_is_seen_through(truth: Coding, label: Coding, fill_order: int) -> None:
    page = texty(rows=120)
    octets = encode(page, truth, options=EncodeOptions(lsb_first=True))
    tiff = container(octets, label, page.width_px, page.rows, fill_order=fill_order)
    assert [(read.bitmap, read.bad_rows) for read in read_fax_tiff(tiff)] == [(page, 0)]


def test_more_rows_promised_than_there_are_come_white_and_counted() -> None:
    page = texty(rows=120)
    read = read_fax_tiff(container(libtiff_encodes(page, Coding.MH), Coding.MH, 1728, 150))[0]
    assert read.bitmap == Bitmap.stack(page, Bitmap.white(1728, 30))
    assert read.bad_rows == 30


@pytest.mark.parametrize(
    ("octets", "sentence"),
    [
        (b"", "not a TIFF"),
        (b"%PDF-1.4 " * 10, "not a TIFF"),
        (b"II*\0\xff\xff\xff\x7f", "no page"),
        (b"II*\0\x08\0\0\0" + b"\xff" * 200, "no page"),
    ],
)
def test_what_is_no_fax_is_refused_in_a_sentence(octets: bytes, sentence: str) -> None:
    with pytest.raises(TiffError, match=sentence):
        read_fax_tiff(octets)


def test_colour_is_refused_in_a_sentence() -> None:
    file = io.BytesIO()
    Image.new("RGB", (20, 20)).save(file, "TIFF")
    with pytest.raises(TiffError, match="not black and white"):
        read_fax_tiff(file.getvalue())


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused_and_nothing_else(data: st.DataObject) -> None:
    pages = [code_page(texty(rows=60), FINE, coding=coding) for coding in Coding]
    file = bytearray(write_fax_tiff(pages))
    for _ in range(data.draw(st.integers(1, 6))):
        file[data.draw(st.integers(0, 250))] = data.draw(st.integers(0, 255))
    try:
        read = read_fax_tiff(bytes(file))
    except TiffError:
        return
    assert 1 <= len(read) <= 3


def test_lsb_first_octets_are_marked() -> None:
    page = texty(rows=60)
    octets = encode(page, Coding.MMR, options=EncodeOptions(lsb_first=True))
    tiff = write_fax_tiff(
        [TiffPage(octets=octets, coding=Coding.MMR, width_px=1728, rows=60, density=FINE, lsb_first=True)]
    )
    assert Bitmap.from_bool(~np.asarray(Image.open(io.BytesIO(tiff)))) == page
