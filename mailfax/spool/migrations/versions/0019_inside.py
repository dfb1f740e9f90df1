"""Faxes for numbers of our own, which need no call."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("inside", sa.Text(), server_default="", nullable=False))
