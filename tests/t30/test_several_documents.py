"""Several documents in one call: EOM between them (T.30, 5.3.6.1.6), a new phase B for each, and a result for each."""

import pytest
from joined import Keeper, Party, join, without
from script import play

from mailfax.model.call import CallResult, DocumentArriving, DocumentBegun, EndOfPageSent
from mailfax.model.outcome import Outcome
from mailfax.model.page import Resolution
from mailfax.t30.answerer import AnswererStation, answer
from mailfax.t30.caller import AfterRtn, CallerJob, call
from mailfax.t30.negotiate import FULL_OFFER, Offer, our_dis

TRAINED = """
    < CSI DIS
    > DCS
    > TCF V.17 14400
    < CFR
"""
PAGE = "> page V.17 14400 short"
RTC = bytes.fromhex("001001001001001001")
PAGES = (b"1" * 20_000 + RTC, b"2" * 9_000 + RTC)
GOOD, BAD, LATER = Outcome.DELIVERED, Outcome.UNCERTAIN, Outcome.NOT_REACHED


def send(story: str, *following: CallerJob, pages: int = 1, keeper: Keeper | None = None) -> CallResult:
    return play(call(CallerJob(pages=pages, following=following)), keeper or Keeper(pages=(b"page",) * 2), story).result


def outcomes(result: CallResult, count: int) -> list[Outcome]:
    return [each.outcome for each in result.of_each(count)]


def test_each_document_has_its_own_result() -> None:
    """EOM after each but the last; events behind DocumentBegun are about the document it names."""
    second = CallerJob(pages=2, label="J2")
    keeper = Keeper(pages=(b"1", b"2"))
    story = f"{TRAINED}\n{PAGE}\n> EOM\n< MCF\n{TRAINED}\n{PAGE}\n> MPS\n< MCF\n{PAGE}\n> EOP\n< MCF\n> DCN"
    result = send(story, second, keeper=keeper)
    assert result.outcome is GOOD
    assert [(each.outcome, each.confirmed_pages) for each in result.of_each(2)] == [(GOOD, 1), (GOOD, 2)]
    begun = keeper.events.index(DocumentBegun(document=1, label="J2", page=1))
    ends = [(event.page, event.last) for event in keeper.events[begun:] if isinstance(event, EndOfPageSent)]
    assert ends == [(1, False), (2, True)]


def test_a_call_that_nobody_answers_is_every_documents_own() -> None:
    result = send("< silence", CallerJob(pages=1))
    assert outcomes(result, 2) == [Outcome.NO_FAX] * 2


def test_an_unanswered_eom_leaves_its_document_uncertain_and_the_next_unreached() -> None:
    """Promise 2, for each document by what its own pages were told."""
    eoms = "\n".join(["> EOM\n< silence"] * 3)
    result = send(f"{TRAINED}\n{PAGE}\n{eoms}\n> DCN", CallerJob(pages=1))
    assert outcomes(result, 2) == [BAD, LATER]
    assert result.outcome is BAD


def test_a_dis_in_place_of_the_mcf_has_the_page_sent_again_and_says_so() -> None:
    """The far end may have lost the page, or we its MCF: never twice in silence."""
    again = "> DCS\n> TCF V.17 12000\n< CFR\n> page V.17 12000 short"
    rest = again.replace("V.17 12000 short\n", "V.17 12000 short")
    story = f"{TRAINED}\n{PAGE}\n> EOM\n< CSI DIS\n{again}\n> EOM\n< MCF\n< CSI DIS\n{rest}\n> EOP\n< MCF\n> DCN"
    result = send(story, CallerJob(pages=1))
    assert outcomes(result, 2) == [GOOD, GOOD]
    assert "Page 1 may have arrived twice" in result.of_each(2)[0].detail
    cut = send(f"{TRAINED}\n{PAGE}\n> EOM\n< CSI DIS\n! DCS", CallerJob(pages=1))
    assert outcomes(cut, 2) == [BAD, LATER]


DOUBTED = f"{TRAINED}\n{PAGE}\n> EOM\n< CSI DIS\n> DCS\n> TCF V.17 12000\n< CFR\n> page V.17 12000 short"


@pytest.mark.parametrize("end", ["> EOM\n< RTN\n> DCN", "> EOM\n< RTN\n! DCS", "> EOM\n< CSI DIS\n! DCS"])
def test_what_becomes_of_a_page_sent_again_does_not_tell_what_became_of_it_before(end: str) -> None:
    """The first copy may be the whole fax at the far end: it is not sent a third time without a word (promise 2)."""
    keep = AfterRtn.GIVE_UP if end.endswith("DCN") else AfterRtn.RETRANSMIT
    job = CallerJob(pages=1, after_rtn=keep, following=(CallerJob(pages=1),))
    result = play(call(job), Keeper(pages=(b"page",) * 2), f"{DOUBTED}\n{end}").result
    assert outcomes(result, 2) == [BAD, LATER]
    assert result.of_each(2)[0].unconfirmed_page == 1


def test_a_dis_in_the_middle_of_a_page_raises_no_doubt() -> None:
    """PPS-NULL ended no page, so none can have arrived whole."""
    again = "> DCS\n> TCF V.17 12000\n< CFR\n! block 256 V.17 12000 short"
    story = f"{TRAINED}\n> block 256 V.17 14400 short\n> PPS-NULL\n< CSI DIS\n{again}"
    job = CallerJob(pages=1, offer=FULL_OFFER, following=(CallerJob(pages=1),))
    result = play(call(job), Keeper(pages=(bytes(70_000),)), story, fifs={"DIS": our_dis(FULL_OFFER).fif}).result
    assert outcomes(result, 2) == [Outcome.CALL_DROPPED, LATER]
    assert "twice" not in result.of_each(2)[0].detail


def test_a_document_that_the_far_end_cannot_take_does_not_stop_the_others() -> None:
    superfine = Offer(resolutions=(Resolution.SUPERFINE,))
    story = f"{TRAINED}\n{PAGE}\n> EOM\n< MCF\n< CSI DIS\n> DCS\n> TCF V.17 14400\n< CFR\n{PAGE}\n> EOP\n< MCF\n> DCN"
    result = send(story, CallerJob(pages=1, offer=superfine), CallerJob(pages=1))
    assert outcomes(result, 3) == [GOOD, Outcome.REMOTE_CANNOT_RECEIVE, GOOD]
    assert result.outcome is Outcome.REMOTE_CANNOT_RECEIVE
    last = send(f"{TRAINED}\n{PAGE}\n> EOM\n< MCF\n< CSI DIS\n> DCN", CallerJob(pages=1, offer=superfine))
    assert outcomes(last, 2) == [GOOD, Outcome.REMOTE_CANNOT_RECEIVE]


def test_a_call_that_is_half_over_takes_no_further_document() -> None:
    story = f"{TRAINED}\n{PAGE}\n> EOP\n< MCF\n> DCN"
    job = CallerJob(pages=1, following=(CallerJob(pages=1),), call_limit_s=8.0)
    result = play(call(job), Keeper(pages=(b"1",)), story).result
    assert outcomes(result, 2) == [GOOD, LATER]


def test_the_far_end_gets_each_document_as_one() -> None:
    for offer in (Offer(), FULL_OFFER):
        second = CallerJob(pages=2, done=frozenset({1}), offer=offer, station_id="222")
        job = CallerJob(pages=2, offer=offer, station_id="111", following=(second,))
        caller, answerer = Party(call(job), Keeper(pages=PAGES)), Party(answer(AnswererStation(offer=offer)), Keeper())
        lost = without("MCF", sender="answerer")
        results = join(caller, answerer, lost)
        assert lost.left == []  # type: ignore[attr-defined]
        assert [result.outcome for result in results] == [GOOD, Outcome.RECEIVED]
        assert [stored[:20] for stored in answerer.keeper.stored] == [PAGES[0][:20], PAGES[1][:20], PAGES[1][:20]]
        arriving = [event for event in answerer.keeper.events if isinstance(event, DocumentArriving)]
        assert arriving == [DocumentArriving(document=1, page=3, station_id="222")]
