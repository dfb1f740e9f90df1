"""Grey becomes black and white: a threshold for text and lines, screens for photographs and tinted fills.

Which is which comes from whoever drew the page, as `Areas`: `pdf` knows it from the objects of the file, `image` from the
tones of the whole picture. Pixels alone decide only inside an area. Grey is numpy uint8 [rows, width], 0 is black. Used by
`text`, `header`, `pdf` and `image`.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mailfax.model.options import PaperSize
from mailfax.model.page import Resolution
from mailfax.model.photo import PhotoScreen
from mailfax.render.paper import PAPERS, body_fine_rows
from mailfax.render.screen import screen
from mailfax.render.sheet import Sheet
from mailfax.render.tints import screen_tints
from mailfax.render.tones import Grey, contrast, level_paper
from mailfax.t4codec.bitmap import Bitmap

Box = tuple[int, int, int, int]  # left, top, right, bottom in pixels

# Thin strokes come out of the anti-aliasing pale, the more so at 98 rows to the inch: the threshold lies above the middle.
# That of the finer rasters is the one of fine, so that nothing pale is lost where more dots were asked for.
THRESHOLD = dict.fromkeys(Resolution, 173) | {Resolution.STANDARD: 180}
_WHITE = 255
_PLATE_PX = 3  # kept free of the screen around letters
_SAME_TONE = 8
_SHORTEST_LINE_PX = 24  # 3 mm
_FLAT_SHARE = 0.3
_ROWS_AT_ONCE = 32
_PACKED_AT_ONCE = 128
_UNEVEN_THRESHOLD = 100  # on a photograph, whose own tones come near those of the letters

_TAIL_FINE_ROWS = 60  # about 8 mm of white kept below the last ink
_LEAST_FINE_ROWS = 400  # about 52 mm: shorter sheets jam in cutters and confuse receivers


@dataclass(frozen=True, kw_only=True, slots=True)
class Plate:
    """Letters that are not black, or not on white: where they stand, and their tone. Here the ground is made plain."""

    box: Box
    ink: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Areas:
    """What is not simply black on white, in boxes of the page's fine raster.

    `photographs` are screened; `scans` have their paper divided out and their own threshold; in `tints` flat tones are screened where
    they are thick, so that lines and letters in them are not; `papers` are large pale grounds with their tone, taken for white.
    """

    photographs: tuple[Box, ...] = ()
    scans: tuple[Box, ...] = ()
    tints: tuple[Box, ...] = ()
    papers: tuple[tuple[Box, int], ...] = ()
    plates: tuple[Plate, ...] = ()

    def halved(self) -> "Areas":
        """Return the same areas for half as many rows."""
        return Areas(
            photographs=tuple(map(_halved, self.photographs)),
            scans=tuple(map(_halved, self.scans)),
            tints=tuple(map(_halved, self.tints)),
            papers=tuple((_halved(box), tone) for box, tone in self.papers),
            plates=tuple(replace(plate, box=_halved(plate.box)) for plate in self.plates),
        )


_ALL_TEXT = Areas()


def _halved(box: Box) -> Box:
    left, top, right, bottom = box
    return left, top // 2, right, (bottom + 1) // 2


def whole(grey: Grey) -> Box:
    """Return the box of a whole picture."""
    return 0, 0, grey.shape[1], grey.shape[0]


def halve(grey: Grey) -> Grey:
    """Return the grey of standard resolution: the mean of two fine rows, so that no stroke is lost with a dropped row."""
    even, odd = grey[0 : grey.shape[0] // 2 * 2 : 2], grey[1::2]
    mean = np.empty_like(even)
    # The mean is what both have and half of what one has: in octets, with no wider numbers between, and in pieces that stay in the cache.
    for first in range(0, even.shape[0], _ROWS_AT_ONCE):
        piece = slice(first, first + _ROWS_AT_ONCE)
        half = np.bitwise_xor(even[piece], odd[piece], out=mean[piece])
        half >>= 1
        half += even[piece] & odd[piece]
    return mean


def to_bitmap(grey: Grey, resolution: Resolution, areas: Areas, photos: PhotoScreen) -> Bitmap:
    """Make black and white of a page or picture, as `to_black`; if all of it is text, in pieces that stay in the cache."""
    if areas != _ALL_TEXT:
        return Bitmap.from_bool(to_black(grey, resolution, areas, photos))
    rows, width = grey.shape
    packed = np.empty((rows, (width + 7) // 8), dtype=np.uint8)
    for first in range(0, rows, _PACKED_AT_ONCE):
        piece = slice(first, first + _PACKED_AT_ONCE)
        packed[piece] = np.packbits(grey[piece] < THRESHOLD[resolution], axis=1)
    return Bitmap(width, packed)


def to_black(grey: Grey, resolution: Resolution, areas: Areas, photos: PhotoScreen) -> NDArray[np.bool_]:
    """Make black and white of a page or picture; True is black."""
    threshold = THRESHOLD[resolution]
    if areas.papers:
        grey = grey.copy()
        for box, tone in areas.papers:
            piece = grey[_slices(box)]
            np.minimum(_WHITE, piece.astype(np.uint16) * _WHITE // tone, out=piece, casting="unsafe")
    black: NDArray[np.bool_] = grey < threshold
    if areas.tints:
        others = (*areas.photographs, *areas.scans)
        screen_tints(black, grey, areas.tints, others, PAPERS[resolution].rows_per_px)
    for box in areas.scans:
        levelled = level_paper(grey[_slices(box)])
        tones = contrast(levelled)
        black[_slices(box)] = levelled < _between(threshold, tones.ink, tones.ground)
    for box in areas.photographs:
        black[_slices(box)] = screen(grey[_slices(box)], photos)
    for plate in areas.plates:
        _lay_plate(black, grey, plate, threshold)
    return black


def both_rasters(fine: Grey, standard: Grey, areas: Areas, photos: PhotoScreen) -> tuple[Bitmap, Bitmap]:
    """Make black and white of a page at fine and at standard resolution, from the grey of each (see `halve`)."""
    half = areas.halved()
    fine_black = to_bitmap(fine, Resolution.FINE, areas, photos)
    black = to_bitmap(standard, Resolution.STANDARD, half, photos)
    _keep_lines(fine_black, black, (*half.photographs, *half.scans, *half.tints))
    return fine_black, black


def _keep_lines(fine: Bitmap, standard: Bitmap, but: tuple[Box, ...]) -> None:
    """Draw lines in `standard` that are in `fine` alone: one that falls between two rows is pale in both, and would be gone."""
    black = standard.packed
    even = fine.packed[: black.shape[0] * 2]
    lost = even[0::2] | even[1::2]
    lost &= ~black
    lost[1:] &= ~black[:-1]
    lost[:-1] &= ~black[1:]
    for left, top, right, bottom in but:
        lost[top:bottom, left // 8 : (right + 7) // 8] = 0
    for row in np.flatnonzero(np.bitwise_count(lost).sum(axis=1, dtype=np.int64) >= _SHORTEST_LINE_PX):
        black[row] |= np.packbits(_long_runs(np.unpackbits(lost[row])))


def _long_runs(row: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Keep of one row what is as long as a line; specks are edges of letters."""
    edges = np.flatnonzero(np.diff(row.view(np.int8), prepend=0, append=0))
    kept = np.zeros(row.size, dtype=np.bool_)
    for first, end in edges.reshape(-1, 2):
        kept[first:end] = end - first >= _SHORTEST_LINE_PX
    return kept


def _slices(box: Box) -> tuple[slice, slice]:
    left, top, right, bottom = box
    return slice(top, bottom), slice(left, right)


def _between(threshold: int, ink: int, ground: int = _WHITE) -> float:
    """Place the threshold of black on white as far between another ink and another ground."""
    return ground - (_WHITE - threshold) / _WHITE * (ground - ink)


def _lay_plate(black: NDArray[np.bool_], grey: Grey, plate: Plate, threshold: int) -> None:
    """Make the letters of a plate black, or white on black, whichever they are to their ground."""
    left, top, right, bottom = plate.box
    near = (slice(max(0, top - _PLATE_PX), bottom + _PLATE_PX), slice(max(0, left - _PLATE_PX), right + _PLATE_PX))
    piece = grey[near]
    if not piece.size:
        return
    tones = np.bincount(piece.ravel(), minlength=256)
    tones[max(0, plate.ink - _SAME_TONE) : plate.ink + _SAME_TONE] = 0
    ground = int(tones.argmax())
    if not tones[ground]:
        return
    is_flat = tones[max(0, ground - _SAME_TONE) : ground + _SAME_TONE].sum() > _FLAT_SHARE * piece.size
    edge = _between(threshold if is_flat else _UNEVEN_THRESHOLD, plate.ink, ground)
    black[near] = piece < edge if plate.ink < ground else piece <= edge


def sheet_of(fine: Bitmap, standard: Bitmap, paper: PaperSize = PaperSize.A4) -> Sheet:
    """Cut the white tail off both rasters at the same height, and centre narrow ones on the line of the paper."""
    inked = np.flatnonzero(fine.packed.any(axis=1))
    last = int(inked[-1]) + 1 if inked.size else 0
    fine_rows = max(_LEAST_FINE_ROWS, last + _TAIL_FINE_ROWS)
    fine_rows = min(fine_rows + fine_rows % 2, max(body_fine_rows(paper), fine.rows))
    return Sheet(fine=on_line(fine, fine_rows, paper), standard=on_line(standard, fine_rows // 2, paper))


def on_line(black: Bitmap, rows: int, paper: PaperSize = PaperSize.A4, *, width_px: int = 0) -> Bitmap:
    """Put the rows on white lines of full width, cut or filled up to `rows`. A fax that came wider keeps its width; a finer raster says its own."""
    taken = black.packed[:rows]
    width_px = width_px or max(paper.width_px, black.width_px)
    if black.width_px == width_px and taken.shape[0] == rows:
        return Bitmap(width_px, taken)
    octet, bits = divmod((width_px - black.width_px) // 2, 8)
    height, width = taken.shape
    page = np.zeros((rows, (width_px + 7) // 8 + 1), dtype=np.uint8)  # the last one takes pad bits
    page[:height, octet : octet + width] = taken >> bits
    if bits:
        page[:height, octet + 1 : octet + 1 + width] |= taken << (8 - bits)
    return Bitmap(width_px, np.ascontiguousarray(page[:, :-1]))
