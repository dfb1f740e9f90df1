"""When the content of a finished mail or fax was removed; its records stay longer."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("submissions", sa.Column("mail_gone_us", sa.BigInteger()))
    op.add_column("submissions", sa.Column("pages_gone_us", sa.BigInteger()))
    op.add_column("faxes", sa.Column("pages_gone_us", sa.BigInteger()))
    op.add_column("deliveries", sa.Column("mail_gone_us", sa.BigInteger()))
