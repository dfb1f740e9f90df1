"""The life of a mail that is faxed: accepted, rendered, claimed, called, told of."""

from dataclasses import replace

import pytest
from spoolkit import MINUTE_US, NOW_US, document, mail, queue_job, recipient, submission

from mailfax.model.call import CallResult
from mailfax.model.document import Fate, PartAccount
from mailfax.model.ids import Kind
from mailfax.model.job import JobState
from mailfax.model.options import SendOptions
from mailfax.model.outcome import Outcome
from mailfax.model.page import Resolution
from mailfax.model.submission import Notify
from mailfax.spool.disk import SpoolFault
from mailfax.spool.records import DeliveryState
from mailfax.spool.retry import RetryPolicy, decide
from mailfax.spool.store import Store

POLICY = RetryPolicy(jitter_share=0.0)


def call(store: Store, line: str, result: CallResult, now_us: int = NOW_US) -> str:
    """Make the next call and record it; returns its id."""
    claim = store.claim_job(line, now_us)
    assert claim is not None
    store.record_call(claim.call_id, claim.job.id, result, decide(claim.job, result, now_us, POLICY), now_us)
    return claim.call_id


def test_a_submission_comes_back_as_it_was_accepted(store: Store) -> None:
    accepted = submission(
        store.new_id(Kind.MAIL), recipient("5551234", Notify.SUCCESS | Notify.FAILURE, "rfc822;x"), recipient("5559999")
    )
    jobs = store.accept(accepted, ["5551234", "5559999"], NOW_US).jobs
    assert store.submission(accepted.id) == accepted
    assert [job.number for job in jobs] == ["5551234", "5559999"]
    assert store.jobs_of(accepted.id) == jobs
    assert {job.state for job in jobs} == {JobState.RENDERING}
    assert store.document(accepted.id) is None


def test_the_same_number_twice_is_one_job_that_keeps_what_each_asked_for(store: Store) -> None:
    accepted = submission(
        store.new_id(Kind.MAIL),
        recipient("555-1234".replace("-", ""), Notify.NEVER),
        recipient("+15551234", Notify.SUCCESS),
        recipient("5559999", Notify.NEVER),
    )
    first, second = store.accept(accepted, ["5551234", "5551234", "5559999"], NOW_US).jobs
    assert first.recipient.notify == Notify.SUCCESS
    assert second.recipient.notify == Notify.NEVER
    kept = store.submission(accepted.id)
    assert kept is not None
    assert len(kept.recipients) == 3


def test_of_different_wishes_for_one_number_the_first_holds_and_a_note_says_so(store: Store) -> None:
    standard, fine = SendOptions(resolution=Resolution.STANDARD), SendOptions(resolution=Resolution.FINE, cover="none")
    first, second = replace(recipient("1"), options=standard), replace(recipient("+1"), options=fine)
    (job,) = store.accept(submission(store.new_id(Kind.MAIL), first, second), ["1", "1"], NOW_US).jobs
    assert job.recipient.options == SendOptions(resolution=Resolution.STANDARD, cover="none")
    assert job.notes == ("The number was named 2 times; resolution=standard of the first time holds.",)


def test_an_absent_notify_beside_never_still_wants_to_hear(store: Store) -> None:
    accepted = submission(store.new_id(Kind.MAIL), recipient("1", Notify.NEVER), recipient("1", Notify.UNSET))
    (job,) = store.accept(accepted, ["1", "1"], NOW_US).jobs
    assert job.recipient.notify == Notify.UNSET


def test_the_same_submission_is_not_accepted_twice(store: Store) -> None:
    accepted = submission(store.new_id(Kind.MAIL))
    store.accept(accepted, ["5551234"], NOW_US)
    with pytest.raises(SpoolFault):
        store.accept(accepted, ["5551234"], NOW_US)
    assert len(store.jobs()) == 1


def test_a_document_queues_its_jobs_and_a_line_gets_all_it_needs(store: Store) -> None:
    job_id = queue_job(store)
    claim = store.claim_job("west", NOW_US)
    assert claim is not None
    assert claim.job.id == job_id
    assert (claim.job.state, claim.job.line, claim.job.dials, claim.job.pages) == (JobState.ON_LINE, "west", 1, 3)
    assert claim.parts[0].document == document(3)
    assert claim.parts[0].submission.subject == "Grüße"
    (attempt,) = store.attempts(job_id)
    assert (attempt.call_id, attempt.result) == (claim.call_id, None)
    assert store.claim_job("east", NOW_US) is None


def test_a_job_is_claimed_when_it_is_due_and_the_longest_due_first(store: Store) -> None:
    late = queue_job(store, "1", now_us=NOW_US + MINUTE_US)
    early = queue_job(store, "2", now_us=NOW_US)
    order = [store.claim_job("west", NOW_US + offset_us) for offset_us in (0, 1, MINUTE_US)]
    assert [claim and claim.job.id for claim in order] == [early, None, late]


def test_a_number_is_called_by_one_line_at_a_time(store: Store) -> None:
    first, second, other = queue_job(store, "1"), queue_job(store, "1"), queue_job(store, "2")
    claims = [store.claim_job(line, NOW_US) for line in ("west", "east", "north")]
    assert [claim and claim.job.id for claim in claims] == [first, other, None]
    assert claims[0] is not None
    result = CallResult(outcome=Outcome.DELIVERED, confirmed=frozenset({1, 2, 3}))
    store.record_call(
        claims[0].call_id, claims[0].job.id, result, decide(claims[0].job, result, NOW_US, POLICY), NOW_US
    )
    following = store.claim_job("north", NOW_US)
    assert following is not None
    assert following.job.id == second


def test_a_call_is_recorded_once_however_often_it_is_told(store: Store) -> None:
    job_id = queue_job(store)
    claim = store.claim_job("west", NOW_US)
    assert claim is not None
    result = CallResult(outcome=Outcome.BUSY, detail="BUSY", seconds=1.5)
    decision = decide(claim.job, result, NOW_US, POLICY)
    once = store.record_call(claim.call_id, claim.job.id, result, decision, NOW_US, ["said once"])
    again = store.record_call(claim.call_id, claim.job.id, result, decision, NOW_US + 5, ["said once"])
    assert once == again == store.job(job_id)
    assert (once.state, once.outcome, once.not_before_us) == (JobState.QUEUED, Outcome.BUSY, NOW_US + 3 * MINUTE_US)
    assert once.notes == ("said once",)
    (attempt,) = store.attempts(job_id)
    assert attempt.result == result


def test_an_unknown_call_is_not_recorded(store: Store) -> None:
    job_id = queue_job(store)
    job = store.job(job_id)
    assert job is not None
    result = CallResult(outcome=Outcome.BUSY)
    with pytest.raises(LookupError):
        store.record_call("C000000000000", job_id, result, decide(job, result, NOW_US, POLICY), NOW_US)


def test_the_next_call_starts_after_the_confirmed_pages(store: Store) -> None:
    job_id = queue_job(store)
    call(store, "west", CallResult(outcome=Outcome.CALL_DROPPED, confirmed=frozenset({1, 2})))
    job = store.job(job_id)
    assert job is not None
    assert (job.state, job.confirmed_pages) == (JobState.QUEUED, 2)
    call(store, "east", CallResult(outcome=Outcome.DELIVERED, confirmed=frozenset({3})), NOW_US + 20 * MINUTE_US)
    job = store.job(job_id)
    assert job is not None
    assert (job.state, job.confirmed_pages, job.dials) == (JobState.DELIVERED, 3, 2)


def test_the_log_tells_the_whole_life_of_a_job(store: Store) -> None:
    job_id = queue_job(store)
    call_id = call(store, "west", CallResult(outcome=Outcome.DELIVERED, confirmed=frozenset({1, 2, 3})))
    life = [(step.was, step.became) for step in store.history(job_id)]
    assert life == [("", "rendering"), ("rendering", "queued"), ("queued", "on-line"), ("on-line", "delivered")]
    assert call_id in store.history(job_id)[2].why


def test_a_mail_that_cannot_be_faxed_ends_all_its_jobs_and_says_why(store: Store) -> None:
    refused = submission(store.new_id(Kind.MAIL), recipient("1"), recipient("2"))
    store.accept(refused, ["1", "2"], NOW_US)
    assert store.claim_render(NOW_US) == refused
    account = (PartAccount(name="film.mp4", content_type="video/mp4", fate=Fate.FAILED, note="a film"),)
    store.fail_submission(refused.id, Outcome.UNFAXABLE, "film.mp4 is a film.", account, NOW_US)
    untold = store.next_unnotified()
    assert untold is not None
    assert untold.account == account
    assert {story.job.outcome for story in untold.stories} == {Outcome.UNFAXABLE}
    assert {story.job.notes for story in untold.stories} == {("film.mp4 is a film.",)}
    assert store.claim_job("west", NOW_US) is None


def test_a_sender_is_told_once_of_each_job(store: Store) -> None:
    job_id = queue_job(store)
    assert store.next_unnotified() is None
    call(store, "west", CallResult(outcome=Outcome.DELIVERED, confirmed=frozenset({1, 2, 3})))
    untold = store.next_unnotified()
    assert untold is not None
    assert [story.job.id for story in untold.stories] == [job_id]
    assert len(untold.stories[0].attempts) == 1
    assert len(store.notified([job_id], [mail()], NOW_US)) == 1
    assert store.notified([job_id], [mail()], NOW_US) == ()
    assert store.next_unnotified() is None
    assert [delivery.state for delivery in store.deliveries()] == [DeliveryState.WAITING]


@pytest.mark.parametrize("rendering", [False, True])
def test_a_job_is_cancelled_before_its_document_is_ready(store: Store, rendering: bool) -> None:
    accepted = submission(store.new_id(Kind.MAIL))
    (job,) = store.accept(accepted, ["5551234"], NOW_US).jobs
    if rendering:
        assert store.claim_render(NOW_US) is not None
    assert store.cancel(job.id, NOW_US)
    assert not store.cancel(job.id, NOW_US)
    assert store.claim_render(NOW_US) is None
    store.set_document(accepted.id, document(1), NOW_US)
    cancelled = store.job(job.id)
    assert cancelled is not None
    assert (cancelled.state, cancelled.outcome) == (JobState.CANCELLED, Outcome.CANCELLED)


def test_a_job_on_a_line_is_not_cancelled(store: Store) -> None:
    job_id = queue_job(store)
    assert store.claim_job("west", NOW_US) is not None
    assert not store.cancel(job_id, NOW_US)


def test_jobs_are_listed_newest_first_and_by_state(store: Store) -> None:
    first, second = queue_job(store, "1"), queue_job(store, "2")
    store.cancel(first, NOW_US)
    assert [job.id for job in store.jobs()] == [second, first]
    assert [job.id for job in store.jobs(limit=1)] == [second]
    assert [job.id for job in store.jobs({JobState.CANCELLED})] == [first]
