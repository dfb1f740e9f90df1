"""What is asked of one recipient's fax, beside the recipient and on the job."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("recipients", "jobs"):
        op.add_column(table, sa.Column("options", sa.Text(), server_default="{}", nullable=False))
