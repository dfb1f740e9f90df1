"""Jobs that fetch a document instead of sending one, and the mailbox that a fetched fax is for."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("poll", sa.Text(), nullable=True))
    op.add_column("faxes", sa.Column("mailbox", sa.Text(), nullable=False, server_default=""))
