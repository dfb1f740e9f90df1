"""Phases C and D with error correction, as the receiver goes through them (T.30 figures A.1 to A.14). Called by `answerer`.

Frames are collected by number until a PPS finds the block complete. A block is on disk before its MCF: by StoreBlock where the
page goes on, by StorePage where it ends. The first PPS of a block says how many frames it has; those of its repetitions count
only what was sent again, and a frame that came with a higher number is believed before any count.
"""

from mailfax.model.outcome import Outcome
from mailfax.t30.answering import (
    AFTER_ANSWER,
    PAGE_BEGINS_S,
    Answering,
    EcmPage,
    Next,
    announce_page,
    ask_disk,
    end_document,
    form_of,
    note_received,
    say,
    say_again,
    to_disk,
)
from mailfax.t30.capabilities import Dcs
from mailfax.t30.commands import BlockHeard, ReceiveBlock, Silence, StoreBlock, WrongCarrier
from mailfax.t30.ecm import PageEnd, PartialPage, page_end, read_fcds, request_map
from mailfax.t30.exchange import CallEnded, Steps, check_limit, on_line
from mailfax.t30.frames import Fcf

COMMANDS = frozenset({Fcf.PPS, Fcf.EOR, Fcf.CTC, Fcf.RR})
# Failing an operator, a procedure interrupt is its plain form (5.3.6.1.6).
_PLAIN = {Fcf.PRI_MPS: Fcf.MPS, Fcf.PRI_EOM: Fcf.EOM, Fcf.PRI_EOP: Fcf.EOP, Fcf.EOS: Fcf.EOM}


def receive_block(state: Answering) -> Steps[Next]:
    """Hear the frames of a block, or those that were asked for again; the PPS follows."""
    link, ecm = state.link, state.ecm
    check_limit(link)
    modulation = yield from announce_page(state)
    short = modulation.scheme == "V.17" and not ecm.train_long
    listen = ReceiveBlock(modulation=modulation, short_training=short, timeout_s=PAGE_BEGINS_S)
    heard = yield from on_line(link, listen)
    if isinstance(heard, BlockHeard):
        ecm.fresh.update(read_fcds(heard.frames))
    state.missed = isinstance(heard, Silence)
    if not isinstance(heard, WrongCarrier):
        ecm.train_long = False
    return Next.COMMAND


def take_command(state: Answering, fcf: Fcf, fif: bytes) -> Steps[Next]:
    """Answer a command of annex A."""
    state.owes_answer = True
    match fcf:
        case Fcf.PPS if (partial := PartialPage.parse(fif)) is not None:
            return (yield from _judge(state, partial))
        case Fcf.EOR if (end := page_end(fif)) is not None:
            return (yield from _abandon(state, end))
        case Fcf.CTC:
            return (yield from _correct_on(state, fif))
        case Fcf.RR if state.answer is not None:
            return (yield from say_again(state, state.answer))
        case _:
            return Next.COMMAND


def _judge(state: Answering, partial: PartialPage) -> Steps[Next]:
    """Answer a PPS: MCF when every frame is there and on disk, else PPR with the map of those that are not."""
    ecm, last = state.ecm, state.answer
    if not ecm.fresh and ecm.confirmed == partial.key and last is not None and last.fcf is Fcf.MCF:
        return (yield from say_again(state, last))  # our MCF was lost: no second page of it
    yield from _settle_shelf(state, partial)
    if ecm.partial is None or ecm.partial.key != partial.key:
        ecm.partial, ecm.frames = partial, {}
    ecm.frames.update(ecm.fresh)
    ecm.fresh = {}
    frames = max(ecm.partial.frames, max(ecm.frames, default=0) + 1)
    if len(ecm.frames) < frames:
        yield from say(state, Fcf.PPR, command=Fcf.PPS, then=Next.PAGE, fif=request_map(ecm.frames))
        return Next.PAGE
    return (yield from _take_block(state, partial))


def _take_block(state: Answering, partial: PartialPage) -> Steps[Next]:
    """Make a complete block durable and confirm it."""
    ecm = state.ecm
    block = _data(ecm.frames)
    if partial.end is PageEnd.NULL:
        store = StoreBlock(index=state.stored, form=form_of(state), octets=b"".join((*ecm.blocks, block)))
        yield from ask_disk(state, store)
        _next_block(ecm, block, partial)
        yield from say(state, Fcf.MCF, command=Fcf.PPS, then=Next.PAGE)
        return Next.PAGE
    _next_block(ecm, block, partial)
    yield from _store_page(state)
    command = _plain(partial.end)
    end_document(state, command)
    then, after_t2 = AFTER_ANSWER[command, Fcf.MCF]
    yield from say(state, Fcf.MCF, command=command, then=then, after_t2=after_t2)
    return then


def _store_page(state: Answering) -> Steps[None]:
    """Put the page on disk. Nothing that could not be read at all is confirmed; a damaged row here is the sender's own."""
    gaps = state.ecm.gaps
    octets, state.ecm = b"".join(state.ecm.blocks), EcmPage(confirmed=state.ecm.confirmed)
    page = yield from to_disk(state, octets)
    if page.rows <= 0:
        raise CallEnded(Outcome.PROTOCOL_ERROR, f"Page {state.stored} arrived whole, but its coding makes no sense.")
    yield from note_received(state, page, confirmed=not gaps)
    if gaps:
        state.in_part.append(state.stored)
    else:
        state.confirmed.add(state.stored)


def _abandon(state: Answering, end: PageEnd) -> Steps[Next]:
    """Take note that the sender gives a block up (EOR, A.4.3): keep what came of it, unconfirmed, and answer ERR."""
    ecm, last = state.ecm, state.answer
    repeated = last is not None and last.fcf is Fcf.ERR and not ecm.fresh and ecm.partial is None
    if repeated and last is not None:
        return (yield from say_again(state, last))
    ecm.frames.update(ecm.fresh)
    ecm.blocks.append(_with_gaps(state, ecm.frames))
    ecm.frames, ecm.fresh, ecm.partial, ecm.gaps = {}, {}, None, True
    if end is PageEnd.NULL:
        yield from say(state, Fcf.ERR, command=Fcf.EOR, then=Next.PAGE)
        return Next.PAGE
    before = len(state.in_part)
    yield from keep_partial_page(state)
    state.lost += len(state.in_part) == before
    command = _plain(end)
    end_document(state, command)
    then, after_t2 = AFTER_ANSWER[command, Fcf.MCF]
    yield from say(state, Fcf.ERR, command=command, then=then, after_t2=after_t2)
    return then


def _correct_on(state: Answering, fif: bytes) -> Steps[Next]:
    """Go on with a block at the rate that the CTC names (A.4.1): bits 1 to 16 of a DCS; the next training is long."""
    modulation = Dcs.parse(fif).modulation
    if modulation is None or modulation not in state.station.offer.modulations:
        raise CallEnded(Outcome.PROTOCOL_ERROR, "The CTC names a modulation that was not offered.")
    state.modulation = modulation
    state.ecm.train_long = True
    yield from say(state, Fcf.CTR, command=Fcf.CTC, then=Next.PAGE)
    return Next.PAGE


def shelve(state: Answering) -> None:
    """Put a page aside whose sender goes back to phase B in the middle of it, since it will send that page again."""
    ecm = state.ecm
    came, page = _came(state), ecm.partial.page if ecm.partial else 0
    state.ecm = EcmPage(shelved=came or ecm.shelved, shelved_page=page if came else ecm.shelved_page)


def keep_partial_page(state: Answering) -> Steps[None]:
    """Store what came of a page that was not completed, unconfirmed."""
    octets = _came(state) or state.ecm.shelved
    state.ecm = EcmPage()
    if octets:
        page = yield from to_disk(state, octets)
        yield from note_received(state, page, confirmed=False)
        state.in_part.append(state.stored)


def _settle_shelf(state: Answering, partial: PartialPage) -> Steps[None]:
    """Forget the shelved page when it comes again; keep it as a page of its own when another follows."""
    ecm = state.ecm
    if not ecm.shelved:
        return
    octets, ecm.shelved = ecm.shelved, b""
    if ecm.shelved_page != partial.page:
        page = yield from to_disk(state, octets)
        yield from note_received(state, page, confirmed=False)
        state.in_part.append(state.stored)


def _next_block(ecm: EcmPage, block: bytes, partial: PartialPage) -> None:
    ecm.blocks.append(block)
    ecm.confirmed = partial.key
    ecm.frames, ecm.partial = {}, partial


def _came(state: Answering) -> bytes:
    """Return all octets of the page at hand that have come."""
    ecm = state.ecm
    frames = ecm.frames | ecm.fresh
    return b"".join((*ecm.blocks, *((_with_gaps(state, frames),) if frames else ())))


def _data(frames: dict[int, bytes]) -> bytes:
    return b"".join(frames[number] for number in sorted(frames))


def _with_gaps(state: Answering, frames: dict[int, bytes]) -> bytes:
    """Join the frames that came. T.6 and T.85 end at the first gap; T.4 finds its next line behind it, zeros being fill."""
    form = form_of(state)
    if not form.bears_gaps:
        whole = next((number for number in range(len(frames)) if number not in frames), len(frames))
        return b"".join(frames[number] for number in range(whole))
    missing = bytes(form.ecm_frame_octets)
    return b"".join(frames.get(number, missing) for number in range(max(frames, default=-1) + 1))


def _plain(end: PageEnd) -> Fcf:
    fcf = end.command
    assert fcf is not None  # NULL is handled where it matters
    return _PLAIN.get(fcf, fcf)
