"""What a fax page is made of: width, resolution, coding, and the blob that holds it at rest."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

A4_WIDTH_PX = 1728
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
    """Resolutions by their usual names: rows at 3.85, 7.7 and 15.4 a mm; the last with twice the pels across as well (R16)."""

    STANDARD = "standard"
    FINE = "fine"
    SUPERFINE = "superfine"
    ULTRAFINE = "ultrafine"

    @property
    def density(self) -> Density:
        """Return the density that a viewer needs to show the page with the right aspect."""
        return _DENSITIES[self]

    @property
    def rows_per_mm(self) -> float:
        """Return the rows of a millimetre (T.4, 2.1)."""
        return {Resolution.STANDARD: 3.85, Resolution.FINE: 7.7}.get(self, 15.4)

    @property
    def pels_across(self) -> int:
        """Return how many pels stand where R8 has one."""
        return 2 if self is Resolution.ULTRAFINE else 1


_DENSITIES = {
    Resolution.STANDARD: Density(204, 98),
    Resolution.FINE: Density(204, 196),
    Resolution.SUPERFINE: Density(204, 391),
    Resolution.ULTRAFINE: Density(408, 391),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class PageFormat:
    """The form in which a page travels in one call, as the DCS chose it. `ecm_frame_octets` is 0 without error correction.

    Without `unlimited_length` the paper is A4 and a longer page would be lost below.
    """

    coding: LineCoding
    resolution: Resolution
    width_px: int = A4_WIDTH_PX
    min_scan_line_ms: int = 0
    ecm_frame_octets: int = 0
    unlimited_length: bool = False

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
