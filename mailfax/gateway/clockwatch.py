"""The wall clock against one that only goes forward: a jump is noticed, told, and its harm undone.

Called by the server now and then. Times in the spool are those of the wall clock, for people and for several machines, and a wall clock is
set: by NTP after the start, by a person, by a machine without a battery. After a jump the waits of retries and mails are shifted by it, so
that nothing waits for a year or is tried at once; and whatever gives up or removes by age (expiry, retention) holds still for a
while (`settled`): a wrong clock that is set right again within that time has cost nothing.
"""

from collections.abc import Callable

import structlog

from mailfax.spool.shifting import last_written_us, shift_waits
from mailfax.spool.store import Store

_log = structlog.get_logger()
US_PER_S = 1_000_000
JUMP_S = 60.0  # what NTP slews, and a pause of the process between the two readings, are less
SETTLE_S = 3600.0


class ClockWatch:
    """Compares the two clocks. `clock_s` counts the time that the machine sleeps (CLOCK_BOOTTIME)."""

    def __init__(
        self, *, store: Store, now_us: Callable[[], int], clock_s: Callable[[], float], settle_s: float = SETTLE_S
    ) -> None:
        self._store, self._now_us, self._clock_s, self._settle_s = store, now_us, clock_s, settle_s
        self._offset_s: float | None = None
        self._unsettled_until_s = float("-inf")

    @property
    def settled(self) -> bool:
        """Say whether the clock has gone evenly for long enough to give up or remove anything by its age."""
        return self._clock_s() >= self._unsettled_until_s

    def step(self) -> bool:
        """Look at both clocks; always False, since nothing is left to do before the next look."""
        now_us, clock_s = self._now_us(), self._clock_s()
        offset_s = now_us / US_PER_S - clock_s
        if self._offset_s is None:
            self._look_back(now_us, clock_s)
        elif abs(jump_s := offset_s - self._offset_s) > JUMP_S:
            self._jumped(jump_s, now_us, clock_s)
        self._offset_s = offset_s
        return False

    def _look_back(self, now_us: int, clock_s: float) -> None:
        """At the start: what was written in the future was written before the clock was set back."""
        last_us = last_written_us(self._store)
        if last_us is not None and (back_s := (now_us - last_us) / US_PER_S) < -JUMP_S:
            self._jumped(back_s, now_us, clock_s)

    def _jumped(self, jump_s: float, now_us: int, clock_s: float) -> None:
        shifted = shift_waits(self._store, round(jump_s * US_PER_S), now_us)
        self._unsettled_until_s = clock_s + self._settle_s
        _log.error(
            "the clock of this machine jumped; retries keep their waits, and nothing is given up or removed by age for a while",
            seconds=round(jump_s),
            shifted=shifted,
            settles_in_s=self._settle_s,
        )
