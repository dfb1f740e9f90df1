"""Fax pages to TIFF (RFC 3949, profiles S and F): the container only, coded octets go in as they are.

Called with `write_t6_tiff` by the PDF maker, by single calls for what they received, and for previews. `code_page` and
`write_fax_tiff` make files in which internet fax travels (RFC 3965 asks for profile S), for other fax software. They are strict:
a page that its profile does not have is refused, so that no reader has to be forgiving with what we write. TIFF is read by
Pillow's libtiff, see `render.image`.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from mailfax.model.page import A4_WIDTH_PX, Coding, Density, Resolution
from mailfax.t4codec.bitmap import Bitmap
from mailfax.t4codec.encoder import EncodeOptions, encode
from mailfax.t4codec.tiff_fields import (
    ALIGNED_EOLS,
    CLEAN,
    GROUP_3,
    GROUP_4,
    INCH,
    LONG,
    LSB_FIRST,
    MIN_IS_WHITE,
    MSB_FIRST,
    PAGE_OF_MANY,
    RATIONAL,
    REGENERATED,
    SHORT,
    TWO_DIMENSIONAL,
    Tag,
)

HEADER = struct.Struct("<2sHI")
ENTRY = struct.Struct("<HHII")
Fields = dict[Tag, tuple[int, int, int]]  # type, count, value


class Profile(StrEnum):
    """S: the minimum that every internet fax reads (RFC 3949, 3). F: all of MH, MR and MMR (RFC 3949, 4)."""

    S = "S"
    F = "F"


S_DENSITIES = {Density(x, y) for x, y in ((200, 100), (204, 98), (200, 200), (204, 196))}
R8_WIDTHS, R12_WIDTHS, R16_WIDTHS = (1728, 2048, 2432), (2592, 3072, 3648), (3456, 4096, 4864)
F_WIDTHS = {
    **dict.fromkeys((*S_DENSITIES, Density(204, 391), Density(200, 400)), R8_WIDTHS),
    Density(300, 300): R12_WIDTHS,
    Density(400, 400): R16_WIDTHS,
    Density(408, 391): R16_WIDTHS,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class TiffPage:
    """A coded page, and what is to be said of it. `bad_rows` and the longest run of them is known of received pages only."""

    octets: bytes
    coding: Coding
    width_px: int
    rows: int
    density: Density
    lsb_first: bool = False
    aligned_eols: bool = False
    bad_rows: int | None = None
    longest_bad_run: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class T6Page:
    """A page coded as T.6 with EOFB, first bit on the line = MSB. `bad_rows` and their longest run: of received pages only."""

    octets: bytes
    width_px: int
    rows: int
    resolution: Resolution
    bad_rows: int | None = None
    longest_bad_run: int = 0


def code_page(
    bitmap: Bitmap, density: Density, *, profile: Profile = Profile.F, coding: Coding = Coding.MMR, k: int = 4
) -> TiffPage:
    """Code a picture as its profile has it: S is MH, LSB first; MH and MR stand in files without RTC (RFC 3949, 3.5)."""
    simple = profile is Profile.S
    coding = Coding.MH if simple else coding
    options = EncodeOptions(k=k, align_eol=coding is not Coding.MMR, end_of_page=coding is Coding.MMR, lsb_first=simple)
    return TiffPage(
        octets=encode(bitmap, coding, options=options),
        coding=coding,
        width_px=bitmap.width_px,
        rows=bitmap.rows,
        density=density,
        lsb_first=simple,
        aligned_eols=coding is not Coding.MMR,
    )


def write_t6_tiff(pages: Sequence[T6Page]) -> bytes:
    """Write a TIFF of T.6 pages, one strip each, of any width; of received pages it tells the bad rows (BadFaxLines of RFC 3949)."""
    return _write(
        [
            TiffPage(
                octets=page.octets,
                coding=Coding.MMR,
                width_px=page.width_px,
                rows=page.rows,
                density=page.resolution.density,
                bad_rows=page.bad_rows,
                longest_bad_run=page.longest_bad_run,
            )
            for page in pages
        ]
    )


def write_fax_tiff(pages: Sequence[TiffPage], profile: Profile = Profile.F) -> bytes:
    """Write a TIFF; raises ValueError with a plain sentence for a page that the profile does not have."""
    for number, page in enumerate(pages, 1):
        if profile is Profile.S:
            fits = page.density in S_DENSITIES and page.width_px == A4_WIDTH_PX
            fits = fits and page.coding is Coding.MH and page.lsb_first
        else:
            fits = page.width_px in F_WIDTHS.get(page.density, ())
        if not fits:
            raise ValueError(
                f"Page {number} ({page.coding}, {page.width_px} pels at {page.density.x_dpi}x{page.density.y_dpi}) "
                f"is none of TIFF profile {profile}."
            )
    return _write(pages)


def _write(pages: Sequence[TiffPage]) -> bytes:
    if not pages:
        raise ValueError("A TIFF has at least one page.")
    file = bytearray(HEADER.pack(b"II", 42, HEADER.size))
    for number, page in enumerate(pages):
        fields = _fields(page) | {Tag.PAGE_NUMBER: (SHORT, 2, (len(pages) << 16 | number) & 0xFFFFFFFF)}
        _append_page(file, fields, page, last=number == len(pages) - 1)
    return bytes(file)


def _fields(page: TiffPage) -> Fields:
    """Give type, count and value of every field but those that say where something is."""
    fields: Fields = {
        Tag.NEW_SUBFILE_TYPE: (LONG, 1, PAGE_OF_MANY),
        Tag.IMAGE_WIDTH: (LONG, 1, page.width_px),
        Tag.IMAGE_LENGTH: (LONG, 1, page.rows),
        Tag.BITS_PER_SAMPLE: (SHORT, 1, 1),
        Tag.COMPRESSION: (SHORT, 1, GROUP_4 if page.coding is Coding.MMR else GROUP_3),
        Tag.PHOTOMETRIC: (SHORT, 1, MIN_IS_WHITE),
        Tag.FILL_ORDER: (SHORT, 1, LSB_FIRST if page.lsb_first else MSB_FIRST),
        Tag.STRIP_OFFSETS: (LONG, 1, 0),
        Tag.SAMPLES_PER_PIXEL: (SHORT, 1, 1),
        Tag.ROWS_PER_STRIP: (LONG, 1, page.rows),
        Tag.STRIP_BYTE_COUNTS: (LONG, 1, len(page.octets)),
        Tag.X_RESOLUTION: (RATIONAL, 1, 0),
        Tag.Y_RESOLUTION: (RATIONAL, 1, 0),
        Tag.RESOLUTION_UNIT: (SHORT, 1, INCH),
    }
    if page.coding is Coding.MMR:
        fields[Tag.T6_OPTIONS] = (LONG, 1, 0)
    else:
        two_dimensional = TWO_DIMENSIONAL if page.coding is Coding.MR else 0
        fields[Tag.T4_OPTIONS] = (LONG, 1, two_dimensional | (ALIGNED_EOLS if page.aligned_eols else 0))
    if page.bad_rows is not None:
        fields[Tag.BAD_FAX_LINES] = (LONG, 1, page.bad_rows)
        fields[Tag.CLEAN_FAX_DATA] = (SHORT, 1, REGENERATED if page.bad_rows else CLEAN)
        fields[Tag.CONSECUTIVE_BAD_FAX_LINES] = (LONG, 1, page.longest_bad_run)
    return fields


def _append_page(file: bytearray, fields: Fields, page: TiffPage, *, last: bool) -> None:
    """Append a directory, its two rationals and its strip; then the next directory's place is the end of the file."""
    rationals_at = len(file) + 2 + len(fields) * ENTRY.size + 4
    strip_at = rationals_at + 16
    places = {Tag.STRIP_OFFSETS: strip_at, Tag.X_RESOLUTION: rationals_at, Tag.Y_RESOLUTION: rationals_at + 8}
    file += struct.pack("<H", len(fields))
    for tag, (kind, count, value) in sorted(fields.items()):
        file += ENTRY.pack(tag, kind, count, places.get(tag, value))
    end = strip_at + len(page.octets)
    padding = end % 2  # directories begin at even places
    file += struct.pack("<I", 0 if last else end + padding)
    file += struct.pack("<IIII", page.density.x_dpi, 1, page.density.y_dpi, 1)
    file += page.octets + bytes(padding)
