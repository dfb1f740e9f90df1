"""A scripted far end: a call written as a chart, one line per signal, played against one engine.

> TSI DCS       the engine must send this now
! EOP           the engine must send this now, and the call is cut meanwhile
< CSI DIS       the engine must listen now, and hears these frames
< TCF good      ... a training; `TCF bad` is too short
< page abc      ... page data and its RTC; `page abc cut` without it; `page abc lost` when the carrier was lost
< block 0+1+3   ... an ECM block of which these frames arrive; `block none`
< V.21          ... control signals where it expected image data
< damaged       ... a burst whose FCS is wrong
< silence       ... nothing, until its own time is up
< gone          ... the far end hangs up; `stopped`: our own side ends the call
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from joined import Keeper, names

from mailfax.model.call import CallResult
from mailfax.t30.commands import (
    BlockHeard,
    Disconnected,
    Engine,
    FetchPage,
    FramesHeard,
    KeeperCommand,
    KeeperResult,
    LineCommand,
    LineResult,
    Note,
    PageHeard,
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
from mailfax.t30.ecm import PageEnd, PartialPage, block_frames, request_map
from mailfax.t30.frames import Fcf, build_burst, identification_fif
from mailfax.t30.modulation import Modulation
from mailfax.t30.negotiate import Choice, Offer, choose, our_dis

FULL_DIS = our_dis(Offer())
_CHOICE = choose(FULL_DIS, Offer())
assert isinstance(_CHOICE, Choice)
FIFS = {
    "DIS": FULL_DIS.fif,
    "DCS": _CHOICE.dcs.fif,
    "CSI": identification_fif("5551234"),
    "TSI": identification_fif("5559876"),
    "NSF": b"\xad\x00\x55",
}
BURST_S = 1.5
RTC = bytes.fromhex("001001001001001001")
BLOCK = [bytes((number,)) * 256 for number in range(256)]


@dataclass
class Played:
    """What came of it. `log` is the order in which line and keeper were used."""

    result: CallResult
    log: list[str] = field(default_factory=list)


class _LoggingKeeper:
    def __init__(self, keeper: Keeper, log: list[str]) -> None:
        self.keeper, self.log = keeper, log

    def perform(self, command: KeeperCommand) -> KeeperResult:
        match command:
            case Note(event=event):
                self.log.append(type(event).__name__)
            case StorePage():
                self.log.append("StorePage")
                command = replace(command, octets=command.octets.removesuffix(RTC))
            case StoreBlock():
                self.log.append("StoreBlock")
            case FetchPage():
                self.log.append("FetchPage")
        return self.keeper.perform(command)


def play(engine: Engine, keeper: Keeper, story: str, *, fifs: Mapping[str, bytes] | None = None) -> Played:
    """Play the story; every line must be met, and the engine must end with the last one."""
    fifs = FIFS | dict(fifs or {})
    log: list[str] = []
    logging_keeper = _LoggingKeeper(keeper, log)
    lines = [line for raw in story.splitlines() if (line := raw.partition("#")[0].strip())]
    now_s = 0.0
    reply: LineResult | KeeperResult | None = None
    try:
        while True:
            command = engine.send(reply) if reply is not None else next(engine)
            if isinstance(command, KeeperCommand):
                reply = logging_keeper.perform(command)
                continue
            assert lines, f"the story is over, but the engine wants {command}"
            line = lines.pop(0)
            log.append(line)
            reply = _reply(command, line, now_s, fifs)
            now_s = reply.at_s
    except StopIteration as end:
        assert not lines, f"the engine ended, but the story goes on: {lines}"
        return Played(end.value, log)


def _reply(command: LineCommand, line: str, now_s: float, fifs: Mapping[str, bytes]) -> LineResult:
    direction, _, words = line.partition(" ")
    words = words.strip()
    if direction in {">", "!"}:
        assert isinstance(command, SendFrames | SendTraining | SendPage | SendBlock | Pause), (
            f"{line}: the engine wants {command}"
        )
        assert names(command) == words, f"{line}: the engine sends {names(command)}"
        now_s += BURST_S
        return Disconnected(at_s=now_s, reason="cut") if direction == "!" else Sent(at_s=now_s)
    match words, command:
        case "silence", ReceiveFrames() | ReceiveTraining() | ReceivePage() | ReceiveBlock():
            return Silence(at_s=now_s + command.timeout_s)
        case "gone", ReceiveFrames() | ReceiveTraining() | ReceivePage() | ReceiveBlock():
            return Disconnected(at_s=now_s + 1, reason="the far end hung up")
        case "stopped", ReceiveFrames() | ReceiveTraining() | ReceivePage() | ReceiveBlock():
            return Disconnected(at_s=now_s + 1, reason="stopped", ours=True)
        case "V.21", ReceiveTraining() | ReceivePage() | ReceiveBlock():
            return WrongCarrier(at_s=now_s + 0.2)
        case "damaged", ReceiveFrames():
            return FramesHeard(frames=(), damaged=1, at_s=now_s + BURST_S)
        case (("TCF good" | "TCF bad"), ReceiveTraining(modulation=modulation)):
            return TrainingHeard(octets=_tcf(modulation, good=words.endswith("good")), at_s=now_s + 2.5)
        case _, ReceivePage() if words.startswith("page"):
            _, *rest = words.split()
            lost = rest[-1:] == ["lost"]
            octets = rest[0].encode() + RTC if rest and rest[0] != "empty" else b""
            if "cut" in rest:
                octets = octets.removesuffix(RTC)
            return PageHeard(octets=octets, carrier_lost=lost, at_s=now_s + 20)
        case _, ReceiveBlock() if words.startswith("block "):
            numbers = [int(number) for number in words.removeprefix("block ").split("+") if number != "none"]
            return BlockHeard(frames=block_frames(BLOCK, numbers), damaged=0, at_s=now_s + 20)
        case _, ReceiveFrames():
            frames = build_burst([_frame(name, fifs) for name in words.split()], x=False)
            return FramesHeard(frames=frames, damaged=0, at_s=now_s + BURST_S)
        case _:
            raise AssertionError(f"{line}: the engine wants {command}")


def _frame(name: str, fifs: Mapping[str, bytes]) -> tuple[Fcf, bytes]:
    """Read `MCF`, `PRI-EOP`, `PPR-0+3` (these frames again), `PPS-EOP-3` (block 0 of page 0 with 3 frames), `PPS-NULL-2/1/3`, `DIS-2` (another DIS)."""
    kind, _, rest = name.partition("-")
    if kind == "PPR":
        wanted = {int(number) for number in rest.split("+")}
        return Fcf.PPR, request_map(set(range(256)) - wanted)
    if kind == "DIS" and rest:
        return Fcf.DIS, fifs[name]
    if kind == "EOR":
        return Fcf.EOR, bytes((PageEnd[rest].code,))
    if kind == "PPS" and rest:
        end, _, numbers = rest.rpartition("-")
        page, block, frames = map(int, numbers.split("/")) if "/" in numbers else (0, 0, int(numbers))
        partial = PartialPage(end=PageEnd[end.replace("-", "_")], page=page, block=block, frames=frames)
        return Fcf.PPS, partial.fif
    return Fcf[name.replace("-", "_")], fifs.get(name, b"")


def _tcf(modulation: Modulation, *, good: bool) -> bytes:
    zeros = bytes(int(modulation.bit_rate / 8 * 0.7))
    return zeros + zeros if good else zeros + b"\x10" + zeros
