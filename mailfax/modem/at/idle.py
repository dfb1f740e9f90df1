"""A modem between calls: made ready, asked whether it is still there, listened to for rings. Each AT line has one (`class1`, `class2`).

How a modem is set up, and all of a call, is the line's own.
"""

import contextlib
from collections.abc import Callable

from mailfax.modem.at.attention import Watchdog, wait_for_ring
from mailfax.modem.at.dialogue import Dialogue, Stopped
from mailfax.modem.at.port import Port
from mailfax.modem.at.ringing import DidMemory, Ringing, RingWords
from mailfax.modem.at.settings import ModemSettings
from mailfax.modem.line import IncomingCall


class Idle:
    """What a line has of its modem when no call is on. `used` is to be said when a call has been, after which it is set up again."""

    def __init__(
        self,
        settings: ModemSettings,
        port: Port,
        memory: DidMemory | None,
        clock: Callable[[], float],
        heard: RingWords,
    ) -> None:
        self.ringing = Ringing(settings, memory or DidMemory())
        for line, at_s in heard:  # while the modem was asked who it is
            self.ringing.take(line, at_s)
        self.dialogue = Dialogue(port, clock, lambda line: self.ringing.take(line, clock()))
        self._port = port
        self._watchdog = Watchdog(self.dialogue)
        self._is_ready = False

    def ready(self, wake: Callable[[], None]) -> None:
        """Set the modem up by `wake` if a call has been; some fall back to Class 0 when they hang up. Raises LineFault, Stopped."""
        if not self._is_ready:
            wake()
            self._is_ready = True

    def used(self) -> None:
        """Have the modem set up before the next call."""
        self._is_ready = False

    def wait_for_call(self, timeout_s: float, wake: Callable[[], None]) -> IncomingCall | None:
        """Wait for enough rings; those of a caller who gave up are forgotten.

        While it rings, the wait goes on beyond `timeout_s` (until the next ring is overdue): nobody may dial into a call.
        """
        try:
            self.ready(wake)
        except Stopped:
            return None
        return wait_for_ring(self.dialogue, self.ringing, timeout_s)

    def check(self, wake: Callable[[], None]) -> None:
        """Make sure that an idle modem still answers. Raises LineFault."""
        with contextlib.suppress(Stopped):
            if not self.ringing.going_on(self.dialogue.clock()):
                self.ready(wake)
                self._watchdog.check()

    def decline(self) -> None:
        """Leave the call that rings unanswered."""
        self.ringing.decline(self.dialogue.clock())

    def stop(self) -> None:
        """Make every wait end now; from any thread."""
        self.dialogue.stop.set()
        self._port.interrupt()
