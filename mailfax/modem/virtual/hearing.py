"""What a receiver makes of the signals on the wire. Pure functions, called by `wire` for each receiving command.

The rules, which are those of a T.31 modem:
- V.21 reception hears no image carrier, and image reception takes V.21 for the wrong carrier (three flags tell it).
- A burst counts when it begins before the time-out. One that began before the receiver listened counts from the first
  whole flag that is left of it, if a frame still follows: what went before is missed.
- Image reception trains only when it listened before the start-up signal began and is tuned to the same modulation, rate
  and length of training; otherwise it hears nothing and times out.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import assert_never

from mailfax.modem.virtual.signals import ImageSignal, Signal, V21Signal
from mailfax.t30.commands import (
    BlockHeard,
    FramesHeard,
    PageHeard,
    ReceiveBlock,
    ReceiveFrames,
    ReceivePage,
    ReceiveTraining,
    TrainingHeard,
    WrongCarrier,
)
from mailfax.t30.hdlc import find_flags, is_final, read_block, read_chunks

V21_FLAGS = 3  # 80 ms of flags: this is V.21 and no click


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """A result, and when the carrier that it came from ends."""

    result: FramesHeard | TrainingHeard | PageHeard | BlockHeard | WrongCarrier
    carrier_s: float


Listening = ReceiveFrames | ReceiveTraining | ReceivePage | ReceiveBlock


def listen(command: Listening, signals: Iterable[Signal], since_s: float, until_s: float) -> Heard | None:
    """Return the first thing heard from `since_s` on, or None. After `until_s` the line is dead and carries nothing."""
    for signal in signals:
        if signal.start_s >= min(since_s + command.timeout_s, until_s) or signal.end_s <= since_s:
            continue
        heard = _listen_to(command, signal, since_s, until_s)
        if heard is not None:
            return heard
    return None


def _listen_to(command: Listening, signal: Signal, since_s: float, until_s: float) -> Heard | None:
    match command:
        case ReceiveFrames():
            return _hear_frames(signal, since_s, until_s) if isinstance(signal, V21Signal) else None
        case ReceiveTraining() | ReceivePage() | ReceiveBlock():
            if isinstance(signal, V21Signal):
                return _notice_v21(signal, since_s, until_s)
            return _hear_image(command, signal, since_s, until_s)
        case _:
            assert_never(command)


def _hear_frames(signal: V21Signal, since_s: float, until_s: float) -> Heard | None:
    first = signal.bit_at(since_s)
    last = signal.bit_at(until_s)
    frames: list[bytes] = []
    damaged = 0
    for chunk in read_chunks(signal.bits[first:last]):
        if chunk.frame is None:
            damaged += 1
            continue
        frames.append(chunk.frame)
        if is_final(chunk.frame):
            return _frames_heard(frames, damaged, signal.time_of(first + chunk.end), signal.end_s)
    if not frames and (not damaged or until_s < signal.end_s):
        return None
    return _frames_heard(frames, damaged, min(signal.end_s, until_s), signal.end_s)


def _frames_heard(frames: list[bytes], damaged: int, at_s: float, carrier_s: float) -> Heard:
    return Heard(result=FramesHeard(frames=tuple(frames), damaged=damaged, at_s=at_s), carrier_s=carrier_s)


def _notice_v21(signal: V21Signal, since_s: float, until_s: float) -> Heard | None:
    first = signal.bit_at(since_s)
    noticed = find_flags(signal.bits[first : signal.bit_at(until_s)], V21_FLAGS)
    if noticed is None:
        return None
    return Heard(result=WrongCarrier(at_s=signal.time_of(first + noticed)), carrier_s=since_s)


def _hear_image(
    command: ReceiveTraining | ReceivePage | ReceiveBlock, signal: ImageSignal, since_s: float, until_s: float
) -> Heard | None:
    short = not isinstance(command, ReceiveTraining) and command.short_training
    tuned = command.modulation is signal.modulation and command.modulation.training_s(short=short) == signal.training_s
    if not tuned or signal.startup_spoiled or signal.start_s < since_s or signal.data_s >= until_s:
        return None
    heard = signal.cut_at(until_s) if until_s < signal.heard_s else signal
    match command:
        case ReceiveTraining():
            result: TrainingHeard | PageHeard | BlockHeard = TrainingHeard(octets=heard.octets, at_s=heard.heard_s)
        case ReceivePage():
            result = PageHeard(octets=heard.octets, at_s=heard.heard_s, carrier_lost=heard.carrier_lost)
        case ReceiveBlock():
            frames, damaged = read_block(heard.octets)
            result = BlockHeard(frames=frames, damaged=damaged, at_s=heard.heard_s)
        case _:
            assert_never(command)
    return Heard(result=result, carrier_s=signal.end_s)
