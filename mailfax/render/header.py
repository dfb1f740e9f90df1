"""The line at the top of every page: when, from whom, to which number, page n of m. Made per job, before dialling.

Called by `gateway`, which puts the strip above the body of a page. The strip ends in white rows, so that coded strip
and coded body can be joined bit by bit.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from mailfax.model.page import Resolution
from mailfax.render.bilevel import THRESHOLD
from mailfax.render.canvas import CANVAS_DPI, Canvas, px_of_mm, px_of_pt
from mailfax.render.fonts import font_chain
from mailfax.render.paper import FINE, PAPERS
from mailfax.render.settings import RenderSettings
from mailfax.render.text import clean
from mailfax.render.typeset import Typesetter
from mailfax.t4codec.bitmap import Bitmap

_TYPE_PT = 9.5
_MARGIN_MM = 8.0
_BASELINE_MM = 3.9
_RULE_MM = 5.1  # a hairline below the text; what follows it is white
_GAP_MM = 6.0
_LEAST_SENDER = 6  # characters of a long name that always stay


@dataclass(frozen=True, kw_only=True, slots=True)
class HeaderLine:
    """What the line says. `date` must know its zone."""

    date: datetime
    sender: str
    number: str
    page: int
    pages: int


def header_strip(line: HeaderLine, resolution: Resolution, settings: RenderSettings | None = None) -> Bitmap:
    """Draw the strip: 1728 pels wide, as many rows as the paper leaves room for."""
    paper = PAPERS[resolution]
    letters = _letters(settings or RenderSettings())
    canvas = Canvas(FINE.strip_rows / FINE.y_dpi + 1 / CANVAS_DPI)
    margin, baseline = px_of_mm(_MARGIN_MM), px_of_mm(_BASELINE_MM)
    column = canvas.width_px - 2 * margin
    for x, text in _place(line, letters, column):
        letters.draw(canvas.draw, margin + x, baseline, text)
    rule = px_of_mm(_RULE_MM)
    canvas.draw.rectangle((margin, rule, margin + column, rule + 3), fill=0)
    return Bitmap.from_bool(canvas.reduce(paper, paper.strip_rows) < THRESHOLD[resolution])


@lru_cache(maxsize=4)
def _letters(settings: RenderSettings) -> Typesetter:
    return Typesetter(font_chain(settings), px_of_pt(_TYPE_PT))


def _place(line: HeaderLine, letters: Typesetter, column: float) -> list[tuple[float, str]]:
    """Put date left, names between, page right; names give way where there is no room for all."""
    date = f"{line.date:%Y-%m-%d %H:%M} {line.date.tzname() or ''}".rstrip()
    page = f"Page {line.page}/{line.pages}"
    number = f"To: {clean(line.number)}"
    sender = " ".join(clean(line.sender).split())
    gap = px_of_mm(_GAP_MM)
    room = column - sum(letters.width(text) + gap for text in (date, page)) - gap
    number = _shortened(number, letters, room - letters.width("From: ") - letters.width("m") * _LEAST_SENDER)
    sender = _shortened(f"From: {sender}", letters, room - letters.width(number)) if sender else ""
    left = letters.width(date) + gap
    spare = room - letters.width(sender) - letters.width(number)
    placed = [(0.0, date), (column - letters.width(page), page)]
    between = left + spare / 2
    if sender:
        placed.append((between, sender))
        between += letters.width(sender) + gap
    placed.append((between, number))
    return placed


def _shortened(text: str, letters: Typesetter, room: float) -> str:
    """Cut the end of a text that is too wide and say so with an ellipsis."""
    if letters.width(text) <= room:
        return text
    kept = text
    while kept and letters.width(kept + "…") > room:
        kept = kept[:-1]
    return kept.rstrip() + "…"
