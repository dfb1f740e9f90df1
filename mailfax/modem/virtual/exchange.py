"""The exchange: who is connected, who rings, who is busy. Socket and process are in `server`, a call itself in `calls`.

One instance in one asyncio process; every method runs in its event loop, so nothing here is locked.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import assert_never

from mailfax.modem.line import DialResult, IncomingCall
from mailfax.modem.virtual.calls import LiveCall
from mailfax.modem.virtual.damage import Damage
from mailfax.modem.virtual.messages import (
    Answer,
    Answered,
    CallRecord,
    Calls,
    Dial,
    Dialled,
    HangUp,
    HungUp,
    Message,
    MessageError,
    Perform,
    Performed,
    Register,
    Registered,
    Ringing,
    RingingStopped,
)
from mailfax.modem.virtual.plan import ExchangeSettings, Tone, find_route
from mailfax.modem.virtual.signals import Side
from mailfax.modem.virtual.wire import Wire
from mailfax.t30.commands import Disconnected, LineResult

Send = Callable[[Message], None]
KEPT_RECORDS = 1000
_NO_CALL = "the line is in no call"


@dataclass(kw_only=True, eq=False, slots=True)
class Attempt:
    """A caller who waits for an answer, and the line that rings for it."""

    caller: "Extension"
    call: IncomingCall
    ringing: "Extension | None" = None
    next_ring: asyncio.TimerHandle | None = None
    give_up: asyncio.TimerHandle | None = None


@dataclass(kw_only=True, slots=True)
class InCall:
    """A line off-hook in a call."""

    call: LiveCall
    side: Side


@dataclass(kw_only=True, eq=False, slots=True)
class Extension:
    """A line in service. `state` is None when it is on-hook and silent; an Attempt is its own or one that rings it."""

    name: str
    number: str
    accepts_calls: bool
    send: Send
    state: Attempt | InCall | None = None


class Exchange:
    """The lines in service and what each of them does."""

    def __init__(self, settings: ExchangeSettings) -> None:
        self._settings = settings
        self._lines: dict[str, Extension] = {}
        self._records: deque[CallRecord] = deque(maxlen=KEPT_RECORDS)
        self._answered: Counter[str] = Counter()
        self._unserved: list[Attempt] = []

    # -- what connections ask ------------------------------------------------------------------------------------------

    def register(self, request: Register, send: Send) -> Extension | None:
        """Put a line into service; the answer is sent."""
        if request.name in self._lines:
            send(Registered(refusal=f"a line {request.name} is in service already"))
            return None
        line = Extension(name=request.name, number=request.number, accepts_calls=request.accepts_calls, send=send)
        self._lines[line.name] = line
        send(Registered())
        for attempt in [waiting for waiting in self._unserved if self._leads_to(waiting.call.called, line)]:
            self._hunt_again(attempt)
        return line

    def records(self) -> Calls:
        """Tell about the calls that have ended."""
        return Calls(records=tuple(self._records))

    def unregister(self, line: Extension) -> None:
        """Take a line out of service whose process is gone: a hang-up, whatever it did."""
        del self._lines[line.name]
        match line.state:
            case Attempt(ringing=ringing) as attempt if ringing is line:
                self._hunt_again(attempt)
            case _:
                self._hang_up(line)

    def handle(self, line: Extension, request: Message) -> None:
        """Do what a line asks. Raises MessageError for what no line may ask."""
        match request:
            case Dial():
                self._dial(line, request)
            case Answer():
                line.send(Answered(connected=self._answer(line)))
            case Perform():
                self._perform(line, request)
            case HangUp():
                self._hang_up(line)
                line.send(HungUp())
            case _:
                raise MessageError(f"a line does not say {type(request).__name__}")

    # -- dialling and ringing ------------------------------------------------------------------------------------------

    def _dial(self, line: Extension, request: Dial) -> None:
        attempt = Attempt(caller=line, call=IncomingCall(called=request.number, caller=request.caller or line.number))
        match line.state:
            case None:
                line.state = attempt
            case Attempt(caller=caller) as incoming if caller is not line:
                line.state = attempt  # glare: whoever goes off-hook first wins, and its caller tries the next line
                self._hunt_again(incoming)
            case _:
                line.send(Dialled(result=DialResult.NO_DIALTONE))
                return
        self._hunt(attempt)

    def _hunt(self, attempt: Attempt) -> None:
        """Do for a caller what the number plan says."""
        match self._route(attempt.call.called):
            case Tone.BUSY:
                self._refuse(attempt, DialResult.BUSY)
            case Tone.NO_ANSWER:
                self._let_ring_nowhere(attempt)
            case names:
                self._ring_first_idle(attempt, names)

    def _ring_first_idle(self, attempt: Attempt, names: tuple[str, ...]) -> None:
        group = [line for name in names if (line := self._lines.get(name)) is not None and line.accepts_calls]
        idle = next((line for line in group if line.state is None), None)
        if idle is not None:
            self._ring(attempt, idle)
        elif group:
            self._refuse(attempt, DialResult.BUSY)
        elif names:
            self._wait_for_service(attempt)
        else:
            self._let_ring_nowhere(attempt)

    def _route(self, number: str) -> tuple[str, ...] | Tone:
        """Return where a number leads; without a route, to the line whose own number it is."""
        route = find_route(self._settings.routes, number)
        if route is None:
            return tuple(line.name for line in self._lines.values() if line.number == number)
        return route

    def _leads_to(self, number: str, line: Extension) -> bool:
        route = self._route(number)
        return not isinstance(route, Tone) and line.name in route

    def _ring(self, attempt: Attempt, line: Extension) -> None:
        line.state = attempt
        attempt.ringing = line
        loop = asyncio.get_running_loop()
        attempt.give_up = loop.call_later(self._settings.no_answer_s, self._refuse, attempt, DialResult.NO_ANSWER)
        if self._settings.real_time:
            attempt.next_ring = loop.call_later(self._settings.ring_s, self._ring_once, attempt, line)
        else:
            self._ring_once(attempt, line)

    def _ring_once(self, attempt: Attempt, line: Extension) -> None:
        line.send(Ringing(call=attempt.call))
        attempt.next_ring = asyncio.get_running_loop().call_later(
            self._settings.ring_cadence_s, self._ring_once, attempt, line
        )

    def _wait_for_service(self, attempt: Attempt) -> None:
        """Keep the caller waiting: the lines of this route have still to come into service, or are never to."""
        loop = asyncio.get_running_loop()
        attempt.give_up = loop.call_later(self._settings.service_wait_s, self._refuse, attempt, DialResult.NO_ANSWER)
        self._unserved.append(attempt)

    def _let_ring_nowhere(self, attempt: Attempt) -> None:
        """Nobody is there to ring: in real time the caller still waits for it."""
        if self._settings.real_time:
            loop = asyncio.get_running_loop()
            attempt.give_up = loop.call_later(self._settings.no_answer_s, self._refuse, attempt, DialResult.NO_ANSWER)
        else:
            self._refuse(attempt, DialResult.NO_ANSWER)

    def _hunt_again(self, attempt: Attempt) -> None:
        """Try the next line, as if the caller had dialled now: the one that rang is gone, or off-hook for itself."""
        self._stop_ringing(attempt)
        self._hunt(attempt)

    def _refuse(self, attempt: Attempt, result: DialResult) -> None:
        self._stop_ringing(attempt)
        attempt.caller.state = None
        attempt.caller.send(Dialled(result=result))

    def _stop_ringing(self, attempt: Attempt) -> None:
        for timer in (attempt.next_ring, attempt.give_up):
            if timer is not None:
                timer.cancel()
        attempt.next_ring = attempt.give_up = None
        if attempt in self._unserved:
            self._unserved.remove(attempt)
        line, attempt.ringing = attempt.ringing, None
        if line is not None:
            if line.state is attempt:
                line.state = None
            line.send(RingingStopped())

    # -- calls -----------------------------------------------------------------------------------------------------------

    def _answer(self, line: Extension) -> bool:
        match line.state:
            case Attempt(ringing=ringing) as attempt if ringing is line:
                self._connect(attempt, line)
                return True
            case _:
                return False

    def _connect(self, attempt: Attempt, line: Extension) -> None:
        self._stop_ringing(attempt)
        ends = {Side.CALLING: attempt.caller, Side.CALLED: line}

        def tell(side: Side, result: LineResult) -> None:
            ends[side].send(Performed(result=result))

        call = LiveCall(
            wire=Wire(self._damage_of_next(attempt.call.called)),
            lines={side: end.name for side, end in ends.items()},
            called=attempt.call.called,
            caller=attempt.call.caller,
            tell=tell,
            real_time=self._settings.real_time,
        )
        for side, end in ends.items():
            end.state = InCall(call=call, side=side)
        attempt.caller.send(Dialled(result=DialResult.CONNECTED))

    def _damage_of_next(self, number: str) -> tuple[Damage, ...]:
        """Return the damage for the call that is being answered, and count it."""
        damage: list[Damage] = []
        for index, entry in enumerate(self._settings.damage):
            if fnmatchcase(number, entry.pattern):
                self._answered[str(index)] += 1
                if entry.call in {None, self._answered[str(index)]}:
                    damage += entry.damage
        return tuple(damage)

    def _perform(self, line: Extension, request: Perform) -> None:
        match line.state:
            case InCall(call=call, side=side) if call.wire.is_waiting(side):
                raise MessageError("a line performs one command at a time")
            case InCall(call=call, side=side):
                call.perform(side, request.command)
            case _:
                line.send(Performed(result=Disconnected(at_s=0.0, reason=_NO_CALL)))

    def _hang_up(self, line: Extension) -> None:
        """Go on-hook. A line that rings cannot hang up: it rings on."""
        match line.state:
            case InCall(call=call, side=side):
                line.state = None
                call.leave(side)
                if call.wire.over:
                    self._records.append(call.record())
            case Attempt(caller=caller) as attempt if caller is line:
                line.state = None
                self._stop_ringing(attempt)
            case Attempt() | None:
                pass
            case _:
                assert_never(line.state)
