"""What is kept on disk: tables of the configuration file."""

from typing import Annotated

from msgspec import Meta

from mailfax.config.tables.section import Section


class Spool(Section, frozen=True, kw_only=True):
    """[spool]: what is kept on disk."""

    reserve_mb: Annotated[
        int, Meta(description="Free space below which no mail and no call is taken, in MB.", ge=0)
    ] = 200
