"""Several jobs in one call: claimed together, settled each by what its own pages were told, also after a crash."""

from pathlib import Path

import pytest
from spoolkit import LATER_US, MINUTE_US, NOW_US, document, queue_job, settings_for, submission

from mailfax.model.address import FaxAddress
from mailfax.model.call import (
    CallEvent,
    CallResult,
    DocumentArriving,
    DocumentBegun,
    DocumentResult,
    EndOfPageSent,
    PageConfirmed,
    PageReceived,
    RemoteIdentified,
)
from mailfax.model.ids import Kind
from mailfax.model.job import JobState
from mailfax.model.outcome import Outcome
from mailfax.model.page import Resolution
from mailfax.model.pageset import NO_PAGES
from mailfax.model.poll import PollRequest
from mailfax.model.submission import Recipient
from mailfax.spool.adopt import adopt_orphans
from mailfax.spool.blobs import BlobStore
from mailfax.spool.callfolder import CallFolder, CallHeader, CallJob, Direction, PageFacts
from mailfax.spool.records import Batch, Claim, Share
from mailfax.spool.retry import RetryPolicy, decide
from mailfax.spool.store import Store

MANY = Batch(max_jobs=3, max_pages=7)


def ids_of(claim: Claim | None) -> list[str]:
    return [part.job.id for part in claim.parts] if claim else []


def test_what_is_due_for_a_number_goes_in_one_call(store: Store) -> None:
    first, second, later = queue_job(store), queue_job(store), queue_job(store, now_us=NOW_US + MINUTE_US)
    other = queue_job(store, "5559999")
    assert ids_of(store.claim_job("west", NOW_US, MANY)) == [first, second]
    assert ids_of(store.claim_job("east", NOW_US, MANY)) == [other]
    assert store.claim_job("north", NOW_US + MINUTE_US, MANY) is None, (
        "a second line calls a number that is being called"
    )
    job = store.job(later)
    assert job is not None
    assert job.state is JobState.QUEUED


@pytest.mark.parametrize(
    ("pages", "together"),
    [((3, 3, 3), 2), ((1, 1, 1, 1), 3), ((9, 1), 1), ((1, 9, 1), 1)],
    ids=["pages", "jobs", "a long one goes alone", "order is kept"],
)
def test_a_call_takes_no_more_than_it_may(store: Store, pages: tuple[int, ...], together: int) -> None:
    queued = [queue_job(store, pages=count) for count in pages]
    assert ids_of(store.claim_job("west", NOW_US, MANY)) == queued[:together]


def test_a_job_that_its_call_did_not_reach_waits_as_if_nothing_had_been(store: Store) -> None:
    first, second = queue_job(store), queue_job(store)
    claim = store.claim_job("west", NOW_US, MANY)
    assert claim is not None
    one = DocumentResult(
        outcome=Outcome.CALL_DROPPED,
        confirmed=frozenset({1}),
        passed_over=NO_PAGES,
        unconfirmed_page=2,
        seconds=9.0,
        detail="",
    )
    result = CallResult(outcome=Outcome.CALL_DROPPED, confirmed=frozenset({1}), unconfirmed_page=2, documents=(one,))
    for part, own in zip(claim.parts, result.of_each(2), strict=True):
        decision = decide(part.job, own, NOW_US, RetryPolicy())
        for _ in range(2):
            store.record_call(claim.call_id, part.job.id, own, decision, NOW_US)
    begun, waiting = store.job(first), store.job(second)
    assert begun is not None
    assert waiting is not None
    assert (begun.state, begun.confirmed_pages, begun.dials) == (JobState.QUEUED, 1, 1)
    assert (waiting.state, waiting.confirmed_pages, waiting.dials, waiting.tries) == (JobState.QUEUED, 0, 0, 0)
    assert store.attempts(second) == ()
    assert ids_of(store.claim_job("west", NOW_US, MANY)) == [second]


SENT_1 = [EndOfPageSent(page=1, command="EOM", last=True)]
HEARD_1 = [*SENT_1, PageConfirmed(page=1, answer="MCF")]
BEGUN_2: list[CallEvent] = [*HEARD_1, DocumentBegun(document=1, label="J2", page=1)]
SENT_2 = [*BEGUN_2, EndOfPageSent(page=1, command="EOP", last=True)]
D, Q, U = JobState.DELIVERED, JobState.QUEUED, JobState.UNCERTAIN


@pytest.mark.parametrize(
    ("events", "states", "dials"),
    [
        ([], (Q, Q), (1, 0)),
        (SENT_1, (U, Q), (1, 0)),
        (HEARD_1, (D, Q), (1, 0)),
        (BEGUN_2, (D, Q), (1, 1)),
        (SENT_2, (D, U), (1, 1)),
        ([*SENT_2, PageConfirmed(page=1, answer="MCF")], (D, D), (1, 1)),
    ],
    ids=["dialling", "EOM out", "EOM confirmed", "second begun", "EOP out", "EOP confirmed"],
)
def test_a_crash_settles_each_job_by_its_own_pages(
    tmp_path: Path,
    store: Store,
    blobs: BlobStore,
    events: list[CallEvent],
    states: tuple[JobState, JobState],
    dials: tuple[int, int],
) -> None:
    both = queue_job(store, pages=1), queue_job(store, pages=1)
    claim = store.claim_job("west", NOW_US, MANY)
    assert claim is not None
    header = CallHeader(
        call_id=claim.call_id,
        line="west",
        direction=Direction.OUTBOUND,
        started_us=NOW_US,
        jobs=tuple(CallJob(job_id=job_id, pages=1) for job_id in both),
    )
    folder = CallFolder.create(settings_for(tmp_path).calls, header)
    for number, event in enumerate(events):
        folder.journal(event, float(number))
    folder.close()
    for _ in range(2):
        adopt_orphans(store, blobs, settings_for(tmp_path).calls, policy=RetryPolicy(), now_us=LATER_US)
    jobs = [store.job(job_id) for job_id in both]
    assert tuple(job and job.state for job in jobs) == states
    assert tuple(job and job.dials for job in jobs) == dials


def test_a_claim_that_never_came_to_dialling_gives_all_its_jobs_back(tmp_path: Path, store: Store) -> None:
    both = {queue_job(store), queue_job(store)}
    store.claim_job("west", NOW_US, MANY)
    store.close()
    again = Store(settings_for(tmp_path), store.new_id)
    assert again.recover(NOW_US).jobs == 2
    assert {job.id for job in again.jobs([JobState.QUEUED])} == both
    assert {job.dials for job in again.jobs()} == {0}
    again.close()


def test_the_documents_of_a_call_are_faxes_of_their_own(tmp_path: Path, store: Store, blobs: BlobStore) -> None:
    header = CallHeader(call_id="C00000000000A", line="west", direction=Direction.INBOUND, started_us=NOW_US)
    folder = CallFolder.create(settings_for(tmp_path).calls, header)
    facts = PageFacts(rows=1143, width_px=1728, resolution=Resolution.STANDARD)
    folder.journal(RemoteIdentified(station_id="111", abilities="any"), 9.0)
    for page, confirmed in ((1, True), (2, True), (3, False)):
        if page == 2:
            folder.journal(RemoteIdentified(station_id="222", abilities="another resolution"), 20.0)
            folder.journal(DocumentArriving(document=1, page=2, station_id="222"), 20.0)
        folder.keep_page(page - 1, b"page %d" % page, facts)
        folder.journal(PageReceived(page=page, rows=1143, bad_rows=0, confirmed=confirmed), 20.0 + page)
    folder.close()
    for _ in range(2):
        adopt_orphans(store, blobs, settings_for(tmp_path).calls, policy=RetryPolicy(), now_us=LATER_US)
    second, first = store.faxes()
    assert (first.id, first.document, first.outcome) == ("F00000000000A", 0, Outcome.RECEIVED)
    assert (second.id, second.document, second.outcome) == ("F00000000000B", 1, Outcome.INTERRUPTED)
    assert [len(fax.pages) for fax in (first, second)] == [1, 2]
    assert [fax.station_id for fax in (first, second)] == ["111", "222"]  # a gateway calls for many people


def test_one_number_with_two_subaddresses_is_two_jobs_in_one_call(store: Store) -> None:
    first = Recipient(address=FaxAddress(number="5551234", domain="fax.lan", subaddress="11"))
    second = Recipient(address=FaxAddress(number="5551234", domain="fax.lan", subaddress="22"))
    mail = submission(store.new_id(Kind.MAIL), first, second, first)
    made = store.accept(mail, ["5551234"] * 3, NOW_US).jobs
    assert [job.recipient.address.subaddress for job in made] == ["11", "22"]
    assert store.claim_render(NOW_US) == mail
    store.set_document(mail.id, document(1), NOW_US)
    claim = store.claim_job("west", NOW_US, MANY)
    assert claim is not None
    assert [part.job.recipient.address.mailbox for part in claim.parts] == ["5551234#11@fax.lan", "5551234#22@fax.lan"]


def test_what_a_sender_called_itself_and_for_whom_it_is_are_kept_with_the_fax(
    tmp_path: Path, store: Store, blobs: BlobStore
) -> None:
    header = CallHeader(call_id="C00000000000A", line="west", direction=Direction.INBOUND, started_us=NOW_US)
    folder = CallFolder.create(settings_for(tmp_path).calls, header)
    folder.journal(DocumentArriving(document=0, page=1, subaddress="1387", sender_id="me"), 9.0)
    folder.keep_page(0, b"page 1", PageFacts(rows=1143, width_px=1728, resolution=Resolution.STANDARD))
    folder.close()
    adopt_orphans(store, blobs, settings_for(tmp_path).calls, policy=RetryPolicy(), now_us=LATER_US)
    (fax,) = store.faxes()
    assert (fax.subaddress, fax.sender_id, fax.document) == ("1387", "me", 0)


def test_a_poll_is_a_call_of_its_own_and_its_crash_loses_no_page(
    tmp_path: Path, store: Store, blobs: BlobStore
) -> None:
    """What came is the asker's, what did not is asked for again."""
    other = queue_job(store)
    address = FaxAddress(number="5551234", domain="fax.lan")
    mail = submission(store.new_id(Kind.MAIL), Recipient(address=address))
    job = store.order_poll(mail, "5551234", PollRequest(selector="77"), NOW_US)
    sending = store.claim_job("west", NOW_US, MANY)
    assert sending is not None
    assert ids_of(sending) == [other], "a call that sends takes a poll with it"
    busy = CallResult(outcome=Outcome.BUSY)
    store.record_call(sending.call_id, other, busy, decide(sending.job, busy, NOW_US, RetryPolicy()), NOW_US)
    assert store.claim_job("west", NOW_US, MANY, Share(fetches=False)) is None
    claim = store.claim_job("west", NOW_US, MANY)
    assert claim is not None
    assert (claim.job.id, claim.job.poll, claim.parts[0].document.pages) == (job.id, PollRequest(selector="77"), ())
    header = CallHeader(
        call_id=claim.call_id,
        line="west",
        direction=Direction.OUTBOUND,
        started_us=NOW_US,
        number="5551234",
        mailbox="anna@office.lan",
        jobs=(CallJob(job_id=job.id, pages=0),),
    )
    folder = CallFolder.create(settings_for(tmp_path).calls, header)
    folder.keep_page(0, b"page 1", PageFacts(rows=1143, width_px=1728, resolution=Resolution.STANDARD))
    folder.journal(PageReceived(page=1, rows=1143, bad_rows=0, confirmed=True), 20.0)
    folder.close()
    for _ in range(2):
        adopt_orphans(store, blobs, settings_for(tmp_path).calls, policy=RetryPolicy(), now_us=LATER_US)
    (fax,) = store.faxes()
    assert (fax.mailbox, fax.caller, len(fax.pages), fax.outcome) == (
        "anna@office.lan",
        "5551234",
        1,
        Outcome.INTERRUPTED,
    )
    again = store.job(job.id)
    assert again is not None
    assert (again.state, again.outcome) == (JobState.QUEUED, Outcome.INTERRUPTED)
    assert decide(again, CallResult(outcome=Outcome.RECEIVED), NOW_US, RetryPolicy()).state is JobState.DELIVERED
