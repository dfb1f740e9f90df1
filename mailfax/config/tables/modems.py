"""What holds for all modems: tables of the configuration file."""

from pathlib import Path
from typing import Annotated

from msgspec import Meta

from mailfax.config.tables.section import Section


class Modems(Section, frozen=True, kw_only=True):
    """[modems]: what all modems share, and how failing lines are met."""

    profiles: Annotated[
        Path | None, Meta(description="Folder of profiles of your own; they come before those of mailfax.")
    ] = None
    lock_folder: Annotated[
        Path | None,
        Meta(
            description="Folder of lock files (LCK..ttyUSB0) by which programs tell each other who has a serial device; "
            "one whose process is gone counts for nothing."
        ),
    ] = Path("/run/lock")
    quarantine_after: Annotated[
        int,
        Meta(
            description="Faults of a line, without a good call between them, after which it is set aside with an alarm in the log. "
            "A device that is unplugged, or that another program has, is no fault: the line comes back when it does.",
            ge=1,
        ),
    ] = 5
    quarantine_min: Annotated[
        int,
        Meta(
            description="Minutes after which a line that was set aside is tried once more; 0: only after "
            "`mailfax line release NAME`.",
            ge=0,
        ),
    ] = 60
