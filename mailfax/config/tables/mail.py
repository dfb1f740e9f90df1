"""How mail leaves: tables of the configuration file."""

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from mailfax.config.tables.section import Section


class Mail(Section, frozen=True, kw_only=True):
    """[mail]: how mail leaves: received faxes and reports."""

    maildir: Annotated[
        Path | None, Meta(description="Folder in which every mailbox is a Maildir. Given alone, all mail goes there.")
    ] = None
    smarthost: Annotated[str | None, Meta(description="Mail server that takes our mail, as host or host:port.")] = None
    tls: Annotated[
        Literal["none", "starttls", "implicit"], Meta(description="Protection of the way to the smarthost.")
    ] = "starttls"
    user: Annotated[str | None, Meta(description="User name at the smarthost.")] = None
    password_file: Annotated[Path | None, Meta(description="File that holds the password and nothing else.")] = None
    sender: Annotated[str, Meta(description="Address that received faxes and reports come from.")] = "fax@fax.lan"
    report_delivered: Annotated[
        bool, Meta(description="Send a report of delivered faxes to senders that did not ask with NOTIFY.")
    ] = True
