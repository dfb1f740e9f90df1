"""What senders are told and how; faxes that are held; mails that come again."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def _text(name: str, default: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default=default, nullable=False)


def upgrade() -> None:
    op.add_column("submissions", _text("telling", "{}"))
    op.add_column("submissions", _text("token", ""))
    op.add_column("submissions", _text("post", ""))
    op.add_column("submissions", _text("repeated", "[]"))
    op.add_column("submissions", sa.Column("untold_us", sa.BigInteger()))
    op.create_index(
        "ix_submissions_post",
        "submissions",
        ["post"],
        sqlite_where=sa.text("post <> ''"),
        postgresql_where=sa.text("post <> ''"),
    )
    op.add_column("recipients", sa.Column("hold", sa.Text()))
    op.add_column("jobs", sa.Column("hold", sa.Text()))
    op.add_column("jobs", _text("content_key", ""))
    op.add_column("jobs", sa.Column("shown_us", sa.BigInteger()))
    op.add_column("jobs", sa.Column("delay_told_us", sa.BigInteger()))
    op.create_index(
        "ix_jobs_content",
        "jobs",
        ["content_key", "created_us"],
        sqlite_where=sa.text("content_key <> ''"),
        postgresql_where=sa.text("content_key <> ''"),
    )
    op.create_index(
        "ix_jobs_unshown",
        "jobs",
        ["state", "id"],
        sqlite_where=sa.text("state = 'held' AND shown_us IS NULL"),
        postgresql_where=sa.text("state = 'held' AND shown_us IS NULL"),
    )
    op.add_column("users", _text("telling", "{}"))
    op.execute(
        "UPDATE submissions SET untold_us = received_us WHERE id IN "
        "(SELECT submission_id FROM jobs WHERE finished_us IS NOT NULL AND notified_us IS NULL)"
    )
    op.drop_index("ix_jobs_unnotified", "jobs")
    op.create_index(
        "ix_submissions_untold",
        "submissions",
        ["untold_us", "id"],
        sqlite_where=sa.text("untold_us IS NOT NULL"),
        postgresql_where=sa.text("untold_us IS NOT NULL"),
    )
