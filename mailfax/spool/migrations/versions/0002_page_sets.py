"""Confirmed pages as a set (`1-3, 5`) in place of a count, since a page in the middle may be the one that is missing."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("jobs", "attempts"):
        op.add_column(table, sa.Column("confirmed", sa.Text(), nullable=False, server_default=""))
    # Until now the pages of a job were confirmed from its first on. Of an earlier call only their number was kept.
    for name in ("jobs", "attempts"):
        rows = sa.table(name, sa.column("confirmed_pages", sa.Integer()), sa.column("confirmed", sa.Text()))
        count = rows.c.confirmed_pages
        run = sa.literal("1-").concat(sa.cast(count, sa.Text))
        op.execute(rows.update().values(confirmed=sa.case((count == 0, ""), (count == 1, "1"), else_=run)))
        op.drop_column(name, "confirmed_pages")
    op.add_column("attempts", sa.Column("passed_over", sa.Text(), nullable=False, server_default=""))
