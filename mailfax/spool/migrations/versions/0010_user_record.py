"""The whole user record: mailbox, own numbers, roles, quota, cover."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name, default in (("mailbox", ""), ("numbers", "[]"), ("roles", '["user"]'), ("quota", "[]"), ("cover", "")):
        op.add_column("users", sa.Column(name, sa.Text(), server_default=default, nullable=False))
