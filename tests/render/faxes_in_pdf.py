"""Wraps a fax TIFF of one page in a PDF, coded by T.6 or as JBIG2, without one changed pel. For tests that forwarded faxes pass as they are."""

import struct
from io import BytesIO
from pathlib import Path

import img2pdf
import pikepdf
from PIL import Image

_PAGE_INFO, _GENERIC_REGION = 48, 38  # T.88, 7.3: types of segments; the region is the whole page at once
_MMR = 0x01  # T.88, 7.4.6.2


def _one_strip(path: Path) -> bytes:
    """Have libtiff code the page anew as T.6, first bit in the high bit, at the density of fine resolution."""
    octets = BytesIO()
    with Image.open(path) as tiff:
        page = tiff.convert("1")
        page.save(octets, "TIFF", compression="group4", dpi=(204, 196), strip_size=1 << 30, tiffinfo={262: 0})
    return octets.getvalue()


def ccitt_pdf(path: Path) -> bytes:
    """Wrap a fax by img2pdf, which takes the coded data as they are."""
    pdf: bytes = img2pdf.convert(_one_strip(path))
    return pdf


def jbig2_pdf(path: Path) -> bytes:
    """The same with the coded data in a generic region of JBIG2, whose MMR is T.6 (T.88, 6.2.6)."""
    with pikepdf.open(BytesIO(ccitt_pdf(path))) as document:
        [image] = document.pages[0].Resources.XObject.values()
        width, height = int(image.Width), int(image.Height)
        area = struct.pack(">IIIIB", width, height, 0, 0, 0)
        page = struct.pack(">IIIIBH", width, height, 0, 0, 0, 0)
        region = area + bytes([_MMR]) + image.read_raw_bytes()
        image.write(
            _segment(0, _PAGE_INFO, page) + _segment(1, _GENERIC_REGION, region), filter=pikepdf.Name.JBIG2Decode
        )
        octets = BytesIO()
        document.save(octets)
    return octets.getvalue()


def _segment(number: int, kind: int, data: bytes) -> bytes:
    """Write a segment of page 1 that refers to no other (T.88, 7.2)."""
    return struct.pack(">IBBBI", number, kind, 0, 1, len(data)) + data
