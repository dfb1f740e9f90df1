"""What all tests share: the public corpus, announced loudly where it is absent; a PostgreSQL server, started when first asked for;
and which tests run on one worker, in which order.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

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


@pytest.fixture(scope="session", autouse=True)
def _loggers_are_not_kept() -> Iterator[None]:
    """Have commands that run in the test's process keep no logger: it would go on writing as they configured it."""
    configure = structlog.configure

    def without_keeping(**settings: object) -> None:
        configure(**settings | {"cache_logger_on_first_use": False})  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(structlog, "configure", without_keeping)
        yield


@pytest.fixture(autouse=True)
def _log_as_by_default() -> Iterator[None]:
    """Undo what a command configured."""
    yield
    structlog.reset_defaults()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the corpus tests where the corpus is not at hand (other people's files, never committed); arrange the rest."""
    if not CORPUS.is_dir() and "MAILFAX_CORPUS" not in os.environ:
        left_out = [item for item in items if "corpus" in getattr(item, "fixturenames", ())]
        config.stash[_LEFT_OUT] = len(left_out)
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    if (worker := getattr(config, "workeroutput", None)) is not None:
        worker["left_out"] = config.stash.get(_LEFT_OUT, 0)
        items.sort(key=_turn)
        for item in items:
            item.add_marker(pytest.mark.xdist_group(_group(item)))


_LEFT_OUT = pytest.StashKey[int]()

# Which tests have to run on one worker, by the beginning of their path: calls in real time, so that no two of them are beside
# each other; and tests that share a server. Every other file is a group of its own.
_TOGETHER = {
    "tests/interop/mail/": "mail",
    "tests/interop/": "live",
    "tests/gateway/test_crash_": "crash",
}
# Groups are given out in this order. The calls come first and, beside them, what is done by the test's own process: most machines
# that run this have two cores. Servers that are started and killed come after them, small files at the end, so that the workers
# end together.
_ORDER = ("tests/interop/test_", "tests/t30/", "tests/t4codec/", "tests/gateway/", "tests/interop/mail/", "tests/demo/")


def _group(item: pytest.Item) -> str:
    path = item.nodeid.partition("::")[0]
    return next((name for start, name in _TOGETHER.items() if path.startswith(start)), path)


def _turn(item: pytest.Item) -> int:
    return next((turn for turn, start in enumerate(_ORDER) if item.nodeid.startswith(start)), len(_ORDER))


class _Controller:
    """Hears what the workers of pytest-xdist left out; without xdist there is nobody to be heard."""

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:  # noqa: ANN401 (a WorkerController of pytest-xdist)
        node.config.stash[_LEFT_OUT] = getattr(node, "workeroutput", {}).get("left_out", 0)


def pytest_configure(config: pytest.Config) -> None:
    """Listen to the workers."""
    config.pluginmanager.register(_Controller())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say loudly what did not run."""
    left_out = config.stash.get(_LEFT_OUT, 0)
    if left_out:
        terminalreporter.section("CORPUS ABSENT", sep="!", red=True, bold=True)
        terminalreporter.line(
            f"{left_out} corpus tests did NOT run: set MAILFAX_CORPUS to the folder of the public test files.", red=True
        )
