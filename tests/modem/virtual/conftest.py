"""An exchange for each story that wants one, and lines to put into its service."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from virtual_support import ROUTES, Plug, served

from mailfax.modem.virtual import ExchangeSettings, VirtualLine


@pytest.fixture
def socket_path(tmp_path: Path) -> Path:
    return tmp_path / "exchange.sock"


@pytest.fixture
def exchange(socket_path: Path) -> Iterator[None]:
    with served(ExchangeSettings(socket_path=socket_path, routes=ROUTES, service_wait_s=0.1)):
        yield


@pytest.fixture
def plug(socket_path: Path) -> Iterator[Plug]:
    """Put lines into service, known to the exchange from then on; their number is 100 and their count."""
    lines: list[VirtualLine] = []

    def make(name: str, *, accepts_calls: bool = True) -> VirtualLine:
        line = VirtualLine(name, f"10{len(lines)}", socket_path, accepts_calls=accepts_calls)
        line.wait_for_call(0.0)
        lines.append(line)
        return line

    yield make
    for line in lines:
        line.close()
