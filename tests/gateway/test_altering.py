"""An administrator at the shell: cancel, hold, release, resend, retarget, log; each refusal says why (QU1, QU12)."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from mailfax.cli.app import app
from mailfax.cli.views import open_store
from mailfax.config import EMBEDDED_DEFAULT, load
from mailfax.model.document import Document
from mailfax.model.job import JobState
from mailfax.spool.store import Store

LATER_US = 4_000_000_000_000_000


class Desk:
    """A gateway's folder, and the commands in it."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "mailfax.toml"
        self._file.write_text(EMBEDDED_DEFAULT, encoding="utf-8")
        self._letter = folder / "letter.txt"
        self._letter.write_text("Hello", encoding="utf-8")
        self.config = load(self._file)
        with open_store(self.config):
            pass  # it has been started before

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(app, [*words, "--config", str(self._file)])

    def said(self, *words: str) -> dict[str, object]:
        result = self.run(*words, "--json")
        assert result.exit_code == 0, result.output
        found: dict[str, object] = json.loads(result.stdout)
        return found

    def refused(self, *words: str) -> str:
        result = self.run(*words)
        assert result.exit_code == 65, result.output
        return result.output

    def sent(self, number: str = "5551234") -> str:
        """Send a letter, its pages made: it waits for a line."""
        job_id = str(self.said("send", number, str(self._letter), "--from", "anna@office.lan")["job"])
        with open_store(self.config) as store:
            claimed = store.claim_render(LATER_US)
            assert claimed is not None
            store.set_document(claimed.id, Document(pages=(), account=()), LATER_US)
        return job_id

    def state(self, job_id: str) -> JobState:
        with open_store(self.config) as store:
            return job_in(store, job_id)


def job_in(store: Store, job_id: str) -> JobState:
    job = store.job(job_id)
    assert job is not None
    return job.state


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_fax_is_held_and_released_and_no_line_takes_it_meanwhile(desk: Desk) -> None:
    job_id = desk.sent()
    assert desk.said("hold", job_id)["state"] == "held"
    with open_store(desk.config) as store:
        assert store.claim_job("out", LATER_US) is None
        assert store.next_unshown() is None  # nobody is asked for what a person has done
    assert "held and cannot be held" in desk.refused("hold", job_id)
    assert desk.said("release", job_id.lower())["state"] == "queued"
    with open_store(desk.config) as store:
        assert store.claim_job("out", LATER_US) is not None
    assert "A call that is on is not touched" in desk.refused("cancel", job_id)


def test_a_fax_goes_to_another_number_only_where_the_rules_let_it(desk: Desk) -> None:
    job_id = desk.sent()
    assert desk.said("retarget", job_id, "5559999")["number"] == "5559999"
    assert "number" in desk.refused("retarget", job_id, "12")
    with open_store(desk.config) as store:
        claim = store.claim_job("out", LATER_US)
        assert claim is not None
        assert claim.job.recipient.address.mailbox == "5559999@fax.lan"
        assert "First for 5551234" in claim.job.notes[-1]


def test_what_has_ended_is_sent_again_as_a_new_fax_and_what_has_not_is_not(desk: Desk) -> None:
    job_id = desk.sent()
    assert "queued and cannot be sent again" in desk.refused("resend", job_id)
    assert desk.said("cancel", job_id)["state"] == "cancelled"
    again = desk.said("resend", job_id, "--to", "5558888")
    assert (again["number"], again["state"]) == ("5558888", "rendering")
    assert again["id"] != job_id
    assert desk.state(job_id) is JobState.CANCELLED


def test_the_log_tells_who_did_what(desk: Desk) -> None:
    job_id = desk.sent()
    desk.said("hold", job_id)
    steps = json.loads(desk.run("log", job_id, "--json").stdout)
    assert [step["became"] for step in steps] == ["rendering", "queued", "held"]
    assert steps[-1]["why"].startswith("held by ")
    assert job_id in desk.run("log", "-n", "1").stdout
    assert "no fax" in desk.refused("cancel", "J000000000000").lower() or desk.refused("hold", "J000000000000")
    assert desk.run("log", "nonsense").exit_code == 65
