"""The quick ways of the renderer's inner loops say what the slow and plain ones would."""

import threading
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from mailfax.model.photo import PhotoScreen
from mailfax.render.ahead import one_ahead
from mailfax.render.bilevel import both_rasters, halve, sheet_of
from mailfax.render.pdf_areas import Areas
from mailfax.render.screen import ROW_THRESHOLDS, screen
from mailfax.render.tints import DARKEST_TINT, LIGHTEST_TINT, screen_tints
from mailfax.t4codec.bitmap import Bitmap

Black = NDArray[np.bool_]


def test_two_rows_become_their_mean() -> None:
    grey = np.random.default_rng(1).integers(0, 256, (151, 37), dtype=np.uint8)
    assert np.array_equal(halve(grey), (grey[0:150:2].astype(int) + grey[1:150:2]) // 2)


def runs_of(flat: Black, least: int) -> Black:
    """Keep what stands in runs of at least so many along the rows."""
    kept = np.zeros_like(flat)
    for row in range(flat.shape[0]):
        for first in range(flat.shape[1] - least + 1):
            if flat[row, first : first + least].all():
                kept[row, first : first + least] = True
    return kept


def test_tints_are_screened_where_they_are_flat_and_thick() -> None:
    rng = np.random.default_rng(2)
    grey = np.repeat(np.repeat(rng.choice(np.array([0, 90, 150, 200, 255], np.uint8), (9, 7)), 13, 0), 17, 1)
    grey[rng.integers(0, grey.shape[0], 60), rng.integers(0, grey.shape[1], 60)] = 10  # letters, as it were
    boxes, others = [(3, 5, 60, 90), (50, 30, 118, 117), (0, 0, 0, 20)], [(20, 40, 40, 60)]
    rows, width = grey.shape
    inside = np.zeros(grey.shape, np.bool_)
    for left, top, right, bottom in boxes:
        inside[top:bottom, left:right] = True
    inside[40:60, 20:40] = False
    near = np.pad(grey, 1, mode="edge").astype(int)
    shifted = [near[row : row + rows, column : column + width] for row in range(3) for column in range(3)]
    flat = inside & (np.max(shifted, axis=0) - np.min(shifted, axis=0) <= 6)
    flat &= (grey >= DARKEST_TINT) & (grey <= LIGHTEST_TINT)
    thick = runs_of(runs_of(flat, 9).T, 9).T
    black = grey < 165
    expected = np.where(thick, grey < ROW_THRESHOLDS[np.arange(rows) % 8][:, None], black)
    assert (expected != black).sum() > 500
    screen_tints(black, grey, boxes, others, rows_per_px=1.0)
    assert np.array_equal(black, expected)


@pytest.mark.parametrize("tone", [40, 90, 128, 200])
@pytest.mark.parametrize("photos", list(PhotoScreen))
def test_a_screen_is_as_dark_as_the_tone(photos: PhotoScreen, tone: int) -> None:
    black = screen(np.full((200, 300), tone, np.uint8), photos)
    assert black.mean() == pytest.approx(1 - tone / 255, abs=0.07 if photos is PhotoScreen.FAST else 0.02)


def test_a_line_between_two_rows_stays_and_a_speck_does_not() -> None:
    fine = np.full((400, 1728), 255, np.uint8)
    fine[100, 200:300] = 120  # a row that is white at standard resolution, being half of one
    fine[200, 200:210] = 120
    _, standard = both_rasters(fine, halve(fine), Areas(), PhotoScreen.BALANCED)
    black = standard.to_bool()
    assert np.array_equal(np.argwhere(black), [[50, column] for column in range(200, 300)])


@pytest.mark.parametrize("width", [1728, 1727, 1701, 1654, 9])
def test_a_narrow_page_stands_in_the_middle(width: int) -> None:
    black = np.random.default_rng(width).random((500, width)) < 0.5
    sheet = sheet_of(Bitmap.from_bool(black), Bitmap.from_bool(black[::2]))
    left = (1728 - width) // 2
    page = sheet.fine.to_bool()
    assert page.shape[1] == 1728
    assert np.array_equal(page[:500, left : left + width], black)
    assert page.sum() == black.sum()


def test_the_next_thing_is_made_while_one_is_in_use() -> None:
    begun = [threading.Event() for _ in range(4)]

    def items() -> Iterator[int]:
        for number, event in enumerate(begun):
            event.set()
            yield number

    for number in one_ahead(items()):
        if number + 1 < len(begun):
            assert begun[number + 1].wait(10)
        assert not any(event.is_set() for event in begun[number + 2 :]), "one ahead and no more"


def test_what_fails_while_it_is_made_ahead_fails_where_it_is_asked_for() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("the second")

    ahead = one_ahead(items())
    assert next(ahead) == 1
    with pytest.raises(ValueError, match="the second"):
        next(ahead)
    assert not [thread for thread in threading.enumerate() if "ThreadPool" in thread.name]
