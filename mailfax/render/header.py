"""The line at the top of every page: when, from whom, to which number, page n of m, which job. Made per job, before dialling.

Called by `gateway`, which puts the strip above the body of a page. The strip ends in white rows, so that coded strip
and coded body can be joined bit by bit. Any script and direction: the layout engine draws it.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from html import escape

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mailfax.model.page import A4_WIDTH_PX, Resolution
from mailfax.render.bilevel import THRESHOLD
from mailfax.render.engine import lay_out_line
from mailfax.render.fontset import drawable, fonts_of
from mailfax.render.paper import FINE, MM_PER_INCH, PAPERS, PT_PER_INCH, X_DPI, Paper
from mailfax.render.settings import RenderSettings
from mailfax.render.text import clean, language_of
from mailfax.t4codec.bitmap import Bitmap

_FINER = 2  # drawn with square pixels, finer than any fax, and reduced by area: fax pels are not square
LINE_DPI = X_DPI * _FINER
_TYPE_PT = 9.5
_MARGIN_MM = 8.0
_LINE_MM = 4.9  # height of the line of text
_RULE_MM = 5.1  # a hairline below the text; what follows it is white
_RULE_PX = 4
_GAP_MM = 6.0
_LEAST_SENDER_MM = 15.0  # of a long name, that always stay
_LONGEST_NAME = 200  # characters; more than any strip has room for
_ELLIPSIS = "…"
_WHITE = 255

Grey = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True, slots=True)
class HeaderLine:
    """What the line says. `date` must know its zone; `job` is the id by which to ask about the fax."""

    date: datetime
    sender: str
    number: str
    page: int
    pages: int
    job: str = ""


def header_strip(line: HeaderLine, resolution: Resolution, settings: RenderSettings | None = None) -> Bitmap:
    """Draw the strip: as wide as an A4 line of this resolution, as many rows as the paper leaves room for."""
    paper = PAPERS[resolution]
    canvas = np.full(
        (_px(FINE.strip_rows / FINE.y_dpi * MM_PER_INCH) + 1, _px(paper.width_px / paper.x_dpi * MM_PER_INCH)),
        _WHITE,
        np.uint8,
    )
    margin, rule = _px(_MARGIN_MM), _px(_RULE_MM)
    for x, piece in _place(line, canvas.shape[1] - 2 * margin, settings or RenderSettings()):
        rows, width = piece.shape
        canvas[:rows, margin + x : margin + x + width] = piece
    canvas[rule : rule + _RULE_PX, margin:-margin] = 0
    return Bitmap.from_bool(_reduced(canvas, paper) < THRESHOLD[resolution])


def _px(length_mm: float) -> int:
    return round(length_mm / MM_PER_INCH * LINE_DPI)


def _reduced(canvas: Grey, paper: Paper) -> Grey:
    height = min(float(canvas.shape[0]), paper.strip_rows / paper.y_dpi * LINE_DPI)
    box = (0.0, 0.0, float(canvas.shape[1]), height)
    image = Image.fromarray(canvas).resize((paper.width_px, paper.strip_rows), Image.Resampling.BOX, box=box)
    return np.asarray(image)


def _place(line: HeaderLine, column: int, settings: RenderSettings) -> list[tuple[int, Grey]]:
    """Put date left, names between, page right; names give way where there is no room for all."""
    date = line_of_text(f"{line.date:%Y-%m-%d %H:%M} {line.date.tzname() or ''}".rstrip(), settings)
    job = f"{line.job}  " if line.job else ""
    page = line_of_text(f"{job}Page {line.page}/{line.pages}", settings)
    gap = _px(_GAP_MM)
    room = column - date.shape[1] - page.shape[1] - 3 * gap
    number = _shortened(f"To: {_one_line(line.number)}", room - _px(_LEAST_SENDER_MM), settings)
    name = _one_line(line.sender)
    sender = _shortened(f"From: {name}", room - number.shape[1], settings) if name else line_of_text("", settings)
    spare = max(0, room - sender.shape[1] - number.shape[1])
    between = date.shape[1] + gap + spare // 2
    after = between + sender.shape[1] + (gap if name else 0)
    return [(0, date), (between, sender), (after, number), (column - page.shape[1], page)]


def _one_line(text: str) -> str:
    return " ".join(clean(text).split())[:_LONGEST_NAME]


def _shortened(text: str, room: int, settings: RenderSettings) -> Grey:
    """Draw a text; of one that is too wide the end is cut, and an ellipsis says so."""
    piece = line_of_text(text, settings)
    if piece.shape[1] <= room:
        return piece
    fits, too_long = 0, len(text)
    while too_long - fits > 1:
        middle = (fits + too_long) // 2
        if line_of_text(text[:middle].rstrip() + _ELLIPSIS, settings).shape[1] <= room:
            fits = middle
        else:
            too_long = middle
    return line_of_text(text[:fits].rstrip() + _ELLIPSIS, settings)


@lru_cache(maxsize=64)
def line_of_text(text: str, settings: RenderSettings, size_pt: float = _TYPE_PT) -> Grey:
    """Draw a line of text at LINE_DPI, _LINE_MM high, cut to the width of its ink. For header lines and stamps."""
    seen = drawable(text, settings)
    fonts = fonts_of(settings).for_language(language_of(iter((text,))))
    style = (
        f"{fonts.faces}@page{{margin:0}}body{{margin:0;white-space:nowrap;unicode-bidi:plaintext;"
        f"font:{size_pt}pt {fonts.sans};line-height:{_LINE_MM}mm}}"
    )
    size = (4 * A4_WIDTH_PX, _px(_LINE_MM))
    grey = lay_out_line(
        f"<body>{escape(seen.text)}</body>", *size, LINE_DPI / PT_PER_INCH, style=style, resources=fonts.resources
    )
    inked = np.flatnonzero((grey < _WHITE).any(axis=0))
    return grey[:, : int(inked[-1]) + 1 if inked.size else 0].copy()
