"""The state of a calling station that transmits, and what it does alike with and without ECM. Used by `caller`, `caller_ecm`."""

from dataclasses import dataclass, field, replace
from enum import Enum

from mailfax.model.call import PageConfirmed, PageRefused, PageStarted, RemoteIdentified
from mailfax.model.outcome import Outcome
from mailfax.model.pageset import NO_PAGES, PageSet
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
    """One call. `pages` counts the whole document; `done` (1-based) were confirmed in earlier calls and are not sent again.

    `eom_after` are the pages (0-based) after which a new document begins: EOM instead of MPS, and a new phase B.
    """

    pages: int
    done: PageSet = NO_PAGES
    station_id: str = ""
    offer: Offer = field(default_factory=Offer)
    after_rtn: AfterRtn = AfterRtn.RETRANSMIT
    eom_after: frozenset[int] = frozenset()
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
    """

    job: CallerJob
    link: Link
    todo: tuple[int, ...]
    place: int = 0
    dis: Dis | None = None
    choice: Choice | None = None
    confirmed: set[int] = field(default_factory=set)
    unconfirmed_page: int | None = None
    restarts: int = 0
    passed_over: set[int] = field(default_factory=set)

    @property
    def page(self) -> int:
        """Return the page at hand, as people count."""
        return self.todo[self.place]

    @property
    def last(self) -> bool:
        """Say whether it is the last one that this call sends."""
        return self.place == len(self.todo) - 1

    @property
    def document_ends(self) -> bool:
        """Say whether a new document begins with the page that this call sends next."""
        following = self.todo[self.place + 1] - 1 if not self.last else self.page
        return any(self.page - 1 <= index < following for index in self.job.eom_after)

    @property
    def end_of_page(self) -> Fcf:
        """Return the command that ends the page at hand (T.30, 5.3.6.1.6)."""
        return Fcf.EOP if self.last else Fcf.EOM if self.document_ends else Fcf.MPS


def chosen(state: Calling) -> Choice:
    """Return what was chosen; the DIS set it, before anything else is sent."""
    assert state.choice is not None
    return state.choice


def take_dis(state: Calling, dis: Dis) -> Steps[None]:
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


def step_down(state: Calling) -> bool:
    """Go one rung down the ladder of modulations; False when there is none that both have."""
    choice = chosen(state)
    lower = fall_back(choice.modulation, state.dis) if state.dis else None
    if lower is not None:
        state.choice = replace(choice, modulation=lower)
    return lower is not None


def fetch_page(state: Calling) -> Steps[bytes]:
    """Have the page at hand coded in the form that the DCS chose."""
    choice = chosen(state)
    check_limit(state.link)
    fetch = FetchPage(index=state.page - 1, form=choice.form, bit_rate=choice.modulation.bit_rate)
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
        case Fcf.DIS:
            # The far end never understood that a page came, and is back in phase B. After EOM its MCF may only have been lost.
            if state.end_of_page is not Fcf.EOM:
                state.unconfirmed_page = None
                yield from note(state.link, PageRefused(page=page, answer=str(answer)))
            yield from take_dis(state, Dis.parse(heard.fif))
        case _:
            state.unconfirmed_page = None
            yield from note(state.link, PageRefused(page=page, answer=str(answer)))
    return answer
