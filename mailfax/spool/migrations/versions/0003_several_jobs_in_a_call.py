"""Several documents in a call: an attempt belongs to a call and a job, a job has a place in its call, and so has a received fax."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ON_LINE = sa.text("state = 'on-line'")


def upgrade() -> None:
    op.add_column("jobs", sa.Column("call_place", sa.Integer(), nullable=False, server_default="0"))
    op.drop_index("ux_jobs_on_line_number", table_name="jobs")
    op.create_index(
        "ux_jobs_on_line_number",
        "jobs",
        ["number", "call_place"],
        unique=True,
        sqlite_where=_ON_LINE,
        postgresql_where=_ON_LINE,
    )
    _attempts()
    op.add_column("faxes", sa.Column("document", sa.Integer(), nullable=False, server_default="0"))
    op.drop_index("ux_faxes_call", table_name="faxes")
    op.create_index("ux_faxes_call", "faxes", ["call_id", "document"], unique=True)


def _attempts() -> None:
    """Make the table again: SQLite cannot change a primary key."""
    op.drop_index("ix_attempts_job", table_name="attempts")
    op.rename_table("attempts", "attempts_0002")
    op.create_table(
        "attempts",
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("job_id", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("started_us", sa.BigInteger(), nullable=False),
        sa.Column("finished_us", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("confirmed", sa.Text(), nullable=False),
        sa.Column("passed_over", sa.Text(), nullable=False),
        sa.Column("unconfirmed_page", sa.Integer(), nullable=True),
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("modulation", sa.Text(), nullable=False),
        sa.Column("bit_rate", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"]),
        sa.PrimaryKeyConstraint("call_id", "job_id"),
    )
    op.create_index("ix_attempts_job", "attempts", ["job_id", "call_id"], unique=False)
    op.execute(
        "INSERT INTO attempts (call_id, job_id, line, started_us, finished_us, outcome, confirmed, passed_over, "
        "unconfirmed_page, station_id, modulation, bit_rate, seconds, detail) "
        "SELECT call_id, job_id, line, started_us, finished_us, outcome, confirmed, passed_over, "
        "unconfirmed_page, station_id, modulation, bit_rate, seconds, detail FROM attempts_0002"
    )
    op.drop_table("attempts_0002")
