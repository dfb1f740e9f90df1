"""A wire to a server that can be cut: a TCP forwarder on loopback, for what happens when a database goes away in mid-work."""

import contextlib
import selectors
import socket
import threading
from types import TracebackType
from typing import Self


class CutWire:
    """Forwards connections to `port` of this machine. `cut` breaks them all and refuses new ones until `mend`."""

    def __init__(self, port: int) -> None:
        self._to = ("127.0.0.1", port)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._lock = threading.Lock()
        self._ends: set[socket.socket] = set()
        self._whole = True
        self._striking = False

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut()
        self._server.close()

    def cut(self) -> None:
        with self._lock:
            self._whole = False
            ends, self._ends = self._ends, set()
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        with self._lock:
            self._whole = True

    def break_in_commit(self) -> None:
        """Break the next connection on which a commit of changes is asked for: after it was made, before its answer."""
        with self._lock:
            self._striking = True

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                with self._lock:
                    whole = self._whole
                if not whole:
                    client.close()
                    continue
                threading.Thread(target=self._forward, args=(client,), daemon=True).start()

    def _forward(self, client: socket.socket) -> None:
        with contextlib.closing(client), socket.create_connection(self._to) as server, contextlib.suppress(OSError):
            with self._lock:
                self._ends |= {client, server}
            with selectors.DefaultSelector() as selector:
                selector.register(client, selectors.EVENT_READ, server)
                selector.register(server, selectors.EVENT_READ, client)
                said = b""
                while True:
                    for key, _ in selector.select():
                        octets = key.fileobj.recv(65536)  # type: ignore[union-attr]
                        if not octets:
                            return
                        key.data.sendall(octets)
                        if key.fileobj is server:
                            continue
                        said += octets
                        if said.endswith(b"COMMIT\0"):
                            if self._striking and b"pg_notify" in said:
                                self._striking = False
                                server.recv(65536)  # the server has answered: what was asked is done
                                return
                            said = b""
