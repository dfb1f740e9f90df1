"""A call comes in: from RING to a received fax in the store. Runs in the line's process, called by `lineworker`.

Order of durability (promise 1): each page is decoded, judged, written and fsynced with its directory in the call folder
before the engine may send MCF; the journal says which pages were confirmed. Rows follow when the call is over, and only
then does the folder go. What a crash leaves in folders is adopted by `spool.adopt`.
"""

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import assert_never

import structlog

from mailfax.gateway.callsetup import call_in
from mailfax.gateway.desk import Desk
from mailfax.gateway.identity import SentHeader
from mailfax.gateway.live import CallEnded, Live, Ringing
from mailfax.gateway.offering import as_offered
from mailfax.gateway.pages import account_of, page_for_line, received_page
from mailfax.gateway.transcripts import converse, transcript_path
from mailfax.model.call import CallResult
from mailfax.model.fax import InboundFax
from mailfax.model.ids import Kind
from mailfax.model.offer import OfferedFax
from mailfax.model.outcome import Outcome
from mailfax.modem.line import IncomingCall, Line
from mailfax.modem.patience import PatientKeeper
from mailfax.modem.pump import Keeper
from mailfax.routing.callers import refusal
from mailfax.spool.adopt import adopt_inbound
from mailfax.spool.blobs import BlobMissing
from mailfax.spool.callfolder import (
    CallFolder,
    CallFolderDamaged,
    CallHeader,
    CallRecord,
    Direction,
    PageFacts,
    read,
    remove,
)
from mailfax.spool.disk import SpoolError
from mailfax.spool.recovery import fax_id_of
from mailfax.t30.answerer import AnswererStation
from mailfax.t30.commands import (
    BlockStored,
    FetchPage,
    KeeperCommand,
    KeeperFailed,
    KeeperResult,
    Note,
    Noted,
    PageData,
    PageStored,
    StoreBlock,
    StorePage,
)

_log = structlog.get_logger()


class InboundKeeper:
    """The disk's side of an incoming call: pages to the call folder, events to its journal and to whoever watches."""

    def __init__(
        self, *, desk: Desk, fax_id: str, folder: CallFolder, offers: Sequence[OfferedFax], header: CallHeader
    ) -> None:
        self._desk, self._fax_id, self._folder = desk, fax_id, folder
        self._offers, self._header = offers, header

    def perform(self, command: KeeperCommand) -> KeeperResult:
        """Answer one request of the engine."""
        try:
            match command:
                case StorePage():
                    return self._store(command)
                case StoreBlock():
                    return BlockStored(took_s=self._store(command).took_s)
                case Note(event=event, at_s=at_s):
                    self._folder.journal(event, at_s)
                    self._desk.emit(Live(subject=self._fax_id, line=self._desk.line_name, event=event))
                    return Noted()
                case FetchPage():
                    return PageData(octets=self._coded(command))
                case _:
                    assert_never(command)
        except (OSError, SpoolError, BlobMissing) as error:
            _log.error("the disk failed in a call", fax=self._fax_id, error=str(error))
            return KeeperFailed(reason=str(error))

    def _coded(self, wanted: FetchPage) -> bytes:
        """Give a page of a document that the caller fetches."""
        document, header = self._offers[wanted.document].document, self._header
        strips = SentHeader(
            identity=self._desk.identity,
            number=header.caller,
            pages=len(document.pages),
            started_us=header.started_us,
        )
        return page_for_line(document.pages[wanted.index], wanted, strips, self._desk.blobs)

    def _store(self, page: StorePage | StoreBlock) -> PageStored:
        """Decode, judge, and make durable; the page at rest is T.6, so that the PDF can wrap it as it is."""
        begun_s = self._desk.clock_s()
        t6, decoded = received_page(page.octets, page.form, self._desk.policy.bad_rows)
        self._folder.keep_page(
            page.index,
            t6,
            PageFacts(
                rows=decoded.rows,
                width_px=decoded.bitmap.width_px,
                resolution=page.form.resolution,
                bad_rows=decoded.bad_rows + decoded.missing_rows,
            ),
        )
        return account_of(decoded, took_s=self._desk.clock_s() - begun_s)


def take_call(incoming: IncomingCall, line: Line, desk: Desk) -> CallResult | None:
    """Answer a ringing call and keep what comes; None where it was not answered.

    Below the free-space reserve the call is left ringing (promise 1).
    """
    if not desk.store.has_room(0):
        _log.error("no room to receive a fax; the call is not answered", line=desk.line_name, caller=incoming.caller)
        return None
    call_id = desk.new_id(Kind.CALL)
    if (reason := refusal(incoming.caller, incoming.caller_name, desk.callers)) is not None:
        _leave_ringing(incoming, call_id, reason, line, desk)
        return None
    fax_id = fax_id_of(call_id)
    header = CallHeader(
        call_id=call_id,
        line=desk.line_name,
        direction=Direction.INBOUND,
        started_us=desk.now_us(),
        called=incoming.called,
        caller=incoming.caller,
        caller_name=incoming.caller_name,
    )
    desk.emit(Live(subject=fax_id, line=desk.line_name, event=Ringing(called=incoming.called, caller=incoming.caller)))
    folder = CallFolder.create(desk.calls_root, header)
    with contextlib.closing(folder):
        offers = desk.store.offers()
        keeper = InboundKeeper(desk=desk, fax_id=fax_id, folder=folder, offers=offers, header=header)
        path = transcript_path(desk.calls_root, call_id)
        with PatientKeeper(keeper) as patient:
            result = desk.honest(call_in(line, lambda: _conversation(line, desk, patient, offers, incoming, path)))
        folder.finish(result)
    try:
        keep(read(folder.path), desk)
    except CallFolderDamaged as damage:
        # The good pages are on their way, a crossed-out one stands for each other; the folder stays for a person.
        _log.exception("a call folder is damaged", folder=str(folder.path), damage=str(damage))
    else:
        remove(folder.path)
    return result


def _leave_ringing(incoming: IncomingCall, call_id: str, reason: str, line: Line, desk: Desk) -> None:
    """Do not answer, and write the call down: a fax of no page, which goes to nobody and is seen by `mailfax show`."""
    line.decline()
    _log.warning("a call is not answered", call=call_id, reason=reason, called=incoming.called)
    now_us = desk.now_us()
    fax = InboundFax(
        id=fax_id_of(call_id),
        call_id=call_id,
        line=desk.line_name,
        called=incoming.called,
        caller=incoming.caller,
        caller_name=incoming.caller_name,
        station_id="",
        started_us=now_us,
        finished_us=now_us,
        outcome=Outcome.CALL_REJECTED,
    )
    desk.store.add_fax(fax, now_us)
    event = CallEnded(outcome=fax.outcome.code, sentence=reason, pages=0, seconds=0.0)
    desk.emit(Live(subject=fax.id, line=desk.line_name, event=event))


def _conversation(
    line: Line, desk: Desk, keeper: Keeper, offers: Sequence[OfferedFax], incoming: IncomingCall, path: Path
) -> CallResult:
    station = AnswererStation(
        station_id=desk.identity.station_id,
        offer=desk.offer_on(line),
        quality=desk.policy.quality,
        offered=as_offered(offers),
    )
    about = f"{incoming.called or '?'} on {desk.line_name}, from {incoming.caller or '?'}"
    return converse(station, about, line, keeper, path)


def keep(record: CallRecord, desk: Desk) -> None:
    """Move the call's pages to the blobs, write its rows, and tell."""
    if record.header.mailbox and not record.pages:
        return  # nothing was fetched; the job says why
    for fax in adopt_inbound(desk.store, desk.blobs, record, desk.now_us()):
        _log.info("fax received", fax=fax.id, called=fax.called, pages=len(fax.pages), outcome=fax.outcome.code)
        event = CallEnded(
            outcome=fax.outcome.code, sentence=fax.outcome.sentence, pages=len(fax.pages), seconds=fax.seconds_on_line
        )
        desk.emit(Live(subject=fax.id, line=desk.line_name, event=event))
