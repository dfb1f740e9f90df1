"""The matrix: our caller and our answerer with libspandsp's machine, every rate, every coding, with and without error correction.

One page of 256 rows a cell; then the resolutions at three rates, and twenty pages. What arrives is compared pixel for pixel. `make
interop` runs it; each green cell leaves a row in the file that MAILFAX_MATRIX names, of which docs/interop.py makes the tables.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from lab.documents import DENSITY, Pixels, letter, read_pages, save_pages, write_letter
from lab.fixture import LabExchange
from lab.machine import MachineReport
from PIL import Image
from test_live_calls import IDENTITY, NOW_US, as_sent, assert_same

from mailfax.gateway import onecall
from mailfax.model.outcome import Outcome
from mailfax.model.page import Coding, Resolution
from mailfax.modem.class1 import Class1Line, Class1Settings, open_class1
from mailfax.render.result import RenderedPage
from mailfax.render.settings import RenderSettings
from mailfax.render.story import read_files, render_files
from mailfax.t4codec import warm
from mailfax.t30.answerer import AnswererStation
from mailfax.t30.modulation import Modulation
from mailfax.t30.negotiate import FULL_OFFER, Offer

pytestmark = [pytest.mark.interop, pytest.mark.timeout(200)]

ROWS = 256
TURBO = 30
WAYS = [(True, Coding.MH), (True, Coding.MR), (True, Coding.MMR), (False, Coding.MH), (False, Coding.MR)]
COMPRESSIONS = {Coding.MH: "mh", Coding.MR: "mh+mr", Coding.MMR: "mh+mr+mmr"}
MODEMS = {"V.27ter": "v27", "V.29": "v27+v29", "V.17": "v27+v29+v17"}


def offer_of(modulation: Modulation, coding: Coding, *, ecm: bool) -> Offer:
    return Offer(codings=(coding, Coding.MH), best_modulation=modulation, ecm=ecm)


@pytest.fixture(scope="module")
def strip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the first 256 rows with something on them."""
    warm()
    path = tmp_path_factory.mktemp("strip") / "strip.tif"
    rows = np.asarray(letter(1, 1, "fine"))[100 : 100 + ROWS]
    save_pages(path, [Image.fromarray(rows)], DENSITY["fine"])
    return path


@pytest.fixture(scope="module")
def page(strip: Path) -> RenderedPage:
    (rendered,) = render_files(read_files([strip]), RenderSettings(), lambda _page, _pages: None).pages
    return rendered


@pytest.fixture
def lab_exchange(tmp_path: Path) -> Iterator[LabExchange]:
    """Run an exchange whose clock is faster still while only the modem is busy: these calls are long and many."""
    with LabExchange(tmp_path, turbo=TURBO) as exchange:
        yield exchange


@pytest.fixture
def line(lab_exchange: LabExchange) -> Iterator[Class1Line]:
    opened = open_class1(Class1Settings(device=lab_exchange.device, number="5559000"))
    yield opened
    opened.close()


def note(part: str, far_end: MachineReport | None, seconds: float, **cell: object) -> None:
    """Leave a row for the tables."""
    if path := os.environ.get("MAILFAX_MATRIX"):
        assert far_end is not None
        row = {"part": part, **cell, "seconds": round(seconds, 1), "far_end": f"{far_end.bit_rate} {far_end.encoding}"}
        with Path(path).open("a") as file:
            file.write(json.dumps(row) + "\n")


@pytest.mark.parametrize(("ecm", "coding"), WAYS)
@pytest.mark.parametrize("modulation", Modulation)
def test_our_caller(
    lab_exchange: LabExchange,
    line: Class1Line,
    page: RenderedPage,
    tmp_path: Path,
    modulation: Modulation,
    ecm: bool,
    coding: Coding,
) -> None:
    lab_exchange.route("5551234", f"receive:{tmp_path}/got.tif,comp={COMPRESSIONS[coding]},ecm={int(ecm)}")
    sending = onecall.Sending(
        number="5551234",
        pages=(page,),
        identity=IDENTITY,
        offer=offer_of(modulation, coding, ecm=ecm),
        started_us=NOW_US,
    )
    result = onecall.send(line, sending, lambda _text: None)
    assert result.outcome is Outcome.DELIVERED, result
    assert (result.modulation, result.bit_rate) == (modulation.scheme, modulation.bit_rate)
    far_end = lab_exchange.finished().machine
    assert far_end is not None
    assert (far_end.ok, far_end.pages, far_end.bad_rows) == (True, 1, 0)
    assert_same(read_pages(tmp_path / "got.tif"), as_sent((page,), Resolution.FINE, tmp_path))
    note("rates", far_end, result.seconds, side="caller", modulation=str(modulation), ecm=ecm, coding=coding)


@pytest.mark.parametrize(("ecm", "coding"), WAYS)
@pytest.mark.parametrize("modulation", Modulation)
def test_our_answerer(
    lab_exchange: LabExchange,
    line: Class1Line,
    strip: Path,
    tmp_path: Path,
    modulation: Modulation,
    ecm: bool,
    coding: Coding,
) -> None:
    machine = f"comp={COMPRESSIONS[coding]},modems={MODEMS[modulation.scheme]},ecm={int(ecm)}"
    lab_exchange.ring(f"send:{strip},{machine}")
    incoming = next(call for _ in range(30) if (call := line.wait_for_call(1)) is not None)
    station = AnswererStation(station_id="5550000", offer=offer_of(modulation, coding, ecm=ecm))
    received = onecall.receive(line, incoming, tmp_path / "in", station, lambda: NOW_US, lambda _text: None)
    assert received.result.outcome is Outcome.RECEIVED, received.result
    assert received.result.bit_rate == modulation.bit_rate
    far_end = lab_exchange.finished().machine
    assert far_end is not None
    assert (far_end.ok, far_end.pages) == (True, 1)
    (got,), (sent,) = read_pages(received.files[0]), read_pages(strip)
    assert np.array_equal(got, sent)
    seconds = received.result.seconds
    note("rates", far_end, seconds, side="answerer", modulation=str(modulation), ecm=ecm, coding=coding)


# -- resolutions, and many pages -------------------------------------------------------------------------------------------

SIZES = {
    Resolution.STANDARD: ("standard", "res=std+fine+r8"),
    Resolution.FINE: ("fine", "res=std+fine+r8"),
    Resolution.SUPERFINE: ("superfine", "res=std+fine+superfine+r8"),
    Resolution.ULTRAFINE: ("ultrafine", "res=std+fine+superfine+r8+r16"),
}


# Each with error correction and without; the finest only where the lab's machine takes it, which is with error correction.
SIZED = [
    (resolution, ecm) for resolution in SIZES for ecm in (True, False) if ecm or resolution is not Resolution.ULTRAFINE
]


def enlarged(pages: list[Pixels], resolution: Resolution) -> list[Pixels]:
    """Give pages of the fine raster in a finer one."""
    down = {Resolution.SUPERFINE: 2, Resolution.ULTRAFINE: 2}.get(resolution, 1)
    return [np.repeat(np.repeat(page, down, axis=0), resolution.width_px(1728) // 1728, axis=1) for page in pages]


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> tuple[RenderedPage, ...]:
    warm()
    path = write_letter(tmp_path_factory.mktemp("letter") / "letter.tif", 20, "fine")
    return render_files(read_files([path]), RenderSettings(), lambda _page, _pages: None).pages


@pytest.mark.parametrize("pages", [1, 3])
@pytest.mark.parametrize("modulation", [Modulation.V17_14400, Modulation.V29_9600, Modulation.V27TER_4800])
@pytest.mark.parametrize(("resolution", "ecm"), SIZED)
def test_our_caller_in_each_resolution(
    lab_exchange: LabExchange,
    line: Class1Line,
    document: tuple[RenderedPage, ...],
    tmp_path: Path,
    resolution: Resolution,
    ecm: bool,
    modulation: Modulation,
    pages: int,
) -> None:
    _, machine = SIZES[resolution]
    lab_exchange.route("5551234", f"receive:{tmp_path}/got.tif,{machine},ecm={int(ecm)}")
    codings = (Coding.MMR,) if ecm else (Coding.MR,)
    offer = Offer(codings=codings, resolutions=(resolution,), best_modulation=modulation, ecm=ecm)
    sent = document[:pages]
    sending = onecall.Sending(number="5551234", pages=sent, identity=IDENTITY, offer=offer, started_us=NOW_US)
    result = onecall.send(line, sending, lambda _text: None)
    assert (result.outcome, result.confirmed_pages) == (Outcome.DELIVERED, pages), result
    far_end = lab_exchange.finished().machine
    assert far_end is not None
    source = Resolution.STANDARD if resolution is Resolution.STANDARD else Resolution.FINE
    assert_same(read_pages(tmp_path / "got.tif"), enlarged(as_sent(sent, source, tmp_path), resolution))
    cell = {"resolution": str(resolution), "pages": pages, "modulation": str(modulation), "ecm": ecm}
    note("sizes", far_end, result.seconds, side="caller", **cell)


@pytest.mark.parametrize("pages", [1, 3])
@pytest.mark.parametrize("modulation", [Modulation.V17_14400, Modulation.V29_9600, Modulation.V27TER_4800])
@pytest.mark.parametrize(("resolution", "ecm"), SIZED)
def test_our_answerer_in_each_resolution(
    lab_exchange: LabExchange,
    line: Class1Line,
    tmp_path: Path,
    resolution: Resolution,
    ecm: bool,
    modulation: Modulation,
    pages: int,
) -> None:
    name, machine = SIZES[resolution]
    letters = [
        np.asarray(letter(page + 1, pages, "standard" if name == "standard" else "fine")) for page in range(pages)
    ]
    file = tmp_path / "letter.tif"
    images = [Image.fromarray(~page) for page in enlarged([~one for one in letters], resolution)]
    save_pages(file, images, tuple(resolution.density))
    lab_exchange.ring(f"send:{file},{machine},modems={MODEMS[modulation.scheme]},ecm={int(ecm)}")
    incoming = next(call for _ in range(30) if (call := line.wait_for_call(1)) is not None)
    station = AnswererStation(station_id="5550000", offer=replace(FULL_OFFER, best_modulation=modulation))
    received = onecall.receive(line, incoming, tmp_path / "in", station, lambda: NOW_US, lambda _text: None)
    assert (received.result.outcome, received.pages) == (Outcome.RECEIVED, pages), received.result
    far_end = lab_exchange.finished().machine
    assert far_end is not None
    assert_same(read_pages(received.files[0]), read_pages(file))
    cell = {"resolution": str(resolution), "pages": pages, "modulation": str(modulation), "ecm": ecm}
    note("sizes", far_end, received.result.seconds, side="answerer", **cell)


@pytest.mark.parametrize("ecm", [True, False])
def test_twenty_pages_out(
    lab_exchange: LabExchange, line: Class1Line, document: tuple[RenderedPage, ...], tmp_path: Path, ecm: bool
) -> None:
    lab_exchange.route("5551234", f"receive:{tmp_path}/got.tif,ecm={int(ecm)}")
    sending = onecall.Sending(number="5551234", pages=document, identity=IDENTITY, offer=FULL_OFFER, started_us=NOW_US)
    result = onecall.send(line, sending, lambda _text: None)
    assert (result.outcome, result.confirmed_pages) == (Outcome.DELIVERED, 20), result
    far_end = lab_exchange.finished().machine
    assert_same(read_pages(tmp_path / "got.tif"), as_sent(document, Resolution.FINE, tmp_path))
    note("twenty", far_end, result.seconds, side="caller", ecm=ecm)


@pytest.mark.parametrize("ecm", [True, False])
def test_twenty_pages_in(lab_exchange: LabExchange, line: Class1Line, tmp_path: Path, ecm: bool) -> None:
    file = write_letter(tmp_path / "letter.tif", 20, "standard")
    lab_exchange.ring(f"send:{file},ecm={int(ecm)}")
    incoming = next(call for _ in range(30) if (call := line.wait_for_call(1)) is not None)
    station = AnswererStation(station_id="5550000", offer=FULL_OFFER)
    received = onecall.receive(line, incoming, tmp_path / "in", station, lambda: NOW_US, lambda _text: None)
    assert (received.result.outcome, received.pages) == (Outcome.RECEIVED, 20), received.result
    far_end = lab_exchange.finished().machine
    assert_same(read_pages(received.files[0]), read_pages(file))
    note("twenty", far_end, received.result.seconds, side="answerer", ecm=ecm)
