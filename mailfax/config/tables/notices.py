"""Who is told of what: tables of the configuration file."""

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, field

from mailfax.config.tables.section import Section

EventName = Literal["accepted", "delivered", "delayed", "failed"]
HookEventName = Literal[
    "fax.delivered", "fax.failed", "fax.uncertain", "fax.cancelled", "fax.delayed", "fax.held", "fax.received"
]


class Notices(Section, frozen=True, kw_only=True):
    """[notices]: what senders are told. A mail's headers, its user's record and its domain come before what is written here."""

    events: Annotated[
        tuple[EventName, ...],
        Meta(description="What is told where the sender's client said nothing (NOTIFY)."),
    ] = ("delivered", "delayed", "failed")
    language: Annotated[str, Meta(description="Language of notices, where nobody wishes another: en, de …")] = "en"
    languages: Annotated[Path | None, Meta(description="Folder of further languages, each a file like fr.toml.")] = None
    proof: Annotated[
        Literal["none", "first", "all"],
        Meta(description="Pages in a report: none, a picture of page 1, or that and a PDF of all as they were sent."),
    ] = "first"
    confirm: Annotated[
        tuple[str, ...], Meta(description="Mail addresses that get a copy of every report and notice.")
    ] = ()
    delayed_min: Annotated[
        int, Meta(description="Minutes after which a fax that still waits counts as delayed; 0 is never.", ge=0)
    ] = 60
    administrator: Annotated[
        str, Meta(description="Mail address that hears what nobody else could be told; empty is receive.catch_all.")
    ] = ""
    list_owner: Annotated[
        str,
        Meta(
            description="Mail address that hears of posts to mailing lists, in place of the list and its bounce address; empty is `administrator`."
        ),
    ] = ""
    lists: Annotated[
        dict[str, str], Meta(description="The same for single lists, by their List-Id (announce.example.org).")
    ] = field(default_factory=dict)
    duplicates_h: Annotated[
        int,
        Meta(description="Hours within which the same mail to the same number is one fax; 0 faxes all.", ge=0, le=720),
    ] = 24
    preview_days: Annotated[int, Meta(description="Days that a preview is kept before it is dropped.", ge=1, le=90)] = 7


class Webhook(Section, frozen=True, kw_only=True):
    """[webhooks.NAME]: a program that is told of faxes by HTTP, as JSON, signed as Standard Webhooks says."""

    url: Annotated[str, Meta(description="Address to post to, http or https.")]
    secret_file: Annotated[
        Path | None, Meta(description="File with the secret of the signature, plain or as whsec_…")
    ] = None
    events: Annotated[tuple[HookEventName, ...], Meta(description="What the program is told of.", min_length=1)] = (
        "fax.delivered",
        "fax.failed",
        "fax.uncertain",
        "fax.cancelled",
        "fax.received",
    )
    timeout_s: Annotated[int, Meta(description="Seconds that the program may take to answer.", ge=1, le=60)] = 10
