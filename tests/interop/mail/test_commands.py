"""The commands as a person and as a program use them, beside a running server: send, queue, show, check."""

import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mailfax.cli.app import app
from mailfax.model.job import JobState
from tests.interop.mail.conftest import Alone
from tests.interop.mail.gateway import SETTINGS, Gateway, write_pdf


def test_send_says_what_it_queued_and_show_tells_its_whole_life(alone: Alone, tmp_path: Path) -> None:
    letter = write_pdf(tmp_path / "letter.pdf")
    said = alone.gateway.program("send", "5555001", str(letter), "--from", "anna@example.org", "--subject", "Order 7")
    job_id, _, _, number, *_, mail_id = said.split()
    mail_id = mail_id.strip("()")
    assert said == f"{job_id} queued for 5555001 (mail {mail_id})\n"
    (job,) = alone.gateway.told(mail_id)
    assert (job.id, job.state, number) == (job_id, JobState.DELIVERED, "5555001")

    life = alone.gateway.program("show", job_id.lower())
    assert life.startswith(
        f"{job_id}: fax to 5555001@fax.lan, delivered\n  Every page was confirmed by the far machine.\n"
    )
    assert f'  mail        {mail_id} from anna@example.org, "Order 7"\n' in life
    assert "1 of 1 confirmed" in life
    assert re.search(r'line out: delivered, 1 page confirmed, \d+ s, V\.17 14400 bit/s, "5550001"\n', life)
    assert "_us" not in life
    assert "{" not in life
    facts = alone.gateway.mailfax_json("show", job_id)
    assert (facts["job"]["state"], facts["job"]["outcome"], facts["job"]["recipient"]["notify"]) == (
        "delivered",
        "delivered",
        [],
    )
    assert [call["result"]["modulation"] for call in facts["calls"]] == ["V.17"]
    assert [step["became"] for step in facts["history"]] == ["rendering", "queued", "on-line", "delivered"]


def test_show_tells_a_mail_and_a_received_fax(alone: Alone, tmp_path: Path) -> None:
    queued = alone.gateway.mailfax_json(
        "send", "5555002", str(write_pdf(tmp_path / "a.pdf")), "--from", "b@example.org"
    )
    alone.gateway.told(queued["mail"])
    mail = alone.gateway.mailfax("show", queued["mail"])
    assert mail.startswith(f'{queued["mail"]}: mail from b@example.org, "a.pdf"\n')
    assert f"  {queued['job']}  5555002         delivered  1/1 pages   1 call\n" in mail
    assert "to b@example.org: done, stored as " in mail
    fax_id = alone.gateway.until(
        lambda store: next((f.id for f in store.faxes() if f.called == "5555002" and store.deliveries(f.id)), None)
    )
    fax = alone.gateway.mailfax("show", fax_id)
    assert fax.startswith(f"{fax_id}: fax from 5550001 to 5555002\n  Every page was received and confirmed.\n")
    assert "to faxmaster@example.org: " in fax
    facts = alone.gateway.mailfax_json("show", fax_id)
    assert facts["fax"]["pages"][0]["confirmed"] is True
    assert facts["deliveries"][0]["recipient"] == "faxmaster@example.org"


def test_the_queue_shows_what_waits_and_why(alone: Alone, tmp_path: Path) -> None:
    queued = alone.gateway.mailfax_json(
        "send", "5550404", str(write_pdf(tmp_path / "a.pdf")), "--from", "c@example.org"
    )
    alone.gateway.until(lambda store: store.attempts(queued["job"]) and store.attempts(queued["job"])[0].result)
    alone.gateway.until(lambda store: (job := store.job(queued["job"])) and job.state is JobState.QUEUED)
    line, total = alone.gateway.mailfax("queue").splitlines()
    assert line.startswith(f"{queued['job']}  5550404         queued     0/1 pages   1 call    next call 2")
    assert line.endswith("  busy: The number was busy.")
    assert total == "1 fax in the queue"
    (job,) = alone.gateway.mailfax_json("queue")
    assert (job["id"], job["outcome"], job["dials"]) == (queued["job"], "busy", 1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("send", "john", "LETTER"), "mailfax: john is neither a fax number nor a name in the address book."),
        (("send", "5551234", "LETTER", "--from", "anna"), "mailfax: 'anna' is no mail address, so nobody would hear"),
        (("show", "nonsense"), "mailfax: 'nonsense' is not an id"),
        (("show", "J0000000000AA"), "mailfax: there is no J0000000000AA."),
        (("show", "C0000000000AA"), "mailfax: show takes a job (J…), a mail (M…) or a received fax (F…)"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(
    alone: Alone, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    letter = str(write_pdf(tmp_path / "letter.pdf"))
    words = [letter if word == "LETTER" else word for word in arguments]
    status, text = alone.gateway.refused(*words, "--config", str(alone.gateway.file))
    assert status == 65  # EX_DATAERR
    assert text.startswith(said)
    assert text.count("\n") == 1


def test_check_says_that_a_good_file_is_good(alone: Alone) -> None:
    assert alone.gateway.mailfax("check").endswith("ready to serve\n")


def test_check_says_everything_that_is_wrong_with_line_and_advice(alone: Alone, tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    text = SETTINGS.format(port=8025).replace("lengths", "length").replace('kind = "virtual"', 'kind = "fax"', 1)
    broken.write_text(text + 'smarthos = "mail.example.org"\n')
    status, said = alone.gateway.refused("check", "--config", str(broken))
    assert status == 78  # EX_CONFIG
    lines = text.splitlines()
    expected = {
        lines.index("length = [7]") + 1: "unknown key domains.fax.lan.length. Known are: plan, lengths, ranges, ",
        lines.index('kind = "fax"') + 1: "lines.out.kind: ",
        len(lines) + 1: "unknown key mail.smarthos. Known are: maildir, lmtp, ",
    }
    problems = said.splitlines()
    assert len(problems) == 3
    for problem, (line, words) in zip(problems, sorted(expected.items()), strict=True):
        assert problem.startswith(f"{broken}: line {line}: {words}")


def test_a_spool_that_nobody_serves_is_not_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MAILFAX_CONFIG", raising=False)
    status, said = Gateway.refused("send", "5551234", str(write_pdf(tmp_path / "letter.pdf")))
    assert status == 66  # EX_NOINPUT
    assert said.startswith(f"mailfax: no gateway has worked in {tmp_path / 'mailfax-data'} yet. Start it with")
    assert [path.name for path in tmp_path.iterdir()] == ["letter.pdf"]


def test_a_spool_of_another_user_is_left_alone(tmp_path: Path) -> None:
    gateway = Gateway(folder=tmp_path)
    gateway.set_up('maildir = "mailboxes"\n')
    data = tmp_path / "data"
    data.mkdir()
    shutil.chown(data, "mail")  # needs root, as these tests do
    status, said = Gateway.refused("queue", "--config", str(gateway.file))
    assert (status, said) == (77, f"mailfax: {data} belongs to mail; call  sudo -u mail mailfax … --config FILE\n")
    assert list(data.iterdir()) == []


def test_the_file_may_be_named_once_for_all_commands(alone: Alone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILFAX_CONFIG", str(alone.gateway.file))
    done = CliRunner().invoke(app, ["check"])
    assert (done.exit_code, done.output.endswith("ready to serve\n")) == (0, True)
