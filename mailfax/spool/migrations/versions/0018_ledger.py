"""What was used by each call, what it cost, and the marks of quotas and the breaker."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ledger",
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("job_id", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("billing", sa.Text(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("cost_micro", sa.BigInteger(), nullable=False),
        sa.Column("guessed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("call_id", "job_id"),
    )
    op.create_index("ix_ledger_at", "ledger", ["at_us"])
    op.create_index("ix_ledger_identity", "ledger", ["identity", "at_us"])
    op.create_table(
        "marks",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("subject"),
    )
    unfinished = sa.text("finished_us IS NULL")
    op.create_index(
        "ix_jobs_unfinished", "jobs", ["submission_id"], sqlite_where=unfinished, postgresql_where=unfinished
    )
    op.add_column("jobs", sa.Column("tariff", sa.Text(), server_default="{}", nullable=False))
    op.add_column("jobs", sa.Column("minute_micro", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("jobs", sa.Column("call_micro", sa.BigInteger(), server_default="0", nullable=False))
