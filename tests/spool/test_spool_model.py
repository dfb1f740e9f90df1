"""Any order of accepting, rendering, calling, cancelling, telling and dying leaves books that balance."""

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from spoolkit import MINUTE_US, NOW_US, document, mail, open_store, recipient, submission

from mailfax.model.call import CallResult
from mailfax.model.ids import Kind
from mailfax.model.job import JobState
from mailfax.model.outcome import Disposition, Outcome
from mailfax.model.pageset import NO_PAGES, PageSet
from mailfax.spool.records import Claim
from mailfax.spool.retry import RETRY, RetryPolicy, decide

PAGES = 3
ENDS = [*RETRY, Outcome.UNCERTAIN, Outcome.REMOTE_CANNOT_RECEIVE, Outcome.DELIVERED]
numbers = st.lists(st.sampled_from(["100", "200", "300"]), min_size=1, max_size=4)


class Books(RuleBasedStateMachine):
    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.store = open_store(Path(self.folder.name))
        self.now_us = NOW_US
        self.accepted: set[str] = set()
        self.on_line: list[Claim] = []
        self.confirmed: dict[str, int] = {}
        self.told: list[str] = []

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            self.folder.cleanup()

    @rule(to=numbers)
    def accept(self, to: list[str]) -> None:
        new = submission(self.store.new_id(Kind.MAIL), *(recipient(number) for number in to))
        jobs = self.store.accept(new, to, self.now_us).jobs
        assert {job.number for job in jobs} == set(to)
        assert len(jobs) == len(set(to))
        self.accepted |= {job.id for job in jobs}

    @rule(good=st.booleans())
    def render(self, good: bool) -> None:
        claimed = self.store.claim_render(self.now_us)
        if claimed is None:
            assert all(job.state is not JobState.RENDERING for job in self.store.jobs())
        elif good:
            self.store.set_document(claimed.id, document(PAGES), self.now_us)
        else:
            self.store.fail_submission(claimed.id, Outcome.UNREADABLE, "broken", (), self.now_us)

    @rule()
    def claim(self) -> None:
        claim = self.store.claim_job("west", self.now_us)
        if claim is not None:
            assert claim.job.number not in {other.job.number for other in self.on_line}
            assert claim.job.confirmed == self.confirmed.get(claim.job.id, NO_PAGES)
            self.on_line.append(claim)

    @precondition(lambda self: self.on_line)
    @rule(outcome=st.sampled_from(ENDS), more=st.frozensets(st.integers(1, PAGES)), times=st.integers(1, 2))
    def record(self, outcome: Outcome, more: PageSet, times: int) -> None:
        claim = self.on_line.pop(0)
        confirmed = more - claim.job.confirmed
        result = CallResult(outcome=outcome, confirmed=confirmed)
        decision = decide(claim.job, result, self.now_us, RetryPolicy())
        for _ in range(times):
            job = self.store.record_call(claim.call_id, claim.job.id, result, decision, self.now_us)
        self.confirmed[job.id] = claim.job.confirmed | confirmed
        assert (job.state is JobState.DELIVERED) == (len(self.confirmed[job.id]) == PAGES)

    @rule(pick=st.integers(0, 20))
    def cancel(self, pick: int) -> None:
        jobs = self.store.jobs()
        if jobs:
            job = jobs[pick % len(jobs)]
            free = job.state in {JobState.RENDERING, JobState.QUEUED}
            assert self.store.cancel(job.id, self.now_us) == free

    @rule(crash=st.booleans())
    def tell(self, crash: bool) -> None:
        untold = self.store.next_unnotified()
        if untold is not None and not crash:
            ids = [story.job.id for story in untold.stories]
            self.store.notified(ids, [mail()], self.now_us)
            self.told += ids

    @rule()
    def die(self) -> None:
        self.store.close()
        self.store = open_store(Path(self.folder.name))
        self.store.recover(self.now_us)
        self.on_line.clear()

    @rule(minutes=st.integers(1, 60))
    def wait(self, minutes: int) -> None:
        self.now_us += minutes * MINUTE_US

    @invariant()
    def books_balance(self) -> None:
        if not hasattr(self, "store"):
            return
        jobs = self.store.jobs()
        assert {job.id for job in jobs} == self.accepted
        assert len(self.told) == len(set(self.told))
        for job in jobs:
            steps = self.store.history(job.id)
            assert [step.became for step in steps[:-1]] == [step.was for step in steps[1:]]
            assert steps[-1].became == job.state
            assert job.state.final == (job.finished_us is not None)
            assert job.confirmed == self.confirmed.get(job.id, NO_PAGES)
            if job.state.final:
                assert job.outcome is not None
            if job.id in self.told:
                assert job.state.final
            if job.state is JobState.FAILED:
                assert job.outcome is not None
                assert job.outcome.disposition is not Disposition.DELIVERED


TestBooks = Books.TestCase
TestBooks.settings = settings(
    max_examples=15,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
