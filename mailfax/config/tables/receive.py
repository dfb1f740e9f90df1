"""Where faxes go that come in: tables of the configuration file."""

from typing import Annotated, Literal

from msgspec import Meta, field

from mailfax.config.tables.section import Section


class Receive(Section, frozen=True, kw_only=True):
    """[receive]: where faxes go that come in."""

    catch_all: Annotated[
        str,
        Meta(
            description="Mailbox for every fax that no rule of [receive.did] names. Nothing is ever without an owner."
        ),
    ]
    did: Annotated[
        dict[str, tuple[str, ...]],
        Meta(
            description="Called number, or a pattern of digits with x for any digit or a * at the end, to mailboxes; the first that fits wins."
        ),
    ] = field(default_factory=dict)
    subaddress: Annotated[
        dict[str, tuple[str, ...]],
        Meta(
            description="Subaddress that the sender's machine signals (SUB) to mailboxes. It comes before the rules for called numbers."
        ),
    ] = field(default_factory=dict)
    own_numbers: Annotated[
        Literal["inside", "call"],
        Meta(
            description="What becomes of faxes that are sent to a number of our own (a whole number of [receive.did] or a pattern with +, a user's, a line's): "
            "inside: they go to its mailbox without a call, and the report says so; call: they are dialled like others."
        ),
    ] = "inside"
    allow_callers: Annotated[
        tuple[str, ...],
        Meta(
            description="Calling numbers that are always answered: digits, x for any digit, * at the end for any rest; so in the lists below."
        ),
    ] = ()
    only_allowed: Annotated[bool, Meta(description="Whether nobody else is answered.")] = False
    reject_callers: Annotated[
        tuple[str, ...], Meta(description="Calling numbers that are left ringing; the call is written down.")
    ] = ()
    reject_names: Annotated[
        tuple[str, ...],
        Meta(description="The same by the caller's name, as the network gives it; * and ? stand for any letters."),
    ] = ()
    reject_unknown: Annotated[bool, Meta(description="The same for callers of whom the network gives no number.")] = (
        False
    )
