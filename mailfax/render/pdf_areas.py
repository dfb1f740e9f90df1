"""Decides from the objects of a PDF page what is a photograph, a scan, a tint or letters on one of them. Used by `pdf`.

The rules in words are in docs/rendering.md.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import compress

from mailfax.render.bilevel import Areas, Box, Plate
from mailfax.render.pdf_objects import BLACK_TONE, WHITE_TONE, Below, Ground, PageObjects, Painted
from mailfax.render.tints import DARKEST_TINT, LIGHTEST_TINT
from mailfax.render.tones import Grey, is_photograph

_SMALLEST_PICTURE_PX = 24
_TOUCHING_PX = 3.0
_SMALLEST_TINT_PX = 9.0
_PAPER_SHARE = 0.45  # of the page: a pale fill as large as this is its paper
_PALEST_DARK = 128


def areas_of(objects: PageObjects, grey: Grey) -> Areas:
    """Return the areas of a page that was drawn as `grey` at the fine raster."""
    rows, width = grey.shape
    photographs: list[Box] = []
    scans: list[Box] = []
    tints: list[Box] = []
    papers: list[tuple[Box, int]] = []
    for box in _pictures(objects.grounds, width, rows):
        left, top, right, bottom = box
        if min(right - left, bottom - top) >= _SMALLEST_PICTURE_PX:
            (photographs if is_photograph(grey[top:bottom, left:right]) else scans).append(box)
    for kind, painted in objects.grounds:
        box = _clipped(painted.box, width, rows)
        if min(box[2] - box[0], box[3] - box[1]) < _SMALLEST_TINT_PX:
            continue
        match kind:
            case Ground.SHADING:
                photographs.append(box)
            case Ground.FILL if _is_paper(painted, box, grey):
                papers.append((box, painted.tone))
            case Ground.FILL if painted.tone < 0 or DARKEST_TINT <= painted.tone <= LIGHTEST_TINT:
                tints.append(box)
            case Ground.FILL | Ground.IMAGE:
                pass
    screened = bool(photographs or tints)
    return Areas(
        photographs=tuple(photographs),
        scans=tuple(scans),
        tints=tuple(tints),
        papers=tuple(papers),
        plates=tuple(_plates(objects, width, rows, screened=screened)),
    )


def _is_paper(painted: Painted, box: Box, grey: Grey) -> bool:
    share = (box[2] - box[0]) * (box[3] - box[1]) / grey.size
    return share > _PAPER_SHARE and _PALEST_DARK <= painted.tone < WHITE_TONE


def _pictures(grounds: Sequence[tuple[Ground, Painted]], width: int, rows: int) -> list[Box]:
    """Return where images are; strips and tiles of one picture, which follow each other, are joined."""
    joined: list[tuple[float, float, float, float]] = []
    for kind, painted in grounds:
        if kind is not Ground.IMAGE:
            continue
        box = painted.box
        if joined and _touch(joined[-1], box):
            left, top, right, bottom = joined.pop()
            box = (min(left, box[0]), min(top, box[1]), max(right, box[2]), max(bottom, box[3]))
        joined.append(box)
    return [_clipped(box, width, rows) for box in joined]


def _touch(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    gap = _TOUCHING_PX
    return (
        one[0] - gap <= other[2] and other[0] - gap <= one[2] and one[1] - gap <= other[3] and other[1] - gap <= one[3]
    )


def _clipped(box: tuple[float, float, float, float], width: int, rows: int) -> Box:
    left, top = max(0, round(box[0])), max(0, round(box[1]))
    return left, top, max(left, min(width, round(box[2]))), max(top, min(rows, round(box[3])))


def _plates(objects: PageObjects, width: int, rows: int, *, screened: bool) -> Iterator[Plate]:
    """Letters that are not black, and black ones on what is screened."""
    below = Below(objects.grounds)
    lines = list(_lines(objects.letters))
    black = [painted for painted in lines if painted.tone <= BLACK_TONE]
    plain = set(compress(black, below.on_white(black))) if screened else set(black)
    lines = [painted for painted in lines if painted not in plain]
    for painted, is_hidden in zip(lines, below.hidden(lines), strict=True):
        if not is_hidden:
            yield Plate(box=_clipped(painted.box, width, rows), ink=painted.tone)
    for painted in objects.annotations:
        yield Plate(box=_clipped(painted.box, width, rows), ink=painted.tone)


def _lines(letters: Iterable[Painted]) -> Iterator[Painted]:
    """Join letters of one tone that stand beside each other: some programs place every one by itself."""
    before: Painted | None = None
    for painted in letters:
        if before is None:
            before = painted
            continue
        one, other = before.box, painted.box
        height = max(one[3] - one[1], 1.0)
        beside = -height < other[0] - one[2] < height and abs(one[3] - other[3]) < height / 2
        if beside and painted.tone == before.tone:
            box = (min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3]))
            before = Painted(before.order, box, before.tone)
        else:
            yield before
            before = painted
    if before is not None:
        yield before
