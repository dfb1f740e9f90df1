"""What `mailfax modem at` does: lines from standard input go to the modem, what the modem says comes back with its time.

For a person at a terminal and for a pipe alike: after each line the next waits until the modem has given a result, or `wait_s`.
"""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TextIO

import typer

from mailfax.modem.at.dialogue import CAN, Result, read_result
from mailfax.modem.at.port import Port, SerialPort
from mailfax.modem.at.settings import FlowControl
from mailfax.modem.class1.settings import Class1Settings
from mailfax.modem.line import LineFault
from mailfax.modem.opening import LOCK_FOLDER

LAST_WORDS_S = 0.3
_EX_IOERR = 74
_BINARY = 60  # shown octets of what is no line of text


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """What the options of `modem at` ask for."""

    device: str
    speed: int
    flow: FlowControl
    wait_s: float
    log: Path | None


class _Ear(threading.Thread):
    """Listens to the modem until told to end, and writes down all that it says."""

    def __init__(self, port: Port, record: "_Record") -> None:
        super().__init__(name="ear", daemon=True)
        self._port, self._record = port, record
        self._rest = bytearray()
        self.result = threading.Event()
        self.ended = threading.Event()
        self.fault: LineFault | None = None

    def run(self) -> None:
        """Read, cut into lines, show."""
        try:
            while not self.ended.is_set():
                piece = self._port.read()
                self._rest += piece
                for line in self._lines(quiet=not piece):
                    self._record.say("<", line)
                    if read_result(line) is not None and read_result(line) is not Result.FRH3:
                        self.result.set()
        except LineFault as fault:
            self.fault = fault
            self.result.set()

    def _lines(self, *, quiet: bool) -> Iterator[str]:
        """Cut whole lines; what is none is shown as it stands when the modem falls silent, or gets long."""
        while (end := self._rest.find(b"\n")) >= 0:
            line = bytes(self._rest[:end]).strip(b"\r\n\0")
            del self._rest[: end + 1]
            if line:
                yield _shown(line)
        if self._rest.strip(b"\r\n") and (quiet or len(self._rest) > _BINARY):
            yield _shown(bytes(self._rest))
            self._rest.clear()


class _Record:
    """Writes every line to the screen, and to the log if there is one."""

    def __init__(self, files: list[TextIO]) -> None:
        self._files, self._begun_s, self._lock = files, time.monotonic(), threading.Lock()

    def say(self, direction: str, line: str) -> None:
        """Write one line with its time."""
        with self._lock:
            row = f"{time.monotonic() - self._begun_s:9.3f} {direction} {line}"  # the same in both
            for file in self._files:
                print(row, file=file, flush=True)


def talk(session: Session) -> None:
    """Pass lines on until standard input ends. An interrupt from the keyboard stops what the modem is doing, a second one ends."""
    with ExitStack() as stack:
        files: list[TextIO] = [sys.stdout]
        if session.log is not None:
            files.append(stack.enter_context(session.log.open("a", encoding="utf-8")))
        settings = Class1Settings(
            device=session.device, lock_folder=LOCK_FOLDER, speed=session.speed, flow_control=session.flow
        )
        try:
            port = SerialPort(settings)
        except LineFault as fault:
            _end(fault)
        stack.callback(port.close)
        record = _Record(files)
        ear = _Ear(port, record)
        ear.start()
        try:
            for line in sys.stdin:
                _pass_on(line.rstrip("\r\n"), port, ear, record, session.wait_s)
        except KeyboardInterrupt:
            port.write(CAN)
        except LineFault as fault:
            ear.fault = fault
        ear.ended.wait(LAST_WORDS_S)
        ear.ended.set()
        ear.join()
    if ear.fault is not None:
        _end(ear.fault)


def _pass_on(line: str, port: Port, ear: _Ear, record: _Record, wait_s: float) -> None:
    if ear.fault is not None:
        raise ear.fault
    try:
        octets = bytes.fromhex(line[1:]) if line.startswith("!") else line.encode("ascii") + b"\r"
    except ValueError:
        typer.echo(f"mailfax: {line!r} is neither a command nor hex octets behind a !.", err=True)
        return
    if not line:
        return
    record.say(">", line)
    ear.result.clear()
    port.write(octets)
    try:
        ear.result.wait(wait_s)
    except KeyboardInterrupt:  # any octet ends what the modem is doing: dialling, listening
        record.say(">", "(stopped)")
        port.write(CAN)


def _shown(octets: bytes) -> str:
    """Show octets so that they cannot steer the terminal."""
    text = octets.decode("latin-1")
    return text if text.isascii() and text.isprintable() else repr(octets)[2:-1]


def _end(fault: LineFault) -> NoReturn:
    typer.echo(f"mailfax: {fault}", err=True)
    raise typer.Exit(_EX_IOERR)
