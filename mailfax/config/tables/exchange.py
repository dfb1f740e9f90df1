"""The virtual telephone exchange: tables of the configuration file."""

from typing import Annotated

from msgspec import Meta, field

from mailfax.config.tables.section import Section


class Exchange(Section, frozen=True, kw_only=True):
    """[exchange]: the virtual telephone exchange, for trying things out without a telephone line."""

    routes: Annotated[
        dict[str, tuple[str, ...]],
        Meta(description="Number pattern to the lines it rings (the first idle one), or to busy or no-answer."),
    ] = field(default_factory=dict)
    real_time: Annotated[
        bool, Meta(description="Pace calls at the speed of a telephone line instead of as fast as the machine can.")
    ] = False
    damage_page: Annotated[
        int, Meta(description="Page of every call in which the line turns some bits over, for tests; 0 for none.", ge=0)
    ] = 0
