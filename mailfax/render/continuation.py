"""The page that goes before the others when a later call continues a fax: which pages follow, and which arrived before (CV4).

Called by `gateway` when a call asks for its cover. It is none of the document's pages, short, and text only; the cover of the fax itself is (`cover`).
"""

from dataclasses import dataclass
from datetime import datetime
from html import escape

import numpy as np
from PIL import Image

from mailfax.model.page import Resolution
from mailfax.model.pageset import PageSet, first_pages, pages_in_words
from mailfax.render.bilevel import THRESHOLD
from mailfax.render.engine import lay_out_line
from mailfax.render.fontset import drawable, fonts_of
from mailfax.render.paper import MM_PER_INCH, PAPERS, PT_PER_INCH, X_DPI
from mailfax.render.settings import RenderSettings
from mailfax.render.text import clean, language_of
from mailfax.t4codec.bitmap import Bitmap

_FINER = 2  # drawn with square pixels, finer than any fax, and reduced by area
_HEIGHT_MM = 80.0
_LONGEST_NAME = 80  # characters


@dataclass(frozen=True, kw_only=True, slots=True)
class Continuation:
    """What the cover says. `left` are the pages that follow, of `pages` in all; `date` must know its zone."""

    date: datetime
    sender: str
    number: str
    left: PageSet
    pages: int


def continuation_cover(facts: Continuation, resolution: Resolution, settings: RenderSettings | None = None) -> Bitmap:
    """Draw the cover: as wide as an A4 line of this resolution, 80 mm high."""
    settings = settings or RenderSettings()
    paper = PAPERS[resolution]
    dpi = X_DPI * _FINER
    lines = _lines(facts)
    seen = drawable("\n".join(lines), settings)
    fonts = fonts_of(settings).for_language(language_of(iter((seen.text,))))
    title, *rest = seen.text.split("\n")
    style = (
        f"{fonts.faces}@page{{margin:0}}body{{margin:10mm 20mm;font:14pt {fonts.sans};line-height:1.5}}"
        "h1{font-size:24pt;margin:0 0 5mm;padding-bottom:3mm;border-bottom:0.6mm solid black}p{margin:0;unicode-bidi:plaintext}"
    )
    html = f"<body><h1>{escape(title)}</h1>{''.join(f'<p>{escape(line)}</p>' for line in rest)}</body>"
    size = (round(paper.width_px / paper.x_dpi * dpi), round(_HEIGHT_MM / MM_PER_INCH * dpi))
    grey = lay_out_line(html, *size, dpi / PT_PER_INCH, style=style, resources=fonts.resources)
    rows = round(_HEIGHT_MM / MM_PER_INCH * paper.y_dpi)
    reduced = Image.fromarray(grey).resize((paper.width_px, rows), Image.Resampling.BOX)
    return Bitmap.from_bool(np.asarray(reduced) < THRESHOLD[resolution])


def _lines(facts: Continuation) -> list[str]:
    before = first_pages(facts.pages) - facts.left
    sender = " ".join(clean(facts.sender).split())[:_LONGEST_NAME]
    return [
        f"Continues: {pages_in_words(facts.left)} of {facts.pages}",
        *((f"{pages_in_words(before).capitalize()} arrived in an earlier call.",) if before else ()),
        *((f"From: {sender}",) if sender else ()),
        f"To: {clean(facts.number)}",
        f"{facts.date:%Y-%m-%d %H:%M} {facts.date.tzname() or ''}".rstrip(),
    ]
