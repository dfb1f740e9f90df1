"""A line of the product at work over libspandsp's modem in lock-step: real spool, real line life, real driver; the clock is the line's.

`Sabotage` makes the modem misbehave for a while from a command on. Used by the soak and by the tests of modems that fail.
"""

import contextlib
import random
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from pathlib import Path

import numpy as np

from lab.documents import Pixels, read_pages
from lab.exchange import Finished, Ring
from lab.lockstep import LockstepExchange, LockstepPort
from mailfax.daemon.clock import id_maker
from mailfax.gateway.desk import Desk
from mailfax.gateway.identity import Identity
from mailfax.gateway.linelife import HealthPolicy, LineLife
from mailfax.gateway.lineworker import Duties
from mailfax.model.address import FaxAddress
from mailfax.model.document import Document, DocumentPage
from mailfax.model.ids import EPOCH_US, Kind
from mailfax.model.page import Coding, PageBlob, Resolution
from mailfax.model.submission import Notify, Recipient, Submission
from mailfax.modem.class1 import Class1Line, Class1Settings
from mailfax.modem.line import DeviceGone, IncomingCall, LineFault
from mailfax.spool.blobs import BlobStore
from mailfax.spool.retry import RetryPolicy
from mailfax.spool.settings import SpoolSettings
from mailfax.spool.store import Store
from mailfax.t4codec import Bitmap, encode
from mailfax.t30.negotiate import FULL_OFFER

START_US = EPOCH_US + 1_000_000_000_000
WIDTH_PX = 1728


class Trouble(Enum):
    """How a modem misbehaves."""

    GARBAGE = auto()
    NOTHING = auto()
    HALF_A_RESULT = auto()
    OWN_ECHO = auto()
    STALLED = auto()
    UNPLUGGED = auto()


@dataclass(kw_only=True)
class Sabotage:
    """From the `nth` command that fits `after` on, the modem is in `trouble` for `for_s` seconds of the line."""

    trouble: Trouble
    after: str
    nth: int = 1
    for_s: float = 30.0
    begun_s: float | None = None
    seen: int = 0


class SabotagedPort(LockstepPort):
    """The port of a modem that can be in trouble."""

    def __init__(self, bench: "LineBench") -> None:
        super().__init__(bench.exchange.inner, bench.exchange.modem)
        self._bench, self._random = bench, random.Random(5)
        self._echo = bytearray()
        self._half: bytes | None = None

    def trouble(self) -> Trouble | None:
        sabotage = self._bench.sabotage
        if sabotage is None or sabotage.begun_s is None:
            return None
        if self.clock() > sabotage.begun_s + sabotage.for_s:
            self._bench.sabotage = None
            return None
        return sabotage.trouble

    def read(self) -> bytes:
        heard = super().read()
        match self.trouble():
            case None:
                return heard
            case Trouble.GARBAGE:
                return self._random.randbytes(40)
            case Trouble.OWN_ECHO:
                said = bytes(self._echo)
                self._echo.clear()
                return said
            case Trouble.HALF_A_RESULT:
                half, self._half = (self._half if self._half is not None else heard[:3]), b""
                return half
            case Trouble.NOTHING | Trouble.STALLED:
                return b""
            case Trouble.UNPLUGGED:
                raise LineFault("The modem is gone.")

    def pending(self) -> bool:
        match self.trouble():
            case None:
                return super().pending()
            case Trouble.GARBAGE:
                return True
            case _:
                return False

    def write(self, octets: bytes) -> None:
        self._watch(octets)
        match self.trouble():
            case None:
                super().write(octets)
            case Trouble.OWN_ECHO:
                self._echo += octets
            case Trouble.STALLED:
                end_s = self.clock() + 15.0
                while self.clock() < end_s:
                    super().read()
                raise LineFault("The modem takes no more data.")
            case Trouble.UNPLUGGED:
                raise LineFault("The modem is gone.")
            case _:
                pass

    def _watch(self, octets: bytes) -> None:
        sabotage = self._bench.sabotage
        if sabotage is not None and sabotage.begun_s is None and re.match(sabotage.after.encode(), octets):
            sabotage.seen += 1
            if sabotage.seen == sabotage.nth:
                sabotage.begun_s = self.clock()
                self._half = None
                if sabotage.trouble is Trouble.UNPLUGGED:
                    super().drop_dtr()


@dataclass(frozen=True, kw_only=True, slots=True)
class Spool:
    """What lines share: the store, the pages, and the document that every job sends."""

    folder: Path
    store: Store
    blobs: BlobStore
    document: Document
    pages: list[Pixels]

    def queue(self, number: str) -> str:
        """Queue a job for a number; return its id."""
        mail = Submission(
            id=self.store.new_id(Kind.MAIL),
            received_us=START_US,
            sender="anna@office.lan",
            client="127.0.0.1",
            identity="network",
            message_digest="00",
            size=1,
            subject="soak",
            message_id="",
            recipients=(Recipient(address=FaxAddress(number=number, domain="fax.lan"), notify=Notify.UNSET, orcpt=""),),
        )
        (job,) = self.store.accept(mail, [number], START_US).jobs
        claimed = self.store.claim_render(START_US)
        assert claimed is not None
        self.store.set_document(mail.id, self.document, START_US)
        return job.id


@contextlib.contextmanager
def spool_of(folder: Path, letter: Path) -> Iterator[Spool]:
    """Make a spool with the letter's pages in it."""
    settings = SpoolSettings(directory=folder / "spool", reserve_bytes=0)
    with contextlib.closing(Store(settings, id_maker())) as store, contextlib.closing(BlobStore(settings)) as blobs:
        pages = read_pages(letter)
        made = tuple(_page(page, blobs) for page in pages)
        yield Spool(folder=folder, store=store, blobs=blobs, document=Document(pages=made, account=()), pages=pages)


def _page(pixels: Pixels, blobs: BlobStore) -> DocumentPage:
    def blob(resolution: Resolution, raster: Pixels) -> PageBlob:
        octets = encode(Bitmap.from_bool(raster), Coding.MMR)
        rows = len(raster)
        return PageBlob(digest=blobs.put(octets), size=len(octets), resolution=resolution, width_px=WIDTH_PX, rows=rows)

    return DocumentPage(
        fine=blob(Resolution.FINE, np.repeat(pixels, 2, axis=0)), standard=blob(Resolution.STANDARD, pixels)
    )


@dataclass(kw_only=True)
class LineBench:
    """One line on an exchange of its own, run by `run` until `enough` says so."""

    name: str
    spool: Spool
    sabotage: Sabotage | None = None
    settings: Class1Settings = field(default_factory=lambda: Class1Settings(device="lockstep"))
    exchange: LockstepExchange = field(default_factory=lambda: LockstepExchange(open_line=False))
    ended: list[Finished] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        settings = self.spool.store
        self.desk = Desk(
            line_name=self.name,
            store=settings,
            blobs=self.spool.blobs,
            calls_root=self.spool.folder / "spool" / "calls",
            now_us=lambda: START_US + round(self.exchange.inner.now_s * 1e6),
            clock_s=lambda: self.exchange.inner.now_s,
            new_id=settings.new_id,
            identity=Identity(station_id="5550100", name="soak"),
            retry=RetryPolicy(),
            jitter=lambda: 0.0,
            emit=lambda live: self.said.append(f"{live.event}"),
            stopping=lambda: False,
            offer=replace(FULL_OFFER, resolutions=(Resolution.STANDARD,)),
        )

    def idle(self) -> None:
        """Be asked between calls; a soak does here what the world does."""

    def open_line(self) -> Class1Line:
        port = SabotagedPort(self)
        if port.trouble() is Trouble.UNPLUGGED:
            raise DeviceGone("no such device")
        return _WatchedLine(self, port)

    def wait(self, seconds: float) -> None:
        """Let the line's time pass."""
        end_s = self.exchange.inner.now_s + seconds
        while self.exchange.inner.now_s < end_s and not self.stop.is_set():
            self.exchange.inner.tick()
        self.collect()

    def collect(self) -> None:
        """Take what the exchange says of calls that ended."""
        while not self.exchange.inner.finished.empty():
            self.ended.append(self.exchange.inner.finished.get())

    def run(self) -> None:
        """Keep the line going until `stop` is set."""
        LineLife(
            open_line=self.open_line,
            desk=self.desk,
            duties=Duties(sends=True, receives=True),
            policy=HealthPolicy(),
            stop=self.stop,
            wait=self.wait,
        ).run()

    def ring(self, letter: Path, caller: str) -> None:
        """Have a machine call the line."""
        self.exchange.ring(f"send:{letter}", Ring(cid=caller, limit=30))


class _WatchedLine(Class1Line):
    """The driver, with the bench told whenever the line is idle."""

    def __init__(self, bench: LineBench, port: LockstepPort) -> None:
        self._bench = bench
        super().__init__(replace(bench.settings, name=bench.name), port, clock=port.clock)

    def wait_for_call(self, timeout_s: float) -> IncomingCall | None:
        self._bench.idle()
        call = super().wait_for_call(timeout_s)
        self._bench.collect()  # by now the exchange has noticed that we hung up; the next call is still to come
        return call
