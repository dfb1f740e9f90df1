"""The virtual exchange's process: started by `daemon.server` where a line of the configuration is virtual."""

import contextlib
import signal
import threading
from multiprocessing.connection import Connection

from mailfax.config import Config
from mailfax.daemon import build, log
from mailfax.modem.virtual.server import serve_exchange


def exchange_process(config: Config, *, server: Connection, json_log: bool) -> None:
    """Run the exchange until the server says stop or is gone."""
    log.configure(json=json_log)
    stop = threading.Event()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: stop.set())

    def watch() -> None:
        with contextlib.suppress(EOFError, OSError):
            server.recv()
        stop.set()

    threading.Thread(target=watch, name="watch", daemon=True).start()
    serve_exchange(build.exchange_settings(config), stop)
