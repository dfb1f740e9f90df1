"""Who we are to the far machine: tables of the configuration file."""

from typing import Annotated

from msgspec import Meta

from mailfax.config.tables.section import Section


class Identity(Section, frozen=True, kw_only=True):
    """[identity]: who we are to the far machine."""

    station_id: Annotated[
        str, Meta(description="Our number as the far machine shows it (TSI, CSI), up to 20 characters.", max_length=20)
    ] = ""
    name: Annotated[str, Meta(description="Our name in the header line of each page.")] = "mailfax"
    time_zone: Annotated[
        str,
        Meta(
            description="Time zone of header lines and reports, for example Europe/Berlin; empty is that of this machine."
        ),
    ] = ""
