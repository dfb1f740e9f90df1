"""Hours in which calls are made: tables of the configuration file."""

from typing import Annotated, Literal

from msgspec import Meta

from mailfax.config.tables.section import Section


class NamedHours(Section, frozen=True, kw_only=True):
    """[hours.NAME]: hours in which calls are made, for `queue.hours` and for mails that ask for them (`X-Fax-Hours: NAME`)."""

    hours: Annotated[str, Meta(description="The hours, for example mon-fri 08:00-18:00 or 20:00-06:00.")]
    zone: Annotated[
        Literal["destination", "here"],
        Meta(
            description="Whose clock holds: that of the called number (a number that may be in several zones is called when all of them are within), or that of "
            "[identity]."
        ),
    ] = "destination"
