"""Polling, both ways: a caller that fetches, a called station that gives (T.30, 5.3.6.1.2; table 2, bits 9, 47 and 50)."""

import pytest
from joined import Keeper, Party, join, without
from script import FULL_DIS, Played, play

from mailfax.model.call import CallResult, PageConfirmed, PollServed
from mailfax.model.outcome import Outcome
from mailfax.t30.answerer import AnswererStation, Offered, PollRequest, answer
from mailfax.t30.bits import Bit
from mailfax.t30.caller import CallerJob, call
from mailfax.t30.commands import SendFrames
from mailfax.t30.frames import Fcf, parse_frame
from mailfax.t30.negotiate import FULL_OFFER, Offer

RTC = bytes.fromhex("001001001001001001")
PAGES = (b"1" * 20_000 + RTC, b"2" * 9_000 + RTC)
PLAIN = Offered(label="P1", pages=2)
MENU = Offered(label="P2", pages=2, selector="77")
SECRET = Offered(label="P3", pages=2, selector="88", password="sesame")
ALL = (PLAIN, MENU, SECRET)
READY = FULL_DIS.with_bits({Bit.READY_TO_BE_POLLED, Bit.SELECTIVE_POLLING, Bit.PASSWORD})


def asking(request: PollRequest, offer: Offer) -> Party:
    return Party(answer(AnswererStation(station_id="5550001", offer=offer, poll=request)), Keeper())


def giving(offered: tuple[Offered, ...], offer: Offer) -> Party:
    return Party(answer(AnswererStation(station_id="5559999", offer=offer, offered=offered)), Keeper(pages=PAGES))


def outcomes(results: tuple[CallResult, CallResult]) -> tuple[Outcome, Outcome]:
    return results[0].outcome, results[1].outcome


@pytest.mark.parametrize("offer", [Offer(), FULL_OFFER], ids=["without ECM", "with ECM"])
@pytest.mark.parametrize(
    ("request_", "label"),
    [
        (PollRequest(), "P1"),
        (PollRequest(selector="77"), "P2"),
        (PollRequest(selector="77", password="any"), "P2"),
        (PollRequest(selector="88", password="sesame"), "P3"),
    ],
)
def test_a_document_is_fetched(request_: PollRequest, label: str, offer: Offer) -> None:
    caller, called = asking(request_, offer), giving(ALL, offer)
    results = join(caller, called)
    assert outcomes(results) == (Outcome.RECEIVED, Outcome.DELIVERED)
    assert [stored[:9_000] for stored in caller.keeper.stored] == [page[:9_000] for page in PAGES]
    assert (results[0].station_id, results[1].station_id) == ("5559999", "5550001")
    assert [e for e in called.keeper.events if isinstance(e, PollServed)] == [
        PollServed(label=label, station_id="5550001")
    ]
    assert [e.page for e in called.keeper.events if isinstance(e, PageConfirmed)] == [1, 2]
    assert called.sent[-1] == "DCN", "who transmits ends the call"


@pytest.mark.parametrize("request_", [PollRequest(selector="99"), PollRequest(selector="88", password="guess")])
def test_a_wrong_selector_or_password_gets_nothing(request_: PollRequest) -> None:
    caller, called = asking(request_, Offer()), giving(ALL, Offer())
    assert outcomes(join(caller, called)) == (Outcome.POLL_REFUSED, Outcome.POLL_REFUSED)
    assert caller.keeper.stored == []
    assert not any(isinstance(event, PollServed) for event in called.keeper.events)


def test_a_station_that_has_nothing_is_not_asked() -> None:
    caller, called = asking(PollRequest(), Offer()), giving((), Offer())
    results = join(caller, called)
    assert results[0].outcome is Outcome.NOTHING_TO_POLL
    assert caller.sent == ["DCN"]


@pytest.mark.parametrize(
    ("sender", "lost"),
    [
        ("caller", ["CIG DTC"]),
        ("caller", ["CIG DTC", "CIG DTC"]),
        ("answerer", ["TSI DCS"]),
        ("answerer", ["TSI DCS", "TSI DCS"]),
        ("answerer", ["CSI DIS"]),
        ("caller", ["CFR"]),
        ("caller", ["MCF"]),
        ("answerer", ["EOP"]),
        ("answerer", ["DCN"]),
    ],
)
def test_what_is_lost_is_made_good(sender: str, lost: list[str]) -> None:
    caller, called = asking(PollRequest(), Offer()), giving((PLAIN,), Offer())
    damage = without(*lost, sender=sender)
    results = join(caller, called, damage)
    assert damage.left == []  # type: ignore[attr-defined]
    assert outcomes(results) == (Outcome.RECEIVED, Outcome.DELIVERED)
    assert len(caller.keeper.stored) == 2


def test_the_dis_says_what_there_is() -> None:
    """Bit 9 for a document, bit 47 where one has a selector; neither where there is nothing."""
    for offered, bits in (((), (False, False)), ((PLAIN,), (True, False)), (ALL, (True, True))):
        command = next(answer(AnswererStation(offered=offered)))
        assert isinstance(command, SendFrames)
        frame = parse_frame(command.frames[-1])
        assert frame is not None
        dis = FULL_DIS.parse(frame.fif)
        assert (dis.has(Bit.READY_TO_BE_POLLED), dis.has(Bit.SELECTIVE_POLLING)) == bits


def test_bit_x_is_that_of_the_station_that_received_a_dis() -> None:
    """5.3.6.1: the caller sets it, also as receiver; the called station does not, also as transmitter."""
    seen: dict[str, set[tuple[Fcf, bool]]] = {"caller": set(), "answerer": set()}

    def look(name: str, signal: object) -> object:
        if isinstance(signal, SendFrames):
            frames = [frame for octets in signal.frames if (frame := parse_frame(octets))]
            seen[name] |= {(frame.fcf, frame.x) for frame in frames if frame.fcf.has_x}
        return signal

    join(asking(PollRequest(), Offer()), giving((PLAIN,), Offer()), look)  # type: ignore[arg-type]
    assert seen["caller"] == {(Fcf.CFR, True), (Fcf.MCF, True)}
    assert seen["answerer"] == {
        (Fcf.TSI, False),
        (Fcf.DCS, False),
        (Fcf.MPS, False),
        (Fcf.EOP, False),
        (Fcf.DCN, False),
    }


def poll(story: str, request: PollRequest | None = None, dis: bytes = READY.fif) -> Played:
    station = AnswererStation(station_id="5550001", poll=request or PollRequest())
    return play(answer(station), Keeper(), story, fifs={"DIS": dis})


def test_password_and_selector_go_before_cig_and_dtc() -> None:
    story = "< CSI DIS\n> PWD SEP CIG DTC\n< TSI DCS\n< TCF good\n> CFR\n< page abc\n< EOP\n> MCF\n< DCN"
    assert poll(story, PollRequest(selector="77", password="x")).result.outcome is Outcome.RECEIVED


def test_a_polled_subaddress_goes_with_them_where_the_far_end_takes_it() -> None:
    """5.3.6.1.2 PSA, table 2 bit 35."""
    story = "< CSI DIS\n> SEP PSA CIG DTC\n< TSI DCS\n< TCF good\n> CFR\n< page abc\n< EOP\n> MCF\n< DCN"
    request = PollRequest(selector="77", subaddress="12")
    takes = READY.with_bits({Bit.POLLED_SUBADDRESS}).fif
    assert poll(story, request, takes).result.outcome is Outcome.RECEIVED
    assert poll("< CSI DIS\n> DCN", request).result.outcome is Outcome.NOTHING_TO_POLL


def test_a_selector_is_not_left_out_in_silence() -> None:
    """A station without selective polling could only give another document."""
    plain = FULL_DIS.with_bits({Bit.READY_TO_BE_POLLED}).fif
    assert poll("< CSI DIS\n> DCN", PollRequest(selector="77"), plain).result.outcome is Outcome.NOTHING_TO_POLL


@pytest.mark.parametrize(
    "end", ["< CSI DIS-2\n> DCN", "< CSI DIS\n> CIG DTC\n< TSI DCS\n< TCF good\n> CFR\n< page abc\n< EOP\n> MCF\n< DCN"]
)
def test_a_station_that_gave_one_document_is_asked_for_another_if_it_has_one(end: str) -> None:
    """After EOM its DIS says whether there is more; if there is not, all that there was has come."""
    story = "< CSI DIS\n> CIG DTC\n< TSI DCS\n< TCF good\n> CFR\n< page abc\n< EOM\n> MCF\n< silence\n"
    station = AnswererStation(station_id="5550001", poll=PollRequest())
    fifs = {"DIS": READY.fif, "DIS-2": FULL_DIS.fif}
    assert play(answer(station), Keeper(), story + end, fifs=fifs).result.outcome is Outcome.RECEIVED


def test_a_dis_again_is_not_an_answer_to_dtc() -> None:
    story = "< CSI DIS\n> CIG DTC\n< CSI DIS\n> CIG DTC\n< CSI DIS\n> CIG DTC\n< CSI DIS\n> DCN"
    assert poll(story).result.outcome is Outcome.NO_RESPONSE
    assert poll("< CSI DIS\n> CIG DTC\n< DCN").result.outcome is Outcome.POLL_REFUSED
    assert poll("< silence").result.outcome is Outcome.NO_FAX


def test_turnaround_the_caller_sends_and_the_same_call_is_asked_for_a_document() -> None:
    """EOM, then DTC to the DIS that follows: the called station has received one document and gives another."""
    story = """
        > DIS
        < DCS
        < TCF good
        > CFR
        < page abc
        < EOM
        > MCF
        < silence
        > DIS
        < CIG DTC
        > DCS
        > TCF V.17 14400
        < CFR
        > page V.17 14400 short
        > EOP
        < MCF
        > DCN
    """
    offered = (Offered(label="P1", pages=1),)
    keeper = Keeper(pages=(b"1",))
    fifs = {"DTC": FULL_DIS.fif, "CIG": b" " * 20}
    played = play(answer(AnswererStation(offered=offered)), keeper, story, fifs=fifs)
    assert played.result.outcome is Outcome.RECEIVED
    assert played.result.confirmed == {1}
    assert keeper.stored == [b"abc"]
    assert [event for event in keeper.events if isinstance(event, PollServed)]


def test_a_caller_does_not_wait_for_ever_after_it_asked() -> None:
    story = "> DIS\n< CIG DTC\n" + "> DCS\n> TCF V.17 14400\n< silence\n" * 3 + "> DCN"
    fifs = {"DTC": FULL_DIS.fif, "CIG": b" " * 20}
    played = play(answer(AnswererStation(offered=(PLAIN,))), Keeper(pages=PAGES), story, fifs=fifs)
    assert played.result.outcome is Outcome.NO_RESPONSE


def test_a_caller_that_only_sends_takes_no_notice() -> None:
    """Bit 9 of a DIS changes nothing for who wants to send."""
    caller = Party(call(CallerJob(pages=2)), Keeper(pages=PAGES))
    assert outcomes(join(caller, giving(ALL, Offer()))) == (Outcome.DELIVERED, Outcome.RECEIVED)
