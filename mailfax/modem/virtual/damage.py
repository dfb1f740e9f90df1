"""Damage on the wire, as data, and how it is done to a signal. Tests and `ExchangeSettings` write it, `wire` applies it.

A `Damage` says whose transmissions suffer (`side`), which (`where`) and how (`harm`). Everything is deterministic by seed.
What was really hit is kept as an `Injury`, so that a test can show that the damage hurt before it shows the cure.
"""

import math
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import assert_never

from mailfax.modem.virtual.hdlc import IDLE_BIT
from mailfax.modem.virtual.signals import ImageSignal, Side, Signal, SignalCounter, SignalKind, V21Signal
from mailfax.t30.frames import Fcf

CARRIER_HOLD_S = 0.2  # a shorter gap is bridged with noise, a longer one ends the reception
NOISE_BIT_RATE = 0.1  # share of bits that are wrong above the rate that a limited line can carry

# -- where ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class OfKind:
    """The transmission of this kind and number (from 1, per side): the second page, the third burst; None: every one."""

    kind: SignalKind
    number: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class NthFrame:
    """The frame with this FCF and number (from 1, per side): the second MCF."""

    fcf: Fcf
    number: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Between:
    """Whatever is on the line between two moments of the line's clock."""

    from_s: float
    until_s: float = math.inf


Where = OfKind | NthFrame | Between

# -- how --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class FlipBits:
    """Turn `count` bits over, from bit `first` of the place on (octet k begins at bit 8 k of a page)."""

    first: int
    count: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class BitErrors:
    """Turn each bit over with probability `rate`."""

    rate: float
    seed: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class LoseCarrier:
    """Nothing is heard for `duration_s`, from `after_s` of the place on; as it stands, of all of it."""

    after_s: float = 0.0
    duration_s: float = math.inf


@dataclass(frozen=True, kw_only=True, slots=True)
class CutLine:
    """The connection is gone for both, `after_s` into the place."""

    after_s: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class LimitRate:
    """Image data above this rate arrives as noise, so that training fails there."""

    max_bit_rate: int
    seed: int = 0


Harm = FlipBits | BitErrors | LoseCarrier | CutLine | LimitRate


@dataclass(frozen=True, kw_only=True, slots=True)
class Damage:
    """One thing that goes wrong in a call."""

    side: Side
    where: Where
    harm: Harm


@dataclass(frozen=True, kw_only=True, slots=True)
class Injury:
    """What a damage really hit: `bits` of a transmission, in these line seconds (a cut line hits no bits)."""

    damage: Damage
    at_s: float
    bits: int


# -- doing it ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A stretch of one signal, in line seconds, and a name for it that seeds its noise."""

    from_s: float
    until_s: float
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Spoiled:
    """A signal after its damage, what hit it, and the cut of the line that comes with it."""

    signal: Signal
    injuries: tuple[Injury, ...]
    cut: Injury | None


def spoil(damages: Iterable[Damage], side: Side, signal: Signal, kind: SignalKind, counter: SignalCounter) -> Spoiled:
    """Do to `signal`, which `side` sends, all that befalls it; the counter says which of its kind it is."""
    number = counter.next_of(kind)
    frame_numbers: list[tuple[Fcf | None, int]] = []
    if isinstance(signal, V21Signal):
        frame_numbers = [(fcf, counter.next_frame(fcf)) for fcf in signal.codes]
    injuries: list[Injury] = []
    cut: Injury | None = None
    for damage in damages:
        if damage.side is not side:
            continue
        for place in _places(damage.where, signal, kind, number, frame_numbers):
            if isinstance(damage.harm, CutLine):
                if not isinstance(damage.where, Between):
                    cut = earlier(cut, Injury(damage=damage, at_s=place.from_s + damage.harm.after_s, bits=0))
                continue
            signal, bits = _hurt(damage.harm, signal, place)
            if bits:
                injuries.append(Injury(damage=damage, at_s=place.from_s, bits=bits))
    return Spoiled(signal=signal, injuries=tuple(injuries), cut=cut)


def cut_by_the_clock(damages: Iterable[Damage]) -> Injury | None:
    """Return the cut of the line that comes at its hour, whatever is on the line then; None when there is none."""
    cut: Injury | None = None
    for damage in damages:
        if isinstance(damage.where, Between) and isinstance(damage.harm, CutLine):
            cut = earlier(cut, Injury(damage=damage, at_s=damage.where.from_s + damage.harm.after_s, bits=0))
    return cut


def earlier(one: Injury | None, other: Injury | None) -> Injury | None:
    """Return the injury that comes first."""
    return min((injury for injury in (one, other) if injury), key=lambda injury: injury.at_s, default=None)


def _places(
    where: Where, signal: Signal, kind: SignalKind, number: int, frame_numbers: list[tuple[Fcf | None, int]]
) -> Iterator[Place]:
    name = f"{kind} {number}"
    match where:
        case OfKind():
            if where.kind is kind and where.number in {None, number}:
                yield Place(from_s=signal.start_s, until_s=signal.end_s, name=name)
        case NthFrame():
            if isinstance(signal, V21Signal):
                for span, frame in zip(signal.spans, frame_numbers, strict=True):
                    if frame == (where.fcf, where.number):
                        yield Place(from_s=signal.time_of(span[0]), until_s=signal.time_of(span[1]), name=name)
        case Between():
            if where.from_s < signal.end_s and where.until_s > signal.start_s:
                yield Place(
                    from_s=max(where.from_s, signal.start_s), until_s=min(where.until_s, signal.end_s), name=name
                )
        case _:
            assert_never(where)


def _hurt(harm: FlipBits | BitErrors | LoseCarrier | LimitRate, signal: Signal, place: Place) -> tuple[Signal, int]:
    first, last = signal.bit_at(place.from_s), signal.bit_at(place.until_s)
    match harm:
        case FlipBits():
            return _flip(signal, range(first, last)[harm.first : harm.first + harm.count])
        case BitErrors():
            return _flip(signal, _chosen(first, last, harm.rate, f"{harm.seed} {place.name}"))
        case LimitRate():
            if isinstance(signal, V21Signal) or signal.modulation.bit_rate <= harm.max_bit_rate:
                return signal, 0
            return _flip(signal, _chosen(first, last, NOISE_BIT_RATE, f"{harm.seed} {place.name}"))
        case LoseCarrier():
            from_s = place.from_s + harm.after_s
            return _lose(signal, from_s, min(from_s + harm.duration_s, place.until_s), place.name)
        case _:
            assert_never(harm)


def _lose(signal: Signal, from_s: float, until_s: float, name: str) -> tuple[Signal, int]:
    if from_s >= until_s:
        return signal, 0
    first, last = signal.bit_at(from_s), signal.bit_at(until_s)
    match signal:
        case V21Signal(bits=bits):
            return replace(signal, bits=bits[:first] + IDLE_BIT * (last - first) + bits[last:]), last - first
        case ImageSignal():
            lost_bits = round((until_s - from_s) * signal.modulation.bit_rate)
            if from_s < signal.data_s:
                return replace(signal, startup_spoiled=True), lost_bits
            if until_s - from_s >= CARRIER_HOLD_S:
                return signal.cut_at(from_s), lost_bits
            return _flip(signal, _chosen(first, last, 0.5, name))[0], lost_bits
        case _:
            assert_never(signal)


def _flip(signal: Signal, positions: Iterable[int]) -> tuple[Signal, int]:
    hit = 0
    match signal:
        case V21Signal(bits=bits):
            letters = bytearray(bits, "ascii")
            for position in positions:
                letters[position] ^= 1  # "0" and "1" differ in this bit
                hit += 1
            return replace(signal, bits=letters.decode()), hit
        case ImageSignal(octets=octets):
            spoiled = bytearray(octets)
            for position in positions:
                spoiled[position // 8] ^= 0x80 >> position % 8
                hit += 1
            return replace(signal, octets=bytes(spoiled)), hit
        case _:
            assert_never(signal)


def _chosen(first: int, last: int, rate: float, seed: str) -> Iterator[int]:
    """Choose each of first..last-1 with probability `rate`, by drawing the gaps between them."""
    if rate <= 0.0:
        return
    dice = random.Random(seed)  # noqa: S311 - noise that must come out the same again, not a secret
    position = first - 1
    while True:
        gap = 1.0 if rate >= 1.0 else math.log(1.0 - dice.random()) / math.log(1.0 - rate)
        position += max(1, math.ceil(gap))
        if position >= last:
            return
        yield position
