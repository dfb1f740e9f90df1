"""Two lines joined by one wire inside one process: what tests of other packages make a call with.

calling, called = join(number="5551234", damage=(...))      # two lines, each for a thread of its own
ends = run_joined(engine_a, keeper_a, engine_b, keeper_b)   # or the whole call: both results, and what was hurt
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Condition

from mailfax.model.call import CallResult
from mailfax.modem.line import DialResult, IncomingCall
from mailfax.modem.pump import Keeper, run_call
from mailfax.modem.virtual.damage import Damage, Injury
from mailfax.modem.virtual.signals import Side
from mailfax.modem.virtual.wire import Wire
from mailfax.t30.commands import Disconnected, Engine, LineCommand, LineResult
from mailfax.t30.modulation import Modulation

STOPPED = "the line was stopped"
NO_CALL = "the line is in no call"


@dataclass(frozen=True, kw_only=True, slots=True)
class JoinedEnds:
    """What the call came to at both ends, how many seconds the line was busy, and what the damage hit."""

    calling: CallResult
    called: CallResult
    seconds: float
    injuries: tuple[Injury, ...]


class _Join:
    """The wire, and who waits for what of it; everything under one condition."""

    def __init__(self, damage: tuple[Damage, ...]) -> None:
        self.changed = Condition()
        self.wire = Wire(damage)
        self.ringing: IncomingCall | None = None
        self.answered = False
        self.results: dict[Side, LineResult] = {}

    def settle(self) -> None:
        """Let everything happen that is due, and wake whom it concerns."""
        while (due := self.wire.due()) is not None:
            self.wire.take(due)
            self.results[due.side] = due.result
        self.changed.notify_all()


class JoinedLine:
    """One end of a joined pair; implements `mailfax.modem.line.Line` for one call."""

    def __init__(self, side: Side, join: _Join, number: str) -> None:
        self.name = side.value
        self.best_modulation = Modulation.V17_14400
        self._side = side
        self._join = join
        self._number = number
        self._left = False
        self._stopped = False

    @property
    def injuries(self) -> tuple[Injury, ...]:
        """Return what the damage has hit so far."""
        return self._join.wire.injuries

    @property
    def seconds(self) -> float:
        """Return how long the call has lasted on the line's clock."""
        return self._join.wire.now_s

    def dial(self, number: str) -> DialResult:
        """Ring the other end and wait until it answers or leaves."""
        join = self._join
        with join.changed:
            join.ringing = IncomingCall(called=number, caller=self._number)
            join.changed.notify_all()
            join.changed.wait_for(lambda: join.answered or self._stopped or join.wire.has_left(self._side.peer))
            if self._stopped:
                return DialResult.STOPPED
            return DialResult.CONNECTED if join.answered else DialResult.NO_ANSWER

    def wait_for_call(self, timeout_s: float) -> IncomingCall | None:
        """Wait until the other end dials."""
        join = self._join
        with join.changed:
            join.changed.wait_for(lambda: join.ringing is not None or self._stopped, timeout_s)
            return None if self._stopped else join.ringing

    def decline(self) -> None:
        """Nobody but the test decides here."""

    def check(self) -> None:
        """Nothing to check."""

    def answer(self) -> bool:
        """Take the call, if the other end is still there."""
        join = self._join
        with join.changed:
            if self._stopped or join.ringing is None or join.wire.has_left(self._side.peer):
                return False
            join.answered = True
            join.changed.notify_all()
            return True

    def perform(self, command: LineCommand) -> LineResult:
        """Carry out one command; returns when both ends wait and this one's is the next to end."""
        join = self._join
        with join.changed:
            now_s = join.wire.time_of(self._side)
            if self._stopped or self._left or not join.answered:
                return Disconnected(at_s=now_s, reason=STOPPED if self._stopped else NO_CALL, ours=True)
            join.wire.submit(self._side, command)
            join.settle()
            join.changed.wait_for(lambda: self._side in join.results or self._stopped)
            result = join.results.pop(self._side, None)
            return result or Disconnected(at_s=now_s, reason=STOPPED, ours=True)

    def hang_up(self) -> None:
        """Leave the call."""
        with self._join.changed:
            self._left = True
            self._join.wire.leave(self._side)
            self._join.settle()

    def stop(self) -> None:
        """Make whoever waits at this end return."""
        with self._join.changed:
            self._stopped = True
            self._join.changed.notify_all()

    def close(self) -> None:
        """Leave the call, if it still runs."""
        self.hang_up()


def join(
    *, number: str = "5551234", caller: str = "5550001", damage: tuple[Damage, ...] = ()
) -> tuple[JoinedLine, JoinedLine]:
    """Return the calling and the called end of one call that is still to be dialled and answered."""
    shared = _Join(damage)
    return JoinedLine(Side.CALLING, shared, caller), JoinedLine(Side.CALLED, shared, number)


def run_joined(
    calling: Engine, calling_keeper: Keeper, called: Engine, called_keeper: Keeper, damage: tuple[Damage, ...] = ()
) -> JoinedEnds:
    """Run one whole call between two engines, from the answer to both hang-ups."""
    calling_line, called_line = join(damage=damage)

    def take_call() -> CallResult:
        called_line.wait_for_call(timeout_s=60.0)
        called_line.answer()
        return run_call(called, called_line, called_keeper)

    with ThreadPoolExecutor(max_workers=1) as pool:
        other = pool.submit(take_call)
        calling_line.dial("5551234")
        result = run_call(calling, calling_line, calling_keeper)
        return JoinedEnds(
            calling=result,
            called=other.result(),
            seconds=calling_line.seconds,
            injuries=calling_line.injuries,
        )
