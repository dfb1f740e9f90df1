"""How long is tried, and how much goes in one call: tables of the configuration file."""

from typing import Annotated

from msgspec import Meta

from mailfax.config.tables.section import Section


class Queue(Section, frozen=True, kw_only=True):
    """[queue]: how long is tried, and how much goes in one call."""

    give_up_h: Annotated[
        int, Meta(description="Hours after which a fax that no line could send is given up, and its sender told.", ge=1)
    ] = 48
    batch_faxes: Annotated[
        int,
        Meta(
            description="Most faxes for one number that go in one call, one after the other; 1 for a call each.", ge=1
        ),
    ] = 20
    batch_pages: Annotated[
        int,
        Meta(description="Most pages in such a call; a longer fax goes alone.", ge=1),
    ] = 100
    hours: Annotated[
        str,
        Meta(
            description="Name of the hours ([hours.NAME]) in which faxes are called that do not say; empty is any time."
        ),
    ] = ""
    bulk_numbers: Annotated[
        int,
        Meta(
            description="From so many numbers on the faxes of a mail give way to those of others, unless it says its priority.",
            ge=2,
        ),
    ] = 20
    stagger_s: Annotated[int, Meta(description="Seconds between two dials, of whatever lines.", ge=0, le=3600)] = 0
