"""A rule who may send: tables of the configuration file."""

from typing import Annotated

from msgspec import Meta

from mailfax.config.tables.section import Section


class Permission(Section, frozen=True, kw_only=True):
    """[permissions.NAME]: a rule who may send where and when. The first that fits decides; where none fits, nobody may."""

    who: Annotated[
        tuple[str, ...],
        Meta(
            description="`*` (everybody who is known), `users` (who logged in), `user:NAME`, `group:NAME`, `network:CIDR`, or `shell` "
            "(the command line).",
            min_length=1,
        ),
    ]
    to: Annotated[
        tuple[str, ...],
        Meta(
            description="Classes (internal, local, national, toll-free, international, unknown, short, premium, satellite), countries (`DE`), or beginnings "
            "of canonical numbers (`+4930`). `any` is every class but short, premium and satellite, which must be named.",
            min_length=1,
        ),
    ]
    approve: Annotated[
        bool,
        Meta(
            description="Whether what the rule allows waits until an operator has seen and approved it (`mailfax approve`); "
            "operators' own faxes do not."
        ),
    ] = False
    deny: Annotated[bool, Meta(description="Whether the rule refuses instead of allowing.")] = False
    hours: Annotated[
        str,
        Meta(description="When the rule holds, for example mon-fri 08:00-18:00; empty is always. Time of [identity]."),
    ] = ""
