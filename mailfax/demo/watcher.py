"""Reads the server's control socket: waits for the server to come up, then gives its steps one by one."""

import json
import select
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from mailfax.daemon.control import SOCKET_NAME

START_LIMIT_S = 120.0  # the first start of all compiles the codec's kernels
RETRY_S = 0.05


class ServerGone(Exception):
    """The server did not come up, or ended."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One step as the server told it."""

    subject: str
    line: str
    text: str


class Watcher:
    """A connection to the control socket of the server that works in `data_dir`."""

    def __init__(self, data_dir: Path, server: subprocess.Popen[bytes]) -> None:
        self._path, self._server = data_dir / SOCKET_NAME, server
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._buffer = b""
        self.smtp_address = ""

    def __enter__(self) -> Self:
        """Wait until the server is up."""
        deadline = time.monotonic() + START_LIMIT_S
        while True:
            try:
                self._socket.connect(str(self._path))
                break
            except OSError:
                if self._server.poll() is not None or time.monotonic() > deadline:
                    raise ServerGone("the server did not start") from None
                time.sleep(RETRY_S)
        greeting = self._next(START_LIMIT_S)
        if greeting is None:
            raise ServerGone("the server did not say where its mail door is")
        self.smtp_address = greeting["smtp"]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def step(self, timeout_s: float) -> Step | None:
        """Return the next step, or None when there was none for `timeout_s`. Raises ServerGone."""
        plain = self._next(timeout_s)
        return None if plain is None else Step(subject=plain["subject"], line=plain["line"], text=plain["text"])

    def _next(self, timeout_s: float) -> dict[str, str] | None:
        while b"\n" not in self._buffer:
            if not select.select([self._socket], [], [], timeout_s)[0]:
                return None
            octets = self._socket.recv(65536)
            if not octets:
                raise ServerGone("the server ended")
            self._buffer += octets
        line, _, self._buffer = self._buffer.partition(b"\n")
        plain: dict[str, str] = json.loads(line)
        return plain
