"""Stamps: on every page, below its ink, or at its foot where it hides least; numbers count the pages of the document (CV5)."""

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from pages import Render, inked_bands, mail_with, pixels, text_mail
from PIL import Image

from mailfax.model.options import OptionFault, asked_in_mail
from mailfax.model.stamp import stamp_text
from mailfax.render.cover import CoverFacts, CoverOrder
from mailfax.render.coverset import CoverSet
from mailfax.render.settings import RenderSettings
from mailfax.render.story import render_message
from mailfax.t4codec.tiff import T6Page

PLAIN = RenderSettings()
STAMP_ROWS = 48


def last_band(page: T6Page) -> tuple[int, int]:
    return inked_bands(pixels(page))[-1]


def test_every_page_is_stamped_below_its_ink(rendered: Render) -> None:
    plain = rendered(text_mail("one\ftwo").as_bytes())
    made = rendered(text_mail("one\ftwo", **{"X-Fax-Stamp": "CONFIDENTIAL"}).as_bytes())
    for before, after in zip(plain.pages, made.pages, strict=True):
        foot = last_band(before.fine)[1]
        top, bottom = last_band(after.fine)
        assert (bottom - top, top > foot + 20) == (STAMP_ROWS, True)
        assert np.array_equal(pixels(after.fine)[:foot], pixels(before.fine)[:foot])
        assert last_band(after.standard) == (top // 2, bottom // 2)


def test_the_stamp_of_the_mail_adds_to_that_of_the_configuration(rendered: Render) -> None:
    settings = replace(PLAIN, stamp="ACME")
    one = rendered(text_mail("Hello").as_bytes(), settings).pages[0].fine
    both = rendered(text_mail("Hello", **{"X-Fax-Stamp": "secret"}).as_bytes(), settings).pages[0].fine

    def width(page: T6Page) -> int:
        top, bottom = last_band(page)
        return int(np.ptp(np.flatnonzero(pixels(page)[top:bottom].any(axis=0))))

    assert width(both) > width(one) + 100


def test_numbers_count_the_pages_of_the_document_and_covers_have_none(rendered: Render) -> None:
    mail = text_mail("one\ftwo", **{"X-Fax-Stamp": "ABC {page:6}"}).as_bytes()
    facts = CoverFacts(template="own", to="1", from_name="a", date="today", trace_id="M1", with_text=True)
    order = CoverOrder(covers=CoverSet(templates={"own": "<p>{{ pages }}</p>"}), wanted=(facts,))
    made = render_message(mail, PLAIN, lambda *_: None, covers=order)
    assert made.pages == rendered(mail).pages, "the same numbers, whoever has a cover"
    [cover] = made.covers
    assert (len(inked_bands(pixels(cover.pages[0].fine))), cover.replaces) == (1, 0)
    assert stamp_text("ABC {page:6}/{page}", 12) == "ABC 000012/12"


@pytest.mark.parametrize("free", ["right", "middle", "left"])
def test_a_full_page_is_stamped_where_least_is_hidden(rendered: Render, free: str) -> None:
    picture = np.zeros((2330, 1700), np.uint8)
    third = {"left": 0, "middle": 1, "right": 2}[free]
    picture[2180:, third * 566 + 20 : third * 566 + 546] = 255
    octets = BytesIO()
    Image.fromarray(picture).save(octets, "PDF", resolution=200)
    mail = b"X-Fax-Stamp: SEEN\n" + mail_with(octets.getvalue(), "application/pdf", "full.pdf")
    [page] = rendered(mail).pages
    plain = pixels(rendered(mail_with(octets.getvalue(), "application/pdf", "full.pdf")).pages[0].fine)
    rows = len(plain)
    changed = np.flatnonzero((pixels(page.fine)[:rows] != plain).any(axis=0))
    assert page.fine.rows <= 2243
    assert third * 576 <= changed[0] < changed[-1] < third * 576 + 590


def test_a_stamp_wider_than_the_paper_is_cut_and_harms_nothing(rendered: Render) -> None:
    made = rendered(text_mail("Hello", **{"X-Fax-Stamp": "W" * 60}).as_bytes())
    assert made.pages[0].fine.width_px == 1728


@pytest.mark.parametrize(
    ("stamp", "said"),
    [("x" * 61, "more than 60"), ("{secret}", "has braces"), ("{page:x}", "has braces"), ("", "is empty")],
)
def test_a_stamp_that_cannot_be_is_refused(stamp: str, said: str) -> None:
    with pytest.raises(OptionFault, match=said):
        asked_in_mail([("X-Fax-Stamp", stamp)], "")
