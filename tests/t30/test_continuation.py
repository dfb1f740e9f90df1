"""A call that continues a fax may begin with a cover (CV4): a page on the line, none of the document in the books (QU7)."""

from datetime import UTC, datetime

import numpy as np
import pytest
from joined import Keeper
from script import Played, play

from mailfax.gateway.identity import Identity, SentHeader
from mailfax.gateway.live import call_sentence
from mailfax.gateway.pages import coded_cover
from mailfax.model.call import EndOfPageSent, PageConfirmed, PageStarted
from mailfax.model.outcome import Outcome
from mailfax.model.page import Coding, PageFormat, Resolution
from mailfax.model.pageset import COVER
from mailfax.render.continuation import Continuation, continuation_cover
from mailfax.t4codec import decode
from mailfax.t30.caller import AfterRtn, CallerJob, call
from mailfax.t30.commands import FetchPage

TRAINED = "< CSI DIS\n> DCS\n> TCF V.17 14400\n< CFR\n"
PAGE = "> page V.17 14400 short\n"
CUT_OFF = CallerJob(pages=4, done=frozenset({1, 3}), cover=True)


def send(story: str, keeper: Keeper | None = None, job: CallerJob = CUT_OFF) -> Played:
    return play(call(job), keeper or Keeper(pages=(b"1", b"2", b"3", b"4")), story)


def test_the_cover_goes_first_and_is_counted_nowhere() -> None:
    asked: list[tuple[int, bool]] = []
    keeper = Keeper(pages=(b"1", b"2", b"3", b"4"))
    keeper.fails = lambda c: bool(isinstance(c, FetchPage) and asked.append((c.index, c.cover)))
    result = send(f"{TRAINED}{PAGE}> MPS\n< MCF\n{PAGE}> MPS\n< MCF\n{PAGE}> EOP\n< MCF\n> DCN", keeper).result
    assert asked == [(1, True), (1, False), (3, False)]
    assert (result.outcome, result.confirmed, result.confirmed_pages) == (Outcome.DELIVERED, {2, 4}, 2)
    told = [event for event in keeper.events if isinstance(event, PageConfirmed)]
    assert [event.page for event in told] == [COVER, 2, 4]
    assert call_sentence(told[0], 4) == "the cover confirmed (MCF)"


def test_a_cover_that_is_not_answered_leaves_no_page_in_doubt() -> None:
    """Promise 2 is about pages of the document."""
    silence = "> MPS\n< silence\n" * 3
    result = send(f"{TRAINED}{PAGE}{silence}> DCN").result
    assert (result.outcome, result.unconfirmed_page, result.confirmed) == (Outcome.NO_RESPONSE, None, frozenset())
    assert "the cover" in result.detail


def test_a_cover_that_is_refused_to_the_end_is_nobodys_loss() -> None:
    job = CallerJob(pages=2, done=frozenset({1}), cover=True, after_rtn=AfterRtn.GO_ON)
    story = f"{TRAINED}{PAGE}> MPS\n< RTN\n> DCS\n> TCF V.17 14400\n< CFR\n{PAGE}> EOP\n< MCF\n> DCN"
    result = send(story, job=job).result
    assert (result.outcome, result.confirmed, result.passed_over) == (Outcome.DELIVERED, {2}, frozenset())


def test_the_last_page_behind_a_cover_is_still_the_one_in_doubt() -> None:
    job = CallerJob(pages=2, done=frozenset({1}), cover=True)
    silence = "> EOP\n< silence\n" * 3
    result = send(f"{TRAINED}{PAGE}> MPS\n< MCF\n{PAGE}{silence}> DCN", job=job).result
    assert (result.outcome, result.unconfirmed_page) == (Outcome.UNCERTAIN, 2)


def test_a_line_that_watches_hears_of_a_cover() -> None:
    assert call_sentence(PageStarted(page=COVER), 9) == "the cover on the line"
    assert call_sentence(EndOfPageSent(page=2, command="MPS", last=False), 9).startswith("page 2 of 9 sent")


@pytest.mark.parametrize("resolution", [Resolution.STANDARD, Resolution.FINE])
def test_the_cover_is_a_short_page_of_text(resolution: Resolution) -> None:
    header = SentHeader(
        identity=Identity(station_id="+49 30 1", name="Müller & Söhne", time_zone="UTC"),
        number="5551234",
        pages=9,
        started_us=1_795_356_000_000_000,
    )
    cover = header.cover(frozenset(range(4, 10)), resolution)
    rows = 308 if resolution is Resolution.STANDARD else 616
    assert (cover.width_px, cover.rows) == (1728, rows)
    assert 0.005 < cover.to_bool().mean() < 0.1
    form = PageFormat(coding=Coding.MH, resolution=resolution)
    got = decode(coded_cover(cover, form, 14400), Coding.MH, width_px=1728).bitmap
    assert np.array_equal(got.packed, cover.packed)


def test_other_pages_are_another_cover() -> None:
    def drawn(*left: int) -> bytes:
        facts = Continuation(
            date=datetime(2026, 11, 27, 12, tzinfo=UTC), sender="A", number="1", left=frozenset(left), pages=9
        )
        return continuation_cover(facts, Resolution.FINE).octets()

    assert len({drawn(4, 5), drawn(5), drawn(4, 6)}) == 3
