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
# How far the threshold leans to the colour of the pel to the left. More is cheaper and coarser: docs/rendering.md.
_LEAN = {PhotoScreen.BALANCED: 110.0, PhotoScreen.BEST: 60.0}


def screen(grey: Grey, photos: PhotoScreen) -> Black:
    """Screen a photograph. Without a compiler Pillow dithers what is not `FAST`, at four times the bits."""
    match photos:
        case PhotoScreen.FAST:
            return screen_rows(_smooth(grey))
        case PhotoScreen.BALANCED | PhotoScreen.BEST:
            if not COMPILED:
                return ~np.asarray(Image.fromarray(grey).convert("1"))
            columns = np.ascontiguousarray(grey.T)
            return np.ascontiguousarray(_diffuse_columns(columns, np.float32(_LEAN[photos])).T)
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
def _diffuse_columns(columns: Grey, lean: np.float32) -> Black:
    """Diffuse errors (weights of Floyd and Steinberg) column by column, down and up in turn, on a picture that lies on its side.

    Errors so travel to the next column, never along a row; the threshold leans to what the pel to the left became.
    """
    lines, length = columns.shape
    black = np.zeros((lines, length), dtype=np.bool_)
    here = np.zeros(length + 2, dtype=np.float32)
    after = np.zeros(length + 2, dtype=np.float32)
    for line in range(lines):
        step = 1 if line % 2 == 0 else -1
        for count in range(length):
            at = count if step == 1 else length - 1 - count
            wanted = np.float32(columns[line, at]) + here[at + 1]
            threshold = np.float32(127.5)
            if line > 0:
                threshold += lean if black[line - 1, at] else -lean
            is_black = wanted < threshold
            black[line, at] = is_black
            error = wanted - (np.float32(0.0) if is_black else np.float32(255.0))
            here[at + 1 + step] += error * np.float32(7 / 16)
            after[at + 1 - step] += error * np.float32(3 / 16)
            after[at + 1] += error * np.float32(5 / 16)
            after[at + 1 + step] += error * np.float32(1 / 16)
        here, after = after, here
        after[:] = 0
    return black


def warm() -> None:
    """Compile or load the kernel."""
    screen(np.zeros((2, 2), dtype=np.uint8), PhotoScreen.BALANCED)
