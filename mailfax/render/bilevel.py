"""Grey becomes black and white: a threshold for text and lines, error diffusion for photographs, white tails cut off.

Used by `text`, `pdf` and `image`. Grey is numpy uint8 [rows, width], 0 is black.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mailfax.model.page import A4_WIDTH_PX, Resolution
from mailfax.render.paper import FINE, STANDARD
from mailfax.render.sheet import Sheet
from mailfax.t4codec.bitmap import Bitmap
from mailfax.t4codec.jit import COMPILED, kernel

Grey = NDArray[np.uint8]
Box = tuple[int, int, int, int]  # left, top, right, bottom in pixels

# Thin strokes come out of the anti-aliasing pale, the more so at 98 rows to the inch: the threshold lies above the middle.
THRESHOLD = {Resolution.FINE: 165, Resolution.STANDARD: 180}
_PAPER_DARKEST = 170  # what is darker over a whole block is ink, not paper
_PAPER_LIGHTEST = 250  # nothing to do above
_BLOCK_PX = 64
_REDUCE = 4

_TAIL_FINE_ROWS = 60  # about 8 mm of white kept below the last ink
_LEAST_FINE_ROWS = 400  # about 52 mm: shorter sheets jam in cutters and confuse receivers

_PAPER_TONE = 24  # levels around the commonest tone that still count as the paper of a scan
_PAPER_SHARE = 0.5
_MID_TONE = (48, 208)
_MID_SHARE = 0.2


def level_paper(grey: Grey) -> Grey:
    """Divide out the tone of the paper, block by block, so that a yellowed or shaded scan becomes black on white."""
    rows, width = grey.shape
    if min(rows, width) < _REDUCE:
        return grey
    small = np.asarray(Image.fromarray(grey).reduce(_REDUCE))  # averages: a noisy speck is not the paper
    step = _BLOCK_PX // _REDUCE
    padded = np.pad(small, [(0, -side % step) for side in small.shape], mode="edge")
    blocks = padded.reshape(padded.shape[0] // step, step, padded.shape[1] // step, step).max(axis=(1, 3))
    if blocks.min() >= _PAPER_LIGHTEST:
        return grey
    paper = np.where(blocks < _PAPER_DARKEST, 255, blocks).astype(np.uint8)
    size = (paper.shape[1] * _BLOCK_PX, paper.shape[0] * _BLOCK_PX)
    smooth = np.asarray(Image.fromarray(paper).resize(size, Image.Resampling.BILINEAR))[:rows, :width]
    levelled: Grey = np.minimum(255, grey.astype(np.uint16) * 255 // smooth).astype(np.uint8)
    return levelled


def is_photograph(grey: Grey) -> bool:
    """Tell a photograph from text, a drawing or a scanned page, by its tones.

    A scanned page has one commonest light tone, its paper; a drawing has few tones between black and white.
    """
    if grey.size == 0:
        return False
    histogram = np.bincount(grey.ravel()[:: max(1, grey.size // 500_000)], minlength=256).astype(float)
    histogram /= histogram.sum()
    peak = int(histogram[_PAPER_DARKEST:].argmax()) + _PAPER_DARKEST
    paper = histogram[max(0, peak - _PAPER_TONE) : peak + _PAPER_TONE + 1].sum()
    return bool(paper < _PAPER_SHARE and histogram[slice(*_MID_TONE)].sum() > _MID_SHARE)


@kernel
def _diffuse(grey: Grey, hysteresis: float) -> NDArray[np.bool_]:
    """Floyd-Steinberg with a threshold that leans to the colour of the pel before: longer runs, so fewer bits."""
    rows, width = grey.shape
    black = np.zeros((rows, width), dtype=np.bool_)
    here = np.zeros(width + 2, dtype=np.float32)
    below = np.zeros(width + 2, dtype=np.float32)
    for row in range(rows):
        before_black = False
        for column in range(width):
            wanted = np.float32(grey[row, column]) + here[column + 1]
            lean = hysteresis if before_black else -hysteresis
            is_black = wanted < 127.5 + lean
            black[row, column] = is_black
            before_black = is_black
            error = wanted - (np.float32(0.0) if is_black else np.float32(255.0))
            here[column + 2] += error * np.float32(7 / 16)
            below[column] += error * np.float32(3 / 16)
            below[column + 1] += error * np.float32(5 / 16)
            below[column + 2] += error * np.float32(1 / 16)
        here, below = below, here
        below[:] = 0
    return black


_HYSTERESIS = 90.0  # a third of the bits of plain Floyd-Steinberg, and hardly worse to the eye


def diffuse(grey: Grey) -> NDArray[np.bool_]:
    """Screen a photograph: True is black. Without a compiler Pillow does it, with more bits."""
    if not COMPILED:
        return ~np.asarray(Image.fromarray(grey).convert("1"))
    return _diffuse(grey, _HYSTERESIS)


def warm() -> None:
    """Compile or load the kernel."""
    diffuse(np.zeros((2, 2), dtype=np.uint8))


def to_black(grey: Grey, resolution: Resolution, photographs: tuple[Box, ...] = ()) -> NDArray[np.bool_]:
    """Make black and white of a page: the threshold of text everywhere, photographs screened inside their boxes."""
    black = level_paper(grey) < THRESHOLD[resolution]
    for left, top, right, bottom in photographs:
        inside = (slice(top, bottom), slice(left, right))
        black[inside] = diffuse(np.ascontiguousarray(grey[inside]))
    return black


def sheet_of(fine: NDArray[np.bool_], standard: NDArray[np.bool_]) -> Sheet:
    """Cut the white tail off both rasters at the same height, and centre narrow ones on the line of 1728 pels."""
    inked = np.flatnonzero(fine.any(axis=1))
    last = int(inked[-1]) + 1 if inked.size else 0
    fine_rows = max(_LEAST_FINE_ROWS, last + _TAIL_FINE_ROWS)
    fine_rows = min(fine_rows + fine_rows % 2, FINE.body_rows)
    return Sheet(
        fine=Bitmap.from_bool(_on_line(fine, fine_rows)),
        standard=Bitmap.from_bool(_on_line(standard, min(fine_rows // 2, STANDARD.body_rows))),
    )


def _on_line(black: NDArray[np.bool_], rows: int) -> NDArray[np.bool_]:
    """Put the rows on white lines of full width, cut or filled up to `rows`."""
    taken = black[:rows]
    page = np.zeros((rows, A4_WIDTH_PX), dtype=np.bool_)
    left = (A4_WIDTH_PX - taken.shape[1]) // 2
    page[: taken.shape[0], left : left + taken.shape[1]] = taken
    return page
