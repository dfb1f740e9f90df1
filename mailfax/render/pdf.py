"""PDF becomes sheets: drawn grey by pdfium directly at the fax raster, made black and white by the file's own objects.

Crop box and rotation are pdfium's work; form fields and annotations are drawn. Nothing in the file is run or fetched: this
build of pdfium has no JavaScript. Used by `story`.
"""

import ctypes
import logging
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from mailfax.model.options import PaperSize
from mailfax.model.page import Resolution
from mailfax.model.photo import PhotoScreen
from mailfax.render.ahead import one_ahead
from mailfax.render.bilevel import Areas, both_rasters, halve, sheet_of
from mailfax.render.dense import dense_black, dense_frame, paper_of, with_dense
from mailfax.render.fit import Fit, fit
from mailfax.render.longpage import is_long, scale_of, slices_of
from mailfax.render.paper import FINE, PT_PER_INCH, body_fine_rows
from mailfax.render.pdf_areas import areas_of
from mailfax.render.pdf_objects import Frame, read_objects, to_pels
from mailfax.render.pdf_picture import allows_plain_jpegs, fax_page, jpeg_page
from mailfax.render.sheet import PartUnreadable, Portion, Sheet
from mailfax.render.tones import Grey

# Its only advice is to build pdfium with XFA and JavaScript, which is the last thing a mail gateway wants.
logging.getLogger("pypdfium2").setLevel(logging.ERROR)

_SMALL_LETTERS_PX = 9.2 / PT_PER_INCH * FINE.y_dpi
_SMALL_PX = 300  # width of the drawing in which a long page's white rows are looked for
_TURN_LEFT = 3  # quarter turns clockwise, as pdfium counts them
# Not FPDF_GRAYSCALE: the bitmap is grey, and asked for grey pdfium turns every pel of a picture by a call of its own, before it shrinks it.
_FLAGS = pdfium_c.FPDF_ANNOT | pdfium_c.FPDF_PRINTING

_Box = tuple[float, float, float, float]  # left, bottom, right, top in points


@dataclass(frozen=True, kw_only=True, slots=True)
class _Drawing:
    """A page in grey at the fine raster; also at the standard one where that is not the mean of two rows; and at a finer one where that was asked for."""

    index: int
    fine: Grey
    standard: Grey | None
    areas: Areas
    has_letters: bool
    dense: Grey | None


class PdfSource:
    """An open PDF (a sheet.Source). `password` opens one that is locked; it is tried only where one is needed."""

    def __init__(
        self,
        octets: bytes,
        photos: PhotoScreen = PhotoScreen.BALANCED,
        password: str = "",
        paper: PaperSize = PaperSize.A4,
        dense: Resolution | None = None,
    ) -> None:
        self._paper = paper
        self._dense = paper_of(dense)
        try:
            self._pdf = _opened(octets, password)
            self._pdf.init_forms()
            self._page_count = len(self._pdf)
        except pdfium.PdfiumError as error:
            raise PartUnreadable("is no PDF that can be opened; it is damaged or cut short") from error
        if not self._page_count:
            raise PartUnreadable("has no pages")
        self._photos = photos
        self._plain_jpegs = allows_plain_jpegs(octets)
        self._stretches = self._long_pages()
        self._drawn = 0
        self._notes: list[
            tuple[int, str]
        ] = []  # with the page's place in the file: pages are drawn ahead of their turn

    @property
    def page_count(self) -> int:
        """Return how many sheets there will be at most: one for each page that the file says it has, more for a long one."""
        return sum(len(self._stretches.get(index, ("whole",))) for index in range(self._page_count))

    @property
    def least_pages(self) -> int:
        """Return the same: long pages are cut already."""
        return self.page_count

    def _long_pages(self) -> dict[int, list[_Box]]:
        """Return the stretches of pages that are far longer than a sheet."""
        found = {}
        for index in range(self._page_count):
            with suppress(pdfium.PdfiumError):
                if is_long(*self._pdf.get_page_size(index)):
                    page = self._pdf[index]
                    found[index] = _stretches(page, self._paper)
                    page.close()
        return found

    def sheets(self) -> Iterator[Sheet]:
        """Draw page by page; a page that cannot be read is left out with a note, unless there is no other.

        The next page is drawn, in a thread, while one is made black and white here: pdfium is never asked by two.
        """
        drawings = self._drawings()
        for drawing in one_ahead(drawings) if self.page_count > 1 else drawings:
            sheet = drawing if isinstance(drawing, Sheet) else self._sheet(drawing)
            self._drawn += 1
            yield sheet
        if not self._drawn:
            raise PartUnreadable("has no page that can be read")

    def _drawings(self) -> Iterator[Sheet | _Drawing]:
        for index in range(self._page_count):
            for box in self._stretches.get(index, [None]):
                try:
                    page = self._page(index, box)
                except pdfium.PdfiumError:
                    self._notes.append((index, f"page {index + 1} of the file is damaged and was left out"))
                    continue
                try:
                    drawing = self._draw_page(page, index)
                finally:
                    page.close()
                yield drawing
        self._pdf.close()

    def _page(self, index: int, box: _Box | None) -> pdfium.PdfPage:
        """Open a page, or a stretch of it: read again with this for its crop box, it is a page like any other."""
        if box is not None:
            page = self._pdf[index]
            page.set_cropbox(*box)
            page.close()
        return self._pdf[index]

    def _draw_page(self, page: pdfium.PdfPage, index: int) -> Sheet | _Drawing:
        """Draw a page; one that is a fax already is a sheet at once."""
        width_inches, height_inches = page.get_width() / PT_PER_INCH, page.get_height() / PT_PER_INCH
        size = fit(max(width_inches, 0.01), max(height_inches, 0.01), may_turn=True, paper=self._paper)
        frame = _frame(size, self._paper)
        objects = read_objects(page, to_pels(page, frame))
        picture = objects.sole_picture
        if picture and (sheet := fax_page(page, picture)):
            return sheet
        grey = jpeg_page(page, picture, frame) if picture and self._plain_jpegs else None
        if grey is None:
            grey = _drawn(page, frame)
        # Small letters are drawn anew at 98 rows to the inch: at 6 points tesseract then errs ten times less than on the mean of two rows.
        is_small = objects.smallest_letters_px < _SMALL_LETTERS_PX or bool(objects.annotations)
        return _Drawing(
            index=index,
            fine=grey,
            standard=_drawn(page, replace(frame, rows=frame.rows // 2)) if is_small else None,
            areas=areas_of(objects, grey),
            has_letters=objects.has_letters,
            dense=_drawn(page, dense_frame(frame, self._dense)) if self._dense else None,
        )

    def _sheet(self, drawing: _Drawing) -> Sheet:
        standard = halve(drawing.fine) if drawing.standard is None else drawing.standard
        rasters = both_rasters(drawing.fine, standard, drawing.areas, self._photos)
        if not rasters[0].packed.any():
            self._notes.append((drawing.index, _blank_note(drawing)))
        sheet = sheet_of(*rasters, self._paper)
        if drawing.dense is None or self._dense is None:
            return sheet
        black = dense_black(drawing.dense, drawing.fine.shape[1], drawing.areas, self._photos, self._dense)
        return with_dense(sheet, black, self._dense, self._paper)

    def portions(self) -> tuple[Portion, ...]:
        """Return the one portion."""
        return (Portion(first=0, last=self._drawn - 1, note="; ".join(text for _, text in sorted(self._notes))),)


def _stretches(page: pdfium.PdfPage, paper: PaperSize) -> list[_Box]:
    """Return the crop boxes of the sheets that a long page is cut into: of one that lies on its side, the whole."""
    left, bottom, right, top = page.get_bbox()
    width, height = page.get_width(), page.get_height()
    if page.get_rotation():
        return [(left, bottom, right, top)]
    upright = Fit(width_inches=width / PT_PER_INCH, height_inches=height / PT_PER_INCH, turned=False)
    small = _drawn(page, Frame(width=_SMALL_PX, rows=max(1, round(_SMALL_PX * height / width)), line_px=_SMALL_PX))
    tall = top - bottom
    return [
        (left, top - each.bottom * tall, right, top - each.top * tall)
        for each in slices_of(small, upright.height_inches, scale_of(upright.width_inches, paper=paper), paper)
    ]


def _opened(octets: bytes, password: str) -> pdfium.PdfDocument:
    try:
        return pdfium.PdfDocument(octets)
    except pdfium.PdfiumError as error:
        if "password" not in str(error).lower():
            raise
        if not password:
            raise PartUnreadable("needs a password to be opened (the header X-Fax-Password gives one)") from error
    try:
        return pdfium.PdfDocument(octets, password=password)
    except pdfium.PdfiumError as error:
        raise PartUnreadable("is not opened by the password that was given") from error


def _blank_note(drawing: _Drawing) -> str:
    if drawing.has_letters and drawing.fine.min(initial=255) == 255:
        return f"page {drawing.index + 1} of the file came out blank; its fonts may be missing in it"
    return f"page {drawing.index + 1} of the file came out blank"


def _frame(size: Fit, paper: PaperSize) -> Frame:
    """Return where a page is drawn, in rows that can be halved."""
    width, rows = size.size_px(FINE)
    return Frame(
        width=width,
        rows=min(rows + rows % 2, body_fine_rows(paper)),
        turn=_TURN_LEFT if size.turned else 0,
        line_px=paper.width_px,
    )


def _drawn(page: pdfium.PdfPage, frame: Frame) -> Grey:
    """Draw the page at a raster; pdfium takes the two resolutions apart, so nothing is scaled afterwards."""
    grey = np.full((frame.rows, frame.line_px), 255, dtype=np.uint8)
    bitmap = pdfium_c.FPDFBitmap_CreateEx(
        frame.line_px, frame.rows, pdfium_c.FPDFBitmap_Gray, grey.ctypes.data_as(ctypes.c_void_p), frame.line_px
    )
    if not bitmap:
        raise MemoryError
    try:
        placed = (bitmap, page, frame.left, 0, frame.width, frame.rows, frame.turn, _FLAGS)
        pdfium_c.FPDF_RenderPageBitmap(*placed)
        if page.formenv:
            pdfium_c.FPDF_FFLDraw(page.formenv, *placed)
    finally:
        pdfium_c.FPDFBitmap_Destroy(bitmap)
    return grey
