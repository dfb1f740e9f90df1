"""Subaddresses: of recipients and their jobs, and of received faxes, with what their senders called themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_NEW = (("jobs", "to_subaddress"), ("recipients", "subaddress"), ("faxes", "subaddress"), ("faxes", "sender_id"))


def upgrade() -> None:
    for table, column in _NEW:
        op.add_column(table, sa.Column(column, sa.Text(), nullable=False, server_default=""))
