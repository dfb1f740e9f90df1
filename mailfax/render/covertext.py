"""The text of a mail below its cover: it begins where the cover ends and flows on to the next pages (CV1). Used by `story` and `cover`.

The cover is laid out for each recipient, and may be longer for one than for another. So the text is laid out with as much room above it
as the cover takes, on pages of its own, whose first is then laid over the last of the cover: no style of the one meets the other.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from mailfax.render.bodypage import TOP_MM
from mailfax.render.paper import FINE, MM_PER_INCH, body_inches
from mailfax.render.settings import RenderSettings
from mailfax.render.sheet import Sheet, Source
from mailfax.t4codec.bitmap import Bitmap

_GAP_MM = 7.0
_STEP_MM = 2.0  # covers whose lengths differ by less than this share one layout of the text
_LEAST_ROOM_MM = 45.0  # with less below the cover, the text begins on a page of its own

LayOut = Callable[[float], Source]


@dataclass(frozen=True, kw_only=True, slots=True)
class Below:
    """Cover and text together: the sheets; how many hold the cover; and on which (0-based, first and last) each part of the text stands."""

    sheets: tuple[Sheet, ...]
    cover_sheets: int
    parts: tuple[tuple[int, int], ...] = ()


@dataclass(slots=True)
class CoverText:
    """The text of one mail; `lay_out` makes a source of it with so many millimetres free above its first line."""

    lay_out: LayOut
    settings: RenderSettings
    _laid: dict[float, tuple[tuple[Sheet, ...], tuple[tuple[int, int], ...]]] = field(default_factory=dict)

    def below(self, cover: Sequence[Sheet]) -> Below:
        """Let the text flow on from a cover."""
        free_mm = self._used_mm(cover[-1]) + _GAP_MM
        shares_a_page = body_inches(self.settings.paper) * MM_PER_INCH - free_mm >= _LEAST_ROOM_MM
        sheets, parts = self._drawn(-(-free_mm // _STEP_MM) * _STEP_MM if shares_a_page else 0.0)
        if not shares_a_page:
            moved = len(cover)
            whole = (*cover, *sheets)
        else:
            moved = len(cover) - 1
            whole = (*cover[:-1], _over(cover[-1], sheets[0]), *sheets[1:])
        return Below(
            sheets=whole,
            cover_sheets=len(cover),
            parts=tuple((first + moved, last + moved) for first, last in parts),
        )

    def _drawn(self, free_mm: float) -> tuple[tuple[Sheet, ...], tuple[tuple[int, int], ...]]:
        if free_mm not in self._laid:
            source = self.lay_out(max(0.0, free_mm - TOP_MM))
            sheets = tuple(source.sheets())
            self._laid[free_mm] = sheets, tuple((each.first, each.last) for each in source.portions())
        return self._laid[free_mm]

    def _used_mm(self, sheet: Sheet) -> float:
        inked = np.flatnonzero(sheet.fine.packed.any(axis=1))
        return float(inked[-1] + 1) / FINE.y_dpi * MM_PER_INCH if inked.size else 0.0


def _over(one: Sheet, other: Sheet) -> Sheet:
    dense = None if one.dense is None or other.dense is None else _united(one.dense, other.dense)
    return Sheet(fine=_united(one.fine, other.fine), standard=_united(one.standard, other.standard), dense=dense)


def _united(one: Bitmap, other: Bitmap) -> Bitmap:
    """Lay a page over another of the same width."""
    longer, shorter = (one, other) if one.rows >= other.rows else (other, one)
    black = longer.to_bool().copy()
    black[: shorter.rows] |= shorter.to_bool()
    return Bitmap.from_bool(black)
