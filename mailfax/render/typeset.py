"""Measures and draws single lines of text, each character with the first font that has it. Used by `text` and `header`.

A character that no font has is replaced by its plain form where Unicode knows one (é by e), else by a drawn box. Both
are counted, so that the account can name them: nothing is changed in silence.
"""

import unicodedata
from collections import Counter
from functools import lru_cache
from itertools import groupby

from PIL import ImageDraw

from mailfax.render.fonts import Face

# What stands in for signs of ordinary mail that Unicode does not take apart, when only the built-in font is there.
_STAND_INS = {"–": "-", "—": "-", "−": "-", "‐": "-", "‑": "-", "•": "*", "€": "EUR", "→": "->", "„": '"', "‚": "'"} | {
    "ß": "ss", "Æ": "AE", "æ": "ae", "Œ": "OE", "œ": "oe", "Ø": "O", "ø": "o", "Ł": "L", "ł": "l", "Đ": "D", "đ": "d", "ı": "i"
}  # fmt: skip
# Scripts that need more than one glyph after another, which is all that is done here.
_RIGHT_TO_LEFT = ("R", "AL")
_JOINED = frozenset(map(chr, range(0x0900, 0x0E00)))
_BOX_WIDTH_EM = 0.6
_BOX_HEIGHT_EM = 0.7
_NAMED_AT_MOST = 8


class Typesetter:
    """Fonts at one size. Remembers which characters it could not draw as they are."""

    def __init__(self, faces: tuple[Face, ...], size_px: int) -> None:
        self._faces = faces
        self._fonts = [face.sized(size_px) for face in faces]
        self._drawn_as: dict[str, str] = {}
        self._face_of: dict[str, int | None] = {}
        self.size_px = size_px
        self.missing: Counter[str] = Counter()
        self.replaced: Counter[str] = Counter()
        self.unshaped: Counter[str] = Counter()
        self.width = lru_cache(maxsize=20_000)(self._width)

    def _find(self, character: str) -> int | None:
        for index, face in enumerate(self._faces):
            if ord(character) in face.characters:
                return index
        return None

    def _resolve(self, character: str) -> str:
        """Return what is drawn for a character; fills the table of fonts."""
        known = self._drawn_as.get(character)
        if known is not None:
            return known
        drawn = character
        index = self._find(character)
        if index is None:
            plain = _STAND_INS.get(character) or _without_marks(character)
            if plain and all(self._find(each) is not None for each in plain):
                drawn = plain
        for each in drawn:
            self._face_of[each] = self._find(each)
        self._drawn_as[character] = drawn
        return drawn

    def _runs(self, text: str) -> list[tuple[int | None, str]]:
        drawn = "".join(self._resolve(character) for character in text)
        return [(face, "".join(run)) for face, run in groupby(drawn, key=self._face_of.__getitem__)]

    def _width(self, text: str) -> float:
        """Return how wide the text is, in pixels."""
        total = 0.0
        for face, run in self._runs(text):
            total += len(run) * self.size_px * _BOX_WIDTH_EM if face is None else self._fonts[face].getlength(run)
        return total

    def note(self, text: str) -> None:
        """Count the characters of `text` that cannot be drawn as they are."""
        for character in text:
            drawn = self._resolve(character)
            if drawn != character:
                self.replaced[character] += 1
            elif self._face_of[character] is None:
                self.missing[character] += 1
            elif unicodedata.bidirectional(character) in _RIGHT_TO_LEFT or character in _JOINED:
                self.unshaped[character] += 1

    def draw(self, canvas: ImageDraw.ImageDraw, x: float, baseline: float, text: str) -> None:
        """Draw the text black on the canvas."""
        for face, run in self._runs(text):
            if face is None:
                for _ in run:
                    self._draw_box(canvas, x, baseline)
                    x += self.size_px * _BOX_WIDTH_EM
            else:
                canvas.text((x, baseline), run, font=self._fonts[face], fill=0, anchor="ls")
                x += self._fonts[face].getlength(run)

    def _draw_box(self, canvas: ImageDraw.ImageDraw, x: float, baseline: float) -> None:
        em = self.size_px
        corners = (
            x + 0.06 * em,
            baseline - _BOX_HEIGHT_EM * em,
            x + (_BOX_WIDTH_EM - 0.06) * em,
            baseline,
        )
        canvas.rectangle(corners, outline=0, width=max(1, round(em * 0.07)))


def _without_marks(character: str) -> str:
    """Return the compatible form of a character without its accents: e for é, fi for the ligature; "" when all is marks."""
    decomposed = unicodedata.normalize("NFKD", character)
    return "".join(each for each in decomposed if not unicodedata.combining(each))


def name_characters(characters: Counter[str]) -> str:
    """Write characters with their code points, the most frequent first: `U+4E2D 中, U+6587 文, and 5 more`."""
    ranked = [character for character, _ in characters.most_common()]
    named = ", ".join(f"U+{ord(each):04X} {each}" for each in ranked[:_NAMED_AT_MOST])
    rest = len(ranked) - _NAMED_AT_MOST
    return f"{named}, and {rest} more" if rest > 0 else named


def counted(characters: Counter[str]) -> str:
    """Write `1 character` or `7 characters` for how often these occur."""
    total = characters.total()
    return "1 character" if total == 1 else f"{total} characters"
