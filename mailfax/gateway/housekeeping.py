"""What is done with goes when its time is over: by class as [retention] says, then the blobs that nobody names any more.

Called by the server's workers; looks once an hour. What is removed is in the log, and in the history of what it belonged to. Removing
means unlinking, and syncing the folder; nothing is overwritten, which on SSDs and copy-on-write disks would reach other cells anyway.
"""

from collections.abc import Callable
from pathlib import Path

import structlog

from mailfax.gateway.clockwatch import ClockWatch
from mailfax.gateway.transcripts import forget_transcripts
from mailfax.spool.callfolder import forget_damaged
from mailfax.spool.orphans import OrphanHunt
from mailfax.spool.retention import DAY_US, Content, RetentionPolicy, expire
from mailfax.spool.store import Store

_log = structlog.get_logger()
LOOK_EVERY_S = 3600.0
FIRST_LOOK_S = 60.0  # after the start, which has enough to do


class HousekeepingDesk:
    """Cleans up now and then, unless the clock is in doubt."""

    def __init__(
        self,
        *,
        store: Store,
        hunt: OrphanHunt,
        policy: RetentionPolicy,
        calls: Path,
        clock: ClockWatch,
        now_us: Callable[[], int],
        clock_s: Callable[[], float],
    ) -> None:
        self._store, self._hunt, self._policy, self._calls, self._clock = store, hunt, policy, calls, clock
        self._now_us, self._clock_s = now_us, clock_s
        self._next_s = clock_s() + FIRST_LOOK_S

    def step(self) -> bool:
        """Clean up if it is time; always False, since nothing is left to do before the next look."""
        if self._clock_s() >= self._next_s:
            self._next_s = self._clock_s() + LOOK_EVERY_S
            if self._clock.settled:
                removed = clean(self._store, self._policy, self._calls, self._now_us())
                if any(removed.values()):
                    _log.info(
                        "removed by retention", **{what.replace(" ", "_"): count for what, count in removed.items()}
                    )
            found = self._hunt.look()
            if found.removed:
                _log.info("blobs that nobody names are removed", blobs=found.removed, octets=found.removed_bytes)
        return False


def clean(store: Store, policy: RetentionPolicy, calls: Path, now_us: int) -> dict[str, int]:
    """Remove what is too old of every class; return how many of each. Also `mailfax spool clean`."""
    removed = {content.value: expire(store, content, policy.days(content), now_us) for content in Content}
    for what, days, forget in (
        ("transcripts", policy.transcripts_days, forget_transcripts),
        ("damaged calls", policy.calls_days, forget_damaged),
    ):
        removed[what] = forget(calls, (now_us - days * DAY_US) / 1_000_000) if days else 0
    return removed
