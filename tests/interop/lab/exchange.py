"""The telephone exchange: joins modems and machines by audio in blocks of 20 ms, and is the only clock of their calls.

With `turbo` the line's time runs that many times faster while the modem owes the DTE something, and in real time while the
DTE has to act, while it rings, and while the line is silent (so that the DTE's own timers count true).
"""

import fnmatch
import queue
import select
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from lab import spandsp as sd
from lab.class2modem import Class2Modem, Model
from lab.machine import BLOCK, Carries, FaxMachine, MachineReport, MachineSpec, Samples
from lab.modem import Event, Modem, Party

TICK_S = BLOCK / sd.SAMPLE_RATE
QUIET = np.zeros(BLOCK, dtype=np.int16)
DELAY_TICKS = 2
TAIL_S = 0.2  # between the machine's last carrier and its hang-up
SILENT_S = 0.3
LAG_S = 0.05
REFUSALS = {  # seconds until the network says so
    "busy": (1.0, sd.CallEvent.BUSY),
    "noanswer": (2.0, sd.CallEvent.NO_ANSWER),
    "nodialtone": (0.5, sd.CallEvent.NO_DIALTONE),
}
RING_LIMIT = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Ring:
    """How a call comes in."""

    did: str = ""
    cid: str = ""
    name: str = ""
    dtmf_did: str = ""
    cadence_s: float = 1.0
    limit: int = RING_LIMIT


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished:
    """A call that is over."""

    number: str
    why: str
    rings: int
    line_s: float
    wall_s: float
    machine: MachineReport | None


@dataclass(kw_only=True)
class Call:
    """A call between one modem and one machine, from dial or first ring. Between two modems it is two, each the other's `peer`."""

    modem: Modem | Class2Modem
    spec: str
    number: str = ""
    ring: Ring | None = None
    machine: FaxMachine | None = None
    line: Carries | None = None
    peer: "Call | None" = None
    on_its_way: deque[tuple[Samples, Samples]] = field(default_factory=deque)
    up: bool = False
    samples: int = 0
    up_samples: int = 0
    rings: int = 0
    next_ring: int = 0
    tail_end: int | None = None
    silent_samples: int = 0
    started_s: float = field(default_factory=time.monotonic)


class Exchange:
    """`run` in a thread of its own, where `do` hands it work from another; or `tick` by tick in the caller's (`lockstep`).

    `bad_line` makes the line of each call; without it all lines are perfect.
    """

    def __init__(self, *, turbo: float = 0.0) -> None:
        self._turbo = turbo
        self.modems: list[Modem | Class2Modem] = []
        self.calls: list[Call] = []
        self.routes: list[tuple[str, str]] = []
        self.finished: queue.Queue[Finished] = queue.Queue()
        self.stopping = False
        self.bad_line: Callable[[], Carries] | None = None
        self._work: queue.Queue[Callable[[], None]] = queue.Queue()
        self._timers: list[tuple[int, Callable[[], None]]] = []
        self._now = 0  # samples since the exchange started

    @property
    def now_s(self) -> float:
        """Return the exchange's time."""
        return self._now / sd.SAMPLE_RATE

    def add_modem(self, link: Path | None = None) -> Modem:
        """Put a modem on the exchange; `link` becomes a link to its pty."""
        modem = Modem(link=link)
        self.modems.append(modem)
        return modem

    def add_class2_modem(self, link: Path, model: Model) -> Class2Modem:
        """Put a Class 2 modem on the exchange."""
        modem = Class2Modem(link=link, folder=link.parent, model=model)
        self.modems.append(modem)
        return modem

    def do(self, work: Callable[[], None]) -> None:
        """Have the exchange's thread do something."""
        self._work.put(work)

    def ring(self, modem: Modem | Class2Modem, spec: str, ring: Ring) -> None:
        """Let a machine call a modem."""
        if self._call_of(modem) is not None:
            raise RuntimeError("the modem is in a call")
        self.calls.append(Call(modem=modem, spec=spec, number=ring.did, ring=ring))

    def cut(self) -> None:
        """End every call."""
        for call in list(self.calls):
            self._finish(call, "line cut")

    def run(self) -> None:
        """Keep the exchange going until `stopping`."""
        next_s = time.monotonic()
        while not self.stopping:
            self._wait(next_s)
            for modem in self.modems:
                modem.flush()
                modem.read_dte()
            if time.monotonic() < next_s:
                continue
            self.tick()
            # What was lost on a busy computer is not made up for while a DTE has to act: to it, that would be turbo.
            behind_s = LAG_S if self._turbo else 1.0
            next_s = max(next_s + TICK_S / self._speed(), time.monotonic() - behind_s)
        self.close()

    def close(self) -> None:
        """End every call and take the modems away."""
        for call in list(self.calls):
            self._finish(call, "exchange stopped")
        for modem in self.modems:
            modem.close()

    def _wait(self, until_s: float) -> None:
        """Sleep until the next tick, or until a DTE says something."""
        poll = select.poll()
        for modem in self.modems:
            if modem.dte_there:
                wanted = (select.POLLIN if modem.clear_to_send else 0) | (select.POLLOUT if modem.outbox else 0)
                poll.register(modem.fd, wanted)
        poll.poll(max(0, int((until_s - time.monotonic()) * 1000 + 0.5)))

    def _speed(self) -> float:
        """Return how many seconds of the line pass in one second of the wall, right now."""
        if not self._turbo or any(self._wants_real_time(modem) for modem in self.modems):
            return 1.0
        return self._turbo

    def _wants_real_time(self, modem: Modem | Class2Modem) -> bool:
        if modem.outbox or time.monotonic() < modem.settled_at_s:
            return True
        call = self._call_of(modem)
        if call is None:
            return True
        if isinstance(modem, Class2Modem) and call.up:
            return False  # the modem has all timers of the call, and holds the line while the DTE has to act
        if not call.up:
            return call.ring is not None
        silent = call.silent_samples > SILENT_S * sd.SAMPLE_RATE
        return silent or (modem.turn is Party.DTE and modem.dte_there and modem.clear_to_send)

    # -- one tick

    def tick(self) -> None:
        """Let 20 ms pass."""
        self._now += BLOCK
        while not self._work.empty():
            self._work.get()()
        due = [timer for timer in self._timers if timer[0] <= self._now]
        self._timers = [timer for timer in self._timers if timer[0] > self._now]
        for _, action in due:
            action()
        for modem in self.modems:
            while modem.events:
                self._handle(modem, *modem.events.popleft())
        for call in list(self.calls):
            call.samples += BLOCK
            if call.up:
                self._carry(call)
            elif call.ring is not None and call.samples >= call.next_ring:
                self._ring_once(call, call.ring)
        for modem in self.modems:
            joined = self._call_of(modem)
            if joined is None or not joined.up:
                modem.pull(BLOCK)
                modem.push(QUIET)

    def _carry(self, call: Call) -> None:
        machine, modem = call.machine, call.modem
        if call.peer is not None:
            self._carry_between(call, call.peer)
            return
        assert machine is not None
        if isinstance(modem, Class2Modem):
            if modem.carry(machine):
                self._carried(call, machine)
            return
        to_modem, to_machine = machine.pull(BLOCK), modem.pull(BLOCK)
        silent = max(int(np.abs(to_modem).max()), int(np.abs(to_machine).max())) <= 100
        call.silent_samples = call.silent_samples + BLOCK if silent else 0
        if call.line is not None:
            to_modem, to_machine = call.line.carry(to_modem, to_machine)
        modem.push(to_modem)
        machine.push(to_machine)
        self._carried(call, machine)

    def _carry_between(self, call: Call, peer: Call) -> None:
        """Carry between two modems, 40 ms away from each other, as on any real line; once for both calls."""
        if call.ring is not None:
            return
        call.on_its_way.append((call.modem.pull(BLOCK), peer.modem.pull(BLOCK)))
        to_peer, to_call = call.on_its_way.popleft() if len(call.on_its_way) > DELAY_TICKS else (QUIET, QUIET)
        silent = max(int(np.abs(to_peer).max()), int(np.abs(to_call).max())) <= 100
        for one, heard in ((call, to_call), (peer, to_peer)):
            one.silent_samples = one.silent_samples + BLOCK if silent else 0
            one.up_samples += BLOCK
            one.modem.push(heard)

    def _carried(self, call: Call, machine: FaxMachine) -> None:
        call.up_samples += BLOCK
        if not machine.active:
            if call.tail_end is None:
                call.tail_end = call.samples + round(TAIL_S * sd.SAMPLE_RATE)
            if call.samples >= call.tail_end:
                self._finish(call, "machine hung up")

    def _handle(self, modem: Modem | Class2Modem, event: Event, number: str) -> None:
        call = self._call_of(modem)
        match event:
            case Event.DIAL:
                self._dialled(modem, number)
            case Event.ANSWER if call is not None and call.peer is not None:
                call.up = call.peer.up = True
                modem.network_says(sd.CallEvent.ANSWERED)
                call.peer.modem.network_says(sd.CallEvent.CONNECTED)
            case Event.ANSWER if call is not None and not call.up:
                self._connect(call, calling=True)
                modem.network_says(sd.CallEvent.ANSWERED)
            case Event.ANSWER:  # nobody there any more
                modem.off_hook = False
                modem.network_says(sd.CallEvent.HANGUP)
            case Event.HANG_UP if call is not None:
                # It may have dialled again since: it knows that this call is over, and is told nothing.
                self._finish(call, "modem hung up", tell_modem=False)
            case Event.HANG_UP:
                pass

    def _connect(self, call: Call, *, calling: bool) -> None:
        call.machine = FaxMachine(MachineSpec.parse(call.spec), calling=calling)
        call.line = self.bad_line() if self.bad_line else None
        call.up = True

    # -- calls out of a modem

    def _dialled(self, modem: Modem | Class2Modem, number: str) -> None:
        spec = next((spec for pattern, spec in self.routes if fnmatch.fnmatch(number, pattern)), "noanswer")
        call = Call(modem=modem, spec=spec, number=number)
        self.calls.append(call)
        if spec.startswith("modem:"):
            called = self.modems[int(spec.removeprefix("modem:"))]
            call.peer = Call(modem=called, spec=spec, number=number, ring=Ring(), peer=call)
            self.calls.append(call.peer)
        elif spec in REFUSALS:
            after_s, event = REFUSALS[spec]
            self._after(after_s, lambda: self._refuse(call, event))
        else:
            self._after(0.5, lambda: self._far_end_answers(call))

    def _refuse(self, call: Call, event: sd.CallEvent) -> None:
        if call in self.calls:
            call.modem.off_hook = False
            call.modem.network_says(event)
            self._finish(call, event.name.lower())

    def _far_end_answers(self, call: Call) -> None:
        if call in self.calls:
            self._connect(call, calling=False)
            call.modem.network_says(sd.CallEvent.CONNECTED)

    # -- calls into a modem

    def _ring_once(self, call: Call, ring: Ring) -> None:
        if call.rings >= ring.limit:
            self._finish(call, "not answered")
            return
        call.modem.network_says(sd.CallEvent.ALERTING)
        if call.rings == 0 and ring.dtmf_did:
            call.modem.say_raw(b"".join(b"\x10" + bytes((ord(digit),)) for digit in ring.dtmf_did))
        if call.rings == 0 and call.modem.caller_id:
            self._after(ring.cadence_s * 0.4, lambda: self._show_caller(call, ring))
        call.rings += 1
        call.next_ring = call.samples + round(ring.cadence_s * sd.SAMPLE_RATE)

    def _show_caller(self, call: Call, ring: Ring) -> None:
        if call in self.calls and not call.up:
            for label, value in (("NMBR", ring.cid), ("NAME", ring.name), ("NDID", ring.did)):
                if value:
                    call.modem.say(f"{label}={value}")

    # -- ends

    def _finish(self, call: Call, why: str, *, tell_modem: bool = True) -> None:
        self.calls.remove(call)
        if call.peer in self.calls:
            self._finish(call.peer, "the other modem hung up")
        if tell_modem and call.modem.off_hook:
            call.modem.off_hook = False
            call.modem.network_says(sd.CallEvent.HANGUP)
        report = None
        if call.machine is not None:
            call.machine.line_gone()
            report = call.machine.report()
            call.machine.close()
        self.finished.put(
            Finished(
                number=call.number,
                why=why,
                rings=call.rings,
                line_s=call.up_samples / sd.SAMPLE_RATE,
                wall_s=time.monotonic() - call.started_s,
                machine=report,
            )
        )

    def _call_of(self, modem: Modem | Class2Modem) -> Call | None:
        return next((call for call in self.calls if call.modem is modem), None)

    def _after(self, seconds: float, action: Callable[[], None]) -> None:
        self._timers.append((self._now + round(seconds * sd.SAMPLE_RATE), action))
