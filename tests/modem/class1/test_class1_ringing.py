"""RING, caller id and DID in the spellings of modems, and callers who give up."""

import pytest
from scripted_modem import ERROR, WAKE, ScriptedModem, modem, open_line, step

from mailfax.modem.class1 import Class1Settings
from mailfax.modem.line import IncomingCall

RING = b"\r\nRING\r\n"


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


def test_nobody_calls() -> None:
    assert wait(modem()) is None
