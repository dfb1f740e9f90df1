"""Runs an engine against the transcript of a call that was: `mailfax call replay`, and tests made of field bugs.

The far end and the disk do what they did; the engine is asked what it does. Where that differs from what was sent then, the
replay stops and says so, for what the far end would have answered nobody knows.
"""

import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from mailfax.model.call import CallEvent, CallResult
from mailfax.t30.answerer import answer
from mailfax.t30.answering import AnswererStation
from mailfax.t30.caller import call
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
    KeeperResult,
    LineCommand,
    LineResult,
    Note,
    Noted,
    NotYet,
    PageData,
    PageHeard,
    PageStored,
    Sent,
    Silence,
    StoreBlock,
    StorePage,
    TrainingHeard,
    WrongCarrier,
)
from mailfax.t30.ecm import FRAMES_PER_BLOCK, block_frames
from mailfax.t30.transcript import CALL, HEARD, SENT, Row, read_station, sent_rows

_NUMBER = re.compile(r"\d+")
_TOOK = re.compile(r"took ([\d.]+) s")
_GAP = re.compile(r"(\d+) missing, (\d+) bits of gap")
_SPAN = re.compile(r"(\d+)-(\d+)")
_RTC = bytes.fromhex("001001001001001001")


class NotReplayable(Exception):
    """The text is no transcript, or lacks its first row."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Replayed:
    """What came of it: the result, the events on the way, and the first difference if there was one (then no result)."""

    result: CallResult | None
    events: tuple[CallEvent, ...]
    difference: str = ""


class _Differs(Exception):
    """The engine does something else than it did then."""


def parse(lines: Iterable[str]) -> list[Row]:
    """Read a transcript. Raises NotReplayable with the line that makes no sense."""
    rows = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                rows.append(Row.parse(line))
            except ValueError:
                raise NotReplayable(f"line {number} is no row of a transcript: {line.strip()[:60]!r}") from None
    return rows


def replay(rows: list[Row]) -> Replayed:
    """Run the engine that a transcript names against it. Raises NotReplayable."""
    head = next((row for row in rows if row.signal in {"caller", "answerer"}), None)
    if head is None:
        raise NotReplayable("the transcript does not say what the station was to do (its first row)")
    try:
        station = read_station(head)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NotReplayable(f"the first row makes no sense: {error}") from None
    engine = answer(station) if isinstance(station, AnswererStation) else call(station)
    calls = {"caller", "answerer", "dial", "ring", "answer", "note", "result", "modem"}
    tape = _Tape(deque(row for row in rows if row.signal not in calls))
    return _run(engine, tape)


def _run(engine: Engine, tape: "_Tape") -> Replayed:
    events: list[CallEvent] = []
    try:
        command: Command = next(engine)
        while True:
            if isinstance(command, Note):
                events.append(command.event)
            command = engine.send(tape.reply(command))
    except _Differs as difference:
        return Replayed(result=None, events=tuple(events), difference=str(difference))
    except StopIteration as end:
        left = f"the engine ended, but the call went on: {tape.rows[0]}" if tape.rows else ""
        return Replayed(result=end.value, events=tuple(events), difference=left)


@dataclass(slots=True)
class _Tape:
    """What is left of the transcript."""

    rows: deque[Row]
    at_s: float = 0.0

    def reply(self, command: Command) -> LineResult | KeeperResult:
        if isinstance(command, KeeperCommand):
            return self._kept(command)
        return self._performed(command)

    def _kept(self, command: KeeperCommand) -> KeeperResult:
        if isinstance(command, Note):
            return Noted()
        row = self._next(command)
        numbers = [int(number) for number in _NUMBER.findall(row.what)]
        match row.signal, command:
            case "disk failed", _:
                return KeeperFailed(reason=row.what)
            case "fetched", FetchPage():
                return PageData(octets=bytes(numbers[0]))
            case "storing", StorePage() | StoreBlock():
                return NotYet()
            case "stored", StorePage():
                missing, gap_bits = map(int, gap.groups()) if (gap := _GAP.search(row.what)) else (0, 0)
                return PageStored(
                    rows=numbers[0],
                    bad_rows=numbers[1],
                    longest_bad_run=numbers[2],
                    missing_rows=missing,
                    gap_bits=gap_bits,
                    took_s=_took_s(row),
                )
            case "stored block", StoreBlock():
                return BlockStored(took_s=_took_s(row))
            case _:
                raise _Differs(f"the engine wants {type(command).__name__}, where there was: {row}")

    def _performed(self, command: LineCommand) -> LineResult:
        wanted = list(sent_rows(command, 0.0))
        for ours in wanted:
            row = self._next(command)
            if (ours.signal, ours.carrier, ours.what, ours.octets) != (row.signal, row.carrier, row.what, row.octets):
                raise _Differs(f"the engine sends {ours.signal} {ours.what} {ours.octets}, where there was: {row}")
        ended = bool(self.rows) and self.rows[0].signal == "disconnected"
        if ended and (not wanted or self.rows[0].at_s == self.at_s):
            row = self.rows.popleft()
            return Disconnected(at_s=row.at_s, reason=row.what, ours=row.carrier == "ours")
        return Sent(at_s=self.at_s) if wanted else self._heard(command)

    def _heard(self, command: LineCommand) -> LineResult:
        row = self._next(command)
        if row.direction != HEARD:
            raise _Differs(f"the engine listens ({type(command).__name__}), where there was: {row}")
        numbers = [int(number) for number in _NUMBER.findall(row.what)]
        match row.signal:
            case "frame" | "damaged":
                return self._burst(row)
            case "training":
                zeros = bytes(-(-numbers[1] // 8))
                return TrainingHeard(octets=zeros.ljust(numbers[0], b"\xff"), at_s=row.at_s)
            case "page":
                end = _RTC if "RTC" in row.what else b""
                octets = b"\xff" * (numbers[0] - len(end)) + end
                return PageHeard(octets=octets, at_s=row.at_s, carrier_lost="carrier lost" in row.what)
            case "block":
                return _block(row, size=numbers[1])
            case "wrong carrier":
                return WrongCarrier(at_s=row.at_s)
            case "silence":
                return Silence(at_s=row.at_s)
            case _:
                raise _Differs(f"unknown row: {row}")

    def _burst(self, row: Row) -> FramesHeard:
        frames, damaged = [], 0
        while True:
            if row.signal == "frame":
                frames.append(bytes.fromhex(row.octets))
            else:
                damaged += int(row.what.split()[0])
            follows = self.rows[0] if self.rows else None
            if follows is None or follows.signal not in {"frame", "damaged"} or follows.direction != HEARD:
                break
            if follows.at_s != row.at_s:
                break
            row = self.rows.popleft()
        self.at_s = row.at_s
        return FramesHeard(frames=tuple(frames), damaged=damaged, at_s=row.at_s)

    def _next(self, command: Command) -> Row:
        if not self.rows:
            raise _Differs(f"the transcript is over, but the engine goes on: {type(command).__name__}")
        row = self.rows.popleft()
        self.at_s = row.at_s if row.direction in {SENT, HEARD, CALL} else self.at_s
        return row


def _took_s(row: Row) -> float:
    took = _TOOK.search(row.what)
    return float(took[1]) if took else 0.0


def _block(row: Row, size: int) -> BlockHeard:
    numbers = [n for first, last in _SPAN.findall(row.what) for n in range(int(first), int(last) + 1)]
    frames = block_frames([b"\xff" * size] * FRAMES_PER_BLOCK, numbers)
    damaged = re.search(r"(\d+) damaged", row.what)
    return BlockHeard(frames=frames, damaged=int(damaged[1]) if damaged else 0, at_s=row.at_s)
