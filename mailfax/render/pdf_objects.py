"""Reads what a PDF page is made of: which boxes are pictures, tinted fills, coloured letters. Used by `pdf`.

pdfium lists the objects of a page in the order in which they are painted, those of form XObjects inside their form. Bounds are
turned into pels of the fine raster at once. Thin lines and small shapes that stand pale on white are painted black, since a hairline
of light grey would not survive any threshold.
"""

import ctypes
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, NamedTuple

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from numpy.typing import NDArray

Handle = Any  # a ctypes pointer to an object of pdfium
Matrix = tuple[float, float, float, float, float, float]
IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)

WHITE_TONE = 245  # and lighter
BLACK_TONE = 25  # and darker
_SHADED = -1  # of a pattern, or of a tone that is not known
_DEEPEST_FORM = 8
_MOST_OBJECTS = 40_000
_WIDE_STROKE_PX = 10.0
_THIN_PX = 7.0
_SMALL_PX = 60.0  # lower than this, a shape of many segments is a letter or an icon
_BOX_SEGMENTS = 6  # a rectangle has five, closed once more six
_LARGE_LETTERS_PX = 100.0
_PALE_LETTERS = 160
_AT_ONCE = 256
_LETTERED_ANNOTATIONS = {pdfium_c.FPDF_ANNOT_HIGHLIGHT, pdfium_c.FPDF_ANNOT_WIDGET, pdfium_c.FPDF_ANNOT_FREETEXT}
_SHAPED_ANNOTATIONS = {
    pdfium_c.FPDF_ANNOT_SQUARE,
    pdfium_c.FPDF_ANNOT_CIRCLE,
    pdfium_c.FPDF_ANNOT_POLYGON,
    pdfium_c.FPDF_ANNOT_STAMP,
}


class Ground(Enum):
    """What other things may stand on."""

    FILL = auto()
    IMAGE = auto()
    SHADING = auto()


class Painted(NamedTuple):
    """One object: when it is painted, where (pels, may lie outside of the page), and its tone."""

    order: int
    box: tuple[float, float, float, float]
    tone: int


class Picture(NamedTuple):
    """An image object: pdfium's handle, and the way from its unit square to pels."""

    handle: Handle
    matrix: Matrix


@dataclass(kw_only=True, slots=True)
class PageObjects:
    """What matters of a page. Letters that are black are kept only if something other than white lies on the page."""

    letters: list[Painted] = field(default_factory=list)
    grounds: list[tuple[Ground, Painted]] = field(default_factory=list)
    annotations: list[Painted] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    count: int = 0
    paths: int = 0
    smallest_letters_px: float = math.inf  # rows of the fine raster, as high as the type is

    @property
    def has_letters(self) -> bool:
        """Say whether there are any, to be seen or not."""
        return self.smallest_letters_px < math.inf

    @property
    def sole_picture(self) -> Picture | None:
        """Return the one image of a page on which nothing else can be seen."""
        alone = len(self.grounds) == len(self.pictures) == 1 and not (self.paths or self.letters or self.annotations)
        return self.pictures[0] if alone else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """Where a page is drawn: so many pels and rows, in the middle of lines of `line_px`; `turn` is in quarters, clockwise."""

    width: int
    rows: int
    line_px: int
    turn: int = 0

    @property
    def left(self) -> int:
        """Return the pels left of it."""
        return (self.line_px - self.width) // 2


def to_pels(page: pdfium.PdfPage, frame: Frame) -> Matrix:
    """Return the way from page coordinates to pels of a drawing."""
    fine = 64  # pdfium answers in whole pels
    x, y = ctypes.c_int(), ctypes.c_int()
    place = (frame.left * fine, 0, frame.width * fine, frame.rows * fine, frame.turn)
    found = []
    for page_x, page_y in ((0.0, 0.0), (100.0, 0.0), (0.0, 100.0)):
        pdfium_c.FPDF_PageToDevice(page, *place, page_x, page_y, x, y)
        found.append((x.value / fine, y.value / fine))
    (e, f), (ax, ay), (bx, by) = found
    return (ax - e) / 100, (ay - f) / 100, (bx - e) / 100, (by - f) / 100, e, f


def read_objects(page: pdfium.PdfPage, pels: Matrix) -> PageObjects:
    """List what is on the page, and paint pale hairlines on white black."""
    reader = _Reader(page, pels)
    reader.read(pels, pdfium_c.FPDFPage_CountObjects(page), lambda index: pdfium_c.FPDFPage_GetObject(page, index), 0)
    return reader.finish()


def _times(one: Matrix, then: Matrix) -> Matrix:
    a, b, c, d, e, f = one
    p, q, r, s, t, u = then
    return a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u


def _mapped(box: tuple[float, float, float, float], matrix: Matrix) -> tuple[float, float, float, float]:
    """Return the box around a mapped box."""
    a, b, c, d, e, f = matrix
    left, bottom, right, top = box
    if not (b or c) and a > 0 > d:  # the usual way
        return a * left + e, d * top + f, a * right + e, d * bottom + f
    xs = [a * x + c * y + e for x in (left, right) for y in (bottom, top)]
    ys = [b * x + d * y + f for x in (left, right) for y in (bottom, top)]
    return min(xs), min(ys), max(xs), max(ys)


class _Waiting(NamedTuple):
    """A pale line or small shape that may be painted black, once it is known what lies below it."""

    painted: Painted
    handle: Handle
    paint: Callable[[Handle, int, int, int, int], int]


class _Reader:
    """Walks the objects; the cells that pdfium writes to are made once."""

    def __init__(self, page: pdfium.PdfPage, pels: Matrix) -> None:
        self._page, self._pels = page, pels
        self._colour = [ctypes.c_uint() for _ in range(4)]
        self._edges = [ctypes.c_float() for _ in range(4)]
        self._matrix = pdfium_c.FS_MATRIX()
        self._fill, self._stroke, self._width = ctypes.c_int(), ctypes.c_int(), ctypes.c_float()
        self._found = PageObjects()
        self._black_letters: list[tuple[int, Handle, Matrix]] = []
        self._waiting: list[_Waiting] = []

    def read(self, matrix: Matrix, count: int, get: Callable[[int], Handle], depth: int) -> None:
        """Read one list of objects, and those inside it."""
        for index in range(count):
            if self._found.count >= _MOST_OBJECTS:
                return
            self._found.count += 1
            item = get(index)
            match pdfium_c.FPDFPageObj_GetType(item):
                case pdfium_c.FPDF_PAGEOBJ_TEXT:
                    self._letters(item, matrix)
                case pdfium_c.FPDF_PAGEOBJ_PATH:
                    self._path(item, matrix)
                case pdfium_c.FPDF_PAGEOBJ_IMAGE:
                    self._found.pictures.append(Picture(item, _times(_matrix_of(item), matrix)))
                    self._ground(Ground.IMAGE, item, matrix)
                case pdfium_c.FPDF_PAGEOBJ_SHADING:
                    self._ground(Ground.SHADING, item, matrix)
                case pdfium_c.FPDF_PAGEOBJ_FORM if depth < _DEEPEST_FORM:
                    inside = _times(_matrix_of(item), matrix)
                    self.read(
                        inside,
                        pdfium_c.FPDFFormObj_CountObjects(item),
                        lambda index, form=item: pdfium_c.FPDFFormObj_GetObject(form, index),  # type: ignore[misc]
                        depth + 1,
                    )

    def finish(self) -> PageObjects:
        """Settle what depends on objects that were read later."""
        found = self._found
        self._annotations()
        if found.grounds:
            found.letters += [
                Painted(order, box, 0)
                for order, item, matrix in self._black_letters
                if (box := self._box(item, matrix)) and _is_seen(item)
            ]
        below = Below(found.grounds)
        for line, on_white in zip(self._waiting, below.on_white([line.painted for line in self._waiting]), strict=True):
            if on_white:
                line.paint(line.handle, 0, 0, 0, 255)
        return found

    def _letters(self, item: Handle, matrix: Matrix) -> None:
        if pdfium_c.FPDFTextObj_GetFontSize(item, self._width) and pdfium_c.FPDFPageObj_GetMatrix(item, self._matrix):
            _, _, c, d, _, _ = matrix
            size = self._width.value * math.hypot(self._matrix.c, self._matrix.d) * math.hypot(c, d)
            self._found.smallest_letters_px = min(self._found.smallest_letters_px, size)
        tone = self._tone(pdfium_c.FPDFPageObj_GetFillColor, item)
        if 0 <= tone <= BLACK_TONE:
            self._black_letters.append((self._found.count, item, matrix))
            return
        box = self._box(item, matrix)
        if box is None or not _is_seen(item):
            return
        painted = Painted(self._found.count, box, max(tone, 0))
        if tone > _PALE_LETTERS and min(box[2] - box[0], box[3] - box[1]) > _LARGE_LETTERS_PX:
            self._found.grounds.append((Ground.FILL, painted))  # a watermark
        else:
            self._found.letters.append(painted)

    def _path(self, item: Handle, matrix: Matrix) -> None:
        if not pdfium_c.FPDFPath_GetDrawMode(item, self._fill, self._stroke):
            return
        order = self._found.count
        self._found.paths += 1
        if self._stroke.value:
            tone = self._tone(pdfium_c.FPDFPageObj_GetStrokeColor, item)
            if BLACK_TONE < tone < WHITE_TONE and (box := self._box(item, matrix)):
                pdfium_c.FPDFPageObj_GetStrokeWidth(item, self._width)
                painted = Painted(order, box, tone)
                if self._width.value * _scale(_times(_matrix_of(item), matrix)) > _WIDE_STROKE_PX:
                    self._found.grounds.append((Ground.FILL, painted))
                else:
                    self._waiting.append(_Waiting(painted, item, pdfium_c.FPDFPageObj_SetStrokeColor))
        if self._fill.value and (box := self._box(item, matrix)):
            painted = Painted(order, box, self._tone(pdfium_c.FPDFPageObj_GetFillColor, item))
            if not self._is_small(item, box):
                self._found.grounds.append((Ground.FILL, painted))
            elif BLACK_TONE < painted.tone < WHITE_TONE:
                self._waiting.append(_Waiting(painted, item, pdfium_c.FPDFPageObj_SetFillColor))

    def _is_small(self, item: Handle, box: tuple[float, float, float, float]) -> bool:
        width, height = box[2] - box[0], box[3] - box[1]
        if min(width, height) < _THIN_PX:
            return True
        return max(width, height) < _SMALL_PX and pdfium_c.FPDFPath_CountSegments(item) > _BOX_SEGMENTS

    def _ground(self, kind: Ground, item: Handle, matrix: Matrix) -> None:
        if box := self._box(item, matrix):
            clip = _clip_box(item)
            if clip and (clipped := _common(box, _mapped(clip, matrix))):
                box = clipped
            self._found.grounds.append((kind, Painted(self._found.count, box, _SHADED)))

    def _box(self, item: Handle, matrix: Matrix) -> tuple[float, float, float, float] | None:
        if not pdfium_c.FPDFPageObj_GetBounds(item, *self._edges):
            return None
        left, bottom, right, top = self._edges
        return _mapped((left.value, bottom.value, right.value, top.value), matrix)

    def _tone(self, get: Callable[..., int], item: Handle) -> int:
        """Return the tone of a colour laid on white, or _SHADED."""
        if not get(item, *self._colour):
            return _SHADED
        red, green, blue, alpha = self._colour
        tone = (299 * red.value + 587 * green.value + 114 * blue.value) // 1000
        return 255 - (255 - tone) * alpha.value // 255

    def _annotations(self) -> None:
        """Note where annotations lie, which are no objects of the page: letters of some, tinted shapes of others."""
        for index in range(min(pdfium_c.FPDFPage_GetAnnotCount(self._page), _MOST_OBJECTS)):
            annotation = pdfium_c.FPDFPage_GetAnnot(self._page, index)
            if not annotation:
                continue
            try:
                subtype, edges = pdfium_c.FPDFAnnot_GetSubtype(annotation), pdfium_c.FS_RECTF()
                if not pdfium_c.FPDFAnnot_GetRect(annotation, edges):
                    continue
            finally:
                pdfium_c.FPDFPage_CloseAnnot(annotation)
            painted = Painted(
                _MOST_OBJECTS + 1, _mapped((edges.left, edges.bottom, edges.right, edges.top), self._pels), _SHADED
            )
            if subtype in _LETTERED_ANNOTATIONS:
                self._found.annotations.append(painted._replace(tone=0))
            elif subtype in _SHAPED_ANNOTATIONS:
                self._found.grounds.append((Ground.FILL, painted))


def _matrix_of(item: Handle) -> Matrix:
    matrix = pdfium_c.FS_MATRIX()
    if not pdfium_c.FPDFPageObj_GetMatrix(item, matrix):
        return IDENTITY
    return matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f


def _scale(matrix: Matrix) -> float:
    a, b, c, d, _, _ = matrix
    return float(abs(a * d - b * c) ** 0.5)


def _is_seen(item: Handle) -> bool:
    """Tell letters from the invisible ones behind a scan that was read by a machine."""
    return bool(
        pdfium_c.FPDFTextObj_GetTextRenderMode(item)
        not in {pdfium_c.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium_c.FPDF_TEXTRENDERMODE_CLIP}
    )


def _clip_box(item: Handle) -> tuple[float, float, float, float] | None:
    clip = pdfium_c.FPDFPageObj_GetClipPath(item)
    if not clip:
        return None
    x, y = ctypes.c_float(), ctypes.c_float()
    smallest: tuple[float, float, float, float] | None = None
    for path in range(min(max(0, pdfium_c.FPDFClipPath_CountPaths(clip)), 16)):
        points = []
        for index in range(min(max(0, pdfium_c.FPDFClipPath_CountPathSegments(clip, path)), 1000)):
            segment = pdfium_c.FPDFClipPath_GetPathSegment(clip, path, index)
            if segment and pdfium_c.FPDFPathSegment_GetPoint(segment, x, y):
                points.append((x.value, y.value))
        if not points:
            continue
        box = (
            min(p[0] for p in points),
            min(p[1] for p in points),
            max(p[0] for p in points),
            max(p[1] for p in points),
        )
        smallest = box if smallest is None else _common(smallest, box) or smallest
    return smallest


def _common(
    one: tuple[float, float, float, float], other: tuple[float, float, float, float]
) -> tuple[float, float, float, float] | None:
    left, top = max(one[0], other[0]), max(one[1], other[1])
    right, bottom = min(one[2], other[2]), min(one[3], other[3])
    return (left, top, right, bottom) if left < right and top < bottom else None


def _columns(painted: Sequence[Painted]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return sides and orders as columns, to be compared with rows."""
    boxes = np.array([one.box for one in painted], dtype=np.float64).T[:, :, None]
    return boxes, np.array([one.order for one in painted], dtype=np.int64)[:, None]


class Below:
    """Answers what lies below something: grounds painted before it that it touches."""

    def __init__(self, grounds: list[tuple[Ground, Painted]]) -> None:
        self._boxes = np.array([painted.box for _, painted in grounds], dtype=np.float64).reshape(-1, 4)
        self._orders = np.array([painted.order for _, painted in grounds], dtype=np.int64)
        self._white = np.array([painted.tone >= WHITE_TONE for _, painted in grounds], dtype=np.bool_)

    def on_white(self, painted: Sequence[Painted]) -> list[bool]:
        """Say of each whether it stands on nothing but white."""
        found: list[bool] = []
        for first in range(0, len(painted), _AT_ONCE):
            found += [not touches.any() for touches in self._touched(painted[first : first + _AT_ONCE])]
        return found

    def _touched(self, painted: Sequence[Painted]) -> NDArray[np.bool_]:
        """Say for each and every ground: is it before it, not white, touched by it, and not hidden from it by a later white one."""
        (left, top, right, bottom), orders = _columns(painted)
        grounds = self._boxes.T
        hits = (self._orders < orders) & (grounds[0] < right) & (grounds[2] > left)
        hits &= (grounds[1] < bottom) & (grounds[3] > top)
        holds = hits & self._white & (grounds[0] <= left + 1) & (grounds[2] >= right - 1)
        holds &= (grounds[1] <= top + 1) & (grounds[3] >= bottom - 1)
        hidden_before = np.where(holds, self._orders, -1).max(axis=1, initial=-1)[:, None]
        touched: NDArray[np.bool_] = hits & ~self._white & (self._orders > hidden_before)
        return touched

    def hidden(self, painted: Sequence[Painted]) -> list[bool]:
        """Say of each whether one thing painted later covers all of it."""
        found: list[bool] = []
        grounds = self._boxes.T
        for first in range(0, len(painted), _AT_ONCE):
            (left, top, right, bottom), orders = _columns(painted[first : first + _AT_ONCE])
            covers = (grounds[0] <= left) & (grounds[2] >= right) & (grounds[1] <= top) & (grounds[3] >= bottom)
            found += [bool(each.any()) for each in covers & (self._orders > orders)]
        return found
