"""Calls whose folder is damaged: what came in whole is delivered, what is missing is named, and the folder stays."""

from pathlib import Path

import pytest
from PIL import Image
from spoolkit import LATER_US, NOW_US, queue_job, settings_for

from mailfax.model.call import CallResult, PageConfirmed, PageReceived
from mailfax.model.fax import InboundFax, Kept
from mailfax.model.job import JobState
from mailfax.model.outcome import Outcome
from mailfax.model.page import Resolution
from mailfax.spool import callfolder
from mailfax.spool.adopt import Adopted, adopt_inbound, adopt_orphans
from mailfax.spool.blobs import BlobStore
from mailfax.spool.callfolder import CallFolder, CallFolderDamaged, CallHeader, CallJob, Direction, PageFacts
from mailfax.spool.lostpage import LOST_RESOLUTION, LOST_ROWS, LOST_WIDTH_PX, lost_page
from mailfax.spool.retry import RetryPolicy
from mailfax.spool.store import Store
from mailfax.t4codec.tiff import T6Page, write_t6_tiff

FACTS = PageFacts(rows=1143, width_px=1728, resolution=Resolution.STANDARD)
HALF = PageFacts(rows=500, width_px=1728, resolution=Resolution.STANDARD)


class Start:
    """The server at its start, as often as a test likes, with one call folder of a received fax of three pages.

    Page 2 came in two blocks (ECM), so that its first block was kept before the whole of it.
    """

    def __init__(self, folder: Path, store: Store, blobs: BlobStore) -> None:
        self.store, self.blobs, self.calls = store, blobs, settings_for(folder).calls
        header = CallHeader(
            call_id="C00000000000A", line="west", direction=Direction.INBOUND, started_us=NOW_US, called="100"
        )
        call = CallFolder.create(self.calls, header)
        call.keep_page(0, b"page 1", FACTS)
        call.journal(PageReceived(page=1, rows=1143, bad_rows=0, confirmed=True), 10.0)
        call.keep_page(1, b"pa", HALF)
        call.keep_page(1, b"page 2", FACTS)
        call.journal(PageReceived(page=2, rows=1143, bad_rows=0, confirmed=True), 20.0)
        call.keep_page(2, b"page 3", FACTS)
        call.journal(PageReceived(page=3, rows=1143, bad_rows=0, confirmed=True), 30.0)
        call.finish(CallResult(outcome=Outcome.RECEIVED, confirmed=frozenset({1, 2, 3})))
        call.close()
        self.path = call.path

    def adopt(self) -> Adopted:
        return adopt_orphans(self.store, self.blobs, self.calls, policy=RetryPolicy(), now_us=LATER_US)

    def fax(self) -> InboundFax:
        """Adopt twice, as two starts do, and return the one fax that is there; the folder stays."""
        assert self.adopt().damaged == (self.path,)
        assert self.adopt().damaged == (self.path,)
        assert self.path.is_dir()
        (fax,) = self.store.faxes()
        return fax

    def content(self, fax: InboundFax) -> list[bytes]:
        return [self.blobs.get(page.blob.digest) for page in fax.pages]


@pytest.fixture
def start(tmp_path: Path, store: Store, blobs: BlobStore) -> Start:
    return Start(tmp_path, store, blobs)


def test_a_whole_folder_becomes_a_fax_and_goes(start: Start) -> None:
    assert start.adopt().fax_ids == ("F00000000000A",)
    (fax,) = start.store.faxes()
    assert start.content(fax) == [b"page 1", b"page 2", b"page 3"]
    assert {page.kept for page in fax.pages} == {Kept.WHOLE}
    assert not start.path.exists()


@pytest.mark.parametrize("damage", ["changed", "gone"])
def test_the_good_pages_of_a_fax_are_delivered_and_the_bad_one_is_crossed_out(start: Start, damage: str) -> None:
    page = start.path / "0003-4.t6"
    assert page.read_bytes() == b"page 3"
    page.unlink() if damage == "gone" else page.write_bytes(b"page ?")
    fax = start.fax()
    assert start.content(fax) == [b"page 1", b"page 2", lost_page()]
    assert [page.kept for page in fax.pages] == [Kept.WHOLE, Kept.WHOLE, Kept.LOST]
    assert (fax.outcome, fax.called) == (Outcome.RECEIVED, "100")


def test_a_page_whose_last_copy_is_damaged_comes_as_it_was_kept_before(start: Start) -> None:
    (start.path / "0002-3.t6").write_bytes(b"")
    fax = start.fax()
    assert start.content(fax) == [b"page 1", b"pa", b"page 3"]
    assert [page.kept for page in fax.pages] == [Kept.WHOLE, Kept.EARLIER, Kept.WHOLE]
    assert (fax.pages[1].blob.rows, fax.pages[1].confirmed) == (500, True)


def test_a_fax_that_lost_every_page_still_has_pages_to_tell_of(start: Start) -> None:
    for page in start.path.glob("*.t6"):
        page.unlink()
    fax = start.fax()
    assert start.content(fax) == [lost_page()] * 3


def test_a_line_process_that_meets_the_damage_keeps_the_folder_too(start: Start) -> None:
    (start.path / "0001-1.t6").unlink()
    with pytest.raises(CallFolderDamaged, match=r"0001-1\.t6"):
        adopt_inbound(start.store, start.blobs, callfolder.read(start.path), NOW_US)
    (fax,) = start.store.faxes()
    assert start.content(fax) == [lost_page(), b"page 2", b"page 3"]


def test_an_event_of_another_version_withholds_no_page(start: Start) -> None:
    journal = start.path / "journal.jsonl"
    journal.write_bytes(journal.read_bytes().replace(b'"PageReceived","page":3', b'"PageBurnt","page":3'))
    fax = start.fax()
    assert start.content(fax) == [b"page 1", b"page 2", b"page 3"]
    assert [page.confirmed for page in fax.pages] == [True, True, False]


def test_a_page_of_which_no_line_tells_any_more_is_crossed_out(start: Start) -> None:
    journal = start.path / "journal.jsonl"
    lines = journal.read_bytes().split(b"\n")
    (told,) = (number for number, line in enumerate(lines) if b"0003-4.t6" in line)
    lines[told] = b"\0" * len(lines[told])
    journal.write_bytes(b"\n".join(lines))
    fax = start.fax()
    assert start.content(fax) == [b"page 1", b"page 2", lost_page()]
    assert [page.confirmed for page in fax.pages] == [True, True, True]


def test_a_first_block_of_which_no_line_tells_takes_no_page_from_its_place(start: Start) -> None:
    journal = start.path / "journal.jsonl"
    journal.write_bytes(journal.read_bytes().replace(b"0002-2.t6", b"0002\xff2.t6"))
    assert start.content(start.fax()) == [b"page 1", b"page 2", b"page 3"]


@pytest.mark.parametrize("name", ["header.json", "journal.jsonl"])
def test_a_file_that_is_gone_altogether_withholds_nothing_more_than_it_said(start: Start, name: str) -> None:
    (start.path / name).unlink()
    fax = start.fax()
    assert len(fax.pages) == 3
    if name == "header.json":
        assert start.content(fax) == [b"page 1", b"page 2", b"page 3"]
        assert fax.called == ""  # so it goes to the catch-all
    else:
        assert [page.kept for page in fax.pages] == [Kept.LOST] * 3


def test_an_outgoing_call_with_a_word_that_nobody_knows_is_uncertain_and_stops_no_start(
    tmp_path: Path, store: Store, blobs: BlobStore
) -> None:
    job_id = queue_job(store)
    claim = store.claim_job("west", LATER_US)
    assert claim is not None
    header = CallHeader(
        call_id=claim.call_id,
        line="west",
        direction=Direction.OUTBOUND,
        started_us=NOW_US,
        jobs=(CallJob(job_id=job_id, pages=3),),
    )
    call = CallFolder.create(settings_for(tmp_path).calls, header)
    call.journal(PageConfirmed(page=1, answer="MCF"), 10.0)
    call.close()
    journal = call.path / "journal.jsonl"
    journal.write_bytes(journal.read_bytes().replace(b"PageConfirmed", b"PageBurnt"))
    calls = settings_for(tmp_path).calls
    adopted = adopt_orphans(store, blobs, calls, policy=RetryPolicy(), now_us=LATER_US)
    assert adopted.damaged == (call.path,)
    job = store.job(job_id)
    assert job is not None
    assert job.state is JobState.UNCERTAIN


def test_what_a_damaged_call_fetched_is_delivered_all_the_same(tmp_path: Path, store: Store, blobs: BlobStore) -> None:
    calls = settings_for(tmp_path).calls
    header = CallHeader(
        call_id="C00000000000A",
        line="west",
        direction=Direction.OUTBOUND,
        started_us=NOW_US,
        number="+15550100",
        mailbox="ann@example.org",
    )
    call = CallFolder.create(calls, header)
    call.keep_page(0, b"page 1", FACTS)
    call.journal(PageReceived(page=1, rows=1143, bad_rows=0, confirmed=True), 10.0)
    call.close()
    with (call.path / "journal.jsonl").open("ab") as journal:
        journal.write(b"nonsense\n")
    assert adopt_orphans(store, blobs, calls, policy=RetryPolicy(), now_us=LATER_US).damaged == (call.path,)
    (fax,) = store.faxes()
    assert (fax.mailbox, len(fax.pages)) == ("ann@example.org", 1)


def test_libtiff_reads_the_crossed_out_page(tmp_path: Path) -> None:
    page = T6Page(octets=lost_page(), width_px=LOST_WIDTH_PX, rows=LOST_ROWS, resolution=LOST_RESOLUTION)
    (tmp_path / "lost.tiff").write_bytes(write_t6_tiff([page]))
    with Image.open(tmp_path / "lost.tiff") as image:
        shown = image.convert("L")
    assert shown.size == (LOST_WIDTH_PX, LOST_ROWS)
    for x, y in [(2, 0), (1725, 0), (864, 571), (2, 1142), (1725, 1142)]:
        assert shown.getpixel((x, y)) == 0, (x, y)
    for x, y in [(864, 20), (864, 1120), (50, 571), (1678, 571)]:
        assert shown.getpixel((x, y)) == 255, (x, y)
