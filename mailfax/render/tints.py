"""Finds the flat tones of tinted fills: bars of charts, shaded boxes; what is thin in them is left to the threshold.

Used by `bilevel`, inside the boxes of fills only.
"""

import numpy as np
from numpy.typing import NDArray

from mailfax.render.tones import Grey

LIGHTEST_TINT = 238  # above is white
DARKEST_TINT = 40  # below is black
_FLAT = 6  # levels within three by three pels
_THICK_PX = 9  # about 1.1 mm; a stroke of a letter of 20 points is thinner


def tinted(grey: Grey, inside: NDArray[np.bool_], rows_per_px: float) -> NDArray[np.bool_]:
    """Return where `grey` is a flat tone between black and white, in stretches that are thick both ways."""
    flat = inside & (grey >= DARKEST_TINT) & (grey <= LIGHTEST_TINT)
    if not flat.any():
        return flat
    flat &= _spread(grey, np.maximum) - _spread(grey, np.minimum) <= _FLAT
    return _thick(_thick(flat, _THICK_PX, 1), max(2, round(_THICK_PX * rows_per_px)), 0)


def _spread(grey: Grey, extreme: np.ufunc) -> Grey:
    """Return the extreme of three by three pels."""
    rows = grey.copy()
    extreme(rows[1:], grey[:-1], out=rows[1:])
    extreme(rows[:-1], grey[1:], out=rows[:-1])
    both = rows.copy()
    extreme(both[:, 1:], rows[:, :-1], out=both[:, 1:])
    extreme(both[:, :-1], rows[:, 1:], out=both[:, :-1])
    return both


def _thick(mask: NDArray[np.bool_], least: int, axis: int) -> NDArray[np.bool_]:
    """Keep the runs along an axis that have at least this length."""
    if mask.shape[axis] < least:
        return np.zeros_like(mask)
    lines = np.moveaxis(mask, axis, 1)
    length = 1
    eroded = lines
    while length < least:
        step = min(length, least - length)
        eroded = eroded[:, :-step] & eroded[:, step:]
        length += step
    grown = np.zeros_like(lines)
    starts = eroded.shape[1]
    grown[:, :starts] = eroded
    length = 1
    while length < least:
        step = min(length, least - length)
        grown[:, step:] |= grown[:, :-step].copy()
        length += step
    return np.moveaxis(grown, 1, axis)
