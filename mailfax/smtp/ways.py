"""Where mail goes that leaves us: a smarthost, an LMTP server of our own house, or Maildirs. `outgoing` and `peer` use it.

Made by `daemon.build` from the table [mail].
"""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import assert_never

from mailfax.smtp.envelope import is_wide_mailbox
from mailfax.smtp.maildir import is_maildir_name

LMTP_PORT = 24  # RFC 2033 names none; 24 is what IANA and Dovecot's documents say


class TlsMode(StrEnum):
    """How the connection to the smarthost is protected."""

    NONE = "none"
    STARTTLS = "starttls"
    IMPLICIT = "implicit"


@dataclass(frozen=True, kw_only=True, slots=True)
class Timeouts:
    """How long a peer may take, in seconds: RFC 5321 section 4.5.3.2, but for the greeting, which is not worth five minutes.

    `end_s` counts from the last octet of a mail on: a server that gives it up earlier than that gets mails twice.
    """

    connect_s: float = 60.0
    command_s: float = 300.0
    end_s: float = 600.0
    least_octets_per_s: float = 10_000.0  # what a mail's own way to the server is given besides


@dataclass(frozen=True, kw_only=True, slots=True)
class Smarthost:
    """The mail server that takes our mail. The password is read from its file at each delivery, so it can be changed.

    Without `verify` any certificate will do. `ca_file` has certificates that are trusted instead of the machine's own list.
    """

    host: str
    port: int = 25
    tls: TlsMode = TlsMode.NONE
    user: str = ""
    password_file: Path | None = None
    ca_file: Path | None = None
    verify: bool = True
    timeouts: Timeouts = field(default_factory=Timeouts)

    def __post_init__(self) -> None:
        if self.user and self.password_file is None:
            raise ValueError(f"The smarthost's user {self.user!r} needs a password_file.")
        if self.user and self.tls is TlsMode.NONE:
            raise ValueError("A password is not sent without TLS: set tls to starttls or implicit.")

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, kw_only=True, slots=True)
class LmtpServer:
    """A server that puts mails into mailboxes at once (RFC 2033), as Dovecot: at a Unix socket, or at a host and port."""

    socket: Path | None = None
    host: str = ""
    port: int = LMTP_PORT
    timeouts: Timeouts = field(default_factory=Timeouts)

    def __post_init__(self) -> None:
        if (self.socket is None) == (not self.host):
            raise ValueError("An LMTP server is at a socket or at a host, one of them.")

    def __str__(self) -> str:
        return f"{self.host}:{self.port}" if self.socket is None else str(self.socket)


@dataclass(frozen=True, kw_only=True, slots=True)
class Maildirs:
    """A folder with a Maildir for each mailbox."""

    root: Path

    def __str__(self) -> str:
        return f"the Maildirs in {self.root}"


Local = LmtpServer | Maildirs
Way = Smarthost | LmtpServer | Maildirs


@dataclass(frozen=True, kw_only=True, slots=True)
class OutgoingSettings:
    """Where mail goes: to a smarthost, to mailboxes of our own (`local`), or some to each.

    With both, a bare name (`anna`) and a mailbox of `local_domains` are our own; every other address goes to the smarthost.
    `hostname` names us in EHLO and in file names.
    """

    hostname: str
    smarthost: Smarthost | None = None
    local: Local | None = None
    local_domains: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.smarthost is None and self.local is None:
            raise ValueError("Mail has nowhere to go: set a smarthost, lmtp or a maildir.")

    def way(self, mailbox: str) -> Way:
        """Return the way for one mailbox; whether that can be written at its end is not asked here."""
        if self.smarthost is None:
            assert self.local is not None, "__post_init__ has seen one of them"
            return self.local
        domain = mailbox.rpartition("@")[2].lower() if "@" in mailbox else None
        ours = domain is None or domain in self.local_domains
        return self.local if self.local is not None and ours else self.smarthost

    def reaches(self, mailbox: str) -> bool:
        """Say whether a mailbox is written as its way needs it; an LMTP server knows its users by bare names too."""
        way = self.way(mailbox)
        match way:
            case Smarthost():
                return is_wide_mailbox(mailbox)
            case LmtpServer():
                return is_wide_mailbox(mailbox if "@" in mailbox else f"{mailbox}@localhost")
            case Maildirs():
                return is_maildir_name(mailbox)
            case _:
                assert_never(way)
