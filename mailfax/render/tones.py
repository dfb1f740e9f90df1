"""What the tones of a picture tell: the level of its paper and its ink, and whether it is a photograph.

Used by `bilevel`, `pdf` and `image`. Grey is numpy uint8 [rows, width], 0 is black.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Grey = NDArray[np.uint8]

_PAPER_DARKEST = 170  # of a scan
_SHADED_DARKEST = 110  # of paper in a shade, as telephones photograph it; what is darker over a whole block is ink
_PAPER_LIGHTEST = 250  # nothing to do above
_BLOCK_PX = 64
_REDUCE = 4

_PAPER_TONE = 24  # levels around the commonest tone that still count as the paper of a scan
_PAPER_SHARE = 0.5
_MID_TONE = (48, 208)
_MID_SHARE = 0.2
_SAMPLE = 250_000

_INK_SHARE = 0.005
_DARK_ENOUGH = 120
_DARK_GROUND = 85
_LIGHT_SHARE = 0.35


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
    paper = np.where(blocks < _SHADED_DARKEST, 255, blocks).astype(np.uint8)
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
    histogram = np.bincount(_sample(grey), minlength=256).astype(float)
    histogram /= histogram.sum()
    peak = int(histogram[_PAPER_DARKEST:].argmax()) + _PAPER_DARKEST
    paper = histogram[max(0, peak - _PAPER_TONE) : peak + _PAPER_TONE + 1].sum()
    return bool(paper < _PAPER_SHARE and histogram[slice(*_MID_TONE)].sum() > _MID_SHARE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Contrast:
    """The tones of what is written and of what it is written on: usually 0 on 255."""

    ink: int
    ground: int


def contrast(levelled: Grey) -> Contrast:
    """Return the tones of a scan or drawing whose paper was made white, or of one that is light on dark.

    Its ink counts as black if it is dark enough, and is paler only where all of it is.
    """
    sample = _sample(levelled)
    if not sample.size:
        return Contrast(ink=0, ground=255)
    few = int(sample.size * _INK_SHARE)
    darkest, lightest = (int(tone) for tone in np.partition(sample, (few, -1 - few))[[few, -1 - few]])
    tones = np.bincount(sample, minlength=256)
    ground = int(tones.argmax())
    if ground <= _DARK_GROUND and tones[_PAPER_DARKEST:].sum() < _LIGHT_SHARE * sample.size:
        return Contrast(ink=lightest if lightest > ground + _PAPER_TONE else 255, ground=ground)
    return Contrast(ink=darkest if darkest > _DARK_ENOUGH else 0, ground=255)


def _sample(grey: Grey) -> Grey:
    """Return some of the pels of a large picture: of every so many rows every so many."""
    step = max(1, math.isqrt(grey.size // _SAMPLE))
    return grey[::step, ::step].ravel()
