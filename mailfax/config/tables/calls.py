"""How calls are held, in general and with one destination: tables of the configuration file."""

from typing import Annotated, Literal

from msgspec import Meta

from mailfax.config.tables.section import Section


class Calls(Section, frozen=True, kw_only=True):
    """[calls]: how calls are held: what is good enough, and what becomes of pages that were not."""

    after_refusal: Annotated[
        Literal["retransmit", "give-up", "go-on", "retransmit-then-go-on"],
        Meta(
            description="When the far machine refuses a page (RTN): send it again more slowly, twice at most, and then end the call; "
            "end the call at once; go on with the next page; or send it again and then go on. "
            "A call that ended is made again from the pages that were not confirmed. "
            "A fax in which a page was passed over is reported as uncertain, never as delivered."
        ),
    ] = "retransmit"
    without_subaddress: Annotated[
        Literal["fail", "send"],
        Meta(
            description="When a fax is for a subaddress and the far machine takes none: do not send it, "
            "since anybody there might get it; or send it without, and say so in the report."
        ),
    ] = "fail"
    continuation_cover: Annotated[
        bool,
        Meta(
            description="Whether a call that goes on with a fax whose first call was cut off begins with a short page "
            "that says which pages follow. Header lines count the pages of the whole fax in any case."
        ),
    ] = False
    good_rows_percent: Annotated[
        int,
        Meta(description="Rows of a received page that must be readable; below, the page is refused.", ge=0, le=100),
    ] = 95
    longest_bad_run: Annotated[
        int, Meta(description="Most unreadable rows in a run; with more, a received page is refused.", ge=0)
    ] = 5
    retrain_percent: Annotated[
        int,
        Meta(
            description="Readable rows below which a received page that is good enough is confirmed with the wish to train anew.",
            ge=0,
            le=100,
        ),
    ] = 0
    damaged_rows: Annotated[
        Literal["copy", "white"],
        Meta(
            description="What stands in a received page for a row that cannot be read: a copy of the row above, which reads best, "
            "or white, which shows where the damage is."
        ),
    ] = "copy"
    finish_s: Annotated[
        int,
        Meta(
            description="Seconds that a call in progress may go on when the server is told to stop; then it is cut, and made again "
            "from the first page that was not confirmed. The service manager must wait a little longer.",
            ge=0,
            le=3600,
        ),
    ] = 0
    keep_unconfirmed: Annotated[
        bool,
        Meta(
            description="Whether received pages that were refused, or never confirmed, are delivered too, with a warning. "
            "The sender may have sent such a page again."
        ),
    ] = True


class Destination(Section, frozen=True, kw_only=True):
    """[destinations.NUMBER]: what one far machine wants to be told. NUMBER is as it is dialled."""

    sender_id: Annotated[
        str,
        Meta(description="What we call ourselves there, or the password it asks of senders (SID).", max_length=20),
    ] = ""
