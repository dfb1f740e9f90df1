"""The Class 2 driver on a virtual clock: what the modem is told, in which order with the disk, and what each ending comes to."""

import pytest
from class2_puppet import (
    CLASS2,
    CLASS2_0,
    DLE_ETX,
    PAGE,
    RECEIVED,
    XON,
    Fault,
    Keeper,
    Puppet,
    lines,
    open_line,
    receive,
    send,
)

from mailfax.model.call import EndOfPageSent, PageConfirmed, PageReceived, PageRefused, TrainingFailed
from mailfax.model.outcome import Outcome
from mailfax.model.page import Coding, PageFormat, Resolution
from mailfax.modem.at.dle import shield
from mailfax.modem.line import DialResult, LineFault
from mailfax.modem.transcript import TranscribedLine
from mailfax.t30.commands import (
    Disconnected,
    FetchPage,
    KeeperCommand,
    KeeperResult,
    NotYet,
    PageStored,
    ReceiveFrames,
    StoreBlock,
    StorePage,
)
from mailfax.t30.replay import parse

RTC = bytes.fromhex("001001 001001 001001")  # which modems take off
SOON_S = 400.0  # every call here is over by then, whatever the modem does


def told(puppet: Puppet, *beginnings: str) -> list[str]:
    return [text for text in puppet.told if text.startswith(beginnings)]


# -- sending


def test_a_page_goes_out_in_class_2() -> None:
    puppet = Puppet(says=CLASS2)
    result = send(puppet, open_line(puppet))
    assert (result.outcome, result.confirmed, result.station_id) == (Outcome.DELIVERED, {1}, "5550002")
    assert (result.modulation, result.bit_rate) == ("V.17", 14400)
    call = puppet.told[puppet.told.index("ATDT5551234") :]
    assert call == ["ATDT5551234", 'AT+FLID="5550000"', "AT+FDIS=1,5,0,2,1,0,0,0", "AT+FDT", "page", "AT+FET=2", "ATH0"]
    assert puppet.pages == [shield(PAGE)]
    assert puppet.flows[:2] == [True, False]


def test_in_class_2_0_the_command_is_in_the_stream() -> None:
    puppet = Puppet(says=CLASS2_0)
    result = send(puppet, open_line(puppet, "2.0"), pages=2)
    assert (result.outcome, result.confirmed) == (Outcome.DELIVERED, {1, 2})
    call = puppet.told[puppet.told.index("ATDT5551234") :]
    assert call[1:] == [
        'AT+FLI="5550000"',
        "AT+FIS=1,5,0,2,1,0,0,0",
        "AT+FDT",
        "mps",
        "AT+FPS?",
        "AT+FDT",
        "eop",
        "ATH0",
    ]


@pytest.mark.parametrize(("says", "fax_class", "ends"), [(CLASS2, "2", "AT+FET=2"), (CLASS2_0, "2.0", "eop")])
def test_the_end_of_a_page_is_on_disk_before_the_modem_is_told(
    says: dict[str, bytes], fax_class: str, ends: str
) -> None:
    puppet = Puppet(says=says)
    keeper = Keeper(puppet=puppet)
    send(puppet, open_line(puppet, fax_class), keeper)
    noted = dict(keeper.told_when)["EndOfPageSent"]
    assert puppet.told[noted] == ends


def test_what_fails_before_fet_is_no_doubt_about_the_page() -> None:
    puppet = Puppet(says=CLASS2 | {"page": lines("+FHNG:43", "OK")})
    keeper = Keeper(puppet=puppet)
    result = send(puppet, open_line(puppet), keeper)
    assert (result.outcome, result.unconfirmed_page) == (Outcome.LINE_FAULT, None)
    assert "we sent the page too slowly" in result.detail
    assert not any(isinstance(event, EndOfPageSent) for event in keeper.events)


@pytest.mark.parametrize(("code", "answer"), [(1, "MCF"), (3, "RTP"), (5, "PIP")])
def test_these_answers_confirm_a_page(code: int, answer: str) -> None:
    puppet = Puppet(says=CLASS2 | {"AT+FET=2": lines(f"+FPTS:{code}", "+FHNG:0", "OK")})
    keeper = Keeper(puppet=puppet)
    assert send(puppet, open_line(puppet), keeper).outcome is Outcome.DELIVERED
    assert PageConfirmed(page=1, answer=answer) in keeper.events


@pytest.mark.parametrize(
    "ending",
    [
        lines("OK"),
        lines("+FHNG:0", "OK"),
        lines("+FPTS:0", "+FHNG:0", "OK"),
        lines("+FPTS:", "+FHNG:0", "OK"),
        lines("+FHNG:54", "OK"),
        lines("+FHNG:50", "OK"),
        lines("ERROR"),
        lines("NO CARRIER"),
        b"",
    ],
)
def test_nothing_is_claimed_that_the_modem_did_not_report(ending: bytes) -> None:
    puppet = Puppet(says=CLASS2 | {"AT+FET=2": ending})
    started_s = puppet.now_s
    result = send(puppet, open_line(puppet))
    assert (result.outcome, result.confirmed, result.unconfirmed_page) == (Outcome.UNCERTAIN, frozenset(), 1)
    assert puppet.now_s - started_s < SOON_S


@pytest.mark.parametrize("code", ["", "1", "54"])
def test_in_class_2_0_only_a_normal_end_confirms_the_last_page(code: str) -> None:
    puppet = Puppet(says=CLASS2_0 | {"eop": lines(f"+FHS:{code}", "OK")})
    result = send(puppet, open_line(puppet, "2.0"))
    assert (result.outcome, result.confirmed, result.unconfirmed_page) == (Outcome.UNCERTAIN, frozenset(), 1)


def test_a_hang_up_that_is_told_between_two_commands_is_why_the_call_ended() -> None:
    puppet = Puppet(says=CLASS2 | {"AT+FDT": lines("ERROR"), "AT+FDIS=": lines("OK", "+FHNG:21")})
    assert send(puppet, open_line(puppet)).outcome is Outcome.REMOTE_CANNOT_RECEIVE


def test_a_status_that_comes_late_is_not_that_of_the_next_page() -> None:
    puppet = Puppet(says=CLASS2 | {"page": lines("OK", "+FPTS:1"), "AT+FET=2": lines("OK")})
    result = send(puppet, open_line(puppet))
    assert (result.outcome, result.confirmed) == (Outcome.UNCERTAIN, frozenset())


def test_a_carrier_that_is_gone_in_the_middle_of_a_page_is_no_fault_of_the_modem() -> None:
    puppet = Puppet(says=CLASS2 | {"AT+FDT": CLASS2["AT+FDT"] + lines("NO CARRIER")})
    assert send(puppet, open_line(puppet)).outcome is Outcome.CALL_DROPPED


def test_a_refused_page_is_sent_again_more_slowly() -> None:
    puppet = Puppet(says=dict(CLASS2))
    keeper = Keeper(puppet=puppet)
    puppet.says["AT+FET=0"] = lines("+FPTS:2", "OK")
    puppet.says["AT+FDIS=1,4"] = lines("OK")
    puppet.says["AT+FDIS=1,3"] = lines("OK")
    result = send(puppet, open_line(puppet), keeper, pages=2)
    assert result.outcome is Outcome.PAGE_REFUSED
    assert [type(event) for event in keeper.events].count(PageRefused) == 3
    assert told(puppet, "AT+FDIS") == [f"AT+FDIS=1,{br},0,2,1,0,0,0" for br in (5, 4, 3)]
    assert told(puppet, "AT+FK") == ["AT+FK"]


def test_pin_ends_the_call() -> None:
    puppet = Puppet(says=CLASS2 | {"AT+FET=2": lines("+FPTS:4", "OK")})
    result = send(puppet, open_line(puppet))
    assert (result.outcome, result.unconfirmed_page) == (Outcome.PAGE_REFUSED, None)


@pytest.mark.parametrize(
    ("result", "status", "refused"), [("ERROR", "2", True), ("ERROR", "", True), ("OK", "", False)]
)
def test_in_class_2_0_ok_confirms_and_error_refuses(result: str, status: str, refused: bool) -> None:
    asked = lines(status, "OK") if status else lines("ERROR")
    puppet = Puppet(says=CLASS2_0 | {"mps": lines(result), "AT+FPS?": asked})
    keeper = Keeper(puppet=puppet)
    send(puppet, open_line(puppet, "2.0"), keeper, pages=2)
    assert any(isinstance(event, PageRefused) for event in keeper.events) is refused
    assert any(isinstance(event, PageConfirmed) and event.page == 1 for event in keeper.events) is not refused


def test_a_training_that_went_down_is_told_as_what_it_was() -> None:
    puppet = Puppet(says=CLASS2 | {"AT+FDT": lines("+FDCS:1,3,0,2,1,0,0,0", "CONNECT") + XON})
    keeper = Keeper(puppet=puppet)
    result = send(puppet, open_line(puppet), keeper)
    assert (result.outcome, result.modulation, result.bit_rate) == (Outcome.DELIVERED, "V.29", 9600)
    failed = [event.bit_rate for event in keeper.events if isinstance(event, TrainingFailed)]
    assert failed == [14400, 12000]
    assert told(puppet, "AT+FDT") == ["AT+FDT"]


def test_a_form_that_the_modem_settles_on_by_itself_is_what_the_page_is_coded_in() -> None:
    puppet = Puppet(says=CLASS2 | {"AT+FDT": lines("+FDCS:0,5,0,2,0,0,0,0", "CONNECT") + XON})
    forms: list[PageFormat] = []

    class Watching(Keeper):
        def perform(self, command: KeeperCommand) -> KeeperResult:
            forms.extend([command.form] if isinstance(command, FetchPage) else [])
            return super().perform(command)

    result = send(puppet, open_line(puppet), Watching(puppet=puppet))
    assert result.outcome is Outcome.DELIVERED
    assert [(form.coding, form.resolution) for form in forms] == [(Coding.MH, Resolution.STANDARD)]


HANG_UPS = [
    ("11", Outcome.NO_FAX),
    ("21", Outcome.REMOTE_CANNOT_RECEIVE),
    ("25", Outcome.NO_RESPONSE),
    ("27", Outcome.TRAINING_FAILED),
    ("22", Outcome.CALL_DROPPED),
    ("28", Outcome.PROTOCOL_ERROR),
    ("4", Outcome.NO_ANSWER),
    ("99", Outcome.CALL_DROPPED),
]


@pytest.mark.parametrize(("code", "outcome"), HANG_UPS)
def test_a_hang_up_before_the_page_says_what_it_was(code: str, outcome: Outcome) -> None:
    puppet = Puppet(says=CLASS2 | {"AT+FDT": lines(f"+FHNG:{code}", "OK")})
    result = send(puppet, open_line(puppet))
    assert (result.outcome, result.unconfirmed_page) == (outcome, None)


@pytest.mark.parametrize(
    ("said", "dialled"),
    [
        (lines("BUSY"), DialResult.BUSY),
        (lines("NO DIALTONE"), DialResult.NO_DIALTONE),
        (lines("BLACKLISTED"), DialResult.REFUSED),
        (lines("+FHNG:3", "OK"), DialResult.NO_DIALTONE),
        (lines("+FHNG:4", "OK"), DialResult.NO_ANSWER),
        (lines("+FHNG:11", "OK"), DialResult.NO_CARRIER),
        (lines("CONNECT 2400"), DialResult.NO_CARRIER),
        (lines("OK"), DialResult.NO_CARRIER),
        (b"", DialResult.NO_CARRIER),
    ],
)
def test_why_there_is_no_call(said: bytes, dialled: DialResult) -> None:
    puppet = Puppet(says=CLASS2 | {"ATD": said})
    assert open_line(puppet).dial("5551234") is dialled


def test_an_end_in_phase_b_while_dialling_is_one_of_the_call() -> None:
    puppet = Puppet(says=CLASS2 | {"ATD": lines("+FCON", "+FHNG:21", "OK")})
    assert send(puppet, open_line(puppet)).outcome is Outcome.REMOTE_CANNOT_RECEIVE


def test_with_error_correction_the_modem_makes_the_blocks() -> None:
    says = CLASS2 | {
        "ATD": lines("+FDIS:1,5,0,2,3,2,0,0", "OK"),
        "AT+FDT": lines("+FDCS:1,5,0,2,3,2,0,0", "CONNECT") + XON,
    }
    puppet = Puppet(says=says)
    assert send(puppet, open_line(puppet)).outcome is Outcome.DELIVERED
    assert told(puppet, "AT+FDIS") == ["AT+FDIS=1,5,0,2,3,2,0,0"]
    (page,) = puppet.pages
    assert page == shield(PAGE.ljust(256, b"\0"))


# -- receiving


@pytest.mark.parametrize(("says", "fax_class"), [(CLASS2, "2"), (CLASS2_0, "2.0")])
def test_a_page_comes_in_and_is_on_disk_before_its_answer_may_go(says: dict[str, bytes], fax_class: str) -> None:
    puppet = Puppet(says=says)
    keeper = Keeper(puppet=puppet)
    result = receive(puppet, open_line(puppet, fax_class), keeper)
    assert (result.outcome, result.confirmed, result.station_id) == (Outcome.RECEIVED, {1}, "5550001")
    page = bytes(int(f"{octet:08b}"[::-1], 2) for octet in RECEIVED.replace(b"\x10\x10", b"\x10"))
    assert keeper.stored == [page + RTC]
    assert puppet.told[dict(keeper.told_when)["stored"] :] == ["farewell", "ATH0"]


def test_a_page_in_the_order_of_rockwell_is_turned_round() -> None:
    puppet = Puppet(says=CLASS2)
    keeper = Keeper(puppet=puppet)
    receive(puppet, open_line(puppet, receive_reversed=True), keeper)
    assert keeper.stored == [RECEIVED.replace(b"\x10\x10", b"\x10") + RTC]


def test_a_page_that_cannot_be_stored_is_never_confirmed() -> None:
    puppet = Puppet(says=CLASS2)
    result = receive(puppet, open_line(puppet), Keeper(puppet=puppet, disk_fails=True))
    assert (result.outcome, result.confirmed) == (Outcome.STORE_FAULT, frozenset())
    assert "farewell" not in puppet.told
    assert told(puppet, "AT+FK") == ["AT+FK"]


def test_a_slow_disk_only_makes_the_answer_late() -> None:
    puppet = Puppet(says=CLASS2)
    result = receive(puppet, open_line(puppet), Keeper(puppet=puppet, store_takes_s=2.5))
    assert (result.outcome, result.confirmed) == (Outcome.RECEIVED, {1})


def test_under_error_correction_too_a_slow_disk_only_makes_the_answer_late() -> None:
    page = bytes(range(256)) * 300  # more than a block holds
    says = CLASS2 | {
        "ATA": lines("+FCON", "+FDCS:1,5,0,2,0,2,0,0", "OK"),
        "start": shield(page) + DLE_ETX + lines("+FPTS:1,100,0,0", "+FET:2", "OK"),
    }
    puppet = Puppet(says=says)

    class Slow(Keeper):
        def perform(self, command: KeeperCommand) -> KeeperResult:
            if isinstance(command, StorePage | StoreBlock) and command not in late:
                late.append(command)
                puppet.now_s += 2.0
                return NotYet()
            return super().perform(command)

    late: list[KeeperCommand] = []
    keeper = Slow(puppet=puppet)
    result = receive(puppet, open_line(puppet), keeper)
    assert (result.outcome, result.confirmed) == (Outcome.RECEIVED, {1})
    assert [type(command) for command in late] == [StoreBlock, StorePage]
    assert (len(keeper.stored), told(puppet, "AT+FDR", "farewell")) == (1, ["AT+FDR", "farewell"])
    assert puppet.told[dict(keeper.told_when)["stored"] :] == ["farewell", "ATH0"]


def test_a_page_that_is_bad_for_us_is_refused_whatever_the_modem_thinks() -> None:
    puppet = Puppet(says=CLASS2 | {"farewell": lines("+FHNG:102", "OK")})

    class Picky(Keeper):
        def perform(self, command: KeeperCommand) -> KeeperResult:
            done = super().perform(command)
            return PageStored(rows=100, bad_rows=90, longest_bad_run=90) if isinstance(done, PageStored) else done

    keeper = Picky(puppet=puppet)
    result = receive(puppet, open_line(puppet), keeper)
    assert result.confirmed == frozenset()
    assert told(puppet, "AT+FPTS") == ["AT+FPTS=2"]
    assert [event.confirmed for event in keeper.events if isinstance(event, PageReceived)] == [False]


@pytest.mark.parametrize("said", ["DATA", "VOICE", "CONNECT 9600"])
def test_who_is_no_fax_machine_is_let_go(said: str) -> None:
    puppet = Puppet(says=CLASS2 | {"ATA": lines(said)})
    assert receive(puppet, open_line(puppet)).outcome is Outcome.NOT_A_FAX
    assert puppet.told[-1] == "ATH0"


def test_a_caller_that_is_said_to_be_a_fax_machine_is_one() -> None:
    puppet = Puppet(says=CLASS2 | {"ATA": lines("FAX") + CLASS2["ATA"]})
    assert receive(puppet, open_line(puppet)).outcome is Outcome.RECEIVED


def test_a_modem_that_hangs_up_in_a_page_says_so_in_the_data_or_behind_it() -> None:
    for said in (RECEIVED + DLE_ETX + lines("+FHNG:90", "OK"), RECEIVED + lines("+FHNG:90", "OK")):
        puppet = Puppet(says=CLASS2 | {"start": said})
        keeper = Keeper(puppet=puppet)
        result = receive(puppet, open_line(puppet), keeper)
        assert (result.outcome, result.confirmed) == (Outcome.CALL_DROPPED, frozenset())
        assert len(keeper.stored) == 1  # what came of it is kept


def test_a_far_end_that_is_gone_is_no_fault_of_our_modem() -> None:
    for at, said in (("AT+FDR", lines("NO CARRIER")), ("start", RECEIVED + DLE_ETX + lines("NO CARRIER"))):
        puppet = Puppet(says=CLASS2 | {at: said})
        assert receive(puppet, open_line(puppet)).outcome is Outcome.CALL_DROPPED


def test_no_station_id_becomes_a_command() -> None:
    puppet = Puppet(says=CLASS2)
    send(puppet, open_line(puppet), station_id='5550000";+FK')
    assert told(puppet, "AT+FLID") == ['AT+FLID="5550000;+FK"']


def test_a_modem_that_never_says_xon_is_waited_for_once() -> None:
    puppet = Puppet(says=CLASS2 | {"AT+FDT": lines("+FDCS:1,5,0,2,1,0,0,0", "CONNECT")})
    started_s = puppet.now_s
    assert send(puppet, open_line(puppet), pages=3).outcome is Outcome.DELIVERED
    assert 10 < puppet.now_s - started_s < 20


# -- what goes wrong with the modem

SENDING = ["ATD", "AT+FDIS", "AT+FDT", "page", "AT+FET=2"]
RECEIVING = ["AT+FDCC=1", "ATA", "AT+FDR", "start", "farewell"]


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("at", SENDING)
def test_a_modem_that_fails_while_sending_ends_the_call_soon_and_honestly(at: str, fault: Fault) -> None:
    puppet = Puppet(says=CLASS2, fails=at, fault=fault)
    line, keeper = open_line(puppet), Keeper(puppet=puppet)
    started_s = puppet.now_s
    try:
        result = send(puppet, line, keeper)
    except LineFault:  # while dialling: `callsetup` makes the same result of it
        assert at == "ATD"
        line.hang_up()
    else:
        asked = any(isinstance(event, EndOfPageSent) for event in keeper.events)
        assert asked is (at == "AT+FET=2")
        reported = asked and fault is Fault.HALF  # the half has +FPTS:1 in it
        wanted = Outcome.DELIVERED if reported else Outcome.UNCERTAIN if asked else Outcome.LINE_FAULT
        assert result.outcome is wanted or at == "ATD", result
        assert result.confirmed == ({1} if reported else frozenset())
    assert puppet.now_s - started_s < SOON_S
    recovers(puppet, line)


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("at", RECEIVING)
def test_a_modem_that_fails_while_receiving_ends_the_call_soon_and_honestly(at: str, fault: Fault) -> None:
    puppet = Puppet(says=CLASS2, fails=at, fault=fault)
    line, keeper = open_line(puppet), Keeper(puppet=puppet)
    started_s = puppet.now_s
    result = receive(puppet, line, keeper)
    complete = at == "farewell"  # the last page was on disk, and the modem told to confirm it
    assert result.outcome is (Outcome.RECEIVED if complete else Outcome.LINE_FAULT), result
    assert result.confirmed == ({1} if complete else frozenset())
    # Garbage in place of a page cannot be told from one: its limit ends it.
    assert puppet.now_s - started_s < SOON_S + (900 if (at, fault) == ("start", Fault.GARBAGE) else 0)
    recovers(puppet, line)


def recovers(puppet: Puppet, line: object) -> None:
    """The modem is good again, as after its plug was put in: so is the line, and nothing of the call before is left."""
    puppet.heal()
    result = send(puppet, line)  # type: ignore[arg-type]
    assert (result.outcome, result.confirmed) == (Outcome.DELIVERED, {1})


def test_stop_ends_a_call_at_once_and_the_line_hangs_up() -> None:
    puppet = Puppet(says=CLASS2)
    line = open_line(puppet)
    line.dial("5551234")
    line.stop()
    ended = line.perform(ReceiveFrames(timeout_s=3.0))
    assert isinstance(ended, Disconnected)
    assert ended.ours
    line.hang_up()
    assert puppet.told[-1] == "ATH0"


def test_a_modem_that_says_what_it_is_by_its_capabilities_is_not_offered_more() -> None:
    puppet = Puppet(says=CLASS2 | {"AT+FDCC=?": lines("(0,1),(0-3),(0),(0-2),(0),(0),(0),(0-7)", "OK")})
    line = open_line(puppet)
    assert str(line.best_modulation) == "V.29 9600"
    send(puppet, line)
    assert told(puppet, "AT+FDIS") == ["AT+FDIS=1,3,0,2,0,0,0,0"]


def test_a_transcript_keeps_its_rows_whatever_a_modem_says() -> None:
    puppet = Puppet(says=CLASS2 | {"ATD": lines("+FCON", "+FNSF:\x1b[2J\t\r\x0c?") + CLASS2["ATD"]})
    written: list[str] = []
    line = TranscribedLine(open_line(puppet), written.append)
    assert line.dial("5551234") is DialResult.CONNECTED
    rows = parse("".join(written).splitlines())
    assert [row.what for row in rows if "FNSF" in row.what] == ["< +FNSF: [2J   ?"]
