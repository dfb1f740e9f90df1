"""Now and then: what processes had claimed that died since, here or on another gateway, is done by others.

Called by the server. What a line of ours left of a call is settled when that line starts again (`adoption`).
"""

from collections.abc import Callable

import structlog

from mailfax.spool.adopt import settle_lost
from mailfax.spool.retry import RetryPolicy
from mailfax.spool.store import Store

_log = structlog.get_logger()
US_PER_S = 1_000_000


class RescueDesk:
    """Looks every `every_s` for claims of the dead."""

    def __init__(self, *, store: Store, policy: RetryPolicy, every_s: float, now_us: Callable[[], int]) -> None:
        self._store, self._policy, self._every_s, self._now_us = store, policy, every_s, now_us
        self._next_us = 0

    def step(self) -> bool:
        """Give back what the dead had claimed; always False, since nothing is left to do before the next look."""
        now_us = self._now_us()
        # A clock that was set back far must not stop this.
        if self._next_us - self._every_s * US_PER_S <= now_us < self._next_us:
            return False
        self._next_us = now_us + round(self._every_s * US_PER_S)
        if lost := settle_lost(self._store, self._policy, now_us):
            _log.error("the gateway that made these calls is gone; what they came to is not known", jobs=lost)
        back = self._store.recover(now_us)
        if back.renders or back.jobs or back.deliveries:
            _log.warning(
                "work of dead processes is done again", renders=back.renders, jobs=back.jobs, deliveries=back.deliveries
            )
        return False
