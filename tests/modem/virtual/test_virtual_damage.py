"""Every kind of damage hurts what it is aimed at, nothing else, and always in the same way."""

import pytest
from virtual_support import CSI, DIS, ITS_DIS_BEGINS_S, NOISE, V17, play

from mailfax.modem.virtual.damage import (
    Between,
    BitErrors,
    CutLine,
    Damage,
    FlipBits,
    Harm,
    LimitRate,
    LoseCarrier,
    NthFrame,
    OfKind,
    Where,
)
from mailfax.modem.virtual.signals import Side, SignalKind
from mailfax.modem.virtual.wire import Wire
from mailfax.t30.commands import (
    Disconnected,
    FramesHeard,
    LineResult,
    PageHeard,
    Pause,
    ReceiveFrames,
    ReceivePage,
    ReceiveTraining,
    SendFrames,
    SendPage,
    SendTraining,
    Silence,
    TrainingHeard,
)
from mailfax.t30.frames import Fcf
from mailfax.t30.modulation import Modulation

PAGE_BEGINS_S = 6.0
PAGE_DATA_S = PAGE_BEGINS_S + 1.393
THE_PAGE = OfKind(kind=SignalKind.PAGE, number=1)


def from_caller(where: Where, harm: Harm) -> tuple[Damage, ...]:
    return (Damage(side=Side.CALLING, where=where, harm=harm),)


def from_called(where: Where, harm: Harm) -> tuple[Damage, ...]:
    return (Damage(side=Side.CALLED, where=where, harm=harm),)


def page_through(*damage: Damage) -> tuple[list[LineResult], Wire]:
    page = SendPage(modulation=V17, short_training=False, octets=NOISE)
    _, called, wire = play(
        [Pause(seconds=PAGE_BEGINS_S), page, Pause(seconds=9.0)],
        [ReceivePage(modulation=V17, short_training=False, timeout_s=6.0), ReceiveFrames(timeout_s=2.0)],
        damage,
    )
    return called, wire


def dis_through(*damage: Damage) -> tuple[list[LineResult], Wire]:
    calling, _, wire = play(
        [ReceiveFrames(timeout_s=10.0), ReceiveFrames(timeout_s=10.0)],
        [SendFrames(frames=(CSI, DIS)), SendFrames(frames=(CSI, DIS)), Pause(seconds=30.0)],
        damage,
    )
    return calling, wire


def page_of(results: list[LineResult]) -> PageHeard:
    assert isinstance(results[0], PageHeard)
    return results[0]


def frames_of(result: LineResult) -> tuple[tuple[bytes, ...], int]:
    assert isinstance(result, FramesHeard)
    return result.frames, result.damaged


def wrong_bits(octets: bytes) -> list[int]:
    assert len(octets) == len(NOISE)
    difference = int.from_bytes(octets, "big") ^ int.from_bytes(NOISE, "big")
    return [at for at, bit in enumerate(f"{difference:0{8 * len(NOISE)}b}") if bit == "1"]


def test_without_damage_nothing_is_hurt() -> None:
    called, wire = page_through()
    assert page_of(called).octets == NOISE
    assert wire.injuries == ()


def test_bits_of_a_page_are_turned_over() -> None:
    called, wire = page_through(*from_caller(THE_PAGE, FlipBits(first=8 * 100 + 3, count=4)))
    assert wrong_bits(page_of(called).octets) == [803, 804, 805, 806]
    assert [injury.bits for injury in wire.injuries] == [4]


def test_damage_to_the_other_side_or_another_page_hurts_nobody() -> None:
    elsewhere = OfKind(kind=SignalKind.PAGE, number=2)
    for damage in (from_called(THE_PAGE, FlipBits(first=0)), from_caller(elsewhere, FlipBits(first=0))):
        called, wire = page_through(*damage)
        assert page_of(called).octets == NOISE
        assert wire.injuries == ()


def test_bit_errors_come_at_their_rate_and_by_their_seed() -> None:
    def errors(seed: int) -> list[int]:
        return wrong_bits(page_of(page_through(*from_caller(THE_PAGE, BitErrors(rate=0.01, seed=seed)))[0]).octets)

    assert 500 < len(errors(1)) < 1000  # of 72 000 bits
    assert errors(1) == errors(1)
    assert errors(1) != errors(2)


def test_every_page_of_a_kind_can_be_hit() -> None:
    _, wire = page_through(*from_caller(OfKind(kind=SignalKind.PAGE), BitErrors(rate=1.0)))
    assert [injury.bits for injury in wire.injuries] == [8 * len(NOISE)]


def test_bit_errors_between_two_moments_stay_there() -> None:
    second = Between(from_s=PAGE_DATA_S + 1.0, until_s=PAGE_DATA_S + 2.0)
    wrong = wrong_bits(page_of(page_through(*from_caller(second, BitErrors(rate=0.1)))[0]).octets)
    assert wrong
    assert min(wrong) >= 14400
    assert max(wrong) < 28800


def test_a_short_drop_of_the_carrier_is_noise_and_a_long_one_the_end_of_the_page() -> None:
    lost = LoseCarrier(after_s=1.393 + 1.0, duration_s=0.1)
    short = page_of(page_through(*from_caller(THE_PAGE, lost))[0])
    assert not short.carrier_lost
    wrong = wrong_bits(short.octets)
    assert 500 < len(wrong) < 940  # half of the 1440 bits of 100 ms
    assert (min(wrong) // 14400, max(wrong) // 15840) == (1, 0)

    long = page_of(page_through(*from_caller(THE_PAGE, LoseCarrier(after_s=1.393 + 1.0, duration_s=0.5)))[0])
    assert long.carrier_lost
    assert long.octets == NOISE[:1800]
    assert long.at_s == pytest.approx(PAGE_DATA_S + 1.0)


def test_a_spoiled_start_up_signal_trains_nobody() -> None:
    called, wire = page_through(*from_caller(THE_PAGE, LoseCarrier(after_s=0.5, duration_s=0.1)))
    assert isinstance(called[0], Silence)
    assert len(wire.injuries) == 1


def test_a_damaged_frame_counts_and_the_other_one_is_heard() -> None:
    calling, wire = dis_through(*from_called(NthFrame(fcf=Fcf.CSI), FlipBits(first=40)))
    assert frames_of(calling[0]) == ((DIS,), 1)
    assert frames_of(calling[1]) == ((CSI, DIS), 0)  # the damage was for the first CSI only
    assert len(wire.injuries) == 1


def test_a_dropped_burst_is_not_heard_and_the_next_one_is() -> None:
    calling, wire = dis_through(*from_called(OfKind(kind=SignalKind.FRAMES, number=1), LoseCarrier()))
    assert frames_of(calling[0]) == ((CSI, DIS), 0)
    assert calling[0].at_s > ITS_DIS_BEGINS_S + 4.0  # it is the second burst
    assert len(wire.injuries) == 1


def test_a_carrier_lost_in_a_frame_leaves_a_damaged_frame() -> None:
    calling, _ = dis_through(*from_called(NthFrame(fcf=Fcf.DIS), LoseCarrier(after_s=0.1, duration_s=0.1)))
    assert frames_of(calling[0]) == ((CSI,), 1)


def test_a_line_cut_by_the_clock_is_cut_for_both() -> None:
    calling, called, wire = play(
        [ReceiveFrames(timeout_s=35.0), ReceiveFrames(timeout_s=35.0)],
        [SendFrames(frames=(CSI, DIS)), ReceiveFrames(timeout_s=35.0)],
        from_caller(Between(from_s=9.0), CutLine()),
    )
    assert frames_of(calling[0]) == ((CSI, DIS), 0)
    assert calling[1] == Disconnected(at_s=9.0, reason="the line was cut")
    assert called[1] == Disconnected(at_s=9.0, reason="the line was cut")
    assert [injury.at_s for injury in wire.injuries] == [9.0]


def test_a_line_cut_in_a_page_leaves_the_page_so_far_and_then_nothing() -> None:
    called, wire = page_through(*from_caller(THE_PAGE, CutLine(after_s=1.393 + 1.0)))
    cut_s = PAGE_DATA_S + 1.0
    assert called[0] == PageHeard(octets=NOISE[:1800], at_s=pytest.approx(cut_s), carrier_lost=True)
    assert called[1] == Disconnected(at_s=pytest.approx(cut_s), reason="the line was cut")
    assert len(wire.injuries) == 1


def test_a_cut_that_the_call_never_reached_hurt_nobody() -> None:
    called, wire = page_through(*from_caller(Between(from_s=99.0), CutLine()))
    assert page_of(called).octets == NOISE
    assert wire.injuries == ()


def test_training_above_the_limit_is_noise_and_below_it_is_clean() -> None:
    limit = from_caller(Between(from_s=0.0), LimitRate(max_bit_rate=9600))
    heard = []
    for modulation in (V17, Modulation.V29_9600):
        _, called, wire = play(
            [Pause(seconds=6.0), SendTraining(modulation=modulation)],
            [ReceiveTraining(modulation=modulation, timeout_s=6.0)],
            limit,
        )
        assert isinstance(called[0], TrainingHeard)
        heard.append((any(called[0].octets), len(wire.injuries)))
    assert heard == [(True, 1), (False, 0)]
