"""What goes with a report as proof: page 1 as a picture, all pages as a PDF behind a sheet of facts, the signalling of the calls.

Made by the notification desk from the pages at rest; each page has the header line of the call that confirmed it, so it is what the far
machine printed, to the pel.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from email.message import EmailMessage
from email.policy import SMTP
from io import BytesIO
from multiprocessing.context import BaseContext
from pathlib import Path

import numpy as np
from PIL import Image

from mailfax.gateway.identity import Identity, SentHeader, sender_identity
from mailfax.gateway.preview import PreviewPage, preview
from mailfax.gateway.transcripts import transcript_path
from mailfax.model.document import Document, DocumentPage
from mailfax.model.page import Coding, PageBlob, Resolution
from mailfax.model.submission import Submission
from mailfax.render.faxpdf import PdfMetadata, fax_pdf
from mailfax.render.result import RenderedPage
from mailfax.render.sandbox import render_in_child
from mailfax.render.settings import RenderSettings
from mailfax.smtp.compose import Enclosure
from mailfax.smtp.wording import JobReport
from mailfax.spool.blobs import BlobMissing, BlobStore
from mailfax.spool.store import Store
from mailfax.t4codec import decode
from mailfax.t4codec.tiff import T6Page

_PICTURE_PX = 864  # half of a fax page's width: readable, and small enough for a mail
DrawText = Callable[[str], Sequence[RenderedPage]]


class EvidenceMaker:
    """Makes enclosures; where a page is no longer on disk there is none."""

    def __init__(
        self, *, store: Store, blobs: BlobStore, identity: Identity, calls_root: Path, draw_text: DrawText
    ) -> None:
        self._store, self._blobs, self._identity = store, blobs, identity
        self._calls_root, self._draw_text = calls_root, draw_text

    def picture(self, submission: Submission, report: JobReport) -> tuple[Enclosure, ...]:
        """Return page 1 as it was sent."""
        pages = self.sent(submission, report, most=1)
        if not pages:
            return ()
        return (Enclosure(octets=_picture(pages[0]), content_type="image/png", filename="page-1.png", inline=True),)

    def pdf(self, submission: Submission, report: JobReport, words: str) -> tuple[Enclosure, ...]:
        """Return a sheet with the report's words, then each page as it was sent."""
        pages = self.sent(submission, report)
        if not pages:
            return ()
        sheet = [page.fine for page in self._draw_text(words)]
        title = f"Fax {report.job.id} to {report.job.number}"
        octets = fax_pdf([*sheet, *(page.page for page in pages)], PdfMetadata(title=title))
        return (Enclosure(octets=octets, content_type="application/pdf", filename=f"{report.job.id}.pdf"),)

    def signalling(self, report: JobReport) -> tuple[Enclosure, ...]:
        """Return the transcripts of the job's calls that are kept."""
        files = []
        for attempt in report.attempts:
            path = transcript_path(self._calls_root, attempt.call_id)
            if attempt.call_id and path.is_file():
                files.append(
                    Enclosure(octets=path.read_bytes(), content_type="text/plain", filename=f"{path.name}.txt")
                )
        return tuple(files)

    def sent(self, submission: Submission, report: JobReport, most: int | None = None) -> Sequence[PreviewPage]:
        """Return the pages of a job as they were sent, or, of one that was not called, as they would be; none if they are gone."""
        document = self._store.document(submission.id)
        if document is None or report.job.poll is not None:
            return ()
        return self.pages(submission, document, report, most)

    def pages(
        self, submission: Submission, document: Document, report: JobReport, most: int | None = None
    ) -> Sequence[PreviewPage]:
        """Return the pages of a job of this document with their header lines."""
        whole = document.for_job(report.job.id).pages
        try:
            rendered = [self._rendered(page) for page in whole[:most]]
        except BlobMissing:
            return ()
        last_us = report.attempts[-1].started_us if report.attempts else report.job.created_us
        by_page = {
            page: attempt.started_us for attempt in reversed(report.attempts) for page in attempt.result.confirmed
        }
        header = SentHeader(
            identity=sender_identity(submission, self._store, self._identity),
            number=report.job.number,
            pages=len(whole),
            started_us=last_us,
            job=report.job.id,
        )
        resolution = report.job.recipient.options.resolution or Resolution.FINE
        made: list[PreviewPage] = []
        for number, page in enumerate(rendered, start=1):
            started_us = by_page.get(number, last_us)
            made += preview([page], replace(header, started_us=started_us), resolution, first=number)
        return made

    def _rendered(self, page: DocumentPage) -> RenderedPage:
        return RenderedPage(
            fine=self._at_rest(page.fine),
            standard=self._at_rest(page.standard),
            dense=self._at_rest(page.dense) if page.dense else None,
        )

    def _at_rest(self, page: PageBlob) -> T6Page:
        octets = self._blobs.get(page.digest)
        return T6Page(octets=octets, width_px=page.width_px, rows=page.rows, resolution=page.resolution)


def text_drawer(settings: RenderSettings, context: BaseContext) -> DrawText:
    """Return what draws a text as fax pages, in the limited child that draws mails: foreign names stand in it."""

    def draw(words: str) -> Sequence[RenderedPage]:
        message = EmailMessage(policy=SMTP)
        message.set_content(words)
        return render_in_child(message.as_bytes(), settings, lambda _page, _pages: None, context).pages

    return draw


def _picture(page: PreviewPage) -> bytes:
    """Return a page as a grey picture of the right aspect, half as wide as the fax."""
    fax = page.page
    black = decode(fax.octets, Coding.MMR, width_px=fax.width_px).bitmap.to_bool()
    density = fax.resolution.density
    rows = round(fax.rows * _PICTURE_PX / fax.width_px * density.x_dpi / density.y_dpi)
    whole = Image.fromarray(np.where(black, 0, 255).astype(np.uint8))
    grey = whole.resize((_PICTURE_PX, max(rows, 1)), Image.Resampling.BOX)
    octets = BytesIO()
    # 16 greys are enough for what was black and white, and halve the file.
    grey.quantize(16).save(octets, "PNG", optimize=True)
    return octets.getvalue()
