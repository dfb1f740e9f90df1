"""Covers: what a template makes of the facts, what it may not do, and that it counts as pages (CV1, CV5)."""

from dataclasses import replace
from pathlib import Path

import pytest
from pages import inked_bands, pixels, text_mail
from PIL import Image

from mailfax.daemon.children import warm_context
from mailfax.model.document import Fate
from mailfax.model.outcome import Outcome
from mailfax.render.cover import CoverFacts, CoverFault, CoverOrder, draw_cover
from mailfax.render.coverset import CoverSet, load_covers
from mailfax.render.result import RenderFailure
from mailfax.render.sandbox import render_in_child
from mailfax.render.settings import RenderSettings
from mailfax.render.sheet import Sheet
from mailfax.render.story import render_message

FACTS = CoverFacts(
    template="own", to="5551234", from_name="Anna", date="2026-11-27 12:00", trace_id="M1", subject="Offer"
)
PLAIN = RenderSettings()


def drawn(template: str, facts: CoverFacts = FACTS, body_pages: int = 1, **others: str) -> tuple[Sheet, ...]:
    return draw_cover(facts, CoverSet(templates={"own": template, **others}), PLAIN, body_pages)


@pytest.mark.parametrize("subject", ["{{ 7 * 7 }}", "<b>big</b> & 'small'", "{% include 'own.html' %}"])
def test_what_a_sender_writes_is_text_and_nothing_else(subject: str) -> None:
    escaped = subject.replace("&", "&amp;").replace("<", "&lt;")
    literal = f"{{% raw %}}<p>{escaped}</p>{{% endraw %}}" if "raw" not in subject else ""
    assert drawn("<p>{{ subject }}</p>", replace(FACTS, subject=subject)) == drawn(literal)


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        ("{{ subject.__class__.__mro__[1].__subclasses__() }}", "SecurityError"),
        ("{{ nobody }}", "'nobody' is undefined"),
        ("{% if %}", "TemplateSyntaxError"),
        ("{% include 'other.html' %}", "TemplateNotFound: other.html"),
        ("{{ 1 / 0 }}", "ZeroDivisionError"),
        ("", "The cover own is empty"),
        ("<p>x<div style='page-break-before:always'>x</div>" * 3, "takes more than 3 pages"),
    ],
)
def test_a_template_that_cannot_be_used_says_why(template: str, sentence: str) -> None:
    with pytest.raises(CoverFault) as fault:
        drawn(template)
    assert sentence in str(fault.value)


def test_a_cover_counts_itself_and_a_break_at_its_end_is_no_page() -> None:
    assert drawn("<p>{{ pages }}</p>", body_pages=4) == drawn("<p>5</p>")
    one = drawn("<p>{{ pages }}</p><div style='page-break-before:always'></div>", body_pages=4)
    assert one == drawn("<p>5</p>")
    first, second = drawn("<p>{{ pages }}</p><div style='page-break-before:always'>second</div>", body_pages=4)
    assert first == drawn("<p>6</p>")[0]
    assert second.fine.to_bool().any()


def test_templates_share_pieces_and_pictures_of_their_folder(tmp_path: Path) -> None:
    Image.new("L", (400, 100), 0).save(tmp_path / "logo.png")
    (tmp_path / "Sales.html").write_text("{% include 'head.html' %}<p>{{ to }}</p>", "utf-8")
    (tmp_path / "head.html").write_text("<img src='{{ logo }}'>", "utf-8")
    (tmp_path / "notes.txt").write_text("left alone", "utf-8")
    covers = load_covers(tmp_path)
    assert sorted(covers.templates) == ["default", "head", "sales"]
    assert sorted(covers.files) == ["logo.png"]
    [sheet] = draw_cover(replace(FACTS, template="sales"), covers, PLAIN, 1)
    assert sheet.fine.to_bool()[:150].sum() > 20_000  # the black logo stands first
    with_logo, without = (
        draw_cover(replace(FACTS, template="default"), each, PLAIN, 1)[0] for each in (covers, load_covers(None))
    )
    assert with_logo.fine.to_bool().sum() > without.fine.to_bool().sum() + 20_000


def test_the_cover_of_mailfax_stays_one_page_however_long_its_facts_are() -> None:
    long = replace(
        FACTS,
        template="default",
        subject="Überlänge " * 200,
        from_name="W" * 900,
        from_mail="w" * 300 + "@example.org",
        contact="x" * 200,
        job="J1",
    )
    [sheet] = draw_cover(long, load_covers(None), PLAIN, 1)
    black = sheet.fine.to_bool()
    assert not black[:, :100].any()
    assert not black[:, -100:].any()


def test_covers_come_out_of_the_child_and_the_account_counts_them() -> None:
    wanted = tuple(replace(FACTS, template="default", to=number) for number in ("5551234", "5555678"))
    order = CoverOrder(covers=load_covers(None), wanted=wanted)
    mail = text_mail("Hello").as_bytes()
    rendered = render_in_child(mail, PLAIN, lambda *_: None, warm_context(), covers=order)
    [[first], [second]] = rendered.covers
    assert first != second
    assert len(inked_bands(pixels(first.fine))) >= 7
    assert rendered.pages == render_message(mail, PLAIN, lambda *_: None).pages
    assert [(row.name, row.fate, row.first_page, row.last_page) for row in rendered.account] == [
        ("cover", Fate.FAXED, 1, 1),
        ("message text", Fate.FAXED, 2, 2),
    ]


def test_a_cover_that_cannot_be_made_fails_the_mail_by_name() -> None:
    order = CoverOrder(covers=CoverSet(templates={"own": "{{ nobody }}"}), wanted=(FACTS,))
    with pytest.raises(RenderFailure, match="The cover own cannot be made: UndefinedError") as failure:
        render_message(text_mail("Hello").as_bytes(), PLAIN, lambda *_: None, covers=order)
    assert failure.value.outcome is Outcome.BAD_COVER
