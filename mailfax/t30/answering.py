"""The state of a called station that receives, and what it does alike with and without ECM.

Used by `answerer` and `answerer_ecm`.
"""

from dataclasses import dataclass, field
from enum import Enum, auto

from mailfax.model.call import DocumentArriving, DocumentResult, PageReceived, PageStarted, RemoteIdentified
from mailfax.model.outcome import Outcome
from mailfax.model.page import A4_WIDTH_PX, PageFormat
from mailfax.model.poll import PollRequest
from mailfax.t30.addressing import BITS
from mailfax.t30.capabilities import Dcs
from mailfax.t30.commands import BlockStored, NotYet, PageStored, SendFrames, StoreBlock, StorePage
from mailfax.t30.ecm import PartialPage
from mailfax.t30.exchange import CallEnded, Link, Steps, ask_keeper, hear, note, on_line
from mailfax.t30.frames import Fcf, build_frame
from mailfax.t30.modulation import Modulation
from mailfax.t30.negotiate import Offer, acceptable_form
from mailfax.t30.timers import Timer

PAGE_BEGINS_S = 6.0  # some machines take 5 s to their first line; longer would miss the repetition of a lost answer
_ASKING_AGAIN = frozenset({Fcf.RR, Fcf.PPS, Fcf.EOR, Fcf.DCN})
STORE_LIMIT_S = 2.0  # an answer begins within this time of its command or not at all: T4 may be as short as 2.55 s

_DISK_ASKED_AT_MOST = 32  # NotYet comes after two seconds: a disk that hangs does not hold the line for longer than T5
_DISK_NOT_READY = "The disk was not ready within T5."
_GAP_S, _ROWS_OF_A_GAP = 0.1, 2  # modems bridge a lost carrier of up to some 200 ms with noise


@dataclass(frozen=True, kw_only=True, slots=True)
class PageQuality:
    """What is good enough (T.30 leaves it to the receiver). Below: RTN; above, but less than `retrain_share`: RTP."""

    least_good_share: float = 0.95
    longest_bad_run: int = 5
    retrain_share: float = 0.0

    def judge(self, page: PageStored, bit_rate: int) -> Fcf:
        """Choose the answer to a page that came at this rate."""
        good_share = 1 - page.bad_rows / page.rows if page.rows > 0 else 0.0
        if page.rows <= 0 or good_share < self.least_good_share or page.longest_bad_run > self.longest_bad_run:
            return Fcf.RTN
        if page.missing_rows >= _ROWS_OF_A_GAP and page.gap_bits >= _GAP_S * bit_rate:
            return Fcf.RTN  # for so long nothing could be read at all: the carrier was gone
        return Fcf.RTP if good_share < self.retrain_share else Fcf.MCF


@dataclass(frozen=True, kw_only=True, slots=True)
class Offered:
    """A document that whoever calls may fetch: `pages` of it, for the `selector` (SEP) and `password` (PWD) that it wants, if any.

    `r8_px` is how wide its widest page is, in pels at 8.04 a mm.
    """

    label: str
    pages: int
    selector: str = ""
    password: str = ""
    r8_px: int = A4_WIDTH_PX


@dataclass(frozen=True, kw_only=True, slots=True)
class AnswererStation:
    """How this station answers: who it says it is, what it receives, what is good enough, its limits, and what it gives.

    The station that calls in order to fetch a document (`poll`) is one too: all but the beginning is the same.
    """

    station_id: str = ""
    offer: Offer = field(default_factory=Offer)
    quality: PageQuality = field(default_factory=PageQuality)
    max_pages: int = 500
    call_limit_s: float = 7200.0
    offered: tuple[Offered, ...] = ()
    poll: PollRequest | None = None


class Next(Enum):
    """The boxes of figure 5-2b."""

    IDENTIFY = auto()
    TRAIN = auto()
    PAGE = auto()
    COMMAND = auto()
    FINISHED = auto()
    GIVE_UP = auto()


# After command and answer: what comes next, and what follows when T2 elapses instead.
AFTER_ANSWER = {
    (Fcf.MPS, Fcf.MCF): (Next.PAGE, Next.GIVE_UP),
    (Fcf.MPS, Fcf.RTP): (Next.COMMAND, Next.GIVE_UP),
    (Fcf.MPS, Fcf.RTN): (Next.COMMAND, Next.GIVE_UP),
    (Fcf.EOM, Fcf.MCF): (Next.COMMAND, Next.IDENTIFY),
    (Fcf.EOM, Fcf.RTP): (Next.COMMAND, Next.IDENTIFY),
    (Fcf.EOM, Fcf.RTN): (Next.COMMAND, Next.IDENTIFY),
    (Fcf.EOP, Fcf.MCF): (Next.COMMAND, Next.FINISHED),
    (Fcf.EOP, Fcf.RTP): (Next.COMMAND, Next.FINISHED),
    (Fcf.EOP, Fcf.RTN): (Next.COMMAND, Next.GIVE_UP),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What was said last, for when it was lost: where it leads, and where silence after it leads."""

    fcf: Fcf
    fif: bytes
    command: Fcf
    at_s: float
    then: Next
    after_t2: Next


@dataclass(kw_only=True, slots=True)
class EcmPage:
    """A page that comes in frames. `blocks` are complete; `frames` are those of block `partial`, `fresh` not yet judged.

    `shelved` is what had come of page `shelved_page` (the sender's counter) when the sender went back to phase B; it sends
    that page again. `gaps` when a block was abandoned by EOR, `train_long` after CTC.
    """

    blocks: list[bytes] = field(default_factory=list)
    frames: dict[int, bytes] = field(default_factory=dict)
    fresh: dict[int, bytes] = field(default_factory=dict)
    partial: PartialPage | None = None
    confirmed: tuple[int, int] | None = None
    train_long: bool = False
    gaps: bool = False
    shelved: bytes = b""
    shelved_page: int = 0


@dataclass(kw_only=True, slots=True)
class Answering:
    """Where the call stands. `heard` is a page whose end-of-page command has not come; `stored` counts pages on disk.

    `heard_at_s` is when it ended, and `command_late` says that its command came so late that the sender was not at the end
    then. `rows_without_rtc` are those of the last page that had none, and `never_rtc` says that the sender writes none. `missed`
    when nothing was heard where a page or block was due: it may be going on without us. `trained` once the DCS at hand was
    followed by our CFR. `store_s` is how long the last store took, and `owes_answer` while a command waits for its answer.
    `served` is what became of a document that the caller fetched.
    `document` counts the documents (EOM between them), `opens_document` until the first page of one comes.
    `addressed` is what came with the last DCS (SUB, SID); `asked_again` when one was passed over because a frame of it was lost.
    `in_part` are pages (1-based) that the sender gave up and we keep with their gaps, `lost` those of which nothing came.
    """

    station: AnswererStation
    link: Link
    form: PageFormat | None = None
    modulation: Modulation | None = None
    heard: bytes | None = None
    heard_at_s: float = 0.0
    missed: bool = False
    command_late: bool = False
    rows_without_rtc: int = 0
    never_rtc: bool = False
    stored: int = 0
    confirmed: set[int] = field(default_factory=set)
    announced: int = 0
    document: int = 0
    opens_document: bool = True
    addressed: dict[Fcf, str] = field(default_factory=dict)
    asked_again: bool = False
    dcs: Dcs | None = None
    answer: Answer | None = None
    ecm: EcmPage = field(default_factory=EcmPage)
    in_part: list[int] = field(default_factory=list)
    lost: int = 0
    store_s: float = 0.0
    trained: bool = False
    owes_answer: bool = False
    served: DocumentResult | None = None


def say(
    state: Answering, fcf: Fcf, *, command: Fcf, then: Next, after_t2: Next = Next.GIVE_UP, fif: bytes = b""
) -> Steps[None]:
    """Send an answer and remember it, for when the far end did not hear it.

    After a store that took too long nothing is sent: the far end may be repeating its command by now (T4, 3 s), and gets the
    answer to that one.
    """
    late_s = state.store_s if state.store_s > STORE_LIMIT_S else 0.0  # the line's clock does not show it yet
    if not late_s:
        yield from on_line(state.link, SendFrames(frames=(build_frame(fcf, fif, x=state.link.x),)))
    state.store_s, state.owes_answer = 0.0, False
    at_s = state.link.at_s + late_s
    state.answer = Answer(fcf=fcf, fif=fif, command=command, at_s=at_s, then=then, after_t2=after_t2)


def say_again(state: Answering, last: Answer) -> Steps[Next]:
    """Repeat the last answer; what follows it is the same."""
    yield from say(state, last.fcf, command=last.command, then=last.then, after_t2=last.after_t2, fif=last.fif)
    return last.then


def announce_page(state: Answering) -> Steps[Modulation]:
    """Note that another page comes, once; end a fax that has too many. Returns the modulation that was trained."""
    assert state.modulation is not None  # the training confirmed it
    if state.stored >= state.station.max_pages:
        raise CallEnded(Outcome.CALL_TOO_LONG, f"The fax has more than {state.stored} pages.")
    if state.announced <= state.stored:
        state.announced = state.stored + 1
        if state.opens_document:
            yield from _note_document(state)
        yield from note(state.link, PageStarted(page=state.announced))
    return state.modulation


def _note_document(state: Answering) -> Steps[None]:
    """Note that a document begins, unless there is nothing to say of it."""
    state.opens_document = False
    subaddress, sender_id = (state.addressed.get(fcf, "") for fcf in (Fcf.SUB, Fcf.SID))
    if state.document or subaddress or sender_id:
        arriving = DocumentArriving(
            document=state.document,
            page=state.announced,
            station_id=state.link.station_id,
            subaddress=subaddress,
            sender_id=sender_id,
        )
        yield from note(state.link, arriving)


def end_document(state: Answering, command: Fcf) -> None:
    """Take note that a page was the last of its document, if it was: another may follow (5.3.6.1.6)."""
    if command is Fcf.EOM:
        state.document += 1
        state.opens_document = True


def form_of(state: Answering) -> PageFormat:
    """Return the form of the pages; the DCS set it, before any page."""
    assert state.form is not None
    return state.form


def ask_disk(state: Answering, store: StorePage | StoreBlock) -> Steps[PageStored | BlockStored]:
    """Have the keeper store something. While the disk is at it, a sender with error correction is told to wait (RNR, A.4.4).

    One without cannot be told: it repeats its command, and that is answered when the disk is ready.
    """
    deadline_s = state.link.at_s + Timer.T5.longest_s
    told = False
    for _ in range(_DISK_ASKED_AT_MOST):
        stored = yield from ask_keeper(store)
        if isinstance(stored, PageStored | BlockStored):
            state.store_s = 0.0 if told else stored.took_s
            return stored
        if not isinstance(stored, NotYet):
            raise TypeError(f"the keeper answered {store} with {stored}")
        if state.owes_answer and form_of(state).ecm:
            told = True
            yield from _not_ready(state.link, deadline_s)
    raise CallEnded(Outcome.STORE_FAULT, _DISK_NOT_READY)


def _not_ready(link: Link, deadline_s: float) -> Steps[None]:
    """Say RNR, and wait until the sender asks again: with RR, or with its command if it did not hear (A.5.4.1)."""
    if link.at_s >= deadline_s:
        raise CallEnded(Outcome.STORE_FAULT, _DISK_NOT_READY)
    yield from on_line(link, SendFrames(frames=(build_frame(Fcf.RNR, x=link.x),)))
    heard = yield from hear(link, _ASKING_AGAIN, 2 * Timer.T2.longest_s)
    if heard is None:
        raise CallEnded(Outcome.NO_RESPONSE, "The sender did not wait for our disk.")
    if heard.fcf is Fcf.DCN:
        raise CallEnded(Outcome.CALL_DROPPED, "The sender did not wait for our disk.", farewell=False)


def to_disk(state: Answering, octets: bytes) -> Steps[PageStored]:
    """Make a page durable."""
    store = StorePage(index=state.stored, form=form_of(state), octets=octets)
    stored = yield from ask_disk(state, store)
    if not isinstance(stored, PageStored):
        raise TypeError(f"the keeper answered {store} with {stored}")
    state.stored += 1
    return stored


def note_received(state: Answering, stored: PageStored, *, confirmed: bool) -> Steps[None]:
    """Note that the page is on disk, and whether it is about to be confirmed."""
    event = PageReceived(page=state.stored, rows=stored.rows, bad_rows=stored.bad_rows, confirmed=confirmed)
    yield from note(state.link, event)


def take_dcs(state: Answering, fif: bytes) -> Steps[Next]:
    """Take what the transmitter commands, unless it is more than our DIS offered."""
    dcs = Dcs.parse(fif)
    form = acceptable_form(dcs, state.station.offer)
    if dcs != state.dcs:
        yield from note(state.link, RemoteIdentified(station_id=state.link.station_id, abilities=dcs.describe()))
    if form is None:
        raise CallEnded(Outcome.PROTOCOL_ERROR, f"The DCS asks for what was not offered: {dcs.describe()}.")
    told = state.link.told
    if not state.asked_again and any(dcs.has(bit) and fcf not in told for fcf, bit in BITS.items()):
        # It announces a subaddress whose frame was damaged: unanswered, it comes again whole. Once, for those that only say so.
        state.asked_again = True
        return Next.COMMAND
    state.dcs, state.form, state.modulation, state.addressed = dcs, form, dcs.modulation, told
    state.trained = False
    return Next.TRAIN
