"""A fax terminal of libspandsp whose T.30 can be made to wait in the middle of a call, as the fax modem of a slow DTE does.

spandsp's T.30 answers a frame while it hears it. `Terminal` runs it in a thread of its own and stops that thread inside the
library's call for a frame (`held`), together with the whole line, until `let_go`. So nothing of T.30 is made here.
"""

import ctypes
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from lab import spandsp as sd
from lab.machine import FaxMachine, MachineSpec

BLOCK = 160


class Wait(Enum):
    """Why a terminal waits."""

    IDENTIFIED = auto()  # the called station's DIS came: shall a document be sent, and in which form?
    ANSWERED = auto()  # our end-of-page command was answered: what comes next?
    TRAINED = auto()  # as receiver: the CFR is about to go out
    PAGE = auto()  # as receiver: the answer to an end-of-page command is about to go out


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """What the terminal waits with: the frame (its control octet first) as spandsp gives it."""

    why: Wait
    frame: bytes

    @property
    def name(self) -> str:
        """Return for example MCF."""
        return str(sd.t30_frametype(self.frame[0]).decode())


ANSWERS = {"MCF", "RTN", "RTP", "PIP", "PIN"}
ENDS = {"MPS", "EOM", "EOP"}
VERDICTS = {"MCF": 0x8C, "RTN": 0x4C, "RTP": 0xCC}


class Terminal(FaxMachine):
    """A FaxMachine with a thread of its own; `carry` is called for each block of the line while nothing is held."""

    def __init__(self, *, calling: bool, received: Path, options: dict[str, str]) -> None:
        self.held: Held | None = None
        self.dis: bytes = b""
        self.dcs: bytes = b""
        self.page_end = ""
        self.bad_rows = self.longest_bad_run = 0
        self.verdict = ""  # sent in place of spandsp's own
        self.ended: int | None = None
        self._abandoned = False
        self._work: Callable[[], None] | None = None
        self._go, self._back = threading.Semaphore(0), threading.Semaphore(0)
        super().__init__(MachineSpec(sends=False, file=received, options=options), calling=calling)
        self.calling = calling
        self.receives = not calling  # a calling one does once it has polled
        self.t30 = self._t30
        self._thread = threading.Thread(target=self._run, name="terminal", daemon=True)
        self._thread.start()

    # -- the line's side

    def carry(self, far: FaxMachine) -> bool:
        """Join both for one block; False when the terminal holds the line in the middle of it."""

        def block() -> None:
            ours = self.pull(BLOCK)
            self.push(far.pull(BLOCK))
            far.push(ours)

        self._work = block
        return self._go_on()

    def let_go(self) -> bool:
        """Go on where it was held; False when it is held again before the block is over."""
        self.held = None
        return self._go_on()

    def abandon(self) -> None:
        """The call is over, whatever it was held with."""
        self._abandoned = True
        if self.held is not None:
            self.let_go()
        self.line_gone()

    def close(self) -> None:
        """End the thread and free the machine."""
        self.abandon()
        self._work = None
        self._go.release()
        self._thread.join(10)
        super().close()

    def _go_on(self) -> bool:
        self._go.release()
        self._back.acquire()
        return self.held is None

    def _run(self) -> None:
        while True:
            self._go.acquire()
            if self._work is None:
                return
            self._work()
            self._back.release()

    def _hold(self, why: Wait, frame: bytes) -> None:
        if self._abandoned:
            return
        self.held = Held(why=why, frame=frame)
        self._back.release()
        self._go.acquire()

    # -- T.30's side, in the terminal's own thread

    def _frame(self, state: int, user: int, incoming: int, octets: int, length: int) -> None:
        super()._frame(state, user, incoming, octets, length)
        frame = ctypes.string_at(octets, length)[2:]
        name = sd.t30_frametype(frame[0]).decode() if frame else ""
        second = sd.t30_frametype(frame[1]).decode() if name.startswith("PPS") and len(frame) > 1 else ""
        if incoming:
            self._heard(name, second, frame)
        else:
            self._says(name, second, frame, octets)

    def _heard(self, name: str, second: str, frame: bytes) -> None:
        if name == "DIS":
            self.dis = frame[1:]
            self._note_ident()
            if self.calling and not self.receives:
                self._hold(Wait.IDENTIFIED, frame)
        elif name == "DCS":
            self.dcs = frame[1:]
            self._note_ident()
        elif (second or name) in ENDS:
            self.page_end = second or name
            statistics = sd.Statistics()  # of this page; its end clears them
            sd.t30_get_transfer_statistics(self._t30, ctypes.byref(statistics))
            self.bad_rows, self.longest_bad_run = statistics.bad_rows, statistics.longest_bad_row_run
        elif name in ANSWERS and self.page_end and not self.receives:
            self._hold(Wait.ANSWERED, frame)

    def _says(self, name: str, second: str, frame: bytes, octets: int) -> None:
        if not self.receives:
            if name == "DCS":
                self.dcs = frame[1:]
            if name.startswith("PPS") or name in ENDS:
                self.page_end = second or name
                self.page_end = self.page_end if self.page_end in ENDS else ""
            return
        if name == "CFR":
            self._hold(Wait.TRAINED, frame)
        elif name in VERDICTS and self.page_end:
            self.verdict = ""
            self._hold(Wait.PAGE, frame)
            self.page_end = ""
            if self.verdict in VERDICTS:
                ctypes.memset(octets + 2, VERDICTS[self.verdict] | (frame[0] & 1), 1)

    def _phase_e(self, state: int, user: int, completion: int) -> None:
        super()._phase_e(state, user, completion)
        self.ended = completion

    @property
    def ident(self) -> str:
        """Return how the far end called itself."""
        return self._remote_ident
