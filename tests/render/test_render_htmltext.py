"""What a person would read of HTML, whatever is wrong with it."""

import pytest

from mailfax.render.htmltext import shows_something, visible_text


@pytest.mark.parametrize(
    ("html", "seen"),
    [
        ("", ""),
        ("plain", "plain"),
        ("<p>one<p>two", "one two"),
        ("H&auml;llo &#128512; &nbsp;a &lt; b", "Hällo \N{GRINNING FACE} a < b"),
        ('<?xml version="1.0" encoding="utf-8"?><html><body>x</body></html>', "x"),
        (
            "<html><head><title>no</title><style>a<b</style></head><body>yes<script>if (a<b) no</script></body></html>",
            "yes",
        ),
        ("<!--[if mso]><body>no</body><![endif]--><body>yes</body>", "yes"),
        ("<![if !vml]>yes<![endif]><![foo]> too", "yes too"),
        ("<![<![ <!-- never closed", ""),
        ('<img src="cid:x" alt="a logo">', "a logo"),
        ("<td>" * 3000 + "deep", "deep"),
    ],
)
def test_text_is_what_a_reader_sees(html: str, seen: str) -> None:
    assert visible_text(html) == seen


def test_a_charset_in_the_document_is_heeded() -> None:
    assert visible_text('<meta charset="windows-1251"><p>Привет'.encode("cp1251")) == "Привет"


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", ["<!--", "<body ", '<a b="', "<![", "</", "<?", "<div>"])
def test_what_is_never_closed_costs_no_more_than_its_length(piece: str) -> None:
    shows_something((piece * 100_000).encode())  # minutes to hours, where the time goes by the square
