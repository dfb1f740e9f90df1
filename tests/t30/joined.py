"""Two engines joined by a perfect line under a virtual clock, with a hook to damage or drop what one of them sends.

Time moves only when both wait. A signal is heard by a party that listens when it begins; one that began before is missed.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from mailfax.model.call import CallEvent, CallResult
from mailfax.model.page import PageFormat
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
    LineResult,
    Note,
    Noted,
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
    StoreBlock,
    StorePage,
    TrainingHeard,
    WrongCarrier,
)
from mailfax.t30.ecm import FCD, page_end, read_fcds
from mailfax.t30.frames import Fcf, parse_frame
from mailfax.t30.wire import REVERSED

Signal = SendFrames | SendTraining | SendPage | SendBlock
PREAMBLE_S = 1.0
LATE_BY_S = 0.3  # of the preamble may be missed, no more


@dataclass
class OnAir:
    """A signal on the line: what was sent (after damage), and when."""

    signal: Signal
    begin_s: float
    end_s: float


def duration_s(signal: Signal) -> float:
    match signal:
        case SendFrames(frames=frames):
            return PREAMBLE_S + sum(8 * (len(frame) + 4) for frame in frames) / 300
        case SendTraining(modulation=modulation, seconds=seconds):
            return modulation.training_s(short=False) + seconds
        case SendPage(modulation=modulation, short_training=short, octets=octets):
            return modulation.training_s(short=short) + 8 * len(octets) / modulation.bit_rate
        case SendBlock(modulation=modulation, short_training=short, frames=frames):
            octets = sum(len(frame) + 3 for frame in frames)
            return modulation.training_s(short=short) + 0.22 + 8 * octets / modulation.bit_rate


def names(signal: object) -> str:
    """Name a signal for scripts and assertions: `TSI DCS`, `TCF V.17 14400`, `page V.17 14400`, `block 3 V.17 14400 short`."""
    match signal:
        case SendFrames(frames=frames):
            return " ".join(_name(octets) for octets in frames)
        case SendTraining(modulation=modulation):
            return f"TCF {modulation}"
        case SendPage(modulation=modulation, short_training=short):
            return f"page {modulation}{' short' if short else ''}"
        case SendBlock(modulation=modulation, short_training=short, frames=frames):
            numbers = "+".join(str(number) for number, _ in read_fcds(frames))
            return f"block {numbers if len(numbers) < 20 else len(frames) - 3} {modulation}{' short' if short else ''}"
        case _:
            return type(signal).__name__


def _name(octets: bytes) -> str:
    frame = parse_frame(octets)
    if frame is None:
        return "?"
    end = page_end(frame.fif) if frame.fcf in {Fcf.PPS, Fcf.EOR} else None
    return f"{frame.fcf}-{end}" if end else str(frame.fcf)


@dataclass
class Keeper:
    """A disk in memory. `pages` are what FetchPage gives; `judge` counts the rows of a stored page."""

    pages: tuple[bytes, ...] = ()
    judge: Callable[[bytes], PageStored] = lambda _: PageStored(rows=1000, bad_rows=0, longest_bad_run=0)
    fails: Callable[[KeeperCommand], bool] = lambda _: False
    stored: list[bytes] = field(default_factory=list)
    blocks: list[bytes] = field(default_factory=list)
    forms: list[PageFormat] = field(default_factory=list)
    events: list[CallEvent] = field(default_factory=list)

    def perform(self, command: KeeperCommand) -> KeeperResult:
        if self.fails(command):
            return KeeperFailed(reason="disk full")
        match command:
            case FetchPage(index=index, form=form):
                self.forms.append(form)
                return PageData(octets=self.pages[index])
            case StorePage(octets=octets, form=form):
                self.stored.append(octets)
                self.forms.append(form)
                return self.judge(octets)
            case StoreBlock(octets=octets):
                self.blocks.append(octets)
                return BlockStored()
            case Note(event=event):
                self.events.append(event)
                return Noted()


@dataclass
class Party:
    engine: Engine
    keeper: Keeper
    now_s: float = 0.0
    pending: Command | None = None
    result: CallResult | None = None
    inbox: list[OnAir] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)

    def start(self) -> None:
        self.pending = next(self.engine)
        self._serve_keeper()

    def go_on(self, result: LineResult) -> None:
        self.now_s = result.at_s
        try:
            self.pending = self.engine.send(result)
            self._serve_keeper()
        except StopIteration as end:
            self.pending, self.result = None, end.value

    def _serve_keeper(self) -> None:
        while isinstance(self.pending, KeeperCommand):
            self.pending = self.engine.send(self.keeper.perform(self.pending))


Damage = Callable[[str, Signal], Signal | None]


def join(caller: Party, answerer: Party, damage: Damage = lambda _, signal: signal) -> tuple[CallResult, CallResult]:
    """Run both to their end. `damage(sender, signal)` gives what arrives: the signal, another, or None for nothing."""
    caller.start()
    answerer.start()
    while caller.result is None or answerer.result is None:
        moved = _transmit("caller", caller, answerer, damage) or _transmit("answerer", answerer, caller, damage)
        if not moved:
            waiting = [pair for pair in ((caller, answerer), (answerer, caller)) if pair[0].result is None]
            listener, result = min((_listen(*pair) for pair in waiting), key=lambda heard: heard[1].at_s)
            listener.go_on(result)
    return caller.result, answerer.result


def _transmit(name: str, party: Party, other: Party, damage: Damage) -> bool:
    signal = party.pending
    if isinstance(signal, Pause):
        party.go_on(Sent(at_s=party.now_s + signal.seconds))
        return True
    if not isinstance(signal, Signal):
        return False
    if other.result is not None and other.now_s <= party.now_s:
        party.go_on(Disconnected(at_s=party.now_s, reason="the far end hung up"))
        return True
    begin_s = party.now_s + signal.silence_s
    end_s = begin_s + duration_s(signal)
    party.sent.append(names(signal))
    arriving = damage(name, signal)
    if arriving is not None:
        other.inbox.append(OnAir(arriving, begin_s, end_s))
    party.go_on(Sent(at_s=end_s))
    return True


def _listen(party: Party, other: Party) -> tuple[Party, LineResult]:
    listen = party.pending
    assert isinstance(listen, ReceiveFrames | ReceiveTraining | ReceivePage | ReceiveBlock)
    deadline_s = party.now_s + listen.timeout_s
    for air in list(party.inbox):
        late_by_s = LATE_BY_S if isinstance(air.signal, SendFrames) else 0.0
        if air.begin_s + late_by_s < party.now_s:
            party.inbox.remove(air)
            continue
        if air.begin_s > deadline_s:
            break
        heard = _heard(listen, air)
        if heard is not None:
            if not isinstance(heard, WrongCarrier):
                party.inbox.remove(air)
            return party, heard
        party.inbox.remove(air)
    if other.result is not None and other.now_s <= deadline_s:
        return party, Disconnected(at_s=max(other.now_s, party.now_s), reason="the far end hung up")
    return party, Silence(at_s=deadline_s)


def _heard(listen: Command, air: OnAir) -> LineResult | None:
    match listen, air.signal:
        case ReceiveFrames(), SendFrames(frames=frames):
            good = tuple(frame for frame in frames if frame)
            return FramesHeard(frames=good, damaged=len(frames) - len(good), at_s=air.end_s)
        case ReceiveTraining(modulation=wanted), SendTraining(modulation=sent, seconds=seconds) if wanted is sent:
            return TrainingHeard(octets=bytes(int(sent.bit_rate * seconds / 8)), at_s=air.end_s)
        case ReceivePage(modulation=wanted, short_training=short), SendPage() as page if (
            wanted is page.modulation and short is page.short_training
        ):
            return PageHeard(octets=page.octets, at_s=air.end_s)
        case ReceiveBlock(modulation=wanted, short_training=short), SendBlock() as block if (
            wanted is block.modulation and short is block.short_training
        ):
            return BlockHeard(frames=block.frames, damaged=0, at_s=air.end_s)
        case ((ReceiveTraining() | ReceivePage() | ReceiveBlock()), SendFrames()):
            return WrongCarrier(at_s=max(air.begin_s, 0.0))
        case _:
            return None


def without(*lost: str, sender: str) -> Damage:
    """Lose these signals of one party, in order, each once; `damage.lost` shows afterwards that they were met."""
    left = list(lost)

    def damage(name: str, signal: Signal) -> Signal | None:
        if left and name == sender and names(signal) == left[0]:
            left.pop(0)
            return None
        return signal

    damage.left = left  # type: ignore[attr-defined]
    return damage


def spoil_tcf(times: int) -> Damage:
    """Spoil the first TCFs: half a second of zeros is too short to prove a rate."""
    left = [times]

    def damage(_name: str, signal: Signal) -> Signal | None:
        if isinstance(signal, SendTraining) and left[0] > 0:
            left[0] -= 1
            return replace(signal, seconds=0.5)
        return signal

    return damage


def lose_frames(*which: tuple[int, ...]) -> Damage:
    """Lose these frames of the first, second ... block transmission; `damage.left` is empty when all were met."""
    left = list(which)

    def damage(_name: str, signal: Signal) -> Signal | None:
        if isinstance(signal, SendBlock) and left:
            lost = left.pop(0)
            kept = tuple(frame for frame in signal.frames if frame[2] != FCD or REVERSED[frame[3]] not in lost)
            assert len(kept) < len(signal.frames) or not lost
            return replace(signal, frames=kept)
        return signal

    damage.left = left  # type: ignore[attr-defined]
    return damage
