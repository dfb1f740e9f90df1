"""One call and what came of it: what `mailfax modem send` and `mailfax modem receive` do. `cli.modem` has their options."""

import json
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType
from typing import NoReturn

import typer

from mailfax.daemon import log
from mailfax.daemon.children import warm_context
from mailfax.daemon.clock import wall_clock_us
from mailfax.gateway import onecall
from mailfax.gateway.identity import Identity
from mailfax.model.address import AddressError, parse_number, parse_subaddress
from mailfax.model.call import CallResult
from mailfax.model.outcome import Disposition, Outcome
from mailfax.model.page import FINEST_FIRST, Resolution
from mailfax.modem.line import IncomingCall, Line, LineFault
from mailfax.modem.opening import Wished, open_modem
from mailfax.modem.profile import Profile
from mailfax.modem.transcript import TranscribedLine
from mailfax.render.result import Rendered, RenderFailure
from mailfax.render.sandbox import render_in_child
from mailfax.render.settings import RenderSettings
from mailfax.render.story import Progress, read_files
from mailfax.t30.addressing import Addressing
from mailfax.t30.answerer import AnswererStation, PollRequest
from mailfax.t30.modulation import Modulation
from mailfax.t30.negotiate import FULL_OFFER, NEXT_LOWER, Offer

RING_POLL_S = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """Says progress and result, to people or to programs."""

    as_json: bool
    started_s: float = field(default_factory=time.monotonic)

    def tell(self, text: str) -> None:
        """Say a step as it happens."""
        typer.echo(f"{time.monotonic() - self.started_s:7.1f}  {text}", err=self.as_json)

    def end(self, result: CallResult, pages: int, files: tuple[Path, ...] = ()) -> NoReturn:
        """Say what came of it, and exit with the status that says the same."""
        outcome = result.outcome
        if self.as_json:
            facts = {
                "outcome": outcome.code,
                "sentence": outcome.sentence,
                "advice": onecall.advice(outcome),
                "detail": result.detail,
                "pages": pages,
                "confirmed_pages": result.confirmed_pages,
                "station_id": result.station_id,
                "modulation": result.modulation,
                "bit_rate": result.bit_rate,
                "seconds": round(result.seconds, 1),
                "files": [str(file) for file in files],
            }
            typer.echo(json.dumps(facts))
        else:
            self.tell(f"{outcome.code}: {outcome.sentence} {onecall.advice(outcome)}")
            if result.detail:
                self.tell(result.detail)
            if pages:
                self.tell(f"{result.confirmed_pages} of {pages} pages confirmed, {result.seconds:.1f} s on the line")
            for file in files:
                typer.echo(str(file))
        raise typer.Exit(onecall.EXIT_STATUS[outcome.disposition])

    def fault(self, fault: LineFault) -> NoReturn:
        """Say what is wrong with the modem, and exit."""
        self.end(CallResult(outcome=Outcome.LINE_FAULT, detail=str(fault)), 0)

    def no_call(self) -> NoReturn:
        """Say that nobody called, and exit."""
        if self.as_json:
            typer.echo(json.dumps({"outcome": None, "detail": "No call came in."}))
        else:
            self.tell("no call came in")
        raise typer.Exit(onecall.EXIT_STATUS[Disposition.FAILED])


@dataclass(frozen=True, kw_only=True, slots=True)
class SendOrder:
    """What the options of `modem send` ask for."""

    number: str
    files: list[Path]
    station_id: str
    name: str
    resolution: Resolution
    max_rate: int
    from_page: int
    cover: bool
    subaddress: str = ""
    sender_id: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReceiveOrder:
    """What the options of `modem receive` ask for."""

    folder: Path
    wait_s: float
    station_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PollOrder:
    """What the options of `modem poll` ask for."""

    number: str
    folder: Path
    station_id: str
    selector: str
    subaddress: str
    password: str


def send(
    order: SendOrder, wished: Wished, profiles: Mapping[str, Profile], transcript: Path | None, report: Report
) -> NoReturn:
    """Fax files to a number, say what came of it, and exit."""
    stopped = threading.Event()
    try:
        dialled = parse_number(order.number)
        subaddress = parse_subaddress(order.subaddress) if order.subaddress else ""
    except AddressError as error:
        usage(str(error))
    rendered = render(order.files, report)
    pages = len(rendered.pages)
    if order.from_page > pages:
        usage(f"there is no page {order.from_page}; the document has {pages}.")
    with opened_line(wished, profiles, transcript, report, stopped) as line:
        sending = onecall.Sending(
            number=dialled,
            pages=rendered.pages,
            identity=Identity(station_id=order.station_id[:20], name=order.name),
            offer=offer(order.resolution, order.max_rate, line.best_modulation),
            started_us=wall_clock_us(),
            first_page=order.from_page - 1,
            cover=order.cover and order.from_page > 1,
            addressing=Addressing(subaddress=subaddress, sender_id=order.sender_id[:20]),
        )
        result = onecall.send(line, sending, report.tell)
    report.end(why(result, stopped), pages)


def receive(
    order: ReceiveOrder, wished: Wished, profiles: Mapping[str, Profile], transcript: Path | None, report: Report
) -> NoReturn:
    """Wait for one call, keep what comes, say what came of it, and exit."""
    stopped = threading.Event()
    with opened_line(wished, profiles, transcript, report, stopped) as line:
        report.tell(f"waiting for a call at {wished.device}")
        incoming = first_ring(line, order.wait_s, report, stopped)
        if incoming is None:
            report.no_call()
        station_id = order.station_id[:20] or wished.number
        station = AnswererStation(
            station_id=station_id, offer=replace(FULL_OFFER, best_modulation=line.best_modulation)
        )
        received = onecall.receive(line, incoming, order.folder, station, wall_clock_us, report.tell)
    report.end(why(received.result, stopped), received.pages, received.files)


def poll(
    order: PollOrder, wished: Wished, profiles: Mapping[str, Profile], transcript: Path | None, report: Report
) -> NoReturn:
    """Fetch what a number offers, say what came of it, and exit."""
    stopped = threading.Event()
    try:
        dialled = parse_number(order.number)
    except AddressError as error:
        usage(str(error))
    with opened_line(wished, profiles, transcript, report, stopped) as line:
        station = AnswererStation(
            station_id=order.station_id[:20],
            offer=replace(FULL_OFFER, best_modulation=line.best_modulation),
            poll=PollRequest(
                selector=order.selector[:20], subaddress=order.subaddress[:20], password=order.password[:20]
            ),
        )
        received = onecall.poll(line, dialled, order.folder, station, wall_clock_us, report.tell)
    report.end(why(received.result, stopped), received.pages, received.files)


def why(result: CallResult, stopped: threading.Event) -> CallResult:
    """Say that a call was interrupted, where the engine can only know that our side ended it."""
    if stopped.is_set() and result.outcome is Outcome.LINE_FAULT:
        return replace(result, outcome=Outcome.INTERRUPTED)
    return result


def usage(sentence: str) -> NoReturn:
    """Say what is wrong with the command line, and exit."""
    typer.echo(f"mailfax: {sentence}", err=True)
    raise typer.Exit(onecall.EXIT_USAGE)


def render(files: list[Path], report: Report) -> Rendered:
    """Turn the files into pages, or say which one cannot be faxed and why."""
    try:
        rendered = render_in_child(read_files(files), RenderSettings(), _rendering(report), warm_context())
    except RenderFailure as failure:
        report.end(CallResult(outcome=failure.outcome, detail=failure.detail), 0)
    except OSError as error:
        usage(f"cannot read {error.filename}: {error.strerror}.")
    for part in rendered.account:
        if part.note:
            report.tell(f"{part.name}: {part.note}")
    return rendered


def _rendering(report: Report) -> Progress:
    def page(number: int, pages: int | None) -> None:
        report.tell(f"rendering page {number}" + (f" of {pages}" if pages else ""))

    return page


def offer(resolution: Resolution, max_rate: int, best: Modulation) -> Offer:
    """Return what we offer: nothing finer than `resolution`, nothing faster than `max_rate` or than the modem can."""
    modulation: Modulation | None = best
    while modulation is not None and modulation.bit_rate > max_rate:
        modulation = NEXT_LOWER[modulation]
    resolutions = FINEST_FIRST[FINEST_FIRST.index(resolution) :]
    return replace(FULL_OFFER, resolutions=resolutions, best_modulation=modulation or Modulation.V27TER_2400)


@contextmanager
def opened_line(
    wished: Wished, profiles: Mapping[str, Profile], transcript: Path | None, report: Report, stopped: threading.Event
) -> Iterator[Line]:
    """Open the modem; an interrupt from the keyboard ends the call in good order."""
    log.configure(json=False)
    with ExitStack() as stack:
        try:
            modem = open_modem(wished, profiles)
        except LineFault as fault:
            report.fault(fault)
        stack.callback(modem.close)
        line: Line = modem
        if transcript is not None:
            try:
                file = stack.enter_context(transcript.open("w", encoding="utf-8", buffering=1))
            except OSError as error:
                usage(f"cannot write {transcript}: {error.strerror}.")
            line = TranscribedLine(modem, file.write)

        def stop(_signal: int, _frame: FrameType | None) -> None:
            stopped.set()
            modem.stop()

        for number in (signal.SIGINT, signal.SIGTERM):
            stack.callback(signal.signal, number, signal.signal(number, stop))
        yield line


def first_ring(line: Line, wait_s: float, report: Report, stopped: threading.Event) -> IncomingCall | None:
    """Wait for a call, for ever when `wait_s` is 0."""
    until_s = time.monotonic() + wait_s
    while True:
        left_s = min(RING_POLL_S, until_s - time.monotonic()) if wait_s else RING_POLL_S
        if left_s <= 0 or stopped.is_set():
            return None
        try:
            call = line.wait_for_call(left_s)
        except LineFault as fault:
            report.fault(fault)
        if call is not None:
            return call
