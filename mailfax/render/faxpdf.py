"""Fax pages become a PDF that holds their T.6 data as they are, at the physical size of the fax.

Used by `gateway` for received faxes and for copies of sent ones. The result depends on the arguments only: no clock and
no random number goes into it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import img2pdf

from mailfax.t4codec.tiff import T6Page, write_t6_tiff

_PRODUCER = "mailfax"


@dataclass(frozen=True, kw_only=True, slots=True)
class PdfMetadata:
    """What a viewer shows of the document. Without a `date` the PDF has none."""

    title: str = ""
    author: str = ""
    subject: str = ""
    date: datetime | None = None


def fax_pdf(pages: Sequence[T6Page], metadata: PdfMetadata) -> bytes:
    """Wrap pages, one PDF page each; their octets are not re-encoded. Raises ValueError when there are none."""
    if not pages:
        raise ValueError("A PDF needs at least one page.")
    pdf: bytes = img2pdf.convert(
        [write_t6_tiff([page]) for page in pages],
        engine=img2pdf.Engine.internal,
        title=metadata.title or None,
        author=metadata.author or None,
        subject=metadata.subject or None,
        producer=_PRODUCER,
        creationdate=metadata.date,
        moddate=metadata.date,
        nodate=metadata.date is None,
    )
    return pdf
