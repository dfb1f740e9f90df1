"""What of a PDF page is screened and what never: photographs and thick tints are, letters, lines and scans are not."""

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from pages import Render, mail_with, pixels
from picture_pdf import fax_picture, jpeg_picture, write_picture_pdf
from PIL import Image
from pypdf import PdfReader, PdfWriter
from simple_pdf import PdfPage, write_pdf

from mailfax.model.page import Coding
from mailfax.model.photo import PhotoScreen
from mailfax.render.screen import screen
from mailfax.t4codec import encode
from mailfax.t4codec.bitmap import Bitmap

A4 = (595.0, 842.0)


def drawn(rendered: Render, pdf: bytes, headers: bytes = b"") -> list[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """Return the pages, fine and standard."""
    pages = rendered(headers + mail_with(pdf, "application/pdf", "a.pdf")).pages
    return [(pixels(page.fine), pixels(page.standard)) for page in pages]


def a4_page() -> PdfPage:
    return PdfPage(width_pt=A4[0], height_pt=A4[1])


def at(x_pt: float, y_pt: float) -> tuple[int, int]:
    """Return row and column of the fine raster of an A4 page, which is drawn at 98 %."""
    scale = 2243 / 842
    return round((842 - y_pt) * scale), round(864 + (x_pt - 297.5) * scale * 204.216 / 195.58)


def test_a_chart_keeps_its_bars_apart_and_its_letters_whole(rendered: Render) -> None:
    page = a4_page()
    for number, tone in enumerate((0.25, 0.5, 0.75)):
        page.box(100 + 120 * number, 300, 80, 300, grey=tone)
    page.text(105, 450, "42 %", size_pt=12)
    page.line(80, 300, 500, 300, width_pt=0.5)
    [(fine, standard)] = drawn(rendered, write_pdf([page]))
    for black, halves in ((fine, 1), (standard, 2)):
        shares = []
        for number in range(3):
            (top, left), (bottom, right) = at(110 + 120 * number, 590), at(170 + 120 * number, 480)
            bar = black[top // halves : bottom // halves, left:right]
            shares.append(bar.mean())
            assert ((bar.mean(axis=1) > 0.99) | (bar.mean(axis=1) < 0.01)).all(), "flat tones are whole rows"
        assert shares == pytest.approx([0.75, 0.5, 0.25], abs=0.05)
        (top, left), (bottom, right) = at(105, 458), at(129, 450.5)
        label = black[top // halves : bottom // halves, left:right]
        plain = a4_page()
        plain.text(105, 450, "42 %", size_pt=12)
        alone = drawn(rendered, write_pdf([plain]))[0][halves - 1]
        expected = alone[top // halves : bottom // halves, left:right]
        assert expected.sum() > 50
        assert (label ^ expected).mean() < 0.03


@pytest.mark.parametrize("rgb", [(0.55, 0.55, 0.55), (0.9, 0.1, 0.1), (0.3, 0.6, 0.9), (0.75, 0.75, 0.75)])
def test_coloured_letters_are_as_black_as_black_ones(rendered: Render, rgb: tuple[float, float, float]) -> None:
    pages = []
    for colour in ((0.0, 0.0, 0.0), rgb):
        page = a4_page()
        page.text(60, 700, "The quick brown fox jumps over the lazy dog", size_pt=7, rgb=colour)
        pages.append(page)
    black, coloured = drawn(rendered, write_pdf(pages))
    for one, other in zip(black, coloured, strict=True):
        assert one.sum() > 500
        assert (one ^ other).sum() < 0.05 * one.sum()


def test_white_letters_on_a_dark_bar_are_white_on_black(rendered: Render) -> None:
    page = a4_page()
    page.box(60, 690, 300, 30, grey=0.35)
    page.text(70, 700, "HEADING", size_pt=14, rgb=(1, 1, 1))
    [(fine, standard)] = drawn(rendered, write_pdf([page]))
    (top, left), (bottom, right) = at(71, 710), at(130, 700)
    for black in (fine[top:bottom, left:right], standard[top // 2 : bottom // 2, left:right]):
        assert 0.4 < black.mean() < 0.85
        solid = black.all(axis=0)
        assert solid.any(), "between letters it is black, not screened"


@pytest.mark.parametrize("grey", [0.6, 0.85, 0.9])
def test_pale_hairlines_stay(rendered: Render, grey: float) -> None:
    pages = []
    for scale in (1, 50):  # some programs draw in small units
        page = a4_page()
        page._content.append(f"{grey} G {1 / scale} 0 0 {1 / scale} 0 0 cm")
        for row in range(10):
            y = (700.3 - row * 30.7) * scale
            page.line(60 * scale, y, 535 * scale, y, width_pt=0.25 * scale)
        pages.append(page)
    for page_of_both in drawn(rendered, write_pdf(pages)):
        for black in page_of_both:
            edges = np.diff((black.mean(axis=1) > 0.7).astype(int), prepend=0)
            assert (edges == 1).sum() == 10


def test_a_page_on_tinted_paper_is_not_screened(rendered: Render) -> None:
    page = a4_page()
    page.box(0, 0, 595, 842, grey=0.8)
    page.text(60, 700, "words on grey paper", size_pt=9)
    [(fine, _)] = drawn(rendered, write_pdf([page]))
    plain = a4_page()
    plain.text(60, 700, "words on grey paper", size_pt=9)
    [(expected, _)] = drawn(rendered, write_pdf([plain]))
    assert fine.shape == expected.shape
    assert (fine ^ expected).sum() < 0.05 * expected.sum()


def photograph(width: int = 900, rows: int = 600) -> Image.Image:
    y, x = np.mgrid[0:rows, 0:width]
    tone = 128 + 70 * np.sin(x / 90) * np.cos(y / 70) + np.random.default_rng(3).normal(0, 6, (rows, width))
    return Image.fromarray(tone.clip(0, 255).astype(np.uint8))


def test_words_on_a_photograph_are_not_screened_with_it(rendered: Render) -> None:
    picture = jpeg_picture(photograph(), (400, 0, 0, 270, 100, 400))
    words = "BT /F1 16 Tf 0 g 150 500 Td (CAPTION) Tj ET"
    pages = [(*A4, [picture], words), (*A4, [picture], ""), (*A4, [], words)]
    captioned, bare, alone = (fine for fine, _ in drawn(rendered, write_picture_pdf(pages)))
    (top, left), (bottom, right) = at(151, 511), at(225, 500)
    caption, screened, expected = (page[top:bottom, left:right] for page in (captioned, bare, alone))
    assert 0.2 < screened.mean() < 0.8
    assert (screened ^ expected).mean() > 0.3
    assert (caption ^ expected).mean() < 0.1
    (top, left), (bottom, right) = at(300, 660), at(480, 560)
    beside = [page[top:bottom, left:right].mean() for page in (captioned, bare)]
    assert beside[0] == pytest.approx(beside[1], abs=0.02)
    assert 0.2 < beside[0] < 0.8


@pytest.mark.parametrize("turn", range(8))
def test_a_scanned_jpeg_lies_as_pdfium_lays_it(rendered: Render, turn: int) -> None:
    scan = Image.new("L", (1240, 1754), 235)
    scan.paste(30, (200, 200, 900, 300))
    scan.paste(30, (200, 400, 300, 800))
    scan.paste(60, (700, 1500, 1000, 1600))
    width, height = A4 if turn % 2 == 0 else A4[::-1]
    lies: list[tuple[float, float, float, float, float, float]] = [
        (width, 0, 0, height, 0, 0),
        (0, height, -width, 0, width, 0),
        (-width, 0, 0, -height, width, height),
        (0, -height, width, 0, 0, height),
    ]
    a, b, c, d, e, f = lies[turn % 4]
    if turn >= 4:  # mirrored too
        a, b, e, f = -a, -b, e + a, f + b
    picture = jpeg_picture(scan, (a, b, c, d, e, f))
    ours = drawn(rendered, write_picture_pdf([(width, height, [picture], "")]))
    # A speck beside it takes the page to pdfium's own drawing.
    theirs = drawn(rendered, write_picture_pdf([(width, height, [picture], "0 g 3 3 1 1 re f")]))
    for one, other in zip(ours[0], theirs[0], strict=True):
        assert other.mean() > 0.02
        assert (one[: len(other)] ^ other[: len(one)]).mean() < 0.003


def test_a_page_that_is_one_fax_keeps_every_pel(rendered: Render) -> None:
    rng = np.random.default_rng(7)
    black = np.zeros((2200, 1728), dtype=np.bool_)
    black[60:2100:7, 50:1700] = rng.random((292, 1650)) < 0.5
    # 1728 pels on 215 mm, 196 rows to the inch, the page a little larger than the image.
    fine = fax_picture(black, (609.9, 0, 0, 2200 / 196 * 72, 0, 10))
    coarse = fax_picture(black[:1100], (609.9, 0, 0, 1100 / 98 * 72, 0, 10))
    pages = drawn(rendered, write_picture_pdf([(609.9, 830, [fine], ""), (609.9, 830, [coarse], "")]))
    assert np.array_equal(pages[0][0][:2040], black[60:2100]) or np.array_equal(pages[0][0][:2100], black[:2100])
    standard = pages[1][1]
    assert any(np.array_equal(standard[: 1100 - first], black[first:1100]) for first in (0, 60))


def test_standard_is_made_from_grey_not_by_dropping_rows(rendered: Render) -> None:
    page = a4_page()
    for row in range(40):
        page.line(60, 750 - row * 10.37, 535, 750 - row * 10.37, width_pt=0.3)
    [(fine, standard)] = drawn(rendered, write_pdf([page]))
    assert (np.diff((standard.mean(axis=1) > 0.7).astype(int), prepend=0) == 1).sum() == 40
    dropped = fine[::2]
    assert (np.diff((dropped.mean(axis=1) > 0.7).astype(int), prepend=0) == 1).sum() < 40


def seconds(black: NDArray[np.bool_]) -> float:
    return len(encode(Bitmap.from_bool(black), Coding.MMR)) * 8 / 14400


def test_each_setting_of_the_screen_costs_less_than_the_next() -> None:
    grey = np.asarray(photograph(1600, 1000))
    dithered = ~np.asarray(Image.fromarray(grey).convert("1"))
    fast, balanced, best = (seconds(screen(grey, photos)) for photos in PhotoScreen)
    assert fast < seconds(dithered) / 8
    assert balanced < seconds(dithered) / 3
    assert fast < 0.5 * balanced < 0.9 * best


def test_a_mail_chooses_its_screen(rendered: Render) -> None:
    picture = jpeg_picture(photograph(), (400, 0, 0, 270, 100, 400))
    pdf = write_picture_pdf([(*A4, [picture], "")])
    cost = [
        seconds(drawn(rendered, pdf, header)[0][0])
        for header in (b"X-Fax-Photo: Fast\r\n", b"", b"X-Fax-Photo: best\n")
    ]
    assert cost[0] < cost[1] < cost[2]


def test_highlighted_words_stay_readable(rendered: Render) -> None:
    page = a4_page()
    page.text(100, 700, "important words", size_pt=14)
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(write_pdf([page]))))
    bare = io.BytesIO()
    writer.write(bare)
    from pypdf.annotations import Highlight
    from pypdf.generic import ArrayObject, FloatObject

    corners = ArrayObject([FloatObject(edge) for edge in (98, 716, 210, 716, 98, 696, 210, 696)])
    mark = Highlight(rect=(98, 696, 210, 716), quad_points=corners, highlight_color="2060ff", printing=True)
    writer.add_annotation(0, mark)
    marked = io.BytesIO()
    writer.write(marked)
    (top, left), (bottom, right) = at(100, 712), at(205, 698)
    plain, over = (drawn(rendered, file.getvalue())[0][0][top:bottom, left:right] for file in (bare, marked))
    assert plain.sum() > 300
    assert (plain ^ over).mean() < 0.05
