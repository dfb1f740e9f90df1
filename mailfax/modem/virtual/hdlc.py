"""V.21 bursts as the bits of the line (T.30, 5.3.1): preamble, frames, closing flags. Called by `signals`."""

from dataclasses import dataclass

from mailfax.t30.hdlc import FLAG, stuff, to_bits
from mailfax.t30.wire import fcs

PREAMBLE_FLAGS = 38  # T.30, 5.3.1: 1 s +- 15 % of flags; 38 flags are 1.013 s at 300 bit/s
CLOSING_FLAGS = 2
IDLE_BIT = "1"  # what a V.21 demodulator gives when there is no carrier


@dataclass(frozen=True, kw_only=True, slots=True)
class Burst:
    """The bits of one V.21 transmission. `spans[i]` is where frame i stands in them, stuffed and with its FCS."""

    bits: str
    spans: tuple[tuple[int, int], ...]


def build_burst(frames: tuple[bytes, ...]) -> Burst:
    """Build the preamble, the frames with one flag between them, and the closing flags."""
    bits = FLAG * PREAMBLE_FLAGS
    spans = []
    for frame in frames:
        coded = stuff(to_bits(frame + fcs(frame)))
        spans.append((len(bits), len(bits) + len(coded)))
        bits += coded + FLAG
    return Burst(bits=bits + FLAG * (CLOSING_FLAGS - 1), spans=tuple(spans))
