from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from mailfax.model.page import Coding, Resolution
from mailfax.render.header import HeaderLine, header_strip
from mailfax.render.paper import PAPERS
from mailfax.render.settings import RenderSettings
from mailfax.t4codec import Bitmap, decode, encode

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=ZoneInfo("Europe/Berlin"))


LINE = HeaderLine(date=NOON, sender="Jörg Müller", number="5551234", page=2, pages=5)


@pytest.mark.parametrize("resolution", PAPERS)
def test_the_strip_fills_its_part_of_the_page_and_ends_white(resolution: Resolution) -> None:
    strip = header_strip(LINE, resolution)
    black = strip.to_bool()
    assert strip.width_px == resolution.width_px(1728)
    assert strip.rows + PAPERS[resolution].body_rows == PAPERS[resolution].page_rows
    assert strip.rows / PAPERS[resolution].y_dpi == pytest.approx(44 / 195.58, abs=0.5 / 195)
    assert black[:-2].any()
    assert not black[-1].any()
    assert not black[:, :50].any()
    assert not black[:, -50:].any()


def test_both_resolutions_show_the_same_line() -> None:
    fine, standard = (header_strip(LINE, resolution).to_bool() for resolution in (Resolution.FINE, Resolution.STANDARD))
    halved = fine.reshape(-1, 2, 1728).any(axis=1)
    assert (standard & ~halved).sum() < 0.1 * standard.sum()
    assert (halved & ~standard).sum() < 0.4 * standard.sum()


@pytest.mark.parametrize(
    "changes",
    [
        {"page": 3},
        {"number": "5551235"},
        {"sender": "Отправитель"},
        {"date": NOON.astimezone(UTC)},
        {"job": "J0123456789ABC"},
    ],
    ids=["page", "number", "sender", "zone", "job"],
)
def test_every_word_of_the_line_is_drawn(changes: dict[str, Any]) -> None:
    assert header_strip(replace(LINE, **changes), Resolution.FINE) != header_strip(LINE, Resolution.FINE)


def test_long_names_are_shortened_and_run_into_nothing() -> None:
    long = replace(LINE, sender="Gesellschaft für Fernmeldewesen " * 9, number="555" * 40, page=999, pages=999)
    columns = header_strip(long, Resolution.FINE).to_bool()[:36].any(axis=0)
    gaps = np.flatnonzero(np.diff(np.flatnonzero(columns)) > 40)
    assert len(gaps) == 3  # date, from, to, page stand apart


def test_the_strip_needs_no_installed_font() -> None:
    assert header_strip(LINE, Resolution.FINE, RenderSettings()).to_bool().sum() > 1000


def test_strip_and_body_can_be_coded_as_one_picture() -> None:
    strip = header_strip(LINE, Resolution.FINE)
    page = Bitmap.stack(strip, Bitmap.white(1728, 10))
    assert decode(encode(page, Coding.MMR), Coding.MMR, width_px=1728).bitmap == page
