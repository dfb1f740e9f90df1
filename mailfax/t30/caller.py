"""The calling station that transmits: T.30 figure 5-2a as a generator. Started by the line process for each attempt.

Phase B identify and train, phase C a page, phase D its end-of-page command and the answer; then the next page. The
promises are kept here: the end-of-page command of a page is noted on disk before it goes out, a confirmation as soon as it
is heard, and nothing is called delivered whose confirmation was not heard.
"""

from mailfax.model.call import CallResult, EndOfPageSent, Trained, TrainingFailed
from mailfax.model.outcome import Outcome
from mailfax.model.pageset import NO_PAGES
from mailfax.t30 import caller_ecm
from mailfax.t30.addressing import BITS
from mailfax.t30.calling import (
    AfterRtn,
    CallerJob,
    Calling,
    chosen,
    close_document,
    fetch_page,
    fit,
    hear_dis,
    open_next,
    read_dis,
    step_down,
    take_answer,
    take_dis,
)
from mailfax.t30.commands import Engine, SendFrames, SendPage, SendTraining
from mailfax.t30.exchange import (
    CallEnded,
    Link,
    Steps,
    check_limit,
    command,
    farewell,
    first_dis,
    note,
    on_line,
    response,
)
from mailfax.t30.frames import Fcf, build_burst, build_frame, identification_fif
from mailfax.t30.negotiate import Choice
from mailfax.t30.timers import TRIES

__all__ = ["AfterRtn", "CallerJob", "call"]

_PRE_MESSAGE = frozenset({Fcf.CFR, Fcf.FTT, Fcf.DIS, Fcf.DTC, Fcf.CRP, Fcf.DCN})
_POST_MESSAGE = frozenset({Fcf.MCF, Fcf.RTP, Fcf.RTN, Fcf.PIP, Fcf.PIN, Fcf.DIS, Fcf.DTC})
_RESTARTS_AFTER_DIS = 3


def call(job: CallerJob) -> Engine:
    """Transmit a document, and those that follow it, to the station that was just connected."""
    link = Link(limit_s=job.call_limit_s, identified_by=Fcf.CSI, x=True)
    state = Calling(jobs=(job, *job.following), link=link)
    outcome, detail = Outcome.DELIVERED, ""
    try:
        yield from _transmit(state)
    except CallEnded as end:
        if end.farewell:
            yield from farewell(link)
        outcome, detail = end.outcome, end.detail
    else:
        yield from farewell(link)
    return _result(state, outcome, detail)


def _result(state: Calling, outcome: Outcome, detail: str) -> CallResult:
    """Say what the call came to. Its outcome is that of the document it ended in, else the first that is not good."""
    several = len(state.jobs) > 1
    if state.begun or not (several or state.ended):
        close_document(state, outcome, detail)
        outcome, detail = state.ended[-1].outcome, state.ended[-1].detail
    elif outcome is Outcome.DELIVERED:
        bad = (one for one in state.ended if one.outcome is not Outcome.DELIVERED)
        shown = next(bad, state.ended[-1])
        outcome, detail = shown.outcome, shown.detail
    last = state.ended[-1] if state.ended else None
    modulation = state.choice.modulation if state.choice else None
    return CallResult(
        outcome=outcome,
        confirmed=last.confirmed if last else NO_PAGES,
        passed_over=last.passed_over if last else NO_PAGES,
        unconfirmed_page=last.unconfirmed_page if last else None,
        station_id=state.link.station_id,
        modulation=modulation.scheme if modulation else "",
        bit_rate=modulation.bit_rate if modulation else 0,
        seconds=state.link.at_s,
        detail=detail,
        documents=tuple(state.ended) if several else (),
    )


def _transmit(state: Calling) -> Steps[None]:
    """Send every document, each after a phase B of its own (figure 5-2a from its top to the last confirmation)."""
    yield from _identify(state)
    while True:
        obstacle = yield from send_one(state)
        sent_eop = obstacle is None and not state.goes_on
        if sent_eop or not (yield from open_next(state)):
            return
        if obstacle is None:
            yield from _identify(state)


def send_one(state: Calling) -> Steps[tuple[Outcome, str] | None]:
    """Send the document at hand to a far end whose DIS (or DTC) was heard, and settle it; what was in the way, if it cannot be."""
    obstacle = fit(state)
    if obstacle is None:
        yield from _train(state)
        yield from _send_document(state)
    close_document(state, *(obstacle or (Outcome.DELIVERED, "")))
    return obstacle


def _send_document(state: Calling) -> Steps[None]:
    """Send every page that is left of the document at hand."""
    resends = 0
    while True:
        answer = yield from (caller_ecm.send_page(state) if chosen(state).form.ecm else _send_page(state))
        if answer is Fcf.DIS:
            yield from _start_over(state)
            continue
        if answer in {Fcf.RTN, Fcf.PIN}:
            yield from _after_refusal(state, answer, resends)
            if resends < state.job.after_rtn.resends:
                resends += 1
                continue
            answer = Fcf.RTP  # policy says go on without it; the retraining is due anyway
        if state.last:
            return
        state.place += 1
        resends = 0
        if answer is Fcf.PIP:
            # PIP without an operator goes back to the beginning of phase B (5.3.6.1.7).
            yield from _identify(state)
        if answer in {Fcf.PIP, Fcf.RTP}:
            yield from _train(state)


def _start_over(state: Calling) -> Steps[None]:
    """Go back to phase B, one rate lower, with a far end that answered a page with its DIS: it heard neither page nor command.

    Not in the figures, which have us repeat a command that it does not wait for; so do others, and give up.
    """
    state.restarts += 1
    if state.restarts > _RESTARTS_AFTER_DIS:
        raise CallEnded(
            Outcome.NO_RESPONSE, f"The far machine never noticed {state.page_name} and began again each time."
        )
    step_down(state)
    yield from _train(state)


# -- phase B ------------------------------------------------------------------------------------------------------------


def _identify(state: Calling) -> Steps[None]:
    """Wait for the called station's DIS, and take note of what it says."""
    heard = yield from first_dis(state.link)
    yield from hear_dis(state, read_dis(heard))


def _train(state: Calling) -> Steps[None]:
    """Send DCS and TCF until they are confirmed (figure 5-2a, box D; 5.3.6.1.3 and 5.3.6.1.4).

    The TCF always trains long, also for V.17; the pages after a CFR train short. A DIS in place of the answer means that the
    DCS was not understood: it gets one DCS, and counts as one of the three tries like silence and CRP do.
    """
    link, tries, heard = state.link, 0, None
    while tries < TRIES:
        check_limit(link)
        tries += 1
        choice = chosen(state)
        yield from on_line(link, SendFrames(frames=build_burst(_command_group(state, choice), x=link.x)))
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
            case Fcf.DIS | Fcf.DTC if heard:
                yield from take_dis(state, read_dis(heard))
            case Fcf.DCN:
                raise CallEnded(Outcome.CALL_DROPPED, "The far end sent DCN instead of CFR.", farewell=False)
            case _:  # silence, or CRP: the command is repeated
                pass
    last = heard.fcf if heard else "silence"
    raise CallEnded(Outcome.NO_RESPONSE, f"DCS and training were sent three times; the answer was {last}.")


def _command_group(state: Calling, choice: Choice) -> list[tuple[Fcf, bytes]]:
    """Return SUB, SID and TSI as far as they are wanted, and the DCS, which says which of them there are (5.3.6.1.3)."""
    job = state.job
    named = job.addressing.frames(state.dis) if state.dis else []
    own_id = [(Fcf.TSI, identification_fif(job.station_id))] if job.station_id else []
    return [*named, *own_id, (Fcf.DCS, choice.dcs.with_bits(BITS[fcf] for fcf, _ in named).fif)]


def _fall_back(state: Calling) -> Steps[None]:
    """Go one rung down after FTT; the end when there is none."""
    choice = chosen(state)
    failed = choice.modulation
    yield from note(state.link, TrainingFailed(modulation=failed.scheme, bit_rate=failed.bit_rate))
    if not step_down(state):
        raise CallEnded(Outcome.TRAINING_FAILED, f"Training failed even at {failed} bit/s.")


# -- phase C ------------------------------------------------------------------------------------------------------------


def _send_page(state: Calling) -> Steps[Fcf]:
    """Send the page at hand and hear what became of it (T.30, 5.3.6.1.5 to 5.3.6.1.7)."""
    link, choice = state.link, chosen(state)
    octets = yield from fetch_page(state)
    short = choice.modulation.scheme == "V.17"
    yield from on_line(link, SendPage(modulation=choice.modulation, short_training=short, octets=octets))
    end, page = state.end_of_page, state.page
    yield from note(link, EndOfPageSent(page=page, command=str(end), last=state.last))
    state.unconfirmed_page = page
    heard = yield from command(link, build_frame(end, x=link.x), _POST_MESSAGE, f"{end} of {state.page_name}")
    return (yield from take_answer(state, heard))


# -- phase D ------------------------------------------------------------------------------------------------------------


def _after_refusal(state: Calling, answer: Fcf, resends: int) -> Steps[None]:
    """Make ready to send a refused page again, one rate lower; or end the call when that is no use."""
    refused = f"{state.page_name.capitalize()} was refused ({answer})."
    if answer is Fcf.PIN:
        raise CallEnded(Outcome.PAGE_REFUSED, f"{refused} The far end wants an operator.")
    if resends >= state.job.after_rtn.resends:
        if not state.job.after_rtn.goes_on:
            raise CallEnded(Outcome.PAGE_REFUSED, f"{refused} Times it was sent: {resends + 1}.")
        state.passed_over.add(state.page)
        return
    step_down(state)  # at the lowest rate the page is tried again as it was
    yield from _train(state)
