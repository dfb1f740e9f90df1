"""What all tests share: the public corpus, announced loudly where it is absent, and a PostgreSQL server, started when first asked for."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from postgres_server import PostgresServer, running

CORPUS = Path(os.environ.get("MAILFAX_CORPUS", Path(__file__).parents[2] / "shared" / "data"))


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Return the folder of the public test files; a test that needs them fails where they are said to be and are not."""
    assert CORPUS.is_dir(), f"MAILFAX_CORPUS is {CORPUS}, which is no folder"
    return CORPUS


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with running() as server:
        yield server


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the corpus tests where the corpus is not at hand (other people's files, never committed)."""
    if CORPUS.is_dir() or "MAILFAX_CORPUS" in os.environ:
        return
    left_out = [item for item in items if "corpus" in getattr(item, "fixturenames", ())]
    config.stash[_LEFT_OUT] = len(left_out)
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


_LEFT_OUT = pytest.StashKey[int]()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say loudly what did not run."""
    left_out = config.stash.get(_LEFT_OUT, 0)
    if left_out:
        terminalreporter.section("CORPUS ABSENT", sep="!", red=True, bold=True)
        terminalreporter.line(
            f"{left_out} corpus tests did NOT run: set MAILFAX_CORPUS to the folder of the public test files.", red=True
        )
