"""Polling over libspandsp's modem and machine, both ways, with and without error correction: pixels compared, read by libtiff."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from lab.documents import read_pages, write_letter
from lab.fixture import LabExchange
from test_live_calls import IDENTITY, NOW_US, as_sent, assert_same, wait_for_ring

from mailfax.gateway import onecall
from mailfax.model.outcome import Outcome
from mailfax.model.page import Resolution
from mailfax.modem.class1 import Class1Line, Class1Settings, open_class1
from mailfax.modem.pump import run_call
from mailfax.render.settings import RenderSettings
from mailfax.render.story import read_files, render_files
from mailfax.t30.answerer import AnswererStation, Offered, PollRequest, answer
from mailfax.t30.negotiate import FULL_OFFER

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]


@pytest.fixture
def line(lab_exchange: LabExchange) -> Iterator[Class1Line]:
    """Open the exchange's modem."""
    opened = open_class1(Class1Settings(device=lab_exchange.device, number="5559000"))
    yield opened
    opened.close()


@pytest.mark.parametrize(
    "machine", ["", pytest.param(",ecm=0", marks=pytest.mark.interop)], ids=["with ECM", "without ECM"]
)
def test_a_document_of_their_machine_is_fetched(
    lab_exchange: LabExchange, line: Class1Line, tmp_path: Path, machine: str
) -> None:
    letter = write_letter(tmp_path / "letter.tif", 2, "standard")
    lab_exchange.route("5551234", f"send:{letter}{machine}")
    station = AnswererStation(station_id="5550000", offer=FULL_OFFER, poll=PollRequest())
    received = onecall.poll(line, "5551234", tmp_path / "in", station, lambda: NOW_US, lambda _text: None)
    assert (received.result.outcome, received.pages) == (Outcome.RECEIVED, 2), received.result
    far_end = lab_exchange.finished().machine
    assert far_end is not None
    assert (far_end.ok, far_end.pages) == (True, 2)
    assert_same(read_pages(received.files[0]), read_pages(letter))


def test_a_machine_that_offers_nothing_says_so(lab_exchange: LabExchange, line: Class1Line, tmp_path: Path) -> None:
    lab_exchange.route("5551234", f"receive:{tmp_path}/got.tif")
    station = AnswererStation(offer=FULL_OFFER, poll=PollRequest())
    received = onecall.poll(line, "5551234", tmp_path / "in", station, lambda: NOW_US, lambda _text: None)
    assert received.result.outcome is Outcome.NOTHING_TO_POLL


@pytest.mark.parametrize(
    ("selector", "machine"),
    [
        pytest.param("", ",ecm=0", id="the one, without ECM", marks=pytest.mark.interop),
        pytest.param("77", "", id="by selector, with ECM"),
        pytest.param("", "", id="the one, with ECM", marks=pytest.mark.interop),
        pytest.param("77", ",ecm=0", id="by selector, without ECM", marks=pytest.mark.interop),
    ],
)
def test_their_machine_fetches_a_document_of_ours(
    lab_exchange: LabExchange, line: Class1Line, tmp_path: Path, machine: str, selector: str
) -> None:
    letter = write_letter(tmp_path / "letter.tif", 2, "fine")
    pages = render_files(read_files([letter]), RenderSettings(), lambda _page, _pages: None).pages
    lab_exchange.ring(f"receive:{tmp_path}/got.tif{machine}{f',sep={selector}' if selector else ''}")
    wait_for_ring(line)
    assert line.answer()
    offered = (Offered(label="P1", pages=2, selector=selector),)
    station = AnswererStation(station_id="5550000", offer=FULL_OFFER, offered=offered)
    giving = onecall.Sending(number="5551234", pages=pages, identity=IDENTITY, offer=FULL_OFFER, started_us=NOW_US)
    result = run_call(answer(station), line, onecall._SendKeeper(giving, lambda _text: None))
    assert result.outcome is Outcome.DELIVERED, result
    far_end = lab_exchange.finished().machine
    assert far_end is not None
    assert (far_end.ok, far_end.pages, far_end.bad_rows) == (True, 2, 0)
    assert_same(read_pages(tmp_path / "got.tif"), as_sent(pages, Resolution.FINE, tmp_path))
