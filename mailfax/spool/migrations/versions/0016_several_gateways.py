"""Several gateways on one database: whose a call and a line is, who is alive, and mails and pages as rows."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "nodes",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("spool_id", sa.Text(), nullable=False),
        sa.Column("since_us", sa.BigInteger(), nullable=False),
        sa.Column("lease_until_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "blobs",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("octets", sa.LargeBinary(), nullable=False),
        sa.Column("put_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    for table in ("jobs", "attempts"):
        op.add_column(table, sa.Column("node", sa.Text(), nullable=False, server_default=""))
    op.add_column("attempts", sa.Column("dialled_us", sa.BigInteger(), nullable=True))
    op.add_column("attempts", sa.Column("guessed", sa.Boolean(), nullable=False, server_default=sa.false()))
    _lines()
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("transitions", "number", type_=sa.BigInteger())


def _lines() -> None:
    """Make the table again: SQLite cannot change a primary key."""
    op.rename_table("lines", "lines_0015")
    op.create_table(
        "lines",
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("since_us", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("faults", sa.Integer(), nullable=False),
        sa.Column("released_us", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("node", "name"),
    )
    op.execute(
        "INSERT INTO lines (node, name, state, since_us, reason, faults, released_us, owner) "
        "SELECT '', name, state, since_us, reason, faults, released_us, owner FROM lines_0015"
    )
    op.drop_table("lines_0015")
