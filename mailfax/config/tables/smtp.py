"""The door for mail: tables of the configuration file."""

from pathlib import Path
from typing import Annotated

from msgspec import Meta, field

from mailfax.config.tables.section import Section


class Smtp(Section, frozen=True, kw_only=True):
    """[smtp]: the door for mail."""

    listen: Annotated[tuple[str, ...], Meta(description="Addresses to listen on, as host:port.", min_length=1)] = (
        "127.0.0.1:8025",
    )
    submission: Annotated[
        tuple[str, ...],
        Meta(
            description="Further addresses, for people's mail programs (port 587): STARTTLS, and a login (`mailfax user add`) for "
            "everybody outside of `allow_networks`. Needs a certificate."
        ),
    ] = ()
    submissions: Annotated[tuple[str, ...], Meta(description="The same with TLS from the start (port 465).")] = ()
    lmtp: Annotated[
        tuple[str, ...],
        Meta(
            description="Addresses for LMTP, for a mail server of this house and for `mailfax sendmail`: host:port, or unix:PATH of a Unix "
            "socket, relative to `data_dir`."
        ),
    ] = ("unix:lmtp.sock",)
    local_users: Annotated[
        dict[str, str],
        Meta(
            description="As which user (`mailfax user`) a user of this machine is known on a Unix socket, for example "
            '{ postfix = "relay" }; anybody else on it is a stranger.'
        ),
    ] = field(default_factory=dict)
    proxy_networks: Annotated[
        tuple[str, ...],
        Meta(
            description="Networks of proxies: each connection from there begins with a PROXY header (version 1 or 2) that names the client. "
            "From anywhere else such a header is refused."
        ),
    ] = ()
    certificate: Annotated[
        Path | None,
        Meta(
            description="Certificate with its chain, PEM; STARTTLS and logins are then offered on all addresses. "
            "A renewed one is loaded by itself."
        ),
    ] = None
    key: Annotated[Path | None, Meta(description="Key of the certificate, PEM, without a password.")] = None
    hostname: Annotated[str, Meta(description="Name of this server in greetings, Received lines and reports.")] = (
        "fax.lan"
    )
    max_message_mb: Annotated[int, Meta(description="Largest mail taken, in MB; announced as SIZE.", ge=1, le=1000)] = (
        50
    )
    max_recipients: Annotated[int, Meta(description="Most fax numbers in one mail.", ge=1, le=100000)] = 1000
    timeout_s: Annotated[
        int, Meta(description="Seconds without a word from the client before the door closes.", ge=5)
    ] = 300
    max_connections: Annotated[
        int,
        Meta(
            description="Most clients at the same time; a quarter of them is kept for those who are known when they connect.",
            ge=4,
        ),
    ] = 200
    max_connections_per_stranger: Annotated[
        int, Meta(description="Most of them from one address that is not in `allow_networks`.", ge=1)
    ] = 20
    max_errors: Annotated[
        int, Meta(description="Refused and misspelt commands after which a session is ended.", ge=1)
    ] = 20
    max_commands: Annotated[
        int, Meta(description="Commands of each kind, and so mails, after which a session is ended.", ge=10)
    ] = 1000
    max_line_octets: Annotated[
        int, Meta(description="Longest line of a mail; RFC 5321 allows 1000, many programs write longer ones.", ge=1000)
    ] = 65_536
    allow_networks: Annotated[
        tuple[str, ...],
        Meta(
            description="Client networks that may send faxes without logging in. Everybody else has to log in; with an empty list everybody has to."
        ),
    ] = ("127.0.0.0/8", "::1/128")
