"""The inner loops of T.85: the QM coder of T.82 and the templates that look at pels already coded. Called by `t85`.

Plain Python that numba compiles; see `jit` for the rules. Pels are one to a cell, rows `stride` cells apart, with two white
rows above the first one and two white pels behind each row, so that a template never looks outside.

A state of the coder is an index of table 24 of T.82, times two, plus the more probable symbol (MPS); `contexts` holds one
for each of the 1024 contexts. The registers A and C, the counter CT, the stack SC and BUFFER are those of T.82, 6.8.
"""

from mailfax.t4codec.jit import Cells, kernel

ESC, STUFF = 0xFF, 0x00  # T.82, table 17
TP_CONTEXT_3_LINES, TP_CONTEXT_2_LINES = 0x0E5, 0x195  # T.82, figures 14 and 15: where SLNTP is coded

# The cells of `coder`.
A, C, CT, SC, BUFFER, PLACE = 0, 1, 2, 3, 4, 5
LAST_ROW_TYPICAL = 6
CODER_CELLS = 7


@kernel
def out_octet(out: Cells, place: int, octet: int) -> int:
    """Write one coded octet; ESC is followed by a STUFF."""
    out[place] = octet
    if octet == ESC:
        out[place + 1] = STUFF
        return place + 2
    return place + 1


@kernel
def out_carry(out: Cells, coder: Cells, octets: int) -> None:
    """Take 8 bits and their carry from the C register (T.82, figure 28, BYTEOUT)."""
    place = coder[PLACE]
    if octets == 0xFF:
        coder[SC] += 1
        return
    if coder[BUFFER] >= 0:
        place = out_octet(out, place, coder[BUFFER] + (octets >> 8))
    for _ in range(coder[SC]):
        place = out_octet(out, place, 0x00 if octets > 0xFF else 0xFF)
    coder[SC] = 0
    coder[BUFFER] = octets & 0xFF
    coder[PLACE] = place


@kernel
def encode_symbol(
    symbol: int,
    context: int,
    contexts: Cells,
    sizes: Cells,
    after_mps: Cells,
    after_lps: Cells,
    out: Cells,
    coder: Cells,
) -> None:
    """Code one symbol (T.82, figures 24 to 26, ENCODE)."""
    state = contexts[context]
    size = sizes[state]
    a = coder[A] - size
    if symbol == state & 1:
        if a >= 0x8000:
            coder[A] = a
            return
        contexts[context] = after_mps[state]
        exchange = a < size
    else:
        contexts[context] = after_lps[state]
        exchange = a >= size
    c = coder[C]
    if exchange:
        c += a
        a = size
    while a < 0x8000:  # RENORME
        a <<= 1
        c <<= 1
        coder[CT] -= 1
        if coder[CT] == 0:
            out_carry(out, coder, c >> 19)
            c &= 0x7FFFF
            coder[CT] = 8
    coder[A] = a
    coder[C] = c


@kernel
def flush_coder(out: Cells, coder: Cells) -> None:
    """End a stripe: the value in the last interval that has most zeros at its end, which are not written (FLUSH)."""
    c = coder[C]
    highest = coder[A] - 1 + c & ~0xFFFF
    c = highest + 0x8000 if highest < c else highest
    c <<= coder[CT]
    place = coder[PLACE]
    carry = 1 if c >> 27 else 0
    rest = c >> 11 & 0xFFFF
    if coder[BUFFER] >= 0:
        place = out_octet(out, place, coder[BUFFER] + carry)
    if carry == 0 or rest:
        for _ in range(coder[SC]):
            place = out_octet(out, place, 0x00 if carry else 0xFF)
    if rest:
        place = out_octet(out, place, rest >> 8)
        if rest & 0xFF:
            place = out_octet(out, place, rest & 0xFF)
    coder[PLACE] = place


@kernel
def encode_stripe(
    pels: Cells,
    first: int,
    rows: int,
    width: int,
    two_lines: bool,
    typical: bool,
    contexts: Cells,
    sizes: Cells,
    after_mps: Cells,
    after_lps: Cells,
    out: Cells,
    coder: Cells,
) -> None:
    """Code `rows` rows, the first one `first` cells into `pels`. Contexts go on from stripe to stripe."""
    stride = width + 2
    coder[A], coder[C], coder[CT], coder[SC], coder[BUFFER] = 0x10000, 0, 11, 0, -1
    for row in range(rows):
        here = first + row * stride
        above, above2 = here - stride, here - 2 * stride
        if typical:
            same = 1
            for column in range(width):
                if pels[here + column] != pels[above + column]:
                    same = 0
                    break
            tp_context = TP_CONTEXT_2_LINES if two_lines else TP_CONTEXT_3_LINES
            changed = 1 if same == coder[LAST_ROW_TYPICAL] else 0
            encode_symbol(changed, tp_context, contexts, sizes, after_mps, after_lps, out, coder)
            coder[LAST_ROW_TYPICAL] = same
            if same:
                continue
        h1, h2, h3 = 0, 2 * pels[above] + pels[above + 1], 0 + pels[above2]
        a = coder[A]
        for column in range(width):
            if two_lines:
                h2 = (h2 << 1 | pels[above + column + 2]) & 63
                context = h2 << 4 | h1 & 15
            else:
                h3 = (h3 << 1 | pels[above2 + column + 1]) & 7
                h2 = (h2 << 1 | pels[above + column + 2]) & 31
                context = h3 << 7 | h2 << 2 | h1 & 3
            pel = pels[here + column]
            h1 = h1 << 1 & 15 | pel
            state = contexts[context]
            if pel == state & 1 and a - sizes[state] >= 0x8000:
                a -= sizes[state]  # what encode_symbol would do; nearly every pel comes this way
                continue
            coder[A] = a
            encode_symbol(pel, context, contexts, sizes, after_mps, after_lps, out, coder)
            a = coder[A]
        coder[A] = a
    flush_coder(out, coder)


@kernel
def fill_register(data: Cells, end: int, coder: Cells) -> None:
    """Shift A and C until A is large again; octets follow from `data`, and zeros behind its end (RENORMD, BYTEIN)."""
    a, c, count = coder[A], coder[C], coder[CT]
    while a < 0x8000:
        if count == 0:
            place = coder[PLACE]
            octet = 0
            if place < end:
                octet = data[place]
                place += 2 if octet == ESC else 1  # a STUFF follows
            else:
                place += 1
            coder[PLACE] = place
            c |= octet << 8
            count = 8
        a <<= 1
        c <<= 1
        count -= 1
    coder[A], coder[C], coder[CT] = a, c, count


@kernel
def decode_symbol(
    context: int, contexts: Cells, sizes: Cells, after_mps: Cells, after_lps: Cells, data: Cells, end: int, coder: Cells
) -> int:
    """Read one symbol (T.82, figures 32 to 35, DECODE)."""
    state = contexts[context]
    size = sizes[state]
    a, c = coder[A] - size, coder[C]
    symbol = state & 1
    if c >> 16 < a:
        if a >= 0x8000:
            coder[A] = a
            return symbol
        less_probable = a < size
    else:
        c -= a << 16
        less_probable = a >= size
        a = size
    if less_probable:
        symbol = 1 - symbol
        contexts[context] = after_lps[state]
    else:
        contexts[context] = after_mps[state]
    coder[A], coder[C] = a, c
    fill_register(data, end, coder)
    return symbol


@kernel
def start_decoder(data: Cells, start: int, end: int, coder: Cells) -> None:
    """Read the first octets of a stripe into the C register (INITDEC)."""
    place = start
    c = 0
    for _ in range(3):
        octet = data[place] if place < end else 0
        place += 2 if octet == ESC else 1
        c = c << 8 | octet
    coder[PLACE] = place
    coder[A], coder[C], coder[CT] = 0x10000, c << 8, 8


@kernel
def decode_rows(
    data: Cells,
    end: int,
    pels: Cells,
    rows: int,
    width: int,
    two_lines: bool,
    typical: bool,
    at_row: int,
    at_shift: int,
    old_shift: int,
    contexts: Cells,
    sizes: Cells,
    after_mps: Cells,
    after_lps: Cells,
    coder: Cells,
) -> int:
    """Read `rows` rows of the stripe that ends at data[end], behind the two rows that `pels` begins with.

    From row `at_row` on the adaptive pel is `at_shift` pels back (0: in its first place), before that `old_shift` pels.
    Gives the number of rows that were begun before the octets ran out.
    """
    stride = width + 2
    begun = 0
    for row in range(rows):
        begun += coder[PLACE] <= end + 2
        shift = at_shift if row >= at_row else old_shift
        here = (row + 2) * stride
        above, above2 = here - stride, here - 2 * stride
        if typical:
            tp_context = TP_CONTEXT_2_LINES if two_lines else TP_CONTEXT_3_LINES
            changed = decode_symbol(tp_context, contexts, sizes, after_mps, after_lps, data, end, coder)
            coder[LAST_ROW_TYPICAL] ^= 1 - changed
            if coder[LAST_ROW_TYPICAL]:
                for column in range(width):
                    pels[here + column] = pels[above + column]
                continue
        h1, h2, h3 = 0, 2 * pels[above] + pels[above + 1], 0 + pels[above2]
        for column in range(width):
            if two_lines:
                h2 = (h2 << 1 | pels[above + column + 2]) & 63
                context = h2 << 4 | h1 & 15
                place = 4
            else:
                h3 = (h3 << 1 | pels[above2 + column + 1]) & 7
                h2 = (h2 << 1 | pels[above + column + 2]) & 31
                context = h3 << 7 | h2 << 2 | h1 & 3
                place = 2
            if shift:
                adaptive = pels[here + column - shift] if column >= shift else 0
                context = context & ~(1 << place) | adaptive << place
            state = contexts[context]
            a = coder[A] - sizes[state]
            if coder[C] >> 16 < a and a >= 0x8000:
                coder[A] = a  # what decode_symbol would do; nearly every pel comes this way
                pel = state & 1
            else:
                pel = decode_symbol(context, contexts, sizes, after_mps, after_lps, data, end, coder)
            pels[here + column] = pel
            h1 = h1 << 1 & 15 | pel
    return begun
