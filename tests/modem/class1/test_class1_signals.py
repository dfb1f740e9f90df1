"""What the driver says to a modem for each command of the engine, and what it makes of the modem's answers."""

import itertools
import random

import pytest
from scripted_modem import (
    CAN,
    CONNECT,
    DIAL,
    END,
    ERROR,
    FCERROR,
    NO_CARRIER,
    OK,
    in_call,
    open_line,
    sent_before,
    step,
)
from scripted_modem import modem as modem_of

from mailfax.modem.at.dle import Unshielder, shield
from mailfax.modem.class1 import Class1Settings
from mailfax.t30.commands import (
    BlockHeard,
    Disconnected,
    FramesHeard,
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
from mailfax.t30.frames import Fcf, build_frame
from mailfax.t30.hdlc import frame_block
from mailfax.t30.modulation import Modulation

CFR = build_frame(Fcf.CFR, x=False)
MCF = build_frame(Fcf.MCF, x=False)
# Address, control, FCF and FCS as T.31 modems give them, first bit on the line in the least significant place.
CFR_HEARD = bytes.fromhex("FF1384EA7D")
MCF_HEARD = bytes.fromhex("FF138CA2F1")
FRAME_NOT_FINAL = bytes.fromhex("FF0340") + b"2000555" + bytes.fromhex("0000")
V17 = Modulation.V17_14400


def test_a_frame_that_was_heard_is_turned_to_the_order_of_the_recommendation() -> None:
    line, _ = sent_before(step("AT+FRH=3", CONNECT, CFR_HEARD + END, OK))
    heard = line.perform(ReceiveFrames(timeout_s=3))
    assert isinstance(heard, FramesHeard)
    assert heard.frames == (CFR,)
    assert CFR.hex() == "ffc821"


def test_after_dialling_v21_is_being_received_already_and_each_frame_is_asked_for_at_once() -> None:
    line, modem = in_call(step("AT+FRH=3", CONNECT, CFR_HEARD + END, OK))
    modem.say((0.5, FRAME_NOT_FINAL + END), (0.01, OK))
    heard = line.perform(ReceiveFrames(timeout_s=35))
    assert isinstance(heard, FramesHeard)
    assert [frame[:3].hex() for frame in heard.frames] == ["ffc002", "ffc821"]
    assert heard.damaged == 0
    assert heard.at_s < 1
    assert not modem.script


def test_after_answering_the_first_frame_goes_straight_out() -> None:
    csi, dis = build_frame(Fcf.CSI, b"\x04" * 20, x=False, final=False), build_frame(Fcf.DIS, b"\0\x76\x1e", x=False)
    line, modem = in_call(step(shield(csi) + END, (2.0, CONNECT)), step(shield(dis) + END, (1.0, OK)), incoming=True)
    assert isinstance(line.perform(SendFrames(frames=(csi, dis))), Sent)
    assert not modem.script


def test_a_dle_within_a_frame_is_doubled() -> None:
    frame = build_frame(Fcf.TSI, b"\x08\x10", x=True)  # 08 turned around is DLE; 10 turned around is not
    line, modem = in_call(
        step("AT+FRH=3", CONNECT, MCF_HEARD + END, OK),
        step("AT+FRS=7", OK),
        step("AT+FTH=3", CONNECT),
        step(bytes.fromhex("FF1343") + b"\x10\x10\x08" + END, OK),
    )
    modem.say((0.01, FRAME_NOT_FINAL + END), (0.01, OK))
    line.perform(ReceiveFrames(timeout_s=3))
    assert isinstance(line.perform(SendFrames(frames=(frame,))), Sent)
    assert not modem.script


def test_silence_is_made_by_the_modem_after_what_was_sent_and_after_what_was_heard() -> None:
    line, modem = in_call(
        step("AT+FRS=7", OK),
        step("AT+FTH=3", CONNECT),
        step(shield(CFR) + END, OK),
        step("AT+FTS=7", OK),
        step("AT+FTM=96", CONNECT),
        step(bytes(1800) + END, OK),
        step("AT+FTS=255", OK),
        step("AT+FTS=45", OK),
    )
    modem.say((0.01, MCF_HEARD + END), (0.01, OK))
    line.perform(ReceiveFrames(timeout_s=3))
    assert isinstance(line.perform(SendFrames(frames=(CFR,))), Sent)
    assert isinstance(line.perform(SendTraining(modulation=Modulation.V29_9600)), Sent)
    assert isinstance(line.perform(Pause(seconds=3)), Sent)
    assert not modem.script
    assert modem.flows == [True, False]


def test_a_far_end_that_never_falls_silent_does_not_hold_us_up() -> None:
    line, modem = in_call(step("AT+FRS=7"), step(CAN, OK), step("AT+FTH=3", CONNECT), step(shield(CFR) + END, OK))
    modem.say((0.01, MCF_HEARD + END), (0.01, OK))
    line.perform(ReceiveFrames(timeout_s=3))
    assert isinstance(line.perform(SendFrames(frames=(CFR,))), Sent)


def test_a_damaged_frame_counts_and_the_burst_goes_on() -> None:
    line, modem = in_call(step("AT+FRH=3", CONNECT, MCF_HEARD + END, OK))
    modem.say((0.01, b"\xff\x03\x99\x10\x10" + END), (0.01, ERROR))
    heard = line.perform(ReceiveFrames(timeout_s=3))
    assert isinstance(heard, FramesHeard)
    assert (heard.frames, heard.damaged) == ((MCF,), 1)


def test_a_carrier_that_ends_before_the_final_frame_gives_what_was_heard() -> None:
    line, modem = in_call(step("AT+FRH=3", NO_CARRIER))
    modem.say((0.01, FRAME_NOT_FINAL + END), (0.01, OK))
    heard = line.perform(ReceiveFrames(timeout_s=3))
    assert isinstance(heard, FramesHeard)
    assert len(heard.frames) == 1


def test_flags_without_a_frame_count_as_one_that_was_cut() -> None:
    line, modem = in_call(step(CAN, END, OK), step("AT+FRH=3", NO_CARRIER))
    modem.say((0.01, b"\xff\x03"))
    heard = line.perform(ReceiveFrames(timeout_s=3))
    assert isinstance(heard, FramesHeard)
    assert (heard.frames, heard.damaged) == ((), 1)


def test_no_answer_is_silence_after_the_time_that_the_engine_gave() -> None:
    line, modem = in_call(step("AT+FRH=3"), step(CAN, OK))
    modem.say((0.01, END), (0.01, NO_CARRIER))  # the flags after dialling came to nothing
    heard = line.perform(ReceiveFrames(timeout_s=3))
    assert isinstance(heard, Silence)
    assert 3 <= heard.at_s < 4


def test_a_modem_that_gives_up_listening_early_is_asked_again_until_the_time_is_over() -> None:
    again = [step("AT+FRH=3", (1.0, NO_CARRIER))] * 2
    line, modem = in_call(*again, step("AT+FRH=3", (0.5, CONNECT), MCF_HEARD + END, OK))
    modem.say((0.01, END), (0.01, NO_CARRIER))
    assert isinstance(line.perform(ReceiveFrames(timeout_s=3)), FramesHeard)


def test_page_data_comes_out_unshielded_and_turned_however_it_is_cut() -> None:
    said = b"\x80\x10\x10\x01" + b"\x10\x1a" + b"\x10\x7f" + b"\xff"  # DLE DLE, DLE SUB, and one to be dropped
    for size in range(1, len(said) + 1):
        pieces = [said[at : at + size] for at in range(0, len(said), size)]
        line, _ = sent_before(step("AT+FRM=146", CONNECT, *pieces, END, NO_CARRIER))
        heard = line.perform(ReceivePage(modulation=V17, short_training=True, timeout_s=6))
        assert isinstance(heard, PageHeard)
        assert heard.octets.hex() == "01" + "08" + "80" + "0808" + "ff"
        assert not heard.carrier_lost


def test_shielding_and_unshielding_are_inverse() -> None:
    random_source = random.Random(7)
    for size in (0, 1, 2, 50, 3000):
        octets = bytes(random_source.choices((0x08, 0x10, 0xC0, 0x03, 0x00), k=size))
        data = shield(octets) + END + b"\r\nOK"
        unshielder = Unshielder()
        rest = b""
        for start, end in itertools.pairwise([*sorted({0, *random_source.sample(range(len(data)), 3)}), len(data)]):
            rest += unshielder.feed(data[start:end])
        assert unshielder.ended
        assert unshielder.octets() == octets
        assert rest == b"\r\nOK"


def test_a_training_is_handed_over_as_it_was_heard() -> None:
    line, _ = in_call(step(CAN, OK), step("AT+FRM=145", (1.5, CONNECT), b"\xff\0\0\0" + END, NO_CARRIER))
    heard = line.perform(ReceiveTraining(modulation=V17, timeout_s=3))
    assert isinstance(heard, TrainingHeard)
    assert heard.octets == b"\xff\0\0\0"


def test_a_late_listener_tries_twice_more_for_the_image_carrier() -> None:
    line, modem = in_call(
        step(CAN, OK),
        step("AT+FRM=96", FCERROR),
        step("AT+FRM=96", FCERROR),
        step("AT+FRM=96", CONNECT, b"\0" + END, NO_CARRIER),
    )
    assert isinstance(
        line.perform(ReceivePage(modulation=Modulation.V29_9600, short_training=False, timeout_s=6)), PageHeard
    )
    assert not modem.script


def test_v21_instead_of_the_image_carrier_is_said_and_then_listened_to() -> None:
    wrong = [step("AT+FRM=96", FCERROR)] * 3
    line, modem = in_call(step(CAN, OK), *wrong, step("AT+FRH=3", CONNECT, MCF_HEARD + END, OK))
    assert isinstance(
        line.perform(ReceivePage(modulation=Modulation.V29_9600, short_training=False, timeout_s=6)), WrongCarrier
    )
    assert isinstance(line.perform(ReceiveFrames(timeout_s=3)), FramesHeard)
    assert not modem.script


def test_after_frh3_the_connect_that_is_queued_behind_it_is_taken_and_frh_not_sent_again() -> None:
    line, modem = in_call(step(CAN, OK), step("AT+FRM=145", b"\r\n+FRH:3\r\n" + CONNECT + MCF_HEARD + END + OK))
    assert isinstance(line.perform(ReceivePage(modulation=V17, short_training=False, timeout_s=6)), WrongCarrier)
    heard = line.perform(ReceiveFrames(timeout_s=3))
    assert isinstance(heard, FramesHeard)
    assert heard.frames == (MCF,)
    assert not modem.script


def test_a_page_is_fed_after_connect_with_fill_behind_it_and_every_dle_doubled() -> None:
    octets = b"\x08" * 300
    tail = bytes(20)
    page = b"\x10\x10" * 300 + tail + END
    line, modem = sent_before(step("AT+FTS=7", OK), step("AT+FTM=146", CONNECT), step(page, (0.3, OK)))
    assert isinstance(line.perform(SendPage(modulation=V17, short_training=True, octets=octets)), Sent)
    assert not modem.script


def test_feeding_stops_when_the_modem_leaves_data_mode() -> None:
    line, modem = in_call(step(CAN, OK), step("AT+FTM=146", CONNECT), step(bytes(256), NO_CARRIER), step(bytes(256)))
    sent = line.perform(SendPage(modulation=V17, short_training=True, octets=bytes(5000)))
    assert isinstance(sent, Disconnected)
    assert not sent.ours
    assert "NO CARRIER" in sent.reason
    assert modem.flows == [True, False]


def test_xon_among_the_answers_is_no_answer() -> None:
    line, _ = in_call(step(CAN, OK), step("AT+FTM=146", CONNECT), step(bytes(256), b"\x11"), step(bytes(20) + END, OK))
    assert isinstance(line.perform(SendPage(modulation=V17, short_training=True, octets=bytes(256))), Sent)


FCD_AND_RCP = (b"\xff\xc0\x60\x00" + random.Random(3).randbytes(256), b"\xff\xc0\x61")


def test_an_ecm_block_is_framed_by_us() -> None:
    """T.31 has HDLC for V.21 only: at image rate flags, zero insertion and FCS are the driver's."""
    octets = shield(frame_block(FCD_AND_RCP, 14400)) + END
    line, modem = sent_before(step("AT+FTS=7", OK), step("AT+FTM=146", CONNECT), step(octets, (0.3, OK)))
    assert isinstance(line.perform(SendBlock(modulation=V17, short_training=True, frames=FCD_AND_RCP)), Sent)
    assert not modem.script


def test_an_ecm_block_is_read_by_us() -> None:
    octets = shield(frame_block(FCD_AND_RCP, 14400)) + END
    line, _ = sent_before(step("AT+FRM=146", CONNECT, octets, NO_CARRIER))
    heard = line.perform(ReceiveBlock(modulation=V17, short_training=True, timeout_s=6))
    assert isinstance(heard, BlockHeard)
    assert (heard.frames, heard.damaged) == (FCD_AND_RCP, 0)


def test_noise_that_the_modem_takes_for_a_carrier_ends_with_the_longest_block() -> None:
    noise = [(1.0, random.Random(second).randbytes(1800).replace(b"\x10", b"\x11")) for second in range(90)]
    line, modem = sent_before(step("AT+FRM=146", CONNECT, *noise), step(CAN, OK))
    heard = line.perform(ReceiveBlock(modulation=V17, short_training=True, timeout_s=6))
    assert isinstance(heard, BlockHeard)
    assert (heard.frames, heard.at_s < 60) == ((), True)
    assert not modem.script


@pytest.mark.parametrize("knows_abort", [True, False])
def test_a_frame_in_front_of_noise_is_believed_by_its_own_fcs(knows_abort: bool) -> None:
    """libspandsp gives the result of a final frame when the carrier ends, which noise above its threshold never does."""
    asked = (step(CAN, OK),) if knows_abort else (step(CAN), step("AT", OK))
    line, modem = sent_before(step("AT+FRH=3", CONNECT, CFR_HEARD + END), *asked)
    heard = line.perform(ReceiveFrames(timeout_s=3.45))
    assert isinstance(heard, FramesHeard)
    assert (heard.frames, heard.damaged) == ((CFR,), 0)
    assert not modem.script


def test_a_damaged_frame_in_front_of_noise_is_not_believed() -> None:
    damaged = CFR_HEARD[:2] + b"\0" + CFR_HEARD[3:]
    line, _ = sent_before(step("AT+FRH=3", CONNECT, damaged + END), step(CAN, OK), step("AT+FRH=3"), step(CAN, OK))
    heard = line.perform(ReceiveFrames(timeout_s=3.45))
    assert isinstance(heard, FramesHeard)
    assert (heard.frames, heard.damaged) == ((), 1)


def test_after_the_tcf_the_answer_is_listened_for_at_once() -> None:
    """Without a delay on the line the CFR begins while others still ask for silence (AT+FRS), and miss it."""
    line, modem = sent_before(
        step("AT+FTS=7", OK),
        step("AT+FTM=145", CONNECT),
        step(bytes(2700) + END, OK),
        step("AT+FRH=3", CONNECT, CFR_HEARD + END, OK),
    )
    line.perform(SendTraining(modulation=V17))
    heard = line.perform(ReceiveFrames(timeout_s=3.45))
    assert isinstance(heard, FramesHeard)
    assert heard.frames == (CFR,)
    assert not modem.script


def test_a_connect_for_a_carrier_that_is_none_of_v21_brings_no_frame_and_is_asked_again() -> None:
    line, modem = sent_before(
        step("AT+FRH=3", CONNECT, (0.3, NO_CARRIER)), step("AT+FRH=3", (0.2, CONNECT), MCF_HEARD + END, OK)
    )
    began_s = modem.now_s
    heard = line.perform(ReceiveFrames(timeout_s=3.45))
    assert isinstance(heard, FramesHeard)
    assert (heard.frames, heard.damaged) == ((MCF,), 0)
    assert modem.now_s - began_s < 1


def test_after_a_training_a_modem_may_be_waited_for_to_be_silent() -> None:
    scripted = modem_of(
        DIAL, step(CAN, OK), step("AT+FTM=96", CONNECT), step(bytes(1800) + END, OK), step("AT+FRS=1", OK)
    )
    line = open_line(scripted, Class1Settings(device="scripted", after_training="AT+FRS=1"))
    line.dial("5551234")
    assert isinstance(line.perform(SendTraining(modulation=Modulation.V29_9600)), Sent)
    assert not scripted.script
