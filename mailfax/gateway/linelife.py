"""The life of one line: its device is opened, works, fails, rests, goes away, comes back, and is set aside when it fails too often.

Runs in the line's own process, constructed by `daemon.line`. What it is doing stands in the spool (`mailfax line list`), in the
log, and goes to whoever watches. Nothing here waits but by `wait`, so a test runs it on a virtual clock.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from mailfax.gateway.desk import Desk
from mailfax.gateway.lineworker import Duties, work
from mailfax.gateway.live import LineChanged, Live
from mailfax.model.line import LineState, LineStatus
from mailfax.modem.line import DeviceGone, DeviceInUse, Line, LineFault
from mailfax.spool.disk import SpoolError

_log = structlog.get_logger()
US_PER_S = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class HealthPolicy:
    """How a failing device is met: rests that double, and after so many faults without a good call between them, quarantine.

    A quarantined line is tried once more after `quarantine_s` (0: never), and whenever a person releases it.
    """

    first_rest_s: float = 5.0
    longest_rest_s: float = 300.0
    look_again_s: float = 2.0  # at a device that is gone, or that another program has
    quarantine_after: int = 5
    quarantine_s: float = 3600.0

    def rest_s(self, faults: int) -> float:
        """Return how long a device rests after so many faults."""
        return float(min(self.first_rest_s * 2 ** min(max(faults - 1, 0), 16), self.longest_rest_s))


class LineLife:
    """One line from start to stop. `wait` sleeps so many seconds, or less when `stop` is set."""

    def __init__(
        self,
        *,
        open_line: Callable[[], Line],
        desk: Desk,
        duties: Duties,
        policy: HealthPolicy,
        stop: threading.Event,
        wait: Callable[[float], object],
    ) -> None:
        self._open_line, self._desk, self._duties, self._policy = open_line, desk, duties, policy
        self._stop, self._wait = stop, wait
        self._state: tuple[LineState, str] | None = None
        self._since_us = 0
        self._faults = 0
        self._line: Line | None = None
        self._in_call = False

    def run(self) -> None:
        """Keep the line going until `stop` is set."""
        try:
            while not self._stop.is_set():
                try:
                    self._one_device()
                except DeviceInUse as busy:
                    self._say(LineState.WAITING, str(busy))
                    self._wait(self._policy.look_again_s)
                except DeviceGone as gone:
                    self._say(LineState.DOWN, str(gone))
                    self._wait(self._policy.look_again_s)
                except LineFault as fault:
                    self._failed(str(fault))
        finally:
            self._say(LineState.STOPPED, "")

    @property
    def in_call(self) -> bool:
        """Say whether a call is in progress; from any thread."""
        return self._in_call

    def cut(self) -> None:
        """End whatever the line is doing, from any thread; `stop` is set already."""
        if (line := self._line) is not None:
            line.stop()

    def _one_device(self) -> None:
        if self._state is None or self._state[0] not in {LineState.WAITING, LineState.DOWN}:
            self._say(LineState.STARTING, "")
        line = self._open_line()
        self._line = line
        try:
            if self._stop.is_set():
                return
            self._say(LineState.UP, "")
            work(line, self._desk, self._duties, self._stop, self)
        finally:
            self._line, self._in_call = None, False
            line.close()

    def call_begins(self) -> None:
        """Note that the line is in a call."""
        self._in_call = True

    def call_ended(self, *, well: bool) -> None:
        """Note that the call is over, and whether the line did well in it."""
        self._in_call = False
        if well and self._faults:
            self._faults = 0
            self._put()

    def _failed(self, fault: str) -> None:
        self._faults += 1
        if self._faults < self._policy.quarantine_after:
            rest_s = self._policy.rest_s(self._faults)
            self._say(LineState.FAULTY, fault)
            self._wait(rest_s)
            return
        self._say(LineState.QUARANTINED, fault)
        self._wait_for_release()

    def _wait_for_release(self) -> None:
        """Wait for a person, or for the time of another trial, of which one fault more is enough to come back here."""
        waited_s, policy = 0.0, self._policy
        while not self._stop.is_set() and not (policy.quarantine_s and waited_s >= policy.quarantine_s):
            if self._released():
                _log.info("the line was released")
                self._faults = 0
                return
            self._wait(policy.look_again_s)
            waited_s += policy.look_again_s
        self._faults = policy.quarantine_after - 1

    def _released(self) -> bool:
        try:
            mine = [line for line in self._desk.store.lines() if line.name == self._desk.line_name]
        except SpoolError:
            return False
        return bool(mine) and mine[0].released_us > self._since_us

    def _say(self, state: LineState, reason: str) -> None:
        """Tell a change to the log, to the spool and to whoever watches; what is no change is not told again."""
        if (state, reason) == self._state:
            return
        self._state, self._since_us = (state, reason), self._desk.now_us()
        match state:
            case LineState.QUARANTINED:
                _log.error(
                    "ALARM: the line failed too often and is set aside; mend it, then: mailfax line release",
                    fault=reason,
                    faults=self._faults,
                )
            case LineState.FAULTY:
                _log.error(
                    "the line failed and rests",
                    fault=reason,
                    faults=self._faults,
                    rest_s=self._policy.rest_s(self._faults),
                )
            case LineState.DOWN | LineState.WAITING:
                _log.warning(f"line is {state.value}", reason=reason)
            case LineState.STARTING | LineState.UP | LineState.STOPPED:
                _log.info(f"line is {state.value}")
        self._put()
        event = LineChanged(state=state.value, reason=reason)
        self._desk.emit(Live(subject=self._desk.line_name, line=self._desk.line_name, event=event))

    def _put(self) -> None:
        assert self._state is not None
        state, reason = self._state
        status = LineStatus(
            name=self._desk.line_name, state=state, since_us=self._since_us, reason=reason, faults=self._faults
        )
        try:
            self._desk.store.put_line(status)
        except SpoolError as error:  # a disk that is full must not end the line
            _log.warning("how the line is could not be kept", error=str(error))
