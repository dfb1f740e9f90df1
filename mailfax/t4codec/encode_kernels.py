"""The inner loops of coding: rows of pels become changing elements, and these become code words. Called by `encoder`.

Plain Python that numba compiles; see `jit` for the rules. A row is known by its changing elements: the columns at which
the colour differs from the pel before, the first one being the first black pel, closed by four times the width.

Bits leave through a `Sink` of three integers: octets written, bits not yet written, and how many of these there are.
"""

from mailfax.t4codec.jit import Cells, kernel
from mailfax.t4codec.tables import (
    END_MARKS,
    EOL_BITS,
    EOL_WORD,
    LONGEST_ENTRY,
    LONGEST_MAKE_UP,
    LONGEST_MAKE_UP_BITS,
    LONGEST_MAKE_UP_WORD,
    MODE_HORIZONTAL,
    MODE_PASS,
    MODE_V0,
    EncodeTables,
)

Sink = tuple[int, int, int]


@kernel
def put(out: Cells, sink: Sink, word: int, bits: int) -> Sink:
    """Append up to 25 bits."""
    octets, waiting, count = sink
    waiting = waiting << bits | word
    count += bits
    if count >= 32:
        count -= 32
        out[octets] = waiting >> count + 24 & 255
        out[octets + 1] = waiting >> count + 16 & 255
        out[octets + 2] = waiting >> count + 8 & 255
        out[octets + 3] = waiting >> count & 255
        octets += 4
        waiting &= (1 << count) - 1
    return octets, waiting, count


@kernel
def flush(out: Cells, sink: Sink) -> int:
    """Write what waits, filled up with zeros to a whole octet; gives the number of octets written in all."""
    octets, waiting, count = sink
    waiting <<= 32 - count
    for shift in (24, 16, 8, 0):
        if count > 0:
            out[octets] = waiting >> shift & 255
            octets += 1
            count -= 8
    return octets


@kernel
def put_zeros(out: Cells, sink: Sink, bits: int) -> Sink:
    """Append fill."""
    while bits > 0:
        sink = put(out, sink, 0, min(bits, 24))
        bits -= 24
    return sink


@kernel
def put_run(out: Cells, sink: Sink, run: int, words: Cells) -> Sink:
    """Append the code of one run: make-up codes and a terminating code."""
    while run > LONGEST_ENTRY:
        run -= LONGEST_MAKE_UP
        sink = put(out, sink, LONGEST_MAKE_UP_WORD, LONGEST_MAKE_UP_BITS)
    entry = words[run]
    return put(out, sink, entry >> 5, entry & 31)


@kernel
def put_1d(out: Cells, sink: Sink, lines: Cells, line: int, width: int, tables: EncodeTables) -> Sink:
    """Append one row, one-dimensionally coded (T.4, 4.1.1)."""
    at = 0
    while at < width:
        white_end = lines[line]
        sink = put_run(out, sink, white_end - at, tables.white)
        at = lines[line + 1]
        if white_end < width:
            sink = put_run(out, sink, at - white_end, tables.black)
        line += 2
    return sink


@kernel
def put_2d(out: Cells, sink: Sink, lines: Cells, above: int, line: int, width: int, tables: EncodeTables) -> Sink:
    """Append one row, two-dimensionally coded (T.4, 4.2.1.3.4): the row at `line`, its reference line at `above`.

    a1 is lines[a], b1 is lines[b]. b has the parity (counted from `above`) of the colour that a1 begins.
    """
    first_above = above
    a, b = line, above
    a0 = 0
    while a0 < width:
        a1, b1 = lines[a], lines[b]
        if lines[b + 1] < a1:
            a0 = lines[b + 1]
            b += 2
            entry = tables.modes[MODE_PASS]
            sink = put(out, sink, entry >> 5, entry & 31)
            continue
        if -3 <= a1 - b1 <= 3:
            entry = tables.modes[MODE_V0 + a1 - b1]
            sink = put(out, sink, entry >> 5, entry & 31)
            a0 = a1
            a += 1
            b = b - 1 if b > first_above else b + 1
        else:
            entry = tables.modes[MODE_HORIZONTAL]
            sink = put(out, sink, entry >> 5, entry & 31)
            a2 = lines[a + 1]
            if (a - line) & 1:
                sink = put_run(out, sink, a1 - a0, tables.black)
                sink = put_run(out, sink, a2 - a1, tables.white)
            else:
                sink = put_run(out, sink, a1 - a0, tables.white)
                sink = put_run(out, sink, a2 - a1, tables.black)
            a0 = a2
            a += 2
        while lines[b] <= a0 and lines[b] < width:
            b += 2
    return sink


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
    if line > first and lines[line - 1] >= width:
        line -= 1  # the change from a black end of the row to its white pad bits
    for mark in range(END_MARKS):
        lines[line + mark] = width


@kernel
def put_eol(out: Cells, sink: Sink, bits: int, align: bool, tag: int) -> Sink:
    """Append fill of at least `bits`, an EOL that ends on a whole octet if so asked, and a tag bit (-1: none)."""
    if align:
        bits += (4 - sink[2] - bits) & 7
    sink = put_zeros(out, sink, bits)
    sink = put(out, sink, EOL_WORD, EOL_BITS)
    if tag >= 0:
        sink = put(out, sink, tag, 1)
    return sink


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
        sink = put_eol(out, sink, max(fill, 0), align, tag)
        line_began = sink[0] * 8 + sink[2]
        line = (row & 1) * stride
        find_changes(pels, row * row_octets, width, lines, line, tables.leading_zeros)
        if one_dimensional:
            sink = put_1d(out, sink, lines, line, width, tables)
        else:
            sink = put_2d(out, sink, lines, stride - line, line, width, tables)
    for number in range(eols_at_end):
        fill = min_bits - eol_bits - (sink[0] * 8 + sink[2] - line_began) if number == 0 and rows else 0
        sink = put_eol(out, sink, max(fill, 0), align, 1 if k else -1)
    return flush(out, sink)


@kernel
def encode_t6(
    pels: Cells, rows: int, width: int, eols_at_end: int, lines: Cells, out: Cells, tables: EncodeTables
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
        sink = put_2d(out, sink, lines, stride - line, line, width, tables)
    for _ in range(eols_at_end):
        sink = put(out, sink, EOL_WORD, EOL_BITS)
    return flush(out, sink)
