"""Who is at the other end of a connection: an address, the one that a trusted proxy tells, or a user of this machine.

The dialogue asks when a connection is made. A user of this machine comes by a Unix socket, and the kernel says who he is.
"""

import asyncio
import pwd
import socket
import struct
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

UNTOLD = "untold"  # of a proxy that does not say for whom it speaks: in no network
_CREDENTIALS = struct.Struct("3i")  # unix(7), struct ucred: process, user, group


@dataclass(frozen=True, kw_only=True, slots=True)
class Peer:
    """`ip` is an address, or words that are in no network; `local_user` is the name of a user of this machine."""

    ip: str
    local_user: str = ""


def peer_of(transport: asyncio.BaseTransport) -> Peer:
    """Return who the kernel says is there; an IPv4 client of a dual-stack socket by its IPv4 address."""
    connection = transport.get_extra_info("socket")
    if connection is not None and connection.family == socket.AF_UNIX:
        _, uid, _ = _CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
        name = _name(uid)
        return Peer(ip=f"local:{name}", local_user=name)
    peer = transport.get_extra_info("peername")
    return Peer(ip=plain_ip(str(peer[0]))) if peer else Peer(ip=UNTOLD)


def plain_ip(written: str) -> str:
    """Return an address without its scope, and an IPv4 address that is dressed as IPv6 in its own form."""
    ip = written.partition("%")[0]
    try:
        address = ip_address(ip)
    except ValueError:
        return ip
    return str(address.ipv4_mapped) if isinstance(address, IPv6Address) and address.ipv4_mapped else ip


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
