"""[calls]: what the file says is what calls do."""

from pathlib import Path

import pytest

from mailfax.config import EMBEDDED_DEFAULT, parse
from mailfax.daemon.build import call_policy
from mailfax.gateway.desk import CallPolicy
from mailfax.model.pageset import first_pages, page_ranges, pages_in_words, read_page_ranges
from mailfax.t4codec import BadRows
from mailfax.t30.answerer import PageQuality
from mailfax.t30.caller import AfterRtn


def policy(calls: str) -> CallPolicy:
    return call_policy(parse(f"{EMBEDDED_DEFAULT}\n[calls]\n{calls}", Path("/srv/fax")))


def test_without_a_word_pages_are_sent_again_and_the_receiver_is_as_strict_as_hylafax() -> None:
    assert policy("") == CallPolicy()
    assert CallPolicy().after_rtn is AfterRtn.RETRANSMIT
    assert (CallPolicy().quality.least_good_share, CallPolicy().quality.longest_bad_run) == (0.95, 5)


@pytest.mark.parametrize(
    ("word", "resends", "goes_on"),
    [("retransmit", 2, False), ("give-up", 0, False), ("go-on", 0, True), ("retransmit-then-go-on", 2, True)],
)
def test_what_is_done_after_a_refusal(word: str, resends: int, *, goes_on: bool) -> None:
    after_rtn = policy(f'after_refusal = "{word}"').after_rtn
    assert (after_rtn.resends, after_rtn.goes_on) == (resends, goes_on)


def test_what_is_good_enough() -> None:
    calls = "good_rows_percent = 90\nlongest_bad_run = 20\nretrain_percent = 99"
    assert policy(calls).quality == PageQuality(least_good_share=0.9, longest_bad_run=20, retrain_share=0.99)


def test_what_stands_for_a_damaged_row() -> None:
    assert policy("").bad_rows is BadRows.COPY
    assert policy('damaged_rows = "white"').bad_rows is BadRows.WHITE


@pytest.mark.parametrize(
    ("pages", "text"), [((), ""), ((1,), "1"), ((1, 2, 3), "1-3"), ((5, 1, 2, 9, 10), "1-2, 5, 9-10")]
)
def test_sets_of_pages_are_written_as_ranges(pages: tuple[int, ...], text: str) -> None:
    assert page_ranges(pages) == text
    assert read_page_ranges(text) == frozenset(pages)


def test_pages_in_a_sentence() -> None:
    assert [pages_in_words(first_pages(count)) for count in (1, 2)] == ["page 1", "pages 1-2"]
