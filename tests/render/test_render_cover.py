"""Covers: what a template makes of the facts, what it may not do, and that it counts as pages (CV1, CV5)."""

from dataclasses import replace
from email.message import EmailMessage
from io import BytesIO
from pathlib import Path

import pytest
from pages import inked_bands, mail_with, pixels, text_mail
from PIL import Image

from mailfax.daemon.children import warm_context
from mailfax.model.document import Fate, counted_with
from mailfax.model.outcome import Outcome
from mailfax.render.cover import CoverFacts, CoverFault, CoverOrder, draw_cover
from mailfax.render.coverset import CoverSet, load_covers
from mailfax.render.result import Rendered, RenderedPage, RenderFailure
from mailfax.render.sandbox import render_in_child
from mailfax.render.settings import RenderSettings
from mailfax.render.sheet import Sheet
from mailfax.render.story import render_message

FACTS = CoverFacts(
    template="own", to="5551234", from_name="Anna", date="2026-11-27 12:00", trace_id="M1", subject="Offer"
)
PLAIN = RenderSettings()


def drawn(template: str, facts: CoverFacts = FACTS, body_pages: int = 1, **others: str) -> tuple[Sheet, ...]:
    return draw_cover(facts, CoverSet(templates={"own": template, **others}), PLAIN, body_pages).sheets


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
    [sheet] = draw_cover(replace(FACTS, template="sales"), covers, PLAIN, 1).sheets
    assert sheet.fine.to_bool()[:150].sum() > 20_000  # the black logo stands first
    with_logo, without = (
        draw_cover(replace(FACTS, template="default"), each, PLAIN, 1).sheets[0] for each in (covers, load_covers(None))
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
    [sheet] = draw_cover(long, load_covers(None), PLAIN, 1).sheets
    black = sheet.fine.to_bool()
    assert not black[:, :100].any()
    assert not black[:, -100:].any()


def test_covers_come_out_of_the_child_and_the_account_counts_them() -> None:
    wanted = tuple(replace(FACTS, template="default", to=number) for number in ("5551234", "5555678"))
    order = CoverOrder(covers=load_covers(None), wanted=wanted)
    mail = text_mail("Hello").as_bytes()
    rendered = render_in_child(mail, PLAIN, lambda *_: None, warm_context(), covers=order)
    [first], [second] = (cover.pages for cover in rendered.covers)
    assert first != second
    assert len(inked_bands(pixels(first.fine))) >= 7
    assert rendered.pages == render_message(mail, PLAIN, lambda *_: None).pages
    counted = counted_with(rendered.account, rendered.covers[0])
    assert [(row.name, row.fate, row.first_page, row.last_page) for row in counted] == [
        ("cover", Fate.FAXED, 1, 1),
        ("message text", Fate.FAXED, 2, 2),
    ]


def test_a_cover_that_cannot_be_made_fails_the_mail_by_name() -> None:
    order = CoverOrder(covers=CoverSet(templates={"own": "{{ nobody }}"}), wanted=(FACTS,))
    with pytest.raises(RenderFailure, match="The cover own cannot be made: UndefinedError") as failure:
        render_message(text_mail("Hello").as_bytes(), PLAIN, lambda *_: None, covers=order)
    assert failure.value.outcome is Outcome.BAD_COVER


LONG = "\n".join(f"line {number} of a long letter" for number in range(130))


def with_text(mail: bytes, template: str = "<p>{{ to }}</p>", settings: RenderSettings = PLAIN) -> Rendered:
    order = CoverOrder(covers=CoverSet(templates={"own": template}), wanted=(replace(FACTS, with_text=True),))
    return render_message(mail, settings, lambda *_: None, covers=order)


def text_rows(page: RenderedPage) -> list[tuple[int, int]]:
    return inked_bands(pixels(page.fine))


def test_the_text_begins_below_the_cover_and_flows_on() -> None:
    made = with_text(text_mail(LONG, Subject="Offer").as_bytes())
    [cover] = made.covers
    lines = [len(text_rows(page)) for page in cover.pages]
    assert (sum(lines), cover.cover_pages, cover.replaces) == (131, 1, len(made.pages)), "one line of cover, no headers"
    assert min(lines) > 2
    assert cover.text == ((1, len(cover.pages)),)
    counted = counted_with(made.account, cover)
    assert [(row.name, row.first_page, row.last_page) for row in counted] == [
        ("cover", 1, 1),
        ("message text", 1, len(cover.pages)),
    ]


def test_a_text_that_just_fits_below_the_cover_makes_no_second_page() -> None:
    """Every length of text, so that none leaves an empty page or runs over the foot."""
    for lines in range(36, 56, 2):
        mail = text_mail("\n".join("line" for _ in range(lines))).as_bytes()
        [cover] = with_text(mail, "<div style='height:40mm;border-bottom:1mm solid black'>{{ to }}</div>").covers
        found = [len(text_rows(page)) for page in cover.pages]
        assert sum(found) == lines + 2
        assert all(found)
        assert all(page.fine.rows + 44 <= 2287 for page in cover.pages)


def test_html_begins_below_the_cover_too_and_neither_style_meets_the_other() -> None:
    mail = EmailMessage()
    mail.set_content("<style>p{font-size:40pt;margin:0}</style><p>first</p><p>second</p>", subtype="html")
    [cover] = with_text(mail.as_bytes(), "<style>p{margin:0;font-size:9pt}</style><p>{{ to }}</p>").covers
    heights = [bottom - top for top, bottom in text_rows(cover.pages[0])]
    assert len(heights) == 3
    assert heights[0] < 40
    assert heights[1] > 60


def test_a_cover_that_fills_its_page_leaves_the_text_a_page_of_its_own() -> None:
    made = with_text(text_mail("Hello").as_bytes(), "<div style='height:255mm'>{{ to }}</div><p>foot</p>")
    [cover] = made.covers
    assert [len(text_rows(page)) for page in cover.pages] == [2, 1]
    assert (cover.cover_pages, cover.text) == (1, ((2, 2),))


def test_what_is_attached_follows_the_text_below_the_cover() -> None:
    mail = text_mail("Hello")
    mail.add_attachment("one\ftwo", filename="notes.txt")
    mail.add_attachment(ball(), maintype="image", subtype="png", filename="ball.png")
    made = with_text(mail.as_bytes())
    [cover] = made.covers
    rows = [(row.name, row.first_page, row.last_page) for row in counted_with(made.account, cover)]
    assert rows == [("cover", 1, 1), ("message text", 1, 1), ("notes.txt", 2, 3), ("ball.png", 4, 4)]
    assert len(cover.pages) + len(made.pages) - cover.replaces == 4


def test_a_mail_without_a_text_has_its_cover_alone() -> None:
    made = with_text(mail_with(ball(), "image/png", "ball.png"))
    [cover] = made.covers
    assert (len(cover.pages), cover.replaces, len(made.pages)) == (1, 0, 1)


def ball() -> bytes:
    octets = BytesIO()
    Image.new("L", (300, 300), 0).save(octets, "PNG")
    return octets.getvalue()
