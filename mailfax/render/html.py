"""HTML mail and drawings in SVG become sheets, laid out as on screen, in black on white, with the pictures that came with them.

What a mail would fetch from elsewhere is not fetched, and the account says how much that was. Used by `story`.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from mailfax.render.bodypage import LaidOutSource, body_page, page_style
from mailfax.render.charset import decode_text, html_charset, language_of_charset
from mailfax.render.engine import LaidOut, LayoutFailed, Resource, lay_out
from mailfax.render.enriched import enriched_to_html
from mailfax.render.fontset import drawable, fonts_of
from mailfax.render.htmltext import visible_text
from mailfax.render.image import picture_as_png
from mailfax.render.kinds import Kind, sniff
from mailfax.render.settings import RenderSettings
from mailfax.render.sheet import PartUnreadable
from mailfax.render.text import HEADERS_STYLE, clean, headers_html, language_of, note_of

# What is no tag is passed over whole: newsletters have a body of their own for Outlook inside a comment, which nobody else opens.
_BODY = re.compile(
    r"<!--(?:>|->|.*?(?:-->|\Z))|<(style|script|title)\b.*?(?:</\1|\Z)|(?P<body><body\b[^<>]*>)",
    re.IGNORECASE | re.DOTALL,
)
_CID = re.compile(r"cid:([^\"'>\s)]+)")
_DIRECTION = re.compile(r"\bdir\s*=|direction\s*:", re.IGNORECASE)
_SAMPLE = 5_000
_SVG = "mailfax-drawing:"
_SHOWN_IN_HTML = "shown in the HTML text"
# A little smaller is what a wide table wants; below this one long address or line would make a whole mail too small to read.
_LEAST_SCALE, _SAID_SCALE = 0.75, 0.6
_NARROW = """
*{max-width:100% !important;min-width:0 !important;white-space:normal !important}
pre,pre *{white-space:pre-wrap !important}
div,p,section,table,td,th{width:auto !important}
"""
_LONG_WORD = re.compile(r"<(style|script|title)\b.*?(?:</\1|\Z)|<[^<>]*>|[\w/?=%.:+-]{30,}", re.IGNORECASE | re.DOTALL)
_PIECE = re.compile(r".{12}(?=.{4})")
# What costs line time and hides text: grounds and pictures behind it. All text is black: a fax has no other colour. A
# picture is never wider than the page, and never out of shape.
_STYLE = """
*{background:transparent none !important;color:black !important;box-shadow:none !important;text-shadow:none !important}
html,body{display:block !important;visibility:visible !important}
body{overflow-wrap:break-word}
img{max-width:100%;object-fit:contain}
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class HtmlPart:
    """An HTML part of a mail and its headers, if it begins one."""

    name: str
    content_type: str
    octets: bytes
    charset: str | None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class InlinePicture:
    """A picture that came with the HTML, by its content id."""

    name: str
    content_id: str
    octets: bytes


def html_source(
    part: HtmlPart, pictures: Sequence[InlinePicture], settings: RenderSettings, above: str = ""
) -> LaidOutSource:
    """Lay out an HTML part, below the HTML `above`; portions are the part itself, then its pictures. Raises PartUnreadable."""
    text = decode_text(part.octets, html_charset(part.octets, part.charset)).replace("\0", "")
    if part.content_type in {"text/enriched", "text/richtext"}:
        text = enriched_to_html(text, richtext=part.content_type == "text/richtext")
    seen = drawable(clean(visible_text(text)), settings)
    if seen.illegible:
        raise PartUnreadable(f"is in a script that this server has no font for ({seen.note})")
    language = language_of_charset(part.charset) or language_of(iter((seen.text,)))
    fonts = fonts_of(settings).for_language(language)
    style = f"{fonts.faces}{page_style(settings)}html{{font-family:{fonts.sans}}}{HEADERS_STYLE}{_STYLE}"
    resources = {**fonts.resources, **_pictures(text, pictures)}
    if _runs_from_the_right(text, seen.text):
        style += "body{direction:rtl}"
    whole = _with_headers(text, above + headers_html(part.headers, settings))
    laid = _laid_out(whole, style, resources, settings)
    if laid.scale < _LEAST_SCALE:
        laid = max(
            laid, _laid_out(_with_breaks(whole), style + _NARROW, resources, settings), key=lambda each: each.scale
        )
    notes = (note_of(part.headers, visible_text(text), settings), _not_fetched(laid), _made_smaller(laid))
    note = "; ".join(filter(None, notes))
    pages = (0, laid.page_count - 1)
    return LaidOutSource(
        pdf=laid.pdf,
        pages=(pages,) * (1 + len(pictures)),
        notes=(note, *(_SHOWN_IN_HTML for _ in pictures)),
        photos=settings.photos,
        paper=settings.paper,
        dense=settings.dense,
    )


def _runs_from_the_right(html: str, text: str) -> bool:
    """Say whether a document is mostly Arabic or Hebrew and forgot to say in which direction it runs."""
    directions = [unicodedata.bidirectional(character) for character in text[:_SAMPLE]]
    return sum(each in {"R", "AL"} for each in directions) > directions.count("L") and not _DIRECTION.search(html)


def svg_source(octets: bytes, settings: RenderSettings) -> LaidOutSource:
    """Draw an SVG, as wide as it says and no wider than the page. Raises PartUnreadable."""
    fonts = fonts_of(settings).for_language("")
    style = f"{fonts.faces}{page_style(settings)}img{{max-width:100%;max-height:99vh;object-fit:contain}}"
    resources = {**fonts.resources, _SVG: Resource(octets=octets, mime_type="image/svg+xml")}
    laid = _laid_out(f'<body style="margin:0"><img src="{_SVG}">', style, resources, settings)
    return LaidOutSource(
        pdf=laid.pdf,
        pages=((0, laid.page_count - 1),),
        notes=(_not_fetched(laid),),
        photos=settings.photos,
        paper=settings.paper,
        dense=settings.dense,
    )


def _laid_out(html: str, style: str, resources: Mapping[str, Resource], settings: RenderSettings) -> LaidOut:
    try:
        return lay_out(html, body_page(settings), style=style, resources=resources)
    except LayoutFailed as error:
        raise PartUnreadable("cannot be laid out on pages") from error


def _with_headers(html: str, headers: str) -> str:
    """Put the mail's headers at the top of the body, wherever that begins."""
    body = next((match for match in _BODY.finditer(html) if match["body"]), None)
    at = body.end() if body else 0
    return html[:at] + headers + html[at:]


def _with_breaks(html: str) -> str:
    """Let long words, which are addresses mostly, be broken: a cell is else never narrower than its longest word."""

    def broken(match: re.Match[str]) -> str:
        found = match.group()
        return found if found.startswith("<") else _PIECE.sub("\\g<0>\u200b", found)

    return _LONG_WORD.sub(broken, html)


def _made_smaller(laid: LaidOut) -> str:
    return "" if laid.scale >= _SAID_SCALE else f"made smaller to fit, to {laid.scale:.0%} of its size"


def _pictures(html: str, pictures: Sequence[InlinePicture]) -> dict[str, Resource]:
    """Return the pictures by the addresses that the document writes for them."""
    written = {unquote(cid): cid for cid in _CID.findall(html)}
    return {f"cid:{written.get(each.content_id, each.content_id)}": _resource(each) for each in pictures}


def _resource(picture: InlinePicture) -> Resource:
    if sniff(picture.octets) is Kind.SVG:
        return Resource(octets=picture.octets, mime_type="image/svg+xml")
    try:
        return Resource(octets=picture_as_png(picture.octets), mime_type="image/png")
    except PartUnreadable as error:
        raise PartUnreadable(f"shows {picture.name}, which {error}") from error


def _not_fetched(laid: LaidOut) -> str:
    count = len(laid.remote)
    if not count:
        return ""
    return (
        f"{count} {'thing' if count == 1 else 'things'} on other servers {'was' if count == 1 else 'were'} not fetched"
    )
