"""Fax TIFFs to pictures. Called for attachments and for what other fax software wrote.

Pages coded as MH, MR, MMR or CCITT run lengths are read here, because damage, odd fields and wrong labels are common in
them; other black and white pages (LZW, PackBits and so on) are Pillow's. Everything else is refused with a plain sentence.
"""

import io
import struct
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mailfax.model.page import Coding, Density
from mailfax.t4codec.bitmap import Bitmap
from mailfax.t4codec.decoder import MAX_ROWS, Decoded, DecodeOptions, decode
from mailfax.t4codec.tiff_fields import (
    CENTIMETRE,
    CM_PER_INCH,
    GROUP_3,
    GROUP_4,
    INCH,
    LSB_FIRST,
    MIN_IS_WHITE,
    MSB_FIRST,
    OCTETS_OF_TYPE,
    RATIONAL,
    REDUCED_PICTURE,
    RUN_LENGTH,
    SHORT,
    TWO_DIMENSIONAL,
    Tag,
)

MAX_PAGES = 1000
MAX_WIDTH_PX = 30_000
MAX_OCTETS = 1 << 26  # of one page in memory: three times A3 at 600 dpi
MAX_FIELDS = 1000
GUESSED_DPI = 200  # of a page that does not say
# What Pillow raises on files that are not as they should be.
PILLOW_FAULTS = (
    OSError,
    EOFError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    MemoryError,
    struct.error,
    Image.DecompressionBombError,
)
ORDERS = {b"II": "<", b"MM": ">"}


class TiffError(ValueError):
    """The file cannot be read as black and white pages; the text is one plain sentence for the sender."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadPage:
    """One page as it stands in the file, turned upright. `bad_rows` could not be read and were replaced."""

    bitmap: Bitmap
    density: Density
    bad_rows: int


@dataclass(frozen=True, slots=True)
class _Directory:
    """The fields of one page, each a tuple of numbers (a rational is one number)."""

    fields: dict[int, tuple[float, ...]]

    def number(self, tag: Tag, default: int) -> int:
        values = self.fields.get(tag)
        return int(values[0]) if values else default

    def numbers(self, tag: Tag) -> tuple[int, ...]:
        return tuple(int(value) for value in self.fields.get(tag, ()))


def read_fax_tiff(octets: bytes, *, max_pages: int = MAX_PAGES) -> tuple[ReadPage, ...]:
    """Read all pages, thumbnails left out; raises TiffError."""
    pages: list[ReadPage] = []
    for frame, directory in enumerate(_directories(octets)):
        if directory.number(Tag.NEW_SUBFILE_TYPE, 0) & REDUCED_PICTURE:
            continue
        if len(pages) == max_pages:
            raise TiffError(f"The TIFF has more than {max_pages} pages.")
        pages.append(_read_page(octets, directory, frame))
    if not pages:
        raise TiffError("The TIFF has no page that could be read.")
    return tuple(pages)


def _directories(octets: bytes) -> Iterator[_Directory]:
    """Walk the chain of directories; a chain that runs in a circle or out of the file ends there."""
    order = ORDERS.get(octets[:2])
    if order is None or len(octets) < 8 or struct.unpack_from(order + "H", octets, 2)[0] != 42:
        raise TiffError("The file is not a TIFF.")
    place = struct.unpack_from(order + "I", octets, 4)[0]
    seen = set()
    while place and place not in seen and place + 2 <= len(octets):
        seen.add(place)
        count = struct.unpack_from(order + "H", octets, place)[0]
        ends = place + 2 + 12 * count
        if count > MAX_FIELDS or ends > len(octets):
            return
        entries = (octets[at : at + 12] for at in range(place + 2, ends, 12))
        yield _Directory(dict(_field(octets, order, entry) for entry in entries))
        place = struct.unpack_from(order + "I", octets, ends)[0] if ends + 4 <= len(octets) else 0


def _field(octets: bytes, order: str, entry: bytes) -> tuple[int, tuple[float, ...]]:
    tag, kind, count = struct.unpack_from(order + "HHI", entry)
    size = OCTETS_OF_TYPE.get(kind, 0) * count
    at = 0 if size <= 4 else struct.unpack_from(order + "I", entry, 8)[0]
    value = entry[8:] if size <= 4 else octets[at : at + size]
    if len(value) < size:
        return tag, ()
    if kind == RATIONAL:
        pairs = struct.unpack_from(f"{order}{2 * count}I", value)
        return tag, tuple(over / under if under else 0.0 for over, under in zip(pairs[::2], pairs[1::2], strict=True))
    code = {1: "B", 2: "B", SHORT: "H", 4: "I"}.get(kind)
    return tag, struct.unpack_from(f"{order}{count}{code}", value) if code else ()


def _read_page(octets: bytes, directory: _Directory, frame: int) -> ReadPage:
    compression = directory.number(Tag.COMPRESSION, 1)
    bits, samples = directory.number(Tag.BITS_PER_SAMPLE, 1), directory.number(Tag.SAMPLES_PER_PIXEL, 1)
    density = _density(directory)
    if (bits, samples) != (1, 1) or compression not in {RUN_LENGTH, GROUP_3, GROUP_4} or not _strips(octets, directory):
        return ReadPage(bitmap=_by_pillow(octets, frame), density=density, bad_rows=0)
    width = directory.number(Tag.IMAGE_WIDTH, 0)
    length = directory.number(Tag.IMAGE_LENGTH, MAX_ROWS)
    if not 0 < width <= MAX_WIDTH_PX or not length:
        raise TiffError(f"The TIFF has a page {width} pels wide and {length} rows long.")
    length = min(length, MAX_ROWS, MAX_OCTETS // ((width + 7) // 8))
    black, bad_rows = _decode_strips(octets, directory, width, length)
    if directory.number(Tag.PHOTOMETRIC, MIN_IS_WHITE) != MIN_IS_WHITE:
        black = Bitmap.from_octets(width, (~black.packed).tobytes())
    orientation = directory.number(Tag.ORIENTATION, 1)
    if orientation >= 5:
        density = Density(density.y_dpi, density.x_dpi)
    return ReadPage(bitmap=_upright(black, orientation), density=density, bad_rows=bad_rows)


def _by_pillow(octets: bytes, frame: int) -> Bitmap:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            picture = Image.open(io.BytesIO(octets))
            picture.seek(frame)
            pels = np.asarray(picture) if picture.mode == "1" else None
    except PILLOW_FAULTS as error:
        raise TiffError("The TIFF has a page that cannot be read.") from error
    if pels is None:
        raise TiffError("The TIFF has a page that is not black and white.")
    return Bitmap.from_bool(~pels)


def _density(directory: _Directory) -> Density:
    """Give the density in dots per inch; a page that gives no unit means inches, for nearly all of them do."""
    per_inch = CM_PER_INCH if directory.number(Tag.RESOLUTION_UNIT, INCH) == CENTIMETRE else 1
    x, y = (directory.fields.get(tag) or (0.0,) for tag in (Tag.X_RESOLUTION, Tag.Y_RESOLUTION))
    x_dpi, y_dpi = (max(0, round(values[0] * per_inch)) for values in (x, y))
    return Density(x_dpi or y_dpi or GUESSED_DPI, y_dpi or x_dpi or GUESSED_DPI)


def _strips(octets: bytes, directory: _Directory) -> list[bytes]:
    """Give the strips; one whose length is missing or 0 runs to the next one, or to the end of the file."""
    offsets = directory.numbers(Tag.STRIP_OFFSETS)
    counts = directory.numbers(Tag.STRIP_BYTE_COUNTS)
    strips = []
    for number, at in enumerate(offsets):
        count = counts[number] if number < len(counts) else 0
        if not count:
            later = [other for other in offsets if other > at]
            count = min(later, default=len(octets)) - at
        strips.append(octets[at : at + count])
    return strips if any(strips) else []


def _decode_strips(octets: bytes, directory: _Directory, width: int, length: int) -> tuple[Bitmap, int]:
    strips = _strips(octets, directory)
    strip_rows = directory.number(Tag.ROWS_PER_STRIP, length) if len(strips) > 1 else length
    strip_rows = min(max(strip_rows, 1), length)
    parts: list[NDArray[np.uint8]] = []
    rows_left, bad_rows = length, 0
    for strip in strips:
        wanted = min(strip_rows, rows_left)
        decoded = _decode_strip(strip, directory, width, wanted)
        known_length = Tag.IMAGE_LENGTH in directory.fields
        missing = wanted - decoded.rows if known_length else 0
        parts += [decoded.bitmap.packed, np.zeros((missing, (width + 7) // 8), np.uint8)]
        bad_rows += decoded.bad_rows + missing
        rows_left -= wanted
        if not rows_left:
            break
    return Bitmap(width, np.concatenate(parts)), bad_rows


def _decode_strip(strip: bytes, directory: _Directory, width: int, rows: int) -> Decoded:
    """Decode as the fields say; where that goes wrong and another way gives every row, they were wrong."""
    compression = directory.number(Tag.COMPRESSION, GROUP_4)
    two_dimensional = bool(directory.number(Tag.T4_OPTIONS, 0) & TWO_DIMENSIONAL)
    lsb_first = directory.number(Tag.FILL_ORDER, MSB_FIRST) == LSB_FIRST
    as_said = {
        RUN_LENGTH: (Coding.MH, True),
        GROUP_3: (Coding.MR if two_dimensional else Coding.MH, False),
        GROUP_4: (Coding.MMR, False),
    }[compression]
    ways = [as_said, (Coding.MH, True), (Coding.MH, False), (Coding.MR, False), (Coding.MMR, False)]
    first = None
    for lsb in (lsb_first, not lsb_first):
        for coding, aligned in ways:
            options = DecodeOptions(lsb_first=lsb, align_rows=aligned)
            decoded = decode(strip, coding, width_px=width, max_rows=rows, options=options)
            if decoded.rows - decoded.bad_rows == rows:
                return decoded
            first = first or decoded
    assert first is not None
    return first


def _upright(bitmap: Bitmap, orientation: int) -> Bitmap:
    """Turn a page as its Orientation says (TIFF 6.0, section 8); an unknown one is 1."""
    if not 2 <= orientation <= 8:
        return bitmap
    black = bitmap.to_bool()
    if orientation >= 5:
        black = black.T
    flip_rows = orientation in {3, 4, 7, 8}
    flip_columns = orientation in {2, 3, 6, 7}
    return Bitmap.from_bool(black[:: -1 if flip_rows else 1, :: -1 if flip_columns else 1])
