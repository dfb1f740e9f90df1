"""Stamps: a line at the foot of every page that says `CONFIDENTIAL`, or numbers it for evidence (CV5). Laid on sheets by `story`.

Below the ink where the page has room, else on a white plate at the foot, where it hides least.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mailfax.render.bilevel import THRESHOLD
from mailfax.render.dense import dense_column, dense_rows, paper_of
from mailfax.render.header import LINE_DPI, line_of_text
from mailfax.render.paper import FINE, MM_PER_INCH, STANDARD, X_DPI, Paper, body_fine_rows
from mailfax.render.settings import RenderSettings
from mailfax.render.sheet import Sheet
from mailfax.t4codec.bitmap import Bitmap

_TYPE_PT = 11.0
_HEIGHT_MM, _PADDING_MM, _FRAME_MM = 6.4, 2.5, 0.4
_CLEAR_MM, _MARGIN_MM = 4.0, 8.0  # between ink and stamp; beside it
_WHITE = 255
_ROWS = int(_HEIGHT_MM / MM_PER_INCH * FINE.y_dpi) // 2 * 2  # fine rows of a stamp, so that standard has half of them

Black = NDArray[np.bool_]


def stamped(sheet: Sheet, text: str, settings: RenderSettings) -> Sheet:
    """Lay a stamp on a sheet."""
    fine, standard = sheet.fine.to_bool(), sheet.standard.to_bool()
    stamp = _stamp(text, settings, FINE)
    top, left = _place(fine, stamp, body_fine_rows(settings.paper))
    half = _stamp(text, settings, STANDARD)
    return Sheet(
        dense=_dense(sheet, text, settings, top, left),
        fine=Bitmap.from_bool(_laid(fine, stamp, top, left)),
        standard=Bitmap.from_bool(_laid(standard, half, top // 2, left)),
    )


def _dense(sheet: Sheet, text: str, settings: RenderSettings, top: int, left: int) -> Bitmap | None:
    paper = paper_of(settings.dense)
    if sheet.dense is None or paper is None:
        return None
    black = sheet.dense.to_bool()
    column = dense_column(left, sheet.fine.width_px, sheet.dense.width_px, paper)
    return Bitmap.from_bool(_laid(black, _stamp(text, settings, paper), dense_rows(top, paper), column))


def _place(black: Black, stamp: Black, most_rows: int) -> tuple[int, int]:
    """Return the row (an even one) and the column of the upper left corner."""
    rows, width = stamp.shape
    margin = _px(_MARGIN_MM)
    right = black.shape[1] - margin - width
    inked = np.flatnonzero(black.any(axis=1))
    below = int(inked[-1]) + 1 + round(_CLEAR_MM / MM_PER_INCH * FINE.y_dpi) if inked.size else 0
    most_rows = max(most_rows, black.shape[0] // 2 * 2)
    if below + rows + 1 <= most_rows:
        return below + below % 2, max(0, right)
    top = most_rows - rows
    hidden = {left: int(black[top:, left : left + width].sum()) for left in (right, (right + margin) // 2, margin)}
    return top, max(0, min(hidden, key=hidden.__getitem__))


def _laid(black: Black, stamp: Black, top: int, left: int) -> Black:
    rows, width = stamp.shape
    page = np.zeros((max(black.shape[0], top + rows), black.shape[1]), bool)
    page[: black.shape[0]] = black
    page[top : top + rows, left : left + width] = stamp[:, : page.shape[1] - left]
    return page


@lru_cache(maxsize=16)
def _stamp(text: str, settings: RenderSettings, paper: Paper) -> Black:
    """Draw the text in a frame, black on white: on a canvas of square pixels, which is reduced by area."""
    piece = line_of_text(text, settings, _TYPE_PT)
    padding, frame = (round(each / MM_PER_INCH * LINE_DPI) for each in (_PADDING_MM, _FRAME_MM))
    canvas = np.full((round(_ROWS / FINE.y_dpi * LINE_DPI), piece.shape[1] + 2 * padding), _WHITE, np.uint8)
    canvas[:frame] = canvas[-frame:] = canvas[:, :frame] = canvas[:, -frame:] = 0
    top = (canvas.shape[0] - piece.shape[0]) // 2
    canvas[top : top + piece.shape[0], padding : padding + piece.shape[1]] = piece
    size = (round(canvas.shape[1] * paper.x_dpi / LINE_DPI), dense_rows(_ROWS, paper))
    grey = np.asarray(Image.fromarray(canvas).resize(size, Image.Resampling.BOX))
    return grey < THRESHOLD[paper.resolution]


def _px(millimetres: float) -> int:
    return round(millimetres / MM_PER_INCH * X_DPI)
