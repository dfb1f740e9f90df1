"""RING, caller id and DID in the spellings of modems, and callers who give up."""

import pytest
from scripted_modem import ERROR, HANG_UP, NO_CARRIER, OK, WAKE, ScriptedModem, Step, modem, open_line, step

from mailfax.modem.at.ringing import Ringing
from mailfax.modem.class1 import Class1Line, Class1Settings, Did, DidMemory
from mailfax.modem.line import DialResult, IncomingCall, NotAFax
from mailfax.t30.modulation import Modulation

RING, BUSY = b"\r\nRING\r\n", b"\r\nBUSY\r\n"
NMBR, NDID = b"\r\nNMBR=5551111\r\n", b"\r\nNDID=5559001\r\n"
KNOWN = IncomingCall(called="5559001", caller="5551111")
NOT_KNOWN = IncomingCall(called="", caller="")
NONE = Class1Settings(device="scripted", number="5559000")
SIGNALLED = Class1Settings(device="scripted", number="5559000", did=Did.SIGNALLED)


def wait(scripted: ScriptedModem, *says: tuple[float, bytes], rings: int = 1) -> IncomingCall | None:
    """Open a line on the modem and wait for a call while the modem says all this."""
    line = open_line(scripted, Class1Settings(device="scripted", number="5559000", rings_before_answer=rings))
    scripted.say(*says)
    return line.wait_for_call(60)


@pytest.mark.parametrize(
    ("said", "called", "caller", "name"),
    [
        (b"DATE=1122\r\nTIME=1403\r\nNMBR=5551111\r\nNAME=ACME\r\nNDID=5559001\r\n", "5559001", "5551111", "ACME"),
        (b"DATE = 1122\r\nTIME = 1403\r\nNMBR = 5551111\r\nNAME = ACME LTD\r\n", "5559000", "5551111", "ACME LTD"),
        (b"NMBR=P\r\nNAME=O\r\nDDN=42\r\n", "42", "", ""),
        (b"\r\nFM:5551111\r\nTO: 77\r\n", "77", "5551111", ""),
        (b"\x104\x103\x102\x101", "4321", "", ""),
        (b"CALLER NUMBER: 5551111\r\nNAME: \x07\x1b[31mEvil\r\n", "5559000", "5551111", "[31mEvil"),
        (b"NAME=" + b"A" * 300 + b"\r\n", "5559000", "", "A" * 64),
        (b"", "5559000", "", ""),
    ],
)
def test_what_the_network_says_between_the_first_ring_and_the_second(
    said: bytes, called: str, caller: str, name: str
) -> None:
    assert wait(modem(), (5.0, RING), (1.5, said), (4.5, RING)) == IncomingCall(
        called=called, caller=caller, caller_name=name
    )


def test_one_ring_is_enough_where_the_modem_gives_no_caller_id() -> None:
    scripted = modem(*WAKE[:-1], step("AT+VCID=1", ERROR), awake=True)
    began_s = scripted.now_s
    assert wait(scripted, (5.0, b"\r\nRING 2\r\n")) is not None
    assert scripted.now_s - began_s < 6


def test_caller_id_is_waited_for_no_longer_than_it_may_take() -> None:
    scripted = modem()
    began_s = scripted.now_s
    assert wait(scripted, (5.0, RING)) is not None
    assert 9 <= scripted.now_s - began_s < 10


def test_a_short_wait_goes_on_while_it_rings_so_that_nobody_dials_into_the_call() -> None:
    scripted = modem()
    line = open_line(scripted, Class1Settings(device="scripted", rings_before_answer=3))
    scripted.say((0.7, RING), (2.0, b"NMBR=5551111\r\n"), (4.0, RING), (6.0, RING))
    began_s = scripted.now_s
    assert line.wait_for_call(0.5) is None
    assert scripted.now_s - began_s < 0.7
    assert line.wait_for_call(0.5) == IncomingCall(called="", caller="5551111")


def test_a_caller_who_gives_up_frees_the_line_when_the_next_ring_is_overdue() -> None:
    scripted = modem()
    line = open_line(scripted, Class1Settings(device="scripted", rings_before_answer=3))
    scripted.say((0.1, RING))
    began_s = scripted.now_s
    assert line.wait_for_call(0.5) is None
    assert 10 <= scripted.now_s - began_s < 11


def test_rings_of_a_caller_who_gave_up_are_forgotten_with_his_number() -> None:
    scripted = modem()
    gave_up = ((1.0, RING), (1.0, b"NMBR=1\r\n"))
    second = ((20.0, RING), (1.0, b"NAME=SECOND\r\n"), (5.0, RING), (6.0, RING))
    began_s = scripted.now_s
    call = wait(scripted, *gave_up, *second, rings=3)
    assert call == IncomingCall(called="5559000", caller="", caller_name="SECOND")
    assert scripted.now_s - began_s > 33


def test_what_came_before_a_ring_that_never_came_is_not_of_the_next_call() -> None:
    call = wait(modem(), (1.0, NMBR + NDID), (20.0, RING), (6.0, RING))
    assert call == IncomingCall(called="5559000", caller="")


def waking(*says: tuple[int, bytes]) -> tuple[Step, ...]:
    """Wake the modem while it says something before its answer to some of the commands, given by their place."""
    steps = list(WAKE)
    for at, said in says:
        answer = b"".join(octets for _, octets in steps[at].says)
        steps[at] = Step(steps[at].told, ((0.01, said + answer),))
    return tuple(steps)


def rung_before(settings: Class1Settings, *says: tuple[float, bytes], wake: tuple[Step, ...] = WAKE) -> Class1Line:
    """Open a line on a modem that rings already, and whose next ring comes after the set-up."""
    scripted = modem(*wake, awake=True)
    line = open_line(scripted, settings)
    assert not scripted.script
    scripted.say(*says)
    return line


@pytest.mark.parametrize(("settings", "called"), [(NONE, "5559000"), (SIGNALLED, "")])
@pytest.mark.parametrize("says", [[(2.0, RING)], [(2.0, RING), (6.0, RING)], [(2.0, RING), (0.2, NMBR)]])
def test_a_call_whose_first_ring_was_missed_is_for_the_lines_number_only_where_none_is_signalled(
    settings: Class1Settings, called: str, says: list[tuple[float, bytes]]
) -> None:
    call = rung_before(settings, *says).wait_for_call(10)
    assert call is not None
    assert call.called == called


@pytest.mark.parametrize("settings", [NONE, SIGNALLED])
@pytest.mark.parametrize("first", range(len(WAKE)))
@pytest.mark.parametrize("then", [0, 1])
def test_what_the_modem_says_of_a_ring_while_it_is_set_up_counts(
    settings: Class1Settings, first: int, then: int
) -> None:
    later = min(first + then, len(WAKE) - 1)
    said = ((first, RING + NMBR + NDID),) if later == first else ((first, RING + NMBR), (later, NDID))
    line = rung_before(settings, wake=waking(*said))
    assert line.wait_for_call(2) == KNOWN
    assert line.best_modulation is Modulation.V17_14400


def test_a_callers_number_among_the_answers_is_no_list_of_modulations() -> None:
    slow = (step("AT+FTM=?", b"NMBR=9697145\r\n" + b"24,48\r\n" + OK), step("AT+FRM=?", b"24,48\r\n" + OK))
    line = rung_before(NONE, (1.0, RING), wake=(*WAKE[:5], *slow, WAKE[-1]))
    assert line.best_modulation is Modulation.V27TER_4800
    assert line.wait_for_call(10) == IncomingCall(called="5559000", caller="9697145")


def test_a_line_of_text_is_whole_though_a_command_comes_in_between() -> None:
    scripted = modem(step("ATE0V1Q0", b"9001\r\n" + OK), *WAKE[1:], awake=True)
    scripted.say((0.0, RING + b"NDID=555"))
    assert open_line(scripted, NONE).wait_for_call(2) == IncomingCall(called="5559001", caller="")


def test_what_came_before_the_device_was_opened_is_heard_where_the_system_kept_it() -> None:
    scripted = modem()
    scripted.say((0.0, RING), (0.0, NMBR), (0.0, NDID))
    assert open_line(scripted, SIGNALLED).wait_for_call(2) == KNOWN


@pytest.mark.parametrize("settings", [NONE, SIGNALLED])
def test_digits_of_which_the_first_may_be_lost_are_nobodys_number(settings: Class1Settings) -> None:
    cut = rung_before(settings, (0.1, b"\x103\x102\x101"), (1.0, RING), (6.0, RING))
    assert cut.wait_for_call(10) == NOT_KNOWN
    cut = rung_before(settings, (0.1, b"\x101"), (1.0, RING), (6.0, RING), wake=waking((6, b"\x104\x103\x102")))
    assert cut.wait_for_call(10) == NOT_KNOWN
    for after_s in (0.1, 1.0):
        whole = rung_before(settings, (after_s, RING), (0.1, b"\x104\x103\x102\x101"), (6.0, RING))
        assert whole.wait_for_call(10) == IncomingCall(called="4321", caller="")


def after_a_call(wake: tuple[Step, ...]) -> tuple[Class1Line, ScriptedModem]:
    """Return a line that was called with a number that was signalled, and has been hung up."""
    scripted = modem(*WAKE, step("ATA", (1.0, NO_CARRIER)), HANG_UP, *wake, awake=True)
    line = open_line(scripted, NONE)
    scripted.say((5.0, RING), (1.5, NMBR + NDID))
    assert line.wait_for_call(60) == KNOWN
    assert not line.answer()
    line.hang_up()
    return line, scripted


def test_a_line_that_was_heard_to_signal_counts_as_one_that_does() -> None:
    line, scripted = after_a_call(WAKE)
    assert line.wait_for_call(1) is None
    scripted.say((1.0, RING))
    assert line.wait_for_call(2) == NOT_KNOWN


def test_a_ring_while_the_modem_is_set_up_again_counts() -> None:
    line, _ = after_a_call(waking((1, RING), (3, NDID)))
    assert line.wait_for_call(2) == IncomingCall(called="5559001", caller="")


def test_digits_while_the_modem_is_set_up_again_may_not_be_all() -> None:
    wake = waking((1, RING), (4, b"\x103\x102"))
    line, _ = after_a_call((*wake[:-1], step("AT+VCID=1", OK, (5.0, RING))))
    assert line.wait_for_call(10) == NOT_KNOWN


def test_a_ring_before_a_call_of_ours_is_over_when_that_is() -> None:
    line, scripted = after_a_call((*waking((1, RING)), step("ATDT5551234", (60.0, BUSY)), HANG_UP, *WAKE))
    assert line.dial("5551234") is DialResult.BUSY
    line.hang_up()
    assert line.wait_for_call(1) is None
    assert not scripted.script


def test_a_caller_is_gone_when_the_computer_has_slept_since_the_ring() -> None:
    ringing = Ringing(NONE, DidMemory())
    assert ringing.take("RING", 5.0)
    assert ringing.due(65.0) is None
    assert ringing.take("RING", 66.0)
    assert ringing.due(66.0) == IncomingCall(called="5559000", caller="")


def test_a_ring_between_hang_up_and_set_up_counts() -> None:
    line, scripted = after_a_call(WAKE)
    scripted.say((1.0, RING), (1.0, NMBR + NDID))
    scripted.now_s += 5
    assert line.wait_for_call(2) == KNOWN


def test_what_was_learnt_of_a_line_holds_when_its_device_is_opened_again() -> None:
    memory = DidMemory()
    for said, called in ((RING + NDID, "5559001"), (RING, "")):
        scripted = modem()
        line = Class1Line(NONE, scripted, memory=memory, clock=scripted.clock)
        scripted.say((1.0, said))
        call = line.wait_for_call(10)
        assert call is not None
        assert call.called == called
        line.close()


@pytest.mark.parametrize("value", [b"O", b"P", b""])
def test_a_called_number_that_is_withheld_is_none(value: bytes) -> None:
    said = ((1.0, RING), (1.0, b"NDID=" + value + b"\r\n"), (5.0, RING))
    assert rung_before(SIGNALLED, *said).wait_for_call(10) == NOT_KNOWN
    assert rung_before(NONE, *said).wait_for_call(10) == IncomingCall(called="5559000", caller="")


def test_a_signalled_number_is_waited_for_though_the_modem_gives_no_caller_id() -> None:
    deaf = (*WAKE[:-1], step("AT+VCID=1", ERROR))
    digits = ((1.0, RING), (1.0, b"\x104\x102"))
    assert rung_before(SIGNALLED, *digits, wake=deaf).wait_for_call(10) == IncomingCall(called="42", caller="")


def test_a_signalled_number_is_waited_for_though_the_callers_is_there() -> None:
    assert rung_before(SIGNALLED, (1.0, RING), (1.0, NMBR), (1.5, NDID)).wait_for_call(10) == KNOWN


def test_a_call_of_which_nothing_was_heard_in_time_is_nobodys_where_a_number_is_signalled() -> None:
    assert rung_before(SIGNALLED, (20.0, RING)).wait_for_call(30) == NOT_KNOWN


def test_nobody_calls() -> None:
    assert wait(modem()) is None


DISTINCTIVE = Class1Settings(
    device="scripted", number="5559000", ring_numbers={"A": "5559001", "2": "5559002"}, adaptive_answer="AT+FAA=1"
)


@pytest.mark.parametrize(
    ("ring", "called"), [(b"RING A", "5559001"), (b"RING 2", "5559002"), (b"RING", "5559000"), (b"RING B", "5559000")]
)
def test_how_it_rings_tells_which_number_is_called(ring: bytes, called: str) -> None:
    rings = b"\r\n" + ring + b"\r\n"
    line = rung_before(DISTINCTIVE, (1.0, rings), (1.5, NMBR), (4.5, rings), wake=(*WAKE, step("AT+FAA=1", OK)))
    assert line.wait_for_call(10) == IncomingCall(called=called, caller="5551111")


def test_a_number_that_the_network_signals_says_more_than_the_ring() -> None:
    said = ((1.0, b"\r\nRING A\r\n"), (1.5, NMBR + b"NDID=77\r\n"), (4.5, b"\r\nRING A\r\n"))
    line = rung_before(DISTINCTIVE, *said, wake=(*WAKE, step("AT+FAA=1", OK)))
    assert line.wait_for_call(10) == IncomingCall(called="77", caller="5551111")


def test_a_call_that_was_declined_is_told_once_however_long_it_rings_and_nobody_dials_into_it() -> None:
    scripted = modem()
    line = open_line(scripted, NONE)
    scripted.say((1.0, RING), (1.5, NMBR), *[(4.5 if ring == 0 else 6.0, RING) for ring in range(10)])
    assert line.wait_for_call(10) is not None
    line.decline()
    began_s = scripted.now_s
    assert line.wait_for_call(0.2) is None
    assert scripted.now_s - began_s > 60
    scripted.say((30.0, RING), (1.5, b"NMBR=5552222\r\n"), (4.5, RING))
    call = line.wait_for_call(60)
    assert call is not None
    assert call.caller == "5552222"


@pytest.mark.parametrize("kind", [b"DATA", b"VOICE"])
def test_a_caller_who_is_no_fax_is_told_apart_and_hung_up_on(kind: bytes) -> None:
    scripted = modem(*WAKE, step("AT+FAA=1", OK), awake=True)
    line = open_line(scripted, DISTINCTIVE)
    said = b"\r\n" + kind + b"\r\n"
    scripted.script.extend([step("ATA", (4.0, said)), step(b"\x10\x03", OK), step(b"\x18\r", OK), HANG_UP])
    with pytest.raises(NotAFax, match=kind.decode()):
        line.answer()
    line.hang_up()
    assert not scripted.script


def test_a_fax_machine_that_is_said_to_be_one_is_spoken_to() -> None:
    scripted = modem(*WAKE, step("AT+FAA=1", ERROR), awake=True)
    line = open_line(scripted, DISTINCTIVE)
    scripted.script.append(step("ATA", (4.0, b"\r\nFAX\r\n\r\nCONNECT\r\n")))
    assert line.answer()
