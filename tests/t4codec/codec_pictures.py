"""Pictures to code: hypothesis strategies, the awkward ones by name, and a page that looks like text."""

import numpy as np
from hypothesis import strategies as st

from mailfax.t4codec import Bitmap


@st.composite
def bitmaps(draw: st.DrawFn, max_width: int = 5000, max_rows: int = 12) -> Bitmap:
    """Draw rows of runs, many of them like the row above: what two-dimensional coding is for, at any width."""
    width = draw(st.one_of(st.integers(1, 70), st.integers(1, max_width), st.sampled_from([1728, 2048, 2432])))
    rows = draw(st.integers(1, max_rows))
    seed = draw(st.integers(0, 2**32 - 1))
    mean_run = draw(st.sampled_from([1, 2, 7, 40, 300, 3000]))
    return runs_picture(width, rows, mean_run, np.random.default_rng(seed))


def runs_picture(width: int, rows: int, mean_run: int, rng: np.random.Generator) -> Bitmap:
    black = np.zeros((rows, width), bool)
    for row in range(rows):
        kind = rng.integers(4)
        if kind == 0 or row == 0:
            ends = np.cumsum(rng.geometric(1 / mean_run, size=width // mean_run + 2))
            ends = ends[ends < width]
            black[row] = np.cumsum(np.bincount(ends, minlength=width)) % 2 ^ rng.integers(2)
        elif kind == 1:
            black[row] = np.roll(black[row - 1], int(rng.integers(-4, 5)))
        elif kind == 2:
            black[row] = black[row - 1] ^ (rng.random(width) < 0.01)
        else:
            black[row] = rng.integers(2)
    return Bitmap.from_bool(black)


def checkerboard(width: int, rows: int) -> Bitmap:
    return Bitmap.from_bool((np.arange(rows)[:, None] + np.arange(width)) % 2 == 1)


def solid(width: int, rows: int, *, black: bool) -> Bitmap:
    return Bitmap.from_bool(np.full((rows, width), black))


def texty(width: int = 1728, rows: int = 400, seed: int = 1) -> Bitmap:
    """Lines of upright and slanted strokes with white between them, as text has."""
    rng = np.random.default_rng(seed)
    black = np.zeros((rows, width), bool)
    for top in range(10, rows - 30, 40):
        column = 60
        while column < width - 80:
            column += int(rng.integers(8, 24))
            slant, thick, height = int(rng.integers(-1, 2)), int(rng.integers(2, 6)), int(rng.integers(12, 26))
            for row in range(height):
                at = column + slant * row // 3
                black[top + row, at : at + thick] = True
            if rng.random() < 0.3:
                black[top + height // 2, column : column + 18] = True
    return Bitmap.from_bool(black)
