"""One call as the exchange runs it: the wire, its two lines, and pacing against the wall clock. Owned by `exchange`."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from mailfax.modem.virtual.messages import CallRecord
from mailfax.modem.virtual.signals import Side
from mailfax.modem.virtual.wire import Due, Wire
from mailfax.t30.commands import LineCommand, LineResult

Tell = Callable[[Side, LineResult], None]


@dataclass(kw_only=True, slots=True)
class LiveCall:
    """A call that was answered. `tell` hands a result to the line of a side; `lines` are their names."""

    wire: Wire
    lines: dict[Side, str]
    called: str
    caller: str
    tell: Tell
    real_time: bool
    answered_s: float = field(default_factory=lambda: asyncio.get_running_loop().time())
    _waiting: asyncio.TimerHandle | None = None

    def perform(self, side: Side, command: LineCommand) -> None:
        """Take the next command of a line."""
        self.wire.submit(side, command)
        self._settle()

    def leave(self, side: Side) -> None:
        """Take the hang-up of a line, or its death."""
        self.wire.leave(side, self._elapsed_s() if self.real_time else 0.0)
        self._settle()

    def record(self) -> CallRecord:
        """Say what the call was."""
        return CallRecord(
            calling_line=self.lines[Side.CALLING],
            called_line=self.lines[Side.CALLED],
            called=self.called,
            caller=self.caller,
            seconds=self.wire.now_s,
            injuries=self.wire.injuries,
        )

    def _settle(self) -> None:
        """Let happen what is due; in real time only when its time has come, and it may change until then."""
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
        while (due := self.wire.due()) is not None:
            if self.real_time and due.result.at_s > self._elapsed_s():
                when = self.answered_s + due.result.at_s
                self._waiting = asyncio.get_running_loop().call_at(when, self._happen, due)
                return
            self._take(due)

    def _happen(self, due: Due) -> None:
        self._waiting = None
        self._take(due)
        self._settle()

    def _take(self, due: Due) -> None:
        self.wire.take(due)
        self.tell(due.side, due.result)

    def _elapsed_s(self) -> float:
        return asyncio.get_running_loop().time() - self.answered_s
