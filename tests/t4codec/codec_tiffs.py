"""libtiff, through Pillow, as the oracle: what it makes of our octets, and the octets it writes.

The containers are our own and bare, because Pillow turns 1-bit pictures round pel by pel when it is asked for the fax tags.
"""

import io
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, TiffImagePlugin

from mailfax.model.page import Coding
from mailfax.t4codec import Bitmap, DecodeOptions

COMPRESSION = {Coding.MH: 3, Coding.MR: 3, Coding.MMR: 4}
PIL_COMPRESSION = {Coding.MH: "group3", Coding.MR: "group3", Coding.MMR: "group4"}


def container(octets: bytes, coding: Coding, width_px: int, rows: int, *, fill_order: int = 1) -> bytes:
    """Wrap coded octets in the smallest TIFF that libtiff reads."""
    tags = [
        (256, 4, width_px),
        (257, 4, rows),
        (258, 3, 1),
        (259, 3, COMPRESSION[coding]),
        (262, 3, 0),
        (266, 3, fill_order),
        (273, 4, 8 + 2 + 11 * 12 + 4),
        (277, 3, 1),
        (278, 4, rows),
        (279, 4, len(octets)),
        (292 if coding is not Coding.MMR else 293, 4, 1 if coding is Coding.MR else 0),
    ]
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    return struct.pack("<2sHIH", b"II", 42, 8, len(tags)) + entries + bytes(4) + octets


def libtiff_decodes(octets: bytes, coding: Coding, width_px: int, rows: int, *, fill_order: int = 1) -> Bitmap:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        picture = Image.open(io.BytesIO(container(octets, coding, width_px, rows, fill_order=fill_order)))
        return Bitmap.from_bool(~np.asarray(picture))


def strip_of(tiff: bytes, frame: int = 0) -> bytes:
    picture = Image.open(io.BytesIO(tiff))
    picture.seek(frame)
    tags = picture.tag_v2
    octets = [tiff[at : at + count] for at, count in zip(tags[273], tags[279], strict=True)]
    return b"".join(octets)


def libtiff_encodes(bitmap: Bitmap, coding: Coding) -> bytes:
    """Code by libtiff in one strip. K is 2 as libtiff has it where no resolution is told."""
    picture = Image.fromarray(~bitmap.to_bool())
    info = TiffImagePlugin.ImageFileDirectory_v2()
    info[278] = bitmap.rows
    if coding is Coding.MR:
        info[292] = 1
    # Pillow's 1 is white and it says min-is-black; coding the complement gives the octets of min-is-white.
    file = io.BytesIO()
    Image.fromarray(~np.asarray(picture)).save(file, "TIFF", compression=PIL_COMPRESSION[coding], tiffinfo=info)
    return strip_of(file.getvalue())


@contextmanager
def quiet_open(path: Path) -> Iterator[Image.Image]:
    """Open a file that Pillow has complaints about."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(path) as picture:
            yield picture


def libtiff_reads(path: Path) -> list[Bitmap]:
    """Read all pages of a file by libtiff."""
    pages = []
    with quiet_open(path) as picture:
        for frame in range(picture.n_frames):
            picture.seek(frame)
            pages.append(Bitmap.from_bool(~np.asarray(picture)))
    return pages


@dataclass(frozen=True, kw_only=True, slots=True)
class Strip:
    """Coded octets out of a TIFF, and how its fields say that they are to be decoded."""

    octets: bytes
    coding: Coding
    width_px: int
    rows: int
    black_is_zero: bool
    options: DecodeOptions


def coded_strips(path: Path) -> Iterator[list[Strip]]:
    """Take the strips of every page out of a file that is in order."""
    file = path.read_bytes()
    with quiet_open(path) as picture:
        for frame in range(picture.n_frames):
            picture.seek(frame)
            tags = picture.tag_v2
            two_d = tags.get(292, 0) & 1
            coding = Coding.MMR if tags[259] == 4 else Coding.MR if two_d else Coding.MH
            options = DecodeOptions(lsb_first=tags.get(266, 1) == 2, align_rows=tags[259] == 2)
            rows = tags.get(278, tags[257])
            yield [
                Strip(
                    octets=file[at : at + count] if count else file[at:],
                    coding=coding,
                    width_px=tags[256],
                    black_is_zero=tags[262] == 1,
                    rows=min(rows, tags[257] - number * rows),
                    options=options,
                )
                for number, (at, count) in enumerate(zip(tags[273], tags[279], strict=True))
            ]
