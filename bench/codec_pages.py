"""The pages of the codec bench, 1728 pels wide at 204x196: text, form, dithered photo, blank, and the ITU-T charts."""

import os
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mailfax.t4codec import Bitmap

WIDTH, ROWS = 1728, 2291
TEXT = (
    "The far machine confirmed every page before the line was cut and so nothing was sent twice; the receiver printed "
    "four hundred copies of the order, dated the third of March, and put them into the tray beside the window."
)
WORDS = TEXT.split()
CHARTS = ("itu-chart1-g4-lsb.tif", "itu-chart4-g4-lsb.tif", "itu-chart5-g4-lsb.tif", "itu-chart8-g4-lsb.tif")


def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype("DejaVuSerif.ttf", size)


def _bitmap(grey: Image.Image) -> Bitmap:
    return Bitmap.from_bool(np.asarray(grey) < 165)


def text_page() -> Bitmap:
    page = Image.new("L", (WIDTH, ROWS), 255)
    draw, font = ImageDraw.Draw(page), _font(30)
    word = 0
    for top in range(110, ROWS - 120, 42):
        text = ""
        while draw.textlength(text, font) < WIDTH - 330:
            text += WORDS[word % len(WORDS)] + " "
            word += 7 if word % 11 == 0 else 1
        draw.text((130, top), text, 0, font)
    return _bitmap(page)


def form_page() -> Bitmap:
    page = Image.new("L", (WIDTH, ROWS), 255)
    draw, font = ImageDraw.Draw(page), _font(20)
    for row, top in enumerate(range(100, ROWS - 100, 48)):
        draw.line((90, top, WIDTH - 90, top), 0, 2)
        for column, left in enumerate(range(90, WIDTH - 91, 310)):
            draw.text(
                (left + 8, top + 12), f"{WORDS[(row + 5 * column) % len(WORDS)]} {row * 37 + column * 11}", 0, font
            )
    for left in range(90, WIDTH - 89, 310):
        draw.line((left, 100, left, ROWS - 143), 0, 3)
    return _bitmap(page)


def photo_page() -> Bitmap:
    """Clouds of noise at several scales, dithered after Floyd and Steinberg: what no fax code likes."""
    rng = np.random.default_rng(5)
    grey = np.zeros((ROWS, WIDTH))
    for scale in (12, 40, 150, 500):
        coarse = Image.fromarray(rng.random((ROWS // scale + 3, WIDTH // scale + 3)).astype(np.float32))
        grey += np.asarray(coarse.resize((WIDTH, ROWS), Image.Resampling.BICUBIC)) * scale**0.5
    grey = (grey - grey.min()) / (grey.max() - grey.min())
    dithered = Image.fromarray((grey * 255).astype(np.uint8)).convert("1")
    return Bitmap.from_bool(~np.asarray(dithered))


def charts() -> dict[str, Bitmap]:
    corpus = Path(os.environ.get("MAILFAX_CORPUS") or Path(__file__).parents[2] / "shared" / "data")
    if not (corpus / "fax").is_dir():
        print(f"no {corpus / 'fax'}: the ITU-T charts are left out")
        return {}
    return {name[:10]: Bitmap.from_bool(~np.asarray(Image.open(corpus / "fax" / name))) for name in CHARTS}


def bench_pages() -> dict[str, Bitmap]:
    made = {"text": text_page(), "form": form_page(), "photo": photo_page(), "blank": Bitmap.white(WIDTH, ROWS)}
    return made | charts()
