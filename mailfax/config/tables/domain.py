"""A mail domain of fax numbers: tables of the configuration file."""

from typing import Annotated, Literal

from msgspec import Meta, field

from mailfax.config.tables.section import Section


class Domain(Section, frozen=True, kw_only=True):
    """[domains.NAME]: a mail domain whose local parts are fax numbers, and its number plan."""

    plan: Annotated[
        Literal["private", "e164"],
        Meta(
            description="Kind of number plan: private (any number of an allowed length, and of a range if there are any), or e164 "
            "(the public telephone network, seen from `country`)."
        ),
    ] = "private"
    lengths: Annotated[
        tuple[int, ...], Meta(description="Of a private plan: how many digits a number has.", min_length=1)
    ] = (7,)
    ranges: Annotated[
        tuple[str, ...],
        Meta(description="Of a private plan: its numbers, as for example 5550000-5559999; empty is all."),
    ] = ()
    country: Annotated[
        str, Meta(description="Of e164: the country in which numbers are read and dialled, two letters (ISO 3166).")
    ] = ""
    area_code: Annotated[
        str,
        Meta(description="Of e164: the area code, without 0 or 1 before it, that a number without one belongs to."),
    ] = ""
    dial: Annotated[
        dict[str, str],
        Meta(
            description="What is dialled in place of the beginning of a number in its canonical form; the longest that fits holds. "
            "Without one an e164 number is dialled as telephones of the country do. Lines add their `dial_prefix`."
        ),
    ] = field(default_factory=dict)
    exit_codes: Annotated[
        tuple[str, ...],
        Meta(
            description="Digits for an outside line that senders may write before a pause, as in FAX=0p015551234 (RFC 2846). They are read and not dialled: "
            "lines have their `dial_prefix`."
        ),
    ] = ()
    groups: Annotated[
        tuple[str, ...],
        Meta(
            description="Groups of lines (`group` in [lines.NAME]) on which faxes of this domain may go out; empty is any."
        ),
    ] = ()
    cover: Annotated[
        str,
        Meta(
            description="Cover of faxes to this domain: none, usual, or a template of [cover]; empty is as [cover] says."
        ),
    ] = ""
    language: Annotated[
        str, Meta(description="Language of notices about faxes to this domain; empty is as [notices] says.")
    ] = ""
    confirm: Annotated[
        tuple[str, ...],
        Meta(
            description="Mail addresses that get a copy of reports about faxes to this domain, instead of those of [notices]."
        ),
    ] = ()
