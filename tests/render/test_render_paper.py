"""Sheets: pages are as long as the paper that a mail asks for, or that the configuration names (RE11)."""

from io import BytesIO

import numpy as np
import pytest
from pages import Render, mail_with, pixels, text_mail
from PIL import Image

from mailfax.model.options import PaperSize
from mailfax.model.outcome import Outcome
from mailfax.render.paper import FINE, body_fine_rows
from mailfax.render.result import RenderFailure
from mailfax.render.settings import RenderSettings

LONG_TEXT = "a line of text\n" * 250


def longest(rendered: Render, mail: bytes, settings: RenderSettings | None = None) -> int:
    result = rendered(mail, settings)
    for page in result.pages:
        assert page.standard.rows == page.fine.rows // 2
    return max(page.fine.rows for page in result.pages)


@pytest.mark.parametrize(
    ("paper", "mm"), [("letter", 279.4), ("A4", 297.0), ("legal", 355.6), ("b4", 364.0), ("a3", 420.0)]
)
def test_text_fills_the_sheet_and_no_more(rendered: Render, paper: str, mm: float) -> None:
    rows = longest(rendered, text_mail(LONG_TEXT, **{"X-Fax-Paper": paper}).as_bytes())
    sheet = mm * 7.7
    assert sheet - 140 < rows + FINE.strip_rows <= sheet


def test_the_paper_of_the_configuration_gives_way_to_that_of_the_mail(rendered: Render) -> None:
    legal = RenderSettings(paper=PaperSize.LEGAL)
    assert longest(rendered, text_mail(LONG_TEXT).as_bytes(), legal) > body_fine_rows(PaperSize.A4)
    asked = text_mail(LONG_TEXT, Subject="[paper=letter] Lines").as_bytes()
    assert longest(rendered, asked, legal) <= body_fine_rows(PaperSize.LETTER)


@pytest.mark.parametrize("paper", list(PaperSize))
@pytest.mark.parametrize(("kind", "content_type"), [("PDF", "application/pdf"), ("PNG", "image/png")])
def test_pages_and_pictures_are_fitted_to_the_sheet(
    rendered: Render, paper: PaperSize, kind: str, content_type: str
) -> None:
    octets = BytesIO()
    Image.new("L", (850, 1400), 0).save(
        octets, kind, resolution=100, dpi=(100, 100)
    )  # a legal page, black to its edges
    mail = b"X-Fax-Paper: " + paper.encode() + b"\n" + mail_with(octets.getvalue(), content_type, "page")
    assert body_fine_rows(paper) - 80 < longest(rendered, mail) <= body_fine_rows(paper)


@pytest.mark.parametrize(("paper", "width_px"), [("letter", 1728), ("b4", 2048), ("a3", 2432)])
def test_text_and_pictures_are_as_wide_as_the_sheet(rendered: Render, paper: str, width_px: int) -> None:
    words = text_mail("word " * 400, **{"X-Fax-Paper": paper}).as_bytes()
    octets = BytesIO()
    Image.new("L", (1200, 1400), 0).save(octets, "PDF", resolution=100)
    page = b"X-Fax-Paper: " + paper.encode() + b"\n" + mail_with(octets.getvalue(), "application/pdf", "page.pdf")
    for mail, margins_mm in ((words, 30), (page, 0)):
        [made] = rendered(mail).pages
        assert made.fine.width_px == made.standard.width_px == width_px
        inked = np.flatnonzero(pixels(made.fine).any(axis=0))
        assert 0 <= width_px - margins_mm * 8.04 - (inked[-1] - inked[0]) < 90


@pytest.mark.parametrize("width_px", [2048, 2432])
def test_a_fax_of_wide_paper_keeps_every_pel(rendered: Render, width_px: int) -> None:
    black = np.random.default_rng(4).random((900, width_px)) < 0.02
    octets = BytesIO()
    Image.fromarray(~black).save(octets, "TIFF", compression="group4", dpi=(204, 196))
    [made] = rendered(mail_with(octets.getvalue(), "image/tiff", "fax.tif")).pages
    assert np.array_equal(pixels(made.fine)[:900], black)


def test_the_subject_is_faxed_without_its_tags(rendered: Render) -> None:
    plain = rendered(text_mail("Hello", Subject="Offer").as_bytes())
    tagged = rendered(text_mail("Hello", Subject="[standard paper=a4] Offer").as_bytes())
    assert tagged.pages == plain.pages
    other = rendered(text_mail("Hello", Subject="[list] Offer").as_bytes())
    assert other.pages != plain.pages


def test_an_option_that_is_not_known_fails_the_mail_by_name(rendered: Render) -> None:
    with pytest.raises(
        RenderFailure, match="X-Fax-Paper: a0 is not known here; it can be a4, letter, legal, b4, a3"
    ) as failure:
        rendered(text_mail("Hello", **{"X-Fax-Paper": "a0"}).as_bytes())
    assert failure.value.outcome is Outcome.BAD_OPTION
