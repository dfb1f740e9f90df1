"""One line's process: opens the device, runs `gateway.lineworker`, and rests a while when the device fails.

Started by `daemon.server` for each line from the warm forkserver, or alone by `mailfax line NAME`. A second thread watches
the pipe to the server: `stop` on it, or its end (the server died), ends the line in order.
"""

import contextlib
import queue
import random
import signal
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

import structlog

from mailfax.config import Config
from mailfax.daemon import build, log
from mailfax.daemon.clock import id_maker, wall_clock_us
from mailfax.gateway.adoption import adopt_orphans
from mailfax.gateway.desk import Desk
from mailfax.gateway.lineworker import FAULT_PAUSE_S, Duties, work
from mailfax.gateway.live import Emit, Live
from mailfax.modem.line import Line, LineFault
from mailfax.spool.blobs import BlobStore
from mailfax.spool.retry import RetryPolicy
from mailfax.spool.store import Store

_log = structlog.get_logger()
STEPS_WAITING = 1000

# When the server dies, so does the virtual exchange, and a call may lose its line a moment before the word to stop is here.
WORD_TO_STOP_S = 0.5


def line_process(config: Config, name: str, server: Connection | None, *, json_log: bool) -> None:
    """Run the line `name` until the server (or a signal) says stop."""
    log.configure(json=json_log)
    structlog.contextvars.bind_contextvars(line=name)
    stop = threading.Event()
    current: list[Line] = []

    def end() -> None:
        stop.set()
        for line in tuple(current):
            line.stop()

    signal.signal(signal.SIGTERM, lambda *_: end())
    signal.signal(signal.SIGINT, signal.SIG_IGN if server else lambda *_: end())
    if server is not None:
        threading.Thread(target=_watch, args=(server, end), name="watch", daemon=True).start()
    new_id, open_line = id_maker(), build.line_opener(config, name)
    store, blobs = Store(build.spool_settings(config), new_id), BlobStore(build.spool_settings(config))
    desk = Desk(
        line_name=name,
        store=store,
        blobs=blobs,
        calls_root=build.spool_settings(config).calls,
        now_us=wall_clock_us,
        clock_s=time.monotonic,
        new_id=new_id,
        identity=build.identity(config),
        retry=RetryPolicy(),
        batch=build.batch(config),
        jitter=random.random,
        stopping=lambda: stop.wait(WORD_TO_STOP_S),
        emit=_emitter(server),
        offer=build.offer(config, name),
        policy=build.call_policy(config),
    )
    try:
        adopt_orphans(store, blobs, desk.calls_root, desk.retry, wall_clock_us, line=name)
        while not stop.is_set():
            try:
                _one_device(open_line, desk, build.duties(config, name), stop, current)
            except LineFault as fault:
                _log.error("the line failed and rests", fault=str(fault), rest_s=FAULT_PAUSE_S)
                stop.wait(FAULT_PAUSE_S)
    finally:
        store.close()
        blobs.close()


def _one_device(
    open_line: Callable[[], Line], desk: Desk, duties: Duties, stop: threading.Event, current: list[Line]
) -> None:
    line = open_line()
    current.append(line)
    try:
        _log.info("line is up")
        work(line, desk, duties, stop)
    finally:
        current.remove(line)
        line.close()


def _watch(server: Connection, end: Callable[[], None]) -> None:
    with contextlib.suppress(EOFError, OSError):
        server.recv()
    end()


def _emitter(server: Connection | None) -> Emit:
    """Tell the server what happens, from a thread of its own: a server that is slow to listen must not slow a call."""
    if server is None:
        return lambda _live: None
    steps: queue.Queue[Live] = queue.Queue(STEPS_WAITING)

    def emit(live: Live) -> None:
        with contextlib.suppress(queue.Full):  # whoever watches misses a step; nothing rests on it
            steps.put_nowait(live)

    def tell() -> None:
        with contextlib.suppress(OSError):  # the server is gone; `_watch` sees that too, and ends the line
            while True:
                server.send(steps.get())

    threading.Thread(target=tell, name="tell", daemon=True).start()
    return emit
