"""One line's process: constructs what `gateway.linelife` runs.

Started by `daemon.server` for each line from the warm forkserver, or alone by `mailfax line run NAME`. A second thread watches
the pipe to the server: `stop` on it, or its end (the server died), ends the line in order.
"""

import contextlib
import queue
import random
import select
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
from mailfax.gateway.linelife import LineLife
from mailfax.gateway.live import Emit, Live
from mailfax.gateway.quotas import Quotas
from mailfax.spool.blobs import BlobStore
from mailfax.spool.disk import SpoolError
from mailfax.spool.retry import RetryPolicy
from mailfax.spool.store import Store

_log = structlog.get_logger()
_EX_TEMPFAIL = 75  # of sysexits.h
STEPS_WAITING = 1000

# When the server dies, so does the virtual exchange, and a call may lose its line a moment before the word to stop is here.
WORD_TO_STOP_S = 0.5


def line_process(config: Config, name: str, server: Connection | None, *, json_log: bool) -> None:
    """Run the line `name` until the server (or a signal) says stop; a call in progress may end first, within [calls] finish_s."""
    log.configure(json=json_log)
    structlog.contextvars.bind_contextvars(line=name)
    try:
        _run(config, name, server)
    except SpoolError as error:  # what this line has begun is settled by its next life, and the others go on
        _log.error("the spool failed; the line starts anew", error=str(error))
        raise SystemExit(_EX_TEMPFAIL) from None


def _run(config: Config, name: str, server: Connection | None) -> None:
    stop = threading.Event()
    store, blobs = Store(build.spool_settings(config), id_maker()), BlobStore(build.spool_settings(config))
    quotas = Quotas(store, build.quota_policy(config))
    desk = Desk(
        line_name=name,
        store=store,
        blobs=blobs,
        calls_root=build.spool_settings(config).calls,
        now_us=wall_clock_us,
        clock_s=time.monotonic,
        new_id=store.new_id,
        identity=build.identity(config),
        retry=RetryPolicy(),
        batch=build.batch(config),
        share=build.share(config, name),
        callers=build.caller_rules(config),
        jitter=random.random,
        stopping=lambda: stop.wait(WORD_TO_STOP_S),
        may_claim=lambda: (server is None or _lives(server)) and quotas.line_may_send(name, wall_clock_us()),
        emit=_emitter(server),
        offer=build.offer(config, name),
        policy=build.call_policy(config),
    )
    life = LineLife(
        open_line=build.line_opener(config, name),
        desk=desk,
        duties=build.duties(config, name),
        policy=build.health_policy(config),
        stop=stop,
        wait=stop.wait,
    )
    end = _ending(life, stop, config.calls.finish_s)
    signal.signal(signal.SIGTERM, lambda *_: end())
    signal.signal(signal.SIGINT, signal.SIG_IGN if server else lambda *_: end())
    if server is not None:
        threading.Thread(target=_watch, args=(server, end), name="watch", daemon=True).start()
    try:
        adopt_orphans(store, blobs, desk.calls_root, desk.retry, wall_clock_us, line=name)
        life.run()
    finally:
        store.close()
        blobs.close()


def _ending(life: LineLife, stop: threading.Event, finish_s: float) -> Callable[[], None]:
    """Return what ends the line: the first word lets a call go on for `finish_s`, a second one cuts it."""

    def end() -> None:
        again = stop.is_set()
        stop.set()
        if again or not finish_s or not life.in_call:
            life.cut()
            return
        last_word = threading.Timer(finish_s, life.cut)
        last_word.daemon = True
        last_word.start()

    return end


def _lives(server: Connection) -> bool:
    """Say whether the server still holds its end of the pipe; it never says anything before it lets go."""
    poll = select.poll()
    poll.register(server.fileno(), select.POLLIN)
    return not poll.poll(0)


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
