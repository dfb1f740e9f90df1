"""The inner loops of decoding: code words become changing elements, and these become pels. Called by `decoder`.

Plain Python that numba compiles; see `jit` for the rules, `encode_kernels` for changing elements. Bits are read through
`words`: words[i] holds the octets i to i + 3, so that any window of up to 25 bits is one look. A position is a bit number.
Behind the last octet there are zeros, and zeros begin no code word, so that no row can run far past the end.

What a page has come to between two calls stands in `state`, one cell for each of the names below. A row that is not
wholly there yet (`final` is false) is taken back and decoded again when more octets have come.
"""

from typing import NamedTuple

from mailfax.t4codec.jit import Cells, kernel
from mailfax.t4codec.tables import (
    BLACK_WINDOWS,
    END_MARKS,
    EOL_BITS,
    MODE_EXTENSION,
    MODE_HORIZONTAL,
    MODE_PASS,
    MODE_V0,
    TERMINATING_FLAG,
    DecodeTables,
)

BAD = -1
EOL_ZEROS = 11
RTC_EOLS = 6
LOOK_AHEAD = 96  # bits that are looked at behind a row before it counts as decoded
EOL_SEARCH = 16  # how far from its place a row is looked for when the EOL before it was hit
SCRAP_BITS = 26  # what an EOL of the RTC can leave behind when it was hit

# The cells of `state`.
POSITION = 0
ROWS = 1
END = 2  # one of RUNNING, ENDED, COMPLETE
EOL_EXPECTED = 3  # the last row stood between EOLs, so another EOL must follow
WANT_1D = 4  # a row was lost, so two-dimensional rows have no reference line
LINE = 5  # where in `lines` the last good row stands
ROW_BEGAN = 6  # where the last row began
CALM = 7  # rows since the last trouble
EXTENSIONS = 8  # rows refused because they ask for an extension (uncompressed mode)
EXTENSION = 9  # whether the row just tried did
GONE = 10  # bits of the page before those of `words`
CELLS = 11

RUNNING, ENDED, COMPLETE = 0, 1, 2
GOOD_ROW, BAD_ROW = 0, 1
# Policies for bad rows.
COPY_ABOVE, WHITE = 0, 1
ROOM = RTC_EOLS  # rows that one step may add


class Page(NamedTuple):
    """What a call decodes, and where to. `flags` and `ends` have one cell for each row there is room for in `out`, which is white at first.

    `ends` is where the code of a row ended; behind a row that was lost, where the next EOL stands.
    """

    words: Cells
    end: int
    final: bool
    two_d: bool
    align_rows: bool
    policy: int
    width: int
    lines: Cells
    out: Cells
    flags: Cells
    ends: Cells
    state: Cells
    saved: Cells
    tables: DecodeTables


@kernel
def decode_1d(words: Cells, position: int, width: int, lines: Cells, line: int, run_pairs: Cells) -> int:
    """Read one row, one-dimensionally coded, to lines[line] and on; gives the position behind it, or BAD."""
    at, column, colour = line, 0, 0
    codes = 0
    while column < width or codes == 0:
        entry = run_pairs[colour + (words[position >> 3] >> 19 - (position & 7) & 8191)]
        if entry == 0 or column + (entry >> 10 & 4095) > width:
            if column < width:
                position = BAD
            break  # at the width all is well: some senders leave out the terminating code of a last run of 1728
        column += entry >> 10 & 4095
        position += entry & 15
        codes = entry >> 8 & 3
        if codes == 0:
            continue
        if at > line and lines[at - 1] == column:
            at -= 1  # a run of length 0 joins its neighbours
        elif column < width:
            lines[at] = column
            at += 1
        if codes == 1 or column == width:
            colour = BLACK_WINDOWS - colour
            continue
        if column + (entry >> 22) > width:
            position = BAD
            break
        column += entry >> 22
        position += entry >> 4 & 15
        if at > line and lines[at - 1] == column:
            at -= 1
        elif column < width:
            lines[at] = column
            at += 1
    for number in range(END_MARKS):
        lines[at + number] = width
    return position


@kernel
def decode_2d(
    words: Cells,
    position: int,
    width: int,
    lines: Cells,
    above: int,
    line: int,
    runs: Cells,
    modes: Cells,
    state: Cells,
) -> int:
    """Read one row, two-dimensionally coded, to lines[line] and on, reference line at `above`; gives the position or BAD.

    b1 is lines[b]; b has the parity, counted from `above`, of the colour that a1 begins.
    """
    at, b = line, above
    a0, colour = 0, 0
    runs_left = 0
    while a0 < width or runs_left:
        window = words[position >> 3] >> 19 - (position & 7) & 8191
        if runs_left:
            entry = runs[colour + window]
            a0 += entry >> 5
            if entry == 0 or a0 > width:
                position = BAD
                break
            position += entry & 15
            if entry & TERMINATING_FLAG == 0:
                continue
            runs_left -= 1
        else:
            entry = modes[window >> 6]
            mode = entry >> 4
            position += entry & 15
            if mode == MODE_PASS:
                a0 = lines[b + 1]
                b += 2
                continue
            if mode == MODE_HORIZONTAL:
                runs_left = 2
                continue
            a1 = lines[b] + mode - MODE_V0
            if mode == 0 or mode > MODE_PASS or a1 < a0 or a1 > width:
                state[EXTENSION] |= mode == MODE_EXTENSION
                position = BAD
                break
            a0 = a1
            b = b - 1 if b > above else b + 1
        colour = BLACK_WINDOWS - colour
        if at > line and lines[at - 1] == a0:
            at -= 1
        elif a0 < width:
            lines[at] = a0
            at += 1
        while runs_left == 0 and lines[b] <= a0 and lines[b] < width:
            b += 2
    for number in range(END_MARKS):
        lines[at + number] = width
    return position


@kernel
def paint(lines: Cells, line: int, width: int, out: Cells, start: int) -> None:
    """Write the black runs of lines[line] as pels to out[start] and on, where all is white yet."""
    while lines[line] < width:
        begin, end = lines[line], lines[line + 1]
        first, last = start + (begin >> 3), start + (end >> 3)
        if first == last:
            out[first] = out[first] | 255 >> (begin & 7) & ~(255 >> (end & 7))
        else:
            out[first] = out[first] | 255 >> (begin & 7)
            for octet in range(first + 1, last):
                out[octet] = 255
            if end & 7:
                out[last] = 255 & ~(255 >> (end & 7))
        line += 2


@kernel
def find_eol(words: Cells, position: int, end: int) -> int:
    """Find where the next EOL begins, that is 11 zeros or more and a one; `end` if there is none."""
    zeros = 0
    while position < end:
        word = words[position >> 3]
        if not position & 7 and word >> 24 == 0:
            zeros += 8
            position += 8
            continue
        if word >> 31 - (position & 7) & 1:
            if zeros >= EOL_ZEROS:
                return position - zeros
            zeros = 0
        else:
            zeros += 1
        position += 1
    return end


@kernel
def take_eol(words: Cells, position: int, end: int, least_zeros: int) -> int:
    """Give the position behind the EOL, with its fill, that begins right here, or BAD when something else does."""
    start = position
    while position < end:
        word = words[position >> 3]
        if not position & 7 and word >> 24 == 0:
            position += 8
        elif word >> 31 - (position & 7) & 1:
            return position + 1 if position - start >= least_zeros else BAD
        else:
            position += 1
    return BAD


@kernel
def take_eols(page: Page, position: int) -> tuple[int, int, int]:
    """Read all EOLs that stand here: how many, the tag bit of the last one (1 where there is none), the position."""
    eols, tag = 0, 1
    least_zeros = EOL_ZEROS
    while True:
        behind = take_eol(page.words, position, page.end, least_zeros)
        if behind == BAD:
            return eols, tag, position
        eols += 1
        position = behind
        if page.two_d:
            tag = page.words[position >> 3] >> 31 - (position & 7) & 1
            position += 1
            least_zeros = EOL_ZEROS - 1  # an RTC without tag bits: the tag was the first zero of the next EOL


@kernel
def is_undecided(page: Page, eols: int, behind: int) -> bool:
    """Say whether more octets are needed to tell a row from the end of the page, or that from a lost row."""
    if page.final or eols == 0 or eols >= RTC_EOLS:
        return False
    if eols == 1:  # perhaps these zeros are the begin of the next EOL
        one = take_eol(page.words, behind, page.end, 0)
        return one == BAD or one + LOOK_AHEAD > page.end
    rest, _, behind = take_eols(page, find_eol(page.words, behind, page.end))
    if 1 < rest < RTC_EOLS:
        behind = find_eol(page.words, behind, page.end)
    return behind + LOOK_AHEAD > page.end


@kernel
def is_end_of_page(page: Page, eols: int, behind: int) -> bool:
    """Say whether so many EOLs end the page. Some senders stop at two; hits make less than six of six.

    Two EOLs in mid-page are a row that was lost between them: then much follows, and it has EOLs. Behind a hit an RTC goes on
    after a scrap, with more than the one EOL that stands between rows, less than a whole RTC, and no EOL behind it.
    """
    if eols < 2:
        return False
    if eols >= RTC_EOLS or page.end - behind <= (RTC_EOLS - eols) * (EOL_BITS + page.two_d) + EOL_SEARCH:
        return True
    eol = find_eol(page.words, behind, page.end)
    if eol == page.end:
        return True
    rest, _, after = take_eols(page, eol)
    return eol - behind <= SCRAP_BITS and 1 < rest < RTC_EOLS and find_eol(page.words, after, page.end) == page.end


@kernel
def read_row(page: Page, position: int, tag: int) -> int:
    """Read one row beside the last good one; gives the position behind it, or BAD."""
    words, lines, runs, state = page.words, page.lines, page.tables.runs, page.state
    above = state[LINE]
    beside = page.width + 2 * END_MARKS - above
    if tag:
        return decode_1d(words, position, page.width, lines, beside, page.tables.run_pairs)
    return decode_2d(words, position, page.width, lines, above, beside, runs, page.tables.modes, state)


@kernel
def keep_row(page: Page, began: int, behind: int) -> None:
    """Take the row that read_row has read into the page."""
    state = page.state
    state[LINE] = page.width + 2 * END_MARKS - state[LINE]
    paint(page.lines, state[LINE], page.width, page.out, state[ROWS] * ((page.width + 7) >> 3))
    page.flags[state[ROWS]] = GOOD_ROW
    page.ends[state[ROWS]] = state[GONE] + behind
    state[ROWS] += 1
    state[CALM] += 1
    state[WANT_1D] = 0
    state[ROW_BEGAN] = began
    state[POSITION] = behind


@kernel
def replace_row(page: Page, row: int) -> None:
    """Put something in the place of a row that could not be read."""
    row_octets = (page.width + 7) >> 3
    start = row * row_octets
    page.flags[row] = BAD_ROW
    for octet in range(start, start + row_octets):
        page.out[octet] = page.out[octet - row_octets] if page.policy == COPY_ABOVE and row else 0


@kernel
def lose_rows(page: Page, count: int, behind: int) -> None:
    """Put `count` bad rows into the page."""
    state = page.state
    for _ in range(count):
        replace_row(page, state[ROWS])
        page.ends[state[ROWS]] = state[GONE] + behind
        state[ROWS] += 1
    state[CALM] = 0
    state[WANT_1D] = 1
    state[POSITION] = behind


@kernel
def find_row_near(page: Page, eol: int) -> int:
    """Find the row that fills the bits up to `eol` to the last one, behind an EOL that was hit; gives its start or BAD.

    Only one-dimensional rows are looked for: that the runs of a wrong place add up to the width is rare. The short codes of
    a two-dimensional row fit too easily.
    """
    position = page.state[POSITION]
    place = position + EOL_BITS + page.two_d
    for step in range(2 * EOL_SEARCH + 1):
        began = place + ((step + 1) >> 1 if step & 1 else -(step >> 1))
        if position < began < eol:
            behind = read_row(page, began, 1)
            if behind >= eol and take_eol(page.words, behind, page.end, EOL_ZEROS) != BAD:
                return began
    return BAD


@kernel
def missing_eol(page: Page) -> None:
    """Go on where a row had its full width and no EOL follows: its end was hit, or the EOL was."""
    state = page.state
    position = state[POSITION]
    eol = find_eol(page.words, position, page.end)
    eols, _, behind = take_eols(page, eol)
    if not page.final and (eol + LOOK_AHEAD > page.end or is_undecided(page, eols, behind)):
        state[POSITION] = page.end
        return
    scrap = eol - position
    if scrap <= SCRAP_BITS and (eol == page.end or is_end_of_page(page, eols, behind)):
        state[POSITION] = eol  # what is left of the first EOL of the RTC, or of the page
        return
    if state[CALM] > 1 and scrap > (position - state[ROW_BEGAN]) // 2 + EOL_BITS:
        # So long a rest is a row, unless trouble goes before; look for it beside the place where it should begin.
        began = find_row_near(page, eol) if eol < page.end else BAD
        if began != BAD:
            keep_row(page, began, eol)
        else:
            lose_rows(page, 1, eol)
        return
    replace_row(page, state[ROWS] - 1)
    page.ends[state[ROWS] - 1] = state[GONE] + eol
    lose_rows(page, 0, eol)


@kernel
def t4_row(page: Page) -> None:
    """Read the next row of a T.4 page, with the EOLs before it."""
    state = page.state
    position = state[POSITION]
    if page.align_rows and state[ROWS] and not state[EOL_EXPECTED]:
        position = position + 7 & ~7  # the fill and a code that begins with zeros must not look like an EOL
    eols, tag, position = take_eols(page, position)
    if is_undecided(page, eols, position):
        state[POSITION] = page.end
        return
    if position >= page.end or is_end_of_page(page, eols, position):
        state[POSITION], state[END] = position, COMPLETE if eols > 1 else ENDED
        return
    if eols == 0 and state[EOL_EXPECTED]:
        missing_eol(page)
        return
    state[EOL_EXPECTED] |= eols > 0
    if eols > 1:
        lose_rows(page, eols - 1, position)
    if page.align_rows:
        position = position + 7 & ~7
    behind = BAD
    lost = state[WANT_1D]
    state[EXTENSION] = 0
    if tag or not lost:
        behind = read_row(page, position, tag)
        if behind == BAD and page.two_d and state[EOL_EXPECTED] and not lost:
            behind = read_row(page, position, 1 - tag)  # perhaps the tag bit was hit
            if behind != BAD and take_eol(page.words, behind, page.end, EOL_ZEROS) == BAD:
                behind = BAD
    if behind != BAD:
        keep_row(page, position, behind)
        return
    eol = find_eol(page.words, position, page.end)
    if state[ROWS] == 0 and not state[EOL_EXPECTED] and eol < page.end:
        # A page begins with an EOL (T.4, 4.1.2): what goes before is what the modem made of training.
        state[POSITION] = eol
        return
    state[EXTENSIONS] += state[EXTENSION]
    lose_rows(page, 1, eol)


@kernel
def good_rows(
    words: Cells,
    end: int,
    room: int,
    two_d: bool,
    width: int,
    lines: Cells,
    out: Cells,
    flags: Cells,
    ends: Cells,
    tables: DecodeTables,
    state: Cells,
) -> None:
    """Read rows of a T.4 page as long as all is well: each one readable and between two EOLs.

    This does nothing that t4_row would not do, but without handing a whole page from kernel to kernel for every row.
    """
    runs, run_pairs, modes = tables.runs, tables.run_pairs, tables.modes
    row_octets = (width + 7) >> 3
    while state[ROWS] < room and not state[WANT_1D]:
        position = take_eol(words, state[POSITION], end, EOL_ZEROS)
        if position == BAD:
            return
        tag = 1
        if two_d:
            tag = words[position >> 3] >> 31 - (position & 7) & 1
            position += 1
        above = state[LINE]
        beside = width + 2 * END_MARKS - above
        if tag:
            behind = decode_1d(words, position, width, lines, beside, run_pairs)
        elif words[position >> 3] >> 19 - (position & 7) & 4095:  # not an EOL, as decode_1d would see
            behind = decode_2d(words, position, width, lines, above, beside, runs, modes, state)
        else:
            return
        if behind == BAD or behind + LOOK_AHEAD > end or words[behind >> 3] >> 21 - (behind & 7) & 2047:
            return
        paint(lines, beside, width, out, state[ROWS] * row_octets)
        flags[state[ROWS]] = GOOD_ROW
        ends[state[ROWS]] = state[GONE] + behind
        state[LINE] = beside
        state[ROWS] += 1
        state[CALM] += 1
        state[EOL_EXPECTED] = 1
        state[ROW_BEGAN] = position
        state[POSITION] = behind


@kernel
def decode_t4(page: Page) -> None:
    """Read rows of a T.4 page until it ends, the room is full, or the octets run out."""
    state, saved = page.state, page.saved
    room = len(page.flags) - ROOM
    while state[END] == RUNNING and state[ROWS] <= room:
        if not page.align_rows:
            two_d, width, lines = page.two_d, page.width, page.lines
            good_rows(
                page.words, page.end, room, two_d, width, lines, page.out, page.flags, page.ends, page.tables, state
            )
        for cell in range(CELLS):
            saved[cell] = state[cell]
        t4_row(page)
        if not page.final and state[POSITION] + LOOK_AHEAD > page.end:
            row_octets = (page.width + 7) >> 3
            for octet in range(saved[ROWS] * row_octets, state[ROWS] * row_octets):
                page.out[octet] = 0
            for cell in range(CELLS):
                state[cell] = saved[cell]
            return


@kernel
def decode_t6(page: Page) -> None:
    """Read rows of a T.6 page until it ends, a row cannot be read, the room is full, or the octets run out.

    Behind a bad row nothing can be read: there is no mark to begin again at, and no row without its reference line.
    """
    words, lines, out, flags, state = page.words, page.lines, page.out, page.flags, page.state
    runs, modes = page.tables.runs, page.tables.modes
    width, end = page.width, page.end
    row_octets = (width + 7) >> 3
    while state[END] == RUNNING and state[ROWS] + ROOM <= len(flags):
        position = state[POSITION]
        if not page.final and position + LOOK_AHEAD > end:
            return
        if page.align_rows:
            position = position + 7 & ~7
        if position >= end:
            state[END] = ENDED
            return
        if words[position >> 3] >> 21 - (position & 7) & 2047 == 0:
            behind = take_eol(words, position, end, EOL_ZEROS)
            if behind != BAD:
                behind = take_eol(words, behind, end, EOL_ZEROS)
            if behind != BAD or page.final:
                state[END] = ENDED if behind == BAD else COMPLETE
            return
        state[EXTENSION] = 0
        above = state[LINE]
        beside = width + 2 * END_MARKS - above
        behind = decode_2d(words, position, width, lines, above, beside, runs, modes, state)
        if not page.final and (behind == BAD or behind + LOOK_AHEAD > end):
            return  # perhaps the row is only not wholly there
        if behind == BAD:
            state[EXTENSIONS] += state[EXTENSION]
            lose_rows(page, 1, position)
            state[END] = ENDED
            return
        paint(lines, beside, width, out, state[ROWS] * row_octets)
        flags[state[ROWS]] = GOOD_ROW
        state[LINE] = beside
        state[ROWS] += 1
        state[POSITION] = behind
