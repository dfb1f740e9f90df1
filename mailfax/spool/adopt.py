"""Takes calls over from their folders into rows: after every received call, and at start for what a crash left.

Called by the line process (its own calls) and by the server before lines start. Every step may be done twice or cut off anywhere:
blobs first, then the row, then the folder goes.
"""

import contextlib
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from mailfax.model.call import CallResult, PageConfirmed, PollServed
from mailfax.model.fax import InboundFax, Kept, ReceivedPage
from mailfax.model.outcome import Outcome
from mailfax.spool import callfolder
from mailfax.spool.blobs import BlobStore
from mailfax.spool.callfolder import CallFolderDamaged, CallRecord, Direction, KeptPage
from mailfax.spool.lostpage import stand_in
from mailfax.spool.records import Recovered
from mailfax.spool.recovery import inbound_faxes, received_page, settle_jobs
from mailfax.spool.retry import RetryPolicy, decide
from mailfax.spool.store import Store

_LOST = "The fax server that made this call is gone and has left no word of it; it may or may not have arrived."
_UNREADABLE = "The record of this call was damaged on disk; it may or may not have arrived."


@dataclass(frozen=True, kw_only=True, slots=True)
class Adopted:
    """What came of the orphans: jobs settled, faxes taken over, folders left for a person to look at, claims given back."""

    job_ids: tuple[str, ...]
    fax_ids: tuple[str, ...]
    damaged: tuple[Path, ...]
    recovered: Recovered


def adopt_orphans(
    store: Store, blobs: BlobStore, calls: Path, *, policy: RetryPolicy, now_us: int, line: str | None = None
) -> Adopted:
    """Settle every call (of one line, or of all) whose process died, and give back what else the dead had claimed.

    Calls that go on elsewhere are left alone.
    """
    job_ids: list[str] = []
    fax_ids: list[str] = []
    damaged: list[Path] = []
    for path in callfolder.orphans(calls, line):
        try:
            record = callfolder.read(path)
            match record.header.direction:
                case Direction.INBOUND:
                    fax_ids += [fax.id for fax in adopt_inbound(store, blobs, record, now_us)]
                case Direction.OUTBOUND:
                    if record.header.mailbox and record.pages:
                        fax_ids += [fax.id for fax in adopt_inbound(store, blobs, record, now_us)]
                    _record_jobs(store, record, policy, now_us)
                    job_ids += [job.job_id for job in record.header.jobs]
                case _:
                    assert_never(record.header.direction)
        except CallFolderDamaged:
            damaged.append(path)
            _adopt_damaged(store, blobs, path, policy, now_us)
        else:
            callfolder.remove(path)
    job_ids += settle_lost(store, policy, now_us)
    return Adopted(
        job_ids=tuple(job_ids), fax_ids=tuple(fax_ids), damaged=tuple(damaged), recovered=store.recover(now_us)
    )


def settle_lost(store: Store, policy: RetryPolicy, now_us: int) -> tuple[str, ...]:
    """Call uncertain what a gateway had dialled that is not waited for any more; return the jobs.

    Its own record may still come, and then it counts.
    """
    settled: list[str] = []
    for call_id in store.lost_calls():
        result = CallResult(outcome=Outcome.UNCERTAIN, detail=_LOST)
        for job in store.jobs_of_call(call_id):
            decision = decide(job, result, now_us, policy)
            store.record_call(call_id, job.id, result, decision, now_us, guessed=True)
            settled.append(job.id)
    return tuple(settled)


def adopt_inbound(store: Store, blobs: BlobStore, record: CallRecord, now_us: int) -> tuple[InboundFax, ...]:
    """Take the faxes of a call over: their pages as blobs, then their rows. The caller removes the folder afterwards.

    Raises CallFolderDamaged when a page is no longer what was kept: the fax is taken over all the same, with what is left
    and a word about the page, and the folder is to stay for a person.
    """
    pages = tuple(_safe_page(blobs, page) for page in record.pages)
    for poll in (timed.event for timed in record.events if isinstance(timed.event, PollServed)):
        who = poll.station_id or record.header.caller or "an unnamed machine"
        confirmed = sum(isinstance(timed.event, PageConfirmed) for timed in record.events)
        why = f"by {who}, {confirmed} page(s) confirmed"
        store.offer_fetched(poll.label, record.header.call_id, why, now_us)
        if not record.pages:
            return ()  # the caller came to fetch, and left nothing
    faxes = inbound_faxes(record, pages, now_us)
    for fax in faxes:
        store.add_fax(fax, now_us)
    changed = [page.path for page, safe in zip(record.pages, pages, strict=True) if safe.kept is not Kept.WHOLE]
    if changed:
        raise CallFolderDamaged(f"{', '.join(map(str, changed))}: not the page that was received")
    return faxes


def _safe_page(blobs: BlobStore, page: KeptPage) -> ReceivedPage:
    """Put the last copy of a page that is still what was kept, or a crossed-out page in its place."""
    copy: KeptPage | None = page
    while copy is not None:
        with contextlib.suppress(OSError):
            octets = copy.path.read_bytes()
            if hashlib.sha256(octets).hexdigest() == copy.digest:
                blobs.put(octets)
                return received_page(page, copy)
        copy = copy.earlier
    return stand_in(blobs, confirmed=page.confirmed)


def _adopt_damaged(store: Store, blobs: BlobStore, path: Path, policy: RetryPolicy, now_us: int) -> None:
    """Do what can be done for a call whose folder stays for a person: deliver what came in, settle what went out."""
    record = callfolder.salvage(path)
    match record.header.direction:
        case Direction.INBOUND:
            with contextlib.suppress(CallFolderDamaged):
                adopt_inbound(store, blobs, record, now_us)
        case Direction.OUTBOUND:
            if record.header.mailbox and record.pages:
                with contextlib.suppress(CallFolderDamaged):
                    adopt_inbound(store, blobs, record, now_us)
            _settle_unreadable(store, path.name, policy, now_us)
        case _:
            assert_never(record.header.direction)


def _settle_unreadable(store: Store, call_id: str, policy: RetryPolicy, now_us: int) -> None:
    """No job stays on a line for ever: what cannot be read is uncertain. The folder stays where it is."""
    result = CallResult(outcome=Outcome.UNCERTAIN, detail=_UNREADABLE)
    for job in store.jobs_of_call(call_id):
        store.record_call(call_id, job.id, result, decide(job, result, now_us, policy), now_us)


def _record_jobs(store: Store, record: CallRecord, policy: RetryPolicy, now_us: int) -> None:
    """Settle each job of a call by what was said of its own pages."""
    call_id = record.header.call_id
    for sent, result in zip(record.header.jobs, settle_jobs(record), strict=True):
        job = store.job(sent.job_id)
        if job is not None:
            store.record_call(call_id, job.id, result, decide(job, result, now_us, policy), now_us)
