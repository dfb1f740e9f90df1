"""What a receiver hears, and when, on the wire of one call; and that nothing but what is sent decides it."""

import random

import pytest
from virtual_support import CSI, DCS, DIS, ITS_DIS_BEGINS_S, LISTEN, MCF, NOISE, V17, play

from mailfax.modem.virtual.damage import Damage, FlipBits, OfKind
from mailfax.modem.virtual.hdlc import build_burst
from mailfax.modem.virtual.signals import Side, SignalKind
from mailfax.modem.virtual.wire import Wire
from mailfax.t30.commands import (
    BlockHeard,
    Disconnected,
    FramesHeard,
    LineCommand,
    PageHeard,
    Pause,
    ReceiveBlock,
    ReceiveFrames,
    ReceivePage,
    ReceiveTraining,
    SendBlock,
    SendFrames,
    SendPage,
    SendTraining,
    Sent,
    Silence,
    TrainingHeard,
    WrongCarrier,
)
from mailfax.t30.modulation import Modulation


def seconds_of(*frames: bytes) -> float:
    return len(build_burst(frames).bits) / 300


def test_the_first_burst_comes_after_the_answer_tone() -> None:
    calling, called, _ = play([LISTEN, Pause(seconds=1.0)], [SendFrames(frames=(CSI, DIS))])
    duration_s = seconds_of(CSI, DIS)
    assert called == [Sent(at_s=pytest.approx(ITS_DIS_BEGINS_S + duration_s))]
    # The final frame is heard at its flag; one more flag goes out before the carrier is down.
    heard_at_s = ITS_DIS_BEGINS_S + duration_s - 8 / 300
    assert calling[0] == FramesHeard(frames=(CSI, DIS), damaged=0, at_s=pytest.approx(heard_at_s))


def test_the_answer_keeps_its_distance_from_the_carrier_it_heard() -> None:
    _, called, _ = play(
        [LISTEN, SendFrames(frames=(DCS,), silence_s=0.075)], [SendFrames(frames=(DIS,)), ReceiveFrames(timeout_s=6.0)]
    )
    end_of_dis_s = ITS_DIS_BEGINS_S + seconds_of(DIS)
    expected_s = end_of_dis_s + 0.075 + seconds_of(DCS) - 8 / 300
    assert called[1] == FramesHeard(frames=(DCS,), damaged=0, at_s=pytest.approx(expected_s))


def test_training_and_page_take_their_time_and_arrive_octet_for_octet() -> None:
    calling, called, _ = play(
        [Pause(seconds=6.0), SendTraining(modulation=V17), SendPage(modulation=V17, short_training=True, octets=NOISE)],
        [
            ReceiveTraining(modulation=V17, timeout_s=6.0),
            ReceivePage(modulation=V17, short_training=True, timeout_s=6.0),
        ],
    )
    end_of_training_s = 6.0 + 1.393 + 1.5
    end_of_page_s = end_of_training_s + 0.075 + 0.142 + 5.0
    assert called[0] == TrainingHeard(octets=bytes(2700), at_s=pytest.approx(end_of_training_s))
    assert called[1] == PageHeard(octets=NOISE, at_s=pytest.approx(end_of_page_s))
    assert calling[-1] == Sent(at_s=pytest.approx(end_of_page_s))


def test_nothing_sent_is_silence_at_the_time_out() -> None:
    calling, _, _ = play([ReceiveFrames(timeout_s=3.0)], [Pause(seconds=9.0)])
    assert calling == [Silence(at_s=3.0)]


def test_a_burst_that_begins_in_time_is_heard_to_its_end() -> None:
    in_time = ReceiveFrames(timeout_s=ITS_DIS_BEGINS_S + 0.001)
    too_late = ReceiveFrames(timeout_s=ITS_DIS_BEGINS_S - 0.001)
    assert isinstance(play([in_time], [SendFrames(frames=(DIS,))])[0][0], FramesHeard)
    assert isinstance(play([too_late], [SendFrames(frames=(DIS,))])[0][0], Silence)


@pytest.mark.parametrize(
    ("late_s", "frames"),
    [(0.9, (CSI, DIS)), (1.2, (DIS,)), (2.2, None)],
    ids=["in the preamble", "in the first frame", "in the last frame"],
)
def test_who_listens_late_misses_what_went_before(late_s: float, frames: tuple[bytes, ...] | None) -> None:
    calling, _, _ = play(
        [Pause(seconds=ITS_DIS_BEGINS_S + late_s), ReceiveFrames(timeout_s=3.0)],
        [SendFrames(frames=(CSI, DIS)), Pause(seconds=9.0)],
    )
    heard = calling[1]
    if frames is None:
        assert isinstance(heard, Silence)
    else:
        assert isinstance(heard, FramesHeard)
        assert (heard.frames, heard.damaged) == (frames, 0)


def test_v21_where_an_image_was_expected_is_the_wrong_carrier_and_can_still_be_heard() -> None:
    calling, _, _ = play(
        [ReceivePage(modulation=V17, short_training=False, timeout_s=9.0), ReceiveFrames(timeout_s=3.0)],
        [SendFrames(frames=(DIS,)), Pause(seconds=3.0)],
    )
    assert calling[0] == WrongCarrier(at_s=pytest.approx(ITS_DIS_BEGINS_S + 24 / 300))
    assert isinstance(calling[1], FramesHeard)
    assert calling[1].frames == (DIS,)


def test_an_image_carrier_is_not_heard_by_v21() -> None:
    calling, _, _ = play([ReceiveFrames(timeout_s=12.0)], [SendTraining(modulation=V17), Pause(seconds=9.0)])
    assert calling == [Silence(at_s=12.0)]


@pytest.mark.parametrize(
    ("sent", "awaited"),
    [
        (
            SendPage(modulation=V17, short_training=True, octets=NOISE),
            ReceivePage(modulation=V17, short_training=False, timeout_s=9.0),
        ),
        (
            SendPage(modulation=V17, short_training=False, octets=NOISE),
            ReceivePage(modulation=V17, short_training=True, timeout_s=9.0),
        ),
        (
            SendPage(modulation=Modulation.V29_9600, short_training=False, octets=NOISE),
            ReceivePage(modulation=Modulation.V17_9600, short_training=False, timeout_s=9.0),
        ),
        (SendTraining(modulation=Modulation.V17_12000), ReceiveTraining(modulation=V17, timeout_s=9.0)),
    ],
    ids=["short for long", "long for short", "other modulation", "other rate"],
)
def test_a_receiver_tuned_otherwise_does_not_train(sent: SendPage | SendTraining, awaited: LineCommand) -> None:
    calling, _, _ = play([awaited], [sent, Pause(seconds=20.0)])
    assert calling == [Silence(at_s=9.0)]


def test_v29_trains_alike_every_time() -> None:
    page = SendPage(modulation=Modulation.V29_9600, short_training=True, octets=NOISE)
    calling, _, _ = play([ReceivePage(modulation=Modulation.V29_9600, short_training=False, timeout_s=9.0)], [page])
    assert isinstance(calling[0], PageHeard)
    assert calling[0].octets == NOISE


def test_a_receiver_that_missed_the_start_up_signal_does_not_train() -> None:
    calling, _, _ = play(
        [Pause(seconds=5.2), ReceiveTraining(modulation=V17, timeout_s=4.0)],
        [SendTraining(modulation=V17), Pause(seconds=9.0)],
    )
    assert calling[1] == Silence(at_s=9.2)


def test_hanging_up_ends_what_the_other_side_is_doing_then() -> None:
    calling, _, _ = play([ReceiveFrames(timeout_s=35.0), LISTEN], [Pause(seconds=3.0)])
    left_s = ITS_DIS_BEGINS_S + 3.0
    assert calling[0] == Disconnected(at_s=left_s, reason="the far end hung up")
    assert calling[1] == Disconnected(at_s=left_s, reason="the far end hung up")


def test_what_was_said_before_hanging_up_is_heard() -> None:
    calling, _, _ = play([LISTEN, LISTEN], [SendFrames(frames=(MCF,))])
    assert isinstance(calling[0], FramesHeard)
    assert calling[0].frames == (MCF,)
    assert isinstance(calling[1], Disconnected)


def test_a_sender_learns_in_mid_page_that_nobody_listens() -> None:
    calling, _, _ = play([SendPage(modulation=V17, short_training=False, octets=NOISE)], [])
    assert calling == [Disconnected(at_s=5.075, reason="the far end hung up")]


def test_both_may_send_at_once_and_neither_hears_the_other() -> None:
    calling, called, _ = play(
        [Pause(seconds=5.0), SendFrames(frames=(DCS,)), ReceiveFrames(timeout_s=1.0), Pause(seconds=9.0)],
        [SendFrames(frames=(DIS,)), ReceiveFrames(timeout_s=1.0), Pause(seconds=9.0)],
    )
    assert isinstance(calling[2], Silence)
    assert isinstance(called[1], Silence)


def test_a_sender_that_is_killed_in_mid_page_is_heard_until_then() -> None:
    wire = Wire()
    wire.submit(Side.CALLED, ReceivePage(modulation=V17, short_training=False, timeout_s=6.0))
    wire.submit(Side.CALLING, Pause(seconds=6.0))
    paused = wire.due()
    assert paused is not None
    assert paused.side is Side.CALLING
    wire.take(paused)
    wire.submit(Side.CALLING, SendPage(modulation=V17, short_training=False, octets=NOISE))
    wire.leave(Side.CALLING, elapsed_s=8.393)
    heard = wire.due()
    assert heard is not None
    assert heard.result == PageHeard(octets=NOISE[:1800], at_s=8.393, carrier_lost=True)


@pytest.mark.parametrize("seed", range(20))
def test_whoever_is_quicker_the_call_is_the_same(seed: int) -> None:
    calling: list[LineCommand] = [
        LISTEN,
        SendFrames(frames=(CSI, DCS)),
        SendTraining(modulation=V17),
        ReceiveFrames(timeout_s=3.0),
        SendPage(modulation=V17, short_training=True, octets=NOISE),
        SendFrames(frames=(MCF,)),
    ]
    called: list[LineCommand] = [
        SendFrames(frames=(DIS,)),
        ReceiveFrames(timeout_s=6.0),
        ReceiveTraining(modulation=V17, timeout_s=6.0),
        SendFrames(frames=(MCF,)),
        ReceivePage(modulation=V17, short_training=True, timeout_s=6.0),
        ReceiveFrames(timeout_s=6.0),
        ReceiveFrames(timeout_s=6.0),
    ]
    expected = play(calling, called)[:2]
    assert isinstance(expected[1][4], PageHeard)
    assert isinstance(expected[1][6], Disconnected)
    assert play(calling, called, dice=random.Random(seed))[:2] == expected


def test_an_ecm_block_costs_the_frames_that_damage_hit() -> None:
    frames = tuple(bytes((0xFF, 0xC0, 0x60, n)) + NOISE[256 * n : 256 * (n + 1)] for n in range(20))
    damage = Damage(side=Side.CALLING, where=OfKind(kind=SignalKind.PAGE), harm=FlipBits(first=20_000, count=9))
    for harms, arrived in (((), frames), ((damage,), frames[:8] + frames[9:])):
        _, called, wire = play(
            [Pause(seconds=6.0), SendBlock(modulation=V17, short_training=True, frames=frames)],
            [ReceiveBlock(modulation=V17, short_training=True, timeout_s=6.0)],
            harms,
        )
        assert isinstance(called[0], BlockHeard)
        assert (called[0].frames, called[0].damaged) == (arrived, len(harms))
        assert len(wire.injuries) == len(harms)
