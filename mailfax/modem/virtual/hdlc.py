"""HDLC as V.21 carries it (T.30, 5.3): flags, zero insertion and FCS, as the very bits of the line.

Called by `signals` (frames become bits) and `hearing` (bits become frames). Bits are a str of "0" and "1" in the order
of the line, for then zero insertion and the search for flags are the string operations they look like. Frames are
octets as the Recommendations print them, first bit on the line = most significant, address to end of FIF.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mailfax.t30.wire import FINAL_BIT, fcs, fcs_is_right

FLAG = "01111110"
PREAMBLE_FLAGS = 38  # T.30, 5.3.1: 1 s +- 15 % of flags; 38 flags are 1.013 s at 300 bit/s
CLOSING_FLAGS = 2
IDLE_BIT = "1"  # what a V.21 demodulator gives when there is no carrier
_FIVE_ONES = "11111"
_STUFFED = "111110"
_ABORT = re.compile("1{7,}")  # seven ones and more are neither data nor flag
_FLAG_ANYWHERE = re.compile(f"(?={FLAG})")  # two flags may share the zero between them
_FRAME_BITS = 32  # address, control and FCS: anything shorter between two flags is noise, not a damaged frame
_FCS_OCTETS = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Burst:
    """The bits of one V.21 transmission. `spans[i]` is where frame i stands in them, stuffed and with its FCS."""

    bits: str
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Chunk:
    """What stood between two flags: a frame, or None when it was damaged or cut. `end` is the bit after its flag."""

    frame: bytes | None
    end: int


def is_final(frame: bytes) -> bool:
    """Say whether this is the last frame of its burst, by its control octet."""
    return len(frame) > 1 and bool(frame[1] & FINAL_BIT)


def to_bits(octets: bytes) -> str:
    """Write octets as bits, most significant first."""
    return f"{int.from_bytes(octets, 'big'):0{8 * len(octets)}b}" if octets else ""


def from_bits(bits: str) -> bytes:
    """Read bits as octets, most significant first; the number of bits is a multiple of 8."""
    return int(bits, 2).to_bytes(len(bits) // 8, "big") if bits else b""


def stuff(bits: str) -> str:
    """Insert a zero after every five ones, so that no flag occurs in a frame."""
    return bits.replace(_FIVE_ONES, _STUFFED)


def unstuff(bits: str) -> str:
    """Take the inserted zeros out again."""
    return bits.replace(_STUFFED, _FIVE_ONES)


def build_burst(frames: tuple[bytes, ...]) -> Burst:
    """Build the preamble, the frames with one flag between them, and the closing flags."""
    bits = FLAG * PREAMBLE_FLAGS
    spans = []
    for frame in frames:
        coded = stuff(to_bits(frame + fcs(frame)))
        spans.append((len(bits), len(bits) + len(coded)))
        bits += coded + FLAG
    return Burst(bits=bits + FLAG * (CLOSING_FLAGS - 1), spans=tuple(spans))


def find_flags(bits: str, number: int) -> int | None:
    """Return the bit after the first `number` flags in a row, which is when a modem knows that it hears V.21."""
    start = bits.find(FLAG * number)
    return None if start < 0 else start + len(FLAG) * number


def read_chunks(bits: str) -> Iterator[Chunk]:
    """Read what stands between flags; what comes before the first one is not heard as HDLC at all."""
    opening: int | None = None
    for match in _FLAG_ANYWHERE.finditer(bits):
        flag = match.start()
        if opening is not None and flag > opening:
            yield from _read_chunk(bits[opening:flag], flag + len(FLAG))
        opening = flag + len(FLAG)
    if opening is not None:  # a carrier that ends inside a frame leaves a cut one
        yield from _as_damaged(bits[opening:], len(bits))


def _read_chunk(bits: str, end: int) -> Iterator[Chunk]:
    plain = unstuff(bits)
    if _ABORT.search(bits) or len(plain) % 8 or len(plain) < _FRAME_BITS:
        yield from _as_damaged(bits, end)
        return
    octets = from_bits(plain)
    yield Chunk(frame=octets[:-_FCS_OCTETS] if fcs_is_right(octets) else None, end=end)


def _as_damaged(bits: str, end: int) -> Iterator[Chunk]:
    if len(_ABORT.sub("", bits)) >= _FRAME_BITS:
        yield Chunk(frame=None, end=end)
