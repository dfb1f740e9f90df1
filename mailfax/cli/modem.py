"""`mailfax modem send` and `mailfax modem receive`: one call on one modem, without queue or mail, to try a line out."""

import json
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer

from mailfax.daemon import log
from mailfax.daemon.children import warm_context
from mailfax.daemon.clock import wall_clock_us
from mailfax.gateway import onecall
from mailfax.gateway.identity import Identity
from mailfax.model.address import AddressError, parse_number
from mailfax.model.call import CallResult
from mailfax.model.outcome import Disposition, Outcome
from mailfax.model.page import Resolution
from mailfax.modem.class1 import BASIC_INIT, Class1Settings, FlowControl, open_class1
from mailfax.modem.line import IncomingCall, Line, LineFault
from mailfax.modem.transcript import TranscribedLine
from mailfax.render.result import Rendered, RenderFailure
from mailfax.render.sandbox import render_in_child
from mailfax.render.settings import RenderSettings
from mailfax.render.story import Progress, read_files
from mailfax.t30.answerer import AnswererStation
from mailfax.t30.modulation import Modulation
from mailfax.t30.negotiate import FULL_OFFER, NEXT_LOWER, Offer

EPILOG = (
    "Exit status: 0 delivered or received, 1 not, 2 uncertain (the last page was sent, its confirmation was not heard), "
    "64 wrong usage."
)
app = typer.Typer(help="Try a fax modem: one call, without queue or mail.", no_args_is_help=True, rich_markup_mode=None)
RING_POLL_S = 1.0
PLAIN = Class1Settings(device="")  # the defaults, stated once

Device = Annotated[
    str, typer.Argument(help="Where the modem is: /dev/ttyUSB0, socket://host:port or rfc2217://host:port.")
]
Speed = Annotated[int, typer.Option(help="Speed of the serial port in bit/s; old modems want 19200 or 38400.", min=300)]
Flow = Annotated[FlowControl, typer.Option(help="How the modem holds back our data.")]
Init = Annotated[
    list[str] | None, typer.Option(help="AT command after the usual ones that set the modem up; may be given again.")
]
StationId = Annotated[str, typer.Option(help="Our fax number, as the far machine shows it (at most 20 characters).")]
Transcript = Annotated[
    Path | None, typer.Option(help="Write the signalling of the call to this file.", dir_okay=False, writable=True)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON; progress goes to standard error.")]


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


@app.command(epilog=EPILOG)
def send(
    device: Device,
    number: Annotated[str, typer.Argument(help="Number to dial.")],
    files: Annotated[
        list[Path], typer.Argument(help="What to fax: PDF, text, JPEG, PNG, TIFF.", exists=True, dir_okay=False)
    ],
    station_id: StationId = "",
    name: Annotated[str, typer.Option(help="Our name in the line at the top of each page.")] = "mailfax",
    resolution: Annotated[Resolution, typer.Option(help="Best resolution to send in.")] = Resolution.FINE,
    max_rate: Annotated[int, typer.Option(help="Highest rate in bit/s, for a bad line.", min=2400)] = 14400,
    from_page: Annotated[
        int, typer.Option(help="First page to send, to go on after a call that was cut off.", min=1)
    ] = 1,
    speed: Speed = PLAIN.speed,
    flow: Flow = PLAIN.flow_control,
    init: Init = None,
    dial_prefix: Annotated[
        str, typer.Option(help="Dial command, with digits for an outside line.")
    ] = PLAIN.dial_prefix,
    transcript: Transcript = None,
    as_json: AsJson = False,
) -> None:
    """Fax files to a number."""
    report, stopped = Report(as_json=as_json), threading.Event()
    try:
        dialled = parse_number(number)
    except AddressError as error:
        _usage(str(error))
    rendered = _render(files, report)
    settings = Class1Settings(
        device=device,
        speed=speed,
        flow_control=flow,
        init=(*BASIC_INIT, *(init or ())),
        dial_prefix=dial_prefix,
        caller_id="",
    )
    pages = len(rendered.pages)
    if from_page > pages:
        _usage(f"there is no page {from_page}; the document has {pages}.")
    with _line(settings, transcript, report, stopped) as (line, best):
        sending = onecall.Sending(
            number=dialled,
            pages=rendered.pages,
            identity=Identity(station_id=station_id[:20], name=name),
            offer=_offer(resolution, max_rate, best),
            started_us=wall_clock_us(),
            first_page=from_page - 1,
        )
        result = onecall.send(line, sending, report.tell)
    report.end(_why(result, stopped), pages)


@app.command(epilog=EPILOG)
def receive(
    device: Device,
    folder: Annotated[Path, typer.Argument(help="Where the fax goes, as TIFF and PDF.", file_okay=False)],
    wait: Annotated[float, typer.Option(help="Seconds to wait for a call; 0 waits for ever.", min=0)] = 0,
    number: Annotated[str, typer.Option(help="Number of this line, where the network signals none.")] = "",
    rings: Annotated[int, typer.Option(help="Answer after so many rings.", min=1)] = PLAIN.rings_before_answer,
    caller_id: Annotated[str, typer.Option(help="Command that turns caller id on; empty for none.")] = PLAIN.caller_id,
    station_id: StationId = "",
    speed: Speed = PLAIN.speed,
    flow: Flow = PLAIN.flow_control,
    init: Init = None,
    transcript: Transcript = None,
    as_json: AsJson = False,
) -> None:
    """Wait for one call, answer it, and keep what comes."""
    report, stopped = Report(as_json=as_json), threading.Event()
    settings = Class1Settings(
        device=device,
        number=number,
        speed=speed,
        flow_control=flow,
        init=(*BASIC_INIT, *(init or ())),
        rings_before_answer=rings,
        caller_id=caller_id,
    )
    with _line(settings, transcript, report, stopped) as (line, best):
        report.tell(f"waiting for a call at {device}")
        incoming = _first_ring(line, wait, report, stopped)
        if incoming is None:
            report.no_call()
        station = AnswererStation(station_id=station_id[:20] or number, offer=replace(FULL_OFFER, best_modulation=best))
        received = onecall.receive(line, incoming, folder, station, wall_clock_us, report.tell)
    report.end(_why(received.result, stopped), received.pages, received.files)


def _why(result: CallResult, stopped: threading.Event) -> CallResult:
    """Say that a call was interrupted, where the engine can only know that our side ended it."""
    if stopped.is_set() and result.outcome is Outcome.LINE_FAULT:
        return replace(result, outcome=Outcome.INTERRUPTED)
    return result


def _usage(sentence: str) -> NoReturn:
    typer.echo(f"mailfax: {sentence}", err=True)
    raise typer.Exit(onecall.EXIT_USAGE)


def _render(files: list[Path], report: Report) -> Rendered:
    """Turn the files into pages, or say which one cannot be faxed and why."""
    try:
        rendered = render_in_child(read_files(files), RenderSettings(), _rendering(report), warm_context())
    except RenderFailure as failure:
        report.end(CallResult(outcome=failure.outcome, detail=failure.detail), 0)
    except OSError as error:
        _usage(f"cannot read {error.filename}: {error.strerror}.")
    for part in rendered.account:
        if part.note:
            report.tell(f"{part.name}: {part.note}")
    return rendered


def _rendering(report: Report) -> Progress:
    def page(number: int, pages: int | None) -> None:
        report.tell(f"rendering page {number}" + (f" of {pages}" if pages else ""))

    return page


def _offer(resolution: Resolution, max_rate: int, best: Modulation) -> Offer:
    """Return what we offer: nothing finer than `resolution`, nothing faster than `max_rate` or than the modem can."""
    modulation: Modulation | None = best
    while modulation is not None and modulation.bit_rate > max_rate:
        modulation = NEXT_LOWER[modulation]
    finest_first = tuple(reversed(Resolution))
    resolutions = finest_first[finest_first.index(resolution) :]
    return replace(FULL_OFFER, resolutions=resolutions, best_modulation=modulation or Modulation.V27TER_2400)


@contextmanager
def _line(
    settings: Class1Settings, transcript: Path | None, report: Report, stopped: threading.Event
) -> Iterator[tuple[Line, Modulation]]:
    """Open the modem, with the best it can; an interrupt from the keyboard ends the call in good order."""
    log.configure(json=False)
    with ExitStack() as stack:
        try:
            modem = open_class1(settings)
        except LineFault as fault:
            report.fault(fault)
        stack.callback(modem.close)
        line: Line = modem
        if transcript is not None:
            try:
                file = stack.enter_context(transcript.open("w", encoding="utf-8", buffering=1))
            except OSError as error:
                _usage(f"cannot write {transcript}: {error.strerror}.")
            line = TranscribedLine(modem, file.write)

        def stop(_signal: int, _frame: FrameType | None) -> None:
            stopped.set()
            modem.stop()

        for number in (signal.SIGINT, signal.SIGTERM):
            stack.callback(signal.signal, number, signal.signal(number, stop))
        yield line, modem.best_modulation


def _first_ring(line: Line, wait_s: float, report: Report, stopped: threading.Event) -> IncomingCall | None:
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
