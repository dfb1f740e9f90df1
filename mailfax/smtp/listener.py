"""Mail comes in here: the listening sockets and the sessions on them. The daemon starts it, the gateway is its Door."""

import asyncio
from collections.abc import Callable

from mailfax.smtp.dialogue import Dialogue
from mailfax.smtp.door import Door
from mailfax.smtp.settings import SmtpSettings

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
        self._door = door
        self._now_us = now_us
        self._live: set[Dialogue] = set()
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
                self._servers.append(await loop.create_server(self._session, listen.host, listen.port))
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

    def _session(self) -> asyncio.Protocol:
        if len(self._live) >= self._settings.max_connections:
            return _Busy()
        return Dialogue(self._settings, self._door, self._now_us, self._live)


async def serve_smtp(settings: SmtpSettings, door: Door, now_us: Callable[[], int]) -> Listener:
    """Listen for mail on every address of `settings`. `now_us` is read for the Received header only."""
    listener = Listener(settings, door, now_us)
    await listener.open()
    return listener
