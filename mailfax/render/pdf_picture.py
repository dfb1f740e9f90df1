"""PDF pages that are one image, as scanners and fax programs write them: a fax keeps its pels, a JPEG is decoded at the size needed.

Used by `pdf`.
"""

import ctypes
import re
from dataclasses import dataclass
from io import BytesIO

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from numpy.typing import NDArray
from PIL import Image

from mailfax.render.faxpage import fax_resolution, fax_sheet
from mailfax.render.pdf_objects import Frame, Matrix, Picture
from mailfax.render.sheet import Sheet
from mailfax.render.tones import Grey

# In the dictionary of an image these change what its JPEG means. Dictionaries of streams are never inside compressed objects.
_CHANGES_MEANING = re.compile(rb"/Decode(?!Parms)|/Mask|/ImageMask|/SMaskInData")
_PLAIN_COLOURS = {
    pdfium_c.FPDF_COLORSPACE_DEVICEGRAY,
    pdfium_c.FPDF_COLORSPACE_DEVICERGB,
    pdfium_c.FPDF_COLORSPACE_CALGRAY,
    pdfium_c.FPDF_COLORSPACE_CALRGB,
    pdfium_c.FPDF_COLORSPACE_ICCBASED,
}
_OCTETS_A_PEL = {pdfium_c.FPDFBitmap_Gray: 1, pdfium_c.FPDFBitmap_BGR: 3}  # the latter of a palette of two colours
_STRAIGHT = 0.002  # how much a side may lean, as a share of its length


@dataclass(frozen=True, kw_only=True, slots=True)
class _Placed:
    """Where a picture lies on the page in pels, and how it has to be turned over to lie there."""

    box: tuple[float, float, float, float]
    lying: bool
    mirrored: bool
    upside_down: bool


def allows_plain_jpegs(octets: bytes) -> bool:
    """Say whether the JPEGs of a file mean what a JPEG decoder makes of them."""
    return not _CHANGES_MEANING.search(octets)


def _placed(matrix: Matrix) -> _Placed | None:
    """Say how a unit square lies; None if it is slanted. The first row of a picture is the upper side of its square."""
    a, b, c, d, e, f = matrix
    longest = max(abs(a), abs(b), abs(c), abs(d))
    xs, ys = sorted((e, e + a + c)), sorted((f, f + b + d))
    box = (xs[0], ys[0], xs[1], ys[1])
    if max(abs(b), abs(c)) < _STRAIGHT * longest:
        return _Placed(box=box, lying=False, mirrored=a < 0, upside_down=d > 0)
    if max(abs(a), abs(d)) < _STRAIGHT * longest:
        return _Placed(box=box, lying=True, mirrored=c > 0, upside_down=b < 0)
    return None


def fax_page(page: pdfium.PdfPage, picture: Picture) -> Sheet | None:
    """Return a page that is one fax image with no pel changed; None if it is none."""
    placed = _placed(picture.matrix)
    about = _metadata(page, picture)
    if placed is None or placed.lying or placed.mirrored or placed.upside_down:
        return None
    if about is None or about.bits_per_pixel != 1:
        return None
    resolution = fax_resolution(about.width, (about.horizontal_dpi, about.vertical_dpi))
    if resolution is None:
        return None
    black = _pels(picture)
    return None if black is None else fax_sheet(black, resolution)


def _metadata(page: pdfium.PdfPage, picture: Picture) -> pdfium_c.FPDF_IMAGEOBJ_METADATA | None:
    about = pdfium_c.FPDF_IMAGEOBJ_METADATA()
    return about if pdfium_c.FPDFImageObj_GetImageMetadata(picture.handle, page, about) else None


def _pels(picture: Picture) -> NDArray[np.bool_] | None:
    """Return the image as the file holds it, True is black."""
    bitmap = pdfium_c.FPDFImageObj_GetBitmap(picture.handle)
    if not bitmap:
        return None
    try:
        octets_a_pel = _OCTETS_A_PEL.get(pdfium_c.FPDFBitmap_GetFormat(bitmap))
        if octets_a_pel is None:
            return None
        rows, stride = pdfium_c.FPDFBitmap_GetHeight(bitmap), pdfium_c.FPDFBitmap_GetStride(bitmap)
        address = pdfium_c.FPDFBitmap_GetBuffer(bitmap)
        cells = np.ctypeslib.as_array(ctypes.cast(address, ctypes.POINTER(ctypes.c_uint8)), shape=(rows, stride))
        wide = pdfium_c.FPDFBitmap_GetWidth(bitmap) * octets_a_pel
        channels = [cells[:, at:wide:octets_a_pel] for at in range(octets_a_pel)]
        is_plain = all(np.array_equal(channel, channels[0]) for channel in channels)
        is_plain = is_plain and bool(((channels[0] == 0) | (channels[0] == 255)).all())
        return channels[0] == 0 if is_plain else None  # other two tones are ink and paper of their own
    finally:
        pdfium_c.FPDFBitmap_Destroy(bitmap)


def jpeg_page(page: pdfium.PdfPage, picture: Picture, frame: Frame) -> Grey | None:
    """Draw a page that is one JPEG, decoded as small as the raster allows; None if pdfium has to draw it."""
    placed = _placed(picture.matrix)
    about = _metadata(page, picture)
    if (
        placed is None
        or about is None
        or about.colorspace not in _PLAIN_COLOURS
        or about.bits_per_pixel not in {8, 24}
        or _filters(picture) != ["DCTDecode"]
        or pdfium_c.FPDFPageObj_HasTransparency(picture.handle)
    ):
        return None
    left, top, right, bottom = (round(edge) for edge in placed.box)
    first, end = frame.left, frame.left + frame.width
    if left < first - 1 or top < -1 or right > end + 1 or bottom > frame.rows + 1:
        return None  # cut off at the edges of the page
    left, top, right, bottom = max(left, first), max(top, 0), min(right, end), min(bottom, frame.rows)
    if right - left < 1 or bottom - top < 1:
        return None
    image = _decoded(picture, (right - left, bottom - top), placed)
    if image is None:
        return None
    grey = np.full((frame.rows, frame.line_px), 255, dtype=np.uint8)
    grey[top:bottom, left:right] = np.asarray(image)
    return grey


def _decoded(picture: Picture, size: tuple[int, int], placed: _Placed) -> Image.Image | None:
    length = pdfium_c.FPDFImageObj_GetImageDataRaw(picture.handle, None, 0)
    raw = ctypes.create_string_buffer(length)
    pdfium_c.FPDFImageObj_GetImageDataRaw(picture.handle, raw, length)
    turned = (size[1], size[0]) if placed.lying else size
    try:
        with Image.open(BytesIO(raw.raw), formats=("JPEG",)) as image:
            if image.mode not in {"L", "RGB"}:
                return None
            image.draft("L", turned)
            grey = image.convert("L")
    except (OSError, SyntaxError, ValueError):
        return None  # pdfium shows what can be shown of a damaged one
    shrinks = turned[0] <= grey.width and turned[1] <= grey.height
    grey = grey.resize(turned, Image.Resampling.BOX if shrinks else Image.Resampling.BICUBIC)
    if placed.lying:
        grey = grey.transpose(Image.Transpose.TRANSPOSE)
    if placed.mirrored:
        grey = grey.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return grey.transpose(Image.Transpose.FLIP_TOP_BOTTOM) if placed.upside_down else grey


def _filters(picture: Picture) -> list[str]:
    names = []
    for index in range(pdfium_c.FPDFImageObj_GetImageFilterCount(picture.handle)):
        name = ctypes.create_string_buffer(64)
        pdfium_c.FPDFImageObj_GetImageFilter(picture.handle, index, name, 64)
        names.append(name.value.decode("ascii", "replace"))
    return names
