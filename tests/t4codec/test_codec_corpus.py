"""The public fax files: their octets give the rasters that libtiff gives, but where ours is the better one."""

import hashlib
import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from codec_jbigkit import jbigkit_encodes
from codec_spandsp import Spandsp
from codec_tiffs import Strip, coded_strips, libtiff_decodes, libtiff_encodes, libtiff_reads
from PIL import Image

from mailfax.model.page import Coding
from mailfax.t4codec import Bitmap, Decoded, DecodeOptions, EncodeOptions, decode, encode
from mailfax.t4codec.t85 import decode_t85, encode_t85

pytestmark = pytest.mark.corpus

# Not fax: its second and third page are in colour.
COLOUR = {"fax/g3-3page-japanese.tif"}
# The first row has no EOL before it, so libtiff drops it and pads the page at its end; one row is damaged.
LIBTIFF_LOSES_A_ROW = "fax/g3-minifax-1page.tif"
# Pages that stand turned in the file, as their Orientation says; quarters of a turn to the left.
TURNS = {"fax/g4-orientation3.tif": 2, "fax/g4-orientation6.tif": -1}


def raster_hash(bitmap: Bitmap) -> str:
    return hashlib.sha256(bitmap.octets()).hexdigest()[:16]


def manifest_rasters(corpus: Path) -> dict[str, list[str]]:
    rasters = {}
    for line in (corpus / "MANIFEST.md").read_text().splitlines():
        match = re.match(r"\| (fax/\S+\.tif) .*raster ([0-9a-f ]+)", line)
        if match:
            rasters[match[1]] = match[2].split()
    return rasters


def decode_strips(strips: list[Strip]) -> tuple[Bitmap, int]:
    """Decode a page of a TIFF and count its bad rows."""
    page, bad_rows = Bitmap.white(strips[0].width_px, 0), 0
    for strip in strips:
        decoded = decode(
            strip.octets, strip.coding, width_px=strip.width_px, max_rows=strip.rows, options=strip.options
        )
        page, bad_rows = Bitmap.stack(page, decoded.bitmap), bad_rows + decoded.bad_rows
    return Bitmap.from_bool(~page.to_bool()) if strips[0].black_is_zero else page, bad_rows


def test_every_fax_tiff_gives_the_raster_of_the_manifest(corpus: Path) -> None:
    rasters = manifest_rasters(corpus)
    assert len(rasters) > 25
    for name, expected in rasters.items():
        if name in COLOUR or name == LIBTIFF_LOSES_A_ROW:
            continue
        pages = [decode_strips(strips) for strips in coded_strips(corpus / name)]
        upright = [Bitmap.from_bool(np.rot90(page.to_bool(), TURNS.get(name, 0))) for page, _ in pages]
        assert [raster_hash(page) for page in upright][:6] == expected, name
        assert upright == libtiff_reads(corpus / name), name
        assert not any(bad_rows for _, bad_rows in pages), name


def test_the_row_that_libtiff_loses_is_there(corpus: Path) -> None:
    path = corpus / LIBTIFF_LOSES_A_ROW
    (strips,) = coded_strips(path)
    page, bad_rows = decode_strips(strips)
    (theirs,) = libtiff_reads(path)
    differ = (page.packed[1:] != theirs.packed[:-1]).any(axis=1)
    assert bad_rows == 1
    assert np.count_nonzero(differ) <= 1


def test_the_same_picture_in_every_coding(corpus: Path) -> None:
    for name in ("itu-chart1", "itu-chart4", "itu-chart5", "itu-chart8"):
        (page,) = libtiff_reads(corpus / "fax" / f"{name}-g4-lsb.tif")
        for coding in Coding:
            assert decode(encode(page, coding), coding, width_px=1728).bitmap == page


@pytest.mark.interop
def test_every_public_picture_is_the_same_to_libtiff_libspandsp_and_jbigkit(corpus: Path, tmp_path: Path) -> None:
    spandsp = Spandsp.load(tmp_path)
    assert spandsp, "Debian's libspandsp2 is not installed"
    pictures = [
        page for name in manifest_rasters(corpus) if name not in COLOUR for page in libtiff_reads(corpus / name)
    ]
    assert len(pictures) > 30
    for page in pictures:
        for coding in Coding:
            octets = encode(page, coding, options=EncodeOptions(k=2, end_of_page=coding is Coding.MMR))
            assert octets == libtiff_encodes(page, coding)
            assert decode(octets, coding, width_px=page.width_px).bitmap == page
            theirs = decode(spandsp.encode(spandsp.page_file(page), coding), coding, width_px=page.width_px)
            assert theirs.bitmap == page
            assert libtiff_decodes(encode(page, coding), coding, page.width_px, page.rows) == page
            if page.width_px % 8 == 0:  # libspandsp gives whole octets only
                rows = spandsp.decode(encode(page, coding), coding, page.width_px)
                assert Bitmap.from_octets(page.width_px, b"".join(rows)) == page
        t85 = encode_t85(page)
        assert t85 == jbigkit_encodes(page, tmp_path, "-m", "0", "-s", "128", "-p", "8")
        assert decode_t85(t85, width_px=page.width_px).bitmap == page


def test_raw_streams_equal_their_truth(corpus: Path) -> None:
    diagonal = decode((corpus / "fax/raw-diagonal-all-runs.g3").read_bytes(), Coding.MH, width_px=1728)
    assert np.array_equal(diagonal.bitmap.to_bool(), np.eye(1728, dtype=bool))
    assert (diagonal.bad_rows, diagonal.complete) == (0, True)


# A reception over a bad line: 158 of its rows cannot be read. Where the last code word of such a row has taken a zero of the
# EOL behind it, libtiff does not see that EOL and loses the next row; and the first row has two rows' bits.
FAULTY = "fax/g3test-libtiffpic"
FAULTY_LOST_BY_LIBTIFF = (1, 182, 392, 719, 909, 940, 995, 1010, 1012, 1019)


def rows_between_eols(octets: bytes) -> list[Bitmap | None]:
    """Cut a page of MH at what looks like an EOL and decode each row alone; None for one that cannot be read."""
    bits = "".join(f"{octet:08b}" for octet in octets)
    marks = list(re.finditer("0{11,}1", bits))
    rows: list[Bitmap | None] = []
    for mark, after in itertools.pairwise(marks):
        row = bits[mark.end() : after.start()]
        if not row:
            break  # the RTC
        alone = f"{1:012b}{row}" + 6 * f"{1:012b}"
        decoded = decode(
            int(alone + "0" * (-len(alone) % 8), 2).to_bytes((len(alone) + 7) // 8), Coding.MH, width_px=1728
        )
        rows.append(decoded.bitmap if (decoded.rows, decoded.bad_rows) == (1, 0) else None)
    return rows


def good_rows(decoded: Decoded) -> list[bytes | None]:
    """Give the rows of a page; None for a bad one."""
    rows: list[bytes | None] = [row.tobytes() for row in decoded.bitmap.packed]
    for span in decoded.bad_spans:
        rows[span.first : span.first + span.count] = [None] * span.count
    return rows


def test_a_reception_full_of_faults_has_every_row_that_stands_between_eols(corpus: Path) -> None:
    octets = (corpus / f"{FAULTY}.g3").read_bytes()
    decoded = decode(octets, Coding.MH, width_px=1728)
    alone = rows_between_eols(octets)
    assert (len(alone), alone.count(None)) == (1101, 158)
    # The first stretch holds a row and, behind an EOL that was hit, what was another one.
    assert alone[0] is None
    assert [row and row.octets() for row in alone] == good_rows(decoded)[1:]
    assert (decoded.rows, decoded.bad_rows, decoded.longest_bad_run, decoded.complete) == (1102, 158, 14, True)


def test_libtiff_loses_ten_rows_of_that_reception_and_has_all_others_as_we_have_them(corpus: Path) -> None:
    decoded = decode((corpus / f"{FAULTY}.g3").read_bytes(), Coding.MH, width_px=1728)
    (theirs,) = libtiff_reads(corpus / f"{FAULTY}.tif")
    ours = [row for number, row in enumerate(good_rows(decoded)) if number not in FAULTY_LOST_BY_LIBTIFF]
    assert [row if row is None else their.tobytes() for row, their in zip(ours, theirs.packed, strict=False)] == ours
    # Then libtiff counted the RTC, and what the modem heard behind it, as white rows.
    assert theirs.rows == len(ours) + 11
    assert not theirs.packed[len(ours) :].any()


@pytest.mark.parametrize(
    ("name", "coding", "align_rows", "complete"),
    [
        ("raw-gopher.g3", Coding.MH, False, True),
        ("raw-gopher-aligned.g3", Coding.MH, True, True),
        ("raw-gopher.g4", Coding.MMR, False, True),
        ("raw-gopher-truncated0.g4", Coding.MMR, False, False),
    ],
)
def test_the_gopher(corpus: Path, name: str, coding: Coding, align_rows: bool, complete: bool) -> None:
    truth = Bitmap.from_bool(np.asarray(Image.open(corpus / "fax/raw-gopher-truth.png")) < 128)
    octets = (corpus / "fax" / name).read_bytes()
    decoded = decode(octets, coding, width_px=153, options=DecodeOptions(align_rows=align_rows))
    assert decoded.bitmap == truth
    assert (decoded.bad_rows, decoded.complete) == (0, complete)
