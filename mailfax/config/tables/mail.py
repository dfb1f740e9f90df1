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
    lmtp: Annotated[
        str | None,
        Meta(
            description="Instead of `maildir`: the LMTP server that has the mailboxes (Dovecot), as the path of its socket or as "
            "host:port. Given alone, all mail goes there."
        ),
    ] = None
    local_domains: Annotated[
        tuple[str, ...],
        Meta(
            description="With a smarthost beside `maildir` or `lmtp`: domains whose mailboxes are there too, and not only bare "
            "names. All other addresses go to the smarthost."
        ),
    ] = ()
    smarthost: Annotated[str | None, Meta(description="Mail server that takes our mail, as host or host:port.")] = None
    tls: Annotated[
        Literal["none", "starttls", "implicit"], Meta(description="Protection of the way to the smarthost.")
    ] = "starttls"
    verify: Annotated[
        bool,
        Meta(description="Hand mail only to a smarthost whose certificate is for its name and from a known authority."),
    ] = True
    ca_file: Annotated[
        Path | None,
        Meta(
            description="Certificates (PEM) that are trusted for the smarthost instead of those that this machine knows."
        ),
    ] = None
    user: Annotated[str | None, Meta(description="User name at the smarthost.")] = None
    password_file: Annotated[Path | None, Meta(description="File that holds the password and nothing else.")] = None
    password_credential: Annotated[
        str | None,
        Meta(
            description="Instead of `password_file`: the name of a credential that systemd gives the service (LoadCredential=)."
        ),
    ] = None
    sender: Annotated[str, Meta(description="Address that received faxes and reports come from.")] = "fax@fax.lan"
