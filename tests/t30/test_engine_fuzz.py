"""Whatever the line gives back, each engine ends in a CallResult, within bounded steps and without an exception."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailfax.model.call import CallResult, EndOfPageSent, PageConfirmed, PageReceived
from mailfax.model.outcome import Outcome
from mailfax.t30.answerer import AnswererStation, answer
from mailfax.t30.caller import AfterRtn, CallerJob, call
from mailfax.t30.capabilities import write_fif
from mailfax.t30.commands import (
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
    Pause,
    ReceiveFrames,
    ReceivePage,
    ReceiveTraining,
    Result,
    SendFrames,
    SendPage,
    SendTraining,
    Sent,
    Silence,
    StorePage,
    TrainingHeard,
    WrongCarrier,
)
from mailfax.t30.frames import Fcf, build_frame

PAGES = 3
MOST_STEPS = 3000

FIFS = st.one_of(
    st.binary(max_size=12),
    st.just(write_fif({10, 11, 12, 14, 15, 20, 21, 22, 23})),
    st.just(write_fif({10, 14, 15})),
)
KNOWN = st.builds(build_frame, st.sampled_from(Fcf), FIFS, x=st.booleans(), final=st.booleans())
LIKELY = st.builds(
    build_frame,
    st.sampled_from(
        [Fcf.DIS, Fcf.DCS, Fcf.CFR, Fcf.FTT, Fcf.MCF, Fcf.RTN, Fcf.RTP, Fcf.MPS, Fcf.EOM, Fcf.EOP, Fcf.CRP]
    ),
    st.just(write_fif({10, 11, 12, 14, 15})),
    x=st.booleans(),
)
BURSTS = st.lists(st.one_of(KNOWN, LIKELY, st.binary(max_size=40)), max_size=4).map(tuple)
LENGTHS = st.sampled_from([0, 100, 900, 3000])


def _results(command: Command, at_s: float) -> st.SearchStrategy[Result]:
    cut = st.builds(Disconnected, at_s=st.just(at_s), reason=st.just("cut"), ours=st.booleans())
    quiet = st.just(Silence(at_s=at_s))
    wrong = st.just(WrongCarrier(at_s=at_s))
    match command:
        case SendFrames() | SendTraining() | SendPage() | Pause():
            usual: st.SearchStrategy[Result] = st.just(Sent(at_s=at_s))
        case ReceiveFrames():
            heard = st.builds(FramesHeard, frames=BURSTS, damaged=st.integers(0, 3), at_s=st.just(at_s))
            usual = heard | heard | quiet
        case ReceiveTraining():
            usual = LENGTHS.map(lambda length: TrainingHeard(octets=bytes(length), at_s=at_s)) | quiet | wrong
        case ReceivePage():
            usual = LENGTHS.map(lambda length: PageHeard(octets=bytes(length), at_s=at_s)) | quiet | wrong
        case FetchPage():
            return st.sampled_from([PageData(octets=b"page"), PageData(octets=b""), KeeperFailed(reason="disk full")])
        case StorePage():
            counts = st.integers(-1, 2000)
            stored = st.builds(PageStored, rows=counts, bad_rows=counts, longest_bad_run=counts)
            return st.one_of(stored, stored, stored, st.just(KeeperFailed(reason="disk full")))
        case Note():
            return st.sampled_from([Noted()] * 30 + [KeeperFailed(reason="disk full")])
    return st.one_of(*[usual] * 12, cut)


def _callers() -> st.SearchStrategy[Callable[[], Engine]]:
    jobs = st.builds(
        CallerJob,
        pages=st.just(PAGES),
        first_page=st.integers(0, PAGES - 1),
        station_id=st.sampled_from(["", "+1 555"]),
        after_rtn=st.sampled_from(AfterRtn),
        eom_after=st.frozensets(st.integers(0, PAGES)),
    )
    return jobs.map(lambda job: lambda: call(job))


def _answerers() -> st.SearchStrategy[Callable[[], Engine]]:
    stations = st.builds(AnswererStation, station_id=st.sampled_from(["", "5551234"]), max_pages=st.just(PAGES))
    return stations.map(lambda station: lambda: answer(station))


def _run(
    engine: Engine, draw: Callable[[st.SearchStrategy[Result]], Result], *, clock_runs: bool
) -> tuple[CallResult, list[object]]:
    happened: list[object] = []
    at_s = 0.0
    try:
        command = next(engine)
        for _ in range(MOST_STEPS):
            at_s += 1.5 if clock_runs else 0.0
            result = draw(_results(command, at_s))
            if isinstance(command, Note) and isinstance(result, Noted):
                happened.append(command.event)
            if isinstance(command, StorePage) and isinstance(result, PageStored):
                happened.append(command)
            command = engine.send(result)
    except StopIteration as end:
        return end.value, happened
    pytest.fail("the engine did not end")


@settings(max_examples=150, deadline=None, derandomize=True)
@given(data=st.data(), make=_callers(), clock_runs=st.booleans())
def test_caller_always_ends_and_claims_nothing_unheard(
    data: st.DataObject, make: Callable[[], Engine], clock_runs: bool
) -> None:
    result, happened = _run(make(), data.draw, clock_runs=clock_runs)
    confirmed = [event.page for event in happened if isinstance(event, PageConfirmed)]
    announced = [event.page for event in happened if isinstance(event, EndOfPageSent)]
    assert result.confirmed_pages == len(confirmed)
    assert set(confirmed) <= set(announced)
    if result.outcome is Outcome.DELIVERED:
        assert confirmed[-1] == PAGES
        assert result.unconfirmed_page is None
    if result.unconfirmed_page is not None:
        assert result.unconfirmed_page == announced[-1]
        assert (result.outcome is Outcome.UNCERTAIN) == (result.unconfirmed_page == PAGES)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(data=st.data(), make=_answerers(), clock_runs=st.booleans())
def test_answerer_always_ends_and_confirms_only_what_is_stored(
    data: st.DataObject, make: Callable[[], Engine], clock_runs: bool
) -> None:
    result, happened = _run(make(), data.draw, clock_runs=clock_runs)
    stored = 0
    for event in happened:
        if isinstance(event, StorePage):
            stored += 1
        if isinstance(event, PageReceived):
            assert event.page == stored
    assert result.confirmed_pages == sum(isinstance(event, PageReceived) and event.confirmed for event in happened)


ENDLESS: dict[str, tuple[bytes, ...]] = {
    str(fcf): (build_frame(fcf, write_fif({10, 11, 12, 14, 15}), x=False),) for fcf in Fcf
} | {"nothing": ()}


@pytest.mark.parametrize("name", ENDLESS)
@pytest.mark.parametrize("good_tcf", [True, False])
def test_one_frame_for_ever_with_a_clock_that_stands(name: str, good_tcf: bool) -> None:
    """The far end repeats one frame without end and no time passes: loops are bounded by count, not only by time."""

    def reply(command: Command) -> Result:
        match command:
            case ReceiveFrames():
                return FramesHeard(frames=ENDLESS[name], damaged=0, at_s=0.0)
            case ReceiveTraining():
                return TrainingHeard(octets=bytes(3000 if good_tcf else 10), at_s=0.0)
            case ReceivePage():
                return WrongCarrier(at_s=0.0)
            case FetchPage():
                return PageData(octets=b"page")
            case StorePage():
                return PageStored(rows=100, bad_rows=0, longest_bad_run=0)
            case Note():
                return Noted()
            case _:
                return Sent(at_s=0.0)

    for engine in (call(CallerJob(pages=PAGES)), answer(AnswererStation(max_pages=PAGES))):
        steps = 0
        with pytest.raises(StopIteration) as end:
            command = next(engine)
            while steps < MOST_STEPS:
                steps += 1
                command = engine.send(reply(command))
        assert isinstance(end.value.value, CallResult)
