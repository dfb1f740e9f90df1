"""A Class 2 modem without T.30 on a virtual clock: it says what it is told to, and fails where it is told to. With a keeper beside.

`says` has what follows a command, by how the command begins; the longest beginning holds. Whatever a modem may do wrong is in `Fault`.
"""

from collections import deque
from dataclasses import dataclass, field
from enum import Enum, auto

from mailfax.model.call import CallEvent, CallResult
from mailfax.modem.at.port import POLL_S
from mailfax.modem.class2 import Class2Line, Class2Settings
from mailfax.modem.line import LineFault
from mailfax.modem.pump import run_call
from mailfax.t30.answerer import AnswererStation, answer
from mailfax.t30.caller import CallerJob, call
from mailfax.t30.commands import (
    BlockStored,
    FetchPage,
    KeeperCommand,
    KeeperFailed,
    KeeperResult,
    Note,
    Noted,
    PageData,
    PageStored,
    StoreBlock,
    StorePage,
)
from mailfax.t30.negotiate import FULL_OFFER

DLE_ETX, CAN, XON = b"\x10\x03", b"\x18", b"\x11"
PAGE = bytes.fromhex(
    "00 1A 35 80 10 FF 33"
)  # no page of T.4, and no modem here minds; an octet is DLE either way round
RECEIVED = bytes.fromhex("00 18 AC 01 10 10 FF")  # what comes over the serial link, DLE shielded


def lines(*words: str) -> bytes:
    return b"".join(f"\r\n{word}\r\n".encode() for word in words)


CLASS2 = {
    "AT": lines("OK"),
    "AT+FDCC=?": lines("(0,1),(0-5),(0-2),(0-2),(0,1,3),(0-2),(0),(0-7)", "OK"),
    "ATD": lines("+FCON", '+FCSI:"             5550002"', "+FDIS:1,5,0,2,1,0,0,0", "OK"),
    "AT+FDT": lines("+FDCS:1,5,0,2,1,0,0,0", "CONNECT") + XON,
    "page": lines("OK"),
    "AT+FET=0": lines("+FPTS:1", "OK"),
    "AT+FET=1": lines("+FPTS:1", "OK"),
    "AT+FET=2": lines("+FPTS:1", "+FHNG:0", "OK"),
    "ATA": lines("+FCON", '+FTSI:"5550001"', "+FDCS:1,5,0,2,0,0,0,0", "OK"),
    "AT+FDR": lines("+FCFR", "CONNECT"),
    "start": RECEIVED + DLE_ETX + lines("+FPTS:1,100,0,0", "+FET:2", "OK"),
    "farewell": lines("+FHNG:0", "OK"),  # the +FDR after the last page
    "AT+FK": lines("+FHNG:2", "OK"),
}
CLASS2_0 = CLASS2 | {
    "AT+FCC=?": lines("(0-7),(0-5),(0-2),(0-2),(0,1,3),(0,1),(0),(0-7)", "OK"),
    "ATD": lines("+FCO", "+FIS:1,5,0,2,1,0,0,0", "OK"),
    "AT+FDT": lines("+FCS:1,5,0,2,1,0,0,0", "CONNECT"),
    "mps": lines("OK"),
    "eop": lines("+FHS:00", "OK"),
    "AT+FPS?": lines("1", "OK"),
    "ATA": lines("+FCO", '+FTI:"5550001"', "+FCS:1,5,0,2,0,0,0,0", "OK"),
    "start": RECEIVED + DLE_ETX + lines("+FPS:1,64,0,0", "+FET:2", "OK"),
    "farewell": lines("+FHS:00", "OK"),
}


class Fault(Enum):
    """What a modem does from some moment on."""

    SILENT = auto()
    GARBAGE = auto()
    HALF = auto()  # half of what it has to say, and then nothing
    ECHO = auto()  # only what it was told
    GONE = auto()  # pulled


@dataclass(kw_only=True)
class Puppet:
    """The modem and the clock of its world. `fails` is the beginning of the command at which `fault` sets in."""

    says: dict[str, bytes]
    fails: str = ""
    fault: Fault | None = None
    takes_s: float = 0.2  # for every answer
    now_s: float = 100.0
    told: list[str] = field(default_factory=list)
    pages: list[bytes] = field(default_factory=list)
    flows: list[bool] = field(default_factory=list)
    dtr_drops: int = 0
    failing: bool = False
    _in: bytearray = field(default_factory=bytearray)
    _out: deque[tuple[float, bytes]] = field(default_factory=deque)
    _mode: str = "commands"
    _last: bool = False  # the page that came was the last

    def clock(self) -> float:
        return self.now_s

    def heal(self) -> None:
        """Be a good modem again, as after a reset."""
        self.fails, self.fault, self.failing, self._mode, self._last = "", None, False, "commands", False
        self._out.clear()
        self._in.clear()

    # -- the Port

    def read(self) -> bytes:
        self._must_be_there()
        if self.failing and self.fault is Fault.GARBAGE:
            self.now_s += 0.01
            return b"\xa5\x00\xff%gr\xfc\r\n"
        if self._out and self._out[0][0] <= self.now_s + POLL_S:
            at_s, octets = self._out.popleft()
            self.now_s = max(self.now_s, at_s)
            return octets
        self.now_s += POLL_S
        return b""

    def pending(self) -> bool:
        self._must_be_there()
        return bool(self._out and self._out[0][0] <= self.now_s)

    def write(self, octets: bytes) -> None:
        self._must_be_there()
        self.now_s += len(octets) * 10 / 115200
        self._in += octets
        while self._step():
            pass

    def flow(self, *, sending: bool) -> None:
        self._must_be_there()
        self.flows.append(sending)

    def drop_output(self) -> None:
        self._must_be_there()

    def drop_dtr(self) -> None:
        self.dtr_drops += 1

    def raise_dtr(self) -> None:
        pass

    def interrupt(self) -> None:
        pass

    def close(self) -> None:
        pass

    def _must_be_there(self) -> None:
        if self.failing and self.fault is Fault.GONE:
            raise LineFault("The modem is gone.")

    # -- the modem

    def _step(self) -> bool:
        if self._mode == "data":
            return self._data()
        if self._mode == "start":
            if not self._in:
                return False
            if bytes(self._in[:1]) in {b"\x11", b"\x12"}:
                del self._in[:1]
                self._mode, self._last = "commands", b"+FET:2" in self.says["start"]
                self._answer("start")
                return True
            self._mode = "commands"
        if b"\r" not in self._in:
            return False
        command, _, rest = bytes(self._in).partition(b"\r")
        self._in[:] = rest
        text = command.strip(b"\x18\x10\x03\n").decode("latin-1")
        if text.startswith("AT"):
            self._answer("farewell" if text == "AT+FDR" and self._last else text)
        return True

    def _data(self) -> bool:
        ends = {DLE_ETX: "page", b"\x10\x2c": "mps", b"\x10\x2e": "eop", b"\x10\x3b": "eom"}
        at = 0
        while at + 1 < len(self._in):
            pair = bytes(self._in[at : at + 2])
            if pair[:1] != b"\x10":
                at += 1
            elif (what := ends.get(pair)) is not None:
                self.pages.append(bytes(self._in[:at]))
                del self._in[: at + 2]
                self._mode = "commands"
                self._answer(what)
                return True
            else:
                at += 2
        return False

    def _answer(self, text: str) -> None:
        self.told.append(text)
        beginning = max((known for known in self.says if text.startswith(known)), key=len, default="")
        if self.fails and text.startswith(self.fails):
            self.failing = True
        said = self.says[beginning] if beginning else lines("ERROR")
        if self.failing and self.fault is not None:
            said = {
                Fault.SILENT: b"",
                Fault.GARBAGE: b"",
                Fault.GONE: b"",
                Fault.HALF: said[: len(said) // 2].rstrip(b"\r\n") if text.startswith(self.fails) else b"",
                Fault.ECHO: text.encode() + b"\r",
            }[self.fault]
        elif b"CONNECT" in said and text.startswith(("AT+FDT", "AT+FDR")):
            self._mode = "data" if text.startswith("AT+FDT") else "start"
        if said:
            self._out.append((self.now_s + self.takes_s, said))

    def say(self, octets: bytes) -> None:
        """Say something unasked."""
        self._out.append((self.now_s, octets))


@dataclass(kw_only=True)
class Keeper:
    """Gives pages, takes pages, and keeps what was noted in the order of what the modem was told."""

    puppet: Puppet
    events: list[CallEvent] = field(default_factory=list)
    told_when: list[tuple[str, int]] = field(
        default_factory=list
    )  # an event or store, and how much the modem had been told
    stored: list[bytes] = field(default_factory=list)
    store_takes_s: float = 0.0
    disk_fails: bool = False

    def perform(self, command: KeeperCommand) -> KeeperResult:
        match command:
            case FetchPage():
                return PageData(octets=PAGE)
            case Note(event=event):
                self.events.append(event)
                self.told_when.append((type(event).__name__, len(self.puppet.told)))
                return Noted()
            case StorePage():
                if self.disk_fails:
                    return KeeperFailed(reason="The disk is full.")
                self.puppet.now_s += self.store_takes_s
                self.stored.append(command.octets)
                self.told_when.append(("stored", len(self.puppet.told)))
                return PageStored(rows=100, bad_rows=0, longest_bad_run=0, took_s=self.store_takes_s)
            case StoreBlock():
                return BlockStored()


def open_line(puppet: Puppet, fax_class: str = "2", **settings: object) -> Class2Line:
    wanted = Class2Settings(
        device="puppet", fax_class=fax_class, hex_numbers=False, wait_for_xon=fax_class == "2", **settings
    )  # type: ignore[arg-type]
    return Class2Line(wanted, puppet, clock=puppet.clock)


def send(puppet: Puppet, line: Class2Line, keeper: Keeper | None = None, **job: object) -> CallResult:
    """Dial and send one page, or what `job` says."""
    line.dial("5551234")
    wanted = CallerJob(**{"pages": 1, "station_id": "5550000", "offer": FULL_OFFER, **job})  # type: ignore[arg-type]
    return run_call(call(wanted), line, keeper or Keeper(puppet=puppet))


def receive(puppet: Puppet, line: Class2Line, keeper: Keeper | None = None) -> CallResult:
    assert line.answer()
    station = AnswererStation(station_id="5550000", offer=FULL_OFFER)
    return run_call(answer(station), line, keeper or Keeper(puppet=puppet))
