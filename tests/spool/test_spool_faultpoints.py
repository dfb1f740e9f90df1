"""Every fault point is in the table, and every name of the table is a place in the code."""

import re
from pathlib import Path

import pytest

import mailfax
from mailfax.spool.faultpoint import POINTS, VARIABLE, fault_point

SOURCES = Path(mailfax.__file__).parent


def test_the_table_and_the_code_name_the_same_points() -> None:
    used = [
        name for path in SOURCES.rglob("*.py") for name in re.findall(r'fault_point\("([^"]+)"\)', path.read_text())
    ]
    assert sorted(used) == sorted(POINTS)


def test_without_the_variable_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    fault_point("accept-committed")


def test_a_name_that_is_none_is_said_and_not_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "acept-committed")
    with pytest.raises(ValueError, match="names no fault point"):
        fault_point("accept-committed")
