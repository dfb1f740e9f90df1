"""When a job may be called, for whom it is, and whose turn it is."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

NEVER_US = 2**62


def upgrade() -> None:
    for name, kind, default in (
        ("plan", sa.Text(), "{}"),
        ("priority", sa.Text(), "normal"),
        ("account", sa.Text(), ""),
        ("turn_us", sa.BigInteger(), "0"),
        ("closes_us", sa.BigInteger(), str(NEVER_US)),
        ("wanted_us", sa.BigInteger(), "0"),
    ):
        op.add_column("jobs", sa.Column(name, kind, nullable=False, server_default=default))
    jobs = sa.table(
        "jobs",
        *(
            sa.column(name)
            for name in ("submission_id", "not_before_us", "created_us", "turn_us", "wanted_us", "account")
        ),
    )
    mails = sa.table("submissions", sa.column("id"), sa.column("identity"), sa.column("sender"))
    account = sa.case((mails.c.identity != "", mails.c.identity), else_=mails.c.sender)
    whose = sa.select(account).where(mails.c.id == jobs.c.submission_id).scalar_subquery()
    op.execute(
        jobs.update().values(
            turn_us=jobs.c.not_before_us, wanted_us=jobs.c.created_us, account=sa.func.coalesce(whose, "")
        )
    )
    op.drop_index("ix_jobs_due", table_name="jobs")
    queued = sa.text("state = 'queued'")
    op.create_index(
        "ix_jobs_due", "jobs", ["turn_us", "id"], unique=False, sqlite_where=queued, postgresql_where=queued
    )
    has_hours = sa.text(f"closes_us < {NEVER_US}")
    op.create_index(
        "ix_jobs_closing",
        "jobs",
        ["state", "closes_us"],
        unique=False,
        sqlite_where=has_hours,
        postgresql_where=has_hours,
    )
    op.create_index("ix_jobs_account", "jobs", ["account", "state", "priority", "turn_us"], unique=False)
