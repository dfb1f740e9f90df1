"""Who may call when: groups of lines and domains, lines kept free for calls that come in, a pause between dials (QU10)."""

import pytest
from spoolkit import MINUTE_US, NOW_US, queue_job

from mailfax.model.line import LineState, LineStatus
from mailfax.spool.records import Batch, Share
from mailfax.spool.store import Store

S_US = 1_000_000
ALONE = Batch(max_jobs=1)


def up(store: Store, *names: str, state: LineState = LineState.UP) -> None:
    for name in names:
        store.put_line(LineStatus(name=name, state=state, since_us=NOW_US))


@pytest.mark.parametrize(("domains", "taken"), [(None, 1), (("fax.lan",), 1), (("other.lan",), 0), ((), 0)])
def test_a_line_takes_the_faxes_of_its_domains_only(store: Store, domains: tuple[str, ...] | None, taken: int) -> None:
    for number in ("5551111",):
        queue_job(store, number)
    claim = store.claim_job("west", NOW_US, ALONE, Share(domains=domains))
    assert (claim is not None) == bool(taken)


@pytest.mark.parametrize("domains", [None, ("fax.lan",)])
def test_a_line_that_sends_no_subaddresses_leaves_what_is_for_one(
    store: Store, domains: tuple[str, ...] | None
) -> None:
    for_one, for_all = queue_job(store, "5551111", subaddress="1387"), queue_job(store, "5552222")
    unable, able = (Share(domains=domains, subaddresses=can) for can in (False, True))
    claim = store.claim_job("class2", NOW_US, ALONE, unable)
    assert claim is not None
    assert claim.job.id == for_all
    assert store.claim_job("class2", NOW_US, ALONE, unable) is None
    claim = store.claim_job("class1", NOW_US, ALONE, able)
    assert claim is not None
    assert claim.job.id == for_one


def test_a_line_of_the_group_stays_free_for_calls_that_come_in(store: Store) -> None:
    for number in (
        "5551111",
        "5552222",
        "5553333",
    ):
        queue_job(store, number)
    share = Share(group=("a", "b", "c"), keep_free=1)
    up(store, "a", "b", "c")
    assert [store.claim_job(line, NOW_US, ALONE, share) is not None for line in "abc"] == [True, True, False]
    assert store.claim_job("other", NOW_US, ALONE, Share(group=("other",))) is not None


def test_a_line_that_is_not_up_is_no_free_line(store: Store) -> None:
    for number in (
        "5551111",
        "5552222",
    ):
        queue_job(store, number)
    share = Share(group=("a", "b", "c"), keep_free=1)
    up(store, "a", "b")
    up(store, "c", state=LineState.DOWN)
    assert store.claim_job("a", NOW_US, ALONE, share) is not None
    assert store.claim_job("b", NOW_US, ALONE, share) is None
    up(store, "c")
    assert store.claim_job("b", NOW_US, ALONE, share) is not None


def test_dials_are_apart_but_a_clock_that_was_set_back_stops_nothing(store: Store) -> None:
    for number in (
        "5551111",
        "5552222",
        "5553333",
    ):
        queue_job(store, number)
    share = Share(stagger_s=10)
    assert store.claim_job("a", NOW_US + MINUTE_US, ALONE, share) is not None
    assert store.claim_job("b", NOW_US + MINUTE_US + 9 * S_US, ALONE, share) is None
    assert store.claim_job("b", NOW_US + MINUTE_US + 10 * S_US, ALONE, share) is not None
    assert store.claim_job("c", NOW_US + MINUTE_US, ALONE, share) is not None
