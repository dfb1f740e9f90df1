"""Modems that are silent, babble, say half of something, or are pulled out: every wait ends, and says why."""

import re
from collections.abc import Callable

import pytest
from scripted_modem import (
    ANSWER,
    CAN,
    CONNECT,
    DIAL,
    END,
    ERROR,
    HANG_UP,
    NO_CARRIER,
    OK,
    WAKE,
    ScriptedModem,
    Step,
    modem,
    open_line,
    sent_before,
    step,
)

from mailfax.modem.class1 import Class1Line, Class1Settings, open_class1
from mailfax.modem.line import DialResult, LineFault
from mailfax.t30.commands import (
    Disconnected,
    LineCommand,
    Pause,
    ReceiveFrames,
    ReceivePage,
    ReceiveTraining,
    SendFrames,
    SendPage,
    SendTraining,
)
from mailfax.t30.modulation import Modulation

V17 = Modulation.V17_14400
MCF = b"\xff\xc8\x31"
ESCAPE = (step(END), step(CAN + b"\r", OK))
# A command of the engine and how far the modem goes along with it before it fails.
ASKED = (step(CAN), step("AT"))  # a receive without a result is ended before the modem is called broken
PHASES: dict[str, tuple[LineCommand, tuple[Step, ...]]] = {
    "waiting for flags": (ReceiveFrames(timeout_s=3), ()),
    "silence before a carrier": (SendFrames(frames=(MCF,)), (step("AT+FTS=7"),)),
    "carrier for frames": (SendFrames(frames=(MCF,)), (step("AT+FTS=7", OK), step("AT+FTH=3"))),
    "within a frame": (
        SendFrames(frames=(MCF,)),
        (step("AT+FTS=7", OK), step("AT+FTH=3", CONNECT), step(b"\xff\x13\x8c" + END)),
    ),
    "carrier for a training": (SendTraining(modulation=V17), (step("AT+FTS=7", OK), step("AT+FTM=145"))),
    "within a training": (
        SendTraining(modulation=V17),
        (step("AT+FTS=7", OK), step("AT+FTM=145", CONNECT), step(bytes(2700) + END)),
    ),
    "within a page": (
        SendPage(modulation=V17, short_training=True, octets=bytes(236)),
        (step("AT+FTS=7", OK), step("AT+FTM=146", CONNECT), step(bytes(256) + END)),
    ),
    "pause": (Pause(seconds=1), (step("AT+FTS=100"),)),
    "end of a frame": (ReceiveFrames(timeout_s=3), (step("AT+FRH=3", CONNECT, b"\xff\x13\x8c\xa2\xf1" + END), *ASKED)),
    "end of a page": (
        ReceivePage(modulation=V17, short_training=True, timeout_s=3),
        (step("AT+FRM=146", CONNECT, b"\0\0" + END), *ASKED),
    ),
    "end of a training": (
        ReceiveTraining(modulation=V17, timeout_s=3),
        (step("AT+FRM=145", CONNECT, b"\0\0" + END), *ASKED),
    ),
}
OWES_AN_ANSWER = [name for name in PHASES if name != "waiting for flags"]


@pytest.mark.parametrize("phase", OWES_AN_ANSWER)
def test_a_modem_that_falls_silent_ends_the_call_as_our_fault_in_bounded_time(phase: str) -> None:
    command, steps = PHASES[phase]
    line, scripted = sent_before(*steps)
    began_s = scripted.now_s
    ended = line.perform(command)
    assert isinstance(ended, Disconnected)
    assert ended.ours
    assert "stopped answering" in ended.reason
    assert scripted.now_s - began_s < 25


@pytest.mark.parametrize("phase", PHASES)
def test_a_modem_that_is_pulled_out_ends_the_call_as_our_fault(phase: str) -> None:
    command, steps = PHASES[phase]
    line, scripted = sent_before(*steps, step("AT+FRH=3"))

    def pull_out() -> None:
        scripted.gone = True

    last = scripted.script[len(steps) - 1] if steps else scripted.script[0]
    scripted.script[max(len(steps) - 1, 0)] = Step(last.told, (), pull_out)
    ended = line.perform(command)
    assert isinstance(ended, Disconnected)
    assert ended.ours
    assert ended.reason == "The modem is gone."
    line.hang_up()
    line.hang_up()


@pytest.mark.parametrize("babble", [b"\0", b"OK", b"\r\nRING\r\n", b"\x10\x10", b"x" * 4096, b"\r\nCONNEC\r\n"])
@pytest.mark.parametrize("phase", PHASES)
def test_a_babbling_modem_ends_the_call_in_bounded_time(phase: str, babble: bytes) -> None:
    command, _ = PHASES[phase]
    line, scripted = sent_before()
    scripted.babble = babble
    began_s = scripted.now_s
    line.perform(command)
    assert scripted.now_s - began_s < 30


def test_half_a_result_code_is_none() -> None:
    line, _ = sent_before(step("AT+FTS=7", b"\r\nO"))
    ended = line.perform(SendFrames(frames=(MCF,)))
    assert isinstance(ended, Disconnected)
    assert ended.ours


def test_an_on_hook_modem_means_that_the_call_is_lost() -> None:
    line, _ = sent_before(step("AT+FTS=7", ERROR))
    ended = line.perform(SendFrames(frames=(MCF,)))
    assert isinstance(ended, Disconnected)
    assert not ended.ours


def test_a_modem_that_says_no_carrier_at_once_for_ever_is_not_asked_for_ever() -> None:
    line, scripted = sent_before(*[step("AT+FRH=3", NO_CARRIER)] * 50)
    began_s = scripted.now_s
    ended = line.perform(ReceiveFrames(timeout_s=35))
    assert isinstance(ended, Disconnected)
    assert not ended.ours
    assert scripted.now_s - began_s < 1


def test_a_modem_that_takes_no_data_is_our_fault() -> None:
    line, scripted = sent_before(step("AT+FTS=7", OK), step("AT+FTM=146", CONNECT, then=lambda: block(scripted)))
    ended = line.perform(SendPage(modulation=V17, short_training=True, octets=bytes(5000)))
    assert isinstance(ended, Disconnected)
    assert ended.ours
    assert "takes no more data" in ended.reason


def stop(line: Class1Line) -> None:
    line.stop()


def block(scripted: ScriptedModem) -> None:
    scripted.takes_data = False


def test_stop_ends_a_wait_and_everything_after_it_and_the_line_still_hangs_up() -> None:
    line, scripted = sent_before(step("AT+FRH=3", then=lambda: stop(line)), *ESCAPE, HANG_UP)
    began_s = scripted.now_s
    ended = line.perform(ReceiveFrames(timeout_s=35))
    assert isinstance(ended, Disconnected)
    assert ended.ours
    assert scripted.now_s - began_s < 1
    assert isinstance(line.perform(Pause(seconds=1)), Disconnected)
    line.hang_up()
    assert not scripted.script
    assert line.dial("5551234") is DialResult.STOPPED
    assert line.wait_for_call(10) is None
    assert not line.answer()


def test_stop_while_dialling() -> None:
    scripted = modem(step("ATDT5551234", then=lambda: stop(line)), step(END, NO_CARRIER), step(CAN + b"\r"), HANG_UP)
    line = open_line(scripted)
    assert line.dial("5551234") is DialResult.STOPPED
    line.hang_up()
    assert not scripted.script


def test_a_modem_that_does_not_hang_up_is_made_to_by_dtr() -> None:
    line, scripted = sent_before(step("ATH0"))
    line.hang_up()
    assert scripted.dtr_drops == 1


def test_after_a_call_the_modem_is_set_up_again_before_the_next() -> None:
    line, scripted = sent_before(HANG_UP, *WAKE, DIAL)
    line.hang_up()
    assert line.dial("5551234") is DialResult.CONNECTED
    assert not scripted.script


@pytest.mark.parametrize(
    ("says", "result"),
    [
        (b"\r\nBUSY\r\n", DialResult.BUSY),
        (b"\r\nNO ANSWER\r\n", DialResult.NO_ANSWER),
        (b"\r\nNO DIAL TONE\r\n", DialResult.NO_DIALTONE),
        (b"\r\nNO CARRIER\r\n", DialResult.NO_CARRIER),
        (b"ATDT5551234\r\r\nRING\r\n\r\nCONNECT 14400\r\n", DialResult.CONNECTED),
    ],
)
def test_how_dialling_ends(says: bytes, result: DialResult) -> None:
    scripted = modem(step("ATDT5551234", (5.0, says)))
    line = open_line(scripted)
    began_s = scripted.now_s
    assert line.dial("5551234") is result
    assert scripted.now_s - began_s < 66


@pytest.mark.parametrize("alive", [(step(CAN, NO_CARRIER),), (step(CAN), step("AT", OK))])
def test_a_number_at_which_no_fax_is_heard_is_given_up(alive: tuple[Step, ...]) -> None:
    scripted = modem(step("ATDT5551234"), *alive, HANG_UP)
    line = open_line(scripted)
    began_s = scripted.now_s
    assert line.dial("5551234") is DialResult.NO_CARRIER
    assert scripted.now_s - began_s < 66
    line.hang_up()
    assert not scripted.script


def test_a_modem_that_says_nothing_any_more_after_dialling_is_a_fault_and_no_word_about_the_far_end() -> None:
    scripted = modem(step("ATDT5551234"), step(CAN), step("AT"))
    line = open_line(scripted)
    with pytest.raises(LineFault, match="stopped answering"):
        line.dial("5551234")


def test_a_refused_dial_command_is_a_fault_that_says_what_the_modem_said() -> None:
    with pytest.raises(LineFault, match="does not dial"):
        open_line(modem(step("ATDT5551234", b"\r\nERROR\r\n"))).dial("5551234")


@pytest.mark.parametrize("says", [b"\r\nBLACKLISTED\r\nERROR\r\n", b"\r\nDELAYED 00:10:00\r\n"])
def test_a_modem_that_dials_a_number_no_more_is_not_broken(says: bytes) -> None:
    assert open_line(modem(step("ATDT5551234", says))).dial("5551234") is DialResult.REFUSED


@pytest.mark.parametrize("number", ["5551;+FCLASS=0", "", "555\rATH0", "five"])
def test_only_numbers_are_dialled(number: str) -> None:
    with pytest.raises(LineFault, match="cannot be dialled"):
        open_line(modem()).dial(number)


@pytest.mark.parametrize("command", ["ATX3\rATDT0190", "ATÄ"])
def test_what_is_no_single_command_never_goes_out(command: str) -> None:
    with pytest.raises(LineFault, match="is no command"):
        open_line(modem(), Class1Settings(device="scripted", init=(command,)))


def test_an_answer_that_finds_nobody() -> None:
    line = open_line(modem(step("ATA", (30.0, NO_CARRIER))))
    assert not line.answer()


def test_a_modem_that_does_not_answer_is_a_fault() -> None:
    with pytest.raises(LineFault, match="ATA"):
        open_line(modem(step("ATA"))).answer()


def test_no_modem_at_all() -> None:
    tries = [step("ATE0V1Q0"), *ESCAPE[:1], step(CAN + b"\r")] * 3
    with pytest.raises(LineFault, match="No modem answers at scripted"):
        open_line(modem(*tries, awake=True))


def test_a_modem_left_in_the_middle_of_somebody_elses_call_is_woken() -> None:
    scripted = modem(step("ATE0V1Q0"), step(END, OK), step(CAN + b"\r", OK), *WAKE, awake=True)
    open_line(scripted)
    assert not scripted.script


@pytest.mark.parametrize("refused", [1, 2, 4])
def test_a_modem_that_refuses_its_set_up_is_a_fault_that_names_the_command(refused: int) -> None:
    wake = list(WAKE)
    wake[refused] = Step(wake[refused].told, ((0.01, ERROR),))
    command = wake[refused].told.strip().decode()
    with pytest.raises(LineFault, match=f"answered {re.escape(command)} with ERROR"):
        open_line(modem(*wake, awake=True))


def test_a_modem_that_knows_nothing_of_dtr_is_used_all_the_same() -> None:
    scripted = modem(*(Step(one.told, ((0.01, ERROR),)) if b"&D2" in one.told else one for one in WAKE), awake=True)
    open_line(scripted)
    assert not scripted.script


def test_a_modem_without_caller_id_is_used_all_the_same() -> None:
    open_line(modem(*WAKE[:-1], step("AT+VCID=1", ERROR), awake=True))


@pytest.mark.parametrize(
    ("sends", "receives", "best"),
    [
        (b"24,48,72,73,74,96,97,98,121,122,145,146", b"24,48,72,73,74,96,97,98,121,122,145,146", Modulation.V17_14400),
        (b"(24, 48, 72-98, 121-122, 145-146)", b"+FRM: (24,48,72,96,121,122)", Modulation.V17_12000),
        (b"24,48,72,96", b"24,48,72,96,121,122,145,146", Modulation.V29_9600),
        (b"24,48", b"3,24,48,72,96", Modulation.V27TER_4800),
        (b"", b"what?", Modulation.V17_14400),
    ],
)
def test_the_best_modulation_is_what_the_modem_both_sends_and_receives(
    sends: bytes, receives: bytes, best: Modulation
) -> None:
    lists = (step("AT+FTM=?", b"\r\n" + sends + b"\r\n" + OK), step("AT+FRM=?", b"\r\n" + receives + b"\r\n" + OK))
    assert open_line(modem(*WAKE[:5], *lists, WAKE[-1], awake=True)).best_modulation is best


def test_a_modem_that_knows_no_lists_of_modulations_is_taken_to_know_all() -> None:
    lists = (step("AT+FTM=?", ERROR), step("AT+FRM=?", ERROR))
    line = open_line(modem(*WAKE[:5], *lists, WAKE[-1], awake=True))
    assert line.best_modulation is Modulation.V17_14400


def test_a_device_that_is_not_there() -> None:
    with pytest.raises(LineFault, match="/nowhere/modem"):
        open_class1(Class1Settings(device="/nowhere/modem"))


PULLED_OUT: dict[str, Callable[[Class1Line], object]] = {
    "dialling": lambda line: line.dial("5551234"),
    "waiting for a call": lambda line: line.wait_for_call(5),
    "answering": lambda line: line.answer(),
}


@pytest.mark.parametrize("phase", PULLED_OUT)
def test_a_modem_that_is_pulled_out_before_the_call_is_a_fault(phase: str) -> None:
    scripted = modem(ANSWER)
    line = open_line(scripted)
    scripted.gone = True
    with pytest.raises(LineFault, match="gone"):
        PULLED_OUT[phase](line)
    line.close()


HANG_UP_LIMIT_S = 25.0


@pytest.mark.parametrize(
    "babble", [b"\0", b"OK", b"\r\nRING\r\n", b"\x10\x10", b"x" * 4096, b"AT\r\n", b"ATH0\r\r\n", b""]
)
def test_a_call_is_hung_up_in_bounded_time_whatever_the_modem_says_and_by_dtr_if_it_does_not_obey(
    babble: bytes,
) -> None:
    line, scripted = sent_before(step("ATH0") if not babble else step(b"never"))
    scripted.babble = babble
    began_s = scripted.now_s
    line.hang_up()
    assert scripted.now_s - began_s < HANG_UP_LIMIT_S
    assert scripted.dtr_drops == 1


def test_a_modem_that_takes_no_more_data_is_hung_up_by_dtr() -> None:
    line, scripted = sent_before()
    block(scripted)
    line.hang_up()
    assert scripted.dtr_drops == 1


def idle(line: Class1Line, times: int) -> None:
    for _ in range(times):
        line.wait_for_call(0.5)
        line.check()


def test_an_idle_modem_that_hangs_is_found_out_within_a_minute() -> None:
    scripted = modem(*[step("AT", OK)] * 2, step("AT"), step("AT"))
    line = open_line(scripted)
    began_s = scripted.now_s
    with pytest.raises(LineFault, match="does not answer any more"):
        idle(line, 600)
    assert 180 < scripted.now_s - began_s < 190


def test_a_modem_that_wakes_only_when_dtr_drops_is_woken() -> None:
    deaf = (step("ATE0V1Q0"), step(END), step(CAN + b"\r"))
    scripted = modem(*deaf, *deaf, *WAKE, awake=True)
    open_line(scripted)
    assert (scripted.dtr_drops, len(scripted.script)) == (1, 0)
