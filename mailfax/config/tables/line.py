"""Telephone lines and their groups: tables of the configuration file."""

from typing import Annotated, Literal

from msgspec import Meta, field

from mailfax.config.tables.section import Section


class Line(Section, frozen=True, kw_only=True):
    """[lines.NAME]: one telephone line."""

    kind: Annotated[
        Literal["modem", "class1", "class1.0", "class2", "class2.0", "class2.1", "virtual"],
        Meta(
            description="modem: a fax modem, in the class that its profile likes best. class1, class1.0: a fax modem in that class "
            "(T.31). class2, class2.0, class2.1: one that does T.30 by itself (T.32). virtual: a line of the virtual exchange."
        ),
    ]
    number: Annotated[
        str, Meta(description="Own number of the line: its caller id, and its DID where the network signals none.")
    ] = ""
    did: Annotated[
        Literal["none", "signalled"],
        Meta(
            description="Of a modem: how the called number is known. none: the network does not say, every call is for `number`. "
            "signalled: the network says (NDID, DTMF digits); a call whose number was not heard, for example because it rang "
            "before the modem was set up, goes to `catch_all`, never to the mailbox of `number`. "
            "A line on which one is heard counts as signalled until its process ends, whatever is written here; "
            "only this setting protects the first calls too."
        ),
    ] = "none"
    device: Annotated[
        str, Meta(description="Of a modem: /dev/ttyUSB0, a pty, rfc2217://host:port or socket://host:port.")
    ] = ""
    profile: Annotated[
        str,
        Meta(
            description="Of a modem: its model, a file of the profiles (docs/modems.md) without .toml; "
            "auto: found by asking it each time it is opened."
        ),
    ] = "auto"
    speed: Annotated[
        Annotated[int, Meta(ge=2400)] | None,
        Meta(description="Of a modem: bit/s between computer and modem, instead of its profile's."),
    ] = None
    flow: Annotated[
        Literal["rtscts", "xonxoff", "none"] | None,
        Meta(description="Of a modem: flow control, instead of its profile's."),
    ] = None
    init: Annotated[
        tuple[str, ...], Meta(description="Of a modem: further AT commands at its start, after its profile's.")
    ] = ()
    caller_id: Annotated[
        str | None,
        Meta(description="Of a modem: command that turns caller id on, instead of its profile's; empty for none."),
    ] = None
    dial_prefix: Annotated[
        str, Meta(description="Of a modem: digits dialled before every number, for example 0, for an outside line.")
    ] = ""
    rings: Annotated[int, Meta(description="Of a modem: rings before the call is answered.", ge=1, le=20)] = 1
    group: Annotated[
        str, Meta(description="Group that the line belongs to, for `groups` of a domain and for [groups.NAME].")
    ] = "main"
    ring_numbers: Annotated[
        dict[str, str],
        Meta(
            description="Of a modem with distinctive ringing: what it says after RING (A, B, 2 …) to the called number."
        ),
    ] = field(default_factory=dict)
    adaptive_answer: Annotated[
        bool,
        Meta(
            description="Of a modem: have it tell fax machines from others when it answers (+FAA), and hang up on these at once."
        ),
    ] = False
    ecm: Annotated[bool, Meta(description="Whether calls may use error correction mode.")] = True
    jbig: Annotated[
        bool,
        Meta(
            description="Whether pages may go as JBIG (T.85, under error correction): shorter calls where both have it."
        ),
    ] = True
    send: Annotated[bool, Meta(description="Whether faxes go out on this line.")] = True
    receive: Annotated[bool, Meta(description="Whether calls are answered on this line.")] = True


class Group(Section, frozen=True, kw_only=True):
    """[groups.NAME]: lines that share the work."""

    keep_free: Annotated[
        int,
        Meta(
            description="How many lines of the group that receive, of those that are up, never send at the same time.",
            ge=0,
        ),
    ] = 0
