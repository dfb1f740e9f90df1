"""Fixtures of the live tests: a telephone exchange with a modem that other people wrote."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from lab.fixture import LabExchange


@pytest.fixture
def lab_exchange(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LabExchange]:
    """Run an exchange with one modem, its line's clock running fast while only the modem is busy.

    It is a Class 1 modem, or the Class 2 model by which the fixture is parametrized.
    """
    with LabExchange(tmp_path, model=getattr(request, "param", None)) as exchange:
        yield exchange
