"""Phases C and D with error correction, as the transmitter goes through them (T.30 figures A.1 to A.14). Called by `caller`.

Block by block: the frames at image rate, then PPS; a PPR names the frames to send again. After the fourth PPR for a block we
continue to correct (CTC), more slowly unless most of the frames that were missing got through; where nothing helps any more the
page is given up. EOR, which has the receiver keep a page with holes, is sent only if policy says to go on, and never with T.6 or
T.85, which cannot be read beyond a hole.
"""

from dataclasses import dataclass, field

from mailfax.model.call import EndOfPageSent, FramesRequested, Trained
from mailfax.model.outcome import Outcome
from mailfax.t30.calling import Calling, chosen, fetch_page, step_down, take_answer
from mailfax.t30.commands import SendBlock
from mailfax.t30.ecm import PageEnd, PartialPage, block_frames, cut_blocks, requested
from mailfax.t30.exchange import CallEnded, Steps, check_limit, command, note, on_line
from mailfax.t30.frames import Fcf, build_frame

_ANSWERS = frozenset({Fcf.MCF, Fcf.PPR, Fcf.RTP, Fcf.RTN, Fcf.PIP, Fcf.PIN, Fcf.DIS, Fcf.DTC})
_PPRS_BEFORE_CTC = 4  # A.4.1
_MOST_CTCS = 12  # for a block: the whole ladder, and as many again at rates that get better
_FIRST_FRAME_TWICE_AFTER = 2  # PPRs; a few receivers lose frame 0 each time


@dataclass(kw_only=True, slots=True)
class _Block:
    """The block on the line. `missing` are the frames still to be sent; `train_long` follows a CTC (A.4.1)."""

    data: list[bytes]
    partial: PartialPage
    requests: int = 0
    train_long: bool = False
    missing: list[int] = field(default_factory=list)
    before: int = 0  # how many were missing at the last CTC

    def __post_init__(self) -> None:
        self.missing = list(range(len(self.data)))
        self.before = len(self.data)


def send_page(state: Calling) -> Steps[Fcf]:
    """Send the page at hand; the answer to its last block: MCF, RTP, RTN, PIP, PIN, ERR after EOR, or the DIS of a new phase B."""
    octets = yield from fetch_page(state)
    blocks = cut_blocks(octets, chosen(state).form.ecm_frame_octets)
    for number, data in enumerate(blocks):
        last = number == len(blocks) - 1
        end = PageEnd(state.end_of_page) if last else PageEnd.NULL
        partial = PartialPage(end=end, page=state.counter, block=number, frames=len(data))
        block = _Block(data=data, partial=partial)
        answer = yield from _send_block(state, block)
        if answer is not Fcf.MCF:
            break
    return answer


def _send_block(state: Calling, block: _Block) -> Steps[Fcf]:
    """Send a block until all its frames are confirmed; only what ends a page is written down."""
    link, page = state.link, state.page
    for _ in range(_PPRS_BEFORE_CTC * (_MOST_CTCS + 1)):
        yield from _transmit(state, block)
        partial = PartialPage(
            end=block.partial.end, page=block.partial.page, block=block.partial.block, frames=len(block.missing)
        )
        name = f"PPS-{partial.end}"
        if partial.end is not PageEnd.NULL:
            yield from note(link, EndOfPageSent(page=page, command=name, last=state.last))
            state.unconfirmed_page = page
        pps = build_frame(Fcf.PPS, partial.fif, x=link.x)
        heard = yield from command(link, pps, _ANSWERS, f"{name} of {state.page_name}")
        if heard.fcf is not Fcf.PPR:
            if partial.end is PageEnd.NULL and heard.fcf in {Fcf.MCF, Fcf.RTP, Fcf.PIP}:
                return Fcf.MCF  # the page goes on, whatever else the far end would like
            return (yield from take_answer(state, heard))
        block.missing = requested(heard.fif, len(block.data)) or block.missing
        block.requests += 1
        state.unconfirmed_page = None
        yield from note(link, FramesRequested(page=page, block=block.partial.block, frames=len(block.missing)))
        if block.requests % _PPRS_BEFORE_CTC == 0 and not (yield from _continue_to_correct(state, block)):
            return (yield from _give_up(state, block))
    return (yield from _give_up(state, block))


def _transmit(state: Calling, block: _Block) -> Steps[None]:
    modulation = chosen(state).modulation
    numbers = list(block.missing)
    if block.requests >= _FIRST_FRAME_TWICE_AFTER and numbers[0] == 0:
        numbers.append(0)
    short = modulation.scheme == "V.17" and not block.train_long
    frames = block_frames(block.data, numbers)
    yield from on_line(state.link, SendBlock(modulation=modulation, short_training=short, frames=frames))
    block.train_long = False


def _continue_to_correct(state: Calling, block: _Block) -> Steps[bool]:
    """Say at which rate the block goes on (CTC, A.4.1); False when there is nothing left to try."""
    link = state.link
    check_limit(link)
    improved = len(block.missing) * 2 <= block.before
    block.before = len(block.missing)
    if not improved and not step_down(state):
        return False
    choice = chosen(state)
    ctc = build_frame(Fcf.CTC, choice.dcs.fif[:2], x=link.x)
    yield from command(link, ctc, frozenset({Fcf.CTR}), f"CTC for {state.page_name}")
    scheme, bit_rate = choice.modulation.scheme, choice.modulation.bit_rate
    yield from note(link, Trained(modulation=scheme, bit_rate=bit_rate))
    block.train_long = True
    return True


def _give_up(state: Calling, block: _Block) -> Steps[Fcf]:
    """Leave a page whose frames do not get through: end the call, or go on with the next page (EOR, A.4.3)."""
    link, page = state.link, state.page
    why = f"{len(block.missing)} frames of {state.page_name} did not get through, even at {chosen(state).modulation} bit/s."
    if not state.job.after_rtn.goes_on or not chosen(state).form.bears_gaps:
        raise CallEnded(Outcome.PAGE_REFUSED, why)
    end = PageEnd(state.end_of_page)
    eor = build_frame(Fcf.EOR, bytes((end.code,)), x=link.x)
    yield from command(link, eor, frozenset({Fcf.ERR}), f"EOR-{end} of {state.page_name}")
    state.passed_over.add(page)
    return Fcf.ERR
