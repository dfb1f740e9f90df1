"""Says loudly when the public files were not there to test against."""

import os
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
CORPUS = Path(os.environ.get("MAILFAX_CORPUS") or PROJECT / ".." / "shared" / "data")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not (CORPUS / "fax").is_dir():
        terminalreporter.section("t4codec: the public fax files were NOT tested")
        terminalreporter.line(f"There is no {CORPUS / 'fax'}; set MAILFAX_CORPUS to the folder that has them.")
