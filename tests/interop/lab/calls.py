"""One call of one page over a bad line, in lock-step: ours as caller, ours as answerer, libspandsp machine to machine.

Used by `bench/bad_line.py` and by the tests of bad lines. A call is delivered when its sender heard a confirmation.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lab.badline import BadLine
from lab.book import Book, same_pages
from lab.documents import Pixels, read_pages
from lab.lockstep import LockstepExchange
from lab.machine import FaxMachine, MachineReport, MachineSpec, join
from mailfax.model.outcome import Outcome
from mailfax.model.page import Coding
from mailfax.modem.line import DialResult
from mailfax.modem.pump import run_call
from mailfax.modem.transcript import TranscribedLine
from mailfax.t30.answerer import AnswererStation, answer
from mailfax.t30.caller import CallerJob, call
from mailfax.t30.negotiate import FULL_OFFER, Offer

LIMIT_S = 1200.0
WAYS: dict[str, tuple[Offer, str]] = {
    "MMR, ECM": (FULL_OFFER, "ecm=1,comp=mh+mr+mmr"),
    "MH, no ECM": (Offer(codings=(Coding.MH,)), "ecm=0,comp=mh"),
}


def _nowhere(_row: str) -> None:
    pass


@dataclass(frozen=True)
class Call:
    """What came of one call. `delivered` by the sender's word; `told` is how our own engine ended, or libspandsp's sender."""

    delivered: bool
    equal: bool
    seconds: float
    told: str


def we_call(document: Path, folder: Path, way: str, line: BadLine, write: Callable[[str], object] = _nowhere) -> Call:
    offer, machine = WAYS[way]
    got = folder / "got.tif"
    exchange = LockstepExchange(bad_line=lambda: line)
    exchange.route("5551234", f"receive:{got},{machine}")
    if (dialled := exchange.line.dial("5551234")) is not DialResult.CONNECTED:
        exchange.line.hang_up()
        told, delivered = dialled.value, False
    else:
        job = CallerJob(pages=1, station_id="5550001", offer=offer, call_limit_s=LIMIT_S)
        result = run_call(call(job), TranscribedLine(exchange.line, write), Book(document))
        told, delivered = f"{result.outcome.code}: {result.detail}", result.outcome is Outcome.DELIVERED
    seconds = exchange.finished().line_s
    exchange.close()
    return Call(delivered, same_pages(pages_of(got), read_pages(document)), seconds, told)


def we_answer(
    document: Path, _folder: Path, way: str, line: BadLine, write: Callable[[str], object] = _nowhere
) -> Call:
    offer, machine = WAYS[way]
    exchange = LockstepExchange(bad_line=lambda: line)
    exchange.ring(f"send:{document},{machine}")
    while exchange.line.wait_for_call(1) is None:
        pass
    book = Book()
    if exchange.line.answer():
        station = AnswererStation(station_id="5550002", offer=offer, call_limit_s=LIMIT_S)
        result = run_call(answer(station), TranscribedLine(exchange.line, write), book)
        told = f"{result.outcome.code}: {result.detail}"
    else:
        exchange.line.hang_up()
        told = "not answered"
    finished = exchange.finished(LIMIT_S)
    exchange.close()
    assert finished.machine is not None
    return Call(confirmed(finished.machine), same_pages(book.confirmed, read_pages(document)), finished.line_s, told)


def they_call(document: Path, folder: Path, way: str, line: BadLine) -> Call:
    _, machine = WAYS[way]
    got = folder / "got.tif"
    caller = FaxMachine(MachineSpec.parse(f"send:{document},{machine}"), calling=True)
    called = FaxMachine(MachineSpec.parse(f"receive:{got},{machine}"), calling=False)
    seconds = join(caller, called, line, LIMIT_S)
    report = caller.report()
    caller.close()
    called.close()
    return Call(confirmed(report), same_pages(pages_of(got), read_pages(document)), seconds, report.status)


def confirmed(sender: MachineReport) -> bool:
    """Say whether the page was confirmed to a sending machine, which calls it a success to have been refused (RTN)."""
    answers = [frame for frame in sender.frames if frame in {"<MCF", "<RTP", "<PIP", "<RTN", "<PIN", "<ERR"}]
    return sender.ok and answers[-1:] in [["<MCF"], ["<RTP"], ["<PIP"]]


def pages_of(path: Path) -> list[Pixels]:
    """Read what a machine received; nothing where it left no file that can be read."""
    try:
        return read_pages(path)
    except (OSError, ValueError):
        return []
