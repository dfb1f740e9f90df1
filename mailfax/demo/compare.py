"""Did every page arrive equal to what was sent? Judged by libtiff (through Pillow), not by our own codec or hashes.

Sent: the document's T.6 pages under the header strip of the attempt. Arrived: the T.6 streams of the PDF in the mailbox, as
they stand in the file. Both are decoded by libtiff and compared pel by pel.
"""

import io
import mailbox
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any

import numpy as np
import pypdf
from numpy.typing import NDArray
from PIL import Image
from pypdf.generic import ArrayObject, StreamObject

from mailfax.gateway.identity import SentHeader
from mailfax.gateway.pages import raster_of
from mailfax.model.document import Document
from mailfax.model.page import Resolution
from mailfax.spool.blobs import BlobStore
from mailfax.t4codec.tiff import T6Page, write_t6_tiff

Pels = NDArray[np.bool_]
POINTS_PER_INCH = 72.0
T6_IN_PDF = ("/CCITTFaxDecode", -1)  # ISO 32000-1, table 11: K < 0 is T.6


@dataclass(frozen=True, kw_only=True, slots=True)
class PageVerdict:
    """One page of one job. `different_pels` counts what differs, or is None when sizes differ or the page is missing."""

    page: int
    equal: bool
    different_pels: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ArrivedPage:
    """One page of a delivered PDF, decoded by libtiff."""

    resolution: Resolution
    pels: Pels


def libtiff_pels(page: T6Page) -> Pels:
    """Decode T.6 by libtiff: True is black."""
    with Image.open(io.BytesIO(write_t6_tiff([page]))) as image:
        return np.logical_not(np.asarray(image, dtype=np.bool_))


def arrived_pages(pdf: bytes) -> Iterator[ArrivedPage]:
    """Take the T.6 streams out of a delivered PDF as they stand there, and have libtiff decode them."""
    for page in pypdf.PdfReader(io.BytesIO(pdf)).pages:
        resources: Any = page["/Resources"].get_object()
        (image,) = [entry.get_object() for entry in resources["/XObject"].get_object().values()]
        if _coding(image) != T6_IN_PDF:
            raise ValueError("the PDF's page is not T.6")
        rows, width_px = int(image["/Height"]), int(image["/Width"])
        fine = rows / (float(page.mediabox.height) / POINTS_PER_INCH) > (98 + 196) / 2
        resolution = Resolution.FINE if fine else Resolution.STANDARD
        yield ArrivedPage(
            resolution=resolution,
            pels=libtiff_pels(T6Page(octets=image._data, width_px=width_px, rows=rows, resolution=resolution)),
        )


def _coding(image: StreamObject) -> tuple[str, int]:
    """Return filter and K; a single filter may stand alone or in an array (ISO 32000-1, 7.4.1)."""
    filters: Any = image["/Filter"]
    parameters: Any = image["/DecodeParms"]
    if isinstance(filters, ArrayObject):
        (filters,), (parameters,) = filters, parameters
    return str(filters), int(parameters["/K"])


def compare(document: Document, header: SentHeader, blobs: BlobStore, pdf: bytes) -> list[PageVerdict]:
    """Compare what was sent in one job with the PDF that was delivered for it, page by page."""
    arrived = list(arrived_pages(pdf))
    verdicts = []
    for number, page in enumerate(document.pages, 1):
        if number > len(arrived):
            verdicts.append(PageVerdict(page=number, equal=False, different_pels=None))
            continue
        got = arrived[number - 1]
        blob = raster_of(page, got.resolution)
        body = T6Page(octets=blobs.get(blob.digest), width_px=blob.width_px, rows=blob.rows, resolution=blob.resolution)
        sent = np.vstack([header.strip(number, blob.resolution).to_bool(), libtiff_pels(body)])
        different = int(np.count_nonzero(sent != got.pels)) if sent.shape == got.pels.shape else None
        verdicts.append(PageVerdict(page=number, equal=different == 0, different_pels=different))
    verdicts += [
        PageVerdict(page=number, equal=False, different_pels=None)
        for number in range(len(document.pages) + 1, len(arrived) + 1)
    ]
    return verdicts


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliveredFax:
    """A mail with a received fax, as it lies in a mailbox. `pdf` is a copy beside the mailboxes, for a person to open."""

    called: str
    mailbox: str
    pdf: Path
    octets: bytes


def delivered_faxes(mailboxes: Path, copies: Path) -> Iterator[DeliveredFax]:
    """Find every received fax in the Maildirs, and copy its PDF where a person can open it."""
    copies.mkdir(exist_ok=True)
    for owner, message in _messages(mailboxes):
        for part in message.walk():
            if part.get_content_type() == "application/pdf" and message["X-Fax-Id"]:
                octets = bytes(part.get_payload(decode=True))
                pdf = copies / f"{message['X-Fax-Id']}.pdf"
                pdf.write_bytes(octets)
                yield DeliveredFax(called=str(message["X-Fax-To"]), mailbox=owner, pdf=pdf, octets=octets)


def reports(mailboxes: Path, owner: str) -> Iterator[str]:
    """Return the text of each report that lies in the sender's mailbox."""
    for name, message in _messages(mailboxes):
        if name == owner and not message["X-Fax-Id"]:
            body = next((part for part in message.walk() if part.get_content_type() == "text/plain"), None)
            text = bytes(body.get_payload(decode=True)).decode(errors="replace") if body is not None else ""
            yield "\n".join(
                f"    {line}"
                for line in (f"Subject: {' '.join(str(message['Subject']).split())}", "", *text.splitlines())
            )


def _messages(mailboxes: Path) -> Iterator[tuple[str, Message]]:
    for folder in sorted(mailboxes.iterdir()) if mailboxes.is_dir() else []:
        box = mailbox.Maildir(folder, create=False)
        for key in sorted(box.keys()):
            yield folder.name, box[key]
