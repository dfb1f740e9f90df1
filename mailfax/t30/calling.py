"""The state of a calling station that transmits, and what it does alike with and without ECM. Used by `caller`, `caller_ecm`."""

from dataclasses import dataclass, field, replace
from enum import Enum

from mailfax.model.call import (
    DocumentBegun,
    DocumentResult,
    PageConfirmed,
    PageRefused,
    PageStarted,
    RemoteIdentified,
)
from mailfax.model.outcome import Outcome
from mailfax.model.page import A4_WIDTH_PX
from mailfax.model.pageset import COVER, NO_PAGES, PageSet, pages_in_words
from mailfax.t30.addressing import NO_ADDRESSING, Addressing
from mailfax.t30.bits import Bit
from mailfax.t30.capabilities import Dis
from mailfax.t30.commands import FetchPage, PageData
from mailfax.t30.exchange import CallEnded, Link, Steps, ask_keeper, check_limit, note
from mailfax.t30.frames import Fcf, Frame
from mailfax.t30.negotiate import Choice, Offer, choose, fall_back


class AfterRtn(Enum):
    """What to do with a page that was refused; machines differ in what RTN means to them. In brackets, as HylaFAX calls it."""

    RETRANSMIT = "send it again, twice at most, then end the call"  # [Retransmit]
    GIVE_UP = "end the call"  # [Giveup]
    GO_ON = "go on with the next page"  # [Ignore]
    RETRANSMIT_THEN_GO_ON = "send it again, twice at most, then go on with the next page"  # [Retransmit-Ignore]

    @property
    def resends(self) -> int:
        """Return how often a refused page is sent again in the call."""
        return 2 if self in {AfterRtn.RETRANSMIT, AfterRtn.RETRANSMIT_THEN_GO_ON} else 0

    @property
    def goes_on(self) -> bool:
        """Say whether the call goes on without a page that is refused to the end."""
        return self in {AfterRtn.GO_ON, AfterRtn.RETRANSMIT_THEN_GO_ON}


@dataclass(frozen=True, kw_only=True, slots=True)
class CallerJob:
    """One document to send. `pages` counts all of it; `done` (1-based) were confirmed in earlier calls and are not sent again.

    `following` are documents for the same station, sent in the same call: EOM between them, and a new phase B (5.3.6.1.6). The
    call's limit is that of its first document. `label` is what whoever keeps the call calls the document,
    `cover` sends a page of our own before the others, which says that an earlier call continues; `r8_px` how wide its widest page is, in pels at 8.04 a mm.
    """

    pages: int
    done: PageSet = NO_PAGES
    station_id: str = ""
    offer: Offer = field(default_factory=Offer)
    after_rtn: AfterRtn = AfterRtn.RETRANSMIT
    addressing: Addressing = NO_ADDRESSING
    label: str = ""
    cover: bool = False
    r8_px: int = A4_WIDTH_PX
    following: "tuple[CallerJob, ...]" = ()
    call_limit_s: float = 3600.0

    def __post_init__(self) -> None:
        if not self.todo:
            raise ValueError(f"of {self.pages} pages none is left to be sent")

    @property
    def todo(self) -> tuple[int, ...]:
        """Return the pages (1-based) that this call sends, in order."""
        return tuple(page for page in range(1, self.pages + 1) if page not in self.done)


@dataclass(kw_only=True, slots=True)
class Calling:
    """Where the call stands. `place` is which page of `todo` is at hand.

    `unconfirmed_page` (1-based) is set while an end-of-page command is unanswered. `passed_over` were refused to the end.

    `jobs` are the documents of the call and `number` the one at hand; the keeper counts them from `place_of_first`; `begun` once a page of it was fetched, and `goes_on` when
    another is to follow it in this call. `ended` has what became of those before, `sent_before` how many pages they had.
    `doubted` are pages that went out again although they may have arrived, `refused` those that were refused at least once.
    """

    jobs: tuple[CallerJob, ...]
    link: Link
    number: int = 0
    place_of_first: int = 0
    todo: tuple[int, ...] = ()
    place: int = 0
    begun: bool = False
    goes_on: bool = False
    begun_s: float = 0.0
    ended: list[DocumentResult] = field(default_factory=list)
    sent_before: int = 0
    dis: Dis | None = None
    choice: Choice | None = None
    confirmed: set[int] = field(default_factory=set)
    unconfirmed_page: int | None = None
    restarts: int = 0
    passed_over: set[int] = field(default_factory=set)
    doubted: set[int] = field(default_factory=set)
    refused: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.todo = _on_line(self.job)

    @property
    def job(self) -> CallerJob:
        """Return the document at hand."""
        return self.jobs[self.number]

    @property
    def page(self) -> int:
        """Return the page at hand, as people count."""
        return self.todo[self.place]

    @property
    def page_name(self) -> str:
        """Name the page at hand in a sentence."""
        return f"page {self.page}" if self.page != COVER else "the cover"

    @property
    def last(self) -> bool:
        """Say whether it is the last one of its document that this call sends."""
        return self.place == len(self.todo) - 1

    @property
    def counter(self) -> int:
        """Return the page counter of ECM (A.4.3): it goes on through all documents of the call."""
        return self.sent_before + self.place

    @property
    def end_of_page(self) -> Fcf:
        """Return the command that ends the page at hand (T.30, 5.3.6.1.6)."""
        return Fcf.MPS if not self.last else Fcf.EOM if self.goes_on else Fcf.EOP


def _on_line(job: CallerJob) -> tuple[int, ...]:
    """Return what goes on the line for a document: the pages that are left of it, perhaps with a cover before them."""
    return (COVER, *job.todo) if job.cover else job.todo


def close_document(state: Calling, outcome: Outcome, detail: str = "") -> None:
    """Settle the document at hand.

    Promise 2: a page whose end-of-page command was not answered may have arrived, whatever else ended the call. If it is the only
    one outstanding, sending it again could be sending the whole fax twice.
    """
    passed_over = state.passed_over - {COVER}  # what becomes of a cover is nobody's loss
    if outcome is Outcome.DELIVERED and passed_over:
        refused = pages_in_words(passed_over)
        outcome, detail = Outcome.PASSED_OVER, f"Refused to the end, and passed over by policy: {refused}."
    outstanding = set(state.job.todo) - state.confirmed - passed_over
    # Also what came of a page when it was sent again does not tell what had come of it before.
    unconfirmed = state.unconfirmed_page or next(iter(outstanding.intersection(state.doubted)), None)
    if outstanding == {unconfirmed}:
        outcome = Outcome.UNCERTAIN
    again = state.refused & state.confirmed - {COVER}
    resent = f"Refused at first, sent again and confirmed: {pages_in_words(again)}." if again else ""
    doubted = (f"Page {page} may have arrived twice: its confirmation was not heard." for page in state.doubted)
    lost = state.begun and state.dis is not None and state.job.addressing.lost_on(state.dis)
    without = "The far machine takes no subaddress; the fax went without it." if lost else ""
    state.ended.append(
        DocumentResult(
            outcome=outcome,
            confirmed=frozenset(state.confirmed - {COVER}),
            passed_over=frozenset(passed_over),
            unconfirmed_page=unconfirmed,
            seconds=state.link.at_s - state.begun_s,
            detail=" ".join(filter(None, (detail, without, resent, *doubted))),
        )
    )
    state.sent_before += len(state.todo) if state.begun else 0
    state.begun = False


def open_next(state: Calling) -> Steps[bool]:
    """Take the next document in hand; False when there is none. `close_document` was called for the one before."""
    if state.number + 1 == len(state.jobs):
        return False
    state.number += 1
    state.todo, state.place, state.begun_s = _on_line(state.job), 0, state.link.at_s
    state.confirmed, state.passed_over, state.refused, state.doubted = set(), set(), set(), set()
    state.unconfirmed_page, state.restarts = None, 0
    begun = DocumentBegun(document=state.number, label=state.job.label, page=state.job.todo[0])
    yield from note(state.link, begun)
    return True


def chosen(state: Calling) -> Choice:
    """Return what was chosen; the DIS set it, before anything else is sent."""
    assert state.choice is not None
    return state.choice


def take_dis(state: Calling, dis: Dis) -> Steps[None]:
    """Choose for a DIS that says something new. Raises CallEnded when it has no way for the document at hand."""
    if dis == state.dis:
        return
    yield from hear_dis(state, dis)
    if (obstacle := fit(state)) is not None:
        raise CallEnded(*obstacle)


def read_dis(heard: Frame) -> Dis:
    """Read a DIS; or a DTC, whose sender receives whether it says so or not: it asks for nothing else."""
    dis = Dis.parse(heard.fif)
    return dis.with_bits({Bit.RECEIVES}) if heard.fcf is Fcf.DTC else dis


def hear_dis(state: Calling, dis: Dis) -> Steps[None]:
    """Take note of what the far end can do, if that is news."""
    if dis != state.dis:
        yield from note(state.link, RemoteIdentified(station_id=state.link.station_id, abilities=dis.describe()))
    state.dis = dis


def fit(state: Calling) -> tuple[Outcome, str] | None:
    """Choose how the document at hand goes to the far end, or say what is in its way.

    Within a call the rate only falls, so training comes to an end.
    """
    assert state.dis is not None
    dis, offer = state.dis, state.job.offer
    if state.choice:
        offer = replace(offer, best_modulation=state.choice.modulation)
    choice = choose(dis, offer, state.job.r8_px)
    if choice is None:
        why = "cannot take our pages in any form" if dis.has(Bit.RECEIVES) else "is not ready to receive"
        return Outcome.REMOTE_CANNOT_RECEIVE, f"The far machine {why}: {dis.describe()}."
    addressing = state.job.addressing
    if addressing.needs_subaddress and addressing.lost_on(dis):
        return Outcome.NO_SUBADDRESS, f"The subaddress was {addressing.subaddress}."
    state.choice = choice
    return None


def step_down(state: Calling) -> bool:
    """Go one rung down the ladder of modulations; False when there is none that both have."""
    choice = chosen(state)
    lower = fall_back(choice.modulation, state.dis) if state.dis else None
    if lower is not None:
        state.choice = replace(choice, modulation=lower)
    return lower is not None


def fetch_page(state: Calling) -> Steps[bytes]:
    """Have the page at hand coded in the form that the DCS chose."""
    choice, link = chosen(state), state.link
    check_limit(link)
    if state.page != COVER and state.page == state.unconfirmed_page:
        state.doubted.add(state.page)  # nobody knows what came of it the first time
    state.begun = True
    # A call that is half over takes no further document: it would be cut off in the middle.
    state.goes_on = state.number + 1 < len(state.jobs) and link.at_s < link.limit_s / 2
    fetch = FetchPage(
        document=state.place_of_first + state.number,
        index=max(state.page, state.job.todo[0]) - 1,
        cover=state.page == COVER,
        form=choice.form,
        bit_rate=choice.modulation.bit_rate,
    )
    page = yield from ask_keeper(fetch)
    if not isinstance(page, PageData):
        raise TypeError(f"the keeper answered {fetch} with {page}")
    yield from note(state.link, PageStarted(page=state.page))
    return page.octets


def take_answer(state: Calling, heard: Frame) -> Steps[Fcf]:
    """Write down what became of the page at hand (T.30, 5.3.6.1.7), and return it."""
    answer, page = heard.fcf, state.page
    match answer:
        case Fcf.MCF | Fcf.RTP | Fcf.PIP:
            yield from note(state.link, PageConfirmed(page=page, answer=str(answer)))
            state.unconfirmed_page = None
            state.confirmed.add(page)
        case Fcf.DIS | Fcf.DTC:
            # The far end never understood that a page came, and is back in phase B. After EOM its MCF may only have been lost: the
            # page goes out again all the same, and stays unconfirmed until then (promise 2).
            if state.end_of_page is not Fcf.EOM:
                state.unconfirmed_page = None
                yield from note(state.link, PageRefused(page=page, answer=str(answer)))
            yield from take_dis(state, read_dis(heard))
            return Fcf.DIS
        case _:
            state.unconfirmed_page = None
            state.refused.add(page)
            yield from note(state.link, PageRefused(page=page, answer=str(answer)))
    return answer
