"""Screens the flat tones of tinted fills, bars of charts and shaded boxes; what is thin in them is left to the threshold.

Used by `bilevel`, inside the boxes of fills only. Without a compiler tints stay as the threshold makes them, black or white.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mailfax.render.screen import ROW_THRESHOLDS
from mailfax.render.tones import Grey
from mailfax.t4codec.jit import COMPILED, kernel

LIGHTEST_TINT = 238  # above is white
DARKEST_TINT = 24  # below is black; pure blue is above
_FLAT = 6  # levels within three by three pels
_THICK_PX = 9  # about 1.1 mm; a stroke of a letter of 20 points is thinner
_ALL_FREE = np.ones((0, 0), dtype=np.bool_)


def screen_tints(
    black: NDArray[np.bool_],
    grey: Grey,
    boxes: Sequence[tuple[int, int, int, int]],
    free: NDArray[np.bool_] | None,
    rows_per_px: float,
) -> None:
    """Screen, in `black`, what `grey` has of flat tones in stretches that are thick both ways; where `free` is true, if given."""
    if COMPILED and boxes:
        thick_rows = max(2, round(_THICK_PX * rows_per_px))
        _screen(
            black,
            grey,
            np.array(boxes, dtype=np.int64),
            _ALL_FREE if free is None else free,
            np.array([DARKEST_TINT, LIGHTEST_TINT, _FLAT, _THICK_PX, thick_rows], dtype=np.int64),
            ROW_THRESHOLDS,
        )


@kernel
def _spread(grey: Grey, row: int, first: int, end: int, spread: Grey) -> None:
    """Write how far the tones of three by three pels lie apart, for the pels from `first` to `end` of a row."""
    rows, width = grey.shape
    above, here, below = grey[max(0, row - 1)], grey[row], grey[min(rows - 1, row + 1)]
    low_before = high_before = low = high = here[first]
    for column in range(max(0, first - 1), min(width, end + 1)):
        low_after = min(above[column], here[column], below[column])
        high_after = max(above[column], here[column], below[column])
        if first < column <= end:
            spread[column - 1 - first] = max(high_before, high, high_after) - min(low_before, low, low_after)
        low_before, high_before = (low, high) if column >= first else (low_after, high_after)
        low, high = low_after, high_after
    if end == width:
        spread[end - 1 - first] = max(high_before, high) - min(low_before, low)


@kernel
def _screen(
    black: NDArray[np.bool_],
    grey: Grey,
    boxes: NDArray[np.int64],
    free: NDArray[np.bool_],
    limits: NDArray[np.int64],
    row_thresholds: Grey,
) -> None:
    darkest, lightest, tolerance, thick_px, thick_rows = limits
    for box in range(boxes.shape[0]):
        left, top, right, bottom = boxes[box]
        flat = np.zeros((bottom - top, right - left), dtype=np.bool_)
        spread = np.zeros(right - left, dtype=np.uint8)
        for row in range(top, bottom):
            _spread(grey, row, left, right, spread)
            begin = left  # of a run along the row
            for column in range(left, right + 1):
                if (
                    column < right
                    and darkest <= grey[row, column] <= lightest
                    and (free.size == 0 or free[row, column])
                    and spread[column - left] <= tolerance
                ):
                    continue
                if column - begin >= thick_px:
                    flat[row - top, begin - left : column - left] = True
                begin = column + 1
        for column in range(right - left):
            begin = 0
            for row in range(bottom - top + 1):
                if row < bottom - top and flat[row, column]:
                    continue
                if row - begin >= thick_rows:
                    for inside in range(begin + top, row + top):
                        tone = int(grey[inside, column + left])
                        black[inside, column + left] = tone < row_thresholds[inside % row_thresholds.size]
                begin = row + 1


def warm() -> None:
    """Compile or load the kernel."""
    screen_tints(np.zeros((2, 2), dtype=np.bool_), np.zeros((2, 2), dtype=np.uint8), [(0, 0, 2, 2)], None, 1.0)
