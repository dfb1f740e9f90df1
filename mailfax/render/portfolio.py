"""Files inside a PDF: of a portfolio (ISO 32000, 12.3.5) they are the content, and its own page often only says so.

In any other PDF they are beside the point: the data of an electronic invoice, the source of a report. Used by `packed`.
"""

import re
from dataclasses import dataclass
from io import BytesIO

import pypdfium2 as pdfium

_IS_PDF_WITHIN = 1024  # octets before the mark of a PDF that readers put up with
_MOST_FILES = 500
# The page that Acrobat puts before a portfolio, for other programs: in every language it names Adobe's own.
_PLACEHOLDER = re.compile(r"Adobe|Acrobat")
_MOST_LETTERS = 1500


@dataclass(frozen=True, kw_only=True, slots=True)
class FilesInside:
    """The files in a PDF, by name, in the order of the file. `only_a_sheet`: its own page says nothing but to open a portfolio elsewhere."""

    files: tuple[tuple[str, bytes], ...]
    is_portfolio: bool
    only_a_sheet: bool


def is_pdf(octets: bytes) -> bool:
    """Say whether this is a PDF."""
    return b"%PDF-" in octets[:_IS_PDF_WITHIN]


def files_inside(octets: bytes, password: str) -> FilesInside | None:
    """Return the files inside a PDF; None where there are none, and of a PDF that cannot be opened."""
    try:
        document = pdfium.PdfDocument(octets, password=password or None)
    except pdfium.PdfiumError:
        return None
    try:
        count = min(document.count_attachments(), _MOST_FILES)
        if not count:
            return None
        is_portfolio = _has_collection(octets, password)
        found = [document.get_attachment(index) for index in range(count)]
        files = tuple((each.get_name(), bytes(each.get_data()) if is_portfolio else b"") for each in found)
        return FilesInside(
            files=files, is_portfolio=is_portfolio, only_a_sheet=is_portfolio and _is_only_a_sheet(document)
        )
    except pdfium.PdfiumError:
        return None
    finally:
        document.close()


def _has_collection(octets: bytes, password: str) -> bool:
    """Look into the catalog, which pdfium does not show."""
    import pikepdf  # noqa: PLC0415 - a seventh of a second, for a rare kind of file

    try:
        with pikepdf.open(BytesIO(octets), password=password) as document:
            return "/Collection" in document.Root
    except pikepdf.PdfError:
        return False


def _is_only_a_sheet(document: pdfium.PdfDocument) -> bool:
    if len(document) != 1:
        return False
    page = document[0]
    text = page.get_textpage().get_text_bounded()
    return len(text) <= _MOST_LETTERS and _PLACEHOLDER.search(text) is not None
