"""What a call came to whose line died: read from its own record, pure functions. Used by `adopt`, and by tests of the rules.

Outbound (design.md, promise 2): a page is done when its confirmation was heard. A page whose end-of-page command was
written down and not answered is unconfirmed, since the command may have gone out: as the last outstanding page it makes
the call UNCERTAIN, else the call was INTERRUPTED and that page is sent again and reported.

Inbound (promise 1): every page that was kept is delivered, confirmed or not. A call without a result is INTERRUPTED even if its
last page was confirmed: nobody knows whether another was to follow, and the reader of the fax should know that.
"""

import itertools
from dataclasses import dataclass, field

from mailfax.model.call import (
    CallResult,
    DocumentArriving,
    DocumentBegun,
    EndOfPageSent,
    FramesRequested,
    PageConfirmed,
    PageReceived,
    PageRefused,
    PageStarted,
    PollServed,
    RemoteIdentified,
    Trained,
    TrainingFailed,
)
from mailfax.model.fax import InboundFax, Kept, ReceivedPage
from mailfax.model.ids import Kind, after
from mailfax.model.outcome import Outcome
from mailfax.model.page import PageBlob
from mailfax.model.pageset import COVER, first_pages
from mailfax.spool.callfolder import CallJob, CallRecord, KeptPage

_DIED = "The fax server was stopped during this call."


@dataclass(kw_only=True, slots=True)
class _Told:
    """What the events of one document of a call prove. `doubted` went out again although it may have arrived (DIS after EOM)."""

    confirmed: set[int] = field(default_factory=set)
    unanswered: int | None = None
    doubted: int | None = None
    begun_s: float = 0.0

    @property
    def unconfirmed(self) -> int | None:
        """Return the page that may have arrived although no confirmation of it was heard."""
        return self.unanswered or (self.doubted if self.doubted not in self.confirmed else None)

    @property
    def twice(self) -> str:
        """Say which page may have arrived twice although it was confirmed in the end."""
        doubted = self.doubted in self.confirmed
        return f"Page {self.doubted} may have arrived twice: its confirmation was not heard." if doubted else ""


@dataclass(kw_only=True, slots=True)
class _Story:
    """What the events of a call prove: of the far end, and of each document."""

    documents: list[_Told] = field(default_factory=lambda: [_Told()])
    station_id: str = ""
    modulation: str = ""
    bit_rate: int = 0
    at_s: float = 0.0


def settle(record: CallRecord) -> CallResult:
    """Say what an incoming call came to, or one that sent a single document: what it said, or what its journal proves."""
    return record.result or _proved(record, _story(record), 0)


def settle_jobs(record: CallRecord) -> tuple[CallResult, ...]:
    """Say what an outgoing call came to for each of its jobs, in the order of its header."""
    jobs = record.header.jobs
    if record.result is not None:
        return record.result.of_each(len(jobs))
    story = _story(record)
    return tuple(
        _proved(record, story, place)
        if place < len(story.documents)
        else CallResult(outcome=Outcome.NOT_REACHED, station_id=story.station_id)
        for place in range(len(jobs))
    )


def _story(record: CallRecord) -> _Story:
    story = _Story()
    for timed in record.events:
        told, story.at_s = story.documents[-1], timed.at_s
        match timed.event:
            case DocumentBegun(document=document):
                story.documents += [_Told(begun_s=timed.at_s) for _ in range(document + 1 - len(story.documents))]
            case EndOfPageSent(page=page):
                told.unanswered = page if page != COVER else None
            case PageConfirmed(page=page):
                told.confirmed |= {page} - {COVER}
                told.unanswered = None
            case PageStarted(page=page) if told.unanswered == page:
                told.doubted = page
            case PageRefused() | FramesRequested():
                told.unanswered = None
            case RemoteIdentified():
                story.station_id = timed.event.station_id
            case Trained():
                story.modulation, story.bit_rate = timed.event.modulation, timed.event.bit_rate
            case TrainingFailed() | PageStarted() | PageReceived() | DocumentArriving() | PollServed():
                pass
    return story


def _proved(record: CallRecord, story: _Story, place: int) -> CallResult:
    told, jobs = story.documents[place], record.header.jobs
    outcome = _outcome(jobs[place], told) if jobs else Outcome.INTERRUPTED
    ended_s = story.documents[place + 1].begun_s if place + 1 < len(story.documents) else story.at_s
    return CallResult(
        outcome=outcome,
        confirmed=frozenset(told.confirmed),
        unconfirmed_page=told.unconfirmed,
        station_id=story.station_id,
        modulation=story.modulation,
        bit_rate=story.bit_rate,
        seconds=ended_s - told.begun_s,
        detail=" ".join(filter(None, (_DIED, told.twice))),
    )


def _outcome(job: CallJob, told: _Told) -> Outcome:
    if not job.pages:  # it was to fetch, and how much there is only its end tells
        return Outcome.INTERRUPTED
    outstanding = first_pages(job.pages) - job.done - told.confirmed
    if outstanding and outstanding == {told.unconfirmed}:
        return Outcome.UNCERTAIN
    return Outcome.INTERRUPTED if outstanding else Outcome.DELIVERED


def fax_id_of(call_id: str, document: int = 0) -> str:
    """Return the id of a fax that a call brought: made of the call's, so that nobody can add it twice."""
    return after(Kind.FAX + call_id[1:], document)


def received_page(page: KeptPage, copy: KeptPage) -> ReceivedPage:
    """Say what became of a page of which this copy, the last or an earlier one, is put as a blob."""
    return ReceivedPage(
        blob=PageBlob(
            digest=copy.digest,
            resolution=copy.facts.resolution,
            width_px=copy.facts.width_px,
            rows=copy.facts.rows,
            size=copy.size,
        ),
        confirmed=page.confirmed,
        bad_rows=copy.facts.bad_rows,
        kept=Kept.WHOLE if copy is page else Kept.EARLIER,
    )


def inbound_faxes(record: CallRecord, pages: tuple[ReceivedPage, ...], finished_us: int) -> tuple[InboundFax, ...]:
    """Make the faxes that an incoming call left, one for each document, after a crash or in the ordinary course.

    The pages' blobs are put already. What the call came to is said of its last document; those before it were ended by EOM.
    """
    result, parts = settle(record), _documents(record)
    return tuple(
        InboundFax(
            id=fax_id_of(record.header.call_id, document),
            call_id=record.header.call_id,
            line=record.header.line,
            called=record.header.called,
            caller=record.header.caller or record.header.number,
            caller_name=record.header.caller_name,
            station_id=arriving.station_id or result.station_id,
            started_us=record.header.started_us,
            finished_us=finished_us,
            outcome=result.outcome if document == len(parts) - 1 else _ended_by_eom(pages[span]),
            pages=pages[span],
            seconds_on_line=result.seconds,
            bit_rate=result.bit_rate,
            document=document,
            subaddress=arriving.subaddress,
            sender_id=arriving.sender_id,
            mailbox=record.header.mailbox,
        )
        for document, (arriving, span) in enumerate(parts)
    )


def _documents(record: CallRecord) -> list[tuple[DocumentArriving, slice]]:
    """Say which of the pages belong to each document; one of which no page is left is none, but there is one at least."""
    arriving = [timed.event for timed in record.events if isinstance(timed.event, DocumentArriving)]
    if not arriving or arriving[0].document:
        # A frame has a checksum, so the first TSI that was heard is that of the first document.
        heard = (timed.event.station_id for timed in record.events if isinstance(timed.event, RemoteIdentified))
        first = next(filter(None, heard), "") if arriving else ""
        arriving.insert(0, DocumentArriving(document=0, page=1, station_id=first))
    places = [sum(page.index + 1 < one.page for page in record.pages) for one in arriving]
    spans = (slice(first, end) for first, end in itertools.pairwise([*places, len(record.pages)]))
    parts = [(one, span) for one, span in zip(arriving, spans, strict=True) if span.start < span.stop]
    return parts or [(arriving[0], slice(0, 0))]


def _ended_by_eom(pages: tuple[ReceivedPage, ...]) -> Outcome:
    return Outcome.RECEIVED if all(page.confirmed for page in pages) else Outcome.PAGE_REFUSED
