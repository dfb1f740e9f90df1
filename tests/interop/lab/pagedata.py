"""Page data on its way from a DTE into a Class 2 modem: DLE, the end of a page, a buffer that fills and empties. Used by `class2modem`."""

import time
from dataclasses import dataclass, field
from enum import Enum, auto

DLE, ETX, SUB, CAN = 0x10, 0x03, 0x1A, 0x18
PAGE_ENDS = {0x2C: 0, 0x3B: 1, 0x2E: 2}  # 2.0: DLE and one of these ends the page, and says what follows
FULL, EMPTY = 0.75, 0.25  # of the buffer: where XOFF and XON are said


class Flow(Enum):
    """What the modem says of its buffer."""

    XON = auto()
    XOFF = auto()


@dataclass(frozen=True, slots=True)
class PageEnd:
    """The page is complete; `follows` is what DLE said in 2.0, None where +FET will say it."""

    octets: bytes
    follows: int | None


class Cancelled(Exception):
    """The DTE said CAN instead of a page."""


@dataclass(kw_only=True)
class PageData:
    """One page. `buffer_octets` 0 is a buffer that holds any page; else it empties by `drain_octets_s`."""

    new: bool  # Class 2.0 and 2.1
    buffer_octets: int = 0
    drain_octets_s: float = 0.0
    octets: bytearray = field(default_factory=bytearray)
    stopped: bool = False
    _after_dle: bool = False
    _buffered: float = 0.0
    _heard_s: float = field(default_factory=time.monotonic)
    _drained_s: float = field(default_factory=time.monotonic)

    @property
    def room(self) -> int:
        """Return how many octets it takes now."""
        return max(0, int(self.buffer_octets - self._buffered)) if self.buffer_octets else 1 << 20

    def take(self, octet: int) -> PageEnd | None:
        """Take an octet; the page, once it ends it. Raises Cancelled."""
        self._heard_s = time.monotonic()
        self._buffered += 1
        if not self._after_dle:
            if octet == CAN and not self.octets:
                raise Cancelled
            self._after_dle = octet == DLE
            self.octets += b"" if self._after_dle else bytes((octet,))
            return None
        self._after_dle = False
        if octet == DLE:
            self.octets.append(DLE)
        elif octet == SUB and self.new:
            self.octets += bytes((DLE, DLE))
        elif octet == ETX and not self.new:
            return PageEnd(bytes(self.octets), None)
        elif octet in PAGE_ENDS and self.new:
            return PageEnd(bytes(self.octets), PAGE_ENDS[octet])
        return None

    def starved_s(self) -> float:
        """Return how long the DTE has sent nothing although it may."""
        return 0.0 if self.stopped else time.monotonic() - self._heard_s

    def flow(self) -> Flow | None:
        """Empty the buffer as the line would, and say what is to be told to the DTE."""
        if not self.buffer_octets:
            return None
        now_s = time.monotonic()
        self._buffered = max(0.0, self._buffered - (now_s - self._drained_s) * self.drain_octets_s)
        self._drained_s = now_s
        if not self.stopped and self._buffered > self.buffer_octets * FULL:
            self.stopped = True
            return Flow.XOFF
        if self.stopped and self._buffered < self.buffer_octets * EMPTY:
            self.stopped, self._heard_s = False, now_s
            return Flow.XON
        return None
