"""Screens the flat tones of tinted fills, bars of charts and shaded boxes; what is thin in them is left to the threshold.

Used by `bilevel`, inside the boxes of fills only. Without a compiler tints stay as the threshold makes them, black or white.

One pass over the rows. Every step of a row is a loop of its own over octets, without a branch: so the compiler makes vector
instructions of it, which is worth a factor of ten.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mailfax.render.screen import ROW_THRESHOLDS
from mailfax.render.tones import Grey
from mailfax.t4codec.jit import COMPILED, kernel

LIGHTEST_TINT = 238  # above is white
DARKEST_TINT = 24  # below is black; pure blue is above
_FLAT = np.uint8(6)  # levels within three by three pels
_THICK_PX = 9  # about 1.1 mm; a stroke of a letter of 20 points is thinner
_DARKEST, _LIGHTEST = np.uint8(DARKEST_TINT), np.uint8(LIGHTEST_TINT)
_NONE, _ONE, _MANY = np.uint8(0), np.uint8(1), np.uint8(254)

Box = tuple[int, int, int, int]
Octets = NDArray[np.uint8]
Boxes = NDArray[np.int64]


def screen_tints(
    black: NDArray[np.bool_], grey: Grey, boxes: Sequence[Box], others: Sequence[Box], rows_per_px: float
) -> None:
    """Screen, in `black`, what `grey` has of flat tones in stretches that are thick both ways, inside `boxes` but not in `others`."""
    seen = [box for box in boxes if box[2] > box[0] and box[3] > box[1]]
    if COMPILED and seen:
        thick_rows = max(2, round(_THICK_PX * rows_per_px))
        _screen(black, grey, _array(seen), _array(others), thick_rows, ROW_THRESHOLDS)


def _array(boxes: Sequence[Box]) -> Boxes:
    return np.array(boxes, dtype=np.int64).reshape(-1, 4)


@kernel
def _cover(boxes: Boxes, others: Boxes, row: int, inside: Octets) -> bool:
    """Mark the pels of a row that are in boxes and not in others; say whether any box has a part in the row."""
    inside[:] = 0
    is_covered = False
    for box in range(boxes.shape[0]):
        if boxes[box, 1] <= row < boxes[box, 3]:
            inside[boxes[box, 0] : boxes[box, 2]] = 1
            is_covered = True
    for box in range(others.shape[0]):
        if others[box, 1] <= row < others[box, 3]:
            inside[others[box, 0] : others[box, 2]] = 0
    return is_covered


@kernel
def _next_edge(boxes: Boxes, row: int, nearest: int) -> int:
    """Return the first row after this one at which a box begins or ends."""
    for box in range(boxes.shape[0]):
        for side in (1, 3):
            if row < boxes[box, side] < nearest:
                nearest = boxes[box, side]
    return nearest


@kernel
def _mark_flat(
    above: Octets, here: Octets, below: Octets, inside: Octets, low: Octets, high: Octets, flat: Octets
) -> None:
    """Mark the pels of a row that have a tone, and whose eight neighbours have the same; `low` and `high` are two longer."""
    width = here.size
    middle_low, middle_high = low[1 : width + 1], high[1 : width + 1]
    for at in range(width):
        middle_low[at] = min(above[at], here[at], below[at])
        middle_high[at] = max(above[at], here[at], below[at])
    low[0], high[0] = low[1], high[1]
    low[width + 1], high[width + 1] = low[width], high[width]
    left_low, right_low = low[:width], low[2 : width + 2]
    left_high, right_high = high[:width], high[2 : width + 2]
    for at in range(width):
        least = min(left_low[at], middle_low[at], right_low[at])
        most = max(left_high[at], middle_high[at], right_high[at])
        tone = here[at]
        flat[at] = inside[at] & (np.uint8(most - least) <= _FLAT) & (tone >= _DARKEST) & (tone <= _LIGHTEST)


@kernel
def _keep_long(flat: Octets, begins: Octets, long: Octets) -> None:
    """Keep of a row the runs of _THICK_PX and more; `flat` and `begins` are eight longer, and 0 at their ends."""
    width = long.size
    shifted = begins[8:]
    for at in range(width):
        shifted[at] = (
            flat[at] & flat[at + 1] & flat[at + 2] & flat[at + 3] & flat[at + 4]
            & flat[at + 5] & flat[at + 6] & flat[at + 7] & flat[at + 8]
        )  # fmt: skip
    for at in range(width):
        long[at] = (
            begins[at] | begins[at + 1] | begins[at + 2] | begins[at + 3] | begins[at + 4]
            | begins[at + 5] | begins[at + 6] | begins[at + 7] | begins[at + 8]
        )  # fmt: skip


@kernel
def _count_rows(long: Octets, height: Octets, since: Octets, thick_rows: np.uint8) -> None:
    """Count for each column the marked rows up to this one, and the rows since there last were enough of them."""
    for at in range(long.size):
        grown = height[at] + _ONE if height[at] < _MANY else _MANY
        grown = grown if long[at] else _NONE
        height[at] = grown
        older = since[at] + _ONE if since[at] < _MANY else _MANY
        since[at] = _NONE if grown >= thick_rows else older


@kernel
def _lay(black: NDArray[np.bool_], grey: Octets, since: Octets, thick_rows: np.uint8, threshold: np.uint8) -> None:
    for at in range(grey.size):
        black[at] = grey[at] < threshold if since[at] < thick_rows else black[at]


@kernel
def _screen(
    black: NDArray[np.bool_], grey: Grey, boxes: Boxes, others: Boxes, thick_rows: int, row_thresholds: Grey
) -> None:
    rows, page_width = grey.shape
    left, right = max(0, boxes[:, 0].min() - 1), min(page_width, boxes[:, 2].max() + 1)
    top, bottom = boxes[:, 1].min(), boxes[:, 3].max()
    width = right - left
    inside = np.zeros(page_width, np.uint8)
    low, high = np.zeros(width + 2, np.uint8), np.zeros(width + 2, np.uint8)
    flat, begins = np.zeros(width + 8, np.uint8), np.zeros(width + 8, np.uint8)
    long, height, since = np.zeros(width, np.uint8), np.zeros(width, np.uint8), np.full(width, _MANY, np.uint8)
    least = np.uint8(thick_rows)
    edge = top
    idle_rows = 0
    is_covered = False
    for row in range(top, bottom + thick_rows - 1):
        if row == edge:
            is_covered = _cover(boxes, others, row, inside)
            edge = _next_edge(others, row, _next_edge(boxes, row, bottom))
        if is_covered and row < bottom:
            idle_rows = 0
            above, below = grey[max(0, row - 1), left:right], grey[min(rows - 1, row + 1), left:right]
            _mark_flat(above, grey[row, left:right], below, inside[left:right], low, high, flat)
            _keep_long(flat, begins, long)
        else:
            idle_rows += 1
            long[:] = 0
        if idle_rows > thick_rows:
            continue
        _count_rows(long, height, since, least)
        # A run of rows is known to be thick enough only at its last row: what is laid lags behind.
        laid = row - thick_rows + 1
        if laid >= top:
            threshold = row_thresholds[laid % row_thresholds.size]
            _lay(black[laid, left:right], grey[laid, left:right], since, least, threshold)


def warm() -> None:
    """Compile or load the kernel."""
    screen_tints(np.zeros((2, 2), dtype=np.bool_), np.zeros((2, 2), dtype=np.uint8), [(0, 0, 2, 2)], (), 1.0)
