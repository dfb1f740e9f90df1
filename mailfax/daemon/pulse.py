"""The heartbeat of the mail side: wakes every worker of the server when the spool has changed, and now and then anyway."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from mailfax.spool.store import Store

_log = structlog.get_logger()

LOOK_EVERY_S = 0.05  # how often the spool is asked whether another process changed it: one PRAGMA, no transaction
FAULT_REST_S = 5.0
WAKE_ANYWAY_S = 1.0  # for what falls due by time alone: retries, send-at


class Pulse:
    """Broadcasts changes of the spool to any number of waiting workers."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._beat = asyncio.Event()

    async def run(self) -> None:
        """Watch the spool until cancelled."""
        mark, idle_s = self._store.changed(), 0.0
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            latest, idle_s = self._store.changed(), idle_s + LOOK_EVERY_S
            if latest != mark or idle_s >= WAKE_ANYWAY_S:
                mark, idle_s = latest, 0.0
                self._beat.set()
                self._beat = asyncio.Event()

    async def wait(self) -> None:
        """Return at the next beat."""
        await self._beat.wait()


async def work_while_any(name: str, step: Callable[[], Awaitable[bool]], pulse: Pulse) -> None:
    """Call `step` until it says there is nothing to do, then wait for a beat; until cancelled.

    A fault of one worker is logged and costs the others nothing; it tries again after a rest.
    """
    while True:
        try:
            while await step():
                pass
        except Exception:  # noqa: BLE001 - the last line of defence; the log has the whole story
            _log.exception("a worker failed and rests", worker=name, rest_s=FAULT_REST_S)
            await asyncio.sleep(FAULT_REST_S)
        await pulse.wait()
