"""No job waits for ever: what no line could send in time is given up, and its sender is told like of any failure.

Called by the server now and then. Retries have budgets of their own (`spool.retry`); this is for jobs that no line ever
takes: a device that is gone, a line that was removed. While the clock is in doubt (`clockwatch`) nothing is given up.
"""

from collections.abc import Callable

import structlog

from mailfax.gateway.clockwatch import ClockWatch
from mailfax.spool.store import Store

_log = structlog.get_logger()
US_PER_S = 1_000_000
LOOK_EVERY_S = 60


class ExpiryDesk:
    """Looks once a minute for jobs that have waited longer than `give_up_s`."""

    def __init__(self, *, store: Store, give_up_s: int, clock: ClockWatch, now_us: Callable[[], int]) -> None:
        self._store, self._give_up_s, self._clock, self._now_us = store, give_up_s, clock, now_us
        self._next_us = 0

    def step(self) -> bool:
        """Give up what is too old; always False, since nothing is left to do before the next look."""
        now_us = self._now_us()
        due = not 0 < self._next_us - now_us <= LOOK_EVERY_S * US_PER_S  # also where the clock was set back
        if due and self._clock.settled:
            self._next_us = now_us + LOOK_EVERY_S * US_PER_S
            self._replan(now_us)
            expired = self._store.expire_jobs(now_us - self._give_up_s * US_PER_S, now_us)
            if expired:
                _log.error("faxes are given up: no line sent them in time", jobs=expired)
        return False

    def _replan(self, now_us: int) -> None:
        """Give jobs whose hours are over their next ones, some at a time, so that no transaction is long."""
        while True:
            moved, given_up = self._store.replan_jobs(now_us)
            if given_up:
                _log.info("faxes are given up: their senders wanted them no later", jobs=given_up)
            if not moved and not given_up:
                return
