"""`mailfax serve` with a modem on a pty that is pulled out in a call, and plugged in again: the line is down, comes back, and the fax arrives.

In real time and through every process; the same in all phases and with other troubles is in test_line_recovers.py, in lock-step.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
import test_whole_gateway
from lab.documents import read_pages
from lab.fixture import LabExchange
from test_whole_gateway import Gateway, serving, three_page_mail

from mailfax.model.job import JobState
from mailfax.model.outcome import Outcome

pytestmark = [pytest.mark.interop, pytest.mark.timeout(300)]

NUMBER = "5557000"
BACK_LIMIT_S = 60.0


def line_state(gateway: Gateway) -> str:
    """Ask as a person does."""
    command = [sys.executable, "-m", "mailfax", "line", "list", "--json", "-c", str(gateway.folder / "mailfax.toml")]
    (line,) = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return str(line["state"])


def until_line(gateway: Gateway, state: str) -> None:
    deadline_s = time.monotonic() + BACK_LIMIT_S
    while (now := line_state(gateway)) != state:
        assert time.monotonic() < deadline_s, f"the line is {now}, not {state}"


@pytest.mark.parametrize(
    "step", ["dialling", "trained", "page 1 of 3 on the line", "page 2 of 3 on the line", "page 1 of 3 confirmed"]
)
def test_a_modem_that_is_pulled_out_in_a_call(lab_exchange: LabExchange, tmp_path: Path, step: str) -> None:
    got = tmp_path / "got.tif"
    lab_exchange.route(NUMBER, f"receive:{got}")
    with serving(lab_exchange, tmp_path) as gateway:
        gateway.post(three_page_mail(), NUMBER)
        gateway.until(step)
        lab_exchange.pull_out()
        until_line(gateway, "down")
        received = len(read_pages(got)) if got.exists() else 0
        lab_exchange.put_back()
        until_line(gateway, "up")
        (job,) = gateway.store.jobs()
        (attempt, *_) = gateway.store.attempts(job.id)
        assert attempt.result is not None
        assert attempt.result.outcome is Outcome.LINE_FAULT
        assert job.state is JobState.QUEUED
        assert len(attempt.result.confirmed) <= received
        gateway.until("delivered after")  # a minute later, as after every fault of ours
        (job,) = gateway.store.jobs()
        assert job.state is JobState.DELIVERED
        assert len(gateway.store.attempts(job.id)) == 2


def test_an_idle_modem_that_is_pulled_out_and_put_back(lab_exchange: LabExchange, tmp_path: Path) -> None:
    lab_exchange.route(NUMBER, f"receive:{tmp_path}/got.tif")
    with serving(lab_exchange, tmp_path) as gateway:
        until_line(gateway, "up")
        lab_exchange.pull_out()
        until_line(gateway, "down")
        lab_exchange.put_back()
        until_line(gateway, "up")
        gateway.post(three_page_mail(), NUMBER)
        gateway.until("delivered after")


def test_a_call_ends_before_the_server_does_where_that_is_wanted(
    lab_exchange: LabExchange, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(test_whole_gateway, "CONFIG", test_whole_gateway.CONFIG + "[calls]\nfinish_s = 120\n")
    lab_exchange.route(NUMBER, f"receive:{tmp_path}/got.tif")
    with serving(lab_exchange, tmp_path) as gateway:
        gateway.post(three_page_mail(), NUMBER)
        gateway.until("page 1 of 3 on the line")
        gateway.watcher._server.terminate()
        assert gateway.watcher._server.wait(120) == 0
        (job,) = gateway.store.jobs()
        assert job.state is JobState.DELIVERED
        assert len(gateway.store.attempts(job.id)) == 1
    assert len(read_pages(tmp_path / "got.tif")) == 3
