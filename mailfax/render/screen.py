"""Screens for photographs and tinted fills, made for run-length codes: a pel prefers the colour of the one before it.

Grey is numpy uint8 [rows, width], 0 is black; a screen is bool of the same shape, True is black. Used by `bilevel`.
"""

from typing import assert_never

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mailfax.model.photo import PhotoScreen
from mailfax.t4codec.jit import COMPILED, kernel

Grey = NDArray[np.uint8]
Black = NDArray[np.bool_]

# In which order the rows of eight turn black as the tone gets darker: two half tones lie as far apart as they can.
ROW_THRESHOLDS = (np.array((0, 4, 2, 6, 1, 5, 3, 7)) * 32 + 16).astype(np.uint8)
_SMOOTH_PX = 5  # along the rows: grain of a photograph would break the long runs that make this screen cheap
# By how many levels the threshold leans to the colour of the pel to the left. More is cheaper and coarser: docs/rendering.md.
_LEAN = {PhotoScreen.BALANCED: 110, PhotoScreen.BEST: 60}


def screen(grey: Grey, photos: PhotoScreen) -> Black:
    """Screen a photograph. Without a compiler Pillow dithers what is not `FAST`, at four times the bits."""
    match photos:
        case PhotoScreen.FAST:
            return screen_rows(_smooth(grey))
        case PhotoScreen.BALANCED | PhotoScreen.BEST:
            if not COMPILED:
                return ~np.asarray(Image.fromarray(grey).convert("1"))
            columns = grey.T.copy()
            _diffuse_columns(columns, _LEAN[photos] * 16)
            return np.ascontiguousarray(columns.T).view(np.bool_)
        case _:
            assert_never(photos)


def screen_rows(grey: Grey) -> Black:
    """Turn tones into whole rows: the threshold depends on the row alone, so flat tones become unbroken lines."""
    return grey < ROW_THRESHOLDS[np.arange(grey.shape[0]) % ROW_THRESHOLDS.size][:, None]


def _smooth(grey: Grey) -> Grey:
    if grey.shape[1] < _SMOOTH_PX:
        return grey
    sums = np.cumsum(
        np.pad(grey, ((0, 0), (_SMOOTH_PX // 2 + 1, _SMOOTH_PX // 2)), mode="edge"), axis=1, dtype=np.int32
    )
    smooth: Grey = ((sums[:, _SMOOTH_PX:] - sums[:, :-_SMOOTH_PX]) // _SMOOTH_PX).astype(np.uint8)
    return smooth


@kernel
def _diffuse_columns(columns: Grey, lean: int) -> None:
    """Diffuse errors (weights of Floyd and Steinberg) column by column, down and up in turn, on a picture that lies on its side.

    Errors so travel to the next column, never along a row; the threshold leans to what the pel to the left became.
    Tones are replaced by 1 for black and 0 for white. All is counted in sixteenths of a level, whole numbers chosen without a
    branch: on a processor each pel waits for the one before it, so the way from error to error has to be short.
    """
    lines, length = columns.shape
    white = 255 * 16
    here = np.zeros(length + 2, dtype=np.int64)
    after = np.zeros(length + 2, dtype=np.int64)
    threshold = np.full(length, white // 2, dtype=np.int64)
    for line in range(lines):
        back = line & 1
        ahead, beside, beyond = 0, 0, 0  # of the errors to this line, and to two pels of the next
        for count in range(length):
            at = length - 1 - count if back else count
            wanted = columns[line, at] * 16 + here[at + 1] + ahead
            black = (wanted - threshold[at]) >> 63  # all ones, or none
            error = wanted - (white & ~black)
            columns[line, at] = black & 1
            threshold[at] = white // 2 - lean + (2 * lean & black)
            ahead = ((error << 3) - error) >> 4
            behind, across = error * 3 >> 4, error >> 4
            after[at + 2 * back] = beside + behind
            beside = beyond + error - ahead - behind - across
            beyond = across
        after[1 if back else length] = beside
        here, after = after, here


def warm() -> None:
    """Compile or load the kernel."""
    screen(np.zeros((2, 2), dtype=np.uint8), PhotoScreen.BALANCED)
