"""The exchange as a process: `serve_exchange`, called by the daemon in a child of its own, and the Unix socket of it."""

import asyncio
import multiprocessing
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from mailfax.modem.virtual.exchange import Exchange, Extension, Send
from mailfax.modem.virtual.messages import (
    LENGTH_OCTETS,
    ListCalls,
    Message,
    MessageError,
    Register,
    body_length,
    decode,
    encode,
)
from mailfax.modem.virtual.plan import ExchangeSettings
from mailfax.modem.virtual.unixpath import reachable

TAKE_OVER_S = 5.0
_LOOK_AGAIN_S = 0.2
_OWNER_ONLY = 0o600


class StopEvent(Protocol):
    """A threading.Event or a multiprocessing.Event."""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the event is set; False when the time was over first."""
        ...


def serve_exchange(settings: ExchangeSettings, stop_event: StopEvent) -> None:
    """Run the exchange until `stop_event` is set or the parent process is dead.

    Raises OSError when the socket cannot be had, for one because another exchange goes on serving there.
    """
    listener = _listen(settings.socket_path)
    try:
        asyncio.run(_serve(settings, listener, stop_event))
    finally:
        settings.socket_path.unlink(missing_ok=True)


def _listen(path: Path) -> socket.socket:
    """Bind the socket for its owner only; the one that a killed exchange left behind is replaced."""
    deadline_s = time.monotonic() + TAKE_OVER_S
    while _is_served(path):  # the exchange of a killed server notices soon that its parent is gone
        if time.monotonic() > deadline_s:
            raise OSError(f"another exchange is serving {path}")
        time.sleep(_LOOK_AGAIN_S)
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with reachable(path) as address:
        listener.bind(address)
    path.chmod(_OWNER_ONLY)  # before listen(): until then nobody can connect
    listener.listen()
    return listener


def _is_served(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe, suppress(OSError), reachable(path) as address:
        probe.connect(address)
        return True
    return False


async def _serve(settings: ExchangeSettings, listener: socket.socket, stop_event: StopEvent) -> None:
    exchange = Exchange(settings)
    connections: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(_serve_connection(exchange, reader, writer))
        connections.add(task)
        task.add_done_callback(connections.discard)

    server = await asyncio.start_unix_server(connected, sock=listener)
    await _stopped(stop_event)
    server.close()
    for task in connections:
        task.cancel()
    await asyncio.gather(*connections, return_exceptions=True)


async def _stopped(stop_event: StopEvent) -> None:
    """Wait for the event in a thread that holds up nobody, and for the death of the process that started this one."""
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    parent = multiprocessing.parent_process()

    def watch() -> None:
        while not stop_event.wait(_LOOK_AGAIN_S):
            if parent is not None and not parent.is_alive():
                break
        with suppress(RuntimeError):  # the loop is closed when the exchange ended for another reason
            loop.call_soon_threadsafe(over.set)

    threading.Thread(target=watch, name="exchange-stop", daemon=True).start()
    await over.wait()


async def _serve_connection(exchange: Exchange, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Serve one line (or one ListCalls) until its end of the socket is closed, by its will or its death."""
    line: Extension | None = None

    def send(message: Message) -> None:
        if not writer.is_closing():
            writer.write(encode(message))

    try:
        while True:
            line = _obey(exchange, line, await _read(reader), send)
    except (MessageError, asyncio.IncompleteReadError, ConnectionError):
        return  # a peer that is gone or talks nonsense is hung up on
    finally:
        writer.close()
        if line is not None:
            exchange.unregister(line)


def _obey(exchange: Exchange, line: Extension | None, message: Message, send: Send) -> Extension | None:
    """Do what one message asks; returns the line that this connection is from then on. Raises MessageError."""
    match message:
        case ListCalls():
            send(exchange.records())
        case Register() if line is None:
            return exchange.register(message, send)
        case _ if line is not None:
            exchange.handle(line, message)
        case _:
            raise MessageError(f"{type(message).__name__} before Register")
    return line


async def _read(reader: asyncio.StreamReader) -> Message:
    return decode(await reader.readexactly(body_length(await reader.readexactly(LENGTH_OCTETS))))
