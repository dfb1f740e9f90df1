"""JPEG, PNG and TIFF become sheets by Pillow; a fax kept as TIFF passes with no pixel changed. Used by `story`."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps

from mailfax.model.page import A4_WIDTH_PX, Resolution
from mailfax.render.bilevel import is_photograph, sheet_of, to_black
from mailfax.render.fit import Fit, fit
from mailfax.render.paper import FINE, STANDARD, X_DPI, Paper
from mailfax.render.sheet import PartUnreadable, Portion, Sheet
from mailfax.t4codec.bitmap import Bitmap

_FORMATS = ("JPEG", "PNG", "TIFF")
_DEFAULT_DPI = 96.0
_SANE_DPI = (50.0, 2400.0)
# A picture stays clear of the edges that printers do not reach; a scanned page is as wide as the paper anyway.
_MARGIN_INCHES = 0.25
_PAGE_WIDTH_INCHES = 7.8
_PAGE_DPI = 100.0
# What Pillow's decoders raise for files that are damaged, by experience with its own collection of such files.
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    TypeError,
    KeyError,
    IndexError,
    OverflowError,
    ZeroDivisionError,
)
# Vertical densities of a fax in rows per inch, with what writers round them to.
_FAX_DENSITIES = {Resolution.STANDARD: (96.0, 100.0), Resolution.FINE: (190.0, 205.0)}
_FAX_X_DPI = (199.0, 210.0)
_LYING = {5, 6, 7, 8}  # EXIF orientations with rows and columns exchanged


@contextmanager
def _decoding() -> Iterator[None]:
    """Give every complaint of a decoder one name; a picture beyond Pillow's limit of pixels is refused, not decoded."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            yield
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise PartUnreadable("has more pixels than this server decodes") from error
        except _DAMAGE as error:
            raise PartUnreadable(
                "is no JPEG, PNG or TIFF picture that can be read; it is damaged or cut short"
            ) from error


class ImageSource:
    """An open picture, or the pages of a TIFF (a sheet.Source)."""

    def __init__(self, octets: bytes) -> None:
        with _decoding():
            self._image = Image.open(BytesIO(octets), formats=_FORMATS)
            self._is_tiff = self._image.format == "TIFF"
            self._page_count = int(getattr(self._image, "n_frames", 1)) if self._is_tiff else 1
        self._notes: list[str] = []

    @property
    def page_count(self) -> int:
        """Return how many pictures are in the file."""
        return self._page_count

    def sheets(self) -> Iterator[Sheet]:
        """Draw picture by picture."""
        for index in range(self._page_count):
            with _decoding():
                if self._is_tiff:
                    self._image.seek(index)
                sheet = self._draw()
            if not sheet.fine.packed.any():
                self._notes.append(f"picture {index + 1} came out blank")
            yield sheet

    def _draw(self) -> Sheet:
        image = self._image
        lying = image.getexif().get(ExifTags.Base.Orientation, 1) in _LYING
        if self._is_tiff:
            image.load()  # which turns it as its orientation says
        dpi = _density(image)[::-1] if lying else _density(image)
        resolution = _fax_resolution(image, dpi)
        if resolution is not None:
            return _fax_page(~np.asarray(image.convert("1")), resolution)
        longest_px = max(image.size)
        if image.format == "JPEG":
            # JPEG decodes at half, a quarter or an eighth of its size for nothing: no more than twice what is needed.
            image.draft("L", (2 * A4_WIDTH_PX, 2 * FINE.body_rows))
        upright = ImageOps.exif_transpose(image)
        drafted = longest_px / max(upright.size)
        inches = (upright.width * drafted / dpi[0], upright.height * drafted / dpi[1])
        like_a_page = min(dpi) >= _PAGE_DPI and max(inches) >= _PAGE_WIDTH_INCHES
        size = fit(*inches, may_turn=self._is_tiff, margin_inches=0.0 if like_a_page else _MARGIN_INCHES)
        grey = to_grey(upright)
        if size.turned:
            grey = grey.transpose(Image.Transpose.ROTATE_90)
        fine, standard = _scaled(grey, size, FINE), _scaled(grey, size, STANDARD)
        photo = is_photograph(fine)
        return sheet_of(_black(fine, FINE, photo=photo), _black(standard, STANDARD, photo=photo))

    def portions(self) -> tuple[Portion, ...]:
        """Return the one portion."""
        return (Portion(first=0, last=self._page_count - 1, note="; ".join(self._notes)),)


def _density(image: Image.Image) -> tuple[float, float]:
    low, high = _SANE_DPI
    x, y = (float(value) for value in image.info.get("dpi", (0, 0)))
    return (x, y) if low <= x <= high and low <= y <= high else (_DEFAULT_DPI, _DEFAULT_DPI)


def _black(grey: NDArray[np.uint8], paper: Paper, *, photo: bool) -> NDArray[np.bool_]:
    rows, width = grey.shape
    return to_black(grey, paper.resolution, ((0, 0, width, rows),) if photo else ())


def _scaled(grey: Image.Image, size: Fit, paper: Paper) -> NDArray[np.uint8]:
    width, rows = size.size_px(paper)
    shrinks = width <= grey.width and rows <= grey.height
    method = Image.Resampling.BOX if shrinks else Image.Resampling.BICUBIC
    return np.asarray(grey.resize((width, rows), method))


def to_grey(image: Image.Image) -> Image.Image:
    """Return the picture as 8 bit grey, laid on white paper where it is transparent."""
    if image.mode.startswith("I"):  # 16 bits in a PNG or TIFF
        wide = np.asarray(image).astype(np.int64)
        return Image.fromarray((wide >> 8 if wide.max(initial=0) > 255 else wide).clip(0, 255).astype(np.uint8))
    if image.mode == "F":
        real = np.nan_to_num(np.asarray(image))
        return Image.fromarray((real * (255 if real.max(initial=0) <= 1 else 1)).clip(0, 255).astype(np.uint8))
    if image.has_transparency_data:
        coloured = image.convert("RGBA")
        white = Image.new("RGBA", coloured.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, coloured).convert("L")
    if image.mode in {"CMYK", "LAB"}:
        return image.convert("RGB").convert("L")
    return image.convert("L")


def _fax_resolution(image: Image.Image, dpi: tuple[float, float]) -> Resolution | None:
    """Say which fax raster this picture already has, if any."""
    if image.mode != "1" or image.width != A4_WIDTH_PX or not _FAX_X_DPI[0] <= dpi[0] <= _FAX_X_DPI[1]:
        return None
    for resolution, (low, high) in _FAX_DENSITIES.items():
        if low <= dpi[1] <= high:
            return resolution
    return None


def _fax_page(black: NDArray[np.bool_], resolution: Resolution) -> Sheet:
    """Keep every pixel of a fax: white rows give way to the header strip, ink does not, unless no sheet is so long."""
    paper = FINE if resolution is Resolution.FINE else STANDARD
    inked = np.flatnonzero(black.any(axis=1))
    first, end = (int(inked[0]), int(inked[-1]) + 1) if inked.size else (0, 0)
    if end - first > paper.longest_rows:
        grey = Image.fromarray(black).convert("L").point(lambda level: 255 - level)
        size = fit(black.shape[1] / X_DPI, black.shape[0] / paper.y_dpi, may_turn=False)
        fine, standard = _scaled(grey, size, FINE), _scaled(grey, size, STANDARD)
        return sheet_of(_black(fine, FINE, photo=False), _black(standard, STANDARD, photo=False))
    if end - first > paper.body_rows:
        fine_raster, standard_raster = _both_rasters(black[first:end], resolution)
        return Sheet(fine=Bitmap.from_bool(fine_raster), standard=Bitmap.from_bool(standard_raster))
    top = min(first, max(0, end - paper.body_rows))
    return sheet_of(*_both_rasters(black[top : top + paper.body_rows], resolution))


def _both_rasters(black: NDArray[np.bool_], resolution: Resolution) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return a fax as fine and as standard; one of them is the fax itself."""
    match resolution:
        case Resolution.FINE | Resolution.SUPERFINE | Resolution.ULTRAFINE:  # only the first is told apart above
            even = np.pad(black, ((0, black.shape[0] % 2), (0, 0)))
            return black, even[0::2] | even[1::2]
        case Resolution.STANDARD:
            return np.repeat(black, 2, axis=0), black
