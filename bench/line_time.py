"""Seconds from answer to hang-up at 14400: ours through a Class 1 modem (libspandsp's), libspandsp machine to machine, and the
sum of the signals that T.30 asks for, each with its clause and whose it is.

    .venv/bin/python bench/line_time.py            # the table
    .venv/bin/python bench/line_time.py --signals  # and each call signal by signal

The documents are the letters of the tests, the same octets in every column: no header strip, no NSF, both stations named.
"""

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "interop"))

from lab import spandsp as sd
from lab.badline import SILENT, Samples
from lab.book import Book, same_pages
from lab.documents import read_pages, write_letter
from lab.lockstep import LockstepExchange
from lab.machine import FaxMachine, MachineSpec, join

from mailfax.model.outcome import Outcome
from mailfax.model.page import Coding, Resolution
from mailfax.modem.line import DialResult, Line
from mailfax.modem.pump import run_call
from mailfax.t4codec import warm
from mailfax.t30.caller import CallerJob, call
from mailfax.t30.commands import LineCommand, LineResult, SendBlock, SendFrames, SendPage, SendTraining
from mailfax.t30.hdlc import frame_block, stuff, to_bits
from mailfax.t30.modulation import Modulation
from mailfax.t30.negotiate import Offer
from mailfax.t30.wire import fcs

GAP_S = 0.075  # 5.1: between V.21 and image carrier, and between our signals and theirs
PREAMBLE_S = 1.0  # 5.3.1
CED_S = 3.275  # as libspandsp answers: 0.2 s, 3 s of 2100 Hz, 75 ms
SHORT = {Resolution.STANDARD: "std", Resolution.FINE: "fine"}
RATE = Modulation.V17_14400


@dataclass(frozen=True)
class Cell:
    name: str
    resolution: Resolution
    pages: int
    offer: Offer
    machine: str


def cells() -> list[Cell]:
    ways = {
        "MH": (Offer(codings=(Coding.MH,)), "ecm=0,comp=mh"),
        "MMR+ECM": (Offer(codings=(Coding.MMR,), ecm=True), "ecm=1,comp=mh+mr+mmr"),
    }
    documents = [(Resolution.STANDARD, 1), (Resolution.STANDARD, 3), (Resolution.FINE, 1), (Resolution.FINE, 3)]
    return [
        Cell(f"letter {resolution}, {pages} p, {way}", resolution, pages, offer, machine)
        for resolution, pages in documents
        for way, (offer, machine) in ways.items()
    ]


@dataclass
class Signal:
    name: str
    seconds: float
    clause: str
    whose: str


class Adding:
    """A line that adds up what T.30 asks for, signal by signal."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self.signals = [Signal("CED", CED_S, "4.1", "far end")]
        self.name = line.name
        self.best_modulation = line.best_modulation

    def perform(self, command: LineCommand) -> LineResult:
        result = self._line.perform(command)
        match command:
            case SendFrames(frames=frames):
                self._burst(frames, "ours")
            case SendTraining(modulation=modulation, seconds=seconds):
                self._add(
                    f"{modulation} start-up and TCF", modulation.training_s(short=False) + seconds, "5.3.6.1.3", "ours"
                )
            case SendPage(modulation=modulation, short_training=short, octets=octets):
                air_s = modulation.training_s(short=short) + 8 * len(octets) / modulation.bit_rate
                self._add("page", air_s, "5.3.6.1.5", "ours")
            case SendBlock(modulation=modulation, short_training=short, frames=frames):
                octets = frame_block(frames, modulation.bit_rate)
                air_s = modulation.training_s(short=short) + 8 * len(octets) / modulation.bit_rate
                self._add("block", air_s, "T.4 A.3", "ours")
            case _:
                if frames := getattr(result, "frames", ()):
                    self._burst(frames, "far end")
        return result

    def _burst(self, frames: tuple[bytes, ...], whose: str) -> None:
        bits = sum(len(stuff(to_bits(frame + fcs(frame)))) + 8 for frame in frames) + 8
        names = " ".join(f"{frame[2]:02X}" for frame in frames)
        self._add(f"V.21 {names}", PREAMBLE_S + bits / 300, "5.3.1", whose)

    def _add(self, name: str, seconds: float, clause: str, whose: str) -> None:
        if len(self.signals) > 1:
            self.signals.append(Signal("silence", GAP_S, "5.1", whose))
        self.signals.append(Signal(name, seconds, clause, whose))

    def hang_up(self) -> None:
        self._line.hang_up()


def ours(cell: Cell, document: Path, folder: Path) -> tuple[float, list[Signal]]:
    exchange = LockstepExchange()
    exchange.route("5551234", f"receive:{folder}/got.tif,{cell.machine}")
    if exchange.line.dial("5551234") is not DialResult.CONNECTED:
        raise RuntimeError("the machine did not answer")
    adding = Adding(exchange.line)
    offer = Offer(codings=cell.offer.codings, resolutions=(cell.resolution,), ecm=cell.offer.ecm)
    job = CallerJob(pages=cell.pages, station_id="5550001", offer=offer)
    result = run_call(call(job), adding, Book(document))
    if result.outcome is not Outcome.DELIVERED:
        raise RuntimeError(str(result))
    seconds = exchange.finished().line_s
    exchange.close()
    if not same_pages(read_pages(folder / "got.tif"), read_pages(document)):
        raise RuntimeError("a page differs")
    return seconds, adding.signals


class LastCarrier:
    """A perfect line that remembers when it carried something last."""

    def __init__(self) -> None:
        self._at_s = 0.0
        self.last_s = 0.0

    def carry(self, to_caller: Samples, to_called: Samples) -> tuple[Samples, Samples]:
        self._at_s += len(to_caller) / sd.SAMPLE_RATE
        if max(np.abs(to_caller).max(), np.abs(to_called).max()) > SILENT:
            self.last_s = self._at_s
        return to_caller, to_called


def theirs(cell: Cell, document: Path, folder: Path) -> tuple[float, float]:
    """Run two of libspandsp's machines: seconds from the answer to the caller's hang-up, and to the end of its last carrier."""
    caller = FaxMachine(MachineSpec.parse(f"send:{document},{cell.machine}"), calling=True)
    called = FaxMachine(MachineSpec.parse(f"receive:{folder}/theirs.tif,{cell.machine}"), calling=False)
    line = LastCarrier()
    seconds = join(caller, called, line)
    ok = caller.report().ok
    caller.close()
    called.close()
    if not ok:
        raise RuntimeError("spandsp did not deliver")
    return seconds, line.last_s


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--signals", action="store_true", help="print every call signal by signal")
    arguments.add_argument(
        "--letters", type=Path, help="a folder with letter_std_1.tif, letter_fine_3.tif ... to use instead"
    )
    wanted = arguments.parse_args()
    warm()
    print(f"{'document':32} {'ours':>8} {'spandsp':>8} {'its last carrier':>17} {'signals':>8} {'over':>6}")
    for cell in cells():
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            document = wanted.letters and wanted.letters / f"letter_{SHORT[cell.resolution]}_{cell.pages}.tif"
            document = document or write_letter(folder / "letter.tif", cell.pages, str(cell.resolution))
            seconds, signals = ours(cell, document, folder)
            spandsp_s, carrier_s = theirs(cell, document, folder)
        least_s = sum(signal.seconds for signal in signals)
        over = seconds / least_s - 1
        print(
            f"{cell.name:32} {seconds:8.2f} {spandsp_s:8.2f} {carrier_s:17.2f} {least_s:8.2f} {over:6.1%}", flush=True
        )
        if wanted.signals:
            for signal in signals:
                print(f"    {signal.seconds:7.3f}  {signal.clause:10} {signal.whose:8} {signal.name}")


if __name__ == "__main__":
    main()
