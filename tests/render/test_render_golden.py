"""Pages of every kind beside pages that somebody looked at (fixtures/pages): the same to the eye, not to the pel. `golden_pages` writes them anew."""

import numpy as np
import pytest
from golden_pages import GOLDEN, PAGES, office
from numpy.typing import NDArray
from pages import MailOf, Render, pixels
from PIL import Image

BLOCK = 12  # pels; a word is several blocks, a stroke is less than one
MOST_APART = 0.006  # mean difference of ink in a block; a line that is missing, mirrored or moved is far beyond


def blocks(black: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the share of ink in each block."""
    rows, width = (side // BLOCK * BLOCK for side in black.shape)
    return black[:rows, :width].reshape(rows // BLOCK, BLOCK, width // BLOCK, BLOCK).mean(axis=(1, 3))


def apart(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    rows = max(one.shape[0], other.shape[0])
    padded = [blocks(np.pad(page, ((0, rows - page.shape[0]), (0, 0)))) for page in (one, other)]
    return float(np.abs(padded[0] - padded[1]).mean())


def golden(name: str) -> NDArray[np.bool_]:
    with Image.open(PAGES / f"{name}.png") as page:
        return ~np.asarray(page.convert("1"))


@pytest.mark.parametrize("name", GOLDEN)
def test_a_page_looks_as_it_did_when_somebody_looked_at_it(name: str) -> None:
    assert apart(GOLDEN[name](), golden(name)) < MOST_APART


@pytest.mark.interop
def test_an_office_document_looks_as_it_did_when_somebody_looked_at_it() -> None:
    assert apart(office(), golden("office")) < MOST_APART


def test_the_distance_sees_what_a_reader_would(rendered: Render, mail_of: MailOf) -> None:
    right = golden("scripts")
    assert apart(right, np.roll(right, 1, axis=1)) < MOST_APART
    assert apart(right, right[:, ::-1]) > MOST_APART
    without_shaping = mail_of("scripts.eml").replace(b"text/plain", b"text/x-log", 1)
    moved = pixels(rendered(without_shaping.replace(b"lazy dog", b"lazy =0A=0Adog")).pages[0].fine)
    assert apart(moved, right) > MOST_APART
