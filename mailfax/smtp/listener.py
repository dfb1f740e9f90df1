"""Mail comes in here: the listening sockets and the sessions on them. The daemon starts it, the gateway is its Door."""

import asyncio
from collections.abc import Callable
from functools import partial

from mailfax.smtp.beginning import Patience, SlowAddress, SlowServer, listening_sockets
from mailfax.smtp.certificate import Certificate
from mailfax.smtp.dialogue import Dialogue, House
from mailfax.smtp.door import Door
from mailfax.smtp.lmtp import LmtpDialogue
from mailfax.smtp.login import Guesses
from mailfax.smtp.origin import Peer
from mailfax.smtp.settings import HANDSHAKE_S, Entrance, Listen, SmtpSettings

_STOP_GRACE_S = 30.0
_ANYBODY = 0o666  # of a Unix socket: who connects is known by the kernel's word, and has rights by `local_users` only


class _Busy(asyncio.Protocol):
    """What a client meets when every connection is taken."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say so and hang up."""
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(b"421 4.3.2 Too many connections; try again later\r\n")
        transport.close()


class Listener:
    """The listening sockets and the sessions on them; made by `serve_smtp`."""

    def __init__(self, settings: SmtpSettings, door: Door, now_us: Callable[[], int]) -> None:
        self._settings = settings
        self._certificate = None if settings.tls is None else Certificate(settings.tls.chain, settings.tls.key)
        self._live: set[Dialogue] = set()
        self._house = House(
            settings=settings,
            door=door,
            now_us=now_us,
            live=self._live,
            guesses=Guesses(),
            tls=None if self._certificate is None else self._certificate.context,
        )
        self._servers: list[asyncio.Server | SlowServer] = []

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Return the addresses listened on, with the real ports. Unix sockets are not among them."""
        names = [listening.getsockname() for server in self._servers for listening in server.sockets]
        return [(name[0], name[1]) for name in names if isinstance(name, tuple)]

    async def open(self) -> None:
        """Listen on every address, or on none: the first that fails raises OSError."""
        try:
            for listen in self._settings.listen:
                self._servers += await self._opened(listen)
        except OSError:
            await self.close()
            raise

    async def _opened(self, listen: Listen) -> list[asyncio.Server] | list[SlowServer]:
        """Listen on one address."""
        loop = asyncio.get_running_loop()
        session = partial(self._session, listen.entrance)
        tls = self._house.tls if listen.entrance is Entrance.SUBMISSIONS else None
        if listen.path is not None:
            server = await loop.create_unix_server(session, listen.path)
            listen.path.chmod(_ANYBODY)
            return [server]
        networks = self._settings.proxy_networks
        if not networks and tls is None:
            return [await loop.create_server(session, listen.host, listen.port, ssl=tls)]
        patience = Patience(most=self._settings.max_connections, step_s=min(self._settings.timeout_s, HANDSHAKE_S))
        return [
            SlowServer(SlowAddress(listening=listening, session=session, tls=tls), networks, patience)
            for listening in await asyncio.to_thread(listening_sockets, listen.host, listen.port)
        ]

    async def close(self) -> None:
        """Stop listening, let messages that are being made durable get their answer, and say 421 to the rest."""
        for server in self._servers:
            server.close()
        tasks = [task for dialogue in list(self._live) if (task := dialogue.stop())]
        if tasks:
            await asyncio.wait(tasks, timeout=_STOP_GRACE_S)
        self._servers.clear()
        for listen in self._settings.listen:
            if listen.path is not None:
                listen.path.unlink(missing_ok=True)

    def _session(self, entrance: Entrance, announced: Peer | None = None) -> asyncio.Protocol:
        if self._certificate is not None:
            self._certificate.refresh()
        if len(self._live) >= self._settings.max_connections:
            return _Busy()
        kind = LmtpDialogue if entrance is Entrance.LMTP else Dialogue
        return kind(self._house, entrance, announced)


async def serve_smtp(settings: SmtpSettings, door: Door, now_us: Callable[[], int]) -> Listener:
    """Listen for mail on every address of `settings`. Raises OSError, also for a certificate that cannot be used.

    `now_us` is read for the Received header and for counting failed logins.
    """
    listener = Listener(settings, door, now_us)
    await listener.open()
    return listener
