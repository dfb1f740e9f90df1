"""Fixtures of the live tests: a telephone exchange with a modem that other people wrote."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from lab.fixture import LabExchange


@pytest.fixture
def lab_exchange(tmp_path: Path) -> Iterator[LabExchange]:
    """Run an exchange with one Class 1 modem, its line's clock running fast while only the modem is busy."""
    with LabExchange(tmp_path) as exchange:
        yield exchange
