"""Pages for a receiver that can do less: other resolutions and narrower paper. Called when a call's DCS asks for it.

Enlarging repeats pels. Reducing takes each new pel from the area it covers, and then puts back what a plain threshold loses:
hairlines thinner than a new pel stay lines, white gaps thinner than a new pel stay gaps.
"""

import numpy as np
from numpy.typing import NDArray

from mailfax.model.page import Density
from mailfax.t4codec.bitmap import Bitmap

Grey = NDArray[np.float32]
# Machines print pages of the inch grid on the metric one unscaled, and the other way round: 2 % is within the tolerance of T.4.
NOMINAL_DPI = {98: 100, 196: 200, 391: 400, 204: 200, 408: 400}
FAINTEST_LINE = 0.25  # of a new pel that must be black for a line of its own, or white for a gap


def fit(bitmap: Bitmap, density: Density, *, to: Density, width_px: int) -> Bitmap:
    """Give the page at another density, exactly `width_px` wide: reduced where it is too wide, centred where it is narrower.

    A page that fits is given back as it is, pel for pel.
    """
    across = _nominal(to.x_dpi) / _nominal(density.x_dpi)
    down = _nominal(to.y_dpi) / _nominal(density.y_dpi)
    natural_px = round(bitmap.width_px * across)
    shrink = min(1.0, width_px / natural_px)
    scaled = resize(bitmap, width_px=round(natural_px * shrink), rows=max(1, round(bitmap.rows * down * shrink)))
    return _centred(scaled, width_px)


def shorten(bitmap: Bitmap, rows: int) -> Bitmap:
    """Give the page with so many rows at most: made smaller in both directions where it has more, and centred."""
    if bitmap.rows <= rows:
        return bitmap
    smaller = resize(bitmap, width_px=max(1, round(bitmap.width_px * rows / bitmap.rows)), rows=rows)
    return _centred(smaller, bitmap.width_px)


def resize(bitmap: Bitmap, *, width_px: int, rows: int) -> Bitmap:
    """Give the picture with so many pels and rows."""
    if (width_px, rows) == (bitmap.width_px, bitmap.rows):
        return bitmap
    if not bitmap.rows:
        return Bitmap.white(width_px, rows)
    if width_px == bitmap.width_px and rows % bitmap.rows == 0:
        return Bitmap(width_px, np.repeat(bitmap.packed, rows // bitmap.rows, axis=0))
    black = bitmap.to_bool()
    black = _along_rows(black, rows)
    return Bitmap.from_bool(_along_rows(np.ascontiguousarray(black.T), width_px).T)


def _nominal(dpi: int) -> int:
    return NOMINAL_DPI.get(dpi, dpi)


def _along_rows(black: NDArray[np.bool_], rows: int) -> NDArray[np.bool_]:
    """Give so many rows instead."""
    if rows >= black.shape[0]:
        repeated: NDArray[np.bool_] = black[np.arange(rows) * black.shape[0] // rows]
        return repeated
    grey = _covered(black, rows)
    above, below = np.zeros_like(grey), np.zeros_like(grey)
    above[1:], below[:-1] = grey[:-1], grey[1:]
    solid = grey > 0.5
    # A line in two new rows at once goes to the one that has more of it; the upper one where they are alike.
    line = (grey >= FAINTEST_LINE) & (grey > above) & (grey >= below) & (above <= 0.5) & (below <= 0.5)
    gap = (grey <= 1 - FAINTEST_LINE) & (grey < above) & (grey <= below) & (above > 0.5) & (below > 0.5)
    picture: NDArray[np.bool_] = (solid | line) & ~gap
    return picture


def _covered(black: NDArray[np.bool_], rows: int) -> Grey:
    """Say how much of every new pel is black, from 0 to 1."""
    sums = np.zeros((black.shape[0] + 1, black.shape[1]), np.int32)
    np.cumsum(black.view(np.uint8), axis=0, dtype=np.int32, out=sums[1:])
    edges = np.linspace(0, black.shape[0], rows + 1)
    whole = np.minimum(edges.astype(np.int64), black.shape[0] - 1)
    part = (edges - whole).astype(np.float32)[:, None]
    at_edges = part * black[whole]
    at_edges += sums[whole]
    covered: Grey = np.diff(at_edges, axis=0)
    covered *= np.float32(rows / black.shape[0])
    return covered


def _centred(bitmap: Bitmap, width_px: int) -> Bitmap:
    if bitmap.width_px == width_px:
        return bitmap
    left = (width_px - bitmap.width_px) // 2
    black = np.zeros((bitmap.rows, width_px), bool)
    black[:, left : left + bitmap.width_px] = bitmap.to_bool()
    return Bitmap.from_bool(black)
