"""Pages that are far longer than paper (receipts, pictures of whole web sites) are cut into sheets, where they are white.

Made to fit one sheet they could not be read. Used by `image` and `pdf`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mailfax.model.options import PaperSize
from mailfax.render.fit import ENLARGE_AT_MOST
from mailfax.render.paper import body_inches, body_width_inches

_LONG = 2.5  # times its width; shrunk to one sheet, such a page is narrower than 55 % of it
_FILLED_AT_LEAST = 0.75  # of a sheet, before a cut is made through ink
_PAPER_FROM = 200  # a row with a darker pel has ink


@dataclass(frozen=True, kw_only=True, slots=True)
class Slice:
    """A stretch of a long page, as shares of its height from the top."""

    top: float
    bottom: float


def is_long(width: float, height: float) -> bool:
    """Say whether a page of this shape is cut."""
    return height > width * _LONG


def scale_of(width_inches: float, margin_inches: float = 0.0, paper: PaperSize = PaperSize.A4) -> float:
    """Return by how much a long page is enlarged: to the width of the sheet, or as far as anything is."""
    return min(ENLARGE_AT_MOST, (body_width_inches(paper) - 2 * margin_inches) / width_inches)


def sheets_between(height_inches: float, scale: float, paper: PaperSize = PaperSize.A4) -> tuple[int, int]:
    """Return how many sheets a long page takes at least, with each of them full, and at most: where it is cut is not known yet."""
    full = height_inches * scale / body_inches(paper)
    return max(1, int(full)), int(full / _FILLED_AT_LEAST) + 1


def slices_of(
    grey: NDArray[np.uint8], height_inches: float, scale: float, paper: PaperSize = PaperSize.A4
) -> list[Slice]:
    """Cut a long page, drawn at any size, into stretches of no more than a sheet each: at white rows where there are some."""
    total = grey.shape[0]
    rows_a_sheet = max(1, int(body_inches(paper) / (height_inches * scale) * total))
    white = grey.min(axis=1) >= _PAPER_FROM
    found: list[Slice] = []
    top = 0
    while total - top > rows_a_sheet:
        bottom = top + rows_a_sheet
        earliest = top + int(rows_a_sheet * _FILLED_AT_LEAST)
        if (gaps := np.flatnonzero(white[earliest:bottom])).size:
            last_gap = np.split(gaps, np.flatnonzero(np.diff(gaps) > 1) + 1)[-1]
            bottom = earliest + int(last_gap[0] + last_gap[-1]) // 2 + 1
        found.append(Slice(top=top / total, bottom=bottom / total))
        top = bottom
    found.append(Slice(top=top / total, bottom=1.0))
    return found
