"""The inner loops of coding: rows of pels become changing elements, these become code words, and these become octets.

Called by `encoder`. Plain Python that numba compiles; see `jit` for the rules. Each step is one loop that calls nothing,
because handing arrays from kernel to kernel costs more than a code word does.

A row is known by its changing elements: the columns at which the colour differs from the pel before, the first one being the
first black pel, closed by END_MARKS times the width. A code word is an entry `word << 5 | bits` as in `tables`.
Bits leave through a `Sink` of three integers: octets written, bits not yet written, and how many of these there are.
"""

from mailfax.t4codec.jit import Cells, kernel
from mailfax.t4codec.tables import (
    BLACK_RUNS,
    END_MARKS,
    EOL_BITS,
    EOL_WORD,
    LONGEST_ENTRY,
    LONGEST_MAKE_UP,
    LONGEST_MAKE_UP_WORD,
    MODE_HORIZONTAL,
    MODE_PASS,
    MODE_V0,
    EncodeTables,
)

Sink = tuple[int, int, int]

LONGEST_MAKE_UP_ENTRY = LONGEST_MAKE_UP_WORD << 5 | 12
ZEROS = 24  # of fill in one code word


@kernel
def find_changes(pels: Cells, start: int, width: int, lines: Cells, line: int, leading_zeros: Cells) -> None:
    """Write the changing elements of the row whose octets begin at pels[start] to lines[line] and on."""
    first = line
    last_colour = 0
    for octet in range((width + 7) >> 3):
        differs = pels[start + octet] ^ last_colour
        while differs:
            skip = leading_zeros[differs]
            lines[line] = octet * 8 + skip
            line += 1
            last_colour ^= 255
            differs = ~differs & 255 >> skip
    while line > first and lines[line - 1] >= width:
        line -= 1  # the change from a black end of the row to its white pad bits
    for mark in range(END_MARKS):
        lines[line + mark] = width


@kernel
def words_1d(lines: Cells, line: int, width: int, words: Cells, count: int, runs: Cells) -> int:
    """Append the code words of one row to words[count] and on, one-dimensionally coded (T.4, 4.1.1)."""
    column, colour = 0, 0
    while column < width:
        run = lines[line] - column
        column = lines[line]
        line += 1
        while run > LONGEST_ENTRY:
            words[count] = LONGEST_MAKE_UP_ENTRY
            count += 1
            run -= LONGEST_MAKE_UP
        words[count] = runs[colour + run]
        count += 1
        colour = BLACK_RUNS - colour
    return count


@kernel
def words_2d(
    lines: Cells, above: int, line: int, width: int, words: Cells, count: int, runs: Cells, modes: Cells
) -> int:
    """Append the code words of one row, two-dimensionally coded (T.4, 4.2.1.3.4), its reference line at `above`.

    a1 is lines[a], b1 is lines[b]; b has the parity, counted from `above`, of the colour that a1 begins.
    """
    a, b = line, above
    a0, colour = 0, 0
    runs_left = 0
    while a0 < width or runs_left:
        a1, b1 = lines[a], lines[b]
        if runs_left == 0:
            if lines[b + 1] < a1:
                words[count] = modes[MODE_PASS]
                count += 1
                a0 = lines[b + 1]
                b += 2
                continue
            if -3 <= a1 - b1 <= 3:
                words[count] = modes[MODE_V0 + a1 - b1]
                b = b - 1 if b > above else b + 1
            else:
                words[count] = modes[MODE_HORIZONTAL]
                runs_left = 2
            count += 1
        if runs_left:
            run = a1 - a0
            while run > LONGEST_ENTRY:
                words[count] = LONGEST_MAKE_UP_ENTRY
                count += 1
                run -= LONGEST_MAKE_UP
            words[count] = runs[colour + run]
            count += 1
            runs_left -= 1
        a0 = a1
        a += 1
        colour = BLACK_RUNS - colour
        while runs_left == 0 and lines[b] <= a0 and lines[b] < width:
            b += 2
    return count


@kernel
def put(out: Cells, sink: Sink, words: Cells, count: int) -> Sink:
    """Write code words."""
    octets, waiting, bits = sink
    for number in range(count):
        entry = words[number]
        waiting = waiting << (entry & 31) | entry >> 5
        bits += entry & 31
        if bits >= 32:
            bits -= 32
            out[octets] = waiting >> bits + 24 & 255
            out[octets + 1] = waiting >> bits + 16 & 255
            out[octets + 2] = waiting >> bits + 8 & 255
            out[octets + 3] = waiting >> bits & 255
            octets += 4
            waiting &= (1 << bits) - 1
    return octets, waiting, bits


@kernel
def flush(out: Cells, sink: Sink) -> int:
    """Write what waits, filled up with zeros to a whole octet; gives the number of octets written in all."""
    octets, waiting, bits = sink
    waiting <<= 32 - bits
    for shift in (24, 16, 8, 0):
        if bits > 0:
            out[octets] = waiting >> shift & 255
            octets += 1
            bits -= 8
    return octets


@kernel
def put_eol(out: Cells, sink: Sink, words: Cells, fill: int, align: bool, tag: int) -> Sink:
    """Write fill of at least `fill` bits, an EOL that ends on a whole octet if so asked, and a tag bit (-1: none)."""
    if align:
        fill += (4 - sink[2] - fill) & 7
    while fill > 0:
        words[0] = min(fill, ZEROS)
        sink = put(out, sink, words, 1)
        fill -= ZEROS
    words[0] = EOL_WORD << 5 | EOL_BITS
    if tag >= 0:
        words[0] = (EOL_WORD << 1 | tag) << 5 | EOL_BITS + 1
    return put(out, sink, words, 1)


@kernel
def encode_t4(
    pels: Cells,
    rows: int,
    width: int,
    k: int,
    min_bits: int,
    align: bool,
    eols_at_end: int,
    lines: Cells,
    words: Cells,
    out: Cells,
    tables: EncodeTables,
) -> int:
    """Code a page as T.4: one-dimensionally when k is 0. Gives the number of octets."""
    row_octets = (width + 7) >> 3
    stride = width + 2 * END_MARKS
    eol_bits = EOL_BITS + (1 if k else 0)
    sink = (0, 0, 0)
    line_began = 0
    for row in range(rows):
        one_dimensional = k == 0 or row % k == 0
        tag = -1 if k == 0 else 1 if one_dimensional else 0
        fill = 0 if row == 0 else min_bits - eol_bits - (sink[0] * 8 + sink[2] - line_began)
        sink = put_eol(out, sink, words, max(fill, 0), align, tag)
        line_began = sink[0] * 8 + sink[2]
        line = (row & 1) * stride
        find_changes(pels, row * row_octets, width, lines, line, tables.leading_zeros)
        if one_dimensional:
            count = words_1d(lines, line, width, words, 0, tables.runs)
        else:
            count = words_2d(lines, stride - line, line, width, words, 0, tables.runs, tables.modes)
        sink = put(out, sink, words, count)
    for number in range(eols_at_end):
        fill = min_bits - eol_bits - (sink[0] * 8 + sink[2] - line_began) if number == 0 and rows else 0
        sink = put_eol(out, sink, words, max(fill, 0), align, 1 if k else -1)
    return flush(out, sink)


@kernel
def encode_t6(
    pels: Cells,
    rows: int,
    width: int,
    eols_at_end: int,
    lines: Cells,
    words: Cells,
    out: Cells,
    tables: EncodeTables,
) -> int:
    """Code a page as T.6. Gives the number of octets."""
    row_octets = (width + 7) >> 3
    stride = width + 2 * END_MARKS
    sink = (0, 0, 0)
    for mark in range(END_MARKS):
        lines[stride + mark] = width  # T.6, 2.2.1: the line above the first one is white
    for row in range(rows):
        line = (row & 1) * stride
        find_changes(pels, row * row_octets, width, lines, line, tables.leading_zeros)
        count = words_2d(lines, stride - line, line, width, words, 0, tables.runs, tables.modes)
        sink = put(out, sink, words, count)
    for _ in range(eols_at_end):
        sink = put_eol(out, sink, words, 0, False, -1)
    return flush(out, sink)
