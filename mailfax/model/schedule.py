"""A run of a schedule: what came of one of its occurrences."""

from dataclasses import dataclass
from enum import StrEnum


class RunState(StrEnum):
    """Where a run is. STARTED is gone on with after a crash; SKIPPED was missed, and the policy says that it stays so. KNOWN is when the schedule was first seen."""

    KNOWN = "known"
    STARTED = "started"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class ScheduleRun:
    """One run: of which schedule, for which occurrence (`due_us`), what came of it in words. `by_hand` runs are beside the calendar."""

    name: str
    due_us: int
    state: RunState
    at_us: int
    note: str = ""
    by_hand: bool = False
