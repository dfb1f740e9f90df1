from email.message import EmailMessage

import pytest
from pages import Render, inked_bands, pixels

from mailfax.model.document import Fate
from mailfax.model.outcome import Outcome
from mailfax.render.result import RenderFailure

WORDS = "<p>Plain words of a usual size.</p>"


def html_mail(html: str) -> bytes:
    message = EmailMessage()
    message["Subject"] = "Our offer"
    message.set_content(html, subtype="html")
    return message.as_bytes()


def lines_of(rendered: Render, html: str) -> list[int]:
    """Return the heights of the lines of the only page, in rows."""
    [page] = rendered(html_mail(html)).pages
    return [end - first for first, end in inked_bands(pixels(page.fine))]


@pytest.mark.parametrize(
    "start",
    [
        '<html><!--[if mso]><body class="mso"><![endif]--><!--[if !mso]><!--><body class="full"><!--<![endif]-->',
        "<html><head><style>/* <body> */</style></head><body>",
        "<html><head><title><body></title></head><body>",
    ],
    ids=["a body for Outlook", "in a style", "in a title"],
)
def test_the_headers_are_shown_though_a_body_begins_where_none_does(rendered: Render, start: str) -> None:
    assert lines_of(rendered, f"{start}{WORDS}</body></html>") == lines_of(rendered, f"<body>{WORDS}</body>")


@pytest.mark.parametrize(
    "wide",
    [
        f"<pre>{'x' * 400}</pre>",
        f"<table><tr><td>https://example.com/{'x' * 500}?a=1&amp;b=2</td><td>b</td></tr></table>",
        "<table width=3000><tr><td>a</td><td>b</td></tr></table>",
        f"<table><tr><td nowrap>{'words ' * 100}</td></tr></table>",
    ],
    ids=["a long line", "a long address in a table", "a table in pixels", "a cell that does not wrap"],
)
def test_something_far_too_wide_does_not_make_the_rest_too_small_to_read(rendered: Render, wide: str) -> None:
    subject = lines_of(rendered, WORDS)[0]
    assert lines_of(rendered, WORDS + wide)[0] == subject
    [row] = rendered(html_mail(WORDS + wide)).account
    assert not row.note


def test_what_is_made_much_smaller_all_the_same_is_said(rendered: Render) -> None:
    columns = "".join(f"<td>column{number}</td>" for number in range(60))
    [row] = rendered(html_mail(f"<table><tr>{columns}</tr></table>")).account
    assert "made smaller to fit" in row.note


def test_a_body_that_hides_itself_is_shown(rendered: Render) -> None:
    assert lines_of(rendered, f"<style>body{{display:none}}</style><body>{WORDS}") == lines_of(rendered, WORDS)


def test_a_text_that_comes_out_blank_is_no_page(rendered: Render) -> None:
    message = EmailMessage()
    message.set_content("<p style='display:none'>nothing to see</p>", subtype="html")
    with pytest.raises(RenderFailure) as failure:
        rendered(message.as_bytes(), exact=False)
    assert failure.value.outcome is Outcome.NOTHING_TO_FAX
    assert [(row.fate, row.note) for row in failure.value.account] == [(Fate.SKIPPED, "came out blank")]


def test_a_file_that_comes_out_blank_is_named(rendered: Render) -> None:
    message = EmailMessage()
    message.set_content("see the page")
    message.add_attachment("<p style='display:none'>nothing to see</p>", subtype="html", filename="page.html")
    with pytest.raises(RenderFailure, match=r"page\.html shows nothing"):
        rendered(message.as_bytes(), exact=False)
