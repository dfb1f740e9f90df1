"""What a call came to whose line died: the rules as a table, and the faxes that incoming calls left."""

from pathlib import Path

import pytest
from spoolkit import MINUTE_US, NOW_US

from mailfax.model.call import (
    CallEvent,
    CallResult,
    EndOfPageSent,
    PageConfirmed,
    PageRefused,
    PageStarted,
    RemoteIdentified,
    Trained,
    TrainingFailed,
)
from mailfax.model.outcome import Outcome
from mailfax.model.page import Resolution
from mailfax.model.pageset import first_pages
from mailfax.spool.callfolder import CallHeader, CallJob, CallRecord, Direction, KeptPage, PageFacts, TimedEvent
from mailfax.spool.recovery import inbound_faxes, received_page, settle


def sent(page: int) -> EndOfPageSent:
    return EndOfPageSent(page=page, command="MPS", last=False)


def heard(page: int) -> PageConfirmed:
    return PageConfirmed(page=page, answer="MCF")


def refused(page: int) -> PageRefused:
    return PageRefused(page=page, answer="RTN")


def record(
    *events: CallEvent,
    first: int = 1,
    pages: int = 3,
    result: CallResult | None = None,
    kept: tuple[KeptPage, ...] = (),
) -> CallRecord:
    header = CallHeader(
        call_id="C0000000000AB",
        line="west",
        direction=Direction.INBOUND if kept else Direction.OUTBOUND,
        started_us=NOW_US,
        called="100",
        jobs=() if kept else (CallJob(job_id="J0000000000AB", pages=pages, done=first_pages(first - 1)),),
    )
    timed = tuple(TimedEvent(at_s=5.0 + number, event=event) for number, event in enumerate(events))
    return CallRecord(header=header, events=timed, pages=kept, result=result)


@pytest.mark.parametrize(
    ("events", "first", "outcome", "confirmed", "unconfirmed"),
    [
        ((), 1, Outcome.INTERRUPTED, 0, None),
        ((PageStarted(page=1),), 1, Outcome.INTERRUPTED, 0, None),
        ((sent(1),), 1, Outcome.INTERRUPTED, 0, 1),
        ((sent(1), heard(1)), 1, Outcome.INTERRUPTED, 1, None),
        ((sent(1), heard(1), sent(2)), 1, Outcome.INTERRUPTED, 1, 2),
        ((sent(1), heard(1), sent(2), heard(2), sent(3)), 1, Outcome.UNCERTAIN, 2, 3),
        ((sent(1), heard(1), sent(2), heard(2), sent(3), heard(3)), 1, Outcome.DELIVERED, 3, None),
        # the command was repeated, and is still unanswered
        ((sent(1), sent(1), sent(1)), 1, Outcome.INTERRUPTED, 0, 1),
        # refused is an answer; sent again, it is open again
        ((sent(1), refused(1)), 1, Outcome.INTERRUPTED, 0, None),
        ((sent(1), refused(1), sent(1)), 1, Outcome.INTERRUPTED, 0, 1),
        ((sent(1), refused(1), sent(1), heard(1)), 1, Outcome.INTERRUPTED, 1, None),
        # the second call of a job, which began at its last page
        ((sent(3),), 3, Outcome.UNCERTAIN, 0, 3),
        ((sent(3), refused(3)), 3, Outcome.INTERRUPTED, 0, None),
        ((sent(3), heard(3)), 3, Outcome.DELIVERED, 1, None),
        # DIS in answer to EOM: page 3 went out again although it may have arrived, whatever is then heard of the second copy
        ((sent(3), PageStarted(page=3)), 3, Outcome.UNCERTAIN, 0, 3),
        ((sent(3), PageStarted(page=3), sent(3), refused(3)), 3, Outcome.UNCERTAIN, 0, 3),
        ((sent(3), PageStarted(page=3), sent(3), refused(3), sent(3), heard(3)), 3, Outcome.DELIVERED, 1, None),
        # page 2 was passed over: it alone is outstanding, and it was answered
        ((sent(1), heard(1), sent(2), refused(2), sent(3), heard(3)), 1, Outcome.INTERRUPTED, 2, None),
        ((sent(1), heard(1), sent(2), refused(2), sent(3)), 1, Outcome.INTERRUPTED, 1, 3),
    ],
)
def test_an_outbound_call_without_a_result(
    events: tuple[CallEvent, ...], first: int, outcome: Outcome, confirmed: int, unconfirmed: int | None
) -> None:
    result = settle(record(*events, first=first))
    assert (result.outcome, result.confirmed_pages, result.unconfirmed_page) == (outcome, confirmed, unconfirmed)


def test_a_page_that_went_out_twice_is_named_though_it_was_confirmed() -> None:
    result = settle(record(sent(3), PageStarted(page=3), sent(3), heard(3), first=3))
    assert (result.outcome, "Page 3 may have arrived twice" in result.detail) == (Outcome.DELIVERED, True)
    assert "twice" not in settle(record(PageStarted(page=3), sent(3), heard(3), first=3)).detail


def test_what_the_line_said_itself_holds() -> None:
    said = CallResult(outcome=Outcome.BUSY)
    assert settle(record(sent(1), result=said)) == said


def test_what_was_known_of_the_call_is_kept() -> None:
    result = settle(
        record(
            RemoteIdentified(station_id="+49 1", abilities=""),
            TrainingFailed(modulation="V.17", bit_rate=14400),
            Trained(modulation="V.17", bit_rate=12000),
        )
    )
    assert (result.station_id, result.modulation, result.bit_rate, result.seconds) == ("+49 1", "V.17", 12000, 7.0)


def kept(index: int, *, confirmed: bool) -> KeptPage:
    facts = PageFacts(rows=1143, width_px=1728, resolution=Resolution.STANDARD, bad_rows=index)
    return KeptPage(
        index=index, path=Path(f"{index}.t6"), digest=f"{index}" * 64, size=99, facts=facts, confirmed=confirmed
    )


def test_every_page_that_an_incoming_call_left_is_in_its_fax() -> None:
    call = record(
        RemoteIdentified(station_id="CSI", abilities=""), kept=(kept(0, confirmed=True), kept(1, confirmed=False))
    )
    (fax,) = inbound_faxes(call, tuple(received_page(page, page) for page in call.pages), NOW_US + MINUTE_US)
    assert (fax.id, fax.call_id, fax.called, fax.station_id) == ("F0000000000AB", "C0000000000AB", "100", "CSI")
    assert fax.outcome is Outcome.INTERRUPTED
    assert [(page.blob.digest[0], page.confirmed, page.bad_rows) for page in fax.pages] == [
        ("0", True, 0),
        ("1", False, 1),
    ]
    assert fax.finished_us == NOW_US + MINUTE_US


def test_an_incoming_call_that_came_to_its_end_says_so() -> None:
    ended = CallResult(
        outcome=Outcome.RECEIVED, confirmed=frozenset({1}), station_id="CSI", bit_rate=9600, seconds=30.0
    )
    (fax,) = inbound_faxes(record(kept=(kept(0, confirmed=True),), result=ended), (), NOW_US)
    assert (fax.outcome, fax.bit_rate, fax.seconds_on_line) == (Outcome.RECEIVED, 9600, 30.0)
