import numpy as np
import pytest
from pages import MailOf, Render, inked_bands, pixels, text_mail

from mailfax.model.document import Fate
from mailfax.model.outcome import Outcome
from mailfax.render.paper import FINE, STANDARD
from mailfax.render.result import RenderFailure
from mailfax.render.settings import RenderSettings

NO_FONTS = RenderSettings(font_dirs=())


def test_a_letter_with_accents_becomes_one_page_at_both_resolutions(rendered: Render, mail_of: MailOf) -> None:
    result = rendered(mail_of("accents.eml"))
    [page] = result.pages
    [row] = result.account
    assert (row.fate, row.first_page, row.last_page, row.note) == (Fate.FAXED, 1, 1, "")
    fine, standard = pixels(page.fine), pixels(page.standard)
    assert len(inked_bands(fine)) >= 20
    # The same letter on the same stretch of paper: the share of ink agrees, and every line stands where it stood.
    assert fine.shape[0] == 2 * standard.shape[0]
    assert standard.mean() == pytest.approx(fine.mean(), rel=0.15)
    halved = fine.reshape(-1, 2, fine.shape[1]).any(axis=1)
    assert (standard & ~halved).sum() < 0.05 * standard.sum()


def test_pages_follow_the_length_of_the_text_and_fit_under_the_header_strip(rendered: Render, mail_of: MailOf) -> None:
    pages = rendered(mail_of("three-pages.eml")).pages
    assert len(pages) == 3
    for page in pages:
        assert page.fine.rows + FINE.strip_rows <= 2287
        assert page.standard.rows + STANDARD.strip_rows <= 1143


def test_nothing_runs_over_the_margins_however_long_a_word_is(rendered: Render) -> None:
    [page] = rendered(text_mail("W" * 900 + "\n" + "word " * 300).as_bytes()).pages
    black = pixels(page.fine)
    margin = 100
    assert not black[:, :margin].any()
    assert not black[:, -margin:].any()
    assert len(inked_bands(black)) > 15


def test_a_megabyte_without_a_blank_is_counted_in_reasonable_time(rendered: Render) -> None:
    message = b"Content-Type: text/plain\n\n" + b"x" * 1_000_000 + b"\n"
    with pytest.raises(RenderFailure) as failure:
        rendered(message)
    assert failure.value.outcome is Outcome.TOO_MANY_PAGES


def test_texts_flow_on_and_each_knows_its_pages(rendered: Render) -> None:
    full = len(inked_bands(pixels(rendered(text_mail("line\n" * 200).as_bytes()).pages[0].fine)))
    for lines, expected in ((full - 2, (1, 1)), (full - 1, (2, 2)), (full, (2, 2)), (full + 1, (2, 2))):
        mail = text_mail("line\n" * lines)
        mail.make_mixed()
        mail.attach(text_mail("the footer of the list\n"))
        body, footer = rendered(mail.as_bytes()).account
        assert (body.first_page, body.last_page) == (1, 2 if lines > full else 1)
        assert (footer.first_page, footer.last_page) == expected


def test_a_form_feed_begins_a_page_and_the_last_one_adds_no_blank_page(rendered: Render) -> None:
    assert len(rendered(text_mail("one\n\ftwo\n\f\n").as_bytes()).pages) == 2


def test_a_wrapped_quotation_keeps_its_mark_on_every_line(rendered: Render) -> None:
    [page] = rendered(text_mail("> " + "quoted words " * 40).as_bytes()).pages
    black = pixels(page.fine)
    bands = inked_bands(black)
    left = int(np.flatnonzero(black.any(axis=0))[0])
    assert len(bands) > 4
    assert all(black[first:end, left : left + 20].any() for first, end in bands)


def test_headers_stand_above_the_text_with_a_rule_below_them(rendered: Render) -> None:
    with_headers = text_mail(
        "Hello\n", From="alice@example.com", To="5551234@fax.lan", Subject="=?utf-8?q?Gr=C3=BC=C3=9Fe?="
    )
    bands = inked_bands(pixels(rendered(with_headers.as_bytes()).pages[0].fine))
    assert len(bands) == 5
    rule = min(bands, key=lambda band: band[1] - band[0])
    assert bands.index(rule) == 3


def test_a_character_without_glyph_is_a_box_and_is_named(rendered: Render, mail_of: MailOf) -> None:
    result = rendered(mail_of("no-glyphs.eml"), RenderSettings(font_dirs=()))
    [row] = result.account
    assert "3 characters have no glyph" in row.note
    assert "U+4E2D 中" in row.note


def test_a_box_has_ink(rendered: Render) -> None:
    blank = pixels(rendered(text_mail("x").as_bytes(), NO_FONTS).pages[0].fine).sum()
    boxed = pixels(rendered(text_mail("x \N{CJK UNIFIED IDEOGRAPH-4E2D}").as_bytes(), NO_FONTS).pages[0].fine).sum()
    assert boxed > blank + 100


def test_without_any_font_installed_text_is_drawn_and_lost_accents_are_named(rendered: Render, mail_of: MailOf) -> None:
    result = rendered(mail_of("accents.eml"), NO_FONTS)
    assert pixels(result.pages[0].fine).any()
    assert "drawn in plain form" in result.account[0].note
    assert "U+00FC ü" in result.account[0].note


def test_too_many_pages_is_said_with_the_count_before_any_is_drawn(rendered: Render) -> None:
    with pytest.raises(RenderFailure) as failure:
        rendered(text_mail("\f".join(f"page {number}" for number in range(60))).as_bytes())
    assert failure.value.outcome is Outcome.TOO_MANY_PAGES
    assert "60 pages" in failure.value.detail
