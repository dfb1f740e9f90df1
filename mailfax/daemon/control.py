"""The control socket: live events of the server for whoever connects, one JSON object a line.

`mailfax demo` listens here. A watcher that does not read loses events, never the server its time: each has a small
buffer, and a full one is closed.
"""

import asyncio
import contextlib
import json
from pathlib import Path

from mailfax.gateway.live import Live, to_plain

SOCKET_NAME = "control.sock"
_BUFFER_LIMIT = 1 << 20


class ControlSocket:
    """A Unix socket in the data folder, readable by its owner only."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / SOCKET_NAME
        self._watchers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._greeting = b""

    async def start(self, smtp_address: str) -> None:
        """Listen; every watcher is first told where the SMTP door is (port 0 in the file means any free one)."""
        self._greeting = _line({"smtp": smtp_address})
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._greet, self._path)
        self._path.chmod(0o600)

    def emit(self, live: Live) -> None:
        """Pass a step on to every watcher. Call it in the event loop's thread."""
        line = _line(to_plain(live))
        for watcher in tuple(self._watchers):
            if watcher.transport.get_write_buffer_size() > _BUFFER_LIMIT:
                watcher.transport.abort()
                self._watchers.discard(watcher)
            else:
                watcher.write(line)

    async def stop(self) -> None:
        """Close the socket and its watchers."""
        if self._server is not None:
            self._server.close()
        for watcher in self._watchers:
            watcher.close()
        self._path.unlink(missing_ok=True)

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self._greeting)
        self._watchers.add(writer)
        with contextlib.suppress(ConnectionError):
            while await reader.read(1024):
                pass
        self._watchers.discard(writer)
        writer.close()


def _line(plain: object) -> bytes:
    return json.dumps(plain, ensure_ascii=False).encode() + b"\n"
