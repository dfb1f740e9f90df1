"""Can it be read, and what does it cost: python bench/legibility.py [--quick] [--seconds-only | --letters-only] [--raster 204x98].

Legibility: tesseract reads the same PDF page as we, Ghostscript (tiffg4) and pdftoppm (-mono) make it black and white, at 204x196 and 204x98.
Printed is the share of characters that are wrong (edit distance), in per cent, of at least 400 words a row. All three rasters are enlarged
in the same way before tesseract sees them. `--colour`, `--size` and `--pages` look closer at a row, with other words on every page. Seconds: T.6 octets at 14400 bit/s of our pages at the three settings, of Ghostscript's, and of Floyd and
Steinberg's dithering of the page drawn grey.

Needs tesseract-ocr with English, ghostscript and poppler-utils.
"""

import argparse
import io
import os
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import documents
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rapidfuzz.distance import Levenshtein
from simple_pdf import write_pdf

from mailfax.model.page import Coding
from mailfax.model.photo import PhotoScreen
from mailfax.render.pdf import PdfSource
from mailfax.render.warm import warm
from mailfax.t4codec import encode
from mailfax.t4codec.bitmap import Bitmap

Black = NDArray[np.bool_]
RASTERS = {"204x196": 196, "204x98": 98}
COLOURS = {
    "black": (0.0, 0.0, 0.0),
    "grey 50 %": (0.5, 0.5, 0.5),
    "grey 70 %": (0.7, 0.7, 0.7),
    "red": (0.85, 0.1, 0.1),
    "blue": (0.2, 0.5, 0.9),
}
SIZES = (6, 7, 8, 9, 10, 12)
LEAST_WORDS = 400
BIT_PER_S = 14400
OCR_DPI = 408


def ours(pdf: bytes, rows_per_inch: int, photos: PhotoScreen = PhotoScreen.BALANCED) -> list[Black]:
    fine = rows_per_inch == RASTERS["204x196"]
    return [(sheet.fine if fine else sheet.standard).to_bool() for sheet in PdfSource(pdf, photos).sheets()]


def ghostscript(pdf: bytes, rows_per_inch: int) -> list[Black]:
    """As HylaFAX calls it."""
    with tempfile.NamedTemporaryFile(suffix=".tif") as file:
        command = ["gs", "-q", "-dNOPAUSE", "-dBATCH", "-dSAFER", "-sDEVICE=tiffg4", "-dFIXEDMEDIA", "-sPAPERSIZE=a4"]
        command += [f"-r204x{rows_per_inch}", f"-sOutputFile={file.name}", "-"]
        subprocess.run(command, input=pdf, check=True, capture_output=True)
        with Image.open(file.name) as tiff:
            return [~np.asarray(_frame(tiff, number)) for number in range(tiff.n_frames)]


def _frame(tiff: Image.Image, number: int) -> Image.Image:
    tiff.seek(number)
    return tiff.convert("1")


def poppler(pdf: bytes, rows_per_inch: int) -> list[Black]:
    with tempfile.TemporaryDirectory() as folder:
        command = ["pdftoppm", "-mono", "-rx", "204", "-ry", str(rows_per_inch), "-", f"{folder}/p"]
        subprocess.run(command, input=pdf, check=True, capture_output=True)
        return [~np.asarray(Image.open(path).convert("1")) for path in sorted(Path(folder).iterdir())]


RENDERERS = {"ours": ours, "gs": ghostscript, "pdftoppm": poppler}


def read(black: Black, rows_per_inch: int) -> str:
    """Let tesseract read a page, enlarged to square pixels."""
    rows, width = black.shape
    size = (width * OCR_DPI // 204, rows * OCR_DPI // rows_per_inch)
    image = Image.fromarray(np.where(black, np.uint8(0), np.uint8(255))).resize(size, Image.Resampling.BICUBIC)
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=1)
    command = ["tesseract", "-", "-", "--psm", "6", "--dpi", str(OCR_DPI), "-l", "eng"]
    environment = os.environ | {"OMP_THREAD_LIMIT": "1"}
    done = subprocess.run(command, input=file.getvalue(), check=True, capture_output=True, env=environment)
    return " ".join(done.stdout.decode().split())


def legibility(rasters: list[str], colours: list[str], sizes: list[int], pages: int) -> Iterator[str]:
    yield f"{'raster':8} {'size':>4} {'letters':10} {'words':>5}  " + "".join(f"{name:>10}" for name in RENDERERS)
    tasks = [(raster, size, colour, pages) for raster in rasters for colour in colours for size in sizes]
    with ThreadPoolExecutor(2) as pool:
        yield from pool.map(lambda task: _row(*task), tasks)


def _row(raster: str, size_pt: int, colour: str, pages: int) -> str:
    rows_per_inch = RASTERS[raster]
    shown, wrong, count = 0, dict.fromkeys(RENDERERS, 0), 0
    for page_number in range(pages):
        words = documents.words_from(size_pt * 37 + page_number * 700, LEAST_WORDS + 100)
        page, lines = documents.text_page(size_pt, words, COLOURS[colour])
        text = " ".join(lines)
        shown, count = shown + len(text), count + len(text.split())
        pdf = documents.embedded(write_pdf([page]))
        for name, draw in RENDERERS.items():
            wrong[name] += Levenshtein.distance(text, read(draw(pdf, rows_per_inch)[0], rows_per_inch))
    assert count >= LEAST_WORDS * pages, count
    errors = {name: 100 * each / shown for name, each in wrong.items()}
    best = min(errors.values())
    verdict = "  WORSE" if errors["ours"] > best + 1 else "" if errors["ours"] == best else "  not best"
    shares = "".join(f"{each:10.2f}" for each in errors.values())
    return f"{raster:8} {size_pt:4} {colour:10} {count:5}  {shares}{verdict}"


def seconds(black: Black) -> float:
    return len(encode(Bitmap.from_bool(black), Coding.MMR)) * 8 / BIT_PER_S


def dithered(pdf: bytes, rows_per_inch: int) -> Black:
    command = ["pdftoppm", "-gray", "-singlefile", "-rx", "204", "-ry", str(rows_per_inch), "-"]
    grey = Image.open(io.BytesIO(subprocess.run(command, input=pdf, check=True, capture_output=True).stdout))
    return ~np.asarray(grey.convert("1"))


PAGES = {
    "photo": documents.photo_pdf,
    "scan": documents.scan_pdf,
    "chart": documents.chart_pdf,
    "form": documents.form_pdf,
    "text": lambda: documents.text_pdf(1),
    "mixed": lambda: documents.mixed_pdf(1),
}


def line_time() -> Iterator[str]:
    heads = [f"ours {photos}" for photos in PhotoScreen]
    yield f"{'seconds':8} {'page':6} " + "".join(f"{name:>14}" for name in (*heads, "gs", "Floyd-St."))
    for raster, rows_per_inch in RASTERS.items():
        for name, make in PAGES.items():
            pdf = make()
            costs = [seconds(ours(pdf, rows_per_inch, photos)[0]) for photos in PhotoScreen]
            costs += [seconds(ghostscript(pdf, rows_per_inch)[0]), seconds(dithered(pdf, rows_per_inch))]
            yield f"{raster:8} {name:6} " + "".join(f"{cost:14.1f}" for cost in costs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two sizes only")
    parser.add_argument("--seconds-only", action="store_true")
    parser.add_argument("--letters-only", action="store_true")
    parser.add_argument("--raster", choices=list(RASTERS), help="only this one, of the legibility")
    parser.add_argument("--colour", choices=list(COLOURS), action="append", help="only letters of this colour")
    parser.add_argument("--size", type=int, action="append", help="only letters of so many points")
    parser.add_argument("--pages", type=int, default=1, help="of about 500 words, a row")
    arguments = parser.parse_args()
    warm()
    if not arguments.letters_only:
        for line in line_time():
            print(line, flush=True)
    if not arguments.seconds_only:
        rasters = [arguments.raster] if arguments.raster else list(RASTERS)
        sizes = arguments.size or ([6, 9] if arguments.quick else list(SIZES))
        for line in legibility(rasters, arguments.colour or list(COLOURS), sizes, arguments.pages):
            print(line, flush=True)


if __name__ == "__main__":
    main()
