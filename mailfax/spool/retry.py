"""What happens to a job after a call, and to a mail that was not taken: pure functions over tables.

`decide` is called once per finished call, by whoever records it (the gateway, or `adopt` after a crash).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from mailfax.model.call import CallResult
from mailfax.model.job import Job, JobState
from mailfax.model.outcome import Disposition, Outcome
from mailfax.model.pageset import PageSet, first_pages, pages_in_words

MINUTE_S = 60
HOUR_S = 60 * MINUTE_S
DAY_S = 24 * HOUR_S
US_PER_S = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryRow:
    """How one cause is met.

    The wait is `delay_s`, times `growth` for every earlier dial, at most `longest_s`. `max_dials` counts every dial of the job;
    `max_tries` counts calls that reached a fax machine and got no page further (`costs_try`).
    """

    delay_s: int
    growth: float
    longest_s: int
    max_dials: int
    max_tries: int
    costs_try: bool


_O = Outcome
# fmt: off
RETRY: Mapping[Outcome, RetryRow] = MappingProxyType({
    # nobody was reached: cheap, so often; only dials are counted
    _O.BUSY:            RetryRow(delay_s=180, growth=1.0, longest_s=180,  max_dials=12, max_tries=5, costs_try=False),
    _O.NO_ANSWER:       RetryRow(delay_s=300, growth=1.5, longest_s=1800, max_dials=6,  max_tries=5, costs_try=False),
    # somebody was, but no machine: a person at a wrong number is not to be rung many times
    _O.NO_FAX:          RetryRow(delay_s=300, growth=2.0, longest_s=1800, max_dials=3,  max_tries=5, costs_try=False),
    # a machine was reached
    _O.TRAINING_FAILED: RetryRow(delay_s=60,  growth=1.5, longest_s=600,  max_dials=12, max_tries=3, costs_try=True),
    _O.PAGE_REFUSED:    RetryRow(delay_s=60,  growth=1.5, longest_s=600,  max_dials=12, max_tries=3, costs_try=True),
    _O.PROTOCOL_ERROR:  RetryRow(delay_s=60,  growth=1.5, longest_s=600,  max_dials=12, max_tries=3, costs_try=True),
    _O.NO_RESPONSE:     RetryRow(delay_s=60,  growth=1.5, longest_s=600,  max_dials=12, max_tries=5, costs_try=True),
    _O.CALL_DROPPED:    RetryRow(delay_s=60,  growth=1.5, longest_s=600,  max_dials=12, max_tries=5, costs_try=True),
    _O.CALL_TOO_LONG:   RetryRow(delay_s=60,  growth=1.0, longest_s=60,   max_dials=12, max_tries=3, costs_try=True),
    # our side: the receiver is not to blame, and the fault is often mended by then
    _O.LINE_FAULT:      RetryRow(delay_s=60,  growth=2.0, longest_s=900,  max_dials=24, max_tries=5, costs_try=False),
    _O.DIAL_REFUSED:    RetryRow(delay_s=900, growth=2.0, longest_s=7200, max_dials=12, max_tries=5, costs_try=False),
    _O.NO_DIALTONE:     RetryRow(delay_s=60,  growth=2.0, longest_s=900,  max_dials=24, max_tries=5, costs_try=False),
    _O.STORE_FAULT:     RetryRow(delay_s=300, growth=2.0, longest_s=1800, max_dials=24, max_tries=5, costs_try=False),
    # no call was made for it, in the end: nothing is counted
    _O.NOT_REACHED:     RetryRow(delay_s=0,   growth=1.0, longest_s=0,    max_dials=99, max_tries=9, costs_try=False),
    _O.INTERRUPTED:     RetryRow(delay_s=0,   growth=1.0, longest_s=0,    max_dials=24, max_tries=5, costs_try=True),
})
# fmt: on


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryPolicy:
    """The table in force, and by how large a share a wait may be longer, so that jobs do not march in step."""

    rows: Mapping[Outcome, RetryRow] = field(default_factory=lambda: RETRY)
    jitter_share: float = 0.1


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """What becomes of a job after a call. `confirmed` are pages of the whole document; `dials` were made for the job."""

    state: JobState
    not_before_us: int
    outcome: Outcome
    confirmed: PageSet
    dials: int
    tries: int
    note: str = ""


def decide(job: Job, result: CallResult, now_us: int, policy: RetryPolicy, jitter: float = 0.0) -> Decision:
    """Say what becomes of `job`, whose dial is counted in it already. `jitter` is random, from 0 to 1.

    Delivered means that every page was confirmed, whatever the call's end was called, and nothing else does (promise 3).
    An unanswered last page makes the job UNCERTAIN (promise 2).
    """
    confirmed = job.confirmed | result.confirmed
    tries = 0 if result.confirmed - job.confirmed else job.tries
    dials = job.dials - (result.outcome is Outcome.NOT_REACHED)

    def final(state: JobState, outcome: Outcome, note: str = "") -> Decision:
        return Decision(
            state=state,
            not_before_us=now_us,
            outcome=outcome,
            confirmed=confirmed,
            dials=dials,
            tries=tries,
            note=note,
        )

    missing = first_pages(job.pages or 0) - confirmed
    if job.pages is not None and not missing:
        return final(JobState.DELIVERED, Outcome.DELIVERED)
    outcome = result.outcome
    if job.poll is not None and outcome is Outcome.RECEIVED:
        return final(JobState.DELIVERED, outcome)
    if outcome.disposition is Disposition.DELIVERED:  # with pages missing: the engine is wrong, the sender must not be
        outcome = Outcome.PROTOCOL_ERROR
    if outcome is Outcome.PASSED_OVER:
        refused = pages_in_words(missing)
        return final(JobState.UNCERTAIN, outcome, f"Refused each time, and passed over by policy: {refused}.")
    if outcome is Outcome.UNCERTAIN or missing == {result.unconfirmed_page}:
        return final(JobState.UNCERTAIN, Outcome.UNCERTAIN, _unconfirmed(result, missing))
    row = policy.rows.get(outcome)
    if row is None:
        return final(JobState.FAILED, outcome)
    if row.costs_try:
        tries += 1
    if dials >= row.max_dials or tries >= row.max_tries:
        return final(JobState.FAILED, outcome, f"Given up after {dials} calls.")
    wait_s = min(row.delay_s * row.growth ** max(dials - 1, 0), row.longest_s)
    return Decision(
        state=JobState.QUEUED,
        not_before_us=now_us + round(wait_s * (1 + policy.jitter_share * jitter) * US_PER_S),
        outcome=outcome,
        confirmed=confirmed,
        dials=dials,
        tries=tries,
        note=_twice(result.unconfirmed_page),
    )


def _unconfirmed(result: CallResult, missing: PageSet) -> str:
    page = result.unconfirmed_page
    if page is None:
        return f"Sent perhaps, but not confirmed: {pages_in_words(missing)}." if missing else ""
    others = missing - {page}
    refused = f" Refused, and passed over by policy: {pages_in_words(others)}." if others else ""
    return f"Page {page} was sent but not confirmed.{refused}"


def _twice(page: int | None) -> str:
    return "" if page is None else f"Page {page} may have arrived twice: its confirmation was not heard."


@dataclass(frozen=True, kw_only=True, slots=True)
class MailRetry:
    """How long a mail that is not taken is tried again: waits that double, until its sender or postmaster has to know."""

    first_s: int = MINUTE_S
    growth: float = 2.0
    longest_s: int = HOUR_S
    give_up_s: int = 5 * DAY_S


def next_mail_try(
    *, created_us: int, tries: int, now_us: int, schedule: MailRetry, jitter_share: float = 0.1, jitter: float = 0.0
) -> int | None:
    """Return when a mail that was refused for now (`tries` times) is tried again; None when it is given up."""
    if now_us >= created_us + schedule.give_up_s * US_PER_S:
        return None
    # The power is capped before it is taken: 2.0 ** 1100 is no float.
    wait_s = min(schedule.first_s * schedule.growth ** min(max(tries - 1, 0), 64), schedule.longest_s)
    return now_us + round(wait_s * (1 + jitter_share * jitter) * US_PER_S)
