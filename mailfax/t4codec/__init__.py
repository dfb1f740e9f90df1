"""T.4 and T.6 coding, and fax TIFF files.

Newcomers start at `encoder` and `decoder`; what happens to damaged pages, and why it is fast, is in docs/codec.md.
"""

import numpy as np

from mailfax.model.page import Coding
from mailfax.t4codec.bitmap import Bitmap
from mailfax.t4codec.decoder import BadRows, Decoded, DecodeOptions, PageDecoder, Span, decode
from mailfax.t4codec.encoder import K_BY_RESOLUTION, EncodeOptions, encode, min_row_bits
from mailfax.t4codec.t85 import decode_t85, encode_t85

__all__ = [
    "K_BY_RESOLUTION",
    "BadRows",
    "Bitmap",
    "DecodeOptions",
    "Decoded",
    "EncodeOptions",
    "PageDecoder",
    "Span",
    "decode",
    "encode",
    "min_row_bits",
    "warm",
]


def warm() -> None:
    """Load the kernels, or compile them the first time, so that no call has to wait for it."""
    page = Bitmap(8, np.array([[0x18], [0x24]], np.uint8))
    for coding in Coding:
        decode(encode(page, coding), coding, width_px=page.width_px)
    decode_t85(encode_t85(page), width_px=page.width_px)
