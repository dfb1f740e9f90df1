"""Whatever the line gives back, each engine ends in a CallResult, within bounded steps and without an exception."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import zip_longest
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tape_check import by_document, judge_received, judge_sent

from mailfax.model.call import CallResult
from mailfax.t30.answerer import AnswererStation, answer
from mailfax.t30.caller import AfterRtn, CallerJob, call
from mailfax.t30.capabilities import write_fif
from mailfax.t30.commands import (
    BlockHeard,
    BlockStored,
    Command,
    Disconnected,
    Engine,
    FetchPage,
    FramesHeard,
    KeeperFailed,
    Note,
    Noted,
    PageData,
    PageHeard,
    PageStored,
    ReceiveBlock,
    ReceiveFrames,
    ReceivePage,
    ReceiveTraining,
    Result,
    SendFrames,
    Sent,
    Silence,
    StoreBlock,
    StorePage,
    TrainingHeard,
    WrongCarrier,
)
from mailfax.t30.ecm import PageEnd, PartialPage, block_frames, request_map
from mailfax.t30.frames import Fcf, build_frame, parse_frame
from mailfax.t30.negotiate import FULL_OFFER, Offer, our_dis

PAGES = 3
MOST_STEPS = 3000

FULL = write_fif({10, 11, 12, 14, 15, 20, 21, 22, 23})
# What a far end could sensibly say to the last burst, so that arbitrary calls get deep and not only stuck at the door.
SENSIBLE = {
    None: [Fcf.DIS],
    Fcf.DIS: [Fcf.DCS],
    Fcf.PPS: [Fcf.MCF, Fcf.PPR, Fcf.PPR, Fcf.RNR, Fcf.DIS],
    Fcf.PPR: [Fcf.PPS, Fcf.PPS, Fcf.PPS, Fcf.CTC, Fcf.EOR],
    Fcf.RR: [Fcf.MCF, Fcf.PPR, Fcf.RNR],
    Fcf.CTC: [Fcf.CTR],
    Fcf.CTR: [Fcf.PPS],
    Fcf.EOR: [Fcf.ERR],
    Fcf.ERR: [Fcf.PPS, Fcf.DCN],
    Fcf.DCS: [Fcf.CFR, Fcf.CFR, Fcf.FTT],
    Fcf.CFR: [Fcf.PPS, Fcf.PPS, Fcf.PPS, Fcf.MPS, Fcf.EOM, Fcf.EOP],
    Fcf.FTT: [Fcf.DCS],
    Fcf.MCF: [Fcf.PPS, Fcf.PPS, Fcf.MPS, Fcf.EOP, Fcf.DCS, Fcf.DCN],
    Fcf.RTN: [Fcf.DCS],
    Fcf.RTP: [Fcf.DCS],
    Fcf.MPS: [Fcf.MCF, Fcf.MCF, Fcf.RTN, Fcf.RTP, Fcf.PIP],
    Fcf.EOM: [Fcf.MCF, Fcf.RTP, Fcf.DIS],
    Fcf.EOP: [Fcf.MCF, Fcf.MCF, Fcf.RTN, Fcf.PIN],
}
ECM = {Fcf.DIS: our_dis(FULL_OFFER).fif, Fcf.DCS: write_fif({10, 14, 15, 21, 22, 23, 27, 31}), Fcf.CTC: b"\0\x4e"}
BLOCK = [bytes((number,)) * 256 for number in range(4)]
FIF_NEEDED = {Fcf.DIS: FULL, Fcf.DCS: write_fif({10, 14, 15}), Fcf.CTC: b"\0\x46"}


@dataclass
class FarEnd:
    """A far end and a disk that do anything: mostly what could be, `wildness` of the time what could not."""

    random: Random
    wildness: float
    clock_runs: bool
    at_s: float = 0.0
    said: Fcf | None = None

    def reply(self, command: Command) -> Result:
        self.at_s += 1.5 if self.clock_runs else 0.0
        wild = self.random.random() < self.wildness
        match command:
            case FetchPage():
                return KeeperFailed(reason="disk full") if wild else PageData(octets=b"page" * 200)
            case StorePage():
                return KeeperFailed(reason="disk full") if wild else self._stored()
            case StoreBlock():
                return KeeperFailed(reason="disk full") if wild else BlockStored()
            case Note():
                return KeeperFailed(reason="disk full") if wild and self.random.random() < 0.2 else Noted()
        if wild and self.random.random() < 0.2:
            return Disconnected(at_s=self.at_s, reason="cut", ours=self.random.random() < 0.5)
        match command:
            case SendFrames(frames=frames):
                frame = parse_frame(frames[-1])
                self.said = frame.fcf if frame else None
                return Sent(at_s=self.at_s)
            case ReceiveFrames(timeout_s=timeout_s):
                return self._burst(timeout_s, wild=wild)
            case ReceiveTraining() | ReceivePage() | ReceiveBlock():
                return self._image(command, wild=wild)
            case _:
                return Sent(at_s=self.at_s)

    def _stored(self) -> PageStored:
        rows = self.random.choice([0, 100, 1143])
        return PageStored(
            rows=rows, bad_rows=self.random.choice([-1, 0, 4, rows, 5000]), longest_bad_run=self.random.randint(0, 7)
        )

    def _burst(self, timeout_s: float, *, wild: bool) -> FramesHeard | Silence:
        if wild and self.random.random() < 0.4:
            self.at_s += timeout_s
            return Silence(at_s=self.at_s)
        fcf = self.random.choice(list(Fcf) if wild else SENSIBLE.get(self.said, list(Fcf)))
        fif = self.random.randbytes(self.random.randint(0, 40)) if wild else self._fif(fcf)
        frames = [build_frame(fcf, fif, x=self.random.random() < 0.5)]
        if wild:
            frames.insert(self.random.randint(0, 1), self.random.randbytes(self.random.randint(0, 40)))
        return FramesHeard(frames=tuple(frames), damaged=int(wild), at_s=self.at_s)

    def _fif(self, fcf: Fcf) -> bytes:
        match fcf:
            case Fcf.PPR:
                return request_map({n for n in range(4) if self.random.random() < 0.7})
            case Fcf.PPS:
                end = self.random.choice(list(PageEnd))
                return PartialPage(
                    end=end, page=self.random.randint(0, 2), block=0, frames=self.random.randint(1, 4)
                ).fif
            case Fcf.EOR:
                return bytes((self.random.choice(list(PageEnd)).code,))
            case Fcf.DIS | Fcf.DCS if self.random.random() < 0.7:
                return ECM[fcf]
            case _:
                return FIF_NEEDED.get(fcf, b"")

    def _image(self, command: ReceiveTraining | ReceivePage | ReceiveBlock, *, wild: bool) -> Result:
        if wild:
            return self.random.choice([Silence(at_s=self.at_s + command.timeout_s), WrongCarrier(at_s=self.at_s)])
        octets = bytes(self.random.choice([0, 100, 3000, 3000, 3000]))
        if isinstance(command, ReceiveTraining):
            return TrainingHeard(octets=octets, at_s=self.at_s)
        if isinstance(command, ReceiveBlock):
            frames = block_frames(BLOCK, [n for n in range(self.random.randint(0, 4)) if self.random.random() < 0.8])
            return BlockHeard(frames=frames, damaged=0, at_s=self.at_s)
        return PageHeard(octets=octets, at_s=self.at_s, carrier_lost=self.random.random() < 0.1)


FAR_ENDS = st.builds(
    FarEnd,
    random=st.integers(0, 2**32).map(Random),
    wildness=st.sampled_from([0.02, 0.1, 0.3, 0.9]),
    clock_runs=st.booleans(),
)


def _jobs() -> st.SearchStrategy[CallerJob]:
    return st.builds(
        CallerJob,
        pages=st.just(PAGES),
        done=st.frozensets(st.integers(1, PAGES), max_size=PAGES - 1),
        station_id=st.sampled_from(["", "+1 555"]),
        after_rtn=st.sampled_from(AfterRtn),
        cover=st.booleans(),
        r8_px=st.sampled_from([1728, 2048, 2432]),
        following=st.lists(st.just(CallerJob(pages=PAGES, done=frozenset({1}), cover=True)), max_size=2).map(tuple),
        offer=st.sampled_from([Offer(), FULL_OFFER]),
    )


def _answerers() -> st.SearchStrategy[Callable[[], Engine]]:
    stations = st.builds(
        AnswererStation,
        station_id=st.sampled_from(["", "5551234"]),
        max_pages=st.just(PAGES),
        offer=st.sampled_from([Offer(), FULL_OFFER]),
    )
    return stations.map(lambda station: lambda: answer(station))


def _run(engine: Engine, reply: Callable[[Command], Result]) -> tuple[CallResult, list[object]]:
    """Run an engine to its end; give its result, and what was noted or stored on the way."""
    happened: list[object] = []
    try:
        command = next(engine)
        for _ in range(MOST_STEPS):
            result = reply(command)
            if isinstance(command, Note) and isinstance(result, Noted):
                happened.append(command.event)
            if isinstance(command, StorePage) and isinstance(result, PageStored):
                happened.append(command)
            command = engine.send(result)
    except StopIteration as end:
        return end.value, happened
    pytest.fail("the engine did not end")


@settings(max_examples=600, deadline=None, derandomize=True)
@given(far_end=FAR_ENDS, job=_jobs())
def test_caller_always_ends_and_claims_nothing_unheard(far_end: FarEnd, job: CallerJob) -> None:
    whole, happened = _run(call(job), far_end.reply)
    jobs, parts = (job, *job.following), by_document(happened)
    for part, one, result in zip_longest(parts, jobs, whole.of_each(len(jobs)), fillvalue=[]):
        judge_sent(part, one, result)


@settings(max_examples=600, deadline=None, derandomize=True)
@given(far_end=FAR_ENDS, make=_answerers())
def test_answerer_always_ends_and_confirms_only_what_is_stored(far_end: FarEnd, make: Callable[[], Engine]) -> None:
    result, happened = _run(make(), far_end.reply)
    judge_received(happened, result)


ENDLESS: dict[str, tuple[bytes, ...]] = {
    str(fcf): (build_frame(fcf, write_fif({10, 11, 12, 14, 15}), x=False),) for fcf in Fcf
} | {"nothing": ()}


@pytest.mark.parametrize("name", ENDLESS)
@pytest.mark.parametrize("good_tcf", [True, False])
@pytest.mark.parametrize("offer", [Offer(), FULL_OFFER])
def test_one_frame_for_ever_with_a_clock_that_stands(name: str, good_tcf: bool, offer: Offer) -> None:
    """The far end repeats one frame without end and no time passes: loops are bounded by count, not only by time."""

    def reply(command: Command) -> Result:
        match command:
            case ReceiveFrames():
                return FramesHeard(frames=ENDLESS[name], damaged=0, at_s=0.0)
            case ReceiveTraining():
                return TrainingHeard(octets=bytes(3000 if good_tcf else 10), at_s=0.0)
            case ReceivePage() | ReceiveBlock():
                return WrongCarrier(at_s=0.0)
            case FetchPage():
                return PageData(octets=b"page")
            case StorePage():
                return PageStored(rows=100, bad_rows=0, longest_bad_run=0)
            case StoreBlock():
                return BlockStored()
            case Note():
                return Noted()
            case _:
                return Sent(at_s=0.0)

    for engine in (
        call(CallerJob(pages=PAGES, offer=offer)),
        answer(AnswererStation(max_pages=PAGES, offer=offer)),
    ):
        result, _ = _run(engine, reply)
        assert isinstance(result, CallResult)
