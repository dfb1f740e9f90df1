"""A call as octets: which station, then what the line and the disk answer, one after another. What a fuzzer can bend and still have a call.

Read by `Tape` (for `fuzz_tape` and its everyday test), written by `write_tape` from a transcript: the seeds. When the octets are
at their end, the line stays silent and its clock runs. Each answer begins with its time (in quarters of a second) and its kind.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from mailfax.model.call import CallResult
from mailfax.t30.addressing import Addressing
from mailfax.t30.answerer import AnswererStation, Offered, PollRequest, answer
from mailfax.t30.caller import AfterRtn, CallerJob, call
from mailfax.t30.commands import (
    BlockHeard,
    BlockStored,
    Command,
    Disconnected,
    Engine,
    FetchPage,
    FramesHeard,
    KeeperCommand,
    KeeperFailed,
    LineResult,
    Note,
    Noted,
    NotYet,
    PageData,
    PageHeard,
    PageStored,
    ReceiveBlock,
    ReceiveFrames,
    ReceivePage,
    ReceiveTraining,
    Result,
    Sent,
    Silence,
    StoreBlock,
    StorePage,
    TrainingHeard,
    WrongCarrier,
)
from mailfax.t30.ecm import block_frames, read_fcds
from mailfax.t30.negotiate import FULL_OFFER, Offer
from mailfax.t30.page_end import has_rtc
from mailfax.t30.replay import _Tape as Recorded
from mailfax.t30.tcf import longest_zero_run
from mailfax.t30.transcript import Row, read_station

QUARTER_S = 0.25
UNIT = 256  # octets of a page or a training that one octet of the tape stands for
ROWS_UNIT = 16
RTC = bytes.fromhex("001001001001001001")
NATURAL, SILENT, WRONG, GONE, STOPPED = range(5)
KINDS = 5
NO_CALL_ROWS = {"caller", "answerer", "dial", "ring", "answer", "note", "result"}

_OTHER = CallerJob(pages=2, done=frozenset({1}), offer=FULL_OFFER)
STATIONS: tuple[CallerJob | AnswererStation, ...] = (
    CallerJob(pages=3, station_id="+1 555", offer=Offer()),
    CallerJob(pages=3, station_id="+1 555", offer=FULL_OFFER),
    CallerJob(pages=2, offer=FULL_OFFER, after_rtn=AfterRtn.RETRANSMIT_THEN_GO_ON, following=(_OTHER, _OTHER)),
    CallerJob(pages=2, offer=Offer(), after_rtn=AfterRtn.GO_ON, addressing=Addressing(subaddress="1387")),
    CallerJob(pages=2, offer=Offer(ecm=True), after_rtn=AfterRtn.GO_ON, following=(CallerJob(pages=1),)),
    AnswererStation(station_id="5551234", max_pages=3, offer=Offer()),
    AnswererStation(station_id="5551234", max_pages=3, offer=FULL_OFFER),
    AnswererStation(max_pages=3, offer=FULL_OFFER, poll=PollRequest(selector="77", password="x")),
    AnswererStation(
        max_pages=3,
        offer=FULL_OFFER,
        offered=(Offered(label="P1", pages=2), Offered(label="P2", pages=1, selector="77", password="x")),
    ),
)


def engine_of(station: CallerJob | AnswererStation) -> Engine:
    return answer(station) if isinstance(station, AnswererStation) else call(station)


@dataclass(slots=True)
class Tape:
    """Answers an engine's commands from octets. `fails_at`: the disk fails at that question, if it is not 0."""

    octets: bytes
    fails_at: int = 0
    at: int = 0
    at_s: float = 0.0
    asked: int = 0

    def reply(self, command: Command) -> Result:
        return self._kept(command) if isinstance(command, KeeperCommand) else self._line(command)

    def _octet(self) -> int:
        self.at += 1
        return self.octets[self.at - 1] if self.at <= len(self.octets) else 0

    def _piece(self, length: int) -> bytes:
        piece = self.octets[self.at : self.at + length]
        self.at += length
        return piece

    def _kept(self, command: KeeperCommand) -> Result:
        self.asked += 1
        if self.asked == self.fails_at:
            return KeeperFailed(reason="disk full")
        if isinstance(command, Note):
            return Noted()
        if self.at >= len(self.octets):
            return _kept_well(command)
        match command:
            case FetchPage():
                return PageData(octets=bytes(UNIT * self._octet()))
            case StorePage():
                rows, bad, longest, missing, gap, took = self._piece(6).ljust(6, b"\0")
                if took == 255:
                    return NotYet()
                return PageStored(
                    rows=ROWS_UNIT * rows,
                    bad_rows=bad,
                    longest_bad_run=longest,
                    missing_rows=missing,
                    gap_bits=UNIT * gap,
                    took_s=QUARTER_S * took,
                )
            case StoreBlock():
                took = self._octet()
                return NotYet() if took == 255 else BlockStored(took_s=QUARTER_S * took)

    def _line(self, command: Command) -> LineResult:
        listens = isinstance(command, ReceiveFrames | ReceiveTraining | ReceivePage | ReceiveBlock)
        if self.at >= len(self.octets):
            self.at_s += command.timeout_s if listens else 1.0
            return Silence(at_s=self.at_s) if listens else Sent(at_s=self.at_s)
        self.at_s += QUARTER_S * self._octet()
        match self._octet() % KINDS:
            case kind if kind in {GONE, STOPPED}:
                return Disconnected(at_s=self.at_s, reason="gone", ours=kind == STOPPED)
            case _ if not listens:
                return Sent(at_s=self.at_s)
            case kind if kind == SILENT:
                return Silence(at_s=self.at_s)
            case kind if kind == WRONG and not isinstance(command, ReceiveFrames):
                return WrongCarrier(at_s=self.at_s)
            case _:
                return self._heard(command)

    def _heard(self, command: Command) -> LineResult:
        match command:
            case ReceiveFrames():
                counts = self._octet()
                frames = tuple(self._piece(self._octet()) for _ in range(counts % 8))
                return FramesHeard(frames=frames, damaged=counts // 8, at_s=self.at_s)
            case ReceiveTraining():
                zeros, all_octets = UNIT * self._octet(), UNIT * self._octet()
                return TrainingHeard(octets=bytes(zeros).ljust(all_octets, b"\xff"), at_s=self.at_s)
            case ReceivePage():
                length, end = UNIT * self._octet(), self._octet()
                octets = b"\xff" * length + (RTC if end & 1 else b"")
                return PageHeard(octets=octets, at_s=self.at_s, carrier_lost=bool(end & 2))
            case _:
                counts = self._octet()
                spans = [(self._octet(), self._octet()) for _ in range(counts % 32)]
                numbers = [number for first, last in spans for number in range(first, last + 1)]
                frames = block_frames([b"\xff" * (64 if counts & 64 else 256)] * 256, numbers)
                return BlockHeard(frames=frames, damaged=counts // 128, at_s=self.at_s)


def _kept_well(command: KeeperCommand) -> Result:
    match command:
        case FetchPage():
            return PageData(octets=bytes(1000))
        case StorePage():
            return PageStored(rows=1000, bad_rows=0, longest_bad_run=0)
        case _:
            return BlockStored()


# -- writing ---------------------------------------------------------------------------------------------------------------


def write_tape(rows: Iterable[Row]) -> bytes:
    """Write a transcript as a tape for the station of STATIONS that does the same kind of thing; the result may go another way."""
    rows = list(rows)
    station = read_station(next(row for row in rows if row.signal in {"caller", "answerer"}))
    tape = bytearray((_like(station), 0))
    recorded = Recorded(deque(row for row in rows if row.signal not in NO_CALL_ROWS))
    engine, last_s = engine_of(station), 0.0
    command = next(engine)
    while True:
        result = recorded.reply(command)
        if not isinstance(result, Noted):
            tape += _written(command, result, last_s)
        last_s = getattr(result, "at_s", last_s)
        try:
            command = engine.send(result)
        except StopIteration:
            return bytes(tape)


def _like(station: CallerJob | AnswererStation) -> int:
    """Choose the station whose answers mean the most alike."""

    def alike(other: CallerJob | AnswererStation) -> int:
        if type(other) is not type(station):
            return -1
        score = (other.offer == station.offer) + 2 * (other.offer.ecm == station.offer.ecm)
        if isinstance(other, CallerJob):
            return (
                score
                + 3 * (bool(other.following) == bool(station.following))
                + (other.addressing == station.addressing)
            )
        return score + 4 * (bool(other.poll) == bool(station.poll)) + 4 * (bool(other.offered) == bool(station.offered))

    return max(range(len(STATIONS)), key=lambda number: alike(STATIONS[number]))


def _units(count: int, unit: int = UNIT) -> int:
    return min(255, -(-count // unit))


def _written(command: Command, result: Result, last_s: float) -> bytes:
    match result:
        case PageData(octets=octets):
            return bytes((_units(len(octets)),))
        case PageStored():
            facts = (_units(result.rows, ROWS_UNIT), result.bad_rows, result.longest_bad_run, result.missing_rows)
            return bytes((*(min(255, fact) for fact in facts), _units(result.gap_bits), _quarters(result.took_s)))
        case BlockStored(took_s=took_s):
            return bytes((_quarters(took_s),))
        case NotYet():
            return b"\0\0\0\0\0\xff" if isinstance(command, StorePage) else b"\xff"
        case KeeperFailed():
            return b""
        case _:
            return bytes((_quarters(result.at_s - last_s),)) + _heard(result)


def _quarters(seconds: float) -> int:
    return min(254, round(seconds / QUARTER_S))


def _heard(result: LineResult) -> bytes:
    match result:
        case Silence():
            return bytes((SILENT,))
        case WrongCarrier():
            return bytes((WRONG,))
        case Disconnected(ours=ours):
            return bytes((STOPPED if ours else GONE,))
        case FramesHeard(frames=frames, damaged=damaged):
            head = bytes((NATURAL, min(7, len(frames)) + 8 * min(31, damaged)))
            return head + b"".join(bytes((len(frame),)) + frame for frame in frames[:7])
        case TrainingHeard(octets=octets):
            return bytes((NATURAL, _units(longest_zero_run(octets) // 8), _units(len(octets))))
        case PageHeard(octets=octets, carrier_lost=lost):
            return bytes((NATURAL, _units(len(octets)), has_rtc(octets) + 2 * lost))
        case BlockHeard(frames=frames, damaged=damaged):
            numbers = sorted({number for number, _ in read_fcds(frames)})
            spans: list[list[int]] = []
            for number in numbers:
                if spans and spans[-1][1] == number - 1:
                    spans[-1][1] = number
                else:
                    spans.append([number, number])
            short = any(len(data) == 64 for _, data in read_fcds(frames))
            head = min(31, len(spans)) + 64 * short + 128 * bool(damaged)
            return bytes((NATURAL, head)) + b"".join(bytes(span) for span in spans[:31])
        case _:
            return bytes((NATURAL,))


def run_tape(tape: bytes, most_steps: int) -> tuple[CallerJob | AnswererStation, CallResult, list[object]]:
    """Run the engine of a tape to its end; its station, its result, and what was noted or stored. Raises AssertionError if it goes on."""
    station = STATIONS[(tape[0] if tape else 0) % len(STATIONS)]
    answers = Tape(octets=tape[2:], fails_at=tape[1] if len(tape) > 1 else 0)
    engine = engine_of(station)
    happened: list[object] = []
    command = next(engine)
    for _ in range(most_steps):
        result = answers.reply(command)
        if isinstance(command, Note) and isinstance(result, Noted):
            happened.append(command.event)
        if isinstance(command, StorePage) and isinstance(result, PageStored):
            happened.append(command)
        try:
            command = engine.send(result)
        except StopIteration as end:
            return station, end.value, happened
    raise AssertionError("the engine did not end")
