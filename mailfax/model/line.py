"""How a line is: what its process says of it, kept in the spool for whoever looks (`mailfax line list`)."""

from dataclasses import dataclass
from enum import StrEnum


class LineState(StrEnum):
    """What a line's process is doing about its device."""

    STARTING = "starting"  # the device is being opened and set up
    UP = "up"
    WAITING = "waiting"  # another program has the device
    DOWN = "down"  # the device is not there; it comes back by itself
    FAULTY = "faulty"  # it failed, rests, and is tried again
    QUARANTINED = "quarantined"  # it failed too often: a person is wanted
    STOPPED = "stopped"


@dataclass(frozen=True, kw_only=True, slots=True)
class LineStatus:
    """One line. `faults` counts those since the last good call; `released_us` is when a person last released it, 0 for never.

    `alive` says whether the process that wrote this still runs; it is false in a status that is being written.
    """

    name: str
    state: LineState
    since_us: int
    reason: str = ""
    faults: int = 0
    released_us: int = 0
    alive: bool = False
