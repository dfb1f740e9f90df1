"""Plain text becomes sheets: wrapped at words, in a proportional font, with a block of headers above a mail's body.

Several parts of text flow on one after the other, so that the footer of a mailing list costs no page of its own.
Used by `story`.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from mailfax.model.page import Resolution
from mailfax.render.bilevel import THRESHOLD, sheet_of
from mailfax.render.canvas import Canvas, px_of_mm, px_of_pt
from mailfax.render.fonts import font_chain
from mailfax.render.paper import BODY_INCHES, FINE, STANDARD
from mailfax.render.settings import RenderSettings
from mailfax.render.sheet import Portion, Sheet
from mailfax.render.typeset import Typesetter, counted, name_characters

FORM_FEED = "\f"
_LINE_PITCH_EM = 1.28
_TOP_MM, _BOTTOM_MM = 6.0, 10.0
_TAB_DIGITS = 8
_LABEL_GAP_DIGITS = 1
_LONGEST_PIECE = 400  # characters, more than any line holds; a megabyte without a blank is measured piece by piece
# Words, blanks, tabs; a character of a script without blanks may end a line by itself.
_WIDE = "\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef"
_WORD = re.compile(rf"\t|[ \u00a0]+|[{_WIDE}]|[^\t \u00a0{_WIDE}]+")
_QUOTE = re.compile(r"(?:[>|] ?)+")
_LINE_ENDS = re.compile(r"\r\n|[\r\n\v\x85\u2028\u2029]")
_INVISIBLE = re.compile("[\u00ad\u034f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe00-\ufe0f\ufeff]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")


@dataclass(frozen=True, kw_only=True, slots=True)
class TextBlock:
    """One part of text. `headers` are shown above it; `new_page` keeps an attached file apart from what was before."""

    text: str
    headers: tuple[tuple[str, str], ...] = ()
    new_page: bool = False


@dataclass(slots=True)
class _Line:
    pieces: list[tuple[float, str]] = field(default_factory=list)
    ruled: bool = False
    block: int = 0


def clean(text: str) -> str:
    """Bring line ends to one form, compose accents, and take out what has no ink by design."""
    text = _INVISIBLE.sub("", unicodedata.normalize("NFC", _LINE_ENDS.sub("\n", text)))
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


class _Wrapper:
    """Breaks lines of text at the width of the column."""

    def __init__(self, letters: Typesetter, width_px: float) -> None:
        self._letters = letters
        self._width_px = width_px
        self._tab_px = _TAB_DIGITS * letters.width("0")

    def wrap(self, text: str, *, indent_px: float = 0.0) -> Iterator[_Line]:
        """Break one line of the source. Later lines repeat its quote marks and begin at `indent_px`."""
        quote = match.group() if (match := _QUOTE.match(text)) else ""
        line, x = _Line(), indent_px
        for word in self._words(text, indent_px):
            width = self._letters.width(word)
            if word == "\t":
                x = (x // self._tab_px + 1) * self._tab_px
                continue
            if word.isspace():
                x += width
                continue
            if x + width > self._width_px and line.pieces:
                yield line
                line, x = self._begin(quote, indent_px)
            line.pieces.append((x, word))
            x += width
        yield line

    def _begin(self, quote: str, indent_px: float) -> tuple[_Line, float]:
        if not quote:
            return _Line(), indent_px
        return _Line(pieces=[(indent_px, quote)]), indent_px + self._letters.width(quote)

    def _words(self, text: str, indent_px: float) -> Iterator[str]:
        """Yield words, blanks and tabs, none of them wider than the column."""
        room = self._width_px - indent_px - self._tab_px
        for word in _WORD.findall(text):
            start = 0
            while start < len(word):
                piece = word[start : start + _LONGEST_PIECE]
                if word != "\t" and self._letters.width(piece) > room:
                    piece = piece[: self._fitting(piece, room)]
                yield piece
                start += len(piece)

    def _fitting(self, word: str, room: float) -> int:
        """Return how many characters of a long word fit, at least one."""
        low, high = 1, len(word)
        while low < high:
            middle = (low + high + 1) // 2
            if self._letters.width(word[:middle]) <= room:
                low = middle
            else:
                high = middle - 1
        return low


class TextSource:
    """Text laid out on pages, not drawn yet (a sheet.Source)."""

    def __init__(self, blocks: Sequence[TextBlock], settings: RenderSettings) -> None:
        em = px_of_pt(settings.text_pt)
        faces = font_chain(settings)
        self._letters = Typesetter(faces, em)
        self._margin_px = px_of_mm(settings.margin_mm)
        self._pitch_px = round(em * _LINE_PITCH_EM)
        canvas = Canvas(BODY_INCHES)
        self._column_px = canvas.width_px - 2 * self._margin_px
        self._lines_per_page = (canvas.height_px - px_of_mm(_TOP_MM) - px_of_mm(_BOTTOM_MM)) // self._pitch_px
        self._wrapper = _Wrapper(self._letters, self._column_px)
        self._pages: list[list[_Line]] = [[]]
        self._notes: list[str] = []
        for index, block in enumerate(blocks):
            self._lay_out(block, index)
        self._blocks = len(blocks)

    @property
    def page_count(self) -> int:
        """Return how many sheets the text takes."""
        return len(self._pages)

    def _lay_out(self, block: TextBlock, index: int) -> None:
        for counter in (self._letters.missing, self._letters.replaced, self._letters.unshaped):
            counter.clear()
        if self._pages[-1]:
            if block.new_page:
                self._pages.append([])
            elif len(self._pages[-1]) < self._lines_per_page:
                self._add(_Line(), index - 1)
        if block.headers:
            for line in self._header_lines(block.headers):
                self._add(line, index)
        for number, stretch in enumerate(clean(block.text).strip("\n\f").rstrip().split(FORM_FEED)):
            if number and self._pages[-1]:
                self._pages.append([])
            for source_line in stretch.split("\n"):
                self._letters.note("".join(source_line.split()))
                for line in self._wrapper.wrap(source_line):
                    self._add(line, index)
        self._notes.append(self._font_note())

    def _header_lines(self, headers: tuple[tuple[str, str], ...]) -> Iterator[_Line]:
        gap = _LABEL_GAP_DIGITS * self._letters.width("0")
        indent = max(self._letters.width(label) for label, _ in headers) + gap
        for label, value in headers:
            words = clean(value).split()
            lines = list(self._wrapper.wrap(" ".join(words), indent_px=indent))
            self._letters.note("".join(words))
            lines[0].pieces.insert(0, (0.0, label))
            yield from lines
        yield _Line(ruled=True)

    def _add(self, line: _Line, block: int) -> None:
        if len(self._pages[-1]) >= self._lines_per_page:
            self._pages.append([])
        line.block = block
        self._pages[-1].append(line)

    def _font_note(self) -> str:
        notes = []
        if missing := self._letters.missing:
            verb = "has" if missing.total() == 1 else "have"
            notes.append(f"{counted(missing)} {verb} no glyph and stand as a box: {name_characters(missing)}")
        if replaced := self._letters.replaced:
            verb = "is" if replaced.total() == 1 else "are"
            notes.append(f"{counted(replaced)} {verb} drawn in plain form: {name_characters(replaced)}")
        if unshaped := self._letters.unshaped:
            verb = "is" if unshaped.total() == 1 else "are"
            notes.append(
                f"{counted(unshaped)} of a right-to-left or joining script {verb} drawn one by one, left to right"
            )
        return "; ".join(notes)

    def sheets(self) -> Iterator[Sheet]:
        """Draw the pages."""
        for page in self._pages:
            canvas = Canvas(BODY_INCHES)
            baseline = px_of_mm(_TOP_MM) + self._letters.size_px
            for line in page:
                self._draw(canvas, line, baseline)
                baseline += self._pitch_px
            yield sheet_of(
                canvas.reduce(FINE, FINE.body_rows) < THRESHOLD[Resolution.FINE],
                canvas.reduce(STANDARD, STANDARD.body_rows) < THRESHOLD[Resolution.STANDARD],
            )

    def _draw(self, canvas: Canvas, line: _Line, baseline: float) -> None:
        if line.ruled:
            y = round(baseline - self._letters.size_px * 0.35)
            canvas.draw.rectangle((self._margin_px, y, self._margin_px + self._column_px, y + 5), fill=0)
        for x, text in line.pieces:
            self._letters.draw(canvas.draw, self._margin_px + x, baseline, text)

    def portions(self) -> tuple[Portion, ...]:
        """Return the pages of every block of text, in order."""
        pages_of: list[list[int]] = [[] for _ in range(self._blocks)]
        for number, page in enumerate(self._pages):
            for line in page:
                pages_of[line.block].append(number)
        return tuple(
            Portion(first=numbers[0], last=numbers[-1], note=note)
            for numbers, note in zip(pages_of, self._notes, strict=True)
        )
