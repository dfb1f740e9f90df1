"""Work that failed in a way nobody foresaw is passed over for a while, so that it holds up nothing behind it.

Used by the desks that always take the oldest item. The fault itself is logged by `daemon.pulse`.
"""

from collections.abc import Iterator
from contextlib import contextmanager

US_PER_S = 1_000_000
FIRST_REST_S = 60
LONGEST_REST_S = 3600


class Resting:
    """Items that failed, and until when each is passed over: a minute, then twice as long each time, at most an hour."""

    def __init__(self) -> None:
        self._until_us: dict[str, int] = {}
        self._rest_s: dict[str, int] = {}

    def now(self, now_us: int) -> frozenset[str]:
        """Return the items to pass over now."""
        # Nobody rests longer than the longest rest: what does was put to rest before the clock was set back.
        longest_us = LONGEST_REST_S * US_PER_S
        return frozenset(item for item, until_us in self._until_us.items() if 0 < until_us - now_us <= longest_us)

    @contextmanager
    def unless_done(self, item: str, now_us: int) -> Iterator[None]:
        """Put the item to rest if the work inside raises; forget its past if it does not."""
        rest_s = self._rest_s.get(item, FIRST_REST_S)
        self._until_us[item] = now_us + rest_s * US_PER_S
        self._rest_s[item] = min(2 * rest_s, LONGEST_REST_S)
        yield
        del self._until_us[item], self._rest_s[item]
