"""The code words of T.4 and T.6, as the Recommendations print them, and the arrays that the kernels read.

An entry to write is `word << 5 | bits`. An entry to read stands at every window of bits that begins with the word;
0 there means that no word does.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mailfax.t4codec.jit import Cells, table

# T.4, table 2: terminating codes, run lengths 0 to 63 in order.
WHITE_TERMINATING = """
    00110101 000111   0111     1000     1011     1100     1110     1111
    10011    10100    00111    01000    001000   000011   110100   110101
    101010   101011   0100111  0001100  0001000  0010111  0000011  0000100
    0101000  0101011  0010011  0100100  0011000  00000010 00000011 00011010
    00011011 00010010 00010011 00010100 00010101 00010110 00010111 00101000
    00101001 00101010 00101011 00101100 00101101 00000100 00000101 00001010
    00001011 01010010 01010011 01010100 01010101 00100100 00100101 01011000
    01011001 01011010 01011011 01001010 01001011 00110010 00110011 00110100
"""
BLACK_TERMINATING = """
    0000110111   010          11           10           011          0011         0010         00011
    000101       000100       0000100      0000101      0000111      00000100     00000111     000011000
    0000010111   0000011000   0000001000   00001100111  00001101000  00001101100  00000110111  00000101000
    00000010111  00000011000  000011001010 000011001011 000011001100 000011001101 000001101000 000001101001
    000001101010 000001101011 000011010010 000011010011 000011010100 000011010101 000011010110 000011010111
    000001101100 000001101101 000011011010 000011011011 000001010100 000001010101 000001010110 000001010111
    000001100100 000001100101 000001010010 000001010011 000000100100 000000110111 000000111000 000000100111
    000000101000 000001011000 000001011001 000000101011 000000101100 000001011010 000001100110 000001100111
"""
# T.4, table 3a: make-up codes, run lengths 64, 128 ... 1728.
WHITE_MAKE_UP = """
    11011     10010     010111    0110111   00110110  00110111  01100100  01100101  01101000
    01100111  011001100 011001101 011010010 011010011 011010100 011010101 011010110 011010111
    011011000 011011001 011011010 011011011 010011000 010011001 010011010 011000    010011011
"""
BLACK_MAKE_UP = """
    0000001111    000011001000  000011001001  000001011011  000000110011  000000110100  000000110101
    0000001101100 0000001101101 0000001001010 0000001001011 0000001001100 0000001001101 0000001110010
    0000001110011 0000001110100 0000001110101 0000001110110 0000001110111 0000001010010 0000001010011
    0000001010100 0000001010101 0000001011010 0000001011011 0000001100100 0000001100101
"""
# T.4, table 3b: make-up codes of both colours, run lengths 1792, 1856 ... 2560.
COMMON_MAKE_UP = """
    00000001000  00000001100  00000001101  000000010010 000000010011 000000010100 000000010101
    000000010110 000000010111 000000011100 000000011101 000000011110 000000011111
"""
# T.4, table 4: the modes of two-dimensional coding; VR1 means a1 one pel to the right of b1.
PASS = "0001"  # noqa: S105  (a code word, not a password)
HORIZONTAL = "001"
VERTICAL = {-3: "0000010", -2: "000010", -1: "010", 0: "1", 1: "011", 2: "000011", 3: "0000011"}
EXTENSION = "0000001"
EOL = "000000000001"

EOL_WORD, EOL_BITS = int(EOL, 2), len(EOL)
LONGEST_MAKE_UP = 2560
LONGEST_MAKE_UP_WORD = 0b000000011111
LONGEST_ENTRY = LONGEST_MAKE_UP + 63  # the longest run that needs no second make-up code
BLACK_RUNS = LONGEST_ENTRY + 1
RUN_WINDOW = 13  # bits of the longest run code
BLACK_WINDOWS = 1 << RUN_WINDOW
MODE_WINDOW = 7  # bits of the longest mode

END_MARKS = 4  # a row of changing elements is closed by so many marks at its width, for coding that looks ahead

TERMINATING_FLAG = 16
# What a window of mode bits says, beside the number of bits: 1 to 7 are VL3 to VR3.
MODE_V0 = 4
MODE_PASS = 8
MODE_HORIZONTAL = 9
MODE_EXTENSION = 10


class EncodeTables(NamedTuple):
    """What the encoding kernels read."""

    runs: Cells  # white ones, and from BLACK_RUNS on the black ones
    modes: Cells
    leading_zeros: Cells


class DecodeTables(NamedTuple):
    """What the decoding kernels read."""

    runs: Cells  # white ones, and from BLACK_WINDOWS on the black ones
    run_pairs: Cells  # the same, with the next run where a window has two; see _pairs_to_read
    modes: Cells


def run_codes(terminating: str, make_up: str) -> dict[int, str]:
    """Map run lengths to their single code words."""
    words = dict(enumerate(terminating.split()))
    words |= {64 * number: word for number, word in enumerate((make_up + COMMON_MAKE_UP).split(), 1)}
    return words


def _entry(word: str) -> int:
    return int(word, 2) << 5 | len(word)


def _runs_to_write(terminating: str, make_up: str) -> NDArray[np.int64]:
    words = run_codes(terminating, make_up)
    whole = [words[run] if run < 64 else words[run & ~63] + words[run & 63] for run in range(LONGEST_ENTRY + 1)]
    return np.array([_entry(word) for word in whole], np.int64)


def _spread(entries: NDArray[np.int64], word: str, window: int, value: int) -> None:
    rest = window - len(word)
    first = int(word, 2) << rest
    entries[first : first + (1 << rest)] = value


def _runs_to_read(terminating: str, make_up: str) -> NDArray[np.int64]:
    entries = np.zeros(1 << RUN_WINDOW, np.int64)
    for run, word in run_codes(terminating, make_up).items():
        _spread(entries, word, RUN_WINDOW, run << 5 | (TERMINATING_FLAG if run < 64 else 0) | len(word))
    return entries


def _modes_to_read() -> NDArray[np.int64]:
    entries = np.zeros(1 << MODE_WINDOW, np.int64)
    modes = {MODE_PASS: PASS, MODE_HORIZONTAL: HORIZONTAL, MODE_EXTENSION: EXTENSION}
    modes |= {MODE_V0 + shift: word for shift, word in VERTICAL.items()}
    for mode, word in modes.items():
        _spread(entries, word, MODE_WINDOW, mode << 4 | len(word))
    return entries


def _modes_to_write() -> NDArray[np.int64]:
    modes = {MODE_PASS: PASS, MODE_HORIZONTAL: HORIZONTAL} | {MODE_V0 + shift: word for shift, word in VERTICAL.items()}
    entries = np.zeros(max(modes) + 1, np.int64)
    for mode, word in modes.items():
        entries[mode] = _entry(word)
    return entries


def _both(make: Callable[[str, str], NDArray[np.int64]]) -> NDArray[np.int64]:
    return np.concatenate([make(WHITE_TERMINATING, WHITE_MAKE_UP), make(BLACK_TERMINATING, BLACK_MAKE_UP)])


def _pairs_to_read() -> NDArray[np.int64]:
    """Give what a window says of two runs at once: half of all looks then need no second one.

    An entry is `second run << 22 | first run << 10 | codes << 8 | bits of the second << 4 | bits of the first`; codes is 0 for a
    make-up code, 1 for a terminating code, 2 for two terminating codes.
    """
    entries = _both(_runs_to_read)
    windows = np.arange(BLACK_WINDOWS)
    pairs = []
    for first, other in (
        (entries[:BLACK_WINDOWS], entries[BLACK_WINDOWS:]),
        (entries[BLACK_WINDOWS:], entries[:BLACK_WINDOWS]),
    ):
        bits = first & 15
        second = other[windows << bits & BLACK_WINDOWS - 1]
        single = first & second & TERMINATING_FLAG == 0
        second = np.where(single | (bits + (second & 15) > RUN_WINDOW), 0, second)
        codes = (first & TERMINATING_FLAG != 0).astype(np.int64) + (second != 0)
        pairs.append((second >> 5) << 22 | (first >> 5) << 10 | codes << 8 | (second & 15) << 4 | bits)
    return np.concatenate(pairs)


ENCODE_TABLES = EncodeTables(
    runs=table(_both(_runs_to_write)),
    modes=table(_modes_to_write()),
    leading_zeros=table(np.array([8 - octet.bit_length() for octet in range(256)], np.int64)),
)
DECODE_TABLES = DecodeTables(
    runs=table(_both(_runs_to_read)),
    run_pairs=table(_pairs_to_read()),
    modes=table(_modes_to_read()),
)
