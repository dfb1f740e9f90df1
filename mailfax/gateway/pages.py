"""Pages between rest (T.6) and the line (the form that the DCS chose). Used by every call, queued or not, in both directions."""

from collections.abc import Iterable
from typing import Protocol, TypeVar

from mailfax.gateway.identity import SentHeader
from mailfax.model.document import DocumentPage
from mailfax.model.page import A3_WIDTH_PX, A4_WIDTH_PX, B4_WIDTH_PX, Coding, Jbig, PageFormat, PaperLength, Resolution
from mailfax.render.paper import PAPERS
from mailfax.spool.blobs import BlobStore
from mailfax.t4codec import (
    K_BY_RESOLUTION,
    BadRows,
    Bitmap,
    Decoded,
    DecodeOptions,
    EncodeOptions,
    decode,
    encode,
    min_row_bits,
)
from mailfax.t4codec.scale import fit, shorten
from mailfax.t4codec.t85 import decode_t85, encode_t85, t85_width_px
from mailfax.t30.commands import FetchPage, PageStored

LONGEST_T85_ROWS = 20_000  # two and a half metres at 7.7 rows/mm
_PAPER_WIDTHS_PX = (A4_WIDTH_PX, B4_WIDTH_PX, A3_WIDTH_PX)


_Raster_co = TypeVar("_Raster_co", covariant=True)


class Rasters(Protocol[_Raster_co]):
    """A page at each resolution in which it was drawn."""

    @property
    def fine(self) -> _Raster_co:
        """At 204x196."""
        ...

    @property
    def standard(self) -> _Raster_co:
        """At 204x98."""
        ...

    @property
    def dense(self) -> _Raster_co | None:
        """Finer than fine, if that was asked for."""
        ...


def raster_of(page: Rasters[_Raster_co], resolution: Resolution) -> _Raster_co:
    """Return the raster of a page that goes out in this resolution: the third one, where there is one, in all that is finer than fine."""
    match resolution:
        case Resolution.STANDARD:
            return page.standard
        case Resolution.FINE | Resolution.INCH_200:
            return page.fine
        case _:
            return page.dense or page.fine


def source_resolution(form: PageFormat) -> Resolution:
    """Return in which raster a page of two goes out: standard as it was made for that, all else from fine."""
    return Resolution.STANDARD if form.resolution is Resolution.STANDARD else Resolution.FINE


def paper_width_px(widths_px: Iterable[int]) -> int:
    """Return how wide the paper must be for pages of these widths in pels at 8.04 a mm: that of A4, B4 or A3."""
    widest = max(widths_px, default=A4_WIDTH_PX)
    return next((paper for paper in _PAPER_WIDTHS_PX if paper >= widest), _PAPER_WIDTHS_PX[-1])


def coded_page(
    strip: Bitmap | None,
    body_t6: bytes,
    width_px: int,
    rows: int,
    form: PageFormat,
    bit_rate: int,
    source: Resolution | None = None,
) -> bytes:
    """Code a page for the line, its header strip above it, filled up to the minimum scan line time (T.4, 4.1.3).

    Strip and body are in `source`, or else in the `source_resolution` of the form. A body that is wider or longer than the paper of the form is made
    smaller, a narrower one stands in the middle; the strip is never made smaller, so that it stays legible. Where the form is
    finer, both are scaled to it: by whole numbers between grids that are alike (fine and 200x200 differ by 2 %, which T.4
    tolerates), else by the nearest pel.
    """
    source = source or source_resolution(form)
    density, paper_px = source.density, source.width_px(form.resolution.r8_px(form.width_px))
    body = fit(
        decode(body_t6, Coding.MMR, width_px=width_px, max_rows=rows).bitmap, density, to=density, width_px=paper_px
    )
    if strip is not None:
        strip = fit(strip, density, to=density, width_px=paper_px)
    if form.length is not PaperLength.UNLIMITED:
        body = shorten(body, longest_rows(source, form.length) - (strip.rows if strip else 0))
    page = body if strip is None else Bitmap.stack(strip, body)
    page = fit(page, density, to=form.resolution.density, width_px=form.width_px)
    if form.coding is Jbig.T85:
        return encode_t85(page)
    options = EncodeOptions(
        k=K_BY_RESOLUTION[form.resolution], min_row_bits=min_row_bits(bit_rate, form.min_scan_line_ms)
    )
    return encode(page, form.coding, options=options)


def coded_cover(cover: Bitmap, form: PageFormat, bit_rate: int) -> bytes:
    """Code a cover of our own, which has no header strip."""
    return coded_page(None, encode(cover, Coding.MMR), cover.width_px, cover.rows, form, bit_rate)


def longest_rows(source: Resolution, length: PaperLength) -> int:
    """Return how many rows fit on paper of this length, at the resolution of a raster of ours."""
    return int(PAPERS[source].page_rows * length.mm / PaperLength.A4.mm)


def page_for_line(page: DocumentPage, wanted: FetchPage, header: SentHeader, blobs: BlobStore) -> bytes:
    """Code a page of a document at rest as a call wants it. Raises BlobMissing."""
    blob = raster_of(page, wanted.form.resolution)
    return coded_page(
        strip=header.strip(wanted.index + 1, blob.resolution),
        body_t6=blobs.get(blob.digest),
        width_px=blob.width_px,
        rows=blob.rows,
        form=wanted.form,
        bit_rate=wanted.bit_rate,
        source=blob.resolution,
    )


def account_of(decoded: Decoded, took_s: float = 0.0) -> PageStored:
    """Tell the engine what the decoder found; it decides what is good enough."""
    return PageStored(
        rows=decoded.rows,
        bad_rows=decoded.bad_rows,
        longest_bad_run=decoded.longest_bad_run,
        missing_rows=decoded.missing_rows,
        gap_bits=decoded.longest_gap_bits,
        took_s=took_s,
    )


def _received_t85(octets: bytes, width_px: int) -> Decoded:
    """Decode T.85; a page that says that it is wider than the DCS did is none, so that a few octets cannot ask for hours of work."""
    bound = octets if t85_width_px(octets) <= width_px else b""
    return decode_t85(bound, width_px=width_px, max_rows=LONGEST_T85_ROWS)


def received_page(octets: bytes, form: PageFormat, bad_rows: BadRows = BadRows.COPY) -> tuple[bytes, Decoded]:
    """Turn a page from the line into T.6, with `bad_rows` for what cannot be read, and say what was wrong with it.

    T.6 that came whole (only ECM brings it) is kept octet for octet, without the zeros that fill its last frame.
    """
    if form.coding is Jbig.T85:
        decoded = _received_t85(octets, form.width_px)
        return encode(decoded.bitmap, Coding.MMR), decoded
    decoded = decode(octets, form.coding, width_px=form.width_px, options=DecodeOptions(bad_rows=bad_rows))
    as_it_came = form.coding is Coding.MMR and decoded.complete and not decoded.bad_rows and not decoded.extension_rows
    return octets.rstrip(b"\0") if as_it_came else encode(decoded.bitmap, Coding.MMR), decoded
