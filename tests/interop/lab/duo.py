"""Two of our drivers on two of libspandsp's modems, the line between them without delay. The clock of both is in lock-step.

Time moves by 20 ms whenever both drivers wait (a barrier), so the two threads of a call cannot race: what each modem is told
between two ticks comes from its own driver alone.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from lab import spandsp as sd
from lab.exchange import QUIET
from lab.lockstep import LockstepPort
from lab.machine import BLOCK
from lab.modem import Event, Modem
from mailfax.modem.class1 import Class1Line, Class1Settings

RING_EVERY = 50  # ticks


@dataclass(kw_only=True)
class Wire:
    """What the network does with the two lines."""

    dialled: bool = False
    up: bool = False
    ticks: int = 0


class Duo:
    """`call(caller, answerer)` runs what each side does with its line; the caller dials, and the answerer's modem rings."""

    def __init__(self) -> None:
        self._modems = (Modem(), Modem())
        self._wire = Wire()
        self._now = 0
        self._change = threading.Condition()
        self._present, self._waiting = 2, 0

    @property
    def now_s(self) -> float:
        return self._now / sd.SAMPLE_RATE

    def call(self, caller: Callable[[Class1Line], object], answerer: Callable[[Class1Line], object]) -> None:
        """Let both sides act, each in a thread of its own, until both are done; raises what one of them raised."""
        errors: list[BaseException] = []

        def side(modem: Modem, act: Callable[[Class1Line], object]) -> None:
            try:
                port = LockstepPort(self, modem)
                act(Class1Line(Class1Settings(device="lockstep"), port, clock=port.clock))
            except BaseException as error:  # noqa: BLE001 - raised again by the test's own thread
                errors.append(error)
            finally:
                self._leave()

        threads = [
            threading.Thread(target=side, args=pair) for pair in zip(self._modems, (caller, answerer), strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for modem in self._modems:
            modem.close()
        if errors:
            raise errors[0]

    def tick(self) -> None:
        """Wait for the other side to wait too; then 20 ms pass for both."""
        with self._change:
            at = self._now
            self._waiting += 1
            if self._waiting == self._present:
                self._pass()
            else:
                self._change.wait_for(lambda: self._now != at)

    def _leave(self) -> None:
        with self._change:
            self._present -= 1
            if self._present and self._waiting == self._present:
                self._pass()

    def _pass(self) -> None:
        caller, called = self._modems
        for modem, other in ((caller, called), (called, caller)):
            while modem.events:
                self._handle(modem, other, *modem.events.popleft())
        if self._wire.up:
            to_called, to_caller = caller.pull(BLOCK), called.pull(BLOCK)
            caller.push(to_caller)
            called.push(to_called)
        else:
            for modem in self._modems:
                modem.pull(BLOCK)
                modem.push(QUIET)
            if self._wire.dialled:
                self._wire.ticks += 1
                if self._wire.ticks % RING_EVERY == 0:
                    called.network_says(sd.CallEvent.ALERTING)
        self._now += BLOCK
        self._waiting = 0
        self._change.notify_all()

    def _handle(self, modem: Modem, other: Modem, event: Event, _number: str) -> None:
        match event:
            case Event.DIAL:
                self._wire.dialled = True
            case Event.ANSWER:
                self._wire = Wire(up=True)
                modem.network_says(sd.CallEvent.ANSWERED)
                other.network_says(sd.CallEvent.CONNECTED)
            case Event.HANG_UP:
                self._wire = Wire()
                if other.off_hook:
                    other.off_hook = False
                    other.network_says(sd.CallEvent.HANGUP)
