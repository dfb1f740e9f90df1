"""A Job: one submission for one number, and the states it can be in."""

from dataclasses import dataclass
from enum import StrEnum

from mailfax.model.outcome import Outcome
from mailfax.model.pageset import NO_PAGES, PageSet
from mailfax.model.plan import ANY_TIME, CallPlan
from mailfax.model.poll import PollRequest
from mailfax.model.submission import Recipient


class JobState(StrEnum):
    """Where a job is.

    RENDERING waits for the document, HELD for somebody's word, LISTED for the turn of its list, QUEUED for a line (perhaps not before `not_before_us`).
    """

    RENDERING = "rendering"
    HELD = "held"
    QUEUED = "queued"
    LISTED = "listed"
    ON_LINE = "on-line"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Say whether nothing more will be done for the job."""
        return self in {JobState.DELIVERED, JobState.FAILED, JobState.UNCERTAIN, JobState.CANCELLED}


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One row of the queue. `confirmed` are the pages heard confirmed so far; the next call sends the others.

    With `poll` it fetches a document instead of sending one, for the mailbox that its submission is from.
    """

    id: str
    submission_id: str
    recipient: Recipient
    number: str
    state: JobState
    created_us: int
    not_before_us: int
    pages: int | None = None
    confirmed: PageSet = NO_PAGES
    dials: int = 0
    tries: int = 0
    outcome: Outcome | None = None
    line: str = ""
    finished_us: int | None = None
    notes: tuple[str, ...] = ()
    poll: PollRequest | None = None
    plan: CallPlan = ANY_TIME

    @property
    def inside(self) -> str:
        """Return the number of our own that it is for, so that it goes there without a call; or nothing."""
        return self.recipient.inside

    @property
    def confirmed_pages(self) -> int:
        """Count the pages that were confirmed."""
        return len(self.confirmed)
