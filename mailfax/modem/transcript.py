"""The signalling of a call as text: one signal per line, no page content. Wraps any Line; used by whoever wants to see a call.

Columns, separated by tabs: seconds since the answer when the signal ended, direction (`>` sent, `<` heard, `#` the call itself),
signal, modulation and rate, then what it was: for a frame its name and its octets in hex, first bit on the line first.
"""

from collections.abc import Callable
from typing import assert_never

from mailfax.modem.line import DialResult, IncomingCall, Line
from mailfax.t30.commands import (
    BlockHeard,
    Disconnected,
    FramesHeard,
    LineCommand,
    LineResult,
    PageHeard,
    Pause,
    ReceiveBlock,
    ReceiveFrames,
    ReceivePage,
    ReceiveTraining,
    SendBlock,
    SendFrames,
    SendPage,
    SendTraining,
    Sent,
    Silence,
    TrainingHeard,
    WrongCarrier,
)
from mailfax.t30.frames import parse_frame

_V21 = "V.21 300"


class TranscribedLine:
    """A Line that writes down what passes over another."""

    def __init__(self, line: Line, write: Callable[[str], object]) -> None:
        self.name = line.name
        self.best_modulation = line.best_modulation
        self._line = line
        self._write = write

    def dial(self, number: str) -> DialResult:
        """Dial."""
        dialled = self._line.dial(number)
        self._note(0.0, "#", "dial", "", f"{number}: {dialled.value}")
        return dialled

    def wait_for_call(self, timeout_s: float) -> IncomingCall | None:
        """Wait for a ring."""
        call = self._line.wait_for_call(timeout_s)
        if call is not None:
            self._note(
                0.0, "#", "ring", "", f"for {call.called or '?'} from {call.caller or '?'} {call.caller_name}".rstrip()
            )
        return call

    def answer(self) -> bool:
        """Answer."""
        answered = self._line.answer()
        self._note(0.0, "#", "answer", "", "answered" if answered else "the caller is gone")
        return answered

    def perform(self, command: LineCommand) -> LineResult:
        """Carry out a command of the engine and write down both it and its result."""
        result = self._line.perform(command)
        self._sent(command, result)
        self._heard(command, result)
        return result

    def hang_up(self) -> None:
        """Hang up."""
        self._line.hang_up()

    def stop(self) -> None:
        """Make every wait end."""
        self._line.stop()

    def close(self) -> None:
        """Give the line back."""
        self._line.close()

    def _note(self, at_s: float, direction: str, signal: str, carrier: str, what: str) -> None:
        self._write(f"{at_s:.3f}\t{direction}\t{signal}\t{carrier}\t{what}\n")

    def _frames(self, at_s: float, direction: str, frames: tuple[bytes, ...]) -> None:
        for octets in frames:
            frame = parse_frame(octets)
            self._note(at_s, direction, "frame", _V21, f"{frame.fcf if frame else '?'}\t{octets.hex()}")

    def _sent(self, command: LineCommand, result: LineResult) -> None:
        """Write down what was sent; for a command that was cut short, what was to be sent."""
        at_s = result.at_s
        match command:
            case SendFrames():
                self._frames(at_s, ">", command.frames)
            case SendTraining():
                self._note(at_s, ">", "training", str(command.modulation), f"{command.seconds:g} s")
            case SendPage():
                training = "short" if command.short_training else "long"
                what = f"{len(command.octets)} octets, {training} training"
                self._note(at_s, ">", "page", str(command.modulation), what)
            case SendBlock():
                training = "short" if command.short_training else "long"
                what = f"{len(command.frames)} frames, {training} training"
                self._note(at_s, ">", "block", str(command.modulation), what)
            case Pause():
                self._note(at_s, ">", "pause", "", f"{command.seconds:g} s")
            case ReceiveFrames() | ReceiveTraining() | ReceivePage() | ReceiveBlock():
                pass
            case _:
                assert_never(command)

    def _heard(self, command: LineCommand, result: LineResult) -> None:
        carrier = str(command.modulation) if isinstance(command, ReceiveTraining | ReceivePage | ReceiveBlock) else _V21
        match result:
            case FramesHeard():
                self._frames(result.at_s, "<", result.frames)
                if result.damaged:
                    self._note(result.at_s, "<", "damaged", _V21, f"{result.damaged} frames")
            case TrainingHeard():
                self._note(result.at_s, "<", "training", carrier, f"{len(result.octets)} octets")
            case PageHeard():
                lost = ", carrier lost" if result.carrier_lost else ""
                self._note(result.at_s, "<", "page", carrier, f"{len(result.octets)} octets{lost}")
            case BlockHeard():
                damaged = f", {result.damaged} damaged" if result.damaged else ""
                self._note(result.at_s, "<", "block", carrier, f"{len(result.frames)} frames{damaged}")
            case WrongCarrier():
                self._note(result.at_s, "<", "wrong carrier", carrier, "")
            case Silence():
                self._note(result.at_s, "<", "silence", carrier, "")
            case Disconnected():
                self._note(result.at_s, "#", "disconnected", "", result.reason)
            case Sent():
                pass
            case _:
                assert_never(result)
