"""Pictures that already are fax pages: known by their geometry, and kept pel by pel (RE5). Used by `image` and `pdf`."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mailfax.model.page import A3_WIDTH_PX, A4_WIDTH_PX, B4_WIDTH_PX, Resolution
from mailfax.render.bilevel import THRESHOLD, halve, on_line, sheet_of
from mailfax.render.fit import fit
from mailfax.render.paper import FINE, STANDARD, X_DPI
from mailfax.render.sheet import Sheet
from mailfax.t4codec.bitmap import Bitmap

# Vertical densities of a fax in rows per inch, with what writers round them to.
_FAX_DENSITIES = {Resolution.STANDARD: (96.0, 100.0), Resolution.FINE: (190.0, 205.0)}
_FAX_X_DPI = (199.0, 211.0)
_NEARLY_A_LINE = 0.9  # of its pels; A4 and letter at 200 dpi have 1654 and 1700


def fax_resolution(width_px: int, dpi: tuple[float, float]) -> Resolution | None:
    """Say which fax raster a picture of two tones already has, if any. A scan at the same density that is a little narrower has it too."""
    is_page = any(line * _NEARLY_A_LINE <= width_px <= line for line in (A4_WIDTH_PX, B4_WIDTH_PX, A3_WIDTH_PX))
    if not is_page or not _FAX_X_DPI[0] <= dpi[0] <= _FAX_X_DPI[1]:
        return None
    for resolution, (low, high) in _FAX_DENSITIES.items():
        if low <= dpi[1] <= high:
            return resolution
    return None


def fax_sheet(black: NDArray[np.bool_], resolution: Resolution) -> Sheet:
    """Keep every pel of a fax: white rows give way to the header strip, ink does not, unless no sheet is so long."""
    paper = FINE if resolution is Resolution.FINE else STANDARD
    inked = np.flatnonzero(black.any(axis=1))
    first, end = (int(inked[0]), int(inked[-1]) + 1) if inked.size else (0, 0)
    if end - first > paper.longest_rows:
        size = fit(black.shape[1] / X_DPI, black.shape[0] / paper.y_dpi, may_turn=False)
        grey = Image.fromarray(np.where(black, np.uint8(0), np.uint8(255)))
        shrunk = np.asarray(grey.resize(size.size_px(FINE), Image.Resampling.BOX))
        black_and_white = shrunk < THRESHOLD[Resolution.FINE], halve(shrunk) < THRESHOLD[Resolution.STANDARD]
        return sheet_of(Bitmap.from_bool(black_and_white[0]), Bitmap.from_bool(black_and_white[1]))
    if end - first > paper.body_rows:
        fine, standard = _both_rasters(black[first:end], resolution)
        return Sheet(fine=on_line(fine, fine.rows), standard=on_line(standard, standard.rows))
    top = min(first, max(0, end - paper.body_rows))
    return sheet_of(*_both_rasters(black[top : top + paper.body_rows], resolution))


def _both_rasters(black: NDArray[np.bool_], resolution: Resolution) -> tuple[Bitmap, Bitmap]:
    """Return a fax as fine and as standard; one of them is the fax itself."""
    same = Bitmap.from_bool(black)
    match resolution:
        case Resolution.STANDARD:
            return Bitmap(same.width_px, np.repeat(same.packed, 2, axis=0)), same
        case _:  # only fine is told apart above
            even = np.pad(same.packed, ((0, same.rows % 2), (0, 0)))
            return same, Bitmap(same.width_px, even[0::2] | even[1::2])
