"""Values that only the spool and its callers know: claims, attempts, deliveries, transitions, and the states beside JobState."""

from dataclasses import dataclass
from enum import StrEnum

from mailfax.model.call import CallResult
from mailfax.model.document import Document, PartAccount
from mailfax.model.job import Job
from mailfax.model.submission import Repeated, Submission


class RenderState(StrEnum):
    """Where a submission is on its way to a document. UNNEEDED: every job was cancelled before a render began."""

    WAITING = "waiting"
    RENDERING = "rendering"
    RENDERED = "rendered"
    FAILED = "failed"
    UNNEEDED = "unneeded"


class DeliveryKind(StrEnum):
    """What goes out: a mail with a received fax, with word to a sender about his, or to the administrator; or word to a program."""

    FAX = "fax"
    NOTICE = "notice"
    ALARM = "alarm"
    HOOK = "hook"  # its recipient is the name of a webhook in the configuration


class DeliveryState(StrEnum):
    """Where a mail going out is."""

    WAITING = "waiting"
    SENDING = "sending"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class ClaimedJob:
    """A job given to a line, with all that sending it needs."""

    job: Job
    document: Document
    submission: Submission


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A call that a line is to make: jobs for one number, in the order in which they go out. Their attempts are committed."""

    call_id: str
    parts: tuple[ClaimedJob, ...]

    @property
    def job(self) -> Job:
        """Return the job that the call is made for; others only go with it."""
        return self.parts[0].job


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """How much one call may take: jobs, and pages in all. The first job is taken whatever its length."""

    max_jobs: int = 20
    max_pages: int = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """What a line may take, and what it leaves to others.

    `domains` (in small letters) are those whose jobs it may send; None is all. Of the lines of its `group` that are up, at least
    `keep_free` are not sending. Between two dials of any lines `stagger_s` pass. Lines are those of one gateway, `node`. Without `subaddresses` the line cannot send one, so
    it leaves what is for one; without `fetches` it leaves what is to fetch a document.
    """

    domains: tuple[str, ...] | None = None
    group: tuple[str, ...] = ()
    keep_free: int = 0
    stagger_s: float = 0.0
    subaddresses: bool = True
    fetches: bool = True
    node: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """One call of a job; `result` is None while it is on the line. `node` is the gateway, where several share the queue."""

    call_id: str
    job_id: str
    line: str
    started_us: int
    finished_us: int | None
    result: CallResult | None
    node: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class JobStory:
    """A job with every call that was made for it, oldest first, and the account of the mail with the pages of its fax."""

    job: Job
    attempts: tuple[Attempt, ...]
    account: tuple[PartAccount, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """What became of a mail at the door: its jobs, and the recipients who had it already, by another mail.

    Where all had it, there are no jobs, and `submission_id` is that of the earlier mail. `unsaid` are those of `repeated` of whose
    fax the report has gone out already, so that it could not say that the mail came again.
    """

    submission_id: str
    jobs: tuple[Job, ...]
    repeated: tuple[Repeated, ...] = ()
    unsaid: tuple[Repeated, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Unnotified:
    """What a sender is still to be told: the finished jobs of one submission, and what became of each part of the mail.

    Of a post to a mailing list: those of all its copies; `submission` is the first of them.
    """

    submission: Submission
    stories: tuple[JobStory, ...]
    account: tuple[PartAccount, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Wait:
    """A fax that is over a quota: it waits until then, or fails where that is None. `why` is a sentence, `resets` the time for people."""

    until_us: int | None
    why: str
    resets: str


@dataclass(frozen=True, kw_only=True, slots=True)
class LedgerRow:
    """What one call used for one fax. Money is in millionths of the currency's unit."""

    call_id: str
    job_id: str
    at_us: int
    identity: str
    domain: str
    line: str
    kind: str
    country: str
    billing: str
    pages: int
    seconds: float
    calls: int
    cost_micro: int


@dataclass(frozen=True, kw_only=True, slots=True)
class NewDelivery:
    """A mail to be sent: its blob is on disk. `sender` is the envelope sender, empty for the null path."""

    kind: DeliveryKind
    recipient: str
    sender: str
    message_digest: str
    submission_id: str | None = None
    fax_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """A mail on its way, or a message to a webhook. `detail` is the last thing the mail server said; `tries` counts the one that was claimed."""

    id: str
    kind: DeliveryKind
    recipient: str
    sender: str
    message_digest: str
    submission_id: str | None
    fax_id: str | None
    state: DeliveryState
    created_us: int
    not_before_us: int
    tries: int
    detail: str
    finished_us: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Transition:
    """One line of the log: what `subject` (any id) was, what it became, and why."""

    subject: str
    at_us: int
    was: str
    became: str
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CallUnderWay:
    """A call that is not finished, and whose it is. `dialled` is known only where several gateways share the queue."""

    call_id: str
    line: str
    owner: str
    dialled: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Recovered:
    """What dead processes had claimed and recovery gave back."""

    renders: int
    jobs: int
    deliveries: int


@dataclass(frozen=True, kw_only=True, slots=True)
class NodeStatus:
    """A gateway that shares the database: since when it is known, and until when it need not be heard of to be taken for alive."""

    name: str
    since_us: int
    lease_until_us: int
    alive: bool
