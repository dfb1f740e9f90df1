"""Draws the pairs of pictures of docs/rendering.md: pages of bench/documents.py by Ghostscript as HylaFAX calls it, and by us.

Run from the top of the checkout, with ghostscript: python docs/rendering-gallery/make.py
"""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

HERE = Path(__file__).parent
sys.path += [str(HERE.parents[1] / "bench")]
import documents  # noqa: E402
import legibility  # noqa: E402
from simple_pdf import write_pdf  # noqa: E402

from mailfax.model.photo import PhotoScreen  # noqa: E402

FINE, STANDARD = 196, 98
Black = NDArray[np.bool_]
Box = tuple[int, int, int, int]  # left, top, right, bottom in thousandths of the page


def cut(black: Black, box: Box, rows_per_inch: int, page_rows: int) -> Image.Image:
    """Cut a piece out; at 98 rows to the inch every row is shown twice."""
    width = black.shape[1]
    left, right = box[0] * width // 1000, box[2] * width // 1000
    top, bottom = box[1] * page_rows // 1000, box[3] * page_rows // 1000
    image = Image.fromarray(~black[top:bottom, left:right])
    return image if rows_per_inch == FINE else image.resize((image.width, image.height * 2), Image.Resampling.NEAREST)


def side_by_side(name: str, shown: list[tuple[str, Image.Image]], columns: int) -> None:
    """Write pictures of one size beside and below each other."""
    width, height = shown[0][1].width, shown[0][1].height
    rows = (len(shown) + columns - 1) // columns
    sheet = Image.new("1", (columns * (width + 10) - 10, rows * (height + 24)), 1)
    draw = ImageDraw.Draw(sheet)
    for number, (title, image) in enumerate(shown):
        x, y = number % columns * (width + 10), number // columns * (height + 24)
        draw.text((x, y + 4), title, 0)
        sheet.paste(image, (x, y + 20))
    sheet.save(HERE / f"{name}.png", optimize=True)


def pair(name: str, pdf: bytes, box: Box, rows_per_inch: int) -> None:
    """Show a piece of a page by Ghostscript and by us."""
    theirs = legibility.ghostscript(pdf, rows_per_inch)[0]
    ours = legibility.ours(pdf, rows_per_inch)[0]
    page_rows = round(11.69 * rows_per_inch)
    shown = []
    for title, black in (("Ghostscript", theirs), ("mailfax", ours)):
        cost = legibility.seconds(black)
        shown.append((f"{title}: page {cost:.0f} s at 14400", cut(black, box, rows_per_inch, page_rows)))
    side_by_side(name, shown, 2)


def photo() -> None:
    """Show a photograph at every setting."""
    pdf, box = documents.photo_pdf(), (90, 150, 520, 410)
    page_rows = round(11.69 * FINE)
    shown = [("Ghostscript", legibility.ghostscript(pdf, FINE)[0])]
    shown += [(str(photos), legibility.ours(pdf, FINE, photos)[0]) for photos in reversed(PhotoScreen)]
    side_by_side(
        "photo",
        [
            (f"{title}: page {legibility.seconds(black):.0f} s", cut(black, box, FINE, page_rows))
            for title, black in shown
        ],
        2,
    )


def coloured() -> bytes:
    """Return a page with words in five colours."""
    page = documents.PdfPage(width_pt=595, height_pt=842)
    words = " ".join(documents.words_from(200, 9))
    for number, (colour, rgb) in enumerate(legibility.COLOURS.items()):
        for line, size in enumerate((7, 9)):
            page.text(50, 790 - number * 30 - line * 13, f"{colour}, {size} points: {words}", size_pt=size, rgb=rgb)
    return documents.embedded(write_pdf([page]))


def main() -> None:
    """Write all of them."""
    photo()
    pair("chart", documents.chart_pdf(), (60, 30, 560, 330), FINE)
    pair("scan", documents.scan_pdf(), (480, 500, 900, 900), FINE)
    pair("colours", coloured(), (70, 40, 560, 230), STANDARD)
    pair("mixed", documents.mixed_pdf(1), (70, 40, 560, 560), FINE)


if __name__ == "__main__":
    main()
