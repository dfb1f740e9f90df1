"""Receipts and pictures of whole web sites: cut at white rows into sheets of full width, and nothing is lost."""

import io

import numpy as np
import pytest
from pages import Render, inked_bands, mail_with, pixels
from PIL import Image, ImageDraw
from simple_pdf import PdfPage, write_pdf

from mailfax.model.outcome import Outcome
from mailfax.model.photo import PhotoScreen
from mailfax.render.image import ImageSource
from mailfax.render.longpage import slices_of
from mailfax.render.result import RenderFailure
from mailfax.render.settings import RenderSettings

LINES = 60


def receipt_png() -> bytes:
    picture = Image.new("L", (600, LINES * 50 + 60), 255)
    draw = ImageDraw.Draw(picture)
    for line in range(LINES):
        draw.rectangle((40, 40 + line * 50, 560, 66 + line * 50), fill=0)
    octets = io.BytesIO()
    picture.save(octets, "PNG")
    return octets.getvalue()


def receipt_pdf() -> bytes:
    page = PdfPage(width_pt=226, height_pt=LINES * 20 + 40)
    for line in range(LINES):
        page.line(20, 30 + line * 20, 206, 30 + line * 20, width_pt=8)
    return write_pdf([page])


@pytest.mark.parametrize(("octets", "kind"), [(receipt_png(), "image/png"), (receipt_pdf(), "application/pdf")])
def test_a_receipt_is_cut_between_its_lines(rendered: Render, octets: bytes, kind: str) -> None:
    raw = mail_with(octets, kind, "receipt")
    result = rendered(raw, exact=False)
    assert len(result.pages) >= 2
    [row] = result.account
    assert (row.first_page, row.last_page) == (1, len(result.pages))
    lines = [inked_bands(pixels(page.fine)) for page in result.pages]
    assert sum(map(len, lines)) == LINES
    heights = [end - first for page in lines for first, end in page]
    assert max(heights) - min(heights) <= 2  # no line was cut in two
    columns = np.flatnonzero(pixels(result.pages[0].fine).any(axis=0))
    assert columns[-1] - columns[0] > 700  # and none shrunk to a strip


def test_a_long_picture_is_refused_for_the_pages_that_it_takes_not_for_those_that_it_might(rendered: Render) -> None:
    raw = mail_with(receipt_png(), "image/png", "receipt")
    pages = len(rendered(raw, exact=False).pages)
    source = ImageSource(receipt_png(), PhotoScreen.BALANCED)
    assert source.least_pages <= pages < source.page_count
    assert len(rendered(raw, RenderSettings(max_pages=pages), exact=False).pages) == pages
    with pytest.raises(RenderFailure) as failed:
        rendered(raw, RenderSettings(max_pages=pages - 1), exact=False)
    assert failed.value.outcome is Outcome.TOO_MANY_PAGES


def test_a_picture_without_white_rows_is_cut_where_the_sheet_ends() -> None:
    black = np.zeros((3000, 100), np.uint8)
    parts = slices_of(black, 30.0, 1.0)
    assert (parts[0].top, parts[-1].bottom) == (0.0, 1.0)
    assert [each.bottom for each in parts[:-1]] == [each.top for each in parts[1:]]
    assert len(parts) == 3
