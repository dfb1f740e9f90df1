"""A Class 1 (T.31) modem on a pseudo-terminal: spandsp's t31_state and a pty.

Its user is the DTE. Without a pty the DTE is in this process: it empties `outbox` and calls `hear` (see `lockstep`). Closing the pty is a DTR drop: the call ends. Flow control is that the pty is not read, so that the DTE's
write blocks as it would at CTS.
"""

import contextlib
import ctypes
import os
import re
import select
import time
import tty
from collections import deque
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import TextIO

import numpy as np

from lab import spandsp as sd
from lab.badline import Samples

_FINAL = re.compile(rb"(?:^|[\r\n])(OK|CONNECT|ERROR|NO CARRIER|NO DIALTONE|BUSY|NO ANSWER|\+FCERROR|\+FRH:3)\r\n$")
_CALLER_ID = re.compile(rb"\+VCID=(\d)")


class Event(Enum):
    """What the modem asks of the exchange."""

    DIAL = auto()
    ANSWER = auto()
    HANG_UP = auto()


class Party(Enum):
    """Who has to act next; the exchange's clock may only run fast while it is the modem."""

    MODEM = auto()
    DTE = auto()


@dataclass(kw_only=True)
class Modem:
    """One modem; `link` is a path that becomes a link to its pty, if it has one."""

    link: Path | None = None
    settle_s: float = 0.0
    trace: TextIO | None = None
    events: deque[tuple[Event, str]] = field(default_factory=deque)
    off_hook: bool = False
    dte_there: bool = False
    clear_to_send: bool = True
    caller_id: bool = False
    turn: Party = Party.MODEM
    settled_at_s: float = 0.0
    outbox: bytearray = field(default_factory=bytearray)

    def __post_init__(self) -> None:
        self._sending = False
        self._command = bytearray()
        self._tail = b""
        self._last_command = b""
        self._started_s = time.monotonic()
        self._handlers = (sd.AtTx(self._at_tx), sd.ModemControl(self._control), sd.T38Tx(lambda *_: 0))
        at_tx, control, t38 = self._handlers
        self._state = sd.t31_init(None, at_tx, None, control, None, t38, None)
        sd.t31_set_transmit_on_idle(self._state, 1)
        sd.span_log_set_level(sd.t31_get_logging_state(self._state), 0)
        if self.link is not None:
            self._open_pty(self.link)

    def _open_pty(self, link: Path) -> None:
        self.fd, dte = os.openpty()
        tty.setraw(dte)
        link.unlink(missing_ok=True)
        link.symlink_to(os.ttyname(dte))
        os.close(dte)
        os.set_blocking(self.fd, False)

    # -- towards the DTE

    def _at_tx(self, _at: int, _user: int, octets: int, length: int) -> int:
        said = ctypes.string_at(octets, length)
        self._note(">", said)
        self.outbox += said
        self._tail = (self._tail + said)[-40:]
        if found := _FINAL.search(self._tail):
            self._tail = b""
            if found[1] == b"CONNECT":
                self._sending = b"+FT" in self._last_command or self._last_command.startswith(b"ATA")
                self.turn = Party.DTE if self._sending else Party.MODEM
                self.settled_at_s = time.monotonic() + self.settle_s
            else:
                self._sending = False
                self.turn = Party.DTE
        self.flush()
        return 0

    def _note(self, direction: str, octets: bytes) -> None:
        if self.trace:
            shown = repr(octets) if len(octets) < 80 else f"{octets[:16]!r} … {len(octets)} octets"
            self.trace.write(f"{time.monotonic() - self._started_s:9.3f} {self.link} {direction} {shown}\n")

    def flush(self) -> None:
        """Write to the pty what the modem has said."""
        while self.outbox and self.link is not None:
            try:
                del self.outbox[: os.write(self.fd, self.outbox[:2048])]
            except BlockingIOError:
                return
            except OSError:  # nobody has the pty open: the characters fall on the floor
                self.outbox.clear()

    def read_dte(self) -> None:
        """Give the modem what the DTE wrote; notice when the DTE comes and goes."""
        while True:
            poll = select.poll()
            poll.register(self.fd, select.POLLIN)
            flags = sum(event for _, event in poll.poll(0))
            gone = bool(flags & select.POLLHUP) and not flags & select.POLLIN
            if self.dte_there and gone:
                self.dte_there = False
                with contextlib.suppress(OSError):
                    tty.setraw(self.fd)
                self.dtr_drop()
            elif not flags & select.POLLHUP:
                self.dte_there = True
            if gone or not flags & select.POLLIN or not self.clear_to_send:
                return
            try:
                octets = os.read(self.fd, 256)
            except OSError:
                return
            self.hear(octets)

    def hear(self, octets: bytes) -> None:
        """Take what the DTE says: some hundred octets at most, and only while `clear_to_send`."""
        self._note("<", octets)
        self._watch(octets)
        sd.t31_at_rx(self._state, octets, len(octets))

    def _watch(self, octets: bytes) -> None:
        """Follow the dialogue, to know whose turn it is."""
        if self._sending:
            if b"\x10\x03" in self._command[-1:] + octets:
                self._sending, self.turn = False, Party.MODEM
            self._command = bytearray(octets[-1:])
            return
        self._command += octets
        if b"\r" in octets:
            self._last_command = bytes(self._command).strip().upper()
            self._command.clear()
            self.turn = Party.MODEM
            if found := _CALLER_ID.search(self._last_command):
                self.caller_id = found[1] != b"0"
            elif b"ATZ" in self._last_command:
                self.caller_id = False
        del self._command[:-512]

    def dtr_drop(self) -> None:
        """Notice that the DTE is gone: the call ends."""
        self.clear_to_send, self._sending, self.caller_id = True, False, False
        if self.off_hook:
            self.events.append((Event.HANG_UP, ""))
            self.network_says(sd.CallEvent.HANGUP)
            self.off_hook = False
        sd.t31_at_rx(self._state, b"\r", 1)
        self.outbox.clear()

    # -- towards the exchange

    def _control(self, _state: int, _user: int, operation: int, number: int | None) -> int:
        match operation:
            case sd.Operation.CTS:
                self.clear_to_send = bool(number)
            case sd.Operation.CALL:
                self.off_hook = True
                self.events.append((Event.DIAL, ctypes.string_at(number).decode() if number else ""))
            case sd.Operation.ANSWER:
                self.off_hook = True
                self.events.append((Event.ANSWER, ""))
            case sd.Operation.HANGUP | sd.Operation.ONHOOK if self.off_hook:
                self.off_hook = False
                self.events.append((Event.HANG_UP, ""))
        return 0

    def network_says(self, event: sd.CallEvent) -> None:
        """Tell the modem what the network signals."""
        sd.t31_call_event(self._state, int(event))
        self.flush()

    def say(self, text: str) -> None:
        """Say an unsolicited line, such as caller id."""
        sd.at_put_response(self._state, text.encode())
        self.flush()

    def say_raw(self, octets: bytes) -> None:
        """Say octets as they are, such as DLE-shielded DTMF digits."""
        self._note(">", octets)
        self.outbox += octets
        self.flush()

    def pull(self, samples: int) -> Samples:
        """Return what the modem sends to the line."""
        out = np.zeros(samples, dtype=np.int16)
        sd.t31_tx(self._state, out.ctypes.data, samples)
        return out

    def push(self, heard: Samples) -> None:
        """Let the modem hear the line."""
        sd.t31_rx(self._state, heard.ctypes.data, len(heard))

    def close(self) -> None:
        """Take the modem away."""
        sd.t31_free(self._state)
        if self.link is not None:
            os.close(self.fd)
            self.link.unlink(missing_ok=True)
