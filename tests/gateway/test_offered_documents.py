"""A document that was offered by command is fetched from a line of the real server, and each poll is recorded (T7)."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from gateway_books import fax_pages, mails
from gateway_server import Server
from typer.testing import CliRunner

from mailfax.cli.app import app
from mailfax.daemon import build
from mailfax.gateway import onecall
from mailfax.model.job import JobState
from mailfax.model.outcome import Outcome
from mailfax.modem.virtual.client import VirtualLine
from mailfax.t30.answerer import AnswererStation, PollRequest
from mailfax.t30.negotiate import FULL_OFFER

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = Server(tmp_path)
    running.start()
    running.wait_until_up()
    yield running
    running.stop()


def mailfax(server: Server, *arguments: str) -> str:
    done = CliRunner().invoke(app, [*arguments, "--config", str(server.folder / "mailfax.toml")])
    return done.stdout if done.exit_code == 0 else f"{done.exit_code}: {done.stderr}"


def fetch(server: Server, folder: Path, request: PollRequest) -> onecall.Received:
    line = VirtualLine("poller", "5550009", build.exchange_socket(server.config), accepts_calls=False)
    station = AnswererStation(station_id="5550009", offer=FULL_OFFER, poll=request)
    try:
        return onecall.poll(line, "5551234", folder, station, lambda: time.time_ns() // 1000, lambda _text: None)
    finally:
        line.close()


def test_it_is_offered_fetched_recorded_and_taken_away(server: Server, tmp_path: Path) -> None:
    price, secret = tmp_path / "price.txt", tmp_path / "secret.txt"
    price.write_text("Prices\fPage two")
    secret.write_text("Only for those who know")
    first = json.loads(mailfax(server, "offer", "add", str(price), "--json"))
    assert first["pages"] == 2
    assert "There is a document without a selector already" in mailfax(server, "offer", "add", str(price))
    assert "offered, 1 page" in mailfax(server, "offer", "add", str(secret), "--selector", "77", "--password", "1234")

    got = fetch(server, tmp_path / "got", PollRequest())
    assert (got.result.outcome, got.pages) == (Outcome.RECEIVED, 2), got.result
    assert (
        fetch(server, tmp_path / "no", PollRequest(selector="77", password="1")).result.outcome is Outcome.POLL_REFUSED
    )
    assert fetch(server, tmp_path / "yes", PollRequest(selector="77", password="1234")).pages == 1

    queued = json.loads(mailfax(server, "poll", "5551234", "--to", "anna@fax.lan", "--json"))
    nothing = json.loads(mailfax(server, "poll", "5551234", "--to", "ben@fax.lan", "--selector", "9", "--json"))
    with server.store() as store:
        server.wait_until_books_are_closed(store)
        fetched, failed = store.job(queued["job"]), store.job(nothing["job"])
        assert fetched is not None
        assert failed is not None
        assert (fetched.state, fetched.outcome) == (JobState.DELIVERED, Outcome.RECEIVED)
        assert (failed.state, failed.outcome) == (JobState.FAILED, Outcome.POLL_REFUSED)
        assert len(store.attempts(fetched.id)) == 1
    (mail,) = mails(server.mailboxes / "anna@fax.lan")
    assert (mail["X-Fax-From"], mail["X-Fax-Pages"], mail["X-Fax-Quality"]) == ("5551234", "2", "good")
    assert len(fax_pages(mail)) == 2
    (notice,) = mails(server.mailboxes / "ben@fax.lan")
    assert "not delivered" in notice["Subject"]
    with server.store() as store:
        server.wait_until_books_are_closed(store)
    listed = json.loads(mailfax(server, "offer", "list", "--json"))
    assert [(one["offer"], len(one["fetched"])) for one in listed] == [(first["offer"], 2), (listed[1]["offer"], 1)]
    assert "by 5550009, 2 page(s) confirmed" in listed[0]["fetched"][0]
    mailfax(server, "offer", "remove", first["offer"])
    assert fetch(server, tmp_path / "gone", PollRequest()).result.outcome is Outcome.POLL_REFUSED
