"""Live calls over a modem that we did not write (libspandsp's T.31) with fax machines that we did not write.

What is sent and what arrives is compared pixel for pixel; both sides are read by libtiff.
"""

import itertools
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from lab.documents import Pixels, read_pages, write_letter
from lab.fixture import LabExchange
from PIL import Image

from mailfax.gateway import onecall
from mailfax.gateway.identity import Identity, SentHeader
from mailfax.model.outcome import Outcome
from mailfax.model.page import Resolution
from mailfax.modem.class1 import Class1Line, Class1Settings, open_class1
from mailfax.modem.line import IncomingCall
from mailfax.modem.transcript import TranscribedLine
from mailfax.render.result import RenderedPage
from mailfax.render.settings import RenderSettings
from mailfax.render.story import read_files, render_files
from mailfax.t4codec import warm
from mailfax.t4codec.tiff import T6Page, write_t6_tiff
from mailfax.t30.answerer import AnswererStation
from mailfax.t30.modulation import Modulation
from mailfax.t30.negotiate import Offer

pytestmark = [pytest.mark.live, pytest.mark.timeout(200)]

NOW_US = 1_795_356_000_000_000  # 2026-11-22 14:00 UTC
IDENTITY = Identity(station_id="5550000", name="Meridian", time_zone="Europe/Berlin")
STATION = AnswererStation(station_id="5550000")
STANDARD_ONLY = Offer(resolutions=(Resolution.STANDARD,))


@pytest.fixture(scope="module")
def letter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a letter of three pages, and load the kernels before any call has to wait for them."""
    warm()
    return write_letter(tmp_path_factory.mktemp("letter") / "letter.tif", 3, "fine")


@pytest.fixture(scope="module")
def pages(letter: Path) -> tuple[RenderedPage, ...]:
    """Render the letter as a document to send."""
    rendered = render_files(read_files([letter]), RenderSettings(), lambda _page, _pages: None)
    assert len(rendered.pages) == 3
    return rendered.pages


@pytest.fixture
def line(lab_exchange: LabExchange) -> Iterator[Class1Line]:
    """Open the exchange's modem."""
    opened = open_class1(Class1Settings(device=lab_exchange.device, number="5559000"))
    assert opened.best_modulation is Modulation.V17_14400
    yield opened
    opened.close()


def sending(pages: tuple[RenderedPage, ...], number: str = "5551234", offer: Offer | None = None) -> onecall.Sending:
    return onecall.Sending(number=number, pages=pages, identity=IDENTITY, offer=offer or Offer(), started_us=NOW_US)


def as_sent(pages: tuple[RenderedPage, ...], resolution: Resolution, folder: Path) -> list[Pixels]:
    """Return the pixels of every page with its header strip, the bodies decoded by libtiff."""
    header = SentHeader(identity=IDENTITY, number="5551234", pages=len(pages), started_us=NOW_US)
    bodies: list[T6Page] = [page.fine if resolution is Resolution.FINE else page.standard for page in pages]
    (folder / "sent.tif").write_bytes(write_t6_tiff(bodies))
    return [
        np.vstack([header.strip(number, resolution).to_bool(), body])
        for number, body in enumerate(read_pages(folder / "sent.tif"), start=1)
    ]


def assert_same(got: list[Pixels], wanted: list[Pixels]) -> None:
    """Compare pages pixel by pixel, and see that they are pages at all and not alike."""
    assert [page.shape for page in got] == [page.shape for page in wanted]
    assert all(np.array_equal(one, other) for one, other in zip(got, wanted, strict=True))
    assert all(0.001 < page.mean() < 0.5 for page in wanted)
    assert not any(np.array_equal(one, other) for one, other in itertools.pairwise(wanted))


def wait_for_ring(line: Class1Line) -> IncomingCall:
    for _ in range(30):
        if (incoming := line.wait_for_call(1)) is not None:
            return incoming
    raise AssertionError("it did not ring")


@pytest.mark.parametrize(
    ("machine", "offer", "trained"),
    [
        ("", Offer(), ("V.17", 14400)),
        pytest.param(",modems=v27+v29,mst=10", STANDARD_ONLY, ("V.29", 9600), marks=pytest.mark.interop),
        pytest.param(",modems=v27", STANDARD_ONLY, ("V.27ter", 4800), marks=pytest.mark.interop),
    ],
)
def test_three_pages_out_arrive_pixel_for_pixel(
    lab_exchange: LabExchange,
    line: Class1Line,
    pages: tuple[RenderedPage, ...],
    tmp_path: Path,
    machine: str,
    offer: Offer,
    trained: tuple[str, int],
) -> None:
    lab_exchange.route("5551234", f"receive:{tmp_path}/got.tif{machine}")
    told: list[str] = []
    result = onecall.send(line, sending(pages, offer=offer), told.append)
    assert result.outcome is Outcome.DELIVERED, result
    assert (result.modulation, result.bit_rate) == trained
    assert (result.confirmed_pages, result.station_id) == (3, "5550002")
    assert "page 3 of 3 confirmed (MCF)" in told
    far_end = lab_exchange.finished().machine
    assert far_end is not None
    assert (far_end.ok, far_end.pages, far_end.bad_rows, far_end.remote_ident) == (True, 3, 0, "5550000")
    assert_same(read_pages(tmp_path / "got.tif"), as_sent(pages, offer.resolutions[0], tmp_path))


@pytest.mark.parametrize(
    ("resolution", "machine"),
    [
        ("fine", ""),
        pytest.param("standard", ",modems=v27+v29", marks=pytest.mark.interop),
        pytest.param("standard", ",modems=v27", marks=pytest.mark.interop),
    ],
)
def test_three_pages_in_are_kept_pixel_for_pixel(
    lab_exchange: LabExchange, line: Class1Line, tmp_path: Path, resolution: str, machine: str
) -> None:
    letter = write_letter(tmp_path / "letter.tif", 3, resolution)
    lab_exchange.ring(f"send:{letter}{machine}", did="5559001", cid="5551111", name="ACME")
    incoming = wait_for_ring(line)
    assert incoming == IncomingCall(called="5559001", caller="5551111", caller_name="ACME")
    received = onecall.receive(line, incoming, tmp_path / "in", STATION, lambda: NOW_US, lambda _text: None)
    assert received.result.outcome is Outcome.RECEIVED, received.result
    assert received.result.station_id == "5550001"
    far_end = lab_exchange.finished().machine
    assert far_end is not None
    assert (far_end.ok, far_end.pages, far_end.remote_ident) == (True, 3, "5550000")
    tiff, pdf = received.files
    assert_same(read_pages(tiff), read_pages(letter))
    with Image.open(tiff) as picture:
        assert (picture.tag_v2[326], picture.tag_v2[327]) == (0, 0)  # BadFaxLines, CleanFaxData
    assert pdf.read_bytes().startswith(b"%PDF")
    assert sorted(tmp_path.joinpath("in").iterdir()) == sorted(received.files)


def test_a_page_is_on_disk_before_it_is_confirmed(
    lab_exchange: LabExchange, line: Class1Line, letter: Path, tmp_path: Path
) -> None:
    lab_exchange.ring(f"send:{letter}")
    folder, sent, confirmed = tmp_path / "in", read_pages(letter), []

    def look(text: str) -> None:
        if "stored and confirmed" in text:  # said when the MCF is about to go out
            confirmed.append([read_pages(file)[0] for file in sorted(folder.glob("*-page*.tif"))])

    onecall.receive(line, wait_for_ring(line), folder, STATION, lambda: NOW_US, look)
    assert [len(pages) for pages in confirmed] == [1, 2, 3]
    assert_same(confirmed[-1], sent)


def test_a_page_that_cannot_be_written_is_not_confirmed(
    lab_exchange: LabExchange, line: Class1Line, letter: Path, tmp_path: Path
) -> None:
    lab_exchange.ring(f"send:{letter}")
    folder = tmp_path / "in"

    def be_in_the_way(text: str) -> None:
        if text == "page 2 on the line":
            (file,) = folder.glob("*-page001.tif")
            file.with_name(file.name.replace("page001.tif", "page002.part")).mkdir()

    received = onecall.receive(line, wait_for_ring(line), folder, STATION, lambda: NOW_US, be_in_the_way)
    assert received.result.outcome is Outcome.STORE_FAULT
    assert received.result.confirmed_pages == 1
    far_end = lab_exchange.finished().machine
    assert far_end is not None
    assert (far_end.ok, far_end.frames.count("<MCF")) == (False, 1)
    assert_same(read_pages(received.files[0]), read_pages(letter)[:1])


def test_dtmf_digits_are_the_called_number(
    lab_exchange: LabExchange, line: Class1Line, letter: Path, tmp_path: Path
) -> None:
    lab_exchange.ring(f"send:{letter}", dtmf_did="4321")
    assert wait_for_ring(line).called == "4321"
    assert line.answer()
    line.hang_up()
    assert lab_exchange.finished().why == "modem hung up"


@pytest.mark.parametrize(
    ("route", "outcome"),
    [("busy", Outcome.BUSY), ("noanswer", Outcome.NO_ANSWER), ("nodialtone", Outcome.NO_DIALTONE)],
)
def test_calls_that_reach_nobody(
    lab_exchange: LabExchange, line: Class1Line, pages: tuple[RenderedPage, ...], route: str, outcome: Outcome
) -> None:
    lab_exchange.route("*", route)
    result = onecall.send(line, sending(pages), lambda _text: None)
    assert result.outcome is outcome
    assert onecall.EXIT_STATUS[result.outcome.disposition] == 1


def test_a_line_that_is_cut_in_the_second_page_ends_the_call_and_not_the_modem(
    lab_exchange: LabExchange, line: Class1Line, pages: tuple[RenderedPage, ...], tmp_path: Path
) -> None:
    lab_exchange.route("5551234", f"receive:{tmp_path}/got.tif")

    def cut_in_page_two(text: str) -> None:
        if text == "page 2 of 3 on the line":
            threading.Timer(0.7, lab_exchange.cut).start()

    result = onecall.send(line, sending(pages), cut_in_page_two)
    assert result.outcome is Outcome.CALL_DROPPED, result
    assert (result.confirmed_pages, result.unconfirmed_page) == (1, None)
    assert lab_exchange.finished().why == "line cut"
    lab_exchange.route("*", "busy")
    assert onecall.send(line, sending(pages), lambda _text: None).outcome is Outcome.BUSY


LATER = [pytest.param(moment, marks=pytest.mark.interop) for moment in ("trained", "page 1 of 3 on the line")]


@pytest.mark.parametrize("moment", ["dialling", *LATER, "page 1 of 3 sent"])
def test_stop_at_any_moment_ends_the_call_soon_and_frees_the_modem(
    lab_exchange: LabExchange, line: Class1Line, pages: tuple[RenderedPage, ...], tmp_path: Path, moment: str
) -> None:
    lab_exchange.route("5551234", f"receive:{tmp_path}/got.tif")

    def stop_at_the_moment(text: str) -> None:
        if text.startswith(moment):
            threading.Timer(0.1, line.stop).start()

    result = onecall.send(line, sending(pages), stop_at_the_moment)
    assert result.outcome.disposition is not Outcome.DELIVERED.disposition
    assert result.confirmed_pages == 0
    line.close()
    lab_exchange.route("*", "busy")
    again = open_class1(Class1Settings(device=lab_exchange.device))
    assert onecall.send(again, sending(pages), lambda _text: None).outcome is Outcome.BUSY
    again.close()


def test_the_transcript_has_every_frame_and_no_page(
    lab_exchange: LabExchange, line: Class1Line, pages: tuple[RenderedPage, ...], tmp_path: Path
) -> None:
    lab_exchange.route("5551234", f"receive:{tmp_path}/got.tif")
    written: list[str] = []
    onecall.send(TranscribedLine(line, written.append), sending(pages[:1]), lambda _text: None)
    rows = [row.rstrip("\n").split("\t") for row in written]
    signals = [(row[1], row[4] if row[2] == "frame" else row[2]) for row in rows]
    assert signals == [
        ("#", "dial"),
        ("<", "CSI"),
        ("<", "DIS"),
        (">", "TSI"),
        (">", "DCS"),
        (">", "training"),
        ("<", "CFR"),
        (">", "page"),
        (">", "EOP"),
        ("<", "MCF"),
        (">", "DCN"),
    ]
    assert rows[-2][5] == "ffc831"
    assert max(len(row) for row in written) < 200
    assert [float(row[0]) for row in rows] == sorted(float(row[0]) for row in rows)


@pytest.mark.interop
def test_the_same_in_real_time(pages: tuple[RenderedPage, ...], letter: Path, tmp_path: Path) -> None:
    with LabExchange(tmp_path, turbo=0) as exchange:
        exchange.route("5551234", f"receive:{tmp_path}/got.tif")
        line = open_class1(Class1Settings(device=exchange.device))
        result = onecall.send(line, sending(pages), lambda _text: None)
        assert result.outcome is Outcome.DELIVERED, result
        exchange.finished()
        assert_same(read_pages(tmp_path / "got.tif"), as_sent(pages, Resolution.FINE, tmp_path))
        exchange.ring(f"send:{letter}")
        received = onecall.receive(line, wait_for_ring(line), tmp_path / "in", STATION, lambda: NOW_US, print)
        assert_same(read_pages(received.files[0]), read_pages(letter))
        line.close()
