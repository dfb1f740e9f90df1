"""Subaddress and sender id over libspandsp's modem and machine, both ways."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from lab.documents import write_letter
from lab.fixture import LabExchange
from test_live_calls import IDENTITY, NOW_US, wait_for_ring

from mailfax.gateway import onecall
from mailfax.model.outcome import Outcome
from mailfax.modem.class1 import Class1Line, Class1Settings, open_class1
from mailfax.render.result import RenderedPage
from mailfax.render.settings import RenderSettings
from mailfax.render.story import read_files, render_files
from mailfax.t30.addressing import Addressing
from mailfax.t30.answerer import AnswererStation
from mailfax.t30.negotiate import FULL_OFFER

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]
BOTH = Addressing(subaddress="1387", sender_id="5550777")


@pytest.fixture
def line(lab_exchange: LabExchange) -> Iterator[Class1Line]:
    """Open the exchange's modem."""
    opened = open_class1(Class1Settings(device=lab_exchange.device, number="5559000"))
    yield opened
    opened.close()


def pages(folder: Path) -> tuple[RenderedPage, ...]:
    letter = write_letter(folder / "letter.tif", 1, "standard")
    return render_files(read_files([letter]), RenderSettings(), lambda _page, _pages: None).pages


@pytest.mark.parametrize(
    ("features", "outcome", "heard"),
    [("", Outcome.DELIVERED, {"sub": "1387"}), (",features=1", Outcome.NO_SUBADDRESS, {})],
    ids=["takes subaddresses", "takes none"],
)
def test_a_subaddress_out(
    lab_exchange: LabExchange, line: Class1Line, tmp_path: Path, features: str, outcome: Outcome, heard: dict[str, str]
) -> None:
    lab_exchange.route("5551234", f"receive:{tmp_path}/got.tif{features}")
    sending = onecall.Sending(
        number="5551234",
        pages=pages(tmp_path),
        identity=IDENTITY,
        offer=FULL_OFFER,
        started_us=NOW_US,
        addressing=BOTH,
    )
    result = onecall.send(line, sending, lambda _text: None)
    assert result.outcome is outcome, result
    far_end = lab_exchange.finished().machine
    assert far_end is not None
    assert far_end.addresses.items() >= heard.items()


def test_a_subaddress_in(lab_exchange: LabExchange, line: Class1Line, tmp_path: Path) -> None:
    letter = write_letter(tmp_path / "letter.tif", 1, "standard")
    lab_exchange.ring(f"send:{letter},sub=1387,sid=5550777")
    incoming = wait_for_ring(line)
    told: list[str] = []
    received = onecall.receive(
        line,
        incoming,
        tmp_path / "in",
        AnswererStation(station_id="5550000", offer=FULL_OFFER),
        lambda: NOW_US,
        told.append,
    )
    assert received.result.outcome is Outcome.RECEIVED, received.result
    assert any("a fax for 1387" in step for step in told), told
