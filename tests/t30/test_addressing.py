"""SUB and SID: sent where the far end takes them, announced by the DCS, heard and kept by the receiver (T.30, 5.3.6.1.3)."""

import pytest
from joined import Keeper, Party, join
from script import FULL_DIS, play

from mailfax.model.call import CallResult, DocumentArriving
from mailfax.model.outcome import Outcome
from mailfax.t30.addressing import Addressing
from mailfax.t30.answerer import AnswererStation, answer
from mailfax.t30.bits import Bit
from mailfax.t30.caller import CallerJob, call
from mailfax.t30.capabilities import Dcs
from mailfax.t30.commands import SendFrames
from mailfax.t30.frames import Fcf, identification_fif, parse_frame

BOTH = Addressing(subaddress="1387", sender_id="top secret")
DIS = {"DIS": FULL_DIS.with_bits({Bit.SUBADDRESS, Bit.PASSWORD}).fif}
PAGE_DATA = b"1" * 2000 + bytes.fromhex("001001001001001001")
PAGE = "> page V.17 14400 short\n> EOP\n< MCF\n> DCN"
DCS = Dcs.parse(bytes.fromhex("00 46 88"))


def send(story: str, addressing: Addressing, dis: bytes = DIS["DIS"]) -> CallResult:
    job = CallerJob(pages=1, station_id="+1 555", addressing=addressing)
    return play(call(job), Keeper(pages=(b"page",)), story, fifs={"DIS": dis}).result


def test_they_go_before_tsi_and_dcs() -> None:
    result = send(f"< CSI DIS\n> SUB SID TSI DCS\n> TCF V.17 14400\n< CFR\n{PAGE}", BOTH)
    assert result.outcome is Outcome.DELIVERED


def test_a_machine_that_takes_no_subaddress_does_not_get_the_fax() -> None:
    """RFC 4160, 3.2.2: a subaddress in the address MUST be sent. Who stands beside the machine is not who was meant."""
    result = send("< CSI DIS\n> DCN", BOTH, dis=FULL_DIS.fif)
    assert result.outcome is Outcome.NO_SUBADDRESS
    assert "1387" in result.detail


def test_unless_policy_says_so_and_then_the_report_does_too() -> None:
    anyway = Addressing(subaddress="1387", sender_id="x", needs_subaddress=False)
    result = send(f"< CSI DIS\n> TSI DCS\n> TCF V.17 14400\n< CFR\n{PAGE}", anyway, dis=FULL_DIS.fif)
    assert result.outcome is Outcome.DELIVERED
    assert "without it" in result.detail


def test_in_a_call_for_several_only_the_document_that_needs_it_fails() -> None:
    job = CallerJob(pages=1, addressing=BOTH, following=(CallerJob(pages=1),))
    story = f"< CSI DIS\n> DCS\n> TCF V.17 14400\n< CFR\n{PAGE}"
    result = play(call(job), Keeper(pages=(b"page",)), story).result
    assert [each.outcome for each in result.of_each(2)] == [Outcome.NO_SUBADDRESS, Outcome.DELIVERED]


@pytest.mark.parametrize("addressing", [BOTH, Addressing(subaddress="1*2#3"), Addressing(sender_id="me")])
def test_the_receiver_knows_for_whom_it_is_before_the_first_page(addressing: Addressing) -> None:
    caller = Party(call(CallerJob(pages=1, addressing=addressing)), Keeper(pages=(PAGE_DATA,)))
    answerer = Party(answer(AnswererStation()), Keeper())
    results = join(caller, answerer)
    assert [result.outcome for result in results] == [Outcome.DELIVERED, Outcome.RECEIVED]
    (arriving,) = [event for event in answerer.keeper.events if isinstance(event, DocumentArriving)]
    assert (arriving.document, arriving.page) == (0, 1)
    assert (arriving.subaddress, arriving.sender_id) == (addressing.subaddress, addressing.sender_id)


def test_each_document_of_a_call_has_its_own() -> None:
    second = CallerJob(pages=1, addressing=Addressing(subaddress="22"))
    third = CallerJob(pages=1)
    job = CallerJob(pages=1, addressing=Addressing(subaddress="11"), following=(second, third))
    answerer = Party(answer(AnswererStation()), Keeper())
    join(Party(call(job), Keeper(pages=(PAGE_DATA,))), answerer)
    arriving = [event for event in answerer.keeper.events if isinstance(event, DocumentArriving)]
    assert [(event.document, event.page, event.subaddress) for event in arriving] == [
        (0, 1, "11"),
        (1, 2, "22"),
        (2, 3, ""),
    ]


def test_a_subaddress_that_was_damaged_on_the_way_comes_again() -> None:
    """The DCS says that there is one: unanswered, it is repeated, and the fax does not go to the wrong desk."""
    hurt: list[object] = []

    def damage(name: str, signal: object) -> object:
        if name == "caller" and isinstance(signal, SendFrames) and not hurt:
            hurt.append(signal)
            return SendFrames(frames=(b"", *signal.frames[1:]))
        return signal

    caller = Party(call(CallerJob(pages=1, addressing=BOTH)), Keeper(pages=(PAGE_DATA,)))
    answerer = Party(answer(AnswererStation()), Keeper())
    results = join(caller, answerer, damage)  # type: ignore[arg-type]
    assert hurt
    assert [result.outcome for result in results] == [Outcome.DELIVERED, Outcome.RECEIVED]
    (arriving,) = [event for event in answerer.keeper.events if isinstance(event, DocumentArriving)]
    assert arriving.subaddress == "1387"
    assert caller.sent.count("SUB SID DCS") == 2


def test_a_sender_that_only_announces_one_is_heard_all_the_same() -> None:
    announced = {"DCS": DCS.with_bits({Bit.SUBADDRESS}).fif}
    story = "> DIS\n< DCS\n< DCS\n< TCF good\n> CFR\n< page abc\n< EOP\n> MCF\n< DCN"
    played = play(answer(AnswererStation()), Keeper(), story, fifs=announced)
    assert played.result.outcome is Outcome.RECEIVED


def test_our_dis_says_that_we_take_both() -> None:
    engine = answer(AnswererStation())
    command = next(engine)
    assert isinstance(command, SendFrames)
    frame = parse_frame(command.frames[-1])
    assert frame is not None
    assert frame.fcf is Fcf.DIS
    dcs = Dcs.parse(frame.fif)
    assert dcs.has(Bit.SUBADDRESS)
    assert dcs.has(Bit.PASSWORD)
    assert identification_fif("1387").endswith(bytes.fromhex("04") * 16)
