"""What machines send: multi-page TIFFs of exact fax geometry, and the reading of TIFFs by libtiff for comparison."""

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFont, ImageSequence

WIDTH_PX = 1728
ROWS = {"standard": 1143, "fine": 2287}
DENSITY = {"standard": (204, 98), "fine": (204, 196)}
PHOTOMETRIC, FILL_ORDER = 262, 266
TEXT = (
    "We thank you for your order of the 14th and confirm delivery of the goods listed below to your warehouse. "
    "Please return the signed copy by fax before Friday noon. Prices are in accordance with our current list; "
    "payment is due within thirty days of the invoice date without deduction."
)

Pixels = NDArray[np.bool_]  # [rows, width], True is black


def letter(page: int, pages: int, resolution: str = "standard") -> Image.Image:
    """Draw one page of a business letter; every page is different."""
    image = Image.new("L", (WIDTH_PX, ROWS["fine"]), 255)
    draw = ImageDraw.Draw(image)
    draw.text((160, 120), "MERIDIAN PAPER & PRINT LTD", fill=0, font=ImageFont.load_default(52))
    draw.text((160, 210), f"page {page} of {pages}", fill=0, font=ImageFont.load_default(36))
    vocabulary = TEXT.split()
    for row in range(24):
        words = [vocabulary[(row * 11 + page * 7 + at) % len(vocabulary)] for at in range(9)]
        draw.text((160, 320 + row * 60), " ".join(words), fill=0, font=ImageFont.load_default(32))
    draw.rectangle((160, 1850, 1560, 2150), outline=0, width=3)
    draw.line((160, 1850, 1560, 2150), fill=0, width=1 + page)
    sized = image.resize((WIDTH_PX, ROWS[resolution]))
    return sized.point(lambda level: 255 if level > 150 else 0).convert("1", dither=Image.Dither.NONE)


def write_letter(path: Path, pages: int, resolution: str = "standard") -> Path:
    """Write a letter as a Group 4 TIFF."""
    save_pages(path, [letter(page, pages, resolution) for page in range(1, pages + 1)], DENSITY[resolution])
    return path


def save_pages(path: Path, images: list[Image.Image], density: tuple[float, float]) -> None:
    """Write images of mode 1 as a Group 4 TIFF in which white is 0, as in fax.

    Pillow writes 1 for white, and asked for the other it turns each pixel in Python, a second a page: so the pixels are turned
    here, and the tag in the file.
    """
    first, *rest = [ImageChops.invert(image) for image in images]
    first.save(path, compression="group4", dpi=density, save_all=True, append_images=rest, tiffinfo={FILL_ORDER: 1})
    octets = bytearray(path.read_bytes())
    (at,) = struct.unpack_from("<L", octets, 4)
    while at:
        (entries,) = struct.unpack_from("<H", octets, at)
        for entry in range(at + 2, at + 2 + 12 * entries, 12):
            if struct.unpack_from("<H", octets, entry) == (PHOTOMETRIC,):
                struct.pack_into("<L", octets, entry + 8, 0)
        (at,) = struct.unpack_from("<L", octets, at + 2 + 12 * entries)
    path.write_bytes(octets)


def read_pages(path: Path) -> list[Pixels]:
    """Read the pages of a TIFF by libtiff."""
    with Image.open(path) as image:
        return [~np.asarray(frame.convert("1")) for frame in ImageSequence.Iterator(image)]
