"""An exchange whose clock moves only while our driver waits: calls through spandsp's modem without pty, thread or real time.

The same Class 1 driver as on a device, over a port whose reads let the line's time pass. So a call is as fast as the computer
allows, a loaded machine cannot change it, and one seed gives one call. Used by benches and by the tests of bad lines.
"""

from collections.abc import Callable
from typing import Protocol

from lab.exchange import TICK_S, Exchange, Finished, Ring
from lab.machine import Carries
from lab.modem import Modem
from mailfax.modem.at.port import POLL_S
from mailfax.modem.class1 import Class1Line, Class1Settings
from mailfax.modem.line import LineFault

PIECE = 256  # octets that a DTE hands over at once
STALL_S = 15.0


class Clock(Protocol):
    """What lets time pass."""

    @property
    def now_s(self) -> float: ...

    def tick(self) -> None: ...


class LockstepPort:
    """The Port of `mailfax.modem.class1` on a modem in this process. `clock` is the line's."""

    def __init__(self, exchange: Clock, modem: Modem) -> None:
        self._exchange = exchange
        self._modem = modem

    def clock(self) -> float:
        return self._exchange.now_s

    def read(self) -> bytes:
        end_s = self.clock() + POLL_S
        while not self._modem.outbox and self.clock() < end_s - TICK_S / 2:
            self._exchange.tick()
        said = bytes(self._modem.outbox)
        self._modem.outbox.clear()
        return said

    def pending(self) -> bool:
        return bool(self._modem.outbox)

    def write(self, octets: bytes) -> None:
        for at in range(0, len(octets), PIECE):
            end_s = self.clock() + STALL_S
            while not self._modem.clear_to_send:
                if self.clock() > end_s:
                    raise LineFault("The modem takes no more data.")
                self._exchange.tick()
            self._modem.hear(octets[at : at + PIECE])

    def flow(self, *, sending: bool) -> None:
        pass

    def drop_output(self) -> None:
        pass

    def drop_dtr(self) -> None:
        self._modem.dtr_drop()

    def raise_dtr(self) -> None:
        pass

    def interrupt(self) -> None:
        pass

    def close(self) -> None:
        pass


class LockstepExchange:
    """An exchange with one modem; `line` is our driver on it. `route`, `ring` and `finished` are those of LabExchange."""

    def __init__(self, *, bad_line: Callable[[], Carries] | None = None, open_line: bool = True) -> None:
        self.inner = self._exchange = Exchange()
        self._exchange.bad_line = bad_line
        self.modem = self._modem = self._exchange.add_modem()
        port = LockstepPort(self._exchange, self._modem)
        if open_line:
            self.line = Class1Line(Class1Settings(device="lockstep"), port, clock=port.clock)

    def route(self, pattern: str, spec: str) -> None:
        self._exchange.routes.insert(0, (pattern, spec))

    def ring(self, spec: str, how: Ring | None = None) -> None:
        self._exchange.ring(self._modem, spec, how or Ring())

    def finished(self, limit_s: float = 600.0) -> Finished:
        """Let time pass until a call has ended, and return what came of it."""
        end_s = self._exchange.now_s + limit_s
        while self._exchange.finished.empty():
            if self._exchange.now_s > end_s:
                raise TimeoutError(f"no call ended in {limit_s:.0f} s")
            self._exchange.tick()
        return self._exchange.finished.get()

    def close(self) -> None:
        if hasattr(self, "line"):
            self.line.close()
        self._exchange.close()
