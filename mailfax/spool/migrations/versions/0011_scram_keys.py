"""Keys of SCRAM beside the hash of a user's password; of a password that was set before they are made when it is next used."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("scram_keys", sa.Text(), nullable=False, server_default=""))
