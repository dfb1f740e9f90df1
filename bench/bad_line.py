"""A bad line, ours beside libspandsp machine to machine: how many calls succeed, pages damaged, seconds of those that did.

    .venv/bin/python bench/bad_line.py [CALLS]

Each cell is the same damage for both: white noise at so many dB below the signal (with the signal, or all the time), or
drop-outs of 300 ms. One page of a letter,
standard resolution; every page is compared with what was sent. Ours calls through a Class 1 modem (libspandsp's).
"""

import math
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "interop"))

import lab.exchange
from lab import spandsp as sd
from lab.documents import read_pages, write_letter
from lab.fixture import LabExchange
from lab.machine import FaxMachine, MachineSpec
from line_time import BLOCK, Book

from mailfax.model.outcome import Outcome
from mailfax.model.page import Coding
from mailfax.modem.class1 import Class1Settings, open_class1
from mailfax.modem.line import DialResult
from mailfax.modem.pump import run_call
from mailfax.t4codec import Bitmap, encode, warm
from mailfax.t30.caller import CallerJob, call
from mailfax.t30.negotiate import FULL_OFFER

SIGNAL_RMS = 3600.0  # what libspandsp sends, about -13 dBm0
LIMIT_S = 400
SILENT = 200


@dataclass(frozen=True)
class Damage:
    name: str
    snr_db: float = math.inf
    gap_every_s: float = math.inf
    gap_s: float = 0.3
    steady: bool = False


GRID = (
    Damage("noise with the signal, 27 dB", snr_db=27),
    Damage("noise with the signal, 24 dB", snr_db=24),
    Damage("noise with the signal, 21 dB", snr_db=21),
    Damage("noise all the time, 36 dB", snr_db=36, steady=True),
    Damage("300 ms gap every 19 s", gap_every_s=19),
    Damage("300 ms gap every 11 s", gap_every_s=11),
)


class DamagedMachine(FaxMachine):
    """A machine at the end of a bad line: both directions suffer."""

    damage = Damage("clean")
    seed = 0

    def __init__(self, spec: MachineSpec, *, calling: bool) -> None:
        super().__init__(spec, calling=calling)
        self._noise = np.random.default_rng(self.seed)
        self._samples = int(self._noise.integers(0, 5 * sd.SAMPLE_RATE))

    def pull(self, samples: int) -> NDArray[np.int16]:
        self._samples += samples
        return self._spoil(super().pull(samples))

    def push(self, heard: NDArray[np.int16]) -> None:
        super().push(self._spoil(heard))

    def _spoil(self, signal: NDArray[np.int16]) -> NDArray[np.int16]:
        damage = self.damage
        spoiled = signal.astype(np.float64)
        if math.isfinite(damage.gap_every_s):
            at_s = self._samples / sd.SAMPLE_RATE % damage.gap_every_s
            spoiled *= 0.0 if at_s < damage.gap_s else 1.0
        if math.isfinite(damage.snr_db) and (damage.steady or np.abs(signal).max() > SILENT):
            spoiled += self._noise.normal(0, SIGNAL_RMS * 10 ** (-damage.snr_db / 20), len(signal))
        return spoiled.clip(-32768, 32767).astype(np.int16)


@dataclass
class Score:
    calls: int = 0
    delivered: int = 0
    damaged: int = 0
    seconds: list[float] = field(default_factory=list)

    def add(self, *, delivered: bool, equal: bool, seconds: float) -> None:
        self.calls += 1
        self.delivered += delivered
        self.damaged += delivered and not equal
        if delivered:
            self.seconds.append(seconds)

    def __str__(self) -> str:
        """Success with its 95 % interval (Wilson), damaged pages, mean seconds."""
        share, n, z = self.delivered / self.calls, self.calls, 1.96
        middle = (share + z * z / 2 / n) / (1 + z * z / n)
        half = z * math.sqrt(share * (1 - share) / n + z * z / 4 / n / n) / (1 + z * z / n)
        mean_s = sum(self.seconds) / len(self.seconds) if self.seconds else math.nan
        span = f"{max(0, middle - half):4.0%}-{min(1, middle + half):4.0%}"
        return f"{self.delivered:3}/{self.calls} ({span}) {self.damaged:3} damaged {mean_s:7.1f} s"


def same(got: Path, sent: Path) -> bool:
    try:
        (one,), (other,) = read_pages(got), read_pages(sent)
    except (OSError, ValueError):
        return False
    return np.array_equal(one, other)


def ours(document: Path, folder: Path, score: Score) -> None:
    (page,) = read_pages(document)
    book = Book([encode(Bitmap.from_bool(page), Coding.MMR)], [len(page)])
    with LabExchange(folder, turbo=20) as exchange:
        exchange.route("5551234", f"receive:{folder}/got.tif")
        line = open_class1(Class1Settings(device=exchange.device))
        if line.dial("5551234") is not DialResult.CONNECTED:
            line.hang_up()
            line.close()
            score.add(delivered=False, equal=False, seconds=0)
            return
        offer = FULL_OFFER
        job = CallerJob(pages=1, station_id="5550001", offer=offer, call_limit_s=LIMIT_S)
        result = run_call(call(job), line, book)
        seconds = exchange.finished(600).line_s
        line.close()
    score.add(delivered=result.outcome is Outcome.DELIVERED, equal=same(folder / "got.tif", document), seconds=seconds)


def theirs(document: Path, folder: Path, score: Score) -> None:
    sender = FaxMachine(MachineSpec.parse(f"send:{document}"), calling=True)
    receiver = DamagedMachine(MachineSpec.parse(f"receive:{folder}/theirs.tif"), calling=False)
    samples = 0
    while sender.active and samples < 1200 * sd.SAMPLE_RATE:
        to_receiver, to_sender = sender.pull(BLOCK), receiver.pull(BLOCK)
        sender.push(to_sender)
        receiver.push(to_receiver)
        samples += BLOCK
    delivered = sender.report().ok
    sender.close()
    receiver.close()
    score.add(delivered=delivered, equal=same(folder / "theirs.tif", document), seconds=samples / sd.SAMPLE_RATE)


def main() -> None:
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    warm()
    lab.exchange.FaxMachine = DamagedMachine
    print(f"{'line':30} {'ours: delivered (95 %)':44} libspandsp machine to machine")
    for damage in GRID:
        DamagedMachine.damage = damage
        mine, other = Score(), Score()
        for number in range(calls):
            DamagedMachine.seed = number
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                document = write_letter(folder / "letter.tif", 1, "standard")
                ours(document, folder, mine)
                theirs(document, folder, other)
        print(f"{damage.name:30} {mine!s:44} {other}", flush=True)


if __name__ == "__main__":
    main()
