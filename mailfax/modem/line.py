"""What a line is to the rest of mailfax.

Implemented by `class1` (a T.31 modem), `class2` (a modem that does T.30 by itself) and `virtual` (the exchange in a process).
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol, runtime_checkable

from mailfax.t30.commands import LineCommand, LineResult
from mailfax.t30.modulation import Modulation


class LineFault(Exception):
    """Our own device failed (LocalError of the line): it is gone, answers nonsense, or nothing. The text says which."""


class DeviceGone(LineFault):
    """There is no such device now: unplugged, switched off, not reachable. It may come back."""


class DeviceInUse(LineFault):
    """Another program has the device. It may let go of it."""


class NotAFax(Exception):
    """Who called and was answered is no fax machine; the text says what the modem heard."""


class DialResult(Enum):
    """How a dial attempt ended, before any T.30."""

    CONNECTED = "connected"
    BUSY = "busy"
    NO_ANSWER = "no answer"
    NO_DIALTONE = "no dialtone"
    NO_CARRIER = "no carrier"
    REFUSED = "refused by the modem"  # which dials no number that failed too often
    STOPPED = "stopped"


@dataclass(frozen=True, kw_only=True, slots=True)
class IncomingCall:
    """A ringing call. `called` is the DID as signalled, or the line's own `number` where the network signals none.

    It is empty where the network signals one and it was not heard: such a call is for nobody knows whom.
    """

    called: str
    caller: str
    caller_name: str = ""


class Line(Protocol):
    """One telephone line. Synchronous: one thread pumps it; only `stop` may be called from another thread.

    A call is `dial` or `wait_for_call` + `answer`, then any number of `perform`, then always `hang_up`.
    """

    name: str
    best_modulation: Modulation  # the fastest that the device both sends and receives; more is never offered

    def dial(self, number: str) -> DialResult:
        """Dial and wait for an answer (T.30 T0, 60 s). Raises LineFault."""
        ...

    def wait_for_call(self, timeout_s: float) -> IncomingCall | None:
        """Wait for a ring, at most `timeout_s` of wall time; None when there was none. Raises LineFault."""
        ...

    def check(self) -> None:
        """Make sure, now and then, that an idle device still answers; to be called between calls. Raises LineFault."""
        ...

    def answer(self) -> bool:
        """Go off-hook and send the answer tone. False when the caller is already gone. Raises LineFault, NotAFax."""
        ...

    def decline(self) -> None:
        """Leave the call that rings unanswered: it is not told again while it goes on ringing."""
        ...

    def perform(self, command: LineCommand) -> LineResult:
        """Carry out one command of the engine. Never raises for the far end's faults; LineFault becomes Disconnected(ours)."""
        ...

    def hang_up(self) -> None:
        """End the call, whatever its state. Never raises; safe to call twice."""
        ...

    def stop(self) -> None:
        """Make every waiting method return soon (from any thread); the line answers Disconnected(ours) from then on."""
        ...

    def close(self) -> None:
        """Give the device back."""
        ...


@runtime_checkable
class Spoken(Protocol):
    """A line whose device is told in words what to do, and says in words what it heard: a modem that does T.30 by itself.

    It shows no bit of the far machine that it does not speak of itself, so nothing that needs one can go out there (subaddresses).
    """

    def listen_in(self, tell: Callable[[str, str], None] | None) -> None:
        """Have the dialogue of the call told to `tell` (`>` or `<`, words), from its beginning; or to nobody any more."""
        ...
