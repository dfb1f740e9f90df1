"""Fax pages as TIFF (RFC 3949): the container only, the coded octets go in as they are. Called for archives and viewers."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from mailfax.model.page import Density, Resolution

HEADER = struct.Struct("<2sHI")
ENTRY = struct.Struct("<HHII")
SHORT, LONG, RATIONAL = 3, 4, 5  # TIFF 6.0, section 2


class Tag(IntEnum):
    """The fields that a fax page has (RFC 3949, 3 and 4)."""

    NEW_SUBFILE_TYPE = 254
    IMAGE_WIDTH = 256
    IMAGE_LENGTH = 257
    BITS_PER_SAMPLE = 258
    COMPRESSION = 259
    PHOTOMETRIC = 262
    FILL_ORDER = 266
    STRIP_OFFSETS = 273
    SAMPLES_PER_PIXEL = 277
    ROWS_PER_STRIP = 278
    STRIP_BYTE_COUNTS = 279
    X_RESOLUTION = 282
    Y_RESOLUTION = 283
    T4_OPTIONS = 292
    T6_OPTIONS = 293
    RESOLUTION_UNIT = 296
    PAGE_NUMBER = 297


PAGE_OF_MANY = 2  # NewSubfileType: one page of a multi-page document
MIN_IS_WHITE = 0
FIRST_BIT_IS_MSB = 1
GROUP_4 = 4
INCH = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class T6Page:
    """A page coded as T.6 with EOFB, first bit on the line = MSB."""

    octets: bytes
    width_px: int
    rows: int
    resolution: Resolution


def write_t6_tiff(pages: Sequence[T6Page]) -> bytes:
    """Write a TIFF of profile F, one strip per page (RFC 3949, 4)."""
    if not pages:
        raise ValueError("A TIFF has at least one page.")
    file = bytearray(HEADER.pack(b"II", 42, HEADER.size))
    for number, page in enumerate(pages):
        fields = _fields(page, page.resolution.density, number, len(pages))
        _append_page(file, fields, page.octets, last=number == len(pages) - 1)
    return bytes(file)


def _fields(page: T6Page, density: Density, number: int, total: int) -> dict[Tag, tuple[int, int, int]]:
    """Give type, count and value of every field but those that say where something is."""
    return {
        Tag.NEW_SUBFILE_TYPE: (LONG, 1, PAGE_OF_MANY),
        Tag.IMAGE_WIDTH: (LONG, 1, page.width_px),
        Tag.IMAGE_LENGTH: (LONG, 1, page.rows),
        Tag.BITS_PER_SAMPLE: (SHORT, 1, 1),
        Tag.COMPRESSION: (SHORT, 1, GROUP_4),
        Tag.PHOTOMETRIC: (SHORT, 1, MIN_IS_WHITE),
        Tag.FILL_ORDER: (SHORT, 1, FIRST_BIT_IS_MSB),
        Tag.STRIP_OFFSETS: (LONG, 1, 0),
        Tag.SAMPLES_PER_PIXEL: (SHORT, 1, 1),
        Tag.ROWS_PER_STRIP: (LONG, 1, page.rows),
        Tag.STRIP_BYTE_COUNTS: (LONG, 1, len(page.octets)),
        Tag.X_RESOLUTION: (RATIONAL, 1, density.x_dpi),
        Tag.Y_RESOLUTION: (RATIONAL, 1, density.y_dpi),
        Tag.T6_OPTIONS: (LONG, 1, 0),
        Tag.RESOLUTION_UNIT: (SHORT, 1, INCH),
        Tag.PAGE_NUMBER: (SHORT, 2, total << 16 | number),
    }


def _append_page(file: bytearray, fields: dict[Tag, tuple[int, int, int]], octets: bytes, *, last: bool) -> None:
    """Append one directory, its rationals and its strip; then the next directory's place is the end of the file."""
    directory_size = 2 + len(fields) * ENTRY.size + 4
    rationals_at = len(file) + directory_size
    rationals = [value for kind, _, value in fields.values() if kind == RATIONAL]
    strip_at = rationals_at + 8 * len(rationals)
    file += struct.pack("<H", len(fields))
    places = {Tag.STRIP_OFFSETS: strip_at, Tag.X_RESOLUTION: rationals_at, Tag.Y_RESOLUTION: rationals_at + 8}
    for tag, (kind, count, value) in sorted(fields.items()):
        file += ENTRY.pack(tag, kind, count, places.get(tag, value))
    end = strip_at + len(octets)
    padding = end % 2  # directories begin at even places
    file += struct.pack("<I", 0 if last else end + padding)
    for value in rationals:
        file += struct.pack("<II", value, 1)
    file += octets + bytes(padding)
