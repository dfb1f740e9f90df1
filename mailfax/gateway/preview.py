"""What would be faxed, without a call: the pages with their header strips, coded as a line would code them, and their line time.

Used by `mailfax render`, by previews by mail and by reports (`proof`). Nothing here opens a decoder: what comes in was
rendered in the limited child.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from mailfax.gateway.identity import SentHeader
from mailfax.gateway.pages import coded_page, paper_width_px, raster_of
from mailfax.model.page import Coding, PageFormat, PaperLength, Resolution
from mailfax.render.faxpdf import PdfMetadata, fax_pdf
from mailfax.render.result import RenderedPage
from mailfax.t4codec import decode
from mailfax.t4codec.tiff import T6Page, write_t6_tiff

LINE_BIT_RATE = 14_400


class FileKind(StrEnum):
    """The files in which a preview can be written."""

    PNG = "png"
    TIFF = "tiff"
    PDF = "pdf"


@dataclass(frozen=True, kw_only=True, slots=True)
class PreviewPage:
    """One page as it would go out: strip and body in one T.6 image, and its seconds at 14400 bit/s, protocol not counted."""

    page: T6Page
    seconds: float


def preview(
    pages: Sequence[RenderedPage], header: SentHeader, resolution: Resolution, first: int = 1
) -> tuple[PreviewPage, ...]:
    """Put the header strips on and code every page by T.6, as a call with error correction does. The pages are numbered from `first` on."""
    form = PageFormat(
        coding=Coding.MMR,
        resolution=resolution,
        width_px=resolution.width_px(paper_width_px(page.fine.width_px for page in pages)),
        length=PaperLength.UNLIMITED,
    )
    made = []
    for number, rendered in enumerate(pages, start=first):
        body = raster_of(rendered, resolution)
        strip = header.strip(number, body.resolution)
        octets = coded_page(strip, body.octets, body.width_px, body.rows, form, LINE_BIT_RATE, body.resolution)
        rows = decode(octets, Coding.MMR, width_px=form.width_px).rows
        page = T6Page(octets=octets, width_px=form.width_px, rows=rows, resolution=resolution)
        made.append(PreviewPage(page=page, seconds=len(octets) * 8 / LINE_BIT_RATE))
    return tuple(made)


def write_preview(pages: Sequence[PreviewPage], folder: Path, kind: FileKind, title: str) -> tuple[Path, ...]:
    """Write the pages into the folder, which is made if need be: a PNG each, or one TIFF or PDF. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    t6 = [page.page for page in pages]
    match kind:
        case FileKind.PNG:
            files = {f"page-{number:03}.png": _png(page) for number, page in enumerate(t6, start=1)}
        case FileKind.TIFF:
            files = {"fax.tif": write_t6_tiff(t6)}
        case FileKind.PDF:
            files = {"fax.pdf": fax_pdf(t6, PdfMetadata(title=title))}
    for name, octets in files.items():
        (folder / name).write_bytes(octets)
    return tuple(folder / name for name in files)


def _png(page: T6Page) -> bytes:
    """Return the page pixel by pixel, with its true density, so that a viewer that heeds it shows the right aspect."""
    black = decode(page.octets, Coding.MMR, width_px=page.width_px).bitmap.to_bool()
    octets = BytesIO()
    Image.fromarray(np.where(black, 0, 255).astype(np.uint8)).convert("1").save(
        octets, "PNG", dpi=tuple(page.resolution.density)
    )
    return octets.getvalue()
