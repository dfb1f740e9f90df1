"""The station that receives: T.30 figure 5-2b as a generator. Started by the line process for each ring, and for each poll.

The figure's boxes are the members of `Next`, and each has its function. The promise kept here: a page is on disk, and that
is noted, before its MCF goes out; a page that cannot be made durable is never confirmed.
"""

from typing import assert_never

from mailfax.model.call import CallResult, Trained, TrainingFailed
from mailfax.model.outcome import Outcome
from mailfax.model.poll import PollRequest
from mailfax.t30 import answerer_ecm, tcf
from mailfax.t30.addressing import BITS
from mailfax.t30.answering import (
    AFTER_ANSWER,
    PAGE_BEGINS_S,
    AnswererStation,
    Answering,
    Next,
    Offered,
    PageQuality,
    announce_page,
    end_document,
    form_of,
    note_received,
    say,
    say_again,
    take_dcs,
    to_disk,
)
from mailfax.t30.asking import ask
from mailfax.t30.bits import Bit
from mailfax.t30.capabilities import Dis
from mailfax.t30.commands import (
    Engine,
    PageHeard,
    PageStored,
    Pause,
    ReceivePage,
    ReceiveTraining,
    SendFrames,
    Silence,
    TrainingHeard,
    WrongCarrier,
)
from mailfax.t30.exchange import CallEnded, Link, Steps, check_limit, farewell, hear, note, on_line
from mailfax.t30.frames import Fcf, build_burst, identification_fif
from mailfax.t30.modulation import Modulation
from mailfax.t30.negotiate import our_dis
from mailfax.t30.page_end import has_rtc
from mailfax.t30.serving import serve
from mailfax.t30.timers import Timer

__all__ = ["AnswererStation", "Offered", "PageQuality", "PollRequest", "answer"]

# Failing an operator, a procedure interrupt is its plain form (5.3.6.1.6).
_PLAIN = {Fcf.PRI_MPS: Fcf.MPS, Fcf.PRI_EOM: Fcf.EOM, Fcf.PRI_EOP: Fcf.EOP}
_PHASE_B = frozenset({Fcf.DCS, Fcf.DCN})
_COMMANDS = _PHASE_B | {Fcf.MPS, Fcf.EOM, Fcf.EOP, Fcf.CRP} | set(_PLAIN)
_ECM_COMMANDS = _COMMANDS | answerer_ecm.COMMANDS
# The DCS is over, 75 ms and the start-up signal follow; an FTT then still falls into the sender's T4.
_TCF_BEGINS_S = 3.0
# MPS again this soon after our answer, with no page between: the answer was lost. T4 of a manual set (4.5 s + 15 %) from its
# command on, less our answer, then the flags and the frame; and what modems need. Later, a page was missed.
_REPEATED_WITHIN_S = 5.7
# After the page's carrier: 75 ms, at most 1.15 s of flags, the frame; and what modems need. Later, there was more of the page.
_COMMAND_FOLLOWS_S = 3.0
_REST_OF_PAGE_S = 120.0
_SAME_LENGTH = 0.01
_BOXES_PER_PAGE = 60  # of the figure, before the far end is taken to run in circles


def answer(station: AnswererStation) -> Engine:
    """Receive a document from the station that just called; or, with `station.poll`, fetch one from the station that was called.

    Bit X is 1 for the station that received a DIS (5.3.6.1).
    """
    link = Link(limit_s=station.call_limit_s, identified_by=Fcf.TSI, x=station.poll is not None)
    state = Answering(station=station, link=link)
    outcome, detail = Outcome.RECEIVED, ""
    try:
        yield from _receive(state)
    except CallEnded as end:
        outcome, detail = end.outcome, end.detail
        if end.farewell:
            yield from farewell(state.link)
    state.owes_answer = False
    if _complete(state):  # however the call was then cut
        outcome = Outcome.RECEIVED
    try:
        yield from _keep_partial_page(state)
        if state.form is not None and state.form.ecm:
            yield from answerer_ecm.keep_partial_page(state)
    except CallEnded as end:
        outcome, detail = end.outcome, end.detail
    if state.served is not None and not state.stored:
        outcome, detail = state.served.outcome, state.served.detail
    if outcome is Outcome.RECEIVED and (state.in_part or state.lost):
        in_part = f"Arrived only in part: page {', '.join(map(str, state.in_part))}." if state.in_part else ""
        lost = f"Given up by the sender, and nothing came of it: {state.lost} pages." if state.lost else ""
        outcome, detail = Outcome.PAGE_REFUSED, " ".join(filter(None, (in_part, lost)))
    return CallResult(
        outcome=outcome,
        confirmed=frozenset(state.confirmed),
        station_id=state.link.station_id,
        modulation=state.modulation.scheme if state.modulation else "",
        bit_rate=state.modulation.bit_rate if state.modulation else 0,
        seconds=state.link.at_s,
        detail=detail,
    )


def _complete(state: Answering) -> bool:
    return state.answer is not None and state.answer.after_t2 is Next.FINISHED


def _receive(state: Answering) -> Steps[None]:
    """Walk through the figure until it ends."""
    box = Next.IDENTIFY
    for _ in range(_BOXES_PER_PAGE * (state.station.max_pages + 1)):
        match box:
            case Next.IDENTIFY:
                box = yield from _identify(state)
            case Next.TRAIN:
                box = yield from _train(state)
            case Next.PAGE:
                box = yield from _page(state)
            case Next.COMMAND:
                box = yield from _command(state)
            case Next.FINISHED:
                return
            case Next.GIVE_UP:
                raise CallEnded(*_why_given_up(state))
            case _:
                assert_never(box)
    raise CallEnded(Outcome.PROTOCOL_ERROR, "The far end went in circles.")


def _why_given_up(state: Answering) -> tuple[Outcome, str]:
    if state.answer is not None and state.answer.fcf is Fcf.RTN:
        return Outcome.PAGE_REFUSED, "The last page was bad and was not sent again."
    return Outcome.NO_RESPONSE, "No command came in T2."


# -- phase B ------------------------------------------------------------------------------------------------------------


def _identify(state: Answering) -> Steps[Next]:
    """Send DIS every T4 until a DCS comes, at most T1 (T.30, 5.4.3.1), or a DTC where there is something to fetch."""
    link, station = state.link, state.station
    if station.poll is not None:
        return (yield from ask(state, station.poll))
    own_id = [(Fcf.CSI, identification_fif(station.station_id))] if station.station_id else []
    burst = build_burst([*own_id, (Fcf.DIS, _dis(station).fif)], x=link.x)
    wanted = _PHASE_B | {Fcf.DTC} if station.offered else _PHASE_B
    deadline_s = link.at_s + Timer.T1.longest_s
    check_limit(link)
    for _ in range(int(Timer.T1.longest_s / Timer.T4.seconds)):
        yield from on_line(link, SendFrames(frames=burst))
        heard = yield from hear(link, wanted, Timer.T4.seconds, renew=True)
        if heard is not None and heard.fcf is Fcf.DCS:
            return (yield from take_dcs(state, heard.fif))
        if heard is not None and heard.fcf is Fcf.DTC:
            return (yield from serve(state, heard))
        if heard is not None:
            raise CallEnded(Outcome.CALL_DROPPED, "The far end sent DCN instead of DCS.", farewell=False)
        if link.at_s >= deadline_s:
            break
    outcome = Outcome.NO_RESPONSE if link.contact else Outcome.NO_FAX
    raise CallEnded(outcome, "No DCS was heard in T1.")


def _dis(station: AnswererStation) -> Dis:
    """Return our DIS: what we receive, that we understand SUB and SID, and what may be fetched (bits 9 and 47)."""
    bits = {*BITS.values()}
    if station.offered:
        bits.add(Bit.READY_TO_BE_POLLED)
    if any(offered.selector for offered in station.offered):
        bits.add(Bit.SELECTIVE_POLLING)
    return our_dis(station.offer).with_bits(bits)


def _train(state: Answering) -> Steps[Next]:
    """Hear the TCF and confirm it or not (T.30, 5.3.6.1.3 and 5.3.6.1.4)."""
    link, modulation = state.link, state.modulation
    check_limit(link)
    if modulation is None or modulation not in state.station.offer.modulations:
        # Not ours to demodulate: let start-up signal and TCF pass, then ask for another.
        yield from on_line(link, Pause(seconds=Modulation.V17_14400.training_s(short=False) + tcf.TCF_S))
        yield from say(state, Fcf.FTT, command=Fcf.DCS, then=Next.COMMAND)
        return Next.COMMAND
    heard = yield from on_line(link, ReceiveTraining(modulation=modulation, timeout_s=_TCF_BEGINS_S))
    if isinstance(heard, WrongCarrier):
        return Next.COMMAND
    good = isinstance(heard, TrainingHeard) and tcf.training_is_good(heard.octets, modulation)
    scheme, bit_rate = modulation.scheme, modulation.bit_rate
    if not good:
        yield from say(state, Fcf.FTT, command=Fcf.DCS, then=Next.COMMAND)
        yield from note(link, TrainingFailed(modulation=scheme, bit_rate=bit_rate))
        return Next.COMMAND
    state.trained = True
    yield from say(state, Fcf.CFR, command=Fcf.DCS, then=Next.PAGE)
    yield from note(link, Trained(modulation=scheme, bit_rate=bit_rate))
    return Next.PAGE


# -- phase C ------------------------------------------------------------------------------------------------------------


def _page(state: Answering) -> Steps[Next]:
    """Hear a page; its command follows. V.21 in its place means that our CFR or MCF was lost: hear that instead."""
    if form_of(state).ecm:
        return (yield from answerer_ecm.receive_block(state))
    link = state.link
    check_limit(link)
    modulation = yield from announce_page(state)
    short = modulation.scheme == "V.17"
    listen = ReceivePage(modulation=modulation, short_training=short, timeout_s=PAGE_BEGINS_S)
    heard = yield from on_line(link, listen)
    if isinstance(heard, PageHeard):
        state.heard, state.heard_at_s = heard.octets, heard.at_s
    state.missed = isinstance(heard, Silence)
    return Next.COMMAND


# -- phase D ------------------------------------------------------------------------------------------------------------


def _command(state: Answering) -> Steps[Next]:
    """Wait for a command (figure 5-2b, "command received?").

    T2 where the figure goes on after it. Where its end would end the call we wait twice as long, for every sender's sake:
    the third try of one that keeps to T4 begins 9 s after its page, and a lost DCS comes again after 9 s. A page that broke
    off or was missed (its carrier was lost to us) may go on for minutes before its command.
    """
    after_t2 = state.answer.after_t2 if state.answer and state.heard is None else Next.GIVE_UP
    patience = 2 if after_t2 is Next.GIVE_UP else 1
    wanted = _ECM_COMMANDS if state.form is not None and state.form.ecm else _COMMANDS
    if not state.trained:
        wanted = _PHASE_B | {Fcf.CRP}  # no page can have been sent yet
    unfinished = state.heard is not None and not has_rtc(state.heard)
    goes_on, state.missed = unfinished or state.missed, False
    timeout_s = _REST_OF_PAGE_S if goes_on else patience * Timer.T2.longest_s
    heard = yield from hear(state.link, wanted, timeout_s, renew=True)
    if heard is None:
        return after_t2
    state.command_late = unfinished and state.link.at_s - state.heard_at_s > _COMMAND_FOLLOWS_S
    match heard.fcf:
        case Fcf.DCS:
            # Our CFR was lost, or this is the retraining after FTT, RTN, RTP or EOM.
            if state.form is not None and state.form.ecm:
                answerer_ecm.shelve(state)
            yield from _keep_partial_page(state)
            return (yield from take_dcs(state, heard.fif))
        case Fcf.DCN:
            if _complete(state):
                return Next.FINISHED
            if state.answer is not None and state.answer.fcf is Fcf.RTN:
                raise CallEnded(*_why_given_up(state), farewell=False)
            raise CallEnded(Outcome.CALL_DROPPED, "The far end sent DCN before the end of the fax.", farewell=False)
        case Fcf.CRP:
            return (yield from say_again(state, state.answer)) if state.answer else Next.COMMAND
        case fcf if fcf in answerer_ecm.COMMANDS:
            return (yield from answerer_ecm.take_command(state, fcf, heard.fif))
        case _:
            return (yield from _end_of_page(state, _PLAIN.get(heard.fcf, heard.fcf)))


def _end_of_page(state: Answering, command: Fcf) -> Steps[Next]:
    """Answer MPS, EOM or EOP (T.30, 5.3.6.1.6): the page goes to disk, then its confirmation goes out."""
    last = state.answer
    unheard = state.heard is None and last is not None and last.command is command
    # Between two MPS there may have been a page; between two EOM or EOP there is a phase B, if any.
    soon = last is not None and state.link.at_s - last.at_s <= _REPEATED_WITHIN_S
    if last is not None and unheard and (soon or command is not Fcf.MPS):
        return (yield from say_again(state, last))
    verdict = yield from _store(state)
    if verdict is not Fcf.RTN:
        end_document(state, command)
    then, after_t2 = AFTER_ANSWER[command, verdict]
    yield from say(state, verdict, command=command, then=then, after_t2=after_t2)
    return then


def _store(state: Answering) -> Steps[Fcf]:
    """Make the page at hand durable and judge it. A page of which nothing was heard is refused."""
    octets, state.heard = state.heard, None
    if not octets:
        return Fcf.RTN
    stored = yield from to_disk(state, octets)
    whole = has_rtc(octets) or _never_ends_pages(state, stored)
    verdict = _quality(state, stored) if whole and not state.command_late else Fcf.RTN
    confirmed = verdict is not Fcf.RTN
    yield from note_received(state, stored, confirmed=confirmed)
    if confirmed:
        state.confirmed.add(state.stored)
    return verdict


def _quality(state: Answering, stored: PageStored) -> Fcf:
    assert state.modulation is not None  # the page came at it
    return state.station.quality.judge(stored, state.modulation.bit_rate)


def _never_ends_pages(state: Answering, stored: PageStored) -> bool:
    """Say whether a page without an RTC is whole all the same.

    Its carrier may have been lost shortly before its end, so it is refused the first time. A page that then comes again without
    an RTC, as long as before, is from one of the few senders that write none, and so are its others.
    """
    as_before = abs(stored.rows - state.rows_without_rtc) <= _SAME_LENGTH * stored.rows
    state.never_rtc = state.never_rtc or (state.rows_without_rtc > 0 and as_before)
    state.rows_without_rtc = stored.rows
    return state.never_rtc


def _keep_partial_page(state: Answering) -> Steps[None]:
    """Store a page whose end-of-page command never came: unconfirmed, but not thrown away."""
    octets, state.heard = state.heard, None
    if octets:
        stored = yield from to_disk(state, octets)
        yield from note_received(state, stored, confirmed=False)
