"""A sheet of grey with square pixels, finer than any fax: text is drawn here and reduced by area to each raster.

Fax pels are not square (204 x 196 and 204 x 98 to the inch), and letters drawn at those sizes and then stretched are
hard to read. Used by `text` and `header`.
"""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from mailfax.render.paper import BODY_WIDTH_INCHES, MM_PER_INCH, PT_PER_INCH, X_DPI, Paper

FINER = 2  # canvas pixels to one pel of the line
CANVAS_DPI = X_DPI * FINER


def px_of_mm(length_mm: float) -> int:
    """Return a length in canvas pixels."""
    return round(length_mm / MM_PER_INCH * CANVAS_DPI)


def px_of_pt(length_pt: float) -> int:
    """Return a size of type in canvas pixels."""
    return round(length_pt / PT_PER_INCH * CANVAS_DPI)


class Canvas:
    """A white sheet as wide as the line; `draw` is Pillow's way to draw on it."""

    def __init__(self, height_inches: float) -> None:
        self.width_px = round(BODY_WIDTH_INCHES * CANVAS_DPI)
        self.height_px = math.ceil(height_inches * CANVAS_DPI)
        self._image = Image.new("L", (self.width_px, self.height_px), 255)
        self.draw = ImageDraw.Draw(self._image)

    def reduce(self, paper: Paper, rows: int) -> NDArray[np.uint8]:
        """Return the top `rows` rows of the sheet as grey at the raster of `paper`."""
        height = min(float(self.height_px), rows / paper.y_dpi * CANVAS_DPI)
        reduced = self._image.resize(
            (paper.width_px, rows), Image.Resampling.BOX, box=(0.0, 0.0, float(self.width_px), height)
        )
        return np.asarray(reduced)
