"""The main job over a modem that we did not write: `mailfax serve` with libspandsp's T.31 modem as its only line.

And the same with a modem that does T.30 by itself: the Class 2 emulator, whose T.30 is libspandsp's.

A mail posted over SMTP is received by a spandsp fax machine; a fax that a spandsp machine sends lies as PDF in the mailbox of
the number it called. Both are compared pixel for pixel, and every decoder that judges is libtiff.
"""

import contextlib
import smtplib
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import numpy as np
import pytest
from lab.class2modem import Model
from lab.documents import read_pages, write_letter
from lab.fixture import LabExchange

from mailfax.config import Config, load
from mailfax.daemon import build
from mailfax.daemon.clock import id_maker
from mailfax.demo.compare import DeliveredFax, arrived_pages, delivered_faxes, libtiff_pels
from mailfax.demo.watcher import Watcher
from mailfax.gateway.identity import SentHeader
from mailfax.model.job import JobState
from mailfax.model.line import LineState
from mailfax.spool.blobs import BlobStore
from mailfax.spool.store import Store
from mailfax.t4codec.tiff import T6Page

pytestmark = [pytest.mark.live, pytest.mark.timeout(200)]

LINE_UP_LIMIT_S = 60.0
PATIENT = 60  # rings, one a second
SENDER = "alice@example.org"
CONFIG = """
data_dir = "data"
[smtp]
listen = ["127.0.0.1:0"]
[domains."fax.lan"]
[receive]
catch_all = "faxmaster@fax.lan"
[receive.did]
5551234 = ["sales@fax.lan"]
5550100 = ["manager@fax.lan"]
[mail]
maildir = "mailboxes"
[identity]
station_id = "5550100"
name = "Meridian"
[lines.usb]
kind = "KIND"
device = "modem0"
number = "5550100"
did = "signalled"
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Gateway:
    """A running server: its configuration, its folder, its steps, its spool."""

    config: Config
    folder: Path
    watcher: Watcher
    store: Store
    blobs: BlobStore

    def post(self, message: EmailMessage, number: str) -> None:
        host, _, port = self.watcher.smtp_address.rpartition(":")
        with smtplib.SMTP(host, int(port), timeout=30) as client:
            client.send_message(message, SENDER, [f"{number}@fax.lan"])

    def until_the_line_is_up(self) -> None:
        """Wait until the line's process says that the modem is set up: what is signalled from then on is heard."""
        deadline_s, never, mark = time.monotonic() + LINE_UP_LIMIT_S, threading.Event(), self.store.changed()
        while all(line.state is not LineState.UP for line in self.store.lines()):
            left_s = deadline_s - time.monotonic()
            assert left_s > 0, (self.folder / "server.log").read_text()
            mark = self.store.wait_for_change(mark, left_s, never)

    def until(self, text: str) -> str:
        """Follow the steps until one says `text`; each may take as long as a page of a call."""
        seen = []
        while True:
            step = self.watcher.step(90)
            assert step is not None, f"no step said {text!r}: {seen}"
            seen.append(step.text)
            if text in step.text:
                return step.subject


LINES = ("kind", "lab_exchange")
CLASS_1 = pytest.param("class1", None)
CLASS_2_LATER = pytest.param("class2", Model(ecm=True), marks=pytest.mark.interop)
CLASS_2_0_LATER = pytest.param("class2.0", Model(hex_numbers=False), marks=pytest.mark.interop)


@pytest.fixture
def kind() -> str:
    """Return the kind of the only line."""
    return "class1"


@pytest.fixture
def gateway(lab_exchange: LabExchange, tmp_path: Path, kind: str) -> Iterator[Gateway]:
    """Serve with the exchange's modem as the only line."""
    with serving(lab_exchange, tmp_path, kind) as gateway:
        yield gateway


@contextlib.contextmanager
def serving(lab_exchange: LabExchange, tmp_path: Path, kind: str = "class1") -> Iterator[Gateway]:
    """Start a server and wait until its doors are open; the line comes up a little later."""
    assert Path(lab_exchange.device) == tmp_path / "modem0"
    (tmp_path / "mailfax.toml").write_text(CONFIG.replace('"modem0"', f'"{lab_exchange.device}"').replace("KIND", kind))
    config = load(tmp_path / "mailfax.toml")
    with (tmp_path / "server.log").open("wb") as log:
        command = [sys.executable, "-m", "mailfax", "serve", "--config", str(tmp_path / "mailfax.toml")]
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            with (
                Watcher(config.data_dir, server) as watcher,
                contextlib.closing(Store(build.spool_settings(config), id_maker())) as store,
                contextlib.closing(BlobStore(build.spool_settings(config))) as blobs,
            ):
                yield Gateway(config=config, folder=tmp_path, watcher=watcher, store=store, blobs=blobs)
        finally:
            server.terminate()
            assert server.wait(30) == 0, (tmp_path / "server.log").read_text()


def three_page_mail() -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = SENDER, "5557000@fax.lan", "Three pages"
    message.set_content("\f".join(f"Page {page}.\n" + f"Line of page {page}, äöü €.\n" * 40 for page in (1, 2, 3)))
    return message


@pytest.mark.parametrize(LINES, [CLASS_1, CLASS_2_LATER, CLASS_2_0_LATER], indirect=["lab_exchange"])
def test_a_mail_of_three_pages_reaches_a_fax_machine_pixel_for_pixel(
    gateway: Gateway, lab_exchange: LabExchange
) -> None:
    received = gateway.folder / "received.tif"
    lab_exchange.route("5557000", f"receive:{received}")

    gateway.post(three_page_mail(), "5557000")
    gateway.until("delivered after")
    far_end = lab_exchange.finished().machine
    assert far_end is not None
    assert (far_end.ok, far_end.pages, far_end.bad_rows, far_end.remote_ident) == (True, 3, 0, "5550100")
    gateway.until("notice delivered to")

    (job,) = gateway.store.jobs()
    (attempt,) = gateway.store.attempts(job.id)
    document = gateway.store.document(job.submission_id)
    assert job.state is JobState.DELIVERED
    assert document is not None
    header = SentHeader(
        identity=build.identity(gateway.config), number="5557000", pages=3, started_us=attempt.started_us, job=job.id
    )
    got = read_pages(received)
    assert len(got) == 3
    for number, (page, pixels) in enumerate(zip(document.pages, got, strict=True), 1):
        body = T6Page(
            octets=gateway.blobs.get(page.fine.digest),
            width_px=page.fine.width_px,
            rows=page.fine.rows,
            resolution=page.fine.resolution,
        )
        sent = np.vstack([header.strip(number, page.fine.resolution).to_bool(), libtiff_pels(body)])
        assert sent.any()
        assert np.array_equal(sent, pixels), f"page {number} arrived changed"


@pytest.mark.parametrize(LINES, [CLASS_1, CLASS_2_LATER, CLASS_2_0_LATER], indirect=["lab_exchange"])
def test_a_fax_of_three_pages_lies_in_the_mailbox_of_the_number_it_called(
    gateway: Gateway, lab_exchange: LabExchange
) -> None:
    letter = write_letter(gateway.folder / "letter.tif", 3, "fine")
    gateway.until_the_line_is_up()
    lab_exchange.ring(f"send:{letter}", did="5551234", cid="5559876", name="ACME")

    fax = the_fax_of_three_pages(gateway, lab_exchange, letter)
    assert (fax.called, fax.mailbox) == ("5551234", "sales@fax.lan")


@pytest.mark.interop
def test_a_fax_that_rang_before_the_server_was_there_is_kept_and_nobody_elses(
    lab_exchange: LabExchange, tmp_path: Path
) -> None:
    letter = write_letter(tmp_path / "letter.tif", 3, "fine")
    lab_exchange.ring(f"send:{letter}", did="5551234", cid="5559876", limit=PATIENT)
    with serving(lab_exchange, tmp_path) as gateway:
        fax = the_fax_of_three_pages(gateway, lab_exchange, letter)
    assert (fax.called, fax.mailbox) == ("unknown", "faxmaster@fax.lan")


def test_a_fax_that_rings_before_the_line_is_up_is_kept_and_nobody_elses(
    gateway: Gateway, lab_exchange: LabExchange
) -> None:
    letter = write_letter(gateway.folder / "letter.tif", 3, "fine")
    lab_exchange.ring(f"send:{letter}", did="5551234", cid="5559876", limit=PATIENT)
    fax = the_fax_of_three_pages(gateway, lab_exchange, letter)
    # Which of the two is the modem's to say: whether it was set up in time for the number.
    assert (fax.called, fax.mailbox) in {("5551234", "sales@fax.lan"), ("unknown", "faxmaster@fax.lan")}


def the_fax_of_three_pages(gateway: Gateway, lab_exchange: LabExchange, letter: Path) -> DeliveredFax:
    """Return the only fax in any mailbox, once it has been compared pixel for pixel with the letter."""
    gateway.until("fax delivered to")
    finished = lab_exchange.finished()
    far_end = finished.machine
    assert far_end is not None, finished
    assert (far_end.ok, far_end.pages) == (True, 3)
    (fax,) = delivered_faxes(gateway.folder / "mailboxes", gateway.folder / "copies")
    sent = read_pages(letter)
    got = [page.pels for page in arrived_pages(fax.octets)]
    assert len(got) == len(sent) == 3
    for number, (wanted, pixels) in enumerate(zip(sent, got, strict=True), 1):
        assert np.array_equal(wanted, pixels[: len(wanted)]), f"page {number} arrived changed"
        assert not pixels[len(wanted) :].any()
    return fax
