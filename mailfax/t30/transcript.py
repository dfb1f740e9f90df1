"""The transcript of a call: what it says of each signal, one row a signal, no page content. Pure; a line's wrapper writes the rows.

Columns, separated by tabs: seconds since the answer when the signal ended, direction (`>` sent, `<` heard, `#` the call itself),
signal, modulation and rate, then what it was: for a frame its name and its octets in hex, first bit on the line first. The
first row says what this station was to do, so that `replay` can run the engine against what the far end did.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, assert_never

from mailfax.model.page import A4_WIDTH_PX, Resolution, line_coding
from mailfax.model.pageset import page_ranges, read_page_ranges
from mailfax.model.poll import PollRequest
from mailfax.t30.addressing import NO_ADDRESSING, Addressing
from mailfax.t30.answering import STORE_LIMIT_S, AnswererStation, Offered, PageQuality
from mailfax.t30.calling import AfterRtn, CallerJob
from mailfax.t30.commands import (
    BlockHeard,
    BlockStored,
    Disconnected,
    FramesHeard,
    KeeperFailed,
    KeeperResult,
    LineCommand,
    LineResult,
    Noted,
    NotYet,
    PageData,
    PageHeard,
    PageStored,
    Pause,
    ReceiveBlock,
    ReceiveFrames,
    ReceivePage,
    ReceiveTraining,
    SendBlock,
    SendFrames,
    SendPage,
    SendTraining,
    Sent,
    Silence,
    TrainingHeard,
    WrongCarrier,
)
from mailfax.t30.ecm import read_fcds
from mailfax.t30.frames import parse_frame
from mailfax.t30.modulation import Modulation
from mailfax.t30.negotiate import Offer
from mailfax.t30.page_end import has_rtc
from mailfax.t30.tcf import longest_zero_run

V21 = "V.21 300"
SENT, HEARD, CALL = ">", "<", "#"


@dataclass(frozen=True, slots=True)
class Row:
    """One signal, or one fact of the call."""

    at_s: float
    direction: str
    signal: str
    carrier: str
    what: str
    octets: str = ""

    def __str__(self) -> str:
        """Write it as a line, without its end. What a modem or a far machine says may hold anything; here it ends no column or row."""
        what = "".join(letter if letter.isprintable() else " " for letter in self.what)
        columns = [f"{self.at_s:.3f}", self.direction, self.signal, self.carrier, what]
        return "\t".join(columns + ([self.octets] if self.octets else []))

    @classmethod
    def parse(cls, line: str) -> "Row":
        """Read a line. Raises ValueError."""
        at, direction, signal, carrier, what, *octets = line.rstrip("\n").split("\t")
        return cls(float(at), direction, signal, carrier, what, octets[0] if octets else "")


def station_row(station: CallerJob | AnswererStation) -> Row:
    """Say what this station was to do."""
    if isinstance(station, CallerJob):
        return Row(0.0, CALL, "caller", "", json.dumps(_job_facts(station)))
    facts = {"station_id": station.station_id, **_offer_facts(station.offer), "quality": asdict(station.quality)}
    if station.offered:
        facts["offered"] = [asdict(offered) for offered in station.offered]
    if station.poll is not None:
        facts["poll"] = asdict(station.poll)
    return Row(0.0, CALL, "answerer", "", json.dumps(facts))


def read_station(row: Row) -> CallerJob | AnswererStation:
    """Read what station_row wrote. Raises ValueError, KeyError."""
    facts = json.loads(row.what)
    if row.signal == "answerer":
        quality = PageQuality(**facts.get("quality", {}))
        return AnswererStation(
            station_id=facts["station_id"],
            offer=_read_offer(facts),
            quality=quality,
            offered=tuple(Offered(**offered) for offered in facts.get("offered", ())),
            poll=PollRequest(**facts["poll"]) if "poll" in facts else None,
        )
    return _read_job(facts)


def _job_facts(job: CallerJob) -> dict[str, object]:
    facts: dict[str, object] = {"station_id": job.station_id, **_offer_facts(job.offer)}
    facts |= {"pages": job.pages, "done": page_ranges(job.done), "after_rtn": job.after_rtn.name}
    if job.cover:
        facts["cover"] = True
    if job.r8_px != A4_WIDTH_PX:
        facts["r8_px"] = job.r8_px
    if job.addressing != NO_ADDRESSING:
        facts["addressing"] = asdict(job.addressing)
    return facts | ({"following": [_job_facts(other) for other in job.following]} if job.following else {})


def _read_job(facts: dict[str, Any]) -> CallerJob:
    return CallerJob(
        pages=facts["pages"],
        done=read_page_ranges(facts["done"]),
        station_id=facts["station_id"],
        offer=_read_offer(facts),
        after_rtn=AfterRtn[facts["after_rtn"]],
        addressing=Addressing(**facts.get("addressing", {})),
        cover=facts.get("cover", False),
        r8_px=facts.get("r8_px", A4_WIDTH_PX),
        following=tuple(map(_read_job, facts.get("following", ()))),
    )


def _read_offer(facts: dict[str, Any]) -> Offer:
    return Offer(
        codings=tuple(map(line_coding, facts["codings"])),
        resolutions=tuple(map(Resolution, facts["resolutions"])),
        best_modulation=Modulation[facts["best_modulation"]],
        ecm=facts["ecm"],
        receives_superfine=facts["receives_superfine"],
        receives_inch=facts.get("receives_inch", False),
        receives_wide=facts.get("receives_wide", False),
    )


def _offer_facts(offer: Offer) -> dict[str, object]:
    return {
        "codings": [str(coding) for coding in offer.codings],
        "resolutions": [str(resolution) for resolution in offer.resolutions],
        "best_modulation": offer.best_modulation.name,
        "ecm": offer.ecm,
        "receives_superfine": offer.receives_superfine,
        "receives_inch": offer.receives_inch,
        "receives_wide": offer.receives_wide,
    }


def line_rows(command: LineCommand, result: LineResult) -> Iterator[Row]:
    """Say what a command of the engine did on the line; for one that was cut short, what was to be sent, and the end."""
    yield from sent_rows(command, result.at_s)
    yield from _heard_rows(command, result)


def sent_rows(command: LineCommand, at_s: float) -> Iterator[Row]:
    """Say what a command sends."""
    match command:
        case SendFrames():
            yield from _frames(at_s, SENT, command.frames)
        case SendTraining():
            yield Row(at_s, SENT, "training", str(command.modulation), f"{command.seconds:g} s")
        case SendPage():
            what = f"{len(command.octets)} octets, {_training(command.short_training)}"
            yield Row(at_s, SENT, "page", str(command.modulation), what)
        case SendBlock():
            what = f"{_numbers(command.frames)}, {_training(command.short_training)}"
            yield Row(at_s, SENT, "block", str(command.modulation), what)
        case Pause():
            yield Row(at_s, SENT, "pause", "", f"{command.seconds:g} s")
        case ReceiveFrames() | ReceiveTraining() | ReceivePage() | ReceiveBlock():
            pass
        case _:
            assert_never(command)


def _heard_rows(command: LineCommand, result: LineResult) -> Iterator[Row]:
    at_s = result.at_s
    carrier = str(command.modulation) if isinstance(command, ReceiveTraining | ReceivePage | ReceiveBlock) else V21
    match result:
        case FramesHeard():
            yield from _frames(at_s, HEARD, result.frames)
            if result.damaged:
                yield Row(at_s, HEARD, "damaged", V21, f"{result.damaged} frames")
        case TrainingHeard():
            what = f"{len(result.octets)} octets, {longest_zero_run(result.octets)} bits of zeros"
            yield Row(at_s, HEARD, "training", carrier, what)
        case PageHeard():
            what = f"{len(result.octets)} octets{', RTC' if has_rtc(result.octets) else ''}"
            yield Row(at_s, HEARD, "page", carrier, what + (", carrier lost" if result.carrier_lost else ""))
        case BlockHeard():
            damaged = f", {result.damaged} damaged" if result.damaged else ""
            yield Row(at_s, HEARD, "block", carrier, _numbers(result.frames) + damaged)
        case WrongCarrier():
            yield Row(at_s, HEARD, "wrong carrier", carrier, "")
        case Silence():
            yield Row(at_s, HEARD, "silence", carrier, "")
        case Disconnected():
            yield Row(at_s, CALL, "disconnected", "ours" if result.ours else "", result.reason)
        case Sent():
            pass
        case _:
            assert_never(result)


def keeper_rows(result: KeeperResult, at_s: float) -> Iterator[Row]:
    """Say what the disk did."""
    match result:
        case PageData():
            yield Row(at_s, CALL, "fetched", "", f"{len(result.octets)} octets")
        case PageStored():
            what = f"{result.rows} rows, {result.bad_rows} damaged, {result.longest_bad_run} in a run"
            missing = f", {result.missing_rows} missing, {result.gap_bits} bits of gap" if result.missing_rows else ""
            yield Row(at_s, CALL, "stored", "", what + missing + _took(result.took_s))
        case BlockStored():
            yield Row(at_s, CALL, "stored block", "", _took(result.took_s).removeprefix(", "))
        case NotYet():
            yield Row(at_s, CALL, "storing", "", "")
        case KeeperFailed():
            yield Row(at_s, CALL, "disk failed", "", result.reason)
        case Noted():
            pass
        case _:
            assert_never(result)


def _took(seconds: float) -> str:
    """Say how long the disk took, where it was so long that the answer was left out."""
    return f", took {seconds:.3f} s" if seconds > STORE_LIMIT_S else ""


def _frames(at_s: float, direction: str, frames: tuple[bytes, ...]) -> Iterator[Row]:
    for octets in frames:
        frame = parse_frame(octets)
        yield Row(at_s, direction, "frame", V21, str(frame.fcf) if frame else "?", octets.hex())


def _training(short: bool) -> str:
    return f"{'short' if short else 'long'} training"


def _numbers(frames: tuple[bytes, ...]) -> str:
    """Say which frames of a block there were: `46 frames of 256 (0-45), 3 RCP`."""
    fcds = list(read_fcds(frames))
    size = max((len(data) for _, data in fcds), default=0)
    spans: list[list[int]] = []
    for number, _ in fcds:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    listed = " ".join(f"{first}-{last}" for first, last in spans)
    return f"{len(fcds)} frames of {size} ({listed}), {len(frames) - len(fcds)} RCP"
