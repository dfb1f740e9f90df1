"""How much may be sent, and what it costs: tables of the configuration file."""

from typing import Annotated

from msgspec import Meta, field

from mailfax.config.tables.section import Section

_HOW = "Limits as pages/day=100: of pages, minutes, calls or money, in an hour, a day or a month"


class Quotas(Section, frozen=True, kw_only=True):
    """[quotas]: how much may be sent. A day begins at midnight in the zone of [identity], or of the user."""

    user: Annotated[
        tuple[str, ...],
        Meta(description=f"{_HOW}; for each user whose record has none (`mailfax user add --quota`)."),
    ] = ()
    domains: Annotated[
        dict[str, tuple[str, ...]], Meta(description="The same for all faxes to a domain together, by its name.")
    ] = field(default_factory=dict)
    lines: Annotated[
        dict[str, tuple[str, ...]],
        Meta(
            description="The same for what goes out on a line, by its name; over it the line sends nothing, and others do."
        ),
    ] = field(default_factory=dict)
    everybody: Annotated[tuple[str, ...], Meta(description="The same for all faxes together.")] = ()
    breaker: Annotated[
        tuple[str, ...],
        Meta(
            description="Limits above which something must be wrong, as money/hour=50: all sending stops, the administrators are told, and "
            "`mailfax quota reset breaker` lets it go on."
        ),
    ] = ()


class Prices(Section, frozen=True, kw_only=True):
    """[prices]: what calls cost, for quotas of money and `mailfax report billing`."""

    currency: Annotated[str, Meta(description="Name of the currency, for people.", max_length=10)] = ""
    minute: Annotated[
        dict[str, float],
        Meta(
            description="Price of a minute by the beginning of the number (`+4930`, the longest that fits), else its country (`DE`), else its class (`local`), else `any`."
        ),
    ] = field(default_factory=dict)
    call: Annotated[dict[str, float], Meta(description="Price of each call that is made, the same way.")] = field(
        default_factory=dict
    )
    step_s: Annotated[int, Meta(description="Seconds in which a begun minute is counted: 60, or 1.", ge=1, le=600)] = 60
