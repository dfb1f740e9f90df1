"""Rows of pels to T.4 or T.6 octets. Called by whoever puts a page on a line, into the spool or into a TIFF."""

from dataclasses import dataclass

from mailfax.model.page import Coding, Resolution
from mailfax.t4codec.bitmap import Bitmap
from mailfax.t4codec.bits import reverse_bits
from mailfax.t4codec.encode_kernels import encode_t4, encode_t6
from mailfax.t4codec.jit import as_array, new_integers, new_octets, octet_cells
from mailfax.t4codec.tables import ENCODE_TABLES, END_MARKS, LONGEST_MAKE_UP

# T.4, 4.2.1.1: at most K - 1 two-dimensional lines follow a one-dimensional one. Above 200 lines an inch more than 4 is for
# a receiver that says so (T.30, bit 122); 4 always is allowed.
_K_BY_ROWS_PER_INCH = {98: 2, 196: 4, 200: 4, 300: 4, 391: 4, 400: 4}
K_BY_RESOLUTION = {resolution: _K_BY_ROWS_PER_INCH[resolution.density.y_dpi] for resolution in Resolution}
RTC_EOLS = 6  # T.4, 4.1.4
EOFB_EOLS = 2  # T.6, 2.4.1.1
# No code word spends more than 7 bits on a pel (VL3); a row of no pels to speak of still has EOL, tag and make-up codes.
_BITS_PER_PEL = 7
_BITS_PER_ROW = 96


@dataclass(frozen=True, kw_only=True, slots=True)
class EncodeOptions:
    """How to code.

    `end_of_page`: write the RTC or EOFB. `lsb_first`: the first bit on the line is the LSB (TIFF FillOrder 2).
    MH and MR: `min_row_bits`: least bits from EOL to EOL (see min_row_bits below). `align_eol`: every EOL ends on a whole octet.
    MR: `k`: of so many rows one is coded one-dimensionally.
    """

    k: int = 4
    min_row_bits: int = 0
    align_eol: bool = False
    end_of_page: bool = True
    lsb_first: bool = False

    def __post_init__(self) -> None:
        if self.k < 1 or self.min_row_bits < 0:
            raise ValueError(f"k = {self.k} and min_row_bits = {self.min_row_bits} make no page.")


DEFAULT = EncodeOptions()


def min_row_bits(bit_rate: int, min_scan_line_ms: int) -> int:
    """Count the bits of the shortest coded line that a receiver can print in time (T.4, 4.1.3): data, fill and EOL."""
    return -(-bit_rate * min_scan_line_ms // 1000)


def encode(bitmap: Bitmap, coding: Coding, *, options: EncodeOptions = DEFAULT) -> bytes:
    """Code a page, filled up to whole octets with zeros at its end."""
    width, rows = bitmap.width_px, bitmap.rows
    row_bits = width * _BITS_PER_PEL + _BITS_PER_ROW + options.min_row_bits
    room = new_octets(((rows + 1) * row_bits + 8 * _BITS_PER_ROW) // 8)
    lines = new_integers(2 * (width + 2 * END_MARKS))
    words = new_integers(2 * width + width // LONGEST_MAKE_UP + END_MARKS)  # a row has no more code words
    pels = octet_cells(bitmap.packed)
    if coding is Coding.MMR:
        eols = EOFB_EOLS if options.end_of_page else 0
        count = encode_t6(pels, rows, width, eols, lines, words, room, ENCODE_TABLES)
    else:
        k = options.k if coding is Coding.MR else 0
        eols = RTC_EOLS if options.end_of_page else 0
        count = encode_t4(
            pels, rows, width, k, options.min_row_bits, options.align_eol, eols, lines, words, room, ENCODE_TABLES
        )
    octets = as_array(room)[:count].tobytes()
    return reverse_bits(octets) if options.lsb_first else octets
