"""What must hold of every call, whatever happens in it. Used by the fuzz target and by its everyday test."""

from itertools import zip_longest

from tape import run_tape

from mailfax.model.call import CallResult, DocumentBegun, EndOfPageSent, PageConfirmed, PageReceived
from mailfax.model.outcome import Outcome
from mailfax.model.pageset import COVER
from mailfax.t30.caller import CallerJob
from mailfax.t30.commands import StorePage


def check(tape: bytes, most_steps: int) -> None:
    station, result, happened = run_tape(tape, most_steps)
    if isinstance(station, CallerJob):
        jobs = (station, *station.following)
        for part, job, one in zip_longest(by_document(happened), jobs, result.of_each(len(jobs)), fillvalue=[]):
            judge_sent(part, job, one)
    else:
        judge_received(happened, result)


def by_document(happened: list[object]) -> list[list[object]]:
    parts: list[list[object]] = [[]]
    for event in happened:
        if isinstance(event, DocumentBegun):
            parts.append([])
            assert event.document == len(parts) - 1
        parts[-1].append(event)
    return parts


def judge_sent(happened: list[object], job: CallerJob, result: CallResult) -> None:
    """Promises 2 and 3: confirmed is what was heard to be; what may have arrived is called uncertain."""
    # A cover is on the line and in no book.
    confirmed = [event.page for event in happened if isinstance(event, PageConfirmed) and event.page != COVER]
    announced = [event.page for event in happened if isinstance(event, EndOfPageSent) and event.page != COVER]
    assert job.cover or not any(getattr(event, "page", None) == COVER for event in happened)
    assert result.confirmed == set(confirmed)
    assert not result.confirmed & result.passed_over
    assert set(confirmed) <= set(announced)
    if result.outcome is Outcome.DELIVERED:
        assert confirmed == list(job.todo)
        assert result.unconfirmed_page is None
    if result.outcome is Outcome.NOT_REACHED:
        assert announced == []
    if result.unconfirmed_page is not None:
        assert result.unconfirmed_page == announced[-1]
        left = set(job.todo) - set(confirmed) - result.passed_over
        assert (result.outcome is Outcome.UNCERTAIN) == (left == {result.unconfirmed_page})


def judge_received(happened: list[object], result: CallResult) -> None:
    """Promise 1: pages are stored in their order, and only what is stored is confirmed."""
    stored = 0
    for event in happened:
        if isinstance(event, StorePage):
            assert event.index == stored
            stored += 1
        if isinstance(event, PageReceived):
            assert event.page == stored
    confirmed = sum(isinstance(event, PageReceived) and event.confirmed for event in happened)
    if not any(isinstance(event, PageConfirmed) for event in happened):  # a station that was polled has sent
        assert result.confirmed_pages == confirmed
