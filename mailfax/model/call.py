"""What happens in a call, as it happens (events), and what it came to (the result).

Events are a closed union. The T.30 engine emits them, the line writes those that promises rest on to the call's journal
before the engine goes on (see `durable`), and whoever watches shows them.
"""

from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from mailfax.model.outcome import Outcome
from mailfax.model.pageset import NO_PAGES, PageSet


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoteIdentified:
    """The far end said who it is and what it can do, in words."""

    station_id: str
    abilities: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Trained:
    """Training succeeded at this modulation ("V.17") and rate (bit/s)."""

    modulation: str
    bit_rate: int


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainingFailed:
    """Training failed at this modulation and rate; a lower one follows, or the end."""

    modulation: str
    bit_rate: int


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentBegun:
    """A further document of an outgoing call follows: number `document` (the first is 0), from its page `page` (1-based) on.

    `label` names the job. Durable, since all events behind it are about that job.
    """

    document: int
    label: str
    page: int


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentArriving:
    """Document `document` (the first is 0) of an incoming call begins with page `page` (1-based, of the whole call).

    `subaddress` is for whom it is and `sender_id` what the sender called itself, as it was heard (SUB, SID), or empty. The first
    document of a call is not announced if it has neither. `station_id` is the TSI: a gateway sends for many people in a call.
    """

    document: int
    page: int
    station_id: str = ""
    subaddress: str = ""
    sender_id: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class PollServed:
    """The caller, `station_id`, asked for a document that we offer, `label`, and gets it. Durable: each poll is recorded."""

    label: str
    station_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PageStarted:
    """Page `page` (1-based, of the whole document) goes out or comes in."""

    page: int


@dataclass(frozen=True, kw_only=True, slots=True)
class EndOfPageSent:
    """The end-of-page command of `page` is about to go out; `last` when it is EOP. Durable before it is sent."""

    page: int
    command: str
    last: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class PageConfirmed:
    """The far end confirmed `page` (MCF, RTP or PIP). Durable as it is heard."""

    page: int
    answer: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PageRefused:
    """The far end refused `page` (RTN or PIN)."""

    page: int
    answer: str


@dataclass(frozen=True, kw_only=True, slots=True)
class FramesRequested:
    """The far end wants `frames` frames of a block of `page` again (PPR), so it does not have the page yet."""

    page: int
    block: int
    frames: int


@dataclass(frozen=True, kw_only=True, slots=True)
class PageReceived:
    """Page `page` of an incoming fax is on disk; `confirmed` when its MCF or RTP is about to go out."""

    page: int
    rows: int
    bad_rows: int
    confirmed: bool


CallEvent = (
    RemoteIdentified
    | Trained
    | TrainingFailed
    | DocumentBegun
    | DocumentArriving
    | PollServed
    | PageStarted
    | EndOfPageSent
    | PageConfirmed
    | PageRefused
    | FramesRequested
    | PageReceived
)
_BY_NAME: dict[str, type[CallEvent]] = {kind.__name__: kind for kind in CallEvent.__args__}
DURABLE: tuple[type[CallEvent], ...] = (
    DocumentBegun,
    DocumentArriving,
    PollServed,
    EndOfPageSent,
    PageConfirmed,
    PageRefused,
    FramesRequested,
)


def durable(event: CallEvent) -> bool:
    """Say whether a promise rests on this event, so that it must be on disk before the call goes on."""
    return isinstance(event, DURABLE)


def event_to_dict(event: CallEvent) -> dict[str, Any]:
    """Write an event as plain data, with its class name under `event`."""
    return {"event": type(event).__name__, **asdict(event)}


def event_from_dict(data: dict[str, Any]) -> CallEvent:
    """Read what event_to_dict wrote; raises KeyError for an unknown event."""
    kind = _BY_NAME[data["event"]]
    return kind(**{field.name: data[field.name] for field in fields(kind)})


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentResult:
    """What a call for several documents came to for one of them; the fields are those of CallResult."""

    outcome: Outcome
    confirmed: PageSet
    passed_over: PageSet
    unconfirmed_page: int | None
    seconds: float
    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CallResult:
    """What a call came to.

    `confirmed` are the pages (1-based, of the whole document) confirmed in this call; `unconfirmed_page` is the one whose
    end-of-page command went out and was not answered, if any. `passed_over` were refused, and the policy was to go on
    without them. `seconds` run from answer to hang-up.
    Of a call for several documents, `documents` says what became of each that was begun, in their order, and the pages are
    those of the last of them.
    """

    outcome: Outcome
    confirmed: PageSet = NO_PAGES
    passed_over: PageSet = NO_PAGES
    unconfirmed_page: int | None = None
    station_id: str = ""
    modulation: str = ""
    bit_rate: int = 0
    seconds: float = 0.0
    detail: str = ""
    documents: tuple[DocumentResult, ...] = ()

    @property
    def confirmed_pages(self) -> int:
        """Count the pages that were confirmed."""
        return len(self.confirmed)

    def of_each(self, count: int) -> tuple["CallResult", ...]:
        """Say what the call came to for each of its `count` documents.

        Where none was begun (busy, no answer, training failed) the call is every document's own. Else those behind the last one
        begun were not reached.
        """
        if count == 1 or not self.documents:
            return (replace(self, documents=()),) * count
        own = [
            replace(self, documents=(), **{field.name: getattr(one, field.name) for field in fields(one)})
            for one in self.documents
        ]
        behind = CallResult(outcome=Outcome.NOT_REACHED, station_id=self.station_id)
        return (*own, *(behind,) * (count - len(own)))
