"""Connections that have something to do before a session begins: TLS from the first octet, or the header of a trusted proxy.

A proxy's connection begins with a PROXY header (HAProxy's protocol, versions 1 and 2) that names the client. It comes before TLS, so it is
read from the socket itself, octet by octet, before asyncio has the connection. Whoever is in no network of `proxy_networks` is served
as ever: what he says of himself counts for nothing. No session counts these connections yet, so they are counted here.

Started by the listener, for implicit TLS, and for every address where `proxy_networks` has any.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address

import structlog
from aiosmtpd.proxy_protocol import AF, V2_CMD, ProxyData, get_proxy

from mailfax.smtp.origin import UNTOLD, Peer, plain_ip
from mailfax.smtp.settings import Network

_log = structlog.get_logger(__name__)
_MAX_V1 = 107  # octets, with CR LF (proxy-protocol.txt, section 2.1)
_BACKLOG = 100
_REST_S = 0.1  # after a failed accept, mostly for want of file descriptors


@dataclass(frozen=True, kw_only=True, slots=True)
class SlowAddress:
    """A listening socket, what makes a session on it for a peer (None: the one that the kernel names), and its TLS from the first octet."""

    listening: socket.socket
    session: Callable[[Peer | None], asyncio.Protocol]
    tls: ssl.SSLContext | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How many connections may be on their way to a session at the same time, and how long each may take for either step."""

    most: int
    step_s: float


class SlowServer:
    """Accepts on one address until it is closed."""

    def __init__(self, address: SlowAddress, networks: tuple[Network, ...], patience: Patience) -> None:
        self._address, self._networks, self._patience = address, networks, patience
        self._begun: set[asyncio.Task[None]] = set()
        self._accepting = asyncio.create_task(self._accept())

    @property
    def sockets(self) -> tuple[socket.socket, ...]:
        """Return the listening socket, as asyncio's servers do."""
        return (self._address.listening,)

    def close(self) -> None:
        """Stop listening; sessions that have begun go on."""
        self._accepting.cancel()
        for task in self._begun:
            task.cancel()
        self._address.listening.close()

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(self._address.listening)
            except OSError as error:
                _log.error("a connection could not be taken", error=str(error))
                await asyncio.sleep(_REST_S)
                continue
            if len(self._begun) >= self._patience.most:
                _log.warning("a connection was refused, too many have not begun a session")
                connection.close()
                continue
            task = asyncio.create_task(self._begin(connection))
            self._begun.add(task)
            task.add_done_callback(self._begun.discard)

    async def _begin(self, connection: socket.socket) -> None:
        """Read the header of a proxy, and let the session begin."""
        loop = asyncio.get_running_loop()
        peer: Peer | None = None
        try:
            connection.setblocking(False)
            ip = plain_ip(str(connection.getpeername()[0]))
            if any(ip_address(ip) in network for network in self._networks):
                async with asyncio.timeout(self._patience.step_s):
                    peer = await _announced(connection)
            await loop.connect_accepted_socket(
                lambda: self._address.session(peer),
                connection,
                ssl=self._address.tls,
                ssl_handshake_timeout=None if self._address.tls is None else self._patience.step_s,
            )
        except (OSError, TimeoutError, asyncio.IncompleteReadError, NoPeer) as error:
            _log.warning("connection dropped before a session began", error=str(error) or type(error).__name__)
            connection.close()
        except asyncio.CancelledError:
            connection.close()
            raise


class NoPeer(ValueError):
    """What a proxy said first is no PROXY header."""


async def _announced(connection: socket.socket) -> Peer:
    """Read the header and return whom it names; raises NoPeer."""
    data: ProxyData = await get_proxy(_Octets(connection))
    if not data.valid:
        raise NoPeer(data.error)
    told = data.family in {AF.INET, AF.INET6} and data.command in {None, V2_CMD.PROXY}
    return Peer(ip=plain_ip(str(data.src_addr))) if told else Peer(ip=UNTOLD)


class _Octets:
    """Reads what is asked for from a socket, and not an octet more: the next may be TLS."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    async def readexactly(self, n: int) -> bytes:
        octets = b""
        while len(octets) < n:
            more = await asyncio.get_running_loop().sock_recv(self._connection, n - len(octets))
            if not more:
                raise asyncio.IncompleteReadError(octets, n)
            octets += more
        return octets

    async def read(self, n: int = 1) -> bytes:
        return await self.readexactly(n)

    async def readuntil(self, separator: bytes = b"\n") -> bytes:
        octets = b""
        while not octets.endswith(separator):
            if len(octets) >= _MAX_V1:
                raise NoPeer("the PROXY header has no end")
            octets += await self.readexactly(1)
        return octets


def listening_sockets(host: str, port: int) -> list[socket.socket]:
    """Listen on every address that a host name stands for; an empty name is every address of this machine. Raises OSError."""
    made: list[socket.socket] = []
    try:
        for family, kind, protocol, _, address in socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        ):
            listening = socket.socket(family, kind, protocol)
            made.append(listening)
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listening.setblocking(False)
            listening.bind(address)
            listening.listen(_BACKLOG)
    except OSError:
        for listening in made:
            with suppress(OSError):
                listening.close()
        raise
    return made
