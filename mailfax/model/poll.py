"""A poll: a document of a far machine that is wanted here."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class PollRequest:
    """Which document of the far machine is wanted: that for `selector` (SEP) or `subaddress` (PSA), or the one that needs neither.

    With a `password` (PWD), if it wants one.
    """

    selector: str = ""
    subaddress: str = ""
    password: str = ""
