"""How mail comes in, as `daemon.build` read it from the configuration; the listener uses it.

Sizes are in octets, times in seconds. The defaults are those of the embedded gateway: loopback only, no privileges.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

Network = IPv4Network | IPv6Network


class Entrance(Enum):
    """What kind of client an address is for."""

    SERVERS = "servers"  # other mail servers and the own network (port 25): who may not send hears it at RCPT
    SUBMISSION = "submission"  # people's mail programs (port 587, RFC 6409): who is not known has to log in before MAIL
    SUBMISSIONS = "submissions"  # the same with TLS from the first octet (port 465, RFC 8314)
    LMTP = "lmtp"  # mail servers of this house, by RFC 2033: a verdict for each recipient after the message too


HANDSHAKE_S = 60.0  # for a TLS handshake, and for a PROXY header
LOGIN_ENTRANCES = frozenset({Entrance.SUBMISSION, Entrance.SUBMISSIONS})


@dataclass(frozen=True, kw_only=True, slots=True)
class Listen:
    """One address to listen on; port 0 takes any free one. With a `path` it is a Unix socket."""

    host: str = "127.0.0.1"
    port: int = 2525
    entrance: Entrance = Entrance.SERVERS
    path: Path | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class TlsFiles:
    """The PEM files of our certificate (with its chain) and of its key."""

    chain: Path
    key: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class SmtpSettings:
    """The listener and its limits. Every limit has its own answer in the dialogue; none of them drops a mail in silence.

    `local_users` says as which user of ours a user of this machine is known on a Unix socket; who is not in it is a stranger.
    Connections from `proxy_networks` begin with a PROXY header that names the client.
    """

    hostname: str
    listen: tuple[Listen, ...] = (Listen(),)
    tls: TlsFiles | None = None
    max_message_bytes: int = 50 * 1024 * 1024
    max_recipients: int = 1000  # RFC 5321 section 4.5.3.1.8 asks for at least 100
    timeout_s: float = 300.0  # RFC 5321 section 4.5.3.2.7: five minutes
    max_connections: int = 100
    max_connections_per_stranger: int = 20
    local_users: Mapping[str, str] = field(default_factory=dict)
    proxy_networks: tuple[Network, ...] = ()
    max_errors: int = 20
    max_commands: int = 1000  # of each verb in one session, but for RCPT and BDAT
    max_command_octets: int = 2048  # RFC 3461 section 5 needs 512 + 500 + 28 for RCPT; section 7 the rest
    max_line_octets: int = 65_536  # far over RFC 5321's 1000: HTML mails break that rule daily and harm nothing

    def __post_init__(self) -> None:
        if self.tls is None and any(one.entrance in LOGIN_ENTRANCES for one in self.listen):
            raise ValueError("Addresses where people log in need a certificate: a password is not heard without TLS.")
