"""The public fax files: each gives the raster that libtiff gave, as the manifest says, but where ours is the better one."""

import difflib
import hashlib
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mailfax.model.page import Coding
from mailfax.t4codec import BadRows, Bitmap, DecodeOptions, decode, encode
from mailfax.t4codec.tiff_reader import TiffError, read_fax_tiff

pytestmark = pytest.mark.corpus

# Not fax: its second and third page are in colour.
COLOUR = {"fax/g3-3page-japanese.tif"}
# The first row has no EOL before it, so libtiff drops it and pads the page at its end; one row is damaged.
LIBTIFF_LOSES_A_ROW = "fax/g3-minifax-1page.tif"


def raster_hash(bitmap: Bitmap) -> str:
    return hashlib.sha256(bitmap.octets()).hexdigest()[:16]


def manifest_rasters(corpus: Path) -> dict[str, list[str]]:
    rasters = {}
    for line in (corpus / "MANIFEST.md").read_text().splitlines():
        match = re.match(r"\| (fax/\S+\.tif) .*raster ([0-9a-f ]+)", line)
        if match:
            rasters[match[1]] = match[2].split()
    return rasters


def test_every_fax_tiff_gives_the_raster_of_the_manifest(corpus: Path) -> None:
    rasters = manifest_rasters(corpus)
    assert len(rasters) > 25
    for name, expected in rasters.items():
        if name in COLOUR or name == LIBTIFF_LOSES_A_ROW:
            continue
        pages = read_fax_tiff((corpus / name).read_bytes())
        assert [raster_hash(page.bitmap) for page in pages][:6] == expected, name
        assert not any(page.bad_rows for page in pages), name


def test_colour_pages_are_left_to_others(corpus: Path) -> None:
    for name in COLOUR:
        with pytest.raises(TiffError, match="not black and white"):
            read_fax_tiff((corpus / name).read_bytes())


def test_the_row_that_libtiff_loses_is_there(corpus: Path) -> None:
    path = corpus / LIBTIFF_LOSES_A_ROW
    (page,) = read_fax_tiff(path.read_bytes())
    theirs = Bitmap.from_bool(~np.asarray(Image.open(path)))
    differ = (page.bitmap.packed[1:] != theirs.packed[:-1]).any(axis=1)
    assert page.bad_rows == 1
    assert np.count_nonzero(differ) <= 1


def test_the_same_picture_in_every_coding(corpus: Path) -> None:
    for name in ("itu-chart1", "itu-chart4", "itu-chart5", "itu-chart8"):
        (page,) = read_fax_tiff((corpus / "fax" / f"{name}-g4-lsb.tif").read_bytes())
        for coding in Coding:
            assert decode(encode(page.bitmap, coding), coding, width_px=1728).bitmap == page.bitmap


def test_raw_streams_equal_their_truth(corpus: Path) -> None:
    diagonal = decode((corpus / "fax/raw-diagonal-all-runs.g3").read_bytes(), Coding.MH, width_px=1728)
    assert np.array_equal(diagonal.bitmap.to_bool(), np.eye(1728, dtype=bool))
    assert (diagonal.bad_rows, diagonal.complete) == (0, True)


def test_a_reception_full_of_faults_has_every_row_that_libtiff_kept_and_those_it_lost(corpus: Path) -> None:
    """The raw stream behind this TIFF came over a bad line: 158 of its rows cannot be read, most of them cut short."""
    options = DecodeOptions(bad_rows=BadRows.KEEP)
    page = decode((corpus / "fax/g3test-libtiffpic.g3").read_bytes(), Coding.MH, width_px=1728, options=options)
    (theirs,) = read_fax_tiff((corpus / "fax/g3test-libtiffpic.tif").read_bytes())
    ours_rows = [row.tobytes() for row in page.bitmap.packed]
    their_rows = [row.tobytes() for row in theirs.bitmap.packed]
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


def test_hostile_tiffs_are_read_or_refused(corpus: Path) -> None:
    refused = set()
    for path in sorted((corpus / "hostile").glob("*.tif")):
        try:
            assert len(read_fax_tiff(path.read_bytes())) < 4
        except TiffError:
            refused.add(path.name)
    assert "tiff-oom-88bytes.tif" in refused
