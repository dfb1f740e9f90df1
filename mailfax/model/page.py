"""What a fax page is made of: width, resolution, coding, and the blob that holds it at rest."""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

A4_WIDTH_PX, B4_WIDTH_PX, A3_WIDTH_PX = (
    1728,
    2048,
    2432,
)  # lines of 215, 255 and 303 mm at 8.04 pels a mm (T.4, table 1)
A4_ROWS = {"standard": 1143, "fine": 2287}  # 297 mm at 3.85 and 7.7 rows/mm


class Coding(StrEnum):
    """How rows become bits: T.4 one-dimensional, T.4 two-dimensional, T.6."""

    MH = "MH"
    MR = "MR"
    MMR = "MMR"


class Jbig(StrEnum):
    """T.82 as fax uses it (T.85). On the line only, always under error correction; at rest such a page is T.6 like all others."""

    T85 = "T.85"


LineCoding = Coding | Jbig


def line_coding(name: str) -> LineCoding:
    """Find a coding by its name. Raises ValueError."""
    return Jbig(name) if name in set(Jbig) else Coding(name)


class Density(NamedTuple):
    """Pels and rows per inch as a TIFF or PDF writes them (T.4: 8.04 pels/mm, 3.85 or 7.7 rows/mm)."""

    x_dpi: int
    y_dpi: int


class Resolution(StrEnum):
    """Resolutions by their usual names, or by pels and rows an inch (T.30, table 2, bits 15 and 41 to 44).

    Metric: rows at 3.85, 7.7 and 15.4 a mm, 8.04 pels a mm (R8); the fourth with twice the pels across (R16). Then the inch grid.
    """

    STANDARD = "standard"
    FINE = "fine"
    SUPERFINE = "superfine"
    ULTRAFINE = "ultrafine"
    INCH_200 = "200x200"
    INCH_200_400 = "200x400"
    INCH_300 = "300x300"
    INCH_400 = "400x400"

    @property
    def density(self) -> Density:
        """Return the density that a viewer needs to show the page with the right aspect."""
        return _DENSITIES[self]

    def width_px(self, r8_px: int) -> int:
        """Return the pels across of paper that has so many at 8.04 a mm: 1728 become 2592 at 300, 3456 at 400 (T.4, table 1)."""
        return r8_px * _HALVES_ACROSS.get(self, 2) // 2

    def r8_px(self, width_px: int) -> int:
        """Return the pels that the same paper has at 8.04 a mm: the inverse of `width_px`."""
        return width_px * 2 // _HALVES_ACROSS.get(self, 2)

    @property
    def inch(self) -> bool:
        """Say whether it is on the inch grid."""
        return self in _INCH


_DENSITIES = {
    Resolution.STANDARD: Density(204, 98),
    Resolution.FINE: Density(204, 196),
    Resolution.SUPERFINE: Density(204, 391),
    Resolution.ULTRAFINE: Density(408, 391),
    Resolution.INCH_200: Density(200, 200),
    Resolution.INCH_200_400: Density(200, 400),
    Resolution.INCH_300: Density(300, 300),
    Resolution.INCH_400: Density(400, 400),
}
_HALVES_ACROSS = {Resolution.ULTRAFINE: 4, Resolution.INCH_300: 3, Resolution.INCH_400: 4}
_INCH = {Resolution.INCH_200, Resolution.INCH_200_400, Resolution.INCH_300, Resolution.INCH_400}
FINEST_FIRST = (
    Resolution.ULTRAFINE,
    Resolution.INCH_400,
    Resolution.SUPERFINE,
    Resolution.INCH_200_400,
    Resolution.INCH_300,
    Resolution.FINE,
    Resolution.INCH_200,
    Resolution.STANDARD,
)


class PaperLength(StrEnum):
    """How long a page may be (T.30, table 2, bits 19 and 20)."""

    A4 = "A4"
    B4 = "B4"
    UNLIMITED = "any length"

    @property
    def mm(self) -> float:
        """Return the most millimetres."""
        return {PaperLength.A4: 297.0, PaperLength.B4: 364.0}.get(self, math.inf)


@dataclass(frozen=True, kw_only=True, slots=True)
class PageFormat:
    """The form in which a page travels in one call, as the DCS chose it. `ecm_frame_octets` is 0 without error correction.

    What is longer than `length` would be lost below.
    """

    coding: LineCoding
    resolution: Resolution
    width_px: int = A4_WIDTH_PX
    min_scan_line_ms: int = 0
    ecm_frame_octets: int = 0
    length: PaperLength = PaperLength.A4

    @property
    def ecm(self) -> bool:
        """Say whether the page travels in frames that are repeated until they are right (T.4, annex A)."""
        return self.ecm_frame_octets > 0

    @property
    def bears_gaps(self) -> bool:
        """Say whether what stands behind a missing piece can be read: T.4 begins anew with each line, the others never do."""
        return self.coding in {Coding.MH, Coding.MR}


@dataclass(frozen=True, kw_only=True, slots=True)
class PageBlob:
    """One page at rest: a T.6 blob (first bit on the line = MSB, with EOFB) named by the sha256 of its octets."""

    digest: str
    resolution: Resolution
    width_px: int
    rows: int
    size: int
