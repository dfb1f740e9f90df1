"""The signalling of a call as text (see `mailfax.t30.transcript`). Wraps any Line and Keeper; used by whoever wants to see a call.

Of a modem that does T.30 itself, the frames are the driver's words for what the modem says; its own words stand beside them.
"""

from collections.abc import Callable

from mailfax.modem.line import DialResult, IncomingCall, Line, Spoken
from mailfax.modem.pump import Keeper
from mailfax.t30.commands import KeeperCommand, KeeperResult, LineCommand, LineResult
from mailfax.t30.transcript import CALL, Row, keeper_rows, line_rows

Write = Callable[[str], object]


class TranscribedLine:
    """A Line that writes down what passes over another."""

    def __init__(self, line: Line, write: Write) -> None:
        self.name = line.name
        self.best_modulation = line.best_modulation
        self.at_s = 0.0
        self._line = line
        self._write = write
        if isinstance(line, Spoken):
            line.listen_in(self._dialogue)

    def dial(self, number: str) -> DialResult:
        """Dial."""
        dialled = self._line.dial(number)
        self._note("dial", f"{number}: {dialled.value}")
        return dialled

    def wait_for_call(self, timeout_s: float) -> IncomingCall | None:
        """Wait for a ring."""
        call = self._line.wait_for_call(timeout_s)
        if call is not None:
            self._note("ring", f"for {call.called or '?'} from {call.caller or '?'} {call.caller_name}".rstrip())
        return call

    def check(self) -> None:
        """Check the device."""
        self._line.check()

    def answer(self) -> bool:
        """Answer."""
        answered = self._line.answer()
        self._note("answer", "answered" if answered else "the caller is gone")
        return answered

    def decline(self) -> None:
        """Leave the call ringing."""
        self._line.decline()
        self._note("answer", "declined")

    def perform(self, command: LineCommand) -> LineResult:
        """Carry out a command of the engine and write down both it and its result."""
        result = self._line.perform(command)
        self.at_s = result.at_s
        for row in line_rows(command, result):
            self._write(f"{row}\n")
        return result

    def hang_up(self) -> None:
        """Hang up; the call is over, and so is what is written of it."""
        self._line.hang_up()
        if isinstance(self._line, Spoken):
            self._line.listen_in(None)

    def stop(self) -> None:
        """Make every wait end."""
        self._line.stop()

    def close(self) -> None:
        """Give the line back."""
        self._line.close()

    def _dialogue(self, direction: str, words: str) -> None:
        self._write(f"{Row(self.at_s, CALL, 'modem', '', f'{direction} {words}')}\n")

    def _note(self, signal: str, what: str) -> None:
        self._write(f"{Row(0.0, CALL, signal, '', what)}\n")


class TranscribedKeeper:
    """A Keeper that writes down what another does for a page; `line` tells the time of the call."""

    def __init__(self, keeper: Keeper, line: TranscribedLine, write: Write) -> None:
        self._keeper, self._line, self._write = keeper, line, write

    def perform(self, command: KeeperCommand) -> KeeperResult:
        """Carry out a command of the engine and write down its result."""
        result = self._keeper.perform(command)
        for row in keeper_rows(result, self._line.at_s):
            self._write(f"{row}\n")
        return result
