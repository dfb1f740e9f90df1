"""Address books, and for whom at the far machine a fax is."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "aliases",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("addressee", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "name"),
    )
    for table in ("recipients", "jobs"):
        op.add_column(table, sa.Column("addressee", sa.Text(), server_default="{}", nullable=False))
