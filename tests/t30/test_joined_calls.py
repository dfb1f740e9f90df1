"""Caller and answerer joined under a virtual clock: both must tell the same story, whatever is lost in between."""

import pytest
from joined import Keeper, Party, join, spoil_tcf, without

from mailfax.model.call import CallResult, EndOfPageSent, PageConfirmed, PageReceived
from mailfax.model.outcome import Outcome
from mailfax.model.page import Coding, Resolution
from mailfax.t30.answerer import AnswererStation, answer
from mailfax.t30.caller import CallerJob, call
from mailfax.t30.commands import PageStored, SendFrames
from mailfax.t30.modulation import Modulation
from mailfax.t30.negotiate import Offer

RTC = bytes.fromhex("001001001001001001")
PAGES = (b"1" * 20_000 + RTC, b"2" * 30_000 + RTC, b"3" * 3_000 + RTC)


def parties(
    *, pages: tuple[bytes, ...] = PAGES, station: AnswererStation | None = None, **job: object
) -> tuple[Party, Party]:
    caller_job = CallerJob(pages=len(pages), station_id="+1 555", **job)  # type: ignore[arg-type]
    station = station or AnswererStation(station_id="5551234")
    return Party(call(caller_job), Keeper(pages=pages)), Party(answer(station), Keeper())


def both(results: tuple[CallResult, CallResult]) -> tuple[Outcome, Outcome]:
    return results[0].outcome, results[1].outcome


ARRIVED = (Outcome.DELIVERED, Outcome.RECEIVED)


def test_three_pages() -> None:
    caller, answerer = parties()
    results = join(caller, answerer)
    assert both(results) == ARRIVED
    assert answerer.keeper.stored == list(PAGES)
    assert (results[0].station_id, results[1].station_id) == ("5551234", "+1 555")
    assert [result.confirmed_pages for result in results] == [3, 3]
    assert caller.sent == [
        "TSI DCS",
        "TCF V.17 14400",
        *["page V.17 14400 short", "MPS"] * 2,
        "page V.17 14400 short",
        "EOP",
        "DCN",
    ]
    assert results[0].seconds == pytest.approx(results[1].seconds)


@pytest.mark.parametrize("best", list(Modulation))
def test_every_modulation(best: Modulation) -> None:
    caller, answerer = parties(
        station=AnswererStation(offer=Offer(best_modulation=best)), offer=Offer(best_modulation=best)
    )
    results = join(caller, answerer)
    assert both(results) == ARRIVED
    assert (results[0].modulation, results[0].bit_rate) == (best.scheme, best.bit_rate)


def test_both_ends_speak_of_the_same_form() -> None:
    station = AnswererStation(offer=Offer(codings=(Coding.MR, Coding.MH), resolutions=(Resolution.STANDARD,)))
    caller, answerer = parties(station=station, offer=Offer(codings=(Coding.MR, Coding.MH)))
    join(caller, answerer)
    assert caller.keeper.forms == answerer.keeper.forms
    assert {(form.coding, form.resolution) for form in caller.keeper.forms} == {(Coding.MR, Resolution.STANDARD)}


def test_training_falls_back() -> None:
    caller, answerer = parties()
    results = join(caller, answerer, spoil_tcf(2))
    assert both(results) == ARRIVED
    assert answerer.sent[:4] == ["CSI DIS", "FTT", "FTT", "CFR"]
    assert (results[0].modulation, results[0].bit_rate) == ("V.29", 9600)


def test_training_fails_at_every_rate() -> None:
    caller, answerer = parties()
    results = join(caller, answerer, spoil_tcf(99))
    assert results[0].outcome is Outcome.TRAINING_FAILED
    assert answerer.keeper.stored == []


@pytest.mark.parametrize(
    ("sender", "lost"),
    [
        ("answerer", ["CSI DIS"]),
        ("answerer", ["CSI DIS", "CSI DIS", "CSI DIS"]),
        ("answerer", ["CFR"]),
        ("answerer", ["CFR", "CFR"]),
        ("answerer", ["MCF"]),
        ("answerer", ["MCF", "MCF"]),
        ("caller", ["TSI DCS"]),
        ("caller", ["TSI DCS", "TSI DCS"]),
        ("caller", ["TCF V.17 14400"]),
        ("caller", ["MPS"]),
        ("caller", ["MPS", "MPS"]),
        ("caller", ["EOP"]),
        ("caller", ["EOP", "EOP"]),
        ("caller", ["DCN"]),
        ("caller", ["TSI DCS", "TCF V.17 14400", "MPS"]),
    ],
)
def test_what_is_lost_is_made_good(sender: str, lost: list[str]) -> None:
    """Figure 5-2, "command received?" and "response received?": no page is lost and none is doubled."""
    caller, answerer = parties()
    damage = without(*lost, sender=sender)
    results = join(caller, answerer, damage)
    assert damage.left == []  # type: ignore[attr-defined]  # the damage hurt
    assert both(results) == ARRIVED
    assert answerer.keeper.stored == list(PAGES)


@pytest.mark.parametrize(
    ("lost", "outcomes", "unconfirmed"),
    [
        (["MCF", "MCF", "MCF"], (Outcome.NO_RESPONSE, Outcome.CALL_DROPPED), 1),
        (["CFR", "CFR", "CFR"], (Outcome.NO_RESPONSE, Outcome.CALL_DROPPED), None),
    ],
)
def test_three_losses_end_the_call(lost: list[str], outcomes: tuple[Outcome, Outcome], unconfirmed: int | None) -> None:
    caller, answerer = parties()
    results = join(caller, answerer, without(*lost, sender="answerer"))
    assert both(results) == outcomes
    assert results[0].unconfirmed_page == unconfirmed
    assert results[0].confirmed_pages == 0


def test_the_last_mcf_is_lost_for_good() -> None:
    """Promise 2: received there, uncertain here, and never called delivered."""
    caller, answerer = parties(pages=PAGES[:1])
    results = join(caller, answerer, without("MCF", "MCF", "MCF", sender="answerer"))
    assert both(results) == (Outcome.UNCERTAIN, Outcome.RECEIVED)
    assert results[0].unconfirmed_page == 1
    assert answerer.keeper.stored == [PAGES[0]]
    assert not any(isinstance(event, PageConfirmed) for event in caller.keeper.events)


def test_a_missed_page_is_not_confirmed() -> None:
    """The image carrier of page 2 is not heard at all: RTN, and page 2 comes again."""
    caller, answerer = parties()
    seen = []

    def lose_second_page(name: str, signal: object) -> object:
        if hasattr(signal, "octets"):
            seen.append(signal)
            return None if len(seen) == 2 else signal
        return signal

    results = join(caller, answerer, lose_second_page)  # type: ignore[arg-type]
    assert len(seen) == 4
    assert both(results) == ARRIVED
    assert answerer.keeper.stored == list(PAGES)


def test_a_bad_page_is_sent_again() -> None:
    caller, answerer = parties()
    verdicts = iter([PageStored(rows=1000, bad_rows=200, longest_bad_run=3)])
    fine = PageStored(rows=1000, bad_rows=0, longest_bad_run=0)
    answerer.keeper.judge = lambda _: next(verdicts, fine)
    results = join(caller, answerer)
    assert both(results) == ARRIVED
    assert answerer.keeper.stored == [PAGES[0], *PAGES]
    received = [event.confirmed for event in answerer.keeper.events if isinstance(event, PageReceived)]
    assert received == [False, True, True, True]


def test_eom_between_documents() -> None:
    caller, answerer = parties(following=(CallerJob(pages=3),))
    results = join(caller, answerer)
    assert both(results) == ARRIVED
    assert answerer.sent.count("CSI DIS") == 2
    assert answerer.keeper.stored == [*PAGES, *PAGES]
    assert [document.confirmed for document in results[0].documents] == [{1, 2, 3}] * 2


def test_each_end_of_page_is_noted_once_per_sending_of_the_page() -> None:
    caller, answerer = parties(pages=PAGES[:2])
    damage = without("MCF", sender="answerer")
    join(caller, answerer, damage)
    noted = [event for event in caller.keeper.events if isinstance(event, EndOfPageSent)]
    assert [event.command for event in noted] == ["MPS", "EOP"]
    assert caller.sent.count("MPS") == 2


def test_a_damaged_answer_is_like_none() -> None:
    caller, answerer = parties()
    hurt = []

    def damage_first_mcf(name: str, signal: object) -> object:
        if isinstance(signal, SendFrames) and signal.frames[0][2] == 0x31 and not hurt:
            hurt.append(signal)
            return SendFrames(frames=(b"",))
        return signal

    assert both(join(caller, answerer, damage_first_mcf)) == ARRIVED  # type: ignore[arg-type]
    assert hurt
    assert caller.sent.count("MPS") == 3
