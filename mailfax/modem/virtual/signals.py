"""What is on the wire: transmissions with a start and an end in line seconds.

`wire` builds one per sending command, `damage` spoils it, `hearing` says what a receiver makes of it.
"""

from dataclasses import dataclass, field, replace
from enum import Enum, StrEnum
from typing import assert_never

from mailfax.modem.virtual.hdlc import build_burst
from mailfax.t30.commands import SendBlock, SendFrames, SendPage, SendTraining
from mailfax.t30.frames import Fcf, parse_frame
from mailfax.t30.hdlc import frame_block
from mailfax.t30.modulation import Modulation
from mailfax.t30.wire import V21_BIT_RATE

CED_SILENCE_S = 2.0  # T.30, 4.1: silence after going off-hook (1.8 s to 2.5 s)
CED_S = 3.0  # T.30, 4.1: 2.6 s to 4.0 s of 2100 Hz
CED_GAP_S = 0.075  # T.30, 4.1: 75 +- 20 ms before the first V.21 signal


class Side(Enum):
    """The two parties of a call."""

    CALLING = "calling"
    CALLED = "called"

    @property
    def peer(self) -> "Side":
        """Return the other one."""
        return Side.CALLED if self is Side.CALLING else Side.CALLING


class SignalKind(StrEnum):
    """What a transmission is, for whoever wants to name the nth of a kind; an ECM block counts as a page."""

    FRAMES = "frames"
    TRAINING = "training"
    PAGE = "page"


@dataclass(frozen=True, kw_only=True, slots=True)
class V21Signal:
    """A V.21 burst. `codes` only name the spans, for damage to find them; a receiver gets nothing but the bits."""

    start_s: float
    bits: str
    spans: tuple[tuple[int, int], ...]
    codes: tuple[Fcf | None, ...]

    @property
    def end_s(self) -> float:
        """Return when the sender takes its carrier down."""
        return self.start_s + len(self.bits) / V21_BIT_RATE

    def bit_at(self, at_s: float) -> int:
        """Return the first bit that begins at `at_s` or later."""
        return _steps((at_s - self.start_s) * V21_BIT_RATE, len(self.bits))

    def time_of(self, bit: int) -> float:
        """Return when `bit` begins."""
        return self.start_s + bit / V21_BIT_RATE


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageSignal:
    """Start-up signal and data of an image modulation.

    `octets` is what the demodulator gives; the carrier may be lost (`heard_s`) before the sender ends it (`end_s`).
    """

    start_s: float
    data_s: float
    end_s: float
    modulation: Modulation
    training_s: float
    octets: bytes
    heard_s: float
    startup_spoiled: bool = False

    @property
    def carrier_lost(self) -> bool:
        """Say whether a receiver loses the carrier before its sender ends it."""
        return self.heard_s < self.end_s

    def bit_at(self, at_s: float) -> int:
        """Return the first data bit that begins at `at_s` or later."""
        return _steps((at_s - self.data_s) * self.modulation.bit_rate, 8 * len(self.octets))

    def cut_at(self, at_s: float) -> "ImageSignal":
        """Return the signal as it is when the carrier is lost for good at `at_s`."""
        return replace(self, octets=self.octets[: self.bit_at(at_s) // 8], heard_s=min(self.heard_s, at_s))


Signal = V21Signal | ImageSignal


@dataclass(slots=True)
class SignalCounter:
    """Numbers the transmissions of one side, from 1: the nth page, and the nth frame with one FCF."""

    kinds: dict[SignalKind, int] = field(default_factory=dict)
    frames: dict[Fcf | None, int] = field(default_factory=dict)

    def next_of(self, kind: SignalKind) -> int:
        """Count one more transmission of `kind` and return its number."""
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        return self.kinds[kind]

    def next_frame(self, fcf: Fcf | None) -> int:
        """Count one more frame with this FCF and return its number."""
        self.frames[fcf] = self.frames.get(fcf, 0) + 1
        return self.frames[fcf]


def kind_of(command: SendFrames | SendTraining | SendPage | SendBlock) -> SignalKind:
    """Return the kind of the transmission that `command` makes."""
    match command:
        case SendFrames():
            return SignalKind.FRAMES
        case SendTraining():
            return SignalKind.TRAINING
        case SendPage() | SendBlock():
            return SignalKind.PAGE
        case _:
            assert_never(command)


def build_signal(command: SendFrames | SendTraining | SendPage | SendBlock, start_s: float) -> Signal:
    """Build the transmission that `command` makes when its carrier comes up at `start_s`."""
    match command:
        case SendFrames(frames=frames):
            burst = build_burst(frames)
            return V21Signal(start_s=start_s, bits=burst.bits, spans=burst.spans, codes=tuple(map(_code_of, frames)))
        case SendTraining(modulation=modulation, seconds=seconds):
            zeros = bytes(round(modulation.bit_rate * seconds / 8))
            return _image(modulation, modulation.training_s(short=False), zeros, start_s)
        case SendPage(modulation=modulation, short_training=short, octets=octets):
            return _image(modulation, modulation.training_s(short=short), octets, start_s)
        case SendBlock(modulation=modulation, short_training=short, frames=frames):
            octets = frame_block(frames, modulation.bit_rate)
            return _image(modulation, modulation.training_s(short=short), octets, start_s)
        case _:
            assert_never(command)


def _code_of(frame: bytes) -> Fcf | None:
    read = parse_frame(frame)
    return read.fcf if read is not None else None


def _image(modulation: Modulation, training_s: float, octets: bytes, start_s: float) -> ImageSignal:
    data_s = start_s + training_s
    end_s = data_s + 8 * len(octets) / modulation.bit_rate
    return ImageSignal(
        start_s=start_s,
        data_s=data_s,
        end_s=end_s,
        heard_s=end_s,
        modulation=modulation,
        training_s=training_s,
        octets=octets,
    )


def _steps(steps: float, most: int) -> int:
    """Round up to a whole step within 0..most; a step that begins a nanosecond early still counts as begun now."""
    clipped = min(max(steps, 0.0), float(most))
    whole = int(clipped)
    return whole + (clipped - whole > 1e-6)
