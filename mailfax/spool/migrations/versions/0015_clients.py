"""An index of the clients of mails: whether one that was fetched from a mailbox was taken before."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_submissions_client", "submissions", ["client"])
