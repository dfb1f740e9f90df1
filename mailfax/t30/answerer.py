"""The called station that receives: T.30 figure 5-2b as a generator. Started by the line process for each ring it answers.

The figure's boxes are the members of `_Next`, and each has its function. The promise kept here: a page is on disk, and that
is noted, before its MCF goes out; a page that cannot be made durable is never confirmed.
"""

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import assert_never

from mailfax.model.call import CallResult, PageReceived, PageStarted, RemoteIdentified, Trained, TrainingFailed
from mailfax.model.outcome import Outcome
from mailfax.model.page import PageFormat
from mailfax.t30 import tcf
from mailfax.t30.capabilities import Dcs
from mailfax.t30.commands import (
    Engine,
    PageHeard,
    PageStored,
    Pause,
    ReceivePage,
    ReceiveTraining,
    SendFrames,
    StorePage,
    TrainingHeard,
    WrongCarrier,
)
from mailfax.t30.exchange import CallEnded, Link, Steps, ask_keeper, check_limit, farewell, hear, note, on_line
from mailfax.t30.frames import Fcf, build_burst, build_frame, identification_fif
from mailfax.t30.modulation import Modulation
from mailfax.t30.negotiate import Offer, acceptable_form, our_dis
from mailfax.t30.timers import Timer

# Failing an operator, a procedure interrupt is its plain form (5.3.6.1.6).
_PLAIN = {Fcf.PRI_MPS: Fcf.MPS, Fcf.PRI_EOM: Fcf.EOM, Fcf.PRI_EOP: Fcf.EOP}
_PHASE_B = frozenset({Fcf.DCS, Fcf.DCN})
_COMMANDS = _PHASE_B | {Fcf.MPS, Fcf.EOM, Fcf.EOP, Fcf.CRP} | set(_PLAIN)
_TCF_BEGINS_S = (
    3.0  # the DCS is over, 75 ms and the start-up signal follow; an FTT then still falls into the sender's T4
)
_PAGE_BEGINS_S = 6.0  # some machines take 5 s to their first line; longer would miss the repetition of a lost answer
# The same end-of-page command this soon after our answer, with no page between: the answer was lost. T4 of a manual set
# (4.5 s + 15 %), then the flags and the frame.
_REPEATED_WITHIN_S = 7.0
_BOXES_PER_PAGE = 60  # of the figure, before the far end is taken to run in circles


@dataclass(frozen=True, kw_only=True, slots=True)
class PageQuality:
    """What is good enough (T.30 leaves it to the receiver). Below: RTN; above, but less than `retrain_share`: RTP."""

    least_good_share: float = 0.95
    longest_bad_run: int = 5
    retrain_share: float = 0.0

    def judge(self, page: PageStored) -> Fcf:
        """Choose the answer to a page."""
        good_share = 1 - page.bad_rows / page.rows if page.rows > 0 else 0.0
        if page.rows <= 0 or good_share < self.least_good_share or page.longest_bad_run > self.longest_bad_run:
            return Fcf.RTN
        return Fcf.RTP if good_share < self.retrain_share else Fcf.MCF


@dataclass(frozen=True, kw_only=True, slots=True)
class AnswererStation:
    """How this station answers: who it says it is, what it receives, what is good enough, and its limits."""

    station_id: str = ""
    offer: Offer = field(default_factory=Offer)
    quality: PageQuality = field(default_factory=PageQuality)
    max_pages: int = 500
    call_limit_s: float = 7200.0


class _Next(Enum):
    """The boxes of figure 5-2b."""

    IDENTIFY = auto()
    TRAIN = auto()
    PAGE = auto()
    COMMAND = auto()
    FINISHED = auto()
    GIVE_UP = auto()


# After command and answer: what comes next, and what follows when T2 elapses instead.
_AFTER_ANSWER = {
    (Fcf.MPS, Fcf.MCF): (_Next.PAGE, _Next.GIVE_UP),
    (Fcf.MPS, Fcf.RTP): (_Next.COMMAND, _Next.GIVE_UP),
    (Fcf.MPS, Fcf.RTN): (_Next.COMMAND, _Next.GIVE_UP),
    (Fcf.EOM, Fcf.MCF): (_Next.COMMAND, _Next.IDENTIFY),
    (Fcf.EOM, Fcf.RTP): (_Next.COMMAND, _Next.IDENTIFY),
    (Fcf.EOM, Fcf.RTN): (_Next.COMMAND, _Next.IDENTIFY),
    (Fcf.EOP, Fcf.MCF): (_Next.COMMAND, _Next.FINISHED),
    (Fcf.EOP, Fcf.RTP): (_Next.COMMAND, _Next.FINISHED),
    (Fcf.EOP, Fcf.RTN): (_Next.COMMAND, _Next.GIVE_UP),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Answer:
    """What was said last, for when it was lost: where it leads, and where silence after it leads."""

    fcf: Fcf
    command: Fcf
    at_s: float
    then: _Next
    after_t2: _Next


@dataclass(kw_only=True, slots=True)
class _Call:
    """Where the call stands. `heard` is a page whose end-of-page command has not come; `stored` counts pages on disk."""

    station: AnswererStation
    link: Link
    form: PageFormat | None = None
    modulation: Modulation | None = None
    heard: bytes | None = None
    stored: int = 0
    confirmed: int = 0
    announced: int = 0
    dcs: Dcs | None = None
    answer: _Answer | None = None


def answer(station: AnswererStation) -> Engine:
    """Receive a document from the station that just called."""
    state = _Call(station=station, link=Link(limit_s=station.call_limit_s, identified_by=Fcf.TSI, x=False))
    outcome, detail = Outcome.RECEIVED, ""
    try:
        yield from _receive(state)
    except CallEnded as end:
        outcome, detail = end.outcome, end.detail
        if end.farewell:
            yield from farewell(state.link)
    if _complete(state):  # however the call was then cut
        outcome = Outcome.RECEIVED
    try:
        yield from _keep_partial_page(state)
    except CallEnded as end:
        outcome, detail = end.outcome, end.detail
    return CallResult(
        outcome=outcome,
        confirmed_pages=state.confirmed,
        station_id=state.link.station_id,
        modulation=state.modulation.scheme if state.modulation else "",
        bit_rate=state.modulation.bit_rate if state.modulation else 0,
        seconds=state.link.at_s,
        detail=detail,
    )


def _complete(state: _Call) -> bool:
    return state.answer is not None and state.answer.after_t2 is _Next.FINISHED


def _receive(state: _Call) -> Steps[None]:
    """Walk through the figure until it ends."""
    box = _Next.IDENTIFY
    for _ in range(_BOXES_PER_PAGE * (state.station.max_pages + 1)):
        match box:
            case _Next.IDENTIFY:
                box = yield from _identify(state)
            case _Next.TRAIN:
                box = yield from _train(state)
            case _Next.PAGE:
                box = yield from _page(state)
            case _Next.COMMAND:
                box = yield from _command(state)
            case _Next.FINISHED:
                return
            case _Next.GIVE_UP:
                raise CallEnded(*_why_given_up(state))
            case _:
                assert_never(box)
    raise CallEnded(Outcome.PROTOCOL_ERROR, "The far end went in circles.")


def _why_given_up(state: _Call) -> tuple[Outcome, str]:
    if state.answer is not None and state.answer.fcf is Fcf.RTN:
        return Outcome.PAGE_REFUSED, "The last page was bad and was not sent again."
    return Outcome.NO_RESPONSE, "No command came in T2."


# -- phase B ------------------------------------------------------------------------------------------------------------


def _identify(state: _Call) -> Steps[_Next]:
    """Send DIS every T4 until a DCS comes, at most T1 (T.30, 5.4.3.1)."""
    link, station = state.link, state.station
    own_id = [(Fcf.CSI, identification_fif(station.station_id))] if station.station_id else []
    burst = build_burst([*own_id, (Fcf.DIS, our_dis(station.offer).fif)], x=link.x)
    deadline_s = link.at_s + Timer.T1.longest_s
    check_limit(link)
    for _ in range(int(Timer.T1.longest_s / Timer.T4.seconds)):
        yield from on_line(link, SendFrames(frames=burst))
        heard = yield from hear(link, _PHASE_B, Timer.T4.seconds, renew=True)
        if heard is not None and heard.fcf is Fcf.DCS:
            return (yield from _take_dcs(state, heard.fif))
        if heard is not None:
            raise CallEnded(Outcome.CALL_DROPPED, "The far end sent DCN instead of DCS.", farewell=False)
        if link.at_s >= deadline_s:
            break
    outcome = Outcome.NO_RESPONSE if link.contact else Outcome.NO_FAX
    raise CallEnded(outcome, "No DCS was heard in T1.")


def _take_dcs(state: _Call, fif: bytes) -> Steps[_Next]:
    """Take what the transmitter commands, unless it is more than our DIS offered."""
    dcs = Dcs.parse(fif)
    form = acceptable_form(dcs, state.station.offer)
    if dcs != state.dcs:
        yield from note(state.link, RemoteIdentified(station_id=state.link.station_id, abilities=dcs.describe()))
    if form is None:
        raise CallEnded(Outcome.PROTOCOL_ERROR, f"The DCS asks for what was not offered: {dcs.describe()}.")
    state.dcs, state.form, state.modulation = dcs, form, dcs.modulation
    return _Next.TRAIN


def _train(state: _Call) -> Steps[_Next]:
    """Hear the TCF and confirm it or not (T.30, 5.3.6.1.3 and 5.3.6.1.4)."""
    link, modulation = state.link, state.modulation
    check_limit(link)
    if modulation is None or modulation not in state.station.offer.modulations:
        # Not ours to demodulate: let start-up signal and TCF pass, then ask for another.
        yield from on_line(link, Pause(seconds=Modulation.V17_14400.training_s(short=False) + tcf.TCF_S))
        yield from _say(state, Fcf.FTT, command=Fcf.DCS, then=_Next.COMMAND)
        return _Next.COMMAND
    heard = yield from on_line(link, ReceiveTraining(modulation=modulation, timeout_s=_TCF_BEGINS_S))
    if isinstance(heard, WrongCarrier):
        return _Next.COMMAND
    good = isinstance(heard, TrainingHeard) and tcf.training_is_good(heard.octets, modulation)
    scheme, bit_rate = modulation.scheme, modulation.bit_rate
    if not good:
        yield from _say(state, Fcf.FTT, command=Fcf.DCS, then=_Next.COMMAND)
        yield from note(link, TrainingFailed(modulation=scheme, bit_rate=bit_rate))
        return _Next.COMMAND
    yield from _say(state, Fcf.CFR, command=Fcf.DCS, then=_Next.PAGE)
    yield from note(link, Trained(modulation=scheme, bit_rate=bit_rate))
    return _Next.PAGE


def _say(state: _Call, fcf: Fcf, *, command: Fcf, then: _Next, after_t2: _Next = _Next.GIVE_UP) -> Steps[None]:
    """Send an answer and remember it, for when the far end did not hear it."""
    yield from on_line(state.link, SendFrames(frames=(build_frame(fcf, x=state.link.x),)))
    state.answer = _Answer(fcf=fcf, command=command, at_s=state.link.at_s, then=then, after_t2=after_t2)


def _say_again(state: _Call, last: _Answer) -> Steps[_Next]:
    yield from _say(state, last.fcf, command=last.command, then=last.then, after_t2=last.after_t2)
    return last.then


# -- phase C ------------------------------------------------------------------------------------------------------------


def _page(state: _Call) -> Steps[_Next]:
    """Hear a page; its command follows. V.21 in its place means that our CFR or MCF was lost: hear that instead."""
    link, modulation = state.link, state.modulation
    check_limit(link)
    assert modulation is not None  # _train confirmed it
    if state.stored >= state.station.max_pages:
        raise CallEnded(Outcome.CALL_TOO_LONG, f"The fax has more than {state.stored} pages.")
    if state.announced <= state.stored:
        state.announced = state.stored + 1
        yield from note(link, PageStarted(page=state.announced))
    short = modulation.scheme == "V.17"
    listen = ReceivePage(modulation=modulation, short_training=short, timeout_s=_PAGE_BEGINS_S)
    heard = yield from on_line(link, listen)
    if isinstance(heard, PageHeard):
        state.heard = heard.octets
    return _Next.COMMAND


# -- phase D ------------------------------------------------------------------------------------------------------------


def _command(state: _Call) -> Steps[_Next]:
    """Wait for a command (figure 5-2b, "command received?").

    T2 where the figure goes on after it. Where its end would end the call we wait twice as long, for every sender's sake:
    the third try of one that keeps to T4 begins 9 s after its page, and a lost DCS comes again after 9 s.
    """
    after_t2 = state.answer.after_t2 if state.answer and state.heard is None else _Next.GIVE_UP
    patience = 2 if after_t2 is _Next.GIVE_UP else 1
    heard = yield from hear(state.link, _COMMANDS, patience * Timer.T2.longest_s, renew=True)
    if heard is None:
        return after_t2
    match heard.fcf:
        case Fcf.DCS:
            # Our CFR was lost, or this is the retraining after FTT, RTN, RTP or EOM.
            yield from _keep_partial_page(state)
            return (yield from _take_dcs(state, heard.fif))
        case Fcf.DCN:
            if _complete(state):
                return _Next.FINISHED
            if state.answer is not None and state.answer.fcf is Fcf.RTN:
                raise CallEnded(*_why_given_up(state), farewell=False)
            raise CallEnded(Outcome.CALL_DROPPED, "The far end sent DCN before the end of the fax.", farewell=False)
        case Fcf.CRP:
            return (yield from _say_again(state, state.answer)) if state.answer else _Next.COMMAND
        case _:
            return (yield from _end_of_page(state, _PLAIN.get(heard.fcf, heard.fcf)))


def _end_of_page(state: _Call, command: Fcf) -> Steps[_Next]:
    """Answer MPS, EOM or EOP (T.30, 5.3.6.1.6): the page goes to disk, then its confirmation goes out."""
    last = state.answer
    unheard = state.heard is None and last is not None and last.command is command
    if last is not None and unheard and state.link.at_s - last.at_s <= _REPEATED_WITHIN_S:
        return (yield from _say_again(state, last))
    verdict = yield from _store(state)
    then, after_t2 = _AFTER_ANSWER[command, verdict]
    yield from _say(state, verdict, command=command, then=then, after_t2=after_t2)
    return then


def _store(state: _Call) -> Steps[Fcf]:
    """Make the page at hand durable and judge it. A page of which nothing was heard is refused."""
    octets, state.heard = state.heard, None
    if not octets:
        return Fcf.RTN
    stored = yield from _to_disk(state, octets)
    verdict = state.station.quality.judge(stored)
    confirmed = verdict is not Fcf.RTN
    yield from _note_received(state, stored, confirmed=confirmed)
    state.confirmed += confirmed
    return verdict


def _keep_partial_page(state: _Call) -> Steps[None]:
    """Store a page whose end-of-page command never came: unconfirmed, but not thrown away."""
    octets, state.heard = state.heard, None
    if octets:
        stored = yield from _to_disk(state, octets)
        yield from _note_received(state, stored, confirmed=False)


def _to_disk(state: _Call, octets: bytes) -> Steps[PageStored]:
    assert state.form is not None  # the DCS set it, before any page
    store = StorePage(index=state.stored, form=state.form, octets=octets)
    stored = yield from ask_keeper(store)
    if not isinstance(stored, PageStored):
        raise TypeError(f"the keeper answered {store} with {stored}")
    state.stored += 1
    return stored


def _note_received(state: _Call, stored: PageStored, *, confirmed: bool) -> Steps[None]:
    event = PageReceived(page=state.stored, rows=stored.rows, bad_rows=stored.bad_rows, confirmed=confirmed)
    yield from note(state.link, event)
