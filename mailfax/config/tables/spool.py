"""Where the queue is and what is kept on disk: tables of the configuration file."""

from pathlib import Path
from typing import Annotated

from msgspec import Meta

from mailfax.config.tables.section import Section


class Spool(Section, frozen=True, kw_only=True):
    """[spool]: where the queue is, and what is kept on disk."""

    reserve_mb: Annotated[
        int, Meta(description="Free space below which no mail and no call is taken, in MB.", ge=0)
    ] = 200
    database: Annotated[
        str,
        Meta(
            description="PostgreSQL database that several gateways share, as postgresql://USER@HOST/DATABASE, without a password; empty is "
            "SQLite in `data_dir`, for one gateway alone. Needs `mailfax[postgres]`. Each gateway has a `data_dir` of its own."
        ),
    ] = ""
    password_file: Annotated[
        Path | None, Meta(description="File that holds the password of `database` and nothing else.")
    ] = None
    node: Annotated[
        str,
        Meta(
            description="Name of this gateway among those that share `database`, of small letters, digits, - and _; empty is the host's.",
            pattern="^[a-z0-9_-]{0,40}$",
        ),
    ] = ""
    pages_folder: Annotated[
        Path | None,
        Meta(
            description="Folder that all gateways of `database` have in common, for mails and pages; without one they lie in the database."
        ),
    ] = None
    lease_s: Annotated[
        float,
        Meta(
            description="Seconds without a word after which another gateway is taken for dead: what it had claimed and not begun is done here.",
            ge=0.5,
            le=3600,
        ),
    ] = 30.0
    lost_after_min: Annotated[
        float,
        Meta(
            description="Minutes after that for which its calls are waited for; then they are called uncertain, and their senders told.",
            ge=0,
        ),
    ] = 30.0
