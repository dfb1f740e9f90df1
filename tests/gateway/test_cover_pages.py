"""Covers through the whole gateway: each recipient his own, page 1 of his fax, or none, by rule and by wish (CV2, CV5)."""

import smtplib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from gateway_books import mails
from gateway_server import Letter, Server, letter
from typer.testing import CliRunner

from mailfax.cli.app import app
from mailfax.model.job import JobState
from mailfax.model.outcome import Outcome
from mailfax.model.page import Resolution

COVERS = '[cover]\nwhen = "always"\nfolder = "covers"\n'


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder: Path = tmp_path_factory.mktemp("covers")
    (folder / "covers").mkdir()
    (folder / "covers" / "two.html").write_text("<p>{{ to }}</p><p style='page-break-before:always'>{{ pages }}</p>")
    server = Server(folder, more=COVERS)
    server.start()
    try:
        server.wait_until_up()
        yield server
    finally:
        server.stop()


def test_each_recipient_has_his_own_cover_or_none(server: Server) -> None:
    posted = letter(
        "anna@example.org", "5558201", "5558202", "5558203+nocover", "5558204+cover=two", "5558206+text=cover", pages=2
    )
    assert server.post(posted)
    with server.store() as store:
        server.wait_until_books_are_closed(store)
        jobs = {job.number: job for job in store.jobs()}
        came = {fax.called: fax.pages for fax in store.faxes()}
        pages = {number: (job.state, job.pages, job.confirmed_pages, len(came[number])) for number, job in jobs.items()}
        submission = jobs["5558201"].submission_id
        document = store.document(submission)
    assert pages == {
        "5558201": (JobState.DELIVERED, 3, 3, 3),
        "5558202": (JobState.DELIVERED, 3, 3, 3),
        "5558203": (JobState.DELIVERED, 2, 2, 2),
        "5558204": (JobState.DELIVERED, 4, 4, 4),
        "5558206": (JobState.DELIVERED, 2, 2, 2),
    }
    assert document is not None
    assert len(document.pages) == 2
    assert {cover.job_id: len(cover.pages) for cover in document.covers} == {
        jobs["5558201"].id: 1,
        jobs["5558202"].id: 1,
        jobs["5558204"].id: 2,
        jobs["5558206"].id: 2,
    }
    first, second, *_ = (cover.pages[0].fine.digest for cover in document.covers)
    assert first != second
    counted = {number: [row.last_page for row in document.account_for(job.id)] for number, job in jobs.items()}
    assert counted == {"5558201": [1, 3], "5558202": [1, 3], "5558203": [2], "5558204": [2, 4], "5558206": [1, 2]}
    texts = (part for mail in mails(server.mailboxes / "anna@example.org") for part in mail.walk())
    texts = (part for part in texts if part.get_content_type() == "text/plain")
    told = " ".join(" ".join(bytes(part.get_payload(decode=True) or b"").decode().split()) for part in texts)
    seen = {pages: told.count(f"message text (text/plain): faxed, pages {pages}") for pages in ("1-2", "2-3", "3-4")}
    assert all(seen.values()), "faxes that end together share a report, and an account where it is the same"
    assert [str(mail["X-Fax-Pages"]) for mail in mails(server.mailboxes / "faxmaster@fax.lan")].count("3") == 2


def test_a_fax_from_the_shell_has_the_options_that_were_asked_for(server: Server, tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("Hello")
    command = [
        "send",
        "5558207",
        str(notes),
        "--from",
        "carl@example.org",
        "--config",
        str(server.folder / "mailfax.toml"),
    ]
    wishes = ["--option", "cover=two", "--option", "resolution=standard"]
    sent = CliRunner().invoke(app, [*command, *wishes])
    assert sent.exit_code == 0, sent.output
    for wrong, said in (("cover=three", "The cover three is not known here"), ("fine", "is not written like")):
        refused = CliRunner().invoke(app, [*command, "--option", wrong])
        assert refused.exit_code != 0
        assert said in refused.output
    with server.store() as store:
        server.wait_until_books_are_closed(store)
        [fax] = [fax for fax in store.faxes() if fax.called == "5558207"]
    assert {page.blob.resolution for page in fax.pages if page.blob} == {Resolution.STANDARD}
    assert len(fax.pages) == 3


def test_a_cover_that_there_is_not_is_refused_by_name(server: Server) -> None:
    posted = letter("bob@example.org", "5558205", pages=1)
    posted = replace(posted, octets=b"X-Fax-Cover: three\r\n" + posted.octets)
    with pytest.raises(smtplib.SMTPDataError) as refused:
        server.post(posted)
    assert refused.value.smtp_code == 554
    assert b"The cover three is not known here; there are none, usual, default, two." in refused.value.smtp_error


def test_check_and_render_show_covers(server: Server, tmp_path: Path) -> None:
    file = str(server.folder / "mailfax.toml")
    mail = Path(__file__).parents[2] / "fixtures" / "mail" / "accents.eml"
    for words, pages in (((), 2), (("--cover", "two"), 3), (("--cover", "none"), 1)):
        out = tmp_path / "-".join(("out", *words))
        done = CliRunner().invoke(app, ["render", str(mail), "-o", str(out), *words, "--config", file])
        assert done.exit_code == 0, done.output
        assert len(list(out.iterdir())) == pages
    refused = CliRunner().invoke(app, ["render", str(mail), "--cover", "three", "--config", file])
    assert (refused.exit_code, "The cover three is not known here" in refused.output) == (65, True)
    (server.folder / "covers" / "bad.html").write_text("{{ nobody }}")
    try:
        checked = CliRunner().invoke(app, ["check", "--config", file])
        assert "note: The cover bad cannot be made: UndefinedError: 'nobody' is undefined." in checked.output
    finally:
        (server.folder / "covers" / "bad.html").unlink()


def test_a_mail_that_is_only_a_subject_is_faxed_as_its_cover_where_one_was_asked_for(server: Server) -> None:
    octets = b"From: fay@example.org\r\nSubject: Call me back at noon\r\n\r\n"
    asked = Letter(sender="fay@example.org", numbers=("5558221+cover", "5558222+cover=two"), octets=octets)
    mixed = Letter(sender="gus@example.org", numbers=("5558223+cover", "5558224"), octets=octets)
    bare = Letter(sender="hal@example.org", numbers=("5558225+cover",), octets=b"From: hal@example.org\r\n\r\n")
    assert all(server.post(posted) for posted in (asked, mixed, bare))
    with server.store() as store:
        server.wait_until_books_are_closed(store)
        jobs = {job.number: job for job in store.jobs() if job.number.startswith("555822")}
        came = {fax.called: len(fax.pages) for fax in store.faxes() if fax.called.startswith("555822")}
    assert came == {"5558221": 1, "5558222": 2}
    ends = {number: (job.state, job.outcome) for number, job in jobs.items()}
    refused = (JobState.FAILED, Outcome.NOTHING_TO_FAX)
    assert {ends[number][0] for number in came} == {JobState.DELIVERED}
    assert [ends[number] for number in ("5558223", "5558224", "5558225")] == [refused] * 3
