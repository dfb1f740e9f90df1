"""The paper of a fax: how many rows a page has at each resolution, and what of it belongs to header strip and body.

The budget of rows is stated here and nowhere else: strip and body together never exceed the sheet, A4 unless another was asked for, so
that a receiver that takes A4 only loses nothing. Used by everything in this package that draws. A sheet of legal, B4 or A3, and a fax that came as a
picture, may be longer or wider: they go out as they are to a receiver of that paper, and are made smaller in the call for others (`gateway.pages`).
"""

from dataclasses import dataclass

from mailfax.model.options import PaperSize
from mailfax.model.page import A4_ROWS, A4_WIDTH_PX, Resolution

MM_PER_INCH = 25.4
PT_PER_INCH = 72.0
X_DPI = 8.04 * MM_PER_INCH  # T.4, table 1: 1728 pels on a line of 215 mm
# Room for the header strip, in fine rows; even, so that both resolutions leave the same height of paper.
_STRIP_FINE_ROWS = 44
_LONGEST_MM = PaperSize.A3.mm


@dataclass(frozen=True, kw_only=True, slots=True)
class Paper:
    """One A4 page at one resolution. `x_dpi` and `y_dpi` are what its grid really has to the inch."""

    resolution: Resolution
    width_px: int
    page_rows: int
    strip_rows: int
    y_dpi: float
    x_dpi: float = X_DPI

    @property
    def longest_rows(self) -> int:
        """Return how many rows a fax that is kept as it came may have: those of A3, the longest sheet in use."""
        return int(_LONGEST_MM / MM_PER_INCH * self.y_dpi)

    @property
    def body_rows(self) -> int:
        """Return how many rows the body of a page may have at most."""
        return self.page_rows - self.strip_rows

    @property
    def rows_per_px(self) -> float:
        """Return how many rows are as high as one pel is wide: about 0.96 or 0.48; 1.92 in superfine."""
        return self.y_dpi / self.x_dpi


FINE = Paper(
    resolution=Resolution.FINE,
    width_px=A4_WIDTH_PX,
    page_rows=A4_ROWS["fine"],
    strip_rows=_STRIP_FINE_ROWS,
    y_dpi=7.7 * MM_PER_INCH,
)
STANDARD = Paper(
    resolution=Resolution.STANDARD,
    width_px=A4_WIDTH_PX,
    page_rows=A4_ROWS["standard"],
    strip_rows=_STRIP_FINE_ROWS // 2,
    y_dpi=3.85 * MM_PER_INCH,
)


def _dense(resolution: Resolution, x_dpi: float, y_dpi: float) -> Paper:
    return Paper(
        resolution=resolution,
        width_px=resolution.width_px(A4_WIDTH_PX),
        page_rows=int(PaperSize.A4.mm / MM_PER_INCH * y_dpi),
        strip_rows=round(_STRIP_FINE_ROWS / FINE.y_dpi * y_dpi),
        x_dpi=x_dpi,
        y_dpi=y_dpi,
    )


# What is drawn beside the two only where a mail asks for it. 400 dots are R16 (408x391), which is 400x400 to within the 2 % of T.4.
DENSE = {
    Resolution.SUPERFINE: _dense(Resolution.SUPERFINE, X_DPI, 15.4 * MM_PER_INCH),
    Resolution.INCH_300: _dense(Resolution.INCH_300, 300.0, 300.0),
    Resolution.ULTRAFINE: _dense(Resolution.ULTRAFINE, 2 * X_DPI, 15.4 * MM_PER_INCH),
}
PAPERS = {paper.resolution: paper for paper in (FINE, STANDARD)} | DENSE
# The height of the body in inches, the same for both resolutions to within a row of the coarser one.
BODY_INCHES = min(paper.body_rows / paper.y_dpi for paper in (FINE, STANDARD))


def body_inches(size: PaperSize) -> float:
    """Return the height of the body on a sheet of this size."""
    return BODY_INCHES + (size.mm - PaperSize.A4.mm) / MM_PER_INCH


def body_width_inches(size: PaperSize) -> float:
    """Return the width of the body on a sheet of this size: all of a line of a fax."""
    return size.width_px / X_DPI


def body_fine_rows(size: PaperSize) -> int:
    """Return how many fine rows the body has at most on a sheet of this size; an even number."""
    return int(body_inches(size) * FINE.y_dpi) // 2 * 2
