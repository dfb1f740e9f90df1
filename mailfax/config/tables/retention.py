"""How long what is done with is kept: tables of the configuration file."""

from typing import Annotated

from msgspec import Meta

from mailfax.config.tables.section import Section

Days = Annotated[int, Meta(ge=0, le=36500)]


class Retention(Section, frozen=True, kw_only=True):
    """[retention]: days after which what is done with is removed; 0 keeps it for ever. What still waits for anything is never touched."""

    mails_days: Annotated[
        Days,
        Meta(description="Mails that were faxed, as they came in; counted from the end of their last fax."),
    ] = 30
    sent_pages_days: Annotated[
        Days, Meta(description="Pages of faxes that were sent. Without them a fax cannot be sent again.")
    ] = 30
    received_pages_days: Annotated[
        Days, Meta(description="Pages of received faxes; counted from when their mail was handed over.")
    ] = 90
    outgoing_days: Annotated[
        Days, Meta(description="Mails that were handed over: received faxes with their PDF, reports.")
    ] = 30
    transcripts_days: Annotated[
        Days, Meta(description="Transcripts of calls; of these at most the newest 2000 are kept anyway.")
    ] = 90
    calls_days: Annotated[
        Days, Meta(description="Folders of damaged calls, which were left for a person to look at.")
    ] = 90
    records_days: Annotated[
        Days,
        Meta(
            description="The records: who sent what to whom, each call and its result, and their log. "
            "What is left of the other classes goes with them."
        ),
    ] = 730
