import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from pages import MailOf, Render, inked_bands, pixels, text_mail

from mailfax.model.document import Fate
from mailfax.model.outcome import Outcome
from mailfax.render.paper import FINE, STANDARD
from mailfax.render.result import RenderFailure

UNDRAWABLE = "\U00050000"  # in a plane that Unicode gives to nobody


def test_a_letter_with_accents_becomes_one_page_at_both_resolutions(rendered: Render, mail_of: MailOf) -> None:
    result = rendered(mail_of("accents.eml"))
    [page] = result.pages
    [row] = result.account
    assert (row.fate, row.first_page, row.last_page, row.note) == (Fate.FAXED, 1, 1, "")
    fine, standard = pixels(page.fine), pixels(page.standard)
    assert len(inked_bands(fine)) >= 15
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


def test_a_wrapped_quotation_stands_behind_a_bar_on_every_line(rendered: Render) -> None:
    black = pixels(rendered(text_mail("> " + "quoted words " * 40).as_bytes()).pages[0].fine)
    left = int(np.flatnonzero(black.any(axis=0))[0])
    [(first, end)] = inked_bands(black[:, left : left + 4])
    assert len(inked_bands(black[:, left + 8 :])) > 4
    assert (first, end) == (inked_bands(black)[0][0], inked_bands(black)[-1][1])


def test_headers_stand_above_the_text_with_a_rule_below_them(rendered: Render) -> None:
    with_headers = text_mail(
        "Hello\n", From="alice@example.com", To="5551234@fax.lan", Subject="=?utf-8?q?Gr=C3=BC=C3=9Fe?="
    )
    bands = inked_bands(pixels(rendered(with_headers.as_bytes()).pages[0].fine))
    assert len(bands) == 5
    rule = min(bands, key=lambda band: band[1] - band[0])
    assert bands.index(rule) == 3


def test_a_character_without_glyph_is_a_box_and_is_named(rendered: Render) -> None:
    plain = rendered(text_mail("door").as_bytes())
    boxed = rendered(text_mail(f"door {UNDRAWABLE}").as_bytes())
    [row] = boxed.account
    assert row.note.startswith("1 character has no glyph and stand as a box: U+50000")
    assert pixels(boxed.pages[0].fine).sum() > pixels(plain.pages[0].fine).sum() + 100
    [row] = rendered(text_mail("door", Subject=f"box {UNDRAWABLE}").as_bytes()).account
    assert row.note.startswith("1 character has no glyph")


def test_a_text_that_would_be_boxes_is_refused_by_name(rendered: Render) -> None:
    with pytest.raises(RenderFailure) as failure:
        rendered(text_mail(f"a {UNDRAWABLE * 40}").as_bytes())
    assert failure.value.outcome is Outcome.UNREADABLE
    assert "message text is in a script that this server has no font for" in failure.value.detail


def test_right_to_left_text_begins_at_the_right_and_letters_join(rendered: Render) -> None:
    page = pixels(rendered(text_mail("\u0628\u0628\u0628\u0628\n").as_bytes()).pages[0].fine)
    columns = np.flatnonzero(page.any(axis=0))
    assert columns[0] > 1728 / 2
    # Four joined letters stand on one stroke; apart they would leave three gaps.
    line = page[slice(*inked_bands(page)[0])].any(axis=0)
    assert np.flatnonzero(np.diff(np.flatnonzero(line)) > 1).size == 0


def test_a_table_keeps_its_columns_and_a_quotation_its_depth(rendered: Render) -> None:
    table = "Item      Qty    Price\nWWWW       12    48.00\niiii       24    31.20\n"
    page = pixels(rendered(text_mail(table).as_bytes()).pages[0].fine)
    starts = [np.flatnonzero(page[first:end, 450:].any(axis=0))[0] for first, end in inked_bands(page)[1:]]
    assert max(starts) - min(starts) < 12
    deep = pixels(rendered(text_mail("> > WWWW\n").as_bytes()).pages[0].fine)
    bars = np.flatnonzero(deep[slice(*inked_bands(deep)[0])].all(axis=0))
    assert np.flatnonzero(np.diff(bars) > 2).size == 1


def test_flowed_lines_are_joined(rendered: Render) -> None:
    flowed = b"Content-Type: text/plain; format=flowed; delsp=yes\n\none two thr \nee four\n\n-- \nme\n"
    plain = b"Content-Type: text/plain\n\none two three four\n\n-- \nme\n"
    assert (pixels(rendered(flowed).pages[0].fine) == pixels(rendered(plain).pages[0].fine)).all()


NO_FONTS = """
import sys
from mailfax.render.settings import RenderSettings
from mailfax.render.story import render_message
from mailfax.render.fontset import installed_fonts
assert installed_fonts() == 0
page = render_message(open(sys.argv[1], "rb").read(), RenderSettings(), lambda page, total: None)
print(len(page.pages[0].fine.octets), page.account[0].note)
"""


def test_without_any_font_installed_text_is_drawn_and_lost_accents_are_named(tmp_path: Path) -> None:
    (tmp_path / "fonts.conf").write_text("<fontconfig><dir>/nonexistent</dir></fontconfig>")
    mail = tmp_path / "mail.eml"
    mail.write_bytes(text_mail("Grüße aus Köln\n" * 20).as_bytes())
    told = subprocess.run(
        [sys.executable, "-c", NO_FONTS, str(mail)],
        env={"FONTCONFIG_PATH": str(tmp_path), "PATH": "/usr/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    octets, note = told.stdout.split(maxsplit=1)
    assert int(octets) > 3000
    assert "drawn in plain form" in note
    assert "U+00FC ü" in note


@pytest.mark.parametrize(
    ("text", "script"), [("Привет, мир", "Cyrillic"), ("สวัสดีชาวโลก", "Thai"), ("今日は世界", "CJK, Hiragana")]
)
def test_without_a_font_the_missing_script_is_named(tmp_path: Path, text: str, script: str) -> None:
    (tmp_path / "fonts.conf").write_text("<fontconfig><dir>/nonexistent</dir></fontconfig>")
    mail = tmp_path / "mail.eml"
    mail.write_bytes(text_mail(text * 5).as_bytes())
    told = subprocess.run(
        [sys.executable, "-c", NO_FONTS, str(mail)],
        env={"FONTCONFIG_PATH": str(tmp_path), "PATH": "/usr/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "RenderFailure: message text is in a script that this server has no font for" in told.stderr
    assert f"({script})" in told.stderr


def test_too_many_pages_is_said_with_the_count_before_any_is_drawn(rendered: Render) -> None:
    with pytest.raises(RenderFailure) as failure:
        rendered(text_mail("\f".join(f"page {number}" for number in range(60))).as_bytes())
    assert failure.value.outcome is Outcome.TOO_MANY_PAGES
    assert "60 pages" in failure.value.detail


def test_a_line_of_blanks_costs_no_time(rendered: Render) -> None:
    before = time.process_time()
    assert rendered(text_mail(f"before\n{' ' * 60_000}x\nafter\n").as_bytes()).pages
    assert time.process_time() - before < 3


def test_too_many_lines_are_not_laid_out(rendered: Render) -> None:
    before = time.process_time()
    with pytest.raises(RenderFailure) as failure:
        rendered(text_mail("line\n" * 200_000).as_bytes())
    assert failure.value.outcome is Outcome.TOO_MANY_PAGES
    assert time.process_time() - before < 2
