"""Tokens that prove who sends, and the signatures that were seen."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tokens",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("expires_us", sa.BigInteger()),
        sa.Column("uses_left", sa.Integer()),
        sa.Column("used_us", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ux_tokens_secret", "tokens", ["secret_hash"], unique=True)
    op.create_table(
        "seen_proofs",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index("ix_seen_proofs_at", "seen_proofs", ["at_us"])
