"""When a fax is to be called and how much it matters: what its sender asked, and what the administrator set. Kept with each job."""

from dataclasses import dataclass
from enum import StrEnum


class Priority(StrEnum):
    """Who goes first: high before all that waits, low after what others sent in the last hour."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


@dataclass(frozen=True, kw_only=True, slots=True)
class CallPlan:
    """Times are UTC microseconds. Calls are made within `hours` (as `model.hours` reads them) of all `zones` at once.

    Not before `send_at_us`, and not after `not_after_us`: a fax that is not sent by then is given up. Without hours any time will do.
    """

    priority: Priority = Priority.NORMAL
    send_at_us: int | None = None
    not_after_us: int | None = None
    hours: str = ""
    zones: tuple[str, ...] = ()


ANY_TIME = CallPlan()
