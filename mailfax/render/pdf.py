"""PDF becomes sheets: drawn grey by pdfium directly at each raster, photographs found as the file's own image objects.

Crop box and rotation are pdfium's work, and form fields are drawn. Nothing in the file is run or fetched: this build of
pdfium has no JavaScript. Used by `story`.
"""

import ctypes
import logging
from collections.abc import Iterator

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from numpy.typing import NDArray

from mailfax.render.bilevel import Box, is_photograph, sheet_of, to_black
from mailfax.render.fit import Fit, fit
from mailfax.render.paper import FINE, PT_PER_INCH, STANDARD, Paper
from mailfax.render.sheet import PartUnreadable, Portion, Sheet

# Its only advice is to build pdfium with XFA and JavaScript, which is the last thing a mail gateway wants.
logging.getLogger("pypdfium2").setLevel(logging.ERROR)

_TURN_LEFT = 3  # quarter turns clockwise, as pdfium counts them
_FLAGS = pdfium_c.FPDF_ANNOT | pdfium_c.FPDF_PRINTING | pdfium_c.FPDF_GRAYSCALE
_SMALLEST_PHOTO_PX = 24
_DEEPEST_FORM = 6
_MOST_IMAGES = 2000
_TOUCHING_PX = 3


class PdfSource:
    """An open PDF (a sheet.Source)."""

    def __init__(self, octets: bytes) -> None:
        try:
            self._pdf = pdfium.PdfDocument(octets)
            self._pdf.init_forms()
            self._page_count = len(self._pdf)
        except pdfium.PdfiumError as error:
            if "password" in str(error).lower():
                raise PartUnreadable("needs a password to be opened") from error
            raise PartUnreadable("is no PDF that can be opened; it is damaged or cut short") from error
        if not self._page_count:
            raise PartUnreadable("has no pages")
        self._drawn = 0
        self._notes: list[str] = []
        if inside := pdfium_c.FPDFDoc_GetAttachmentCount(self._pdf):
            self._notes.append(f"files inside it were not faxed: {inside}")

    @property
    def page_count(self) -> int:
        """Return how many pages the file says it has."""
        return self._page_count

    def sheets(self) -> Iterator[Sheet]:
        """Draw page by page; a page that cannot be read is left out with a note, unless there is no other."""
        for index in range(self._page_count):
            try:
                page = self._pdf[index]
            except pdfium.PdfiumError:
                self._notes.append(f"page {index + 1} of the file is damaged and was left out")
                continue
            try:
                sheet = self._draw_page(page, index)
            finally:
                page.close()
            self._drawn += 1
            yield sheet
        self._pdf.close()
        if not self._drawn:
            raise PartUnreadable("has no page that can be read")

    def _draw_page(self, page: pdfium.PdfPage, index: int) -> Sheet:
        width, height = page.get_width() / PT_PER_INCH, page.get_height() / PT_PER_INCH
        size = fit(max(width, 0.01), max(height, 0.01), may_turn=True)
        fine = _grey(page, size, FINE)
        standard = _grey(page, size, STANDARD)
        photographs = [rectangle for rectangle in _images(page) if _is_photo(page, size, fine, rectangle)]
        fine_boxes = tuple(_on_raster(page, size, FINE, rectangle) for rectangle in photographs)
        standard_boxes = tuple(_on_raster(page, size, STANDARD, rectangle) for rectangle in photographs)
        black = to_black(fine, FINE.resolution, fine_boxes)
        if not black.any() and pdfium_c.FPDFPage_CountObjects(page):
            self._notes.append(f"page {index + 1} of the file came out blank; its fonts may be missing in it")
        return sheet_of(black, to_black(standard, STANDARD.resolution, standard_boxes))

    def portions(self) -> tuple[Portion, ...]:
        """Return the one portion."""
        return (Portion(first=0, last=self._drawn - 1, note="; ".join(self._notes)),)


def _grey(page: pdfium.PdfPage, size: Fit, paper: Paper) -> NDArray[np.uint8]:
    """Draw the page at this raster; pdfium takes the two resolutions apart, so nothing is scaled afterwards."""
    width, rows = size.size_px(paper)
    grey = np.full((rows, width), 255, dtype=np.uint8)
    bitmap = pdfium_c.FPDFBitmap_CreateEx(
        width, rows, pdfium_c.FPDFBitmap_Gray, grey.ctypes.data_as(ctypes.c_void_p), width
    )
    if not bitmap:
        raise MemoryError
    try:
        placed = (bitmap, page, 0, 0, width, rows, _turn(size), _FLAGS)
        pdfium_c.FPDF_RenderPageBitmap(*placed)
        if page.formenv:
            pdfium_c.FPDF_FFLDraw(page.formenv, *placed)
    finally:
        pdfium_c.FPDFBitmap_Destroy(bitmap)
    return grey


def _turn(size: Fit) -> int:
    return _TURN_LEFT if size.turned else 0


_Rectangle = tuple[float, float, float, float]  # left, bottom, right, top in page coordinates


def _images(page: pdfium.PdfPage) -> list[_Rectangle]:
    """Return where the images of the page are; strips of one picture are joined."""
    joined: list[_Rectangle] = []
    for rectangle in _image_rectangles(page, None, pdfium.PdfMatrix(), 0):
        if joined and _touch(joined[-1], rectangle):
            left, bottom, right, top = joined.pop()
            joined.append(
                (
                    min(left, rectangle[0]),
                    min(bottom, rectangle[1]),
                    max(right, rectangle[2]),
                    max(top, rectangle[3]),
                )
            )
        else:
            joined.append(rectangle)
        if len(joined) >= _MOST_IMAGES:
            break
    return joined


def _touch(one: _Rectangle, other: _Rectangle) -> bool:
    gap = _TOUCHING_PX * PT_PER_INCH / FINE.y_dpi
    return (
        one[0] - gap <= other[2] and other[0] - gap <= one[2] and one[1] - gap <= other[3] and other[1] - gap <= one[3]
    )


def _image_rectangles(
    page: pdfium.PdfPage, form: pdfium.PdfObject | None, matrix: pdfium.PdfMatrix, depth: int
) -> Iterator[_Rectangle]:
    for item in page.get_objects(form=form, max_depth=1):
        if item.type == pdfium_c.FPDF_PAGEOBJ_IMAGE:
            bounds = _bounds(item)
            if bounds:
                yield matrix.on_rect(*bounds)
        elif item.type == pdfium_c.FPDF_PAGEOBJ_FORM and depth < _DEEPEST_FORM:
            yield from _image_rectangles(page, item, item.get_matrix().multiply(matrix), depth + 1)


def _bounds(item: pdfium.PdfObject) -> _Rectangle | None:
    edges = [ctypes.c_float() for _ in range(4)]
    if not pdfium_c.FPDFPageObj_GetBounds(item, *edges):
        return None
    left, bottom, right, top = (edge.value for edge in edges)
    return left, bottom, right, top


def _on_raster(page: pdfium.PdfPage, size: Fit, paper: Paper, rectangle: _Rectangle) -> Box:
    """Return the pixels of a rectangle of the page."""
    width, rows = size.size_px(paper)
    x, y = ctypes.c_int(), ctypes.c_int()
    corners = []
    for page_x, page_y in (rectangle[:2], rectangle[2:]):
        pdfium_c.FPDF_PageToDevice(page, 0, 0, width, rows, _turn(size), page_x, page_y, x, y)
        corners.append((min(max(x.value, 0), width), min(max(y.value, 0), rows)))
    (x1, y1), (x2, y2) = corners
    return min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)


def _is_photo(page: pdfium.PdfPage, size: Fit, fine: NDArray[np.uint8], rectangle: _Rectangle) -> bool:
    left, top, right, bottom = _on_raster(page, size, FINE, rectangle)
    if right - left < _SMALLEST_PHOTO_PX or bottom - top < _SMALLEST_PHOTO_PX:
        return False
    return is_photograph(fine[top:bottom, left:right])
