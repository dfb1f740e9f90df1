"""Mail comes in here: the listening sockets and the sessions on them. The daemon starts it, the gateway is its Door."""

import asyncio
from collections.abc import Callable
from functools import partial

from mailfax.smtp.certificate import Certificate
from mailfax.smtp.dialogue import Dialogue, House
from mailfax.smtp.door import Door
from mailfax.smtp.login import Guesses
from mailfax.smtp.settings import Entrance, SmtpSettings

_STOP_GRACE_S = 30.0


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
        self._servers: list[asyncio.Server] = []

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Return the addresses listened on, with the real ports."""
        names = [listening.getsockname() for server in self._servers for listening in server.sockets]
        return [(name[0], name[1]) for name in names]

    async def open(self) -> None:
        """Listen on every address, or on none: the first that fails raises OSError."""
        loop = asyncio.get_running_loop()
        try:
            for listen in self._settings.listen:
                session = partial(self._session, listen.entrance)
                tls = self._house.tls if listen.entrance is Entrance.SUBMISSIONS else None
                self._servers.append(await loop.create_server(session, listen.host, listen.port, ssl=tls))
        except OSError:
            await self.close()
            raise

    async def close(self) -> None:
        """Stop listening, let messages that are being made durable get their answer, and say 421 to the rest."""
        for server in self._servers:
            server.close()
        tasks = [task for dialogue in list(self._live) if (task := dialogue.stop())]
        if tasks:
            await asyncio.wait(tasks, timeout=_STOP_GRACE_S)
        self._servers.clear()

    def _session(self, entrance: Entrance) -> asyncio.Protocol:
        if self._certificate is not None:
            self._certificate.refresh()
        if len(self._live) >= self._settings.max_connections:
            return _Busy()
        return Dialogue(self._house, entrance)


async def serve_smtp(settings: SmtpSettings, door: Door, now_us: Callable[[], int]) -> Listener:
    """Listen for mail on every address of `settings`. Raises OSError, also for a certificate that cannot be used.

    `now_us` is read for the Received header and for counting failed logins.
    """
    listener = Listener(settings, door, now_us)
    await listener.open()
    return listener
