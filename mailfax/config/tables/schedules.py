"""Documents that are faxed on a calendar: tables of the configuration file."""

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from mailfax.config.tables.section import Section


class Schedule(Section, frozen=True, kw_only=True):
    """[schedules.NAME]: documents that are faxed on a calendar. One of `folder`, `file` and `command` says what."""

    rule: Annotated[
        str,
        Meta(
            description="When, as an RRULE of RFC 5545: `FREQ=WEEKLY;BYDAY=MO;BYHOUR=8;BYMINUTE=0`. Seconds and minutes are no FREQ."
        ),
    ]
    to: Annotated[tuple[str, ...], Meta(description="Numbers or addresses, or the name of one list.", min_length=1)]
    user: Annotated[
        str,
        Meta(
            description="User (`mailfax user add`) in whose name it is faxed: what he may do, and what far machines see of him."
        ),
    ]
    sender: Annotated[str, Meta(description="Mail address that hears the results, and what went wrong.")]
    folder: Annotated[
        Path | None,
        Meta(description="Folder of which each file is faxed; it is then moved to `sent` in it, or to `failed`."),
    ] = None
    file: Annotated[
        Path | None, Meta(description="A document that is faxed each time; a mail, where it ends in .eml.")
    ] = None
    command: Annotated[
        tuple[str, ...],
        Meta(
            description="A program and its arguments, whose output is faxed: PDF, HTML or text. It runs as the server's user, ten minutes at most."
        ),
    ] = ()
    begin: Annotated[
        str, Meta(description="What the rule counts from (DTSTART): local time, for example 2026-01-05T08:00.")
    ] = "2024-01-01T00:00"
    zone: Annotated[str, Meta(description="Time zone (IANA); empty is that of [identity], or UTC.")] = ""
    subject: Annotated[str, Meta(description="Subject for covers and reports.")] = ""
    missed: Annotated[
        Literal["latest", "skip"],
        Meta(
            description="What is done with times that were missed because the server was down: `latest` runs the newest of them once, `skip` none. The sender is told."
        ),
    ] = "latest"
