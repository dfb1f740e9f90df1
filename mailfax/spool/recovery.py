"""What a call came to whose line died: read from its own record, pure functions. Used by `adopt`, and by tests of the rules.

Outbound (design.md, promise 2): a page is done when its confirmation was heard. A page whose end-of-page command was
written down and not answered is unconfirmed, since the command may have gone out: as the last outstanding page it makes
the call UNCERTAIN, else the call was INTERRUPTED and that page is sent again and reported.

Inbound (promise 1): every page that was kept is delivered, confirmed or not. A call without a result is INTERRUPTED even if its
last page was confirmed: nobody knows whether another was to follow, and the reader of the fax should know that.
"""

from mailfax.model.call import (
    CallResult,
    EndOfPageSent,
    FramesRequested,
    PageConfirmed,
    PageReceived,
    PageRefused,
    PageStarted,
    RemoteIdentified,
    Trained,
    TrainingFailed,
)
from mailfax.model.fax import InboundFax, Kept, ReceivedPage
from mailfax.model.ids import Kind
from mailfax.model.outcome import Outcome
from mailfax.model.page import PageBlob
from mailfax.model.pageset import first_pages
from mailfax.spool.callfolder import CallRecord, KeptPage

_DIED = "The fax server was stopped during this call."


def settle(record: CallRecord) -> CallResult:
    """Say what a call came to: what it said itself, or what its journal proves."""
    if record.result is not None:
        return record.result
    confirmed: set[int] = set()
    unanswered: int | None = None
    station_id, modulation, bit_rate = "", "", 0
    for timed in record.events:
        match timed.event:
            case EndOfPageSent(page=page):
                unanswered = page
            case PageConfirmed(page=page):
                confirmed.add(page)
                unanswered = None
            case PageRefused() | FramesRequested():
                unanswered = None
            case RemoteIdentified():
                station_id = timed.event.station_id
            case Trained():
                modulation, bit_rate = timed.event.modulation, timed.event.bit_rate
            case TrainingFailed() | PageStarted() | PageReceived():
                pass
    return CallResult(
        outcome=_outcome(record, confirmed, unanswered),
        confirmed=frozenset(confirmed),
        unconfirmed_page=unanswered,
        station_id=station_id,
        modulation=modulation,
        bit_rate=bit_rate,
        seconds=record.events[-1].at_s if record.events else 0.0,
        detail=_DIED,
    )


def _outcome(record: CallRecord, confirmed: set[int], unanswered: int | None) -> Outcome:
    outstanding = first_pages(record.header.pages) - record.header.done - confirmed
    if unanswered is not None and outstanding == {unanswered}:
        return Outcome.UNCERTAIN
    return Outcome.DELIVERED if record.header.pages and not outstanding else Outcome.INTERRUPTED


def fax_id_of(call_id: str) -> str:
    """Return the id of the fax that a call brought: the call's with its own letter, so that nobody can add it twice."""
    return Kind.FAX + call_id[1:]


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


def inbound_fax(record: CallRecord, pages: tuple[ReceivedPage, ...], finished_us: int) -> InboundFax:
    """Make the fax that an incoming call left, after a crash or in the ordinary course. The pages' blobs are put already."""
    result = settle(record)
    return InboundFax(
        id=fax_id_of(record.header.call_id),
        call_id=record.header.call_id,
        line=record.header.line,
        called=record.header.called,
        caller=record.header.caller,
        caller_name=record.header.caller_name,
        station_id=result.station_id,
        started_us=record.header.started_us,
        finished_us=finished_us,
        outcome=result.outcome,
        pages=pages,
        seconds_on_line=result.seconds,
        bit_rate=result.bit_rate,
    )
