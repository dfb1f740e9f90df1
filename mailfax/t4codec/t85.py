"""T.85: JBIG (T.82) as fax uses it, one layer of one plane. For calls in which both sides have it, always under ECM.

A page is a bi-level image entity (BIE): a header of 20 octets, then stripes of `stripe_rows` rows, each closed by a marker.
"""

import re
import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mailfax.t4codec import jbig_kernels as kernels
from mailfax.t4codec.bitmap import Bitmap
from mailfax.t4codec.decoder import MAX_ROWS, Decoded, Span
from mailfax.t4codec.jbig_tables import AFTER_LPS, AFTER_MPS, SIZES
from mailfax.t4codec.jit import as_array, new_integers, new_octets, octet_cells

HEADER = struct.Struct(">BBBBIIIBBBB")  # T.82, 6.2: DL D P reserved XD YD L0 MX MY order options
TWO_LINES, LENGTH_MAY_CHANGE, TYPICAL_PREDICTION = 0x40, 0x20, 0x08  # options LRLTWO, VLENGTH, TPBON
OTHER_OPTIONS = 0xFF & ~(TWO_LINES | LENGTH_MAY_CHANGE | TYPICAL_PREDICTION)
STRIPE_ROWS = 128  # T.85, table 2: the L0 that every receiver takes
MAX_SHIFT = 127  # MX of T.85
UNKNOWN_ROWS = 0xFFFFFFFF
MAX_WIDTH_PX = 20_000
MAX_PELS = 1 << 27  # of a page: 27,000 rows at the greatest width
CONTEXTS = 1024

MARKER = re.compile(rb"\xff([^\x00])", re.DOTALL)
STRIPE_END, STRIPE_END_RESET, ABORT, NEW_LENGTH, MOVE_ADAPTIVE, COMMENT = 0x02, 0x03, 0x04, 0x05, 0x06, 0x07
OPERAND_OCTETS = {NEW_LENGTH: 4, MOVE_ADAPTIVE: 6, COMMENT: 4}
SLICE_ROWS = 128  # rows that are decoded at once, one octet a pel


@dataclass(frozen=True, kw_only=True, slots=True)
class T85Options:
    """How to code. A receiver that has only the basic mode of T.85 takes `stripe_rows` 128 only; all take the rest."""

    stripe_rows: int = STRIPE_ROWS
    two_lines: bool = False
    typical_prediction: bool = True

    def __post_init__(self) -> None:
        if self.stripe_rows < 1:
            raise ValueError(f"A stripe has at least one row, not {self.stripe_rows}.")


DEFAULT = T85Options()


def encode_t85(bitmap: Bitmap, *, options: T85Options = DEFAULT) -> bytes:
    """Code a page as a BIE."""
    width, rows = bitmap.width_px, bitmap.rows
    if not rows:
        raise ValueError("T.85 cannot say that a page has no rows.")
    flags = TWO_LINES * options.two_lines | TYPICAL_PREDICTION * options.typical_prediction
    coded = bytearray(HEADER.pack(0, 0, 1, 0, width, rows, options.stripe_rows, 0, 0, 0, flags))
    stride = width + 2
    pels = octet_cells(_spread(bitmap))
    contexts, coder = new_integers(CONTEXTS), new_integers(kernels.CODER_CELLS)
    room = new_octets(min(options.stripe_rows, rows) * (width + 1) + 64)
    for first in range(0, rows, options.stripe_rows):
        count = min(options.stripe_rows, rows - first)
        coder[kernels.PLACE] = 0
        kernels.encode_stripe(
            pels,
            (first + 2) * stride,
            count,
            width,
            options.two_lines,
            options.typical_prediction,
            contexts,
            SIZES,
            AFTER_MPS,
            AFTER_LPS,
            room,
            coder,
        )
        coded += as_array(room)[: coder[kernels.PLACE]].tobytes() + bytes((kernels.ESC, STRIPE_END))
    return bytes(coded)


def _spread(bitmap: Bitmap) -> NDArray[np.uint8]:
    """Give one octet for each pel, in the layout that the kernels read."""
    pels = np.zeros((bitmap.rows + 2, bitmap.width_px + 2), np.uint8)
    pels[2:, :-2] = np.unpackbits(bitmap.packed, axis=1, count=bitmap.width_px)
    return pels


@dataclass(kw_only=True, slots=True)
class _Stripe:
    """What stands between two markers that end a stripe, and whether everything begins anew behind it."""

    start: int
    end: int = 0
    closed: bool = False
    reset: bool = False
    at_row: int = 0
    at_shift: int | None = None


def t85_width_px(octets: bytes) -> int:
    """Read how wide a page says it is; 0 where it is too short to say."""
    return int(HEADER.unpack_from(octets)[4]) if len(octets) >= HEADER.size else 0


def decode_t85(octets: bytes, *, width_px: int, max_rows: int = MAX_ROWS) -> Decoded:
    """Decode a page; never raises. The picture is as wide as the octets say; without a usable header it has no rows.

    Damage shows only where it hits a marker: JBIG has nothing that could be wrong between them.
    """
    header = HEADER.unpack_from(octets) if len(octets) >= HEADER.size else (0,) * 11
    dl, d, planes, _, width, length, stripe_rows, mx, my, order, flags = header
    one_layer = (dl, d, planes, my, order & 0x0F) == (0, 0, 1, 0, 0)
    if not one_layer or mx > MAX_SHIFT or flags & OTHER_OPTIONS or not 0 < width <= MAX_WIDTH_PX or not stripe_rows:
        return _decoded(np.zeros((0, (width_px + 7) // 8), np.uint8), width_px, lost=0, complete=False)
    stripes, new_length = _stripes(octets)
    length = min(length, new_length)
    wanted = min(length, max_rows, MAX_PELS // width, stripe_rows * len(stripes))
    packed = _decode_stripes(octets, stripes, width, wanted, stripe_rows, flags)
    closed = bool(stripes) and all(stripe.closed for stripe in stripes)
    expected = min(length, max_rows, MAX_PELS // width) if length != UNKNOWN_ROWS else wanted
    return _decoded(packed, width, lost=expected - packed.shape[0], complete=closed and expected == length)


def _decoded(packed: NDArray[np.uint8], width_px: int, *, lost: int, complete: bool) -> Decoded:
    """Add white rows for the ones that the header promised and that did not come."""
    rows = packed.shape[0]
    if lost:
        packed = np.vstack([packed, np.zeros((lost, packed.shape[1]), np.uint8)])
    return Decoded(
        bitmap=Bitmap(width_px, packed),
        rows=rows + lost,
        bad_rows=lost,
        longest_bad_run=lost,
        complete=complete and not lost,
        bad_spans=(Span(first=rows, count=lost),) if lost else (),
    )


def _stripes(octets: bytes) -> tuple[list[_Stripe], int]:
    """Find the stripes, and the last word on the number of rows. A page that was cut ends in a stripe that is not closed."""
    stripes: list[_Stripe] = []
    length = UNKNOWN_ROWS
    stripe = _Stripe(start=HEADER.size)
    place = HEADER.size
    while (found := MARKER.search(octets, place)) is not None:
        marker = found[1][0]
        operands = octets[found.end() : found.end() + OPERAND_OCTETS.get(marker, 0)]
        place = found.end() + len(operands)
        if marker == ABORT:
            break
        if marker in {STRIPE_END, STRIPE_END_RESET}:
            stripe.end, stripe.closed, stripe.reset = found.start(), True, marker == STRIPE_END_RESET
            stripes.append(stripe)
            stripe = _Stripe(start=place)
            continue
        if marker == NEW_LENGTH:
            length = int.from_bytes(operands)
        elif marker == MOVE_ADAPTIVE and len(operands) == OPERAND_OCTETS[marker]:
            stripe.at_row, stripe.at_shift = int.from_bytes(operands[:4]), operands[4]
        elif marker == COMMENT:
            place += int.from_bytes(operands)
        stripe.start = place
    if octets[stripe.start :].strip(b"\0"):  # zeros are fill
        stripe.end = len(octets)
        stripes.append(stripe)
    return stripes, length


def _decode_stripes(
    octets: bytes, stripes: list[_Stripe], width: int, wanted: int, stripe_rows: int, flags: int
) -> NDArray[np.uint8]:
    """Give the packed rows, without those that a cut stripe no longer has."""
    data = octet_cells(np.frombuffer(octets, np.uint8))
    contexts, coder = new_integers(CONTEXTS), new_integers(kernels.CODER_CELLS)
    shift = 0
    slices = [np.zeros((0, (width + 7) // 8), np.uint8)]
    above = np.zeros((2, width + 2), np.uint8)
    done = 0
    for number, stripe in enumerate(stripes):
        kernels.start_decoder(data, stripe.start, stripe.end, coder)
        new_shift = shift if stripe.at_shift is None else stripe.at_shift
        stripe_end = min((number + 1) * stripe_rows, wanted)
        first = done
        while done < stripe_end:
            count = min(SLICE_ROWS, stripe_end - done)
            room = new_octets((count + 2) * (width + 2))
            pels = as_array(room).reshape(count + 2, width + 2)
            pels[:2], pels[:, -2:] = above, 0
            begun = kernels.decode_rows(
                data,
                stripe.end,
                room,
                count,
                width,
                bool(flags & TWO_LINES),
                bool(flags & TYPICAL_PREDICTION),
                stripe.at_row - (done - first),
                new_shift,
                shift,
                contexts,
                SIZES,
                AFTER_MPS,
                AFTER_LPS,
                coder,
            )
            kept = count if stripe.closed else begun
            slices.append(np.packbits(pels[2 : kept + 2, :-2], axis=1))
            above = pels[-2:]
            done += count
        shift = new_shift
        if stripe.reset:
            above = np.zeros((2, width + 2), np.uint8)
            contexts, coder = new_integers(CONTEXTS), new_integers(kernels.CODER_CELLS)
            shift = 0
    return np.concatenate(slices)
