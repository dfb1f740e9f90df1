"""A Post: one document for the many members of a list. Its faxes are jobs of one submission, sent a few at a time."""

from dataclasses import dataclass
from enum import StrEnum


class PostState(StrEnum):
    """Where a post is. GATHERING writes its faxes down, HELD waits for a moderator, RUNNING sends, DONE has been reported."""

    GATHERING = "gathering"
    HELD = "held"
    RUNNING = "running"
    DONE = "done"


@dataclass(frozen=True, kw_only=True, slots=True)
class Post:
    """One post; `id` is that of its submission, `list_name` the list in the configuration.

    `plan_digest` names the blob that says who its members are, as they were when it was accepted; the first `gathered` of these
    `members` have jobs. While it is paused nothing of it is dialled. `asked_us` is when its
    moderators were asked; posts with the same `content_key` are of the same mail.
    """

    id: str
    list_name: str
    state: PostState
    plan_digest: str
    members: int
    gathered: int
    moderated: bool
    paused: bool
    created_us: int
    content_key: str = ""
    asked_us: int | None = None
    finished_us: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class OptOut:
    """A number that wants no faxes of a list, or of any where `list_name` is empty. `number` is in canonical form."""

    number: str
    list_name: str
    since_us: int
    why: str
