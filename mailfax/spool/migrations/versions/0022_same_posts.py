"""The same mail to a list twice is one post."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("posts", sa.Column("content_key", sa.Text(), server_default="", nullable=False))
