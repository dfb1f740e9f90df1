"""One call on one line, without queue or mail: `mailfax modem send` and `mailfax modem receive` (cli/modem.py).

The same engine, line and page code as the gateway's own calls; only the keepers are of its own. A received page is a file of
its own, fsynced with its folder, before its MCF goes out, so that even a crash in mid-call leaves pages that can be looked at.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import assert_never

from mailfax.gateway.callsetup import call_in, call_out
from mailfax.gateway.identity import Identity, SentHeader
from mailfax.gateway.live import call_sentence
from mailfax.gateway.pages import (
    account_of,
    coded_cover,
    coded_page,
    paper_width_px,
    raster_of,
    received_page,
    source_resolution,
)
from mailfax.model.call import CallResult
from mailfax.model.outcome import Disposition, Outcome
from mailfax.model.pageset import first_pages
from mailfax.modem.line import IncomingCall, Line
from mailfax.modem.patience import PatientKeeper
from mailfax.modem.pump import Keeper, run_call
from mailfax.render.faxpdf import PdfMetadata, fax_pdf
from mailfax.render.result import RenderedPage
from mailfax.spool.disk import make_folder, sync_folder, write_new_file
from mailfax.t4codec.tiff import T6Page, write_t6_tiff
from mailfax.t30.addressing import NO_ADDRESSING, Addressing
from mailfax.t30.answerer import AnswererStation, answer
from mailfax.t30.caller import CallerJob, call
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
from mailfax.t30.negotiate import Offer

Tell = Callable[[str], None]
EXIT_STATUS = {
    Disposition.DELIVERED: 0,
    Disposition.RETRY: 1,
    Disposition.FAILED: 1,
    Disposition.UNCERTAIN: 2,
}
EXIT_USAGE = 64  # EX_USAGE of sysexits.h


def advice(outcome: Outcome) -> str:
    """Return what to do about an outcome where no queue calls again."""
    if outcome is Outcome.LINE_FAULT:
        return "Check the modem, its cable and the options of this command."
    return outcome.advice.replace("It is called again by itself", "Call again")


# -- sending


@dataclass(frozen=True, kw_only=True, slots=True)
class Sending:
    """What goes out, to whom, and as whom. `first_page` (0-based) is where the call begins, with a `cover` that says so."""

    number: str
    pages: tuple[RenderedPage, ...]
    identity: Identity
    offer: Offer
    started_us: int
    first_page: int = 0
    cover: bool = False
    addressing: Addressing = NO_ADDRESSING


class _SendKeeper:
    """Codes the pages as they are asked for, and tells what happens."""

    def __init__(self, sending: Sending, tell: Tell) -> None:
        self._sending = sending
        self._tell = tell
        self._header = SentHeader(
            identity=sending.identity,
            number=sending.number,
            pages=len(sending.pages),
            started_us=sending.started_us,
        )

    def perform(self, command: KeeperCommand) -> KeeperResult:
        """Answer one request of the engine."""
        match command:
            case FetchPage():
                return PageData(octets=self._coded(command))
            case Note(event=event):
                self._tell(call_sentence(event, len(self._sending.pages)))
                return Noted()
            case StorePage() | StoreBlock():
                return KeeperFailed(reason="an outgoing call stores no pages")
            case _:
                assert_never(command)

    def _coded(self, wanted: FetchPage) -> bytes:
        if wanted.cover:
            source = source_resolution(wanted.form)
            pages = len(self._sending.pages)
            cover = self._header.cover(first_pages(pages) - first_pages(self._sending.first_page), source)
            return coded_cover(cover, wanted.form, wanted.bit_rate)
        rendered = self._sending.pages[wanted.index]
        page = raster_of(rendered, wanted.form.resolution)
        return coded_page(
            strip=self._header.strip(wanted.index + 1, page.resolution),
            body_t6=page.octets,
            width_px=page.width_px,
            rows=page.rows,
            form=wanted.form,
            bit_rate=wanted.bit_rate,
            source=page.resolution,
        )


def send(line: Line, sending: Sending, tell: Tell) -> CallResult:
    """Dial, send every page, hang up."""
    tell(f"dialling {sending.number}")
    job = CallerJob(
        pages=len(sending.pages),
        done=first_pages(sending.first_page),
        cover=sending.cover,
        station_id=sending.identity.station_id,
        offer=sending.offer,
        r8_px=paper_width_px(page.fine.width_px for page in sending.pages),
        addressing=sending.addressing,
    )
    keeper = _SendKeeper(sending, tell)
    return call_out(line, sending.number, lambda: run_call(call(job), line, keeper))


# -- receiving


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """What came of an answered call. Without a page there are no files."""

    result: CallResult
    pages: int
    files: tuple[Path, ...] = ()


class _ReceiveKeeper:
    """Keeps each page as a TIFF of its own until the call is over."""

    def __init__(self, folder: Path, stem: str, tell: Tell) -> None:
        self._folder = folder
        self._stem = stem
        self._tell = tell
        self.pages: dict[int, T6Page] = {}

    def perform(self, command: KeeperCommand) -> KeeperResult:
        """Answer one request of the engine."""
        match command:
            case StorePage():
                return self._store(command)
            case StoreBlock():
                stored = self._store(command)
                return BlockStored() if isinstance(stored, PageStored) else stored
            case Note(event=event):
                self._tell(call_sentence(event))
                return Noted()
            case FetchPage():
                return KeeperFailed(reason="an incoming call has no pages to send")
            case _:
                assert_never(command)

    def _store(self, heard: StorePage | StoreBlock) -> KeeperResult:
        t6, decoded = received_page(heard.octets, heard.form)
        if decoded.rows:
            page = T6Page(
                octets=t6,
                width_px=decoded.bitmap.width_px,
                rows=decoded.rows,
                resolution=heard.form.resolution,
                bad_rows=decoded.bad_rows,
                longest_bad_run=decoded.longest_bad_run,
            )
            try:
                _write_durably(self.page_file(heard.index), write_t6_tiff([page]))
            except OSError as error:
                return KeeperFailed(reason=f"{error.filename or self._folder}: {error.strerror}")
            self.pages[heard.index] = page
        return account_of(decoded)

    def page_file(self, index: int) -> Path:
        """Return where page `index` is kept during the call."""
        return self._folder / f"{self._stem}-page{index + 1:03}.tif"


def receive(
    line: Line, incoming: IncomingCall, folder: Path, station: AnswererStation, now_us: Callable[[], int], tell: Tell
) -> Received:
    """Answer a ringing call, keep what comes, and put it together as one TIFF and one PDF."""
    tell(
        f"ringing for {incoming.called or 'this line'}" + (f", called by {incoming.caller}" if incoming.caller else "")
    )
    return _kept(
        folder, now_us, incoming.caller, tell, lambda keeper: call_in(line, lambda: _talk(station, line, keeper))
    )


def poll(
    line: Line, number: str, folder: Path, station: AnswererStation, now_us: Callable[[], int], tell: Tell
) -> Received:
    """Call a number and fetch the document that it offers (`station.poll`); it is kept as a received fax is."""
    tell(f"dialling {number}")
    return _kept(
        folder, now_us, number, tell, lambda keeper: call_out(line, number, lambda: _talk(station, line, keeper))
    )


def _talk(station: AnswererStation, line: Line, keeper: Keeper) -> CallResult:
    with PatientKeeper(keeper) as patient:
        return run_call(answer(station), line, patient)


def _kept(
    folder: Path,
    now_us: Callable[[], int],
    caller: str,
    tell: Tell,
    hold: Callable[[Keeper], CallResult],
) -> Received:
    """Hold a call with a keeper that puts its pages into the folder, and put them together."""
    started = datetime.fromtimestamp(now_us() / 1e6, tz=UTC)
    make_folder(folder)
    keeper = _ReceiveKeeper(folder, _free_stem(folder, started), tell)
    result = hold(keeper)
    title = " ".join(filter(None, ("Fax from", result.station_id or caller or "an unnamed machine")))
    files = _put_together(keeper, folder, PdfMetadata(title=title, date=started))
    return Received(result=result, pages=len(keeper.pages), files=files)


def _free_stem(folder: Path, started: datetime) -> str:
    """Name the fax by its time, in UTC; a second one in the same second gets a number."""
    plain = f"fax-{started:%Y%m%dT%H%M%SZ}"
    names = {path.name.partition(".")[0].partition("-page")[0] for path in folder.iterdir()}
    stem, number = plain, 1
    while stem in names:
        number += 1
        stem = f"{plain}-{number}"
    return stem


def _put_together(keeper: _ReceiveKeeper, folder: Path, metadata: PdfMetadata) -> tuple[Path, ...]:
    """Write the whole fax as TIFF and PDF; the files of single pages go only when both are on disk."""
    if not keeper.pages:
        return ()
    indexes = sorted(keeper.pages)
    pages = [keeper.pages[index] for index in indexes]
    stem = keeper.page_file(0).name.partition("-page")[0]
    tiff, pdf = folder / f"{stem}.tif", folder / f"{stem}.pdf"
    _write_durably(tiff, write_t6_tiff(pages))
    _write_durably(pdf, fax_pdf(pages, metadata))
    for index in indexes:
        keeper.page_file(index).unlink()
    return tiff, pdf


def _write_durably(path: Path, octets: bytes) -> None:
    """Put a file in place, whole and fsynced with its folder, or not at all; a page that is sent again replaces the first."""
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    write_new_file(part, octets)
    part.replace(path)
    sync_folder(path.parent)
