"""The wall clock and the source of ids: read here, passed down everywhere else."""

import secrets
import time

from mailfax.model.ids import IdMaker


def wall_clock_us() -> int:
    """Return the time as UTC microseconds since 1970."""
    return time.time_ns() // 1000


def steady_clock_s() -> float:
    """Return seconds that only go forward, also while the machine sleeps; nobody can set them."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def id_maker() -> IdMaker:
    """Return a maker of ids for this process."""
    return IdMaker(now_us=wall_clock_us, random_bits=secrets.randbits)
