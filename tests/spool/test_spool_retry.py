"""What follows a call, as a table of stories; and when a mail is tried again."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spoolkit import MINUTE_US, NOW_US, recipient

from mailfax.model.call import CallResult
from mailfax.model.job import Job, JobState
from mailfax.model.outcome import Disposition, Outcome
from mailfax.model.pageset import first_pages
from mailfax.spool.retry import DAY_S, RETRY, US_PER_S, MailRetry, RetryPolicy, decide, next_mail_try

POLICY = RetryPolicy()
# What an outcome of disposition RETRY can be that no call ends with.
NOT_OF_CALLS = {
    Outcome.TOO_MANY_RECIPIENTS,
    Outcome.DISK_FULL,
    Outcome.STORE_BUSY,
    Outcome.MAIL_DEFERRED,
    Outcome.PROOF_WAITS,
    Outcome.LIST_UNREADABLE,
    Outcome.OVER_QUOTA,
}


def job(pages: int = 3, confirmed: int = 0, dials: int = 1, tries: int = 0) -> Job:
    return Job(
        id="J000000000001",
        submission_id="M000000000001",
        recipient=recipient("5551234"),
        number="5551234",
        state=JobState.ON_LINE,
        created_us=NOW_US,
        not_before_us=NOW_US,
        pages=pages,
        confirmed=first_pages(confirmed),
        dials=dials,
        tries=tries,
    )


def test_the_table_knows_every_cause_that_a_call_can_be_repeated_for() -> None:
    assert set(RETRY) == {o for o in Outcome if o.disposition is Disposition.RETRY} - NOT_OF_CALLS


@pytest.mark.parametrize(
    ("outcome", "dials", "wait_minutes"),
    [
        (Outcome.BUSY, 1, 3),
        (Outcome.BUSY, 11, 3),
        (Outcome.NO_ANSWER, 1, 5),
        (Outcome.NO_ANSWER, 2, 7.5),
        (Outcome.NO_ANSWER, 5, 25.3125),
        (Outcome.CALL_DROPPED, 1, 1),
        (Outcome.LINE_FAULT, 1, 1),
        (Outcome.LINE_FAULT, 3, 4),
        (Outcome.LINE_FAULT, 20, 15),
        (Outcome.INTERRUPTED, 1, 0),
    ],
)
def test_the_wait_depends_on_the_cause(outcome: Outcome, dials: int, wait_minutes: float) -> None:
    decision = decide(job(dials=dials), CallResult(outcome=outcome), NOW_US, POLICY)
    assert (decision.state, decision.outcome) == (JobState.QUEUED, outcome)
    assert decision.not_before_us == NOW_US + wait_minutes * MINUTE_US


@pytest.mark.parametrize("outcome", list(RETRY))
def test_every_budget_ends_and_the_last_cause_is_kept(outcome: Outcome) -> None:
    waiting = job(dials=0)
    for dials in itertools.count(1):
        called = job(dials=dials, tries=waiting.tries)
        decision = decide(called, CallResult(outcome=outcome), NOW_US, POLICY)
        if decision.state is JobState.FAILED:
            break
        waiting = job(dials=dials, tries=decision.tries)
    assert decision.outcome is outcome
    uncounted = outcome is Outcome.NOT_REACHED  # the last call was none of the job's
    assert dials - uncounted == (RETRY[outcome].max_tries if RETRY[outcome].costs_try else RETRY[outcome].max_dials)


def test_the_issue_s_budgets() -> None:
    assert RETRY[Outcome.BUSY].max_dials == 12
    assert RETRY[Outcome.NO_ANSWER].max_dials == 6
    assert {RETRY[o].max_tries for o in (Outcome.PROTOCOL_ERROR, Outcome.CALL_DROPPED)} == {3, 5}


def test_progress_gives_a_job_its_tries_back() -> None:
    dropped = CallResult(outcome=Outcome.CALL_DROPPED, confirmed=frozenset({1}))
    decision = decide(job(pages=9, dials=4, tries=4), dropped, NOW_US, POLICY)
    assert (decision.state, decision.tries, decision.confirmed) == (JobState.QUEUED, 1, {1})
    stuck = CallResult(outcome=Outcome.CALL_DROPPED)
    assert decide(job(pages=9, dials=5, tries=4), stuck, NOW_US, POLICY).state is JobState.FAILED


@pytest.mark.parametrize(
    ("confirmed", "result", "state", "outcome"),
    [
        (
            0,
            CallResult(outcome=Outcome.DELIVERED, confirmed=frozenset({1, 2, 3})),
            JobState.DELIVERED,
            Outcome.DELIVERED,
        ),
        (2, CallResult(outcome=Outcome.DELIVERED, confirmed=frozenset({3})), JobState.DELIVERED, Outcome.DELIVERED),
        # the last page was confirmed, then the line went: delivered
        (
            0,
            CallResult(outcome=Outcome.CALL_DROPPED, confirmed=frozenset({1, 2, 3})),
            JobState.DELIVERED,
            Outcome.DELIVERED,
        ),
        # said to be delivered, and a page is missing: never claimed
        (
            0,
            CallResult(outcome=Outcome.DELIVERED, confirmed=frozenset({1, 2})),
            JobState.QUEUED,
            Outcome.PROTOCOL_ERROR,
        ),
        # the last page went unanswered, whatever the call's end was called
        (0, CallResult(outcome=Outcome.UNCERTAIN, confirmed=frozenset({1, 2})), JobState.UNCERTAIN, Outcome.UNCERTAIN),
        (
            0,
            CallResult(outcome=Outcome.NO_RESPONSE, confirmed=frozenset({1, 2}), unconfirmed_page=3),
            JobState.UNCERTAIN,
            Outcome.UNCERTAIN,
        ),
        # a page that was passed over is not called delivered
        (
            0,
            CallResult(outcome=Outcome.PASSED_OVER, confirmed=frozenset({1, 3}), passed_over=frozenset({2})),
            JobState.UNCERTAIN,
            Outcome.PASSED_OVER,
        ),
        # ... and comes again where the call did not come to its end
        (
            0,
            CallResult(outcome=Outcome.CALL_DROPPED, confirmed=frozenset({1, 3}), passed_over=frozenset({2})),
            JobState.QUEUED,
            Outcome.CALL_DROPPED,
        ),
        (0, CallResult(outcome=Outcome.REMOTE_CANNOT_RECEIVE), JobState.FAILED, Outcome.REMOTE_CANNOT_RECEIVE),
    ],
)
def test_ends(confirmed: int, result: CallResult, state: JobState, outcome: Outcome) -> None:
    decision = decide(job(confirmed=confirmed), result, NOW_US, POLICY)
    assert (decision.state, decision.outcome) == (state, outcome)


def test_an_unanswered_page_in_the_middle_is_sent_again_and_said() -> None:
    result = CallResult(outcome=Outcome.INTERRUPTED, confirmed=frozenset({1}), unconfirmed_page=2)
    decision = decide(job(), result, NOW_US, POLICY)
    assert (decision.state, decision.confirmed, decision.not_before_us) == (JobState.QUEUED, {1}, NOW_US)
    assert "Page 2 may have arrived twice" in decision.note


def test_the_note_names_the_pages_that_were_passed_over() -> None:
    result = CallResult(outcome=Outcome.PASSED_OVER, confirmed=frozenset({1, 5}), passed_over=frozenset({2, 3, 4}))
    assert "pages 2-4" in decide(job(pages=5), result, NOW_US, POLICY).note


@given(jitter=st.floats(0, 1), dials=st.integers(1, 11))
def test_jitter_only_lengthens_and_never_by_more_than_its_share(jitter: float, dials: int) -> None:
    result = CallResult(outcome=Outcome.BUSY)
    plain = decide(job(dials=dials), result, NOW_US, POLICY)
    shaken = decide(job(dials=dials), result, NOW_US, POLICY, jitter)
    assert plain.not_before_us <= shaken.not_before_us <= plain.not_before_us + 18 * US_PER_S


def test_a_mail_is_tried_at_doubling_waits_up_to_an_hour_for_five_days() -> None:
    schedule, waits_s, now_us = MailRetry(), [], NOW_US
    for tries in itertools.count(1):
        later = next_mail_try(created_us=NOW_US, tries=tries, now_us=now_us, schedule=schedule)
        if later is None:
            break
        waits_s.append((later - now_us) // US_PER_S)
        now_us = later
    assert waits_s[:8] == [60, 120, 240, 480, 960, 1920, 3600, 3600]
    assert set(waits_s[6:]) == {3600}
    assert 5 * DAY_S <= (now_us - NOW_US) // US_PER_S <= 5 * DAY_S + 3600


def test_a_mail_tried_for_ever_overflows_nothing() -> None:
    patient = MailRetry(give_up_s=10**9)
    assert next_mail_try(created_us=NOW_US, tries=10_000, now_us=NOW_US, schedule=patient) == NOW_US + 60 * MINUTE_US
