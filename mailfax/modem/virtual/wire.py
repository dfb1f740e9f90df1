"""The wire of one call: two parties hand in line commands and get results. No thread, no socket, no clock but its own.

Called by `exchange` (a call between two processes) and `pair` (a call inside one process).

Each party has its own time: when its last command ended. A command ends when no party can change that any more: when
each that is still there has a command pending that ends later, or is itself past that moment. So what a party hears
depends on what was sent and never on which thread or process came first, and a loaded machine cannot change a result.
"""

import math
from dataclasses import dataclass, field
from typing import assert_never

from mailfax.modem.virtual.damage import Damage, Injury, cut_by_the_clock, earlier, spoil
from mailfax.modem.virtual.hearing import listen
from mailfax.modem.virtual.signals import (
    CED_GAP_S,
    CED_S,
    CED_SILENCE_S,
    Side,
    Signal,
    SignalCounter,
    build_signal,
    kind_of,
)
from mailfax.t30.commands import (
    Disconnected,
    LineCommand,
    LineResult,
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
)

HUNG_UP = "the far end hung up"
CUT = "the line was cut"


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """The next thing to happen: `side` gets `result`. `carrier_s` is when the last carrier it dealt with ends."""

    side: Side
    result: LineResult
    carrier_s: float


@dataclass(kw_only=True, slots=True)
class _Party:
    """One party: its time, the end of the last carrier it sent or heard, and what it is doing."""

    now_s: float
    carrier_s: float
    command: LineCommand | None = None
    ends_s: float = 0.0
    left_s: float = math.inf
    signals: list[Signal] = field(default_factory=list)
    counter: SignalCounter = field(default_factory=SignalCounter)


class Wire:
    """One call, from the answer on."""

    def __init__(self, damage: tuple[Damage, ...] = ()) -> None:
        ced_end_s = CED_SILENCE_S + CED_S
        self._parties = {
            Side.CALLING: _Party(now_s=0.0, carrier_s=0.0),
            Side.CALLED: _Party(now_s=ced_end_s + CED_GAP_S, carrier_s=ced_end_s),
        }
        self._damage = damage
        self._cut = cut_by_the_clock(damage)
        self._injuries: list[Injury] = []
        self._now_s = 0.0

    @property
    def now_s(self) -> float:
        """Return the latest moment at which anything was told to a party."""
        return self._now_s

    @property
    def injuries(self) -> tuple[Injury, ...]:
        """Return what the damage has hit so far."""
        return tuple(self._injuries)

    @property
    def over(self) -> bool:
        """Say whether both parties have left."""
        return all(self.has_left(side) for side in Side)

    def has_left(self, side: Side) -> bool:
        """Say whether a party has hung up."""
        return self._parties[side].left_s < math.inf

    def time_of(self, side: Side) -> float:
        """Return the time of one party."""
        return self._parties[side].now_s

    def is_waiting(self, side: Side) -> bool:
        """Say whether a party has a command pending."""
        return self._parties[side].command is not None

    def submit(self, side: Side, command: LineCommand) -> None:
        """Take the next command of a party; it has none pending."""
        party, peer = self._parties[side], self._parties[side.peer]
        assert not self.is_waiting(side)
        party.command = command
        match command:
            case SendFrames() | SendTraining() | SendPage() | SendBlock():
                start_s = max(party.now_s, party.carrier_s + command.silence_s)
                spoiled = spoil(self._damage, side, build_signal(command, start_s), kind_of(command), party.counter)
                party.ends_s = spoiled.signal.end_s
                party.signals = [old for old in party.signals if old.end_s > peer.now_s] + [spoiled.signal]
                self._injuries += spoiled.injuries
                self._cut = earlier(self._cut, spoiled.cut)
            case Pause(seconds=seconds):
                party.ends_s = party.now_s + seconds
            case ReceiveFrames() | ReceiveTraining() | ReceivePage() | ReceiveBlock():
                party.ends_s = party.now_s + command.timeout_s
            case _:
                assert_never(command)

    def leave(self, side: Side, elapsed_s: float = 0.0) -> None:
        """Hang up for a party; one that leaves with a command pending (it was killed) leaves at the latest known moment."""
        party = self._parties[side]
        if party.left_s == math.inf:
            party.left_s = party.now_s if party.command is None else max(self._now_s, elapsed_s)
            party.command = None

    def due(self) -> Due | None:
        """Return what happens next, or None as long as a party that has still to say what it does could change it."""
        present = [(side, party) for side, party in self._parties.items() if party.left_s == math.inf]
        known_until_s = min((party.now_s for _, party in present if party.command is None), default=math.inf)
        outcomes = (self._outcome(side, party) for side, party in present if party.command is not None)
        due = min(outcomes, key=lambda due: due.result.at_s, default=None)
        return due if due is not None and due.result.at_s <= known_until_s else None

    def take(self, due: Due) -> None:
        """Let `due` happen: its party has its result and may hand in the next command."""
        party = self._parties[due.side]
        party.command = None
        party.now_s = due.result.at_s
        party.carrier_s = max(party.carrier_s, due.carrier_s)
        self._now_s = max(self._now_s, party.now_s)
        if self._cut is not None and self._cut.at_s <= party.now_s and self._cut not in self._injuries:
            self._injuries.append(self._cut)

    def _outcome(self, side: Side, party: _Party) -> Due:
        """Say how the pending command of a party ends, as far as anybody knows now."""
        peer = self._parties[side.peer]
        cut_s = self._cut.at_s if self._cut is not None else math.inf
        dead_s = min(peer.left_s, cut_s)
        result: LineResult
        match party.command:
            case ReceiveFrames() | ReceiveTraining() | ReceivePage() | ReceiveBlock() as command:
                heard = listen(command, peer.signals, party.now_s, dead_s)
                if heard is not None:
                    return Due(side=side, result=heard.result, carrier_s=min(heard.carrier_s, dead_s))
                result = Silence(at_s=party.ends_s)
            case SendFrames() | SendTraining() | SendPage() | SendBlock() | Pause():
                result = Sent(at_s=party.ends_s)
            case None:
                raise AssertionError(f"the {side.value} side has nothing pending")
            case _:
                assert_never(party.command)
        if result.at_s > dead_s:
            reason = CUT if cut_s <= peer.left_s else HUNG_UP
            result = Disconnected(at_s=max(party.now_s, dead_s), reason=reason)
        carrier_s = party.ends_s if isinstance(result, Sent) and not isinstance(party.command, Pause) else 0.0
        return Due(side=side, result=result, carrier_s=carrier_s)
