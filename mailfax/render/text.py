"""Plain text becomes sheets: wrapped at words, quotations behind a bar, tables in a fixed pitch, the headers of a mail above it.

The text is written as HTML and laid out by the engine that draws all our text, so that every script is shaped and runs in
its own direction. Several parts of text flow on one after the other: the footer of a mailing list costs no page of its own.
Used by `story`.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from mailfax.render.bodypage import BOTTOM_PT, LaidOutSource, body_page, page_style
from mailfax.render.engine import LayoutFailed, lay_out, pages_of_parts, part_marker
from mailfax.render.fontset import Drawable, Fonts, drawable, fonts_of
from mailfax.render.settings import RenderSettings
from mailfax.render.sheet import PartTooLong, PartUnreadable

FORM_FEED = "\f"
_LINE_ENDS = re.compile(r"\r\n|[\r\n\v\x85\u2028\u2029]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_SOFT_HYPHEN = "\u00ad"
_QUOTE = re.compile(r"(?:> ?)+")
_DEEPEST_QUOTE = 12
# A stretch of lines is a table when two of them have a gap in the middle: blanks that hold columns apart, a tab, or drawn lines.
_COLUMNS = re.compile(r"\S(?: {3,}|\t+)\S|^\s*[|+].*[|+]\s*$|[\u2500-\u257f]{2,}|^[-=+_\s]{12,}$")
_LEAST_TABLE_ROWS = 2
_MONO_EM = 0.602  # width of a character of DejaVu Sans Mono, in ems
_MONO_PT = (10.0, 6.5)  # as large as it fits, not smaller: longer lines are wrapped
_TAB_COLUMNS = 8
_LINE_HEIGHT = 1.28
_RTL = ("R", "AL")
_KANA, _HANGUL = re.compile("[\u3041-\u30ff]"), re.compile("[\uac00-\ud7a3]")
_CHARS_A_PAGE_AT_MOST = 20_000
_CHARS_A_PAGE_USUALLY = 3_500

# Important, so that what a mail wants of its own tables leaves the table of its headers alone.
HEADERS_STYLE = """
table.headers{border-collapse:collapse !important;width:100% !important;border:0 solid black !important;
  border-bottom-width:1.2pt !important;margin:0 0 7pt 0 !important}
table.headers td{border:none !important;padding:0 !important;vertical-align:top !important;text-align:start !important;font-weight:normal}
table.headers td.label{padding-right:6pt !important;white-space:nowrap !important;width:1% !important}
table.headers tr:last-child td{padding-bottom:2pt !important}
"""
_STYLE = (
    HEADERS_STYLE
    + """
body{margin:0;overflow-wrap:break-word}
p,pre{margin:0;white-space:pre-wrap;tab-size:8}
p:empty::before{content:"\\200b"}
pre{font-weight:normal}
blockquote{margin:0 0 0 1pt;padding:0 0 0 5pt;border:0 solid black;border-left-width:1.3pt}
.next{margin-top:1.2em}
.page{page-break-before:always}
"""
)


@dataclass(frozen=True, kw_only=True, slots=True)
class TextBlock:
    """One part of text. `headers` are shown above it; `new_page` keeps an attached file apart from what was before."""

    text: str
    name: str = "message text"
    headers: tuple[tuple[str, str], ...] = ()
    new_page: bool = False
    language: str = ""


def clean(text: str) -> str:
    """Bring line ends to one form, compose accents, and mark what is no character of text."""
    text = unicodedata.normalize("NFC", _LINE_ENDS.sub("\n", text)).replace(_SOFT_HYPHEN, "")
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def text_source(blocks: Sequence[TextBlock], settings: RenderSettings, above: str = "") -> LaidOutSource:
    """Lay out parts of text that flow on one after the other, below the HTML `above`. Raises PartUnreadable, PartTooLong."""
    length = sum(len(block.text) for block in blocks)
    lines = sum(block.text.strip().count("\n") for block in blocks)
    # With something to spare: of a text that is only a little too long the pages are counted.
    lines_at_most = 1.5 * body_page(settings).height_pt / (min(settings.text_pt, _MONO_PT[1]) * _LINE_HEIGHT)
    if (
        length > settings.max_pages * _CHARS_A_PAGE_AT_MOST or lines > settings.max_pages * lines_at_most
    ):  # not even laid out
        raise PartTooLong(length // _CHARS_A_PAGE_USUALLY)
    read = [drawable(clean(block.text), settings) for block in blocks]
    for block, seen in zip(blocks, read, strict=True):
        if seen.illegible:
            raise PartUnreadable(f"is in a script that this server has no font for ({block.name}: {seen.note})")
    fonts = fonts_of(settings).for_language(
        next((block.language for block in blocks if block.language), "") or language_of(seen.text for seen in read)
    )
    html = above + "".join(
        _block(block, seen, index, settings) for index, (block, seen) in enumerate(zip(blocks, read, strict=True))
    )
    try:
        laid = lay_out(html, body_page(settings), style=_style(fonts, settings), resources=fonts.resources)
    except LayoutFailed as error:
        raise PartUnreadable("cannot be laid out on pages") from error
    found = pages_of_parts(laid.pdf, BOTTOM_PT)
    pages, last = [], 0
    for index in range(len(blocks)):
        first, last = found.get(index, (last, last))
        pages.append((first, last))
    return LaidOutSource(
        pdf=laid.pdf,
        pages=tuple(pages),
        notes=tuple(note_of(block.headers, block.text, settings) for block in blocks),
        photos=settings.photos,
        paper=settings.paper,
        dense=settings.dense,
    )


def note_of(headers: tuple[tuple[str, str], ...], text: str, settings: RenderSettings) -> str:
    """Return what to say of characters of a text and of the headers above it that do not look as they were written."""
    shown = (*(value for _, value in headers), text)
    return drawable(clean("\n".join(shown)), settings).note


def _style(fonts: Fonts, settings: RenderSettings) -> str:
    return (
        fonts.faces
        + page_style(settings)
        + f"body{{font:{settings.text_pt}pt/{_LINE_HEIGHT} {fonts.sans}}}pre{{font-family:{fonts.mono}}}"
        + _STYLE
    )


def language_of(texts: Iterator[str]) -> str:
    """Guess whose forms of the shared Han characters to use: kana are Japanese, hangul Korean, else Chinese."""
    sample = "".join(text[:20_000] for text in texts)
    if _KANA.search(sample):
        return "ja"
    return "ko" if _HANGUL.search(sample) else "zh"


def headers_html(headers: tuple[tuple[str, str], ...], settings: RenderSettings) -> str:
    """Write the headers of a mail as the table above its text."""
    rows = []
    for label, value in headers:
        shown = drawable(" ".join(clean(value).split()), settings).text
        rows.append(f'<tr><td class="label">{escape(label)}</td><td{_direction(shown)}>{escape(shown)}</td></tr>')
    return f'<table class="headers">{"".join(rows)}</table>' if rows else ""


def _block(block: TextBlock, seen: Drawable, index: int, settings: RenderSettings) -> str:
    place = "page" if block.new_page and index else "next" if index else "first"
    width_pt = body_page(settings).width_pt
    stretches = seen.text.strip("\n\f").rstrip().split(FORM_FEED)
    body = "".join(
        f'<div class="{"page" if number else "first"}">{"".join(_lines(stretch.strip(chr(10)).split(chr(10)), width_pt))}</div>'
        for number, stretch in enumerate(stretches)
    )
    return f'<div class="{place}">{part_marker(index)}{headers_html(block.headers, settings)}{body}</a></div>'


def _lines(lines: Sequence[str], width_pt: float) -> Iterator[str]:
    """Write lines as paragraphs, grouped by the depth of their quotation; `width_pt` is that of the page."""
    group: list[str] = []
    depth_before = 0
    for line in lines:
        depth, content = _quoted(line)
        if depth != depth_before:
            yield from _quotation(group, depth_before, width_pt)
            group, depth_before = [], depth
        group.append(content)
    yield from _quotation(group, depth_before, width_pt)


def _quoted(line: str) -> tuple[int, str]:
    mark = match.group() if (match := _QUOTE.match(line)) else ""
    return min(mark.count(">"), _DEEPEST_QUOTE), line[len(mark) :]


def _quotation(lines: list[str], depth: int, width_pt: float) -> Iterator[str]:
    if not lines:
        return
    yield "<blockquote>" * depth
    stretch: list[str] = []
    for line in lines:
        stretch.append(line)
        if not line.strip():
            yield from _stretch(stretch, width_pt)
            stretch = []
    yield from _stretch(stretch, width_pt)
    yield "</blockquote>" * depth


def _stretch(lines: list[str], width_pt: float) -> Iterator[str]:
    """Write lines between two empty ones: in a fixed pitch where they are a table, else each as a paragraph."""
    if sum(bool(_COLUMNS.search(line)) for line in lines) >= _LEAST_TABLE_ROWS:
        longest = max(_columns(line) for line in lines)
        largest, smallest = _MONO_PT
        fitting = width_pt * 0.84 / (longest * _MONO_EM)
        size_pt = max(smallest, min(largest, fitting))
        yield f'<pre style="font-size:{size_pt:.1f}pt">'
        yield escape("\n".join(line.expandtabs(_TAB_COLUMNS) for line in lines).rstrip()) + "</pre>"
        yield "" if lines[-1].strip() else "<p></p>"
        return
    for line in lines:
        yield f"<p{_direction(line)}>{escape(line)}</p>"


def _columns(line: str) -> int:
    expanded = line.expandtabs(_TAB_COLUMNS)
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in expanded) or 1


def _direction(line: str) -> str:
    """Return the attribute for a line that begins, by its first strong character, at the right (UAX #9, rules P2 and P3)."""
    for character in line:
        direction = unicodedata.bidirectional(character)
        if direction in _RTL:
            return ' dir="rtl"'
        if direction == "L":
            return ""
    return ""
