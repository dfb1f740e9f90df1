"""HTML becomes a PDF by PlutoBook, whose shaping, line breaking and layout draw all our text: mails, covers, header lines.

The engine has no scripts. Whatever it would load is asked of a shelf that holds only what we put on it: nothing is
fetched and no file is opened, whatever a mail says (the sandbox would not let it either). Used by `text`, `html`,
`cover` and `header`.
"""

import ctypes
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO

import numpy as np
import plutoprint
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from numpy.typing import NDArray

BASE = "mailfax:/"  # what relative addresses are completed to; nothing is ever found there
_PART = "https://part.invalid/"
_LEAST_MARK_PT = 4.0
_REMOTE = re.compile(r"(?:https?|ftp)://|//", re.IGNORECASE)
_NOWHERE = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)


class LayoutFailed(Exception):
    """The engine could not lay the document out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Resource:
    """Something that a document may use by its address."""

    octets: bytes
    mime_type: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PageBox:
    """Width and height of a page in points."""

    width_pt: float
    height_pt: float


@dataclass(frozen=True, kw_only=True, slots=True)
class LaidOut:
    """A document on pages. `used` and `refused` are the addresses that it asked for, with and without success.

    `scale` is how much smaller the engine made it, because something in it is wider than the page; 1 where nothing is.
    """

    pdf: bytes
    page_count: int
    scale: float
    used: frozenset[str]
    refused: frozenset[str]

    @property
    def remote(self) -> tuple[str, ...]:
        """Return the addresses of other machines that were not asked."""
        return tuple(sorted(address for address in self.refused if _REMOTE.match(address)))


@dataclass(slots=True)
class _Asked:
    used: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)


class _Shelf(plutoprint.ResourceFetcher):
    """Gives the engine what is on the shelf; for all else an empty file, since it reports an error to nobody of ours."""

    def __init__(self, resources: Mapping[str, Resource], asked: _Asked) -> None:
        super().__init__()
        self._resources = resources
        self._asked = asked

    def fetch_url(self, url: str) -> plutoprint.ResourceData:
        """Answer the engine."""
        resource = self._resources.get(url)
        if resource is None:
            self._asked.refused.add(url.removeprefix(BASE))
            return plutoprint.ResourceData(b"", "application/octet-stream")
        self._asked.used.add(url)
        return plutoprint.ResourceData(resource.octets, resource.mime_type)


def lay_out(html: str, page: PageBox, *, style: str = "", resources: Mapping[str, Resource] | None = None) -> LaidOut:
    """Lay a document out on pages of this size. `style` is the reader's style sheet: its important rules win. Raises LayoutFailed."""
    asked = _Asked()
    pdf = BytesIO()
    with _silent():
        book = _book(html, page, style, _Shelf(resources or {}, asked))
        try:
            pages = book.get_page_count()
            scale = min(1.0, book.get_viewport_width() / max(1.0, book.get_document_width()))
            book.write_to_pdf_stream(pdf)
        except plutoprint.Error as error:
            raise LayoutFailed(str(error)) from error
    return LaidOut(
        pdf=pdf.getvalue(),
        page_count=pages,
        scale=scale,
        used=frozenset(asked.used),
        refused=frozenset(asked.refused),
    )


def lay_out_ours(html: str, page: PageBox, *, style: str, resources: Mapping[str, Resource]) -> bytes:
    """Lay a document of our own out as a PDF, beside threads that write to the log. Raises LayoutFailed."""
    pdf = BytesIO()
    book = _book(html, page, style, _Shelf(resources, _Asked()))
    try:
        book.write_to_pdf_stream(pdf)
    except plutoprint.Error as error:
        raise LayoutFailed(str(error)) from error
    return pdf.getvalue()


def lay_out_line(
    html: str,
    width_px: int,
    height_px: int,
    scale: float,
    *,
    style: str = "",
    resources: Mapping[str, Resource] | None = None,
) -> NDArray[np.uint8]:
    """Draw one small document on a single page, as grey [height_px, width_px]; a point is `scale` pixels. For header lines.

    Raises LayoutFailed.
    """
    # Ours, since the canvas frees what it allocates while views of it are still in use.
    pixels = np.full((height_px, width_px, 4), 255, np.uint8)
    page = PageBox(width_pt=width_px / scale, height_pt=height_px / scale)
    # Not silenced: other threads of a line's process may be writing to its log, and nothing here is from a stranger's HTML.
    book = _book(html, page, style, _Shelf(resources or {}, _Asked()))
    canvas = plutoprint.ImageCanvas.create_for_data(pixels.data.cast("B"), width_px, height_px, width_px * 4)
    to_px = scale * plutoprint.UNITS_PX
    canvas.scale(to_px, to_px)
    book.render_page(canvas, 0)
    canvas.finish()
    green: NDArray[np.uint8] = pixels[..., 1]
    return green


def _book(html: str, page: PageBox, style: str, shelf: _Shelf) -> plutoprint.Book:
    book = plutoprint.Book(plutoprint.PageSize(page.width_pt, page.height_pt), plutoprint.PAGE_MARGINS_NONE)
    book.custom_resource_fetcher = shelf
    try:
        book.load_html(html, style, "", BASE)
    except plutoprint.Error as error:
        raise LayoutFailed(str(error)) from error
    return book


@contextmanager
def _silent() -> Iterator[None]:
    """Keep the engine's warnings about a mail's HTML out of the server's log."""
    kept = os.dup(2)
    os.dup2(_NOWHERE, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def part_marker(index: int) -> str:
    """Return the opening tag of what `pages_of_parts` finds again; it is closed by `</a>`."""
    return f'<a href="{_PART}{index}" style="display:block;color:inherit;text-decoration:none">'


def pages_of_parts(pdf: bytes, bottom_pt: float) -> dict[int, tuple[int, int]]:
    """Return on which pages (0-based, first and last) the marked parts are; `bottom_pt` is the margin at the foot."""
    found: dict[int, tuple[int, int]] = {}
    document = pdfium.PdfDocument(pdf)
    try:
        for number in range(len(document)):
            page = document[number]
            for index in _marks(document, page, bottom_pt):
                first, _ = found.get(index, (number, number))
                found[index] = (first, number)
            page.close()
    finally:
        document.close()
    return found


def _marks(document: pdfium.PdfDocument, page: pdfium.PdfPage, bottom_pt: float) -> Iterator[int]:
    position, link, box = ctypes.c_int(0), pdfium_c.FPDF_LINK(), pdfium_c.FS_RECTF()
    while pdfium_c.FPDFLink_Enumerate(page, position, link):
        pdfium_c.FPDFLink_GetAnnotRect(link, box)
        if box.top - max(box.bottom, bottom_pt) < _LEAST_MARK_PT:
            continue  # the part would begin at the very foot of this page; its first line is on the next
        action = pdfium_c.FPDFLink_GetAction(link)
        size = pdfium_c.FPDFAction_GetURIPath(document, action, None, 0)
        octets = ctypes.create_string_buffer(size)
        pdfium_c.FPDFAction_GetURIPath(document, action, octets, size)
        address = octets.value.decode("latin-1")
        if address.startswith(_PART) and address[len(_PART) :].isdigit():
            yield int(address[len(_PART) :])
