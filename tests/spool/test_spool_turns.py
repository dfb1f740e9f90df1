"""Whose turn it is, and when: priority, fairness between senders, times and hours that a fax keeps to (QU2, QU4)."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spoolkit import NOW_US, document, recipient, submission

from mailfax.model.call import CallResult
from mailfax.model.hours import read_hours
from mailfax.model.ids import Kind
from mailfax.model.job import JobState
from mailfax.model.outcome import Outcome
from mailfax.model.plan import CallPlan, Priority
from mailfax.spool.retry import RetryPolicy, decide
from mailfax.spool.store import Store
from mailfax.spool.windows import NEVER_US, window

HOUR_US = 3_600_000_000
BERLIN, TOKYO, NEW_YORK = "Europe/Berlin", "Asia/Tokyo", "America/New_York"


def send(store: Store, user: str, *numbers: str, at_us: int = NOW_US, plan: CallPlan | None = None) -> None:
    """Queue a mail of one page for each number."""
    to = [replace(recipient(number), plan=plan or CallPlan()) for number in numbers]
    store.accept(replace(submission(store.new_id(Kind.MAIL), *to), identity=user), list(numbers), at_us)
    claimed = store.claim_render(at_us)
    assert claimed is not None
    store.set_document(claimed.id, document(1), at_us)


def order(store: Store, now_us: int = NOW_US) -> list[str]:
    """Call all that is due, one after the other; return the numbers in their order."""
    numbers = []
    while (claim := store.claim_job("west", now_us)) is not None:
        numbers.append(claim.job.number)
        result = CallResult(outcome=Outcome.DELIVERED, confirmed=frozenset({1}))
        store.record_call(claim.call_id, claim.job.id, result, decide(claim.job, result, now_us, RetryPolicy()), now_us)
    return numbers


def moment(written: str, zone: str = "UTC") -> int:
    return int(datetime.fromisoformat(written).replace(tzinfo=ZoneInfo(zone)).timestamp()) * 1_000_000


def many(first: int, count: int) -> tuple[str, ...]:
    return tuple(str(first + number) for number in range(count))


def test_one_urgent_page_overtakes_all_and_bulk_lets_all_pass(store: Store) -> None:
    send(store, "anna", *many(1000, 5), plan=CallPlan(priority=Priority.LOW))
    send(store, "anna", "2000")
    send(store, "anna", "3000", plan=CallPlan(priority=Priority.HIGH))
    assert order(store) == ["3000", "2000", *many(1000, 5)]


def test_a_single_fax_comes_between_the_many_of_somebody_else(store: Store) -> None:
    send(store, "anna", *many(1000, 50))
    send(store, "berta", "2000")
    found = order(store)
    assert found.index("2000") <= 1
    assert [number for number in found if number != "2000"] == list(many(1000, 50))


def test_two_who_send_many_go_in_turns(store: Store) -> None:
    send(store, "anna", *many(1000, 20))
    send(store, "berta", *many(2000, 20))
    found = order(store)
    for at in range(0, 40, 2):
        assert {number[0] for number in found[at : at + 2]} == {"1", "2"}


def test_bulk_waits_for_others_but_not_for_ever(store: Store) -> None:
    send(store, "anna", "1000", plan=CallPlan(priority=Priority.LOW))
    later = [NOW_US + hours * HOUR_US // 2 for hours in range(6)]
    for number, at_us in enumerate(later):
        send(store, "berta", str(2000 + number), at_us=at_us)
    found = order(store, later[-1])
    assert 1 < found.index("1000") < 5


def test_nothing_is_called_before_its_time_or_after_it(store: Store) -> None:
    send(store, "anna", "1000", plan=CallPlan(send_at_us=NOW_US + HOUR_US, not_after_us=NOW_US + 2 * HOUR_US))
    assert order(store, NOW_US + HOUR_US - 1) == []
    assert order(store, NOW_US + 2 * HOUR_US) == []
    (job,) = store.jobs()
    assert store.replan_jobs(NOW_US + 2 * HOUR_US) == ([], [job.id])
    (job,) = store.jobs()
    assert (job.state, job.outcome) == (JobState.FAILED, Outcome.EXPIRED)
    assert "before the time that its sender had set" in job.notes[-1]


def test_a_fax_for_next_week_does_not_expire_and_costs_no_turn_today(store: Store) -> None:
    send(store, "anna", "1000", plan=CallPlan(send_at_us=NOW_US + 168 * HOUR_US))
    send(store, "anna", "2000")
    send(store, "berta", "3000")
    assert order(store) == ["2000", "3000"]
    assert store.expire_jobs(NOW_US + 100 * HOUR_US, NOW_US + 148 * HOUR_US) == []
    assert order(store, NOW_US + 168 * HOUR_US) == ["1000"]


def test_what_its_hours_did_not_suffice_for_waits_for_the_next(store: Store) -> None:
    monday = moment("2026-06-01T07:00", BERLIN)
    send(store, "anna", "1000", at_us=monday, plan=CallPlan(hours="mon-fri 08:00-18:00", zones=(BERLIN,)))
    assert order(store, monday) == []
    evening = moment("2026-06-01T18:00", BERLIN)
    assert store.claim_job("west", evening) is None
    (job,) = store.jobs()
    assert store.replan_jobs(evening) == ([job.id], [])
    (job,) = store.jobs()
    assert job.not_before_us == moment("2026-06-02T08:00", BERLIN)
    assert order(store, job.not_before_us) == ["1000"]


def test_a_retry_keeps_to_the_hours(store: Store) -> None:
    late = moment("2026-06-01T17:59", BERLIN)
    send(store, "anna", "1000", at_us=late, plan=CallPlan(hours="mon-fri 08:00-18:00", zones=(BERLIN,)))
    claim = store.claim_job("west", late)
    assert claim is not None
    result = CallResult(outcome=Outcome.BUSY)
    again = store.record_call(claim.call_id, claim.job.id, result, decide(claim.job, result, late, RetryPolicy()), late)
    assert (again.state, again.not_before_us) == (JobState.QUEUED, moment("2026-06-02T08:00", BERLIN))


@pytest.mark.parametrize(
    ("hours", "zones", "now", "opens", "closes"),
    [
        ("08:00-18:00", (BERLIN,), "2026-06-01T05:00", "2026-06-01T06:00", "2026-06-01T16:00"),
        ("08:00-18:00", (BERLIN,), "2026-01-01T05:00", "2026-01-01T07:00", "2026-01-01T17:00"),
        ("mon-fri 08:00-18:00", (BERLIN,), "2026-06-05T16:00", "2026-06-08T06:00", "2026-06-08T16:00"),
        ("20:00-06:00", (BERLIN,), "2026-06-01T00:30", "2026-06-01T00:30", "2026-06-01T04:00"),
        # New York's day and Berlin's have three hours in common in winter
        ("09:00-18:00", (NEW_YORK, BERLIN), "2026-01-05T00:00", "2026-01-05T14:00", "2026-01-05T17:00"),
        # Tokyo's and New York's office hours never meet: the first of them holds
        ("09:00-17:00", (TOKYO, NEW_YORK), "2026-01-05T01:00", "2026-01-05T01:00", "2026-01-05T08:00"),
        # the night in which the clocks go forward has no 02:30 in Berlin
        ("02:00-03:00", (BERLIN,), "2026-03-28T20:00", "2026-03-30T00:00", "2026-03-30T01:00"),
        # the night in which they go back has it twice
        ("02:00-04:00", (BERLIN,), "2026-10-24T20:00", "2026-10-25T00:00", "2026-10-25T03:00"),
    ],
)
def test_windows_are_local_and_know_summer_time(
    hours: str, zones: tuple[str, ...], now: str, opens: str, closes: str
) -> None:
    found = window(CallPlan(hours=hours, zones=zones), moment(now))
    assert (found.open_us, found.close_us) == (moment(opens), moment(closes))


@given(
    at_s=st.integers(1_700_000_000, 1_900_000_000),
    zone=st.sampled_from([BERLIN, TOKYO, NEW_YORK, "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]),
    hours=st.sampled_from(["mon-fri 08:00-18:00", "20:00-06:00", "sun 23:00-01:00", "00:00-24:00", "wed 12:00-12:01"]),
)
def test_a_window_is_within_the_hours_and_none_before_it_is(at_s: int, zone: str, hours: str) -> None:
    found, read = window(CallPlan(hours=hours, zones=(zone,)), at_s * 1_000_000), read_hours(hours)

    def holds(at_us: int) -> bool:
        return read.hold(datetime.fromtimestamp(at_us // 1_000_000, tz=UTC).astimezone(ZoneInfo(zone)))

    assert at_s * 1_000_000 <= found.open_us < found.close_us
    assert holds(found.open_us)
    assert holds(found.close_us - 60_000_000)
    waits = range(at_s, found.open_us // 1_000_000, 1800)
    assert not any(holds(second * 1_000_000) for second in waits)


def test_without_hours_any_time_will_do() -> None:
    found = window(CallPlan(), NOW_US)
    assert (found.open_us, found.close_us) == (NOW_US, NEVER_US)
