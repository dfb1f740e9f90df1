"""A third raster of a page, finer than fine, where the mail asks for one: superfine, 300 or 400 dots to the inch. Used by all that draws.

It is drawn from the content like the other two, never scaled from them. A page that came as a fax has no third raster: it goes out as it is.
"""

from dataclasses import replace

from mailfax.model.options import PaperSize
from mailfax.model.page import Resolution
from mailfax.model.photo import PhotoScreen
from mailfax.render.bilevel import Areas, Box, Plate, on_line, to_bitmap
from mailfax.render.paper import FINE, PAPERS, X_DPI, Paper
from mailfax.render.pdf_objects import Frame
from mailfax.render.sheet import Sheet
from mailfax.render.tones import Grey
from mailfax.t4codec.bitmap import Bitmap


def dense_frame(frame: Frame, paper: Paper) -> Frame:
    """Return where a page is drawn at a finer raster: on the same place of the paper."""
    return replace(
        frame,
        width=round(frame.width * across(paper)),
        rows=dense_rows(frame.rows, paper),
        line_px=paper.resolution.width_px(frame.line_px),
    )


def across(paper: Paper) -> float:
    """Return how many pels are as wide as one of the fine raster."""
    return paper.x_dpi / X_DPI


def dense_rows(fine_rows: int, paper: Paper) -> int:
    """Return how many rows are as high as so many fine ones."""
    return round(fine_rows * paper.y_dpi / FINE.y_dpi)


def dense_column(column: int, width_px: int, dense_px: int, paper: Paper) -> int:
    """Return where a column of a fine raster of `width_px` lies in one of `dense_px`; both have the same middle."""
    return min(dense_px, max(0, round((column - width_px / 2) * across(paper) + dense_px / 2)))


def dense_black(grey: Grey, fine_px: int, areas: Areas, photos: PhotoScreen, paper: Paper) -> Bitmap:
    """Make black and white of the grey at a finer raster. `areas` are boxes of the fine raster, which is `fine_px` wide."""

    def moved(box: Box) -> Box:
        left, top, right, bottom = box
        width = grey.shape[1]
        return (
            dense_column(left, fine_px, width, paper),
            dense_rows(top, paper),
            dense_column(right, fine_px, width, paper),
            min(grey.shape[0], dense_rows(bottom, paper)),
        )

    scaled = Areas(
        photographs=tuple(map(moved, areas.photographs)),
        scans=tuple(map(moved, areas.scans)),
        tints=tuple(map(moved, areas.tints)),
        papers=tuple((moved(box), tone) for box, tone in areas.papers),
        plates=tuple(Plate(box=moved(plate.box), ink=plate.ink) for plate in areas.plates),
    )
    return to_bitmap(grey, paper.resolution, scaled, photos)


def with_dense(sheet: Sheet, dense: Bitmap, paper: Paper, size: PaperSize) -> Sheet:
    """Give a sheet its third raster: cut off at the same height, and in the middle of the line, as the others are."""
    width_px = max(paper.resolution.width_px(size.width_px), dense.width_px)
    return replace(sheet, dense=on_line(dense, dense_rows(sheet.fine.rows, paper), width_px=width_px))


def paper_of(resolution: Resolution | None) -> Paper | None:
    """Return the paper of the third raster that was asked for, if one was."""
    return None if resolution is None else PAPERS[resolution]
