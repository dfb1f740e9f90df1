"""Posts to lists, and numbers that want none."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "posts",
        sa.Column("id", sa.Text(), sa.ForeignKey("submissions.id"), nullable=False),
        sa.Column("list_name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("plan_digest", sa.Text(), nullable=False),
        sa.Column("members", sa.Integer(), nullable=False),
        sa.Column("gathered", sa.Integer(), nullable=False),
        sa.Column("moderated", sa.Boolean(), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("asked_us", sa.BigInteger()),
        sa.Column("finished_us", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_posts_state", "posts", ["state", "id"])
    op.create_index("ix_posts_list", "posts", ["list_name", "id"])
    op.create_table(
        "optouts",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("list_name", sa.Text(), nullable=False),
        sa.Column("since_us", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", "list_name"),
    )
    op.drop_index("ix_jobs_submission", "jobs")
    op.create_index("ix_jobs_submission", "jobs", ["submission_id", "state"])
    listed = sa.text("state = 'listed'")
    op.create_index(
        "ix_jobs_listed",
        "jobs",
        ["submission_id", "not_before_us", "id"],
        sqlite_where=listed,
        postgresql_where=listed,
    )
