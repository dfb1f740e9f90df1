"""Mailboxes whose mails are faxed: tables of the configuration file."""

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from mailfax.config.tables.section import Section


class Imap(Section, frozen=True, kw_only=True):
    """[imap.NAME]: a mailbox at an IMAP server whose mails are faxed. Needs the extra `imap`."""

    server: Annotated[str, Meta(description="The IMAP server, as host or host:port.")]
    user: Annotated[str, Meta(description="User name at the server.", min_length=1)]
    tls: Annotated[
        Literal["implicit", "none"],
        Meta(description="Protection of the way there: implicit (port 993), or none (port 143; on this machine only)."),
    ] = "implicit"
    ca_file: Annotated[
        Path | None,
        Meta(description="Certificates (PEM) that are trusted for it instead of those that this machine knows."),
    ] = None
    password_file: Annotated[Path | None, Meta(description="File that holds the password and nothing else.")] = None
    password_credential: Annotated[
        str | None,
        Meta(
            description="Instead of it: the name of a credential that systemd gives the service (LoadCredential=) with the password."
        ),
    ] = None
    token_file: Annotated[
        Path | None,
        Meta(description="Instead of a password: file with the access token for XOAUTH2, read at each login."),
    ] = None
    token_command: Annotated[
        tuple[str, ...],
        Meta(description="Instead of it: program and arguments that print the access token."),
    ] = ()
    folder: Annotated[str, Meta(description="The folder that mails are taken from.", min_length=1)] = "INBOX"
    sent_folder: Annotated[str, Meta(description="Where mails go that were taken.", min_length=1)] = "Sent"
    failed_folder: Annotated[str, Meta(description="Where mails go that were refused.", min_length=1)] = "Failed"
    recipient_header: Annotated[
        str,
        Meta(
            description="Line in which the server that delivers into the mailbox writes for whom the mail is: Delivered-To, "
            "X-Original-To, Envelope-To. Only the topmost one counts, and only above all Received lines.",
            min_length=1,
        ),
    ] = "Delivered-To"
    act_as: Annotated[
        str,
        Meta(
            description="The user (`mailfax user`) in whose name and by whose rights all mails of this mailbox are faxed: for a mailbox "
            "into which nobody else can put mails. Empty: each mail has to prove who sent it ([trust])."
        ),
    ] = ""
    poll_s: Annotated[
        int,
        Meta(description="Seconds between two looks, beside what the server tells of new mails (IDLE).", ge=5, le=1500),
    ] = 60
