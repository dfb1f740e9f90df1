"""The schema of the store, as SQLAlchemy Core tables. `migrations` makes it; a test holds the two together.

Columns end in the unit they carry. Times are UTC microseconds. What is only ever read and written whole (a document's
pages, an account, notes) is one JSON column, checked against its dataclass when read.
"""

from enum import Enum, Flag

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    false,
    literal_column,
    text,
)

from mailfax.model.addressee import Addressee
from mailfax.model.document import Document, PartAccount
from mailfax.model.fax import ReceivedPage
from mailfax.model.job import JobState
from mailfax.model.line import LineState
from mailfax.model.options import SendOptions
from mailfax.model.outcome import Outcome
from mailfax.model.pageset import PageSet, page_ranges, read_page_ranges
from mailfax.model.plan import CallPlan, Priority
from mailfax.model.poll import PollRequest
from mailfax.model.post import PostState
from mailfax.model.quota import Limit
from mailfax.model.schedule import RunState
from mailfax.model.submission import Hold, Notify, Repeated
from mailfax.model.tariff import Tariff
from mailfax.model.telling import Telling
from mailfax.model.user import Role
from mailfax.spool.records import DeliveryKind, DeliveryState, RenderState
from mailfax.spool.windows import NEVER_US

REVISION = "0023"  # the newest migration


class _Word(TypeDecorator[Enum]):
    """A string enumeration, stored as its value."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: type[Enum]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: Enum | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else value.value

    def process_result_value(self, value: str | None, dialect: Dialect) -> Enum | None:  # noqa: ARG002
        return None if value is None else self.kind(value)


class _OutcomeCode(TypeDecorator[Outcome]):
    """An outcome, stored as its code."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Outcome | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else value.code

    def process_result_value(self, value: str | None, dialect: Dialect) -> Outcome | None:  # noqa: ARG002
        return None if value is None else Outcome.of(value)


class _Flags(TypeDecorator[Flag]):
    """A set of flags, stored as its number."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: Flag | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        return None if value is None else value.value

    def process_result_value(self, value: int | None, dialect: Dialect) -> Flag | None:  # noqa: ARG002
        return None if value is None else Notify(value)


class _Pages(TypeDecorator[PageSet]):
    """A set of pages, stored as `1-3, 5`."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: PageSet | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else page_ranges(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> PageSet | None:  # noqa: ARG002
        return None if value is None else read_page_ranges(value)


class _Json(TypeDecorator[object]):
    """A dataclass or a tuple of them, stored whole as JSON."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: object) -> None:
        super().__init__()
        self.kind = kind
        self._decoder = msgspec.json.Decoder(kind)

    def process_bind_param(self, value: object, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else msgspec.json.encode(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> object:  # noqa: ARG002
        return None if value is None else self._decoder.decode(value)


metadata = MetaData()

submissions = Table(
    "submissions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("received_us", BigInteger, nullable=False),
    Column("sender", Text, nullable=False),
    Column("client", Text, nullable=False),
    Column("identity", Text, nullable=False),
    Column("message_digest", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("subject", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("envid", Text, nullable=False),
    Column("return_full", Boolean, nullable=False),
    Column("state", _Word(RenderState), nullable=False),
    Column("owner", Text),
    Column("document", _Json(Document)),
    Column("account", _Json(tuple[PartAccount, ...]), nullable=False),
    Column("mail_gone_us", BigInteger),
    Column("pages_gone_us", BigInteger),
    Column("telling", _Json(Telling), nullable=False, server_default="{}"),
    Column("token", Text, nullable=False, server_default=""),
    Column("post", Text, nullable=False, server_default=""),
    Column("repeated", _Json(tuple[Repeated, ...]), nullable=False, server_default="[]"),
    Column("untold_us", BigInteger),
    Index("ix_submissions_state", "state", "id"),
    Index("ix_submissions_client", "client"),
)
# Whoever sent these waits to hear of them.
Index(
    "ix_submissions_untold",
    submissions.c.untold_us,
    submissions.c.id,
    sqlite_where=text("untold_us IS NOT NULL"),
    postgresql_where=text("untold_us IS NOT NULL"),
)
# The copies of one post to a mailing list.
Index(
    "ix_submissions_post",
    submissions.c.post,
    sqlite_where=text("post <> ''"),
    postgresql_where=text("post <> ''"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("submission_id", Text, ForeignKey("submissions.id"), nullable=False),
    Column("to_number", Text, nullable=False),
    Column("to_domain", Text, nullable=False),
    Column("to_subaddress", Text, nullable=False, server_default=""),
    Column("notify", _Flags, nullable=False),
    Column("orcpt", Text, nullable=False),
    Column("options", _Json(SendOptions), nullable=False, server_default="{}"),
    Column("addressee", _Json(Addressee), nullable=False, server_default="{}"),
    Column("number", Text, nullable=False),
    Column("tariff", _Json(Tariff), nullable=False, server_default="{}"),
    Column("minute_micro", BigInteger, nullable=False, server_default="0"),
    Column("call_micro", BigInteger, nullable=False, server_default="0"),
    Column("inside", Text, nullable=False, server_default=""),
    Column("state", _Word(JobState), nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("not_before_us", BigInteger, nullable=False),
    Column("pages", Integer),
    Column("confirmed", _Pages, nullable=False),
    Column("dials", Integer, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("outcome", _OutcomeCode),
    Column("line", Text, nullable=False),
    Column("call_place", Integer, nullable=False, server_default="0"),
    Column("poll", _Json(PollRequest)),
    Column("owner", Text),
    Column("finished_us", BigInteger),
    Column("notified_us", BigInteger),
    Column("notes", _Json(tuple[str, ...]), nullable=False),
    Column("node", Text, nullable=False, server_default=""),
    Column("hold", _Word(Hold)),
    Column("content_key", Text, nullable=False, server_default=""),
    Column("shown_us", BigInteger),
    Column("delay_told_us", BigInteger),
    Column("plan", _Json(CallPlan), nullable=False, server_default="{}"),
    Column("priority", _Word(Priority), nullable=False, server_default=Priority.NORMAL.value),
    Column("account", Text, nullable=False, server_default=""),
    Column("turn_us", BigInteger, nullable=False, server_default="0"),
    Column("closes_us", BigInteger, nullable=False, server_default=str(NEVER_US)),
    Column("wanted_us", BigInteger, nullable=False, server_default="0"),
    Index("ix_jobs_submission", "submission_id", "state"),
    Index("ix_jobs_account", "account", "state", "priority", "turn_us"),
)
# One call per destination at a time, kept by the database itself: every call has a job in its first place.
Index(
    "ux_jobs_on_line_number",
    jobs.c.number,
    jobs.c.call_place,
    unique=True,
    sqlite_where=text("state = 'on-line'"),
    postgresql_where=text("state = 'on-line'"),
)
# What quotas count as used beforehand.
Index(
    "ix_jobs_unfinished",
    jobs.c.submission_id,
    sqlite_where=text("finished_us IS NULL"),
    postgresql_where=text("finished_us IS NULL"),
)
# The queue in its order. Its condition is written out wherever it is asked: only so does a database see that this answers.
IS_QUEUED = jobs.c.state == literal_column(f"'{JobState.QUEUED}'")
_QUEUED = text("state = 'queued'")
Index("ix_jobs_due", jobs.c.turn_us, jobs.c.id, sqlite_where=_QUEUED, postgresql_where=_QUEUED)
# Jobs that keep to hours. Partial, so that nobody takes it for the order of the queue.
HAS_HOURS = text(f"closes_us < {NEVER_US}")
Index("ix_jobs_closing", jobs.c.state, jobs.c.closes_us, sqlite_where=HAS_HOURS, postgresql_where=HAS_HOURS)
# Whether a mail came before.
Index(
    "ix_jobs_content",
    jobs.c.content_key,
    jobs.c.created_us,
    sqlite_where=text("content_key <> ''"),
    postgresql_where=text("content_key <> ''"),
)
# Somebody still waits to see these.
Index(
    "ix_jobs_unshown",
    jobs.c.state,
    jobs.c.id,
    sqlite_where=text("state = 'held' AND shown_us IS NULL"),
    postgresql_where=text("state = 'held' AND shown_us IS NULL"),
)

# What waits for the turn of its list.
Index(
    "ix_jobs_listed",
    jobs.c.submission_id,
    jobs.c.not_before_us,
    jobs.c.id,
    sqlite_where=text("state = 'listed'"),
    postgresql_where=text("state = 'listed'"),
)

posts = Table(
    "posts",
    metadata,
    Column("id", Text, ForeignKey("submissions.id"), primary_key=True),
    Column("list_name", Text, nullable=False),
    Column("state", _Word(PostState), nullable=False),
    Column("plan_digest", Text, nullable=False),
    Column("members", Integer, nullable=False),
    Column("gathered", Integer, nullable=False),
    Column("moderated", Boolean, nullable=False),
    Column("paused", Boolean, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("content_key", Text, nullable=False, server_default=""),
    Column("asked_us", BigInteger),
    Column("finished_us", BigInteger),
    Index("ix_posts_state", "state", "id"),
    Index("ix_posts_list", "list_name", "id"),
)

runs = Table(
    "runs",
    metadata,
    Column("name", Text, primary_key=True),
    Column("due_us", BigInteger, primary_key=True),
    Column("state", _Word(RunState), nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("note", Text, nullable=False),
    Column("by_hand", Boolean, nullable=False),
)

optouts = Table(
    "optouts",
    metadata,
    Column("number", Text, primary_key=True),
    Column("list_name", Text, primary_key=True),
    Column("since_us", BigInteger, nullable=False),
    Column("why", Text, nullable=False),
)

recipients = Table(
    "recipients",
    metadata,
    Column("submission_id", Text, ForeignKey("submissions.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("number", Text, nullable=False),
    Column("domain", Text, nullable=False),
    Column("subaddress", Text, nullable=False, server_default=""),
    Column("notify", _Flags, nullable=False),
    Column("orcpt", Text, nullable=False),
    Column("options", _Json(SendOptions), nullable=False, server_default="{}"),
    Column("addressee", _Json(Addressee), nullable=False, server_default="{}"),
    Column("hold", _Word(Hold)),
    Column("job_id", Text, ForeignKey("jobs.id"), nullable=False),
)

attempts = Table(
    "attempts",
    metadata,
    Column("call_id", Text, primary_key=True),
    Column("job_id", Text, ForeignKey("jobs.id"), primary_key=True),
    Column("line", Text, nullable=False),
    Column("started_us", BigInteger, nullable=False),
    Column("finished_us", BigInteger),
    Column("outcome", _OutcomeCode),
    Column("confirmed", _Pages, nullable=False),
    Column("passed_over", _Pages, nullable=False),
    Column("unconfirmed_page", Integer),
    Column("station_id", Text, nullable=False),
    Column("modulation", Text, nullable=False),
    Column("bit_rate", Integer, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("detail", Text, nullable=False),
    Column("node", Text, nullable=False, server_default=""),
    Column("dialled_us", BigInteger),
    Column("guessed", Boolean, nullable=False, server_default=false()),
    Index("ix_attempts_job", "job_id", "call_id"),
)

faxes = Table(
    "faxes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("call_id", Text, nullable=False),
    Column("line", Text, nullable=False),
    Column("called", Text, nullable=False),
    Column("caller", Text, nullable=False),
    Column("caller_name", Text, nullable=False),
    Column("station_id", Text, nullable=False),
    Column("started_us", BigInteger, nullable=False),
    Column("finished_us", BigInteger, nullable=False),
    Column("outcome", _OutcomeCode, nullable=False),
    Column("pages", _Json(tuple[ReceivedPage, ...]), nullable=False),
    Column("seconds_on_line", Float, nullable=False),
    Column("bit_rate", Integer, nullable=False),
    Column("routed_us", BigInteger),
    Column("document", Integer, nullable=False, server_default="0"),
    Column("subaddress", Text, nullable=False, server_default=""),
    Column("sender_id", Text, nullable=False, server_default=""),
    Column("mailbox", Text, nullable=False, server_default=""),
    Column("pages_gone_us", BigInteger),
    Index("ux_faxes_call", "call_id", "document", unique=True),
    Index("ix_faxes_unrouted", "routed_us", "id"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", _Word(DeliveryKind), nullable=False),
    Column("recipient", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("message_digest", Text, nullable=False),
    Column("submission_id", Text, ForeignKey("submissions.id")),
    Column("fax_id", Text, ForeignKey("faxes.id")),
    Column("state", _Word(DeliveryState), nullable=False),
    Column("owner", Text),
    Column("created_us", BigInteger, nullable=False),
    Column("not_before_us", BigInteger, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("detail", Text, nullable=False),
    Column("finished_us", BigInteger),
    Column("mail_gone_us", BigInteger),
    Index("ix_deliveries_due", "state", "not_before_us", "id"),
    Index("ix_deliveries_fax", "fax_id"),
    Index("ix_deliveries_submission", "submission_id"),
)

lines = Table(
    "lines",
    metadata,
    Column("node", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("state", _Word(LineState), nullable=False),
    Column("since_us", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("faults", Integer, nullable=False),
    Column("released_us", BigInteger, nullable=False),
    Column("owner", Text, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("name", Text, primary_key=True),
    Column("password_hash", Text, nullable=False),
    Column("scram_keys", Text, nullable=False, server_default=""),
    Column("addresses", _Json(tuple[str, ...]), nullable=False),
    Column("groups", _Json(tuple[str, ...]), nullable=False),
    Column("station_id", Text, nullable=False),
    Column("header_name", Text, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("telling", _Json(Telling), nullable=False, server_default="{}"),
    Column("created_us", BigInteger, nullable=False),
    Column("mailbox", Text, nullable=False, server_default=""),
    Column("numbers", _Json(tuple[str, ...]), nullable=False, server_default="[]"),
    Column("roles", _Json(tuple[Role, ...]), nullable=False, server_default='["user"]'),
    Column("quota", _Json(tuple[Limit, ...]), nullable=False, server_default="[]"),
    Column("cover", Text, nullable=False, server_default=""),
)

aliases = Table(
    "aliases",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("number", Text, nullable=False),
    Column("addressee", _Json(Addressee), nullable=False),
)

ledger = Table(
    "ledger",
    metadata,
    Column("call_id", Text, primary_key=True),
    Column("job_id", Text, primary_key=True),
    Column("at_us", BigInteger, nullable=False),
    Column("identity", Text, nullable=False),
    Column("domain", Text, nullable=False),
    Column("line", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("country", Text, nullable=False),
    Column("billing", Text, nullable=False),
    Column("pages", Integer, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("calls", Integer, nullable=False),
    Column("cost_micro", BigInteger, nullable=False),
    Column("guessed", Boolean, nullable=False),
    Index("ix_ledger_at", "at_us"),
    Index("ix_ledger_identity", "identity", "at_us"),
)

marks = Table(
    "marks",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("at_us", BigInteger, nullable=False),
    Column("why", Text, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", Text, primary_key=True),
    Column("user", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("secret_hash", Text, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("expires_us", BigInteger),
    Column("uses_left", Integer),
    Column("used_us", BigInteger),
    Index("ux_tokens_secret", "secret_hash", unique=True),
)

seen_proofs = Table(
    "seen_proofs",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("at_us", BigInteger, nullable=False),
    Index("ix_seen_proofs_at", "at_us"),
)

offers = Table(
    "offers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("selector", Text, nullable=False),
    Column("password", Text, nullable=False),
    Column("document", _Json(Document), nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Index("ux_offers_selector", "selector", unique=True),
)

transitions = Table(
    "transitions",
    metadata,
    # SQLite counts by itself only what is called INTEGER, and those have 64 bits there.
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("subject", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("was", Text, nullable=False),
    Column("became", Text, nullable=False),
    Column("why", Text, nullable=False),
    Index("ix_transitions_subject", "subject", "number"),
)

# Gateways that share this database. Their times are the database's own.
nodes = Table(
    "nodes",
    metadata,
    Column("name", Text, primary_key=True),
    Column("spool_id", Text, nullable=False),
    Column("since_us", BigInteger, nullable=False),
    Column("lease_until_us", BigInteger, nullable=False),
)

# Mails and pages, where the gateways have no folder in common.
blobs = Table(
    "blobs",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("octets", LargeBinary, nullable=False),
    Column("put_us", BigInteger, nullable=False),
)
