"""Error correction over libspandsp's modem and machine, both directions, every coding: pixels compared, read by libtiff."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from lab.documents import read_pages, write_letter
from lab.fixture import LabExchange
from test_live_calls import IDENTITY, NOW_US, as_sent, assert_same, wait_for_ring

from mailfax.gateway import onecall
from mailfax.model.outcome import Outcome
from mailfax.model.page import Coding, Resolution
from mailfax.modem.class1 import Class1Line, Class1Settings, open_class1
from mailfax.modem.transcript import TranscribedLine
from mailfax.render.result import RenderedPage
from mailfax.render.settings import RenderSettings
from mailfax.render.story import read_files, render_files
from mailfax.t4codec import warm
from mailfax.t30.answerer import AnswererStation
from mailfax.t30.negotiate import FULL_OFFER, Offer

pytestmark = [pytest.mark.live, pytest.mark.timeout(200)]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> tuple[RenderedPage, ...]:
    """Render a letter as a document to send."""
    warm()
    letter = write_letter(tmp_path_factory.mktemp("letter") / "letter.tif", 2, "fine")
    return render_files(read_files([letter]), RenderSettings(), lambda _page, _pages: None).pages


@pytest.fixture
def line(lab_exchange: LabExchange) -> Iterator[Class1Line]:
    """Open the exchange's modem."""
    opened = open_class1(Class1Settings(device=lab_exchange.device, number="5559000"))
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("machine", "offer", "signal"),
    [
        ("", FULL_OFFER, "block"),
        pytest.param(",modems=v27+v29", FULL_OFFER, "block", marks=pytest.mark.interop),
        pytest.param("", Offer(codings=(Coding.MR, Coding.MH), ecm=True), "block", marks=pytest.mark.interop),
        pytest.param("", Offer(ecm=True), "block", marks=pytest.mark.interop),
        pytest.param(",ecm=0", FULL_OFFER, "page", marks=pytest.mark.interop),
    ],
    ids=["MMR", "MMR V.29", "MR", "MH", "without ECM"],
)
def test_pages_out_with_error_correction(
    lab_exchange: LabExchange,
    line: Class1Line,
    pages: tuple[RenderedPage, ...],
    tmp_path: Path,
    machine: str,
    offer: Offer,
    signal: str,
) -> None:
    lab_exchange.route("5551234", f"receive:{tmp_path}/got.tif{machine}")
    written: list[str] = []
    sending = onecall.Sending(number="5551234", pages=pages, identity=IDENTITY, offer=offer, started_us=NOW_US)
    result = onecall.send(TranscribedLine(line, written.append), sending, lambda _text: None)
    assert (result.outcome, result.confirmed_pages) == (Outcome.DELIVERED, 2), result
    assert [row.split("\t")[2] for row in written].count(signal) == 2
    far_end = lab_exchange.finished().machine
    assert far_end is not None
    assert (far_end.ok, far_end.pages, far_end.bad_rows) == (True, 2, 0)
    assert_same(read_pages(tmp_path / "got.tif"), as_sent(pages, Resolution.FINE, tmp_path))


@pytest.mark.parametrize(
    "machine",
    [
        "",
        pytest.param(",modems=v27", marks=pytest.mark.interop),
        pytest.param(",comp=mh", marks=pytest.mark.interop),
        pytest.param(",ecm=0", marks=pytest.mark.interop),
    ],
)
def test_pages_in_with_error_correction(
    lab_exchange: LabExchange, line: Class1Line, tmp_path: Path, machine: str
) -> None:
    letter = write_letter(tmp_path / "letter.tif", 2, "standard")
    lab_exchange.ring(f"send:{letter}{machine}")
    incoming = wait_for_ring(line)
    written: list[str] = []
    received = onecall.receive(
        TranscribedLine(line, written.append),
        incoming,
        tmp_path / "in",
        AnswererStation(station_id="5550000", offer=FULL_OFFER),
        lambda: NOW_US,
        lambda _text: None,
    )
    assert received.result.outcome is Outcome.RECEIVED, received.result
    signal = "page" if "ecm=0" in machine else "block"
    assert [row.split("\t")[2] for row in written].count(signal) == 2
    far_end = lab_exchange.finished().machine
    assert far_end is not None
    assert (far_end.ok, far_end.pages) == (True, 2)
    assert_same(read_pages(received.files[0]), read_pages(letter))
