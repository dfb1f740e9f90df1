"""Pages between rest (T.6) and the line (the form that the DCS chose). Used by every call, queued or not, in both directions."""

from mailfax.model.page import Coding, Jbig, PageFormat, Resolution
from mailfax.render.paper import PAPERS
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
from mailfax.t4codec.scale import resize, shorten
from mailfax.t4codec.t85 import decode_t85, encode_t85
from mailfax.t30.commands import PageStored


def source_resolution(form: PageFormat) -> Resolution:
    """Return in which of its two rasters a page goes out: standard as it was made for that, all else from fine."""
    return Resolution.STANDARD if form.resolution is Resolution.STANDARD else Resolution.FINE


def coded_page(
    strip: Bitmap | None, body_t6: bytes, width_px: int, rows: int, form: PageFormat, bit_rate: int
) -> bytes:
    """Code a page for the line, its header strip above it, filled up to the minimum scan line time (T.4, 4.1.3).

    Strip and body are in the `source_resolution` of the form; where the form is finer or wider, both are scaled to it.

    What is drawn leaves room for the strip (see `mailfax.render.paper`), so that both together are no longer than an A4 sheet;
    a longer page, such as a fax that passes as it came, is made smaller for a machine that takes no more than that.
    """
    body = decode(body_t6, Coding.MMR, width_px=width_px, max_rows=rows).bitmap
    source = source_resolution(form)
    if not form.unlimited_length:
        body = shorten(body, PAPERS[source].page_rows - (strip.rows if strip else 0))
    page = body if strip is None else Bitmap.stack(strip, body)
    rows_of_one = round(form.resolution.rows_per_mm / source.rows_per_mm)
    page = resize(page, width_px=form.width_px, rows=page.rows * rows_of_one)
    fill_to = min_row_bits(bit_rate, form.min_scan_line_ms)
    if form.coding is Jbig.T85:
        return encode_t85(page)
    return encode(page, form.coding, options=EncodeOptions(k=K_BY_RESOLUTION[form.resolution], min_row_bits=fill_to))


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


def received_page(octets: bytes, form: PageFormat, bad_rows: BadRows = BadRows.COPY) -> tuple[bytes, Decoded]:
    """Turn a page from the line into T.6, with `bad_rows` for what cannot be read, and say what was wrong with it.

    T.6 that came whole (only ECM brings it) is kept octet for octet, without the zeros that fill its last frame.
    """
    if form.coding is Jbig.T85:
        decoded = decode_t85(octets, width_px=form.width_px)
        return encode(decoded.bitmap, Coding.MMR), decoded
    decoded = decode(octets, form.coding, width_px=form.width_px, options=DecodeOptions(bad_rows=bad_rows))
    as_it_came = form.coding is Coding.MMR and decoded.complete and not decoded.bad_rows and not decoded.extension_rows
    return octets.rstrip(b"\0") if as_it_came else encode(decoded.bitmap, Coding.MMR), decoded
