"""The calling station that transmits: T.30 figure 5-2a as a generator. Started by the line process for each attempt.

Phase B identify and train, phase C a page, phase D its end-of-page command and the answer; then the next page. The
promises are kept here: the end-of-page command of a page is noted on disk before it goes out, a confirmation as soon as it
is heard, and nothing is called delivered whose confirmation was not heard.
"""

from dataclasses import dataclass, field, replace
from enum import Enum

from mailfax.model.call import (
    CallResult,
    EndOfPageSent,
    PageConfirmed,
    PageRefused,
    PageStarted,
    RemoteIdentified,
    Trained,
    TrainingFailed,
)
from mailfax.model.outcome import Outcome
from mailfax.t30.capabilities import Bit, Dis
from mailfax.t30.commands import Engine, FetchPage, PageData, SendFrames, SendPage, SendTraining
from mailfax.t30.exchange import (
    CallEnded,
    Link,
    Steps,
    ask_keeper,
    check_limit,
    farewell,
    hear,
    note,
    on_line,
    response,
)
from mailfax.t30.frames import Fcf, build_burst, build_frame, identification_fif
from mailfax.t30.negotiate import Choice, Offer, choose, fall_back
from mailfax.t30.timers import TRIES, Timer

_IDENTIFICATIONS = frozenset({Fcf.DIS, Fcf.DCN})
_PRE_MESSAGE = frozenset({Fcf.CFR, Fcf.FTT, Fcf.DIS, Fcf.CRP, Fcf.DCN})
_POST_MESSAGE = frozenset({Fcf.MCF, Fcf.RTP, Fcf.RTN, Fcf.PIP, Fcf.PIN, Fcf.CRP, Fcf.DCN})
_RESENDS_AFTER_RTN = 2
_WAITS_IN_T1 = 6


class AfterRtn(Enum):
    """What to do with a page that was refused each time it was sent; machines differ in what RTN means to them."""

    GIVE_UP = "give up"
    GO_ON = "go on with the next page"


@dataclass(frozen=True, kw_only=True, slots=True)
class CallerJob:
    """One call. `pages` counts the whole document and `first_page` (0-based) is where this call begins.

    `eom_after` are the pages (0-based) after which a new document begins: EOM instead of MPS, and a new phase B.
    """

    pages: int
    first_page: int = 0
    station_id: str = ""
    offer: Offer = field(default_factory=Offer)
    after_rtn: AfterRtn = AfterRtn.GIVE_UP
    eom_after: frozenset[int] = frozenset()
    call_limit_s: float = 3600.0

    def __post_init__(self) -> None:
        if not 0 <= self.first_page < self.pages:
            raise ValueError(f"page {self.first_page} of {self.pages} cannot be the first of a call")


@dataclass(kw_only=True, slots=True)
class _Call:
    """Where the call stands. `unconfirmed_page` (1-based) is set while an end-of-page command is unanswered."""

    job: CallerJob
    link: Link
    index: int
    dis: Dis | None = None
    choice: Choice | None = None
    confirmed: int = 0
    unconfirmed_page: int | None = None
    refused: list[int] = field(default_factory=list)

    @property
    def page(self) -> int:
        """Return the page at hand, as people count."""
        return self.index + 1

    @property
    def last(self) -> bool:
        """Say whether it is the last one."""
        return self.page == self.job.pages


def call(job: CallerJob) -> Engine:
    """Transmit a document to the station that was just connected."""
    state = _Call(job=job, link=Link(limit_s=job.call_limit_s, identified_by=Fcf.CSI, x=True), index=job.first_page)
    try:
        yield from _transmit(state)
    except CallEnded as end:
        if end.farewell:
            yield from farewell(state.link)
        return _result(state, end.outcome, end.detail)
    yield from farewell(state.link)
    passed_over = ", ".join(map(str, state.refused))
    return _result(
        state, Outcome.DELIVERED, passed_over and f"Refused, and not sent again by policy: page {passed_over}."
    )


def _result(state: _Call, outcome: Outcome, detail: str) -> CallResult:
    # Promise 2: a last page whose end-of-page command was not answered may have arrived, whatever else ended the call.
    if state.unconfirmed_page == state.job.pages:
        outcome = Outcome.UNCERTAIN
    modulation = state.choice.modulation if state.choice else None
    return CallResult(
        outcome=outcome,
        confirmed_pages=state.confirmed,
        unconfirmed_page=state.unconfirmed_page,
        station_id=state.link.station_id,
        modulation=modulation.scheme if modulation else "",
        bit_rate=modulation.bit_rate if modulation else 0,
        seconds=state.link.at_s,
        detail=detail,
    )


def _transmit(state: _Call) -> Steps[None]:
    """Send every page that is left (figure 5-2a from its top to the last confirmation)."""
    yield from _identify(state)
    yield from _train(state)
    resends = 0
    while True:
        yield from _send_page(state)
        answer = yield from _end_of_page(state)
        if answer in {Fcf.RTN, Fcf.PIN}:
            yield from _after_refusal(state, answer, resends)
            if resends < _RESENDS_AFTER_RTN:
                resends += 1
                continue
            answer = Fcf.RTP  # policy says go on: as if it had been confirmed, with the retraining that is due anyway
        if state.last:
            return
        turn_around = answer is Fcf.PIP or state.index in state.job.eom_after
        state.index += 1
        resends = 0
        if turn_around:
            # EOM, and PIP without an operator, go back to the beginning of phase B (5.3.6.1.6, 5.3.6.1.7).
            yield from _identify(state)
        if turn_around or answer is Fcf.RTP:
            yield from _train(state)


# -- phase B ------------------------------------------------------------------------------------------------------------


def _identify(state: _Call) -> Steps[None]:
    """Wait for the called station's DIS, at most T1 (T.30, 5.4.3.1), and choose what both can do."""
    link = state.link
    deadline_s = link.at_s + Timer.T1.longest_s
    for _ in range(_WAITS_IN_T1):
        heard = yield from hear(link, _IDENTIFICATIONS, deadline_s - link.at_s)
        if heard is None:
            continue  # out of time, or many bursts without a DIS
        if heard.fcf is Fcf.DCN:
            raise CallEnded(Outcome.CALL_DROPPED, "The far end sent DCN before it identified itself.", farewell=False)
        yield from _take_dis(state, Dis.parse(heard.fif))
        return
    if link.contact:
        raise CallEnded(Outcome.NO_RESPONSE, "No DIS was heard in T1.")
    raise CallEnded(Outcome.NO_FAX, "No fax signal was heard in T1.", farewell=False)


def _take_dis(state: _Call, dis: Dis) -> Steps[None]:
    """Choose for a DIS that says something new. Within a call the rate only falls, so training comes to an end."""
    if dis == state.dis:
        return
    offer = state.job.offer
    choice = choose(dis, replace(offer, best_modulation=state.choice.modulation) if state.choice else offer)
    yield from note(state.link, RemoteIdentified(station_id=state.link.station_id, abilities=dis.describe()))
    if choice is None:
        why = "cannot take our pages in any form" if dis.has(Bit.RECEIVES) else "is not ready to receive"
        raise CallEnded(Outcome.REMOTE_CANNOT_RECEIVE, f"The far machine {why}: {dis.describe()}.")
    state.dis, state.choice = dis, choice


def _chosen(state: _Call) -> Choice:
    assert state.choice is not None  # set by _identify, before anything else is sent
    return state.choice


def _train(state: _Call) -> Steps[None]:
    """Send DCS and TCF until they are confirmed (figure 5-2a, box D; 5.3.6.1.3 and 5.3.6.1.4).

    The TCF always trains long, also for V.17; the pages after a CFR train short. A DIS in place of the answer means that the
    DCS was not understood: it gets one DCS, and counts as one of the three tries like silence and CRP do.
    """
    link, tries, heard = state.link, 0, None
    while tries < TRIES:
        check_limit(link)
        tries += 1
        choice = _chosen(state)
        own_id = [(Fcf.TSI, identification_fif(state.job.station_id))] if state.job.station_id else []
        yield from on_line(link, SendFrames(frames=build_burst([*own_id, (Fcf.DCS, choice.dcs.fif)], x=link.x)))
        yield from on_line(link, SendTraining(modulation=choice.modulation))
        heard = yield from response(link, _PRE_MESSAGE)
        match heard.fcf if heard else None:
            case Fcf.CFR:
                scheme, bit_rate = choice.modulation.scheme, choice.modulation.bit_rate
                yield from note(link, Trained(modulation=scheme, bit_rate=bit_rate))
                return
            case Fcf.FTT:
                yield from _fall_back(state)
                tries = 0
            case Fcf.DIS if heard:
                yield from _take_dis(state, Dis.parse(heard.fif))
            case Fcf.DCN:
                raise CallEnded(Outcome.CALL_DROPPED, "The far end sent DCN instead of CFR.", farewell=False)
            case _:  # silence, or CRP: the command is repeated
                pass
    last = heard.fcf if heard else "silence"
    raise CallEnded(Outcome.NO_RESPONSE, f"DCS and training were sent three times; the answer was {last}.")


def _fall_back(state: _Call) -> Steps[None]:
    """Go one rung down after FTT; the end when there is none."""
    choice = _chosen(state)
    failed = choice.modulation
    yield from note(state.link, TrainingFailed(modulation=failed.scheme, bit_rate=failed.bit_rate))
    if not _step_down(state):
        raise CallEnded(Outcome.TRAINING_FAILED, f"Training failed even at {failed} bit/s.")


def _step_down(state: _Call) -> bool:
    choice = _chosen(state)
    lower = fall_back(choice.modulation, state.dis) if state.dis else None
    if lower is not None:
        state.choice = replace(choice, modulation=lower)
    return lower is not None


# -- phase C ------------------------------------------------------------------------------------------------------------


def _send_page(state: _Call) -> Steps[None]:
    """Fetch the page in the form the DCS chose and send it (T.30, 5.3.6.1.5)."""
    link, choice = state.link, _chosen(state)
    check_limit(link)
    fetch = FetchPage(index=state.index, form=choice.form, bit_rate=choice.modulation.bit_rate)
    page = yield from ask_keeper(fetch)
    if not isinstance(page, PageData):
        raise TypeError(f"the keeper answered {fetch} with {page}")
    yield from note(link, PageStarted(page=state.page))
    short = choice.modulation.scheme == "V.17"
    yield from on_line(link, SendPage(modulation=choice.modulation, short_training=short, octets=page.octets))


# -- phase D ------------------------------------------------------------------------------------------------------------


def _end_of_page(state: _Call) -> Steps[Fcf]:
    """Say that the page is complete and hear what became of it (T.30, 5.3.6.1.6 and 5.3.6.1.7)."""
    link, page = state.link, state.page
    command = Fcf.EOP if state.last else Fcf.EOM if state.index in state.job.eom_after else Fcf.MPS
    yield from note(link, EndOfPageSent(page=page, command=str(command), last=state.last))
    state.unconfirmed_page = page
    for _ in range(TRIES):
        yield from on_line(link, SendFrames(frames=(build_frame(command, x=link.x),)))
        heard = yield from response(link, _POST_MESSAGE)
        match heard.fcf if heard else None:
            case (Fcf.MCF | Fcf.RTP | Fcf.PIP) as answer:
                yield from note(link, PageConfirmed(page=page, answer=str(answer)))
                state.unconfirmed_page = None
                state.confirmed += 1
                return answer
            case (Fcf.RTN | Fcf.PIN) as answer:
                state.unconfirmed_page = None
                yield from note(link, PageRefused(page=page, answer=str(answer)))
                return answer
            case Fcf.DCN:
                detail = f"The far end answered {command} of page {page} with DCN."
                raise CallEnded(Outcome.CALL_DROPPED, detail, farewell=False)
            case _:  # silence, or CRP: the command is repeated
                pass
    raise CallEnded(Outcome.NO_RESPONSE, f"{command} of page {page} was sent three times without an answer.")


def _after_refusal(state: _Call, answer: Fcf, resends: int) -> Steps[None]:
    """Make ready to send a refused page again, one rate lower; or end the call when that is no use."""
    refused = f"Page {state.page} was refused ({answer})."
    if answer is Fcf.PIN:
        raise CallEnded(Outcome.PAGE_REFUSED, f"{refused} The far end wants an operator.")
    if resends >= _RESENDS_AFTER_RTN:
        if state.job.after_rtn is AfterRtn.GIVE_UP or state.last:
            raise CallEnded(Outcome.PAGE_REFUSED, f"{refused} It was sent {resends + 1} times.")
        state.refused.append(state.page)
        return
    _step_down(state)  # at the lowest rate the page is tried again as it was
    yield from _train(state)
