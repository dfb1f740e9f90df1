"""Our Class 2 driver through the emulator that mgetty has proved (test_class2_mgetty.py), to libspandsp's fax machines and from them.

What is sent and what arrives is compared pixel for pixel; both sides are read by libtiff.
"""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from lab.class2modem import Model
from lab.documents import DENSITY, Pixels, read_pages, write_letter
from lab.documents import letter as letter_page
from lab.fixture import LabExchange
from PIL import Image, TiffImagePlugin

from mailfax.gateway import onecall
from mailfax.gateway.identity import Identity, SentHeader
from mailfax.gateway.transcripts import converse
from mailfax.model.outcome import Outcome
from mailfax.model.page import Resolution
from mailfax.modem.at.settings import FlowControl
from mailfax.modem.class2 import Class2Line
from mailfax.modem.line import DialResult, IncomingCall
from mailfax.modem.opening import Wished, open_modem
from mailfax.modem.profile import FaxClass, load_profiles
from mailfax.modem.pump import run_call
from mailfax.modem.transcript import TranscribedLine
from mailfax.render.result import RenderedPage
from mailfax.render.settings import RenderSettings
from mailfax.render.story import read_files, render_files
from mailfax.t4codec import warm
from mailfax.t4codec.tiff import T6Page, write_t6_tiff
from mailfax.t30.answerer import AnswererStation, PageQuality
from mailfax.t30.answering import PollRequest
from mailfax.t30.caller import CallerJob, call
from mailfax.t30.modulation import Modulation
from mailfax.t30.negotiate import FULL_OFFER
from mailfax.t30.replay import parse, replay

pytestmark = pytest.mark.timeout(200)

NOW_US = 1_795_356_000_000_000  # 2026-11-22 14:00 UTC
IDENTITY = Identity(station_id="5550000", name="Meridian", time_zone="Europe/Berlin")
OFFER = replace(FULL_OFFER, best_modulation=Modulation.V17_14400)
PROFILES = load_profiles()


@pytest.fixture(scope="module")
def letter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a letter of three pages, and load the kernels before any call has to wait for them."""
    warm()
    return write_letter(tmp_path_factory.mktemp("letter") / "letter.tif", 3, "fine")


@pytest.fixture(scope="module")
def pages(letter: Path) -> tuple[RenderedPage, ...]:
    return render_files(read_files([letter]), RenderSettings(), lambda _page, _pages: None).pages


@contextmanager
def modem(
    folder: Path, fax_class: str, model: Model, flow: FlowControl | None = None
) -> Iterator[tuple[LabExchange, Class2Line]]:
    """Run an exchange with one modem, and open a line on it as `mailfax serve` does."""
    with LabExchange(folder, model=model) as exchange:
        wished = Wished(device=exchange.device, number="5559000", fax_class=FaxClass(fax_class), flow=flow)
        line = open_modem(wished, PROFILES)
        assert isinstance(line, Class2Line)
        try:
            yield exchange, line
        finally:
            line.close()


def save_pages(path: Path, pages: list[tuple[Image.Image, str]]) -> None:
    """Write pages of different resolutions as one TIFF: libspandsp's machine sends EOM between them."""
    with TiffImagePlugin.AppendingTiffWriter(str(path), new=True) as file:
        for page, resolution in pages:
            page.save(file, format="TIFF", compression="group4", dpi=DENSITY[resolution], tiffinfo={262: 0, 266: 1})
            file.newFrame()


def sending(pages: tuple[RenderedPage, ...], *, ecm: bool = True) -> onecall.Sending:
    offer = OFFER if ecm else replace(OFFER, ecm=False)
    return onecall.Sending(number="5551234", pages=pages, identity=IDENTITY, offer=offer, started_us=NOW_US)


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


def wait_for_ring(line: Class2Line) -> IncomingCall:
    for _ in range(30):
        if (incoming := line.wait_for_call(1)) is not None:
            return incoming
    raise AssertionError("it did not ring")


@pytest.mark.live
@pytest.mark.parametrize("fax_class", ["2", pytest.param("2.0", marks=pytest.mark.interop)])
def test_three_pages_out_arrive_pixel_for_pixel(
    pages: tuple[RenderedPage, ...], tmp_path: Path, fax_class: str
) -> None:
    told: list[str] = []
    written: list[str] = []
    with modem(tmp_path, fax_class, Model(ecm=True, hex_numbers=False)) as (exchange, line):
        exchange.route("5551234", f"receive:{tmp_path}/got.tif")
        result = onecall.send(TranscribedLine(line, written.append), sending(pages), told.append)
        far_end = exchange.finished().machine
    assert result.outcome is Outcome.DELIVERED, result
    assert (result.modulation, result.bit_rate, result.station_id) == ("V.17", 14400, "5550002")
    assert result.confirmed == {1, 2, 3}
    assert far_end is not None
    assert (far_end.ok, far_end.pages, far_end.encoding, far_end.remote_ident) == (True, 3, "mmr", "5550000")
    assert "page 3 of 3 confirmed (MCF)" in told
    assert_same(read_pages(tmp_path / "got.tif"), as_sent(pages, Resolution.FINE, tmp_path))
    dialogue = [row.what for row in parse(written) if row.signal == "modem"]
    ended = "> AT+FET=2" if fax_class == "2" else "< +FHS:00"
    assert [row for row in dialogue if row in {"> AT+FDT", ended}] == ["> AT+FDT"] * 3 + [ended]


@pytest.mark.live
@pytest.mark.parametrize("fax_class", [pytest.param("2", marks=pytest.mark.interop), "2.0"])
def test_three_pages_in_arrive_pixel_for_pixel(letter: Path, tmp_path: Path, fax_class: str) -> None:
    with modem(tmp_path, fax_class, Model(hex_numbers=False)) as (exchange, line):
        exchange.ring(f"send:{letter}", did="5559001", cid="5551111", name="ACME")
        incoming = wait_for_ring(line)
        assert incoming == IncomingCall(called="5559001", caller="5551111", caller_name="ACME")
        station = AnswererStation(station_id="5550000", offer=OFFER)
        received = onecall.receive(line, incoming, tmp_path / "in", station, lambda: NOW_US, lambda _: None)
        far_end = exchange.finished().machine
    assert received.result.outcome is Outcome.RECEIVED, received
    assert (received.result.station_id, received.result.confirmed) == ("5550001", {1, 2, 3})
    assert far_end is not None
    assert (far_end.ok, far_end.pages, far_end.remote_ident) == (True, 3, "5550000")
    assert_same(read_pages(received.files[0]), read_pages(letter))


MACHINES = ["", ",ecm=0", ",modems=v27+v29,mst=20,ecm=0", ",modems=v27,comp=mh", ",res=std,ecm=0"]


@pytest.mark.interop
@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(("fax_class", "ecm"), [("2", False), ("2.0", True)])
def test_out_to_every_machine(
    pages: tuple[RenderedPage, ...], tmp_path: Path, fax_class: str, machine: str, ecm: bool
) -> None:
    written: list[str] = []
    with modem(tmp_path, fax_class, Model(ecm=ecm, hex_numbers=fax_class == "2.1")) as (exchange, line):
        exchange.route("5551234", f"receive:{tmp_path}/got.tif{machine}")
        result = onecall.send(TranscribedLine(line, written.append), sending(pages), lambda _: None)
        far_end = exchange.finished().machine
    assert result.outcome is Outcome.DELIVERED, result
    assert far_end is not None
    assert (far_end.ok, far_end.pages, far_end.bad_rows) == (True, 3, 0)
    assert result.bit_rate == far_end.bit_rate
    resolution = Resolution.STANDARD if "std" in machine else Resolution.FINE
    assert_same(read_pages(tmp_path / "got.tif"), as_sent(pages, resolution, tmp_path))


@pytest.mark.interop
@pytest.mark.parametrize("machine", ["", ",ecm=0", ",modems=v27+v29,comp=mh"])
@pytest.mark.parametrize(("fax_class", "ecm"), [("2", True), ("2.0", False), ("2.1", True)])
def test_in_from_every_machine(letter: Path, tmp_path: Path, fax_class: str, machine: str, ecm: bool) -> None:
    with modem(tmp_path, fax_class, Model(ecm=ecm, hex_numbers=fax_class == "2.1")) as (exchange, line):
        exchange.ring(f"send:{letter}{machine}")
        station = AnswererStation(station_id="5550000", offer=OFFER)
        incoming = wait_for_ring(line)
        received = onecall.receive(line, incoming, tmp_path / "in", station, lambda: NOW_US, lambda _: None)
        far_end = exchange.finished().machine
    assert received.result.outcome is Outcome.RECEIVED, received
    assert far_end is not None
    assert (far_end.ok, received.result.bit_rate) == (True, far_end.bit_rate)
    assert_same(read_pages(received.files[0]), read_pages(letter))


@pytest.mark.interop
@pytest.mark.parametrize("flow", [FlowControl.XON_XOFF, FlowControl.RTS_CTS])
@pytest.mark.parametrize("fax_class", ["2", "2.0"])
def test_a_modem_that_holds_us_back_loses_nothing(
    pages: tuple[RenderedPage, ...], tmp_path: Path, fax_class: str, flow: FlowControl
) -> None:
    model = Model(buffer_octets=2048, drain_octets_s=60_000.0, hex_numbers=False)
    with modem(tmp_path, fax_class, model, flow) as (exchange, line):
        exchange.route("5551234", f"receive:{tmp_path}/got.tif")
        result = onecall.send(line, sending(pages), lambda _: None)
        held_back = exchange.class2.xoffs
    assert result.outcome is Outcome.DELIVERED, result
    assert held_back >= 3
    assert_same(read_pages(tmp_path / "got.tif"), as_sent(pages, Resolution.FINE, tmp_path))


@pytest.mark.interop
@pytest.mark.parametrize("fax_class", ["2", "2.0"])
def test_a_page_that_we_refuse_comes_again(letter: Path, tmp_path: Path, fax_class: str) -> None:
    """No page is good enough for this station; its RTN goes out in place of the modem's own MCF."""
    picky = AnswererStation(station_id="5550000", offer=OFFER, quality=PageQuality(least_good_share=1.5))
    with modem(tmp_path, fax_class, Model(hex_numbers=False)) as (exchange, line):
        exchange.ring(f"send:{letter}")
        incoming = wait_for_ring(line)
        received = onecall.receive(line, incoming, tmp_path / "in", picky, lambda: NOW_US, lambda _: None)
        far_end = exchange.finished().machine
    assert far_end is not None
    assert "<MCF" not in far_end.frames
    assert far_end.frames.count("<RTN") >= 2
    assert received.result.confirmed == frozenset()
    assert received.pages == far_end.frames.count("<RTN")
    wanted = read_pages(letter)[0]
    assert all(np.array_equal(page, wanted) for page in read_pages(received.files[0]))


@pytest.mark.interop
@pytest.mark.parametrize(
    ("route", "outcome"), [("busy", Outcome.BUSY), ("noanswer", Outcome.NO_ANSWER), ("nodialtone", Outcome.NO_DIALTONE)]
)
def test_why_there_is_no_call(pages: tuple[RenderedPage, ...], tmp_path: Path, route: str, outcome: Outcome) -> None:
    with modem(tmp_path, "2.0", Model()) as (exchange, line):
        exchange.route("*", route)
        assert onecall.send(line, sending(pages), lambda _: None).outcome is outcome


@pytest.mark.interop
@pytest.mark.parametrize(("fax_class", "ecm"), [("2", False), ("2.0", True)])
def test_a_document_of_their_machine_is_fetched(letter: Path, tmp_path: Path, fax_class: str, ecm: bool) -> None:
    with LabExchange(tmp_path, model=Model(hex_numbers=False, ecm=ecm)) as exchange:
        exchange.route("5551234", f"send:{letter}")
        line = open_modem(Wished(device=exchange.device, fax_class=FaxClass(fax_class), polls=True), PROFILES)
        station = AnswererStation(station_id="5550000", offer=OFFER, poll=PollRequest())
        received = onecall.poll(line, "5551234", tmp_path / "in", station, lambda: NOW_US, lambda _: None)
        far_end = exchange.finished().machine
        line.close()
    assert (received.result.outcome, received.result.confirmed) == (Outcome.RECEIVED, {1, 2, 3}), received
    assert far_end is not None
    assert (far_end.ok, far_end.pages) == (True, 3)
    assert_same(read_pages(received.files[0]), read_pages(letter))


@pytest.mark.interop
def test_a_machine_that_offers_nothing_says_so(tmp_path: Path) -> None:
    with LabExchange(tmp_path, model=Model()) as exchange:
        exchange.route("*", f"receive:{tmp_path}/got.tif")
        line = open_modem(Wished(device=exchange.device, fax_class=FaxClass.CLASS2, polls=True), PROFILES)
        station = AnswererStation(offer=OFFER, poll=PollRequest())
        received = onecall.poll(line, "5551234", tmp_path / "in", station, lambda: NOW_US, lambda _: None)
        line.close()
    assert received.result.outcome is Outcome.NOTHING_TO_POLL


@pytest.mark.interop
@pytest.mark.parametrize("at", ["DT", "+FDIS", "+FDT", "data", "+FET"])
def test_a_plug_that_is_pulled_while_sending(pages: tuple[RenderedPage, ...], tmp_path: Path, at: str) -> None:
    """The call is over at once, nothing is claimed; when the modem is back, a line opened again works."""
    with modem(tmp_path, "2", Model(pulled_at=at)) as (exchange, line):
        exchange.route("*", f"receive:{tmp_path}/got.tif")
        result = onecall.send(line, sending(pages[:1]), lambda _: None)
        assert result.outcome is (Outcome.UNCERTAIN if at == "+FET" else Outcome.LINE_FAULT), result
        assert result.confirmed == frozenset()
        line.close()
        exchange.plug_in()
        again = open_modem(Wished(device=exchange.device, fax_class=FaxClass.CLASS2), PROFILES)
        try:
            assert onecall.send(again, sending(pages[:1]), lambda _: None).outcome is Outcome.DELIVERED
        finally:
            again.close()


@pytest.mark.interop
@pytest.mark.parametrize("at", ["A", "+FDR", "given"])
def test_a_plug_that_is_pulled_while_receiving(letter: Path, tmp_path: Path, at: str) -> None:
    with modem(tmp_path, "2.0", Model(pulled_at=at, hex_numbers=False)) as (exchange, line):
        exchange.ring(f"send:{letter}")
        incoming = wait_for_ring(line)
        station = AnswererStation(station_id="5550000", offer=OFFER)
        received = onecall.receive(line, incoming, tmp_path / "in", station, lambda: NOW_US, lambda _: None)
    assert received.result.outcome is Outcome.LINE_FAULT, received
    assert received.result.confirmed == frozenset()


@pytest.mark.interop
@pytest.mark.parametrize("boasts", [False, True])
@pytest.mark.parametrize("fax_class", ["2", "2.0"])
def test_two_documents_go_out_in_one_call(
    pages: tuple[RenderedPage, ...], tmp_path: Path, fax_class: str, boasts: bool
) -> None:
    """EOM between them, and the modem goes back to phase B by itself; also one that says of itself more than is true."""
    job = CallerJob(pages=1, station_id="5550000", offer=OFFER, label="one")
    job = replace(job, following=(replace(job, label="two"),))
    keeper = onecall._SendKeeper(sending(pages[:1]), lambda _: None)
    with modem(tmp_path, fax_class, Model(hex_numbers=False, boasts=boasts)) as (exchange, line):
        exchange.route("*", f"receive:{tmp_path}/got.tif")
        assert line.dial("5551234") is DialResult.CONNECTED
        result = run_call(call(job), line, keeper)
        far_end = exchange.finished().machine
    assert [one.outcome for one in result.of_each(2)] == [Outcome.DELIVERED, Outcome.DELIVERED]
    assert far_end is not None
    ends = [frame for frame in far_end.frames if frame in {"<EOM", "<MPS", "<EOP"}]
    assert (far_end.ok, far_end.pages, ends) == (True, 2, ["<EOM", "<EOP"])
    wanted = as_sent(pages[:1], Resolution.FINE, tmp_path)[0]
    assert all(np.array_equal(page, wanted) for page in read_pages(tmp_path / "got.tif"))


@pytest.mark.interop
@pytest.mark.parametrize("fax_class", ["2", "2.0"])
def test_a_fax_whose_form_changes_comes_in_with_eom_between(tmp_path: Path, fax_class: str) -> None:
    first, second = letter_page(1, 2, "standard"), letter_page(2, 2, "fine")
    save_pages(tmp_path / "mixed.tif", [(first, "standard"), (second, "fine")])
    with modem(tmp_path, fax_class, Model(hex_numbers=False)) as (exchange, line):
        exchange.ring(f"send:{tmp_path}/mixed.tif")
        incoming = wait_for_ring(line)
        station = AnswererStation(station_id="5550000", offer=OFFER)
        received = onecall.receive(line, incoming, tmp_path / "in", station, lambda: NOW_US, lambda _: None)
        far_end = exchange.finished().machine
    assert received.result.outcome is Outcome.RECEIVED, received
    assert far_end is not None
    assert [frame for frame in far_end.frames if frame in {">EOM", ">EOP"}] == [">EOM", ">EOP"]
    assert_same(read_pages(received.files[0]), [~np.asarray(first), ~np.asarray(second)])


@pytest.mark.interop
def test_a_transcript_runs_again_as_it_was(pages: tuple[RenderedPage, ...], tmp_path: Path) -> None:
    """The engine's side of a Class 2 call is a call like any other."""
    from mailfax.t30.caller import CallerJob

    class Keeper(onecall._SendKeeper):
        pass

    with modem(tmp_path, "2", Model(ecm=True)) as (exchange, line):
        exchange.route("*", f"receive:{tmp_path}/got.tif")
        line.dial("5551234")
        job = CallerJob(pages=3, station_id="5550000", offer=OFFER)
        keeper = onecall._SendKeeper(sending(pages), lambda _: None)
        result = converse(job, "5551234 on usb", line, keeper, tmp_path / "one.call")
    assert result.outcome is Outcome.DELIVERED
    rows = parse((tmp_path / "one.call").read_text().splitlines())
    assert rows[2].what == "> ATDT5551234"
    again = replay(rows)
    assert (again.difference, again.result and again.result.outcome) == ("", Outcome.DELIVERED)
