"""Every frame in every procedure is either answered or known to be unexpected there: walked through, pair by pair."""

from dataclasses import replace

import pytest
from fuzz_engine import run
from joined import Keeper, names
from script import FIFS, FULL_DIS, RTC, play
from test_ecm import ECM_FIFS

from mailfax.model.call import CallResult
from mailfax.t30.answerer import AnswererStation, Offered, PollRequest, answer
from mailfax.t30.bits import Bit
from mailfax.t30.caller import AfterRtn, CallerJob, call
from mailfax.t30.commands import (
    BlockHeard,
    BlockStored,
    Engine,
    FetchPage,
    FramesHeard,
    KeeperCommand,
    NotYet,
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
)
from mailfax.t30.ecm import PageEnd, PartialPage, block_frames
from mailfax.t30.frames import Fcf, build_burst
from mailfax.t30.modulation import Modulation
from mailfax.t30.negotiate import FULL_OFFER, Offer

# What each procedure of ours understands; all else it passes over, as T.30, 5.4.1 asks. An addition has to be made here too.
POST_MESSAGE = {Fcf.MCF, Fcf.RTP, Fcf.RTN, Fcf.PIP, Fcf.PIN, Fcf.DIS, Fcf.DTC, Fcf.CRP, Fcf.RNR, Fcf.DCN}
COMMANDS = {Fcf.DCS, Fcf.DCN, Fcf.MPS, Fcf.EOM, Fcf.EOP, Fcf.PRI_MPS, Fcf.PRI_EOM, Fcf.PRI_EOP, Fcf.CRP}
ANY_TIME = {Fcf.CRP, Fcf.RNR, Fcf.DCN}
ECM_COMMANDS = {Fcf.PPS, Fcf.EOR, Fcf.CTC, Fcf.RR}
PLAIN = "\n> page V.17 14400 short"
BLOCK = "\n> block 0 V.17 14400 short"
RETRY, TWICE = f"{BLOCK}\n> PPS-EOP\n< PPR", f"{BLOCK.replace('block 0', 'block 0+0')}\n> PPS-EOP\n< PPR"
FOUR_PPRS = RETRY * 2 + TWICE * 2
TRAINED = "< DIS\n> DCS\n> TCF V.17 14400"
GIVING = "> DIS\n< DTC\n> DCS\n> TCF V.17 14400"
PRE_MESSAGE = {Fcf.CFR, Fcf.FTT, Fcf.DIS, Fcf.DTC, Fcf.CRP, Fcf.DCN}
ANSWERED = "> DIS\n< DCS\n< TCF good\n> CFR"
PROCEDURES: dict[str, tuple[str, Offer, str, set[Fcf]]] = {
    "caller, waiting for DIS": ("caller", Offer(), "", {Fcf.DIS, Fcf.DCN}),
    "caller, after TCF": ("caller", Offer(), TRAINED, PRE_MESSAGE),
    "caller, after EOP": ("caller", Offer(), f"{TRAINED}\n< CFR{PLAIN}\n> EOP", POST_MESSAGE),
    "caller, after RR": (
        "caller",
        FULL_OFFER,
        f"{TRAINED}\n< CFR{BLOCK}\n> PPS-EOP\n< RNR\n> RR",
        POST_MESSAGE | {Fcf.PPR},
    ),
    "caller, after PPS": ("caller", FULL_OFFER, f"{TRAINED}\n< CFR{BLOCK}\n> PPS-EOP", POST_MESSAGE | {Fcf.PPR}),
    "caller, after CTC": ("caller", FULL_OFFER, f"{TRAINED}\n< CFR{FOUR_PPRS}\n> CTC", ANY_TIME | {Fcf.CTR}),
    "caller, after EOR": (
        "caller that goes on",
        Offer(ecm=True),
        f"{TRAINED.replace('V.17 14400', 'V.27ter 2400')}\n< CFR{FOUR_PPRS.replace('V.17 14400 short', 'V.27ter 2400')}\n> EOR-EOP",
        ANY_TIME | {Fcf.ERR},
    ),
    "answerer, after DIS": ("answerer", Offer(), "> DIS", {Fcf.DCS, Fcf.DCN}),
    "answerer, after FTT": ("answerer", Offer(), "> DIS\n< DCS\n< TCF bad\n> FTT", {Fcf.DCS, Fcf.DCN, Fcf.CRP}),
    "answerer, after a page": ("answerer", Offer(), f"{ANSWERED}\n< page abc", COMMANDS),
    "answerer, after a block": ("answerer", FULL_OFFER, f"{ANSWERED}\n< block 0", COMMANDS | ECM_COMMANDS),
    "caller of two, after EOM": ("caller of two", Offer(), f"{TRAINED}\n< CFR{PLAIN}\n> EOM", POST_MESSAGE),
    "caller of two, waiting for the second DIS": (
        "caller of two",
        Offer(),
        f"{TRAINED}\n< CFR{PLAIN}\n> EOM\n< MCF",
        {Fcf.DIS, Fcf.DCN},
    ),
    "asking, waiting for DIS": ("asking", Offer(), "", {Fcf.DIS, Fcf.DCN}),
    "asking, after DTC": ("asking", Offer(), "< DIS\n> DTC", {Fcf.DCS, Fcf.DIS, Fcf.DCN}),
    "asking, after a page": ("asking", Offer(), "< DIS\n> DTC\n< DCS\n< TCF good\n> CFR\n< page abc", COMMANDS),
    "giving, after DIS": ("giving", Offer(), "> DIS", {Fcf.DCS, Fcf.DTC, Fcf.DCN}),
    "giving, after TCF": ("giving", Offer(), f"{GIVING}", PRE_MESSAGE),
    "giving, after EOP": ("giving", Offer(), f"{GIVING}\n< CFR{PLAIN}\n> EOP", POST_MESSAGE),
    "answerer, after RNR": (
        "busy",
        FULL_OFFER,
        f"{ANSWERED}\n< block 0\n< PPS\n> RNR",
        {Fcf.RR, Fcf.PPS, Fcf.EOR, Fcf.DCN},
    ),
    "answerer, after EOP": ("answerer", Offer(), f"{ANSWERED}\n< page abc\n< EOP\n> MCF", COMMANDS),
}
PAIRS = [(procedure, fcf) for procedure in PROCEDURES for fcf in Fcf]


def engine_of(side: str, offer: Offer) -> Engine:
    match side:
        case "caller":
            return call(CallerJob(pages=1, offer=offer))
        case "caller that goes on":
            slow = replace(offer, best_modulation=Modulation.V27TER_2400)
            return call(CallerJob(pages=1, offer=slow, after_rtn=AfterRtn.GO_ON))
        case "caller of two":
            return call(CallerJob(pages=1, offer=offer, following=(CallerJob(pages=1, offer=offer),)))
        case "asking":
            return answer(AnswererStation(offer=offer, poll=PollRequest()))
        case "giving":
            return answer(AnswererStation(offer=offer, offered=(Offered(label="P", pages=1),)))
        case _:
            return answer(AnswererStation(offer=offer))


def fif_of(fcf: Fcf, fifs: dict[str, bytes]) -> bytes:
    match fcf:
        case Fcf.PPS:
            return PartialPage(end=PageEnd.EOP, page=0, block=0, frames=1).fif
        case Fcf.EOR:
            return bytes((PageEnd.EOP.code,))
        case Fcf.CTC:
            return fifs["DCS"][:2]
        case Fcf.PPR:
            return b"\x80" + bytes(31)
        case Fcf.DTC:
            return fifs["DIS"]
        case _:
            return fifs.get(fcf.name, b"0" * fcf.least_fif)


class Stage:
    """Plays a chart up to a point, then says one frame again and again, and sees whether the engine goes on listening."""

    def __init__(self, side: str, offer: Offer, chart: str) -> None:
        self.fifs = FIFS | (ECM_FIFS if offer.ecm else {})
        if side == "asking":
            self.fifs["DIS"] = FULL_DIS.with_bits({Bit.READY_TO_BE_POLLED}).fif
        self.busy = side == "busy"
        self.engine = engine_of(side, offer)
        self.keeper = Keeper(pages=(b"page",))
        self.at_s = 0.0
        self.lines = [line.strip() for line in chart.splitlines() if line.strip()]
        self.command = self._keep(next(self.engine))
        for line in self.lines:
            self.command = self._keep(self.engine.send(self._reply(line)))

    def _keep(self, command: object) -> object:
        while isinstance(command, KeeperCommand):
            if self.busy and isinstance(command, StorePage):
                command = self.engine.send(NotYet())
            elif isinstance(command, StoreBlock):
                command = self.engine.send(BlockStored())
            elif isinstance(command, FetchPage):
                command = self.engine.send(self.keeper.perform(command))
            else:
                command = self.engine.send(self.keeper.perform(command))
        return command

    def _reply(self, line: str) -> object:
        direction, _, words = line.partition(" ")
        command = self.command
        self.at_s += 1.0
        if direction == ">":
            assert isinstance(command, SendFrames | SendTraining | SendPage | SendBlock | Pause)
            assert names(command) == words
            return Sent(at_s=self.at_s)
        match command:
            case ReceiveTraining(modulation=modulation):
                seconds = 0 if words == "TCF bad" else 2
                return TrainingHeard(octets=bytes(modulation.bit_rate // 8 * seconds), at_s=self.at_s)
            case ReceivePage():
                return PageHeard(octets=b"abc" + RTC, at_s=self.at_s)
            case ReceiveBlock():
                return BlockHeard(frames=block_frames([bytes(256)], [0]), damaged=0, at_s=self.at_s)
            case _:
                assert isinstance(command, ReceiveFrames)
                return self.burst(Fcf[words])

    def burst(self, fcf: Fcf) -> FramesHeard:
        frames = build_burst([(fcf, fif_of(fcf, self.fifs))], x=False)
        return FramesHeard(frames=frames, damaged=0, at_s=self.at_s)

    def understands(self, fcf: Fcf) -> bool:
        """Say one frame; an engine that does not expect it listens on for what is left of its time."""
        command = self.command
        if isinstance(command, ReceivePage | ReceiveBlock | ReceiveTraining):
            self.command = command = self._keep(self.engine.send(Silence(at_s=self.at_s + 1)))
        assert isinstance(command, ReceiveFrames)
        self.at_s += 1.0
        try:
            after = self.engine.send(self.burst(fcf))
        except StopIteration as end:
            return isinstance(end.value, CallResult)
        return not isinstance(after, ReceiveFrames)


@pytest.mark.parametrize(("procedure", "fcf"), PAIRS, ids=[f"{procedure}: {fcf}" for procedure, fcf in PAIRS])
def test_every_frame_in_every_procedure(procedure: str, fcf: Fcf) -> None:
    side, offer, chart, understood = PROCEDURES[procedure]
    assert Stage(side, offer, chart).understands(fcf) == (fcf in understood)


def test_a_share_of_the_million_mutated_frames() -> None:
    """`make fuzz` throws a million."""
    calls, kinds = run(30_000, seed=20_261_122)
    assert calls > 300
    assert {"FramesHeard", "BlockHeard", "PageHeard", "TrainingHeard", "Silence", "Disconnected"} <= kinds


def test_the_charts_are_calls() -> None:
    """The procedures are reached by calls that go on to a good end."""
    story = f"{TRAINED}\n< CFR{PLAIN}\n> EOP\n< MCF\n> DCN"
    assert play(call(CallerJob(pages=1)), Keeper(pages=(b"page",)), story).result.confirmed_pages == 1
