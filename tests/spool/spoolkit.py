"""What the spool's tests share: a virtual clock, ids, submissions, documents; and children that are killed (`run_child`)."""

import itertools
import multiprocessing
import os
import random
import subprocess
import sys
import uuid
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.context import ForkServerContext
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from pathlib import Path

from mailfax.model.address import FaxAddress
from mailfax.model.call import CallResult, EndOfPageSent, PageConfirmed, PageReceived, RemoteIdentified
from mailfax.model.document import Document, DocumentPage, Fate, PartAccount
from mailfax.model.fax import InboundFax, ReceivedPage
from mailfax.model.ids import EPOCH_US, IdMaker, Kind
from mailfax.model.outcome import Outcome
from mailfax.model.page import PageBlob, Resolution
from mailfax.model.pageset import first_pages
from mailfax.model.submission import Notify, Recipient, Submission
from mailfax.spool.adopt import adopt_orphans
from mailfax.spool.blobs import BlobStore
from mailfax.spool.callfolder import CallFolder, CallHeader, CallJob, Direction, PageFacts
from mailfax.spool.records import DeliveryKind, NewDelivery
from mailfax.spool.retry import RetryPolicy, decide
from mailfax.spool.settings import SharedDatabase, SpoolSettings
from mailfax.spool.store import Store

DATABASE_URL = "database.url"
NOW_US = EPOCH_US + 1_000_000_000_000
MINUTE_US = 60_000_000
LATER_US = NOW_US + 60 * MINUTE_US  # when the server is started again


def ids() -> IdMaker:
    """Make ids that differ between processes, on a clock that only goes forward."""
    clock = itertools.count(NOW_US, 1000)
    return IdMaker(now_us=lambda: next(clock), random_bits=random.SystemRandom().getrandbits)


def settings_for(folder: Path) -> SpoolSettings:
    """Return the settings of a spool in this folder; on PostgreSQL where a file in it says so, for children too."""
    url = folder / DATABASE_URL
    shared = SharedDatabase(url=url.read_text(), node="west-wing") if url.exists() else None
    return SpoolSettings(directory=folder / "spool", reserve_bytes=0, shared=shared)


def open_store(folder: Path) -> Store:
    return Store(settings_for(folder), ids())


def recipient(number: str, notify: Notify = Notify.UNSET, orcpt: str = "") -> Recipient:
    return Recipient(address=FaxAddress(number=number, domain="fax.lan"), notify=notify, orcpt=orcpt)


def submission(submission_id: str, *recipients: Recipient, digest: str = "00") -> Submission:
    return Submission(
        id=submission_id,
        received_us=NOW_US,
        sender="anna@office.lan",
        client="127.0.0.1",
        identity="anna",
        message_digest=digest,
        size=1234,
        subject="Grüße",
        message_id="<1@office.lan>",
        envid="QQ",
        return_full=True,
        recipients=recipients or (recipient("5551234"),),
    )


def document(pages: int) -> Document:
    blob = PageBlob(digest="ab" * 32, resolution=Resolution.FINE, width_px=1728, rows=2287, size=5000)
    account = (PartAccount(name="letter.pdf", content_type="application/pdf", fate=Fate.FAXED, first_page=1),)
    return Document(pages=(DocumentPage(fine=blob, standard=blob),) * pages, account=account)


def inbound(fax_id: str = "F000000000001", call_id: str = "C000000000001") -> InboundFax:
    blob = PageBlob(digest="cd" * 32, resolution=Resolution.STANDARD, width_px=1728, rows=1143, size=999)
    return InboundFax(
        id=fax_id,
        call_id=call_id,
        line="west",
        called="100",
        caller="5559999",
        caller_name="Berta",
        station_id="+49 555 9999",
        started_us=NOW_US,
        finished_us=NOW_US + MINUTE_US,
        outcome=Outcome.RECEIVED,
        pages=(ReceivedPage(blob=blob, confirmed=True, bad_rows=2),),
        seconds_on_line=41.5,
        bit_rate=14400,
    )


def mail(recipient_mailbox: str = "anna@office.lan", kind: DeliveryKind = DeliveryKind.NOTICE) -> NewDelivery:
    return NewDelivery(kind=kind, recipient=recipient_mailbox, sender="", message_digest="ef" * 32)


def queue_job(store: Store, number: str = "5551234", pages: int = 3, now_us: int = NOW_US, subaddress: str = "") -> str:
    """Bring one job as far as a line can take it; returns its id."""
    address = FaxAddress(number=number, domain="fax.lan", subaddress=subaddress)
    one = replace(recipient(number), address=address)
    (job,) = store.accept(submission(store.new_id(Kind.MAIL), one), [number], now_us).jobs
    claimed = store.claim_render(now_us)
    assert claimed is not None
    assert claimed.id == job.submission_id
    store.set_document(claimed.id, document(pages), now_us)
    return job.id


# -- children ---------------------------------------------------------------------------------------------------------


def claim_all(folder: Path, together: Barrier, claimed: "SimpleQueue[list[str]]") -> None:
    """Claim jobs until there are none, beginning when all others do."""
    store, job_ids = open_store(folder), []
    together.wait()
    while (claim := store.claim_job(str(os.getpid()), NOW_US)) is not None:
        job_ids.append(claim.job.id)
    store.close()
    claimed.put(job_ids)


def run_child(story: str, folder: Path, crash_at: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run a story in a process group of its own and wait for its end, by itself or by SIGKILL.

    The process is forked from the warm server that render children come from too, so it costs milliseconds and no imports.
    """
    said = folder / f"said-{uuid.uuid4().hex}"
    child = forked().Process(target=_tell, args=(story, folder, crash_at, said))
    child.start()
    child.join(60)
    assert child.exitcode is not None, f"the story {story} does not end"
    words = said.read_text()
    said.unlink()
    return subprocess.CompletedProcess(args=story, returncode=child.exitcode, stdout=words, stderr=words)


def forked() -> ForkServerContext:
    """Return what makes processes in milliseconds."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["mailfax.warm"])
    return context


def _tell(story: str, folder: Path, crash_at: str | None, said: Path) -> None:
    """Tell a story in the child: what it prints, and what it dies of, goes to a file."""
    os.setsid()
    os.environ.pop("MAILFAX_CRASH_AT", None)
    if crash_at is not None:
        os.environ["MAILFAX_CRASH_AT"] = crash_at
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    out = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(out, 1)
    os.dup2(out, 2)
    STORIES[story](folder)


def accept_story(folder: Path) -> None:
    """A mail comes in; the id is printed where the 250 would be said."""
    store, blobs = open_store(folder), BlobStore(settings_for(folder))
    mail_id = store.new_id(Kind.MAIL)
    digest = blobs.put(b"From: anna\r\n\r\nHello")
    store.accept(submission(mail_id, recipient("5551234"), digest=digest), ["5551234"], NOW_US)
    print("250", mail_id, flush=True)
    store.claim_render(NOW_US)
    store.set_document(mail_id, document(3), NOW_US)
    print("rendered", flush=True)


def call_story(folder: Path) -> None:
    """A queued job of three pages is sent; what the far machine confirmed is printed as it is."""
    store = open_store(folder)
    claim = store.claim_job("west", LATER_US)
    assert claim is not None
    header = CallHeader(
        call_id=claim.call_id,
        line="west",
        direction=Direction.OUTBOUND,
        started_us=NOW_US,
        number=claim.job.number,
        jobs=(CallJob(job_id=claim.job.id, pages=3, done=claim.job.confirmed),),
    )
    call = CallFolder.create(settings_for(folder).calls, header)
    print("dialling", flush=True)
    call.journal(RemoteIdentified(station_id="5551234", abilities="V.17"), 4.0)
    left = first_pages(3) - claim.job.confirmed
    for page in sorted(left):
        call.journal(EndOfPageSent(page=page, command="EOP" if page == 3 else "MPS", last=page == 3), 10.0 * page)
        print("on line", page, flush=True)
        call.journal(PageConfirmed(page=page, answer="MCF"), 10.0 * page + 1)
    result = CallResult(outcome=Outcome.DELIVERED, confirmed=left)
    call.finish(result)
    store.record_call(claim.call_id, claim.job.id, result, decide(claim.job, result, NOW_US, RetryPolicy()), NOW_US)


def receive_story(folder: Path) -> None:
    """A fax of two pages comes in; a page's number is printed where its MCF would be said."""
    header = CallHeader(
        call_id="C00000000000A",
        line="west",
        direction=Direction.INBOUND,
        started_us=NOW_US,
        called="100",
        caller="5559999",
    )
    call = CallFolder.create(settings_for(folder).calls, header)
    for index in range(2):
        facts = PageFacts(rows=1143, width_px=1728, resolution=Resolution.STANDARD)
        call.keep_page(index, b"page %d" % (index + 1), facts)
        call.journal(PageReceived(page=index + 1, rows=1143, bad_rows=0, confirmed=True), 20.0)
        print("MCF", index + 1, flush=True)
    call.finish(CallResult(outcome=Outcome.RECEIVED, confirmed=frozenset({1, 2})))


def adopt_story(folder: Path) -> None:
    """The server starts and takes over what lines left."""
    store, blobs = open_store(folder), BlobStore(settings_for(folder))
    adopt_orphans(store, blobs, settings_for(folder).calls, policy=RetryPolicy(), now_us=NOW_US)


def mail_story(folder: Path) -> None:
    """A finished job's sender is told and a received fax is routed; then every mail is delivered."""
    store = open_store(folder)
    if (untold := store.next_unnotified()) is not None:
        store.notified([story.job.id for story in untold.stories], [mail()], NOW_US)
    if (fax := store.next_unrouted_fax()) is not None:
        store.route_fax(fax.id, [mail("berta@office.lan", DeliveryKind.FAX)], "DID 100", NOW_US)
    while (delivery := store.claim_delivery(LATER_US)) is not None:
        print("mailed", delivery.recipient, flush=True)
        store.delivery_done(delivery.id, "250 OK", NOW_US)


def open_story(folder: Path) -> None:
    """Open the spool, schema and all, and close it."""
    open_store(folder).close()


def fork_story(folder: Path) -> None:
    """Open a store, fork, and use it in the child."""
    store = open_store(folder)
    child = os.fork()
    if child == 0:
        try:
            store.jobs()
        except RuntimeError:
            print("refused", flush=True)
        os._exit(0)
    os.waitpid(child, 0)


STORIES: dict[str, Callable[[Path], None]] = {
    "accept": accept_story,
    "call": call_story,
    "receive": receive_story,
    "adopt": adopt_story,
    "mail": mail_story,
    "open": open_story,
    "fork": fork_story,
}
