"""What is done with goes when its time is over, and nothing that still waits for anything does."""

from dataclasses import replace
from pathlib import Path

import msgspec
from spoolkit import NOW_US, inbound, mail, queue_job, recipient, submission

from mailfax.model.call import CallResult
from mailfax.model.job import JobState
from mailfax.model.outcome import Outcome
from mailfax.model.pageset import first_pages
from mailfax.spool.blobs import BlobStore
from mailfax.spool.orphans import OrphanHunt, blobs_stay
from mailfax.spool.records import DeliveryKind, Unnotified
from mailfax.spool.references import REFERENCES, Named, named
from mailfax.spool.retention import DAY_US, LOG, Content, expire
from mailfax.spool.retry import RetryPolicy, decide
from mailfax.spool.settings import SpoolSettings
from mailfax.spool.store import Store
from mailfax.spool.tables import metadata

DAYS = 30
NO_BLOBS = {("seen_proofs", "digest")}  # digests of something else
MUCH_LATER_US = NOW_US + 31 * DAY_US


def sent_fax(store: Store) -> str:
    """A fax that is delivered; its sender is not told yet."""
    job_id = queue_job(store)
    claim = store.claim_job("west", NOW_US)
    assert claim is not None
    result = CallResult(outcome=Outcome.DELIVERED, confirmed=first_pages(3))
    decision = decide(claim.job, result, NOW_US, RetryPolicy())
    store.record_call(claim.call_id, job_id, result, decision, NOW_US)
    return job_id


def told(store: Store) -> str:
    """Its sender is told; the notice is handed over."""
    untold = store.next_unnotified()
    assert isinstance(untold, Unnotified)
    store.notified(
        [story.job.id for story in untold.stories], [replace(mail(), submission_id=untold.submission.id)], NOW_US
    )
    delivery = store.claim_delivery(NOW_US)
    assert delivery is not None
    store.delivery_done(delivery.id, "250", NOW_US)
    return untold.submission.id


def removed(store: Store, now_us: int = MUCH_LATER_US) -> dict[Content, int]:
    return {content: expire(store, content, DAYS, now_us) for content in Content if content is not Content.RECORDS}


def test_a_fax_loses_its_content_step_by_step_only_when_all_of_it_is_over(store: Store) -> None:
    job_id = queue_job(store)
    assert not any(removed(store).values()), "it waits for a line"
    store.cancel(job_id, NOW_US)
    assert not any(removed(store).values()), "its sender has not been told"
    job = store.job(job_id)
    assert job is not None
    store.notified([job_id], [replace(mail(), submission_id=job.submission_id)], NOW_US)
    assert not any(removed(store).values()), "the notice is not handed over"
    delivery = store.claim_delivery(NOW_US)
    assert delivery is not None
    store.delivery_done(delivery.id, "250", NOW_US)
    assert not any(removed(store, NOW_US + 29 * DAY_US).values()), "its time is not over"
    before = set(store.read(lambda c: set(named(c))))
    assert removed(store) == {
        Content.MAILS: 1,
        Content.SENT_PAGES: 1,
        Content.RECEIVED_PAGES: 0,
        Content.OUTGOING: 1,
    }
    assert before
    assert store.read(lambda c: set(named(c))) == set()
    assert not any(removed(store).values()), "once"
    assert [step.why for step in store.history(job.submission_id)][-2:] == ["mail after 30 days", "pages after 30 days"]


def test_a_received_fax_keeps_its_pages_until_its_mailbox_has_it(store: Store) -> None:
    store.add_fax(inbound(), NOW_US)
    assert not any(removed(store).values())
    carries = replace(mail("berta@office.lan", DeliveryKind.FAX), fax_id="F000000000001")
    store.route_fax("F000000000001", [carries], "DID 100", NOW_US)
    assert not any(removed(store).values())
    delivery = store.claim_delivery(NOW_US)
    assert delivery is not None
    store.delivery_done(delivery.id, "250", NOW_US)
    assert removed(store)[Content.RECEIVED_PAGES] == 1
    fax = store.fax("F000000000001")
    assert fax is not None
    assert len(fax.pages) == 1, "the record knows how many there were"


def test_nothing_is_removed_where_it_is_kept_for_ever(store: Store) -> None:
    sent_fax(store)
    told(store)
    assert [expire(store, content, 0, MUCH_LATER_US * 2) for content in Content] == [0] * len(Content)


def test_records_go_whole_with_all_that_hangs_on_them_and_leave_a_word(store: Store) -> None:
    sent_fax(store)
    submission_id = told(store)
    store.add_fax(inbound(), NOW_US)
    store.route_fax("F000000000001", [], "nobody", NOW_US)
    waiting = queue_job(store, "5550000")
    assert expire(store, Content.RECORDS, DAYS, MUCH_LATER_US) == 2
    assert store.submission(submission_id) is None
    assert store.history(submission_id) == ()
    assert [job.id for job in store.jobs()] == [waiting]
    assert store.faxes() == ()
    assert store.deliveries() == ()
    (word,) = store.history(LOG)
    assert word.why == "records after 30 days: 1 mail(s) with 1 fax(es), 1 received fax(es)"


def test_a_mail_with_more_faxes_than_one_transaction_takes_goes_whole(store: Store) -> None:
    numbers = [f"555{number:04d}" for number in range(120)]
    made = store.accept(submission("M00000000000A", *map(recipient, numbers)), numbers, NOW_US).jobs
    for job in made:
        store.cancel(job.id, NOW_US)
    store.notified([job.id for job in made], [], NOW_US)
    assert expire(store, Content.RECORDS, DAYS, MUCH_LATER_US) == 1
    assert store.jobs() == ()
    assert store.submission("M00000000000A") is None


def test_every_column_that_can_name_a_blob_is_known_to_the_collector() -> None:
    listed = {(str(column.table), column.name) for column, _ in REFERENCES}  # type: ignore[attr-defined]
    digests = {
        (table.name, column.name)
        for table in metadata.sorted_tables
        for column in table.columns
        if table.name != "blobs"  # it does not name them, it has them
        and (column.name.endswith("digest") or _names_blobs(getattr(column.type, "kind", None)))
    }
    assert ("faxes", "pages") in digests, "the search finds what is inside JSON"
    assert digests - NO_BLOBS == listed


def _names_blobs(kind: object) -> bool:
    """Say whether a value of this type has a digest in it, however deep."""
    if kind is None:
        return False
    try:
        return '"digest"' in str(msgspec.json.encode(msgspec.json.schema(kind)))
    except TypeError:
        return False


# -- blobs without a row ----------------------------------------------------------------------------------------------


class Clock:
    """Seconds that the test moves."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def hunt(store: Store, blobs: BlobStore, folder: Path) -> tuple[OrphanHunt, Clock]:
    clock = Clock()
    return OrphanHunt(store, blobs, SpoolSettings(directory=folder / "spool", reserve_bytes=0), clock), clock


def test_a_blob_that_nobody_names_goes_at_the_second_look_an_hour_later(
    store: Store, blobs: BlobStore, tmp_path: Path
) -> None:
    looking, clock = hunt(store, blobs, tmp_path)
    orphan, wanted = blobs.put(b"orphan"), blobs.put(b"wanted")
    job_id = queue_job(store)
    store.notified([job_id], [], NOW_US)
    store.add_fax(inbound(), NOW_US)
    store.route_fax("F000000000001", [replace(mail(), message_digest=wanted)], "x", NOW_US)
    assert (looking.look().unnamed, looking.look().removed) == (1, 0)
    clock.now_s += 3599
    assert looking.look().removed == 0
    clock.now_s += 1
    assert looking.look().removed == 1
    assert not blobs.exists(orphan)
    assert blobs.exists(wanted)


def test_a_blob_that_is_put_again_between_two_looks_stays_for_the_row_that_is_to_come(
    store: Store, blobs: BlobStore, tmp_path: Path
) -> None:
    looking, clock = hunt(store, blobs, tmp_path)
    digest = blobs.put(b"seen before")
    looking.look()
    clock.now_s += 3600
    (found,) = blobs.stored()
    blobs.put(b"seen before")  # a mail that comes in now; its row is not committed yet
    assert not blobs.remove(found), "also where the hunt has looked already"
    assert looking.look().removed == 0
    assert blobs.exists(digest)


def test_nothing_is_removed_while_a_backup_runs(store: Store, blobs: BlobStore, tmp_path: Path) -> None:
    looking, clock = hunt(store, blobs, tmp_path)
    blobs.put(b"orphan")
    looking.look()
    clock.now_s += 3600
    with blobs_stay(SpoolSettings(directory=tmp_path / "spool", reserve_bytes=0)):
        assert looking.look().removed == 0
    assert looking.look().removed == 1


def test_names_are_told_apart_by_their_first_64_bits(store: Store) -> None:
    queue_job(store)
    found = store.read(Named)
    assert "ab" * 32 in found
    assert "ab" * 31 + "cd" in found, "kept for nothing, which costs space only"
    assert "cd" * 32 not in found


def test_a_delivered_fax_is_told_before_it_loses_anything(store: Store) -> None:
    job_id = sent_fax(store)
    job = store.job(job_id)
    assert job is not None
    assert job.state is JobState.DELIVERED
    assert not any(removed(store).values())
    told(store)
    assert removed(store)[Content.SENT_PAGES] == 1
