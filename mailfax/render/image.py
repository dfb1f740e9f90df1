"""Pictures become sheets by Pillow; a fax kept as TIFF passes with no pixel changed. Used by `story` and, inside HTML, by `html`."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from pi_heif import register_heif_opener
from PIL import ExifTags, Image, ImageCms, ImageOps

from mailfax.model.options import PaperSize
from mailfax.model.page import A4_WIDTH_PX, Resolution
from mailfax.model.photo import PhotoScreen
from mailfax.render.bilevel import Areas, sheet_of, to_bitmap, whole
from mailfax.render.dense import dense_rows, paper_of, with_dense
from mailfax.render.faxpage import fax_resolution, fax_sheet
from mailfax.render.fit import Fit, fit
from mailfax.render.longpage import is_long, scale_of, sheets_between, slices_of
from mailfax.render.paper import FINE, STANDARD, Paper, body_fine_rows, body_width_inches
from mailfax.render.sheet import PartUnreadable, Portion, Sheet
from mailfax.render.tones import is_photograph
from mailfax.t4codec.bitmap import Bitmap

_FORMATS = ("JPEG", "PNG", "TIFF", "GIF", "WEBP", "BMP", "PPM", "JPEG2000", "HEIF", "AVIF", "MPO")
register_heif_opener()
# Grey of more than 8 bits does not say of how many: scanners and cameras have 12 as often as 16.
_HIGHEST, _SURPLUS_BITS = (255, 4095), (0, 4, 8)
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
                "is no picture that can be read; it is damaged, cut short, or of a rare kind"
            ) from error


class ImageSource:
    """An open picture, or the pages of a TIFF (a sheet.Source)."""

    def __init__(
        self,
        octets: bytes,
        photos: PhotoScreen,
        paper: PaperSize = PaperSize.A4,
        dense: Resolution | None = None,
    ) -> None:
        self._paper = paper
        self._dense = paper_of(dense)
        with _decoding():
            self._image = Image.open(BytesIO(octets), formats=_FORMATS)
            self._is_tiff = self._image.format == "TIFF"
            self._page_count = int(getattr(self._image, "n_frames", 1)) if self._is_tiff else 1
            pages = self._page_count
            self._least_sheets, self._most_sheets = (pages, pages) if self._is_tiff else self._sheets_of_one()
        self._photos = photos
        self._drawn = 0
        self._notes: list[str] = []

    def _sheets_of_one(self) -> tuple[int, int]:
        width, height = self._image.size
        if self._image.getexif().get(ExifTags.Base.Orientation, 1) in _LYING:
            width, height = height, width
        if not is_long(width, height):
            return 1, 1
        inches = (
            width / _DEFAULT_DPI,
            height / _DEFAULT_DPI,
        )  # the shape alone counts: most are enlarged to the full width
        return sheets_between(inches[1], (body_width_inches(self._paper) - 2 * _MARGIN_INCHES) / inches[0], self._paper)

    @property
    def page_count(self) -> int:
        """Return how many sheets there will be at most."""
        return self._most_sheets

    @property
    def least_pages(self) -> int:
        """Return how many sheets there will be at least."""
        return self._least_sheets

    def sheets(self) -> Iterator[Sheet]:
        """Draw picture by picture; one that is far longer than a sheet becomes several."""
        for index in range(self._page_count):
            with _decoding():
                if self._is_tiff:
                    self._image.seek(index)
                sheets = self._draw()
            if not any(sheet.fine.packed.any() for sheet in sheets):
                self._notes.append(f"picture {index + 1} came out blank")
            self._drawn += len(sheets)
            yield from sheets

    def _draw(self) -> list[Sheet]:
        image = self._image
        lying = image.getexif().get(ExifTags.Base.Orientation, 1) in _LYING
        if self._is_tiff:
            image.load()  # which turns it as its orientation says
        dpi = _density(image)[::-1] if lying else _density(image)
        resolution = fax_resolution(image.width, dpi) if image.mode == "1" else None
        if resolution is not None:
            return [fax_sheet(~np.asarray(image.convert("1")), resolution)]
        longest_px = max(image.size)
        if image.format == "JPEG":
            # JPEG decodes at half, a quarter or an eighth of its size for nothing: no more than twice what is needed.
            image.draft("L", self._twice_px())
        upright = ImageOps.exif_transpose(image)
        drafted = longest_px / max(upright.size)
        inches = (upright.width * drafted / dpi[0], upright.height * drafted / dpi[1])
        if not self._is_tiff and is_long(*inches):
            return self._cut(to_grey(upright), inches)
        like_a_page = min(dpi) >= _PAGE_DPI and max(inches) >= _PAGE_WIDTH_INCHES
        size = fit(
            *inches, may_turn=self._is_tiff, margin_inches=0.0 if like_a_page else _MARGIN_INCHES, paper=self._paper
        )
        grey = to_grey(upright)
        if size.turned:
            grey = grey.transpose(Image.Transpose.ROTATE_90)
        return [self._sheet(grey, size)]

    def _twice_px(self) -> tuple[int, int]:
        width_px, rows = self._paper.width_px, body_fine_rows(self._paper)
        if self._dense is not None:
            width_px, rows = self._dense.resolution.width_px(width_px), dense_rows(rows, self._dense)
        return 2 * width_px, 2 * rows

    def _cut(self, grey: Image.Image, inches: tuple[float, float]) -> list[Sheet]:
        """Draw a picture that is far longer than a sheet as wide as the sheet, cut where it is white."""
        scale = scale_of(inches[0], _MARGIN_INCHES, self._paper)
        sheets = []
        for part in slices_of(np.asarray(grey), inches[1], scale, self._paper):
            height = (part.bottom - part.top) * inches[1] * scale
            size = Fit(width_inches=inches[0] * scale, height_inches=height, turned=False, paper=self._paper)
            box = (0, round(part.top * grey.height), grey.width, round(part.bottom * grey.height))
            sheets.append(self._sheet(grey.crop(box), size))
        return sheets

    def _sheet(self, grey: Image.Image, size: Fit) -> Sheet:
        fine, standard = _scaled(grey, size, FINE), _scaled(grey, size, STANDARD)
        is_photo = is_photograph(fine)
        sheet = sheet_of(
            self._black(fine, FINE, is_photo=is_photo), self._black(standard, STANDARD, is_photo=is_photo), self._paper
        )
        if self._dense is None:
            return sheet
        dense = self._black(_scaled(grey, size, self._dense), self._dense, is_photo=is_photo)
        return with_dense(sheet, dense, self._dense, self._paper)

    def _black(self, grey: NDArray[np.uint8], paper: Paper, *, is_photo: bool) -> Bitmap:
        box = (whole(grey),)
        areas = Areas(photographs=box) if is_photo else Areas(scans=box)
        return to_bitmap(grey, paper.resolution, areas, self._photos)

    def portions(self) -> tuple[Portion, ...]:
        """Return the one portion."""
        return (Portion(first=0, last=self._drawn - 1, note="; ".join(self._notes)),)


def picture_as_png(octets: bytes) -> bytes:
    """Return a picture upright and grey, no larger than a page needs, for the HTML that shows it. Raises PartUnreadable."""
    with _decoding():
        image = Image.open(BytesIO(octets), formats=_FORMATS)
        if image.format == "JPEG":
            image.draft("L", (A4_WIDTH_PX, A4_WIDTH_PX))
        grey = to_grey(ImageOps.exif_transpose(image))
        png = BytesIO()
        grey.save(png, "PNG", compress_level=1)
    return png.getvalue()


def _density(image: Image.Image) -> tuple[float, float]:
    low, high = _SANE_DPI
    x, y = (float(value) for value in image.info.get("dpi", (0, 0)))
    return (x, y) if low <= x <= high and low <= y <= high else (_DEFAULT_DPI, _DEFAULT_DPI)


def _scaled(grey: Image.Image, size: Fit, paper: Paper) -> NDArray[np.uint8]:
    width, rows = size.size_px(paper)
    shrinks = width <= grey.width and rows <= grey.height
    method = Image.Resampling.BOX if shrinks else Image.Resampling.BICUBIC
    return np.asarray(grey.resize((width, rows), method))


def to_grey(image: Image.Image) -> Image.Image:
    """Return the picture as 8 bit grey, laid on white paper where it is transparent."""
    if image.mode.startswith("I"):  # 16 bits in a PNG or TIFF
        wide = np.asarray(image).astype(np.int64)
        surplus_bits = _SURPLUS_BITS[np.searchsorted(_HIGHEST, wide.max(initial=0))]
        return Image.fromarray((wide >> surplus_bits).clip(0, 255).astype(np.uint8))
    if image.mode == "F":
        real = np.nan_to_num(np.asarray(image))
        return Image.fromarray((real * (255 if real.max(initial=0) <= 1 else 1)).clip(0, 255).astype(np.uint8))
    if image.has_transparency_data:
        coloured = image.convert("RGBA")
        white = Image.new("RGBA", coloured.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, coloured).convert("L")
    if image.mode in {"CMYK", "LAB"}:
        return _inks_to_rgb(image).convert("L")
    return image.convert("L")


def _inks_to_rgb(image: Image.Image) -> Image.Image:
    """Turn inks into colours by the picture's own profile; without one that can be used, as inks without a fault would look."""
    if profile := image.info.get("icc_profile"):
        with suppress(ImageCms.PyCMSError, OSError, TypeError, ValueError):
            screen = ImageCms.createProfile("sRGB")
            coloured = ImageCms.profileToProfile(image, BytesIO(profile), screen, outputMode="RGB")
            if coloured is not None:
                return coloured
    return image.convert("RGB")
