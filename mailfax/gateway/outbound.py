"""Jobs go out: from the claimed call to the recorded result of each job in it. Runs in the line's process, called by `lineworker`.

Order of durability (promise 2): the attempt is in the store before this begins (`Store.claim_job`), the call folder before
the number is dialled, each end-of-page command in its journal before it is sent, each confirmation as it is heard.
Rows follow when the call is over, and only then does the folder go.
"""

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

import structlog

from mailfax.gateway.callsetup import call_out
from mailfax.gateway.desk import WISHED, Desk
from mailfax.gateway.identity import SentHeader, sender_identity
from mailfax.gateway.live import CallEnded, Dialling, Live
from mailfax.gateway.pages import coded_cover, page_for_line, paper_width_px, source_resolution
from mailfax.gateway.transcripts import converse, transcript_path
from mailfax.model.call import CallEvent, CallResult, DocumentBegun
from mailfax.model.outcome import Outcome
from mailfax.model.page import Resolution
from mailfax.model.pageset import first_pages
from mailfax.modem.line import Line
from mailfax.spool.blobs import BlobMissing
from mailfax.spool.callfolder import CallFolder, CallHeader, CallJob, Direction, remove
from mailfax.spool.disk import SpoolError
from mailfax.spool.records import Claim, ClaimedJob
from mailfax.spool.retry import decide
from mailfax.t30.caller import CallerJob
from mailfax.t30.commands import (
    FetchPage,
    KeeperCommand,
    KeeperFailed,
    KeeperResult,
    Note,
    Noted,
    PageData,
    StoreBlock,
    StorePage,
)

_log = structlog.get_logger()


class OutboundKeeper:
    """The disk's side of an outgoing call: pages from the blobs, events to the call's journal and to whoever watches."""

    def __init__(self, *, desk: Desk, claim: Claim, folder: CallFolder, strips: Sequence[SentHeader]) -> None:
        self._desk, self._claim, self._folder, self._strips = desk, claim, folder, strips
        self._at_hand = claim.parts[0]

    def perform(self, command: KeeperCommand) -> KeeperResult:
        """Answer one request of the engine."""
        try:
            match command:
                case FetchPage():
                    return PageData(octets=self._coded(command))
                case Note(event=event, at_s=at_s):
                    self._folder.journal(event, at_s)
                    self._show(event)
                    return Noted()
                case StorePage() | StoreBlock():
                    return KeeperFailed(reason="an outgoing call stores no pages")
                case _:
                    assert_never(command)
        except (OSError, SpoolError, BlobMissing) as error:
            _log.error("the disk failed in a call", call=self._claim.call_id, error=str(error))
            return KeeperFailed(reason=str(error))

    def _show(self, event: CallEvent) -> None:
        if isinstance(event, DocumentBegun):
            self._at_hand = self._claim.parts[event.document]
        part = self._at_hand
        pages = len(part.document.pages)
        self._desk.emit(Live(subject=part.job.id, line=self._desk.line_name, event=event, pages=pages))

    def _coded(self, wanted: FetchPage) -> bytes:
        part, strips = self._claim.parts[wanted.document], self._strips[wanted.document]
        if wanted.cover:
            left = first_pages(len(part.document.pages)) - part.job.confirmed
            return coded_cover(strips.cover(left, source_resolution(wanted.form)), wanted.form, wanted.bit_rate)
        return page_for_line(part.document.pages[wanted.index], wanted, strips, self._desk.blobs)


def place_call(claim: Claim, started_us: int, line: Line, desk: Desk) -> CallResult:
    """Dial the claim's number, send the pages of its jobs that are not confirmed yet, record what came of each.

    `started_us` is when the attempt was claimed; the header strips carry it.
    """
    number = claim.job.number
    header = CallHeader(
        call_id=claim.call_id,
        line=desk.line_name,
        direction=Direction.OUTBOUND,
        started_us=started_us,
        number=number,
        jobs=tuple(
            CallJob(job_id=part.job.id, pages=len(part.document.pages), done=part.job.confirmed) for part in claim.parts
        ),
    )
    pages = (page for part in claim.parts for page in part.document.pages)
    desk.blobs.bring(blob.digest for page in pages for blob in page.rasters)
    folder = CallFolder.create(desk.calls_root, header)
    if not desk.store.dialling(claim.call_id, desk.now_us()):
        return taken_away(folder)
    for part in claim.parts:
        desk.emit(Live(subject=part.job.id, line=desk.line_name, event=Dialling(number=number)))
    strips = [
        SentHeader(
            identity=sender_identity(part.submission, desk.store, desk.identity),
            number=part.job.recipient.address.number,
            pages=len(part.document.pages),
            started_us=started_us,
            job=part.job.id,
        )
        for part in claim.parts
    ]
    with contextlib.closing(folder):
        keeper = OutboundKeeper(desk=desk, claim=claim, folder=folder, strips=strips)
        ids = [strip.identity.station_id for strip in strips]
        result = desk.honest(call_out(line, number, lambda: _conversation(claim, line, desk, keeper, ids)))
        folder.finish(result)
    for part, own in zip(claim.parts, result.of_each(len(claim.parts)), strict=True):
        settle_job(claim.call_id, part.job.id, own, desk)
    remove(folder.path)
    return result


def taken_away(folder: CallFolder) -> CallResult:
    """End a call before it began: this gateway was silent for so long that others took its claim over."""
    _log.warning("a call that was claimed here was given to others meanwhile", folder=str(folder.path))
    folder.close()
    remove(folder.path)
    return CallResult(outcome=Outcome.INTERRUPTED, detail="Given to another gateway before it was dialled.")


def _conversation(
    claim: Claim, line: Line, desk: Desk, keeper: OutboundKeeper, station_ids: Sequence[str]
) -> CallResult:
    first, *following = (
        CallerJob(
            done=part.job.confirmed,
            pages=len(part.document.pages),
            station_id=station_id,
            offer=desk.offer_on(line, _wished(part)),
            after_rtn=desk.policy.after_rtn,
            addressing=desk.policy.addressing(part.job.recipient.address, part.job.number),
            label=part.job.id,
            cover=desk.policy.continuation_cover and bool(part.job.confirmed),
            r8_px=paper_width_px(page.fine.width_px for page in part.document.pages),
        )
        for part, station_id in zip(claim.parts, station_ids, strict=True)
    )
    path = transcript_path(desk.calls_root, claim.call_id)
    job = replace(first, following=tuple(following))
    return converse(job, f"{claim.job.number} on {desk.line_name}", line, keeper, path)


def _wished(part: ClaimedJob) -> Resolution | None:
    """Return the resolution that was asked for; finer than fine only where a page was drawn so."""
    wished = part.job.recipient.options.resolution
    drawn = wished not in WISHED or any(page.dense for page in part.document.pages)
    return wished if drawn else None


def settle_job(call_id: str, job_id: str, result: CallResult, desk: Desk) -> None:
    """Decide what the result means for the job and commit both; done once for each call, also when told twice."""
    job = desk.store.job(job_id)
    if job is None:
        raise LookupError(f"{call_id} was made for {job_id}, which is not in the queue")
    decision = decide(job, result, desk.now_us(), desk.retry, desk.jitter())
    desk.store.record_call(call_id, job_id, result, decision, desk.now_us())
    _log.info(
        "call ended",
        job=job_id,
        call=call_id,
        outcome=result.outcome.code,
        next=decision.state.value,
        note=decision.note,
    )
    event = CallEnded(
        outcome=result.outcome.code,
        sentence=" ".join(filter(None, (result.outcome.sentence, decision.note))),
        pages=result.confirmed_pages,
        seconds=result.seconds,
    )
    desk.emit(Live(subject=job_id, line=desk.line_name, event=event))
