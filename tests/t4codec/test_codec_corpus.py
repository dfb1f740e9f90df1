"""The public fax files: their octets give the rasters that libtiff gives, but where ours is the better one."""

import difflib
import hashlib
import re
from pathlib import Path

import numpy as np
import pytest
from codec_tiffs import Strip, coded_strips, libtiff_reads
from PIL import Image

from mailfax.model.page import Coding
from mailfax.t4codec import BadRows, Bitmap, DecodeOptions, decode, encode

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


def test_raw_streams_equal_their_truth(corpus: Path) -> None:
    diagonal = decode((corpus / "fax/raw-diagonal-all-runs.g3").read_bytes(), Coding.MH, width_px=1728)
    assert np.array_equal(diagonal.bitmap.to_bool(), np.eye(1728, dtype=bool))
    assert (diagonal.bad_rows, diagonal.complete) == (0, True)


def test_a_reception_full_of_faults_has_every_row_that_libtiff_kept_and_those_it_lost(corpus: Path) -> None:
    """The raw stream behind this TIFF came over a bad line: 158 of its rows cannot be read, most of them cut short."""
    options = DecodeOptions(bad_rows=BadRows.KEEP)
    page = decode((corpus / "fax/g3test-libtiffpic.g3").read_bytes(), Coding.MH, width_px=1728, options=options)
    (theirs,) = libtiff_reads(corpus / "fax/g3test-libtiffpic.tif")
    ours_rows = [row.tobytes() for row in page.bitmap.packed]
    their_rows = [row.tobytes() for row in theirs.packed]
    # Behind the last row libtiff counted the RTC and what the modem heard after it.
    while not any(their_rows[-1]):
        their_rows.pop()
    changes = [
        change
        for change in difflib.SequenceMatcher(None, their_rows, ours_rows, autojunk=False).get_opcodes()
        if change[0] != "equal" and change[1] < len(their_rows)
    ]
    # Where a code word of a bad row swallowed a zero of the EOL, libtiff misses the EOL and with it the next row.
    assert {kind for kind, *_ in changes} == {"insert"}
    assert 0 < sum(to - at for _, _, _, at, to in changes) < 8
    assert page.complete


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
