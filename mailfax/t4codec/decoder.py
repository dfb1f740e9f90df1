"""T.4 or T.6 octets to rows of pels, with an account of what was wrong. Called for every page that is received or read.

Whatever the octets are, decoding ends, in time and memory that grow with their number and `max_rows` only, and raises
nothing. What happens in which case is told in docs/codec.md.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mailfax.model.page import Coding
from mailfax.t4codec import decode_kernels as kernels
from mailfax.t4codec.bitmap import Bitmap
from mailfax.t4codec.bits import reverse_bits
from mailfax.t4codec.decode_kernels import Page
from mailfax.t4codec.jit import as_array, integers_of, more_integers, more_octets, new_integers, table, zero_octets
from mailfax.t4codec.tables import DECODE_TABLES, END_MARKS

MAX_ROWS = 100_000  # 13 m of paper at 7.7 rows/mm
FIRST_ROOM = 2400  # rows: an A4 page at 7.7 rows/mm has 2287
NEIGHBOURS = 8  # good rows before and behind a bad one that say how long its code may have been
SPARE_OCTETS = 8  # zeros behind the last octet, so that no window ends outside


class BadRows(StrEnum):
    """What to put in the place of a row that could not be read."""

    COPY = "copy"  # the row above
    WHITE = "white"


_POLICIES = {BadRows.COPY: kernels.COPY_ABOVE, BadRows.WHITE: kernels.WHITE}


@dataclass(frozen=True, kw_only=True, slots=True)
class DecodeOptions:
    """How to decode.

    `bad_rows`: what stands for a row that cannot be read. `lsb_first`: the first bit on the line is the LSB (TIFF FillOrder 2).
    `align_rows`: every row begins on a whole octet (TIFF compression 2, PDF EncodedByteAlign).
    """

    bad_rows: BadRows = BadRows.COPY
    lsb_first: bool = False
    align_rows: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """Rows `first` to `first + count - 1`."""

    first: int
    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Decoded:
    """A page, and what it went through.

    `bad_spans` are the rows that were replaced, `bad_rows` of `rows` in all. `complete` when the RTC or EOFB was seen.
    `extension_rows` counts the bad rows that asked for an extension of the code (uncompressed mode), which is refused.
    `missing_rows` is an estimate of how many more rows there were where the bad ones stand: by the bits that stood there, beside
    those of the rows around. A carrier that fails for 200 ms takes many rows and leaves one.
    `longest_gap_bits`: the most bits that stood in one place beyond what the bad rows there need.
    """

    bitmap: Bitmap
    rows: int
    bad_rows: int
    longest_bad_run: int
    complete: bool
    bad_spans: tuple[Span, ...] = ()
    extension_rows: int = 0
    missing_rows: int = 0
    longest_gap_bits: int = 0


DEFAULT = DecodeOptions()


class _Loss(NamedTuple):
    """What stood where a run of bad rows stands: so many rows, and so many bits more than the bad rows would have."""

    rows: int
    bits: int


class PageDecoder:
    """Decodes one page as its octets arrive: feed them in any pieces, then close."""

    def __init__(
        self, coding: Coding, *, width_px: int, max_rows: int = MAX_ROWS, options: DecodeOptions = DEFAULT
    ) -> None:
        """Begin a page of this width; rows beyond `max_rows` are left out."""
        if width_px < 1 or max_rows < 0:
            raise ValueError(f"There is no page {width_px} pels wide with {max_rows} rows at most.")
        self._coding = coding
        self._options = options
        self._width_px = width_px
        self._max_rows = max_rows
        self._row_octets = (width_px + 7) // 8
        self._pending = bytearray()
        self._wait_for = 0
        self._state = new_integers(kernels.CELLS)
        self._state[kernels.CALM] = 1  # no trouble goes before the first row
        self._saved = new_integers(kernels.CELLS)
        self._lines = new_integers(2 * (width_px + 2 * END_MARKS))
        for mark in range(END_MARKS):
            self._lines[mark] = width_px  # T.6, 2.2.1: the line above the first one is white
        room = min(max_rows, FIRST_ROOM) + kernels.ROOM
        self._flags = zero_octets(room)
        self._ends = new_integers(room)
        self._out = zero_octets(room * self._row_octets)

    @property
    def rows(self) -> int:
        """Count the rows so far; the last one may still turn out to be bad."""
        return int(min(self._state[kernels.ROWS], self._max_rows))

    @property
    def bad_rows(self) -> int:
        """Count the rows so far that could not be read."""
        return int(np.count_nonzero(as_array(self._flags)[: self.rows] == kernels.BAD_ROW))

    def feed(self, octets: bytes) -> None:
        """Take the next octets of the page."""
        if self._ended():
            return
        self._pending += octets
        if len(self._pending) >= self._wait_for:
            self._decode(final=False)
            # A row that is not whole is read again from its start; waiting keeps that from costing more than the rest.
            self._wait_for = len(self._pending) + len(self._pending) // 4 + 1

    def close(self, octets: bytes = b"") -> Decoded:
        """End the page, with these octets as its last ones."""
        if not self._ended():
            self._pending += octets
            self._decode(final=True)
        rows = self.rows
        bad = as_array(self._flags)[:rows] == kernels.BAD_ROW
        edges = np.flatnonzero(np.diff(bad, prepend=False, append=False)).tolist()
        spans = tuple(
            Span(first=first, count=last - first) for first, last in zip(edges[::2], edges[1::2], strict=True)
        )
        losses = self._losses(spans, bad)
        packed = as_array(self._out)[: rows * self._row_octets].reshape(rows, self._row_octets)
        return Decoded(
            bitmap=Bitmap(self._width_px, packed),
            rows=rows,
            bad_rows=int(np.count_nonzero(bad)),
            longest_bad_run=max((span.count for span in spans), default=0),
            complete=bool(self._state[kernels.END] == kernels.COMPLETE),
            bad_spans=spans,
            extension_rows=int(self._state[kernels.EXTENSIONS]),
            missing_rows=sum(loss.rows for loss in losses) - int(np.count_nonzero(bad)),
            longest_gap_bits=max((loss.bits for loss in losses), default=0),
        )

    def _losses(self, spans: tuple[Span, ...], bad: NDArray[np.bool_]) -> list[_Loss]:
        """Estimate what stood where runs of bad rows stand, by their bits and those of the good rows around."""
        if self._coding is Coding.MMR:  # nothing is read behind the first
            return [_Loss(rows=span.count, bits=0) for span in spans]
        ends = np.zeros(len(bad) + 1, np.int64)
        ends[1:] = integers_of(self._ends)[: len(bad)]
        bits = np.diff(ends)
        return [_loss(span, ends, bits, ~bad & (bits > 0)) for span in spans]

    def _ended(self) -> bool:
        # The step behind the last row may still find that row bad, so it is taken, though its own rows are left out.
        return self._state[kernels.END] != kernels.RUNNING or self._state[kernels.ROWS] > self._max_rows

    def _decode(self, *, final: bool) -> None:
        octets = bytes(self._pending)
        if self._options.lsb_first:
            octets = reverse_bits(octets)
        words = table(_windows(octets))
        end = _last_one(octets)
        while True:
            page = Page(
                words=words,
                end=end,
                final=final,
                two_d=self._coding is Coding.MR,
                align_rows=self._options.align_rows,
                policy=_POLICIES[self._options.bad_rows],
                width=self._width_px,
                lines=self._lines,
                out=self._out,
                flags=self._flags,
                ends=self._ends,
                state=self._state,
                saved=self._saved,
                tables=DECODE_TABLES,
            )
            if self._coding is Coding.MMR:
                kernels.decode_t6(page)
            else:
                kernels.decode_t4(page)
            if self._ended() or self._state[kernels.ROWS] + kernels.ROOM <= len(self._flags):
                break
            room = min(2 * len(self._flags), self._max_rows + kernels.ROOM)
            self._flags = more_octets(self._flags, room)
            self._ends = more_integers(self._ends, room)
            self._out = more_octets(self._out, room * self._row_octets)
        done = self._state[kernels.POSITION] >> 3
        del self._pending[:done]
        self._state[kernels.GONE] += 8 * done
        self._state[kernels.POSITION] -= 8 * done
        self._state[kernels.ROW_BEGAN] -= 8 * done


def _loss(span: Span, ends: NDArray[np.int64], bits: NDArray[np.int64], good: NDArray[np.bool_]) -> _Loss:
    first, last = span.first, span.first + span.count
    around = slice(max(0, first - NEIGHBOURS), last + NEIGHBOURS)
    usual_bits = bits[around][good[around]]
    if not len(usual_bits):
        return _Loss(rows=span.count, bits=0)
    usual = float(usual_bits.mean())
    stood = int(ends[last] - ends[first])
    rows = max(span.count, int(stood / usual))
    return _Loss(rows=rows, bits=round(stood - span.count * usual) if rows > span.count else 0)


def _windows(octets: bytes) -> NDArray[np.uint32]:
    """Give for every octet it and the three behind it as one number."""
    padded = octets + bytes(SPARE_OCTETS + 3)
    overlapping = np.ndarray(len(octets) + SPARE_OCTETS, np.dtype(">u4"), padded, strides=(1,))
    return overlapping.astype(np.uint32)


def _last_one(octets: bytes) -> int:
    """Give the position behind the last bit that is 1: zeros at the end are fill."""
    stripped = octets.rstrip(b"\0")
    return 8 * len(stripped) - (stripped[-1] & -stripped[-1]).bit_length() + 1 if stripped else 0


def decode(
    octets: bytes, coding: Coding, *, width_px: int, max_rows: int = MAX_ROWS, options: DecodeOptions = DEFAULT
) -> Decoded:
    """Decode a whole page; never raises, whatever the octets are."""
    decoder = PageDecoder(coding, width_px=width_px, max_rows=max_rows, options=options)
    return decoder.close(octets)
