"""The page that stands for one of which nothing is left: empty, and crossed out so that nobody takes it for what was sent.

Used by `adopt`, and by the gateway for a page that is lost later. With it in the place of the lost one, the other pages
keep their numbers, and a fax that lost all of its pages still reaches a mailbox.
"""

from functools import cache

import numpy as np

from mailfax.model.fax import Kept, ReceivedPage
from mailfax.model.page import A4_ROWS, A4_WIDTH_PX, Coding, PageBlob, Resolution
from mailfax.spool.blobs import BlobStore
from mailfax.t4codec import Bitmap, encode

LOST_RESOLUTION = Resolution.STANDARD
LOST_WIDTH_PX, LOST_ROWS = A4_WIDTH_PX, A4_ROWS[LOST_RESOLUTION]
_STROKE_PX = 12


def stand_in(blobs: BlobStore, *, confirmed: bool) -> ReceivedPage:
    """Put the crossed-out page among the blobs and return it as a page of a fax."""
    octets = lost_page()
    blob = PageBlob(
        digest=blobs.put(octets),
        resolution=LOST_RESOLUTION,
        width_px=LOST_WIDTH_PX,
        rows=LOST_ROWS,
        size=len(octets),
    )
    return ReceivedPage(blob=blob, confirmed=confirmed, kept=Kept.LOST)


@cache
def lost_page() -> bytes:
    """Return an A4 page with a cross from corner to corner, as T.6 octets."""
    black = np.zeros((LOST_ROWS, LOST_WIDTH_PX), dtype=bool)
    for row, left in enumerate(np.linspace(0, LOST_WIDTH_PX - _STROKE_PX, LOST_ROWS).astype(int)):
        black[row, left : left + _STROKE_PX] = True
    return encode(Bitmap.from_bool(black | black[:, ::-1]), Coding.MMR)
