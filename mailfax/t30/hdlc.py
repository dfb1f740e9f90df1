"""HDLC (T.30, 5.3, and T.4, annex A): flags, zero insertion and FCS, as the very bits of the line.

Called by lines that frame V.21 or ECM blocks themselves: the Class 1 driver (ECM goes through +FTM and +FRM as plain data) and the
virtual exchange. Bits are a str of "0" and "1" in the order of the line, for then zero insertion and the search for flags are
the string operations they look like. Frames are octets as the Recommendations print them, first bit on the line = most
significant, address to end of FIF or data.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mailfax.t30.wire import FINAL_BIT, fcs, fcs_is_right

FLAG = "01111110"
_FLAG_OCTET = b"\x7e"
_FIVE_ONES = "11111"
_STUFFED = "111110"
_ABORT = re.compile("1{7,}")  # seven ones and more are neither data nor flag
_FLAG_ANYWHERE = re.compile(f"(?={FLAG})")  # two flags may share the zero between them
_FRAME_BITS = 32  # address, control and FCS: anything shorter between two flags is noise, not a damaged frame
_FCS_OCTETS = 2
OPENING_FLAGS_S = 0.2  # T.4, A.3.2: 200 ms to 300 ms of flags before the first frame of a block
CLOSING_FLAGS_S = 0.02  # after the last RCP, at most 50 ms (T.4, A.3.5): enough to push it out of a modem


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


def frame_block(frames: Iterable[bytes], bit_rate: int) -> bytes:
    """Frame one ECM block for the image channel: opening flags, the frames with one flag between them, closing flags.

    The bits are cut to whole octets inside the closing flags, where nothing is lost.
    """
    bits = "".join(FLAG + stuff(to_bits(frame + fcs(frame))) for frame in frames)
    bits += FLAG * (2 + round(CLOSING_FLAGS_S * bit_rate / len(FLAG)))
    opening = _FLAG_OCTET * round(OPENING_FLAGS_S * bit_rate / len(FLAG))
    return opening + from_bits(bits[: len(bits) & ~7])


def read_block(octets: bytes) -> tuple[tuple[bytes, ...], int]:
    """Read what a demodulator gave for an ECM block: the frames whose FCS was right, and how many were damaged."""
    frames: list[bytes] = []
    damaged = 0
    for chunk in read_chunks(to_bits(octets)):
        if chunk.frame is None:
            damaged += 1
        else:
            frames.append(chunk.frame)
    return tuple(frames), damaged
