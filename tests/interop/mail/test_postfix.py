"""Postfix in front of mailfax by the README's two lines, Postfix behind it as smarthost, Dovecot as everybody's mailbox.

Needs root, postfix, dovecot-imapd, dovecot-lmtpd and mutt.
"""

import os
import re
import shlex
import smtplib
import subprocess
from email.message import EmailMessage
from pathlib import Path

from mailfax.config import parse
from mailfax.model.job import JobState
from tests.interop.mail.conftest import IN_FRONT, Site
from tests.interop.mail.gateway import pdfs_in, write_pdf
from tests.interop.mail.programs import Postfix, free_port, program, running

README = Path(__file__).parents[3] / "README.md"


def fields(part: EmailMessage) -> list[dict[str, str]]:
    """Return the groups of a message/delivery-status part: per message, then per recipient."""
    groups = part.get_payload()
    assert isinstance(groups, list)
    return [dict(group.items()) for group in groups if isinstance(group, EmailMessage)]


def parts(message: EmailMessage) -> list[EmailMessage]:
    return [part for part in message.iter_parts() if isinstance(part, EmailMessage)]


def post(site: Site, sender: str, to: list[str], *, notify: str = "", body: str = "A letter.\n") -> None:
    """Post a plain mail to Postfix, as a mail program at a desk does."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, ", ".join(to), "A letter"
    message.set_content(body)
    options = [f"NOTIFY={notify}"] if notify else []
    with smtplib.SMTP("127.0.0.1", site.postfix.port, timeout=20) as client:
        assert client.send_message(message, sender, to, rcpt_options=options) == {}


def test_mutt_hands_a_mail_to_the_local_server_and_the_report_comes_home(site: Site, tmp_path: Path) -> None:
    (tmp_path / ".muttrc").write_text(
        f"set from=mutt@example.org\nset use_envelope_from=yes\nset sendmail='{site.postfix.sendmail()}'\n"
    )
    write_pdf(tmp_path / "invoice.pdf", pages=2)
    command = "mutt -s 'An invoice' -a invoice.pdf -- 5551234@fax.lan"  # the README's
    assert f"    {command} </dev/null\n" in README.read_text()
    words = [program("mutt"), *shlex.split(command)[1:]]
    environment = {**os.environ, "HOME": str(tmp_path)}
    subprocess.run(words, cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL, check=True, timeout=60)
    (report,) = site.dovecot.wait_for("mutt@example.org", 1)
    assert report["Subject"] == "Fax to 5551234 delivered"
    (fax,) = site.dovecot.wait_for("office@example.org", 1)
    (pdf,) = pdfs_in(fax)
    (job,) = site.gateway.told(site.gateway.submission("5551234"))
    assert job.pages == 2
    assert site.gateway.pages_equal(job, pdf) == [True, True]


def test_the_readmes_configuration_is_one() -> None:
    (text,) = re.findall(r"^```toml\n(.*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL)
    config = parse(text, Path("/"))
    assert (config.mail.smarthost, config.mail.tls) == ("127.0.0.1:25", "none")


def test_the_readmes_lines_are_the_ones_that_are_tested(site: Site) -> None:
    lines = (site.postfix.config / "main.cf").read_text().splitlines()[-2:]
    port = site.gateway.config.smtp.listen[0].rpartition(":")[2]
    readme = README.read_text()
    for line in lines:
        assert f"    {line.replace(port, '8025')}\n" in readme


def test_several_numbers_in_one_mail_are_one_rendering_and_several_calls(site: Site) -> None:
    numbers = ["5552001", "5552002", "5552003"]
    post(site, "several@example.org", [f"{number}@fax.lan" for number in numbers])
    submission = site.gateway.submission("5552001")
    jobs = site.gateway.told(submission)
    assert sorted(job.number for job in jobs) == numbers
    assert {job.state for job in jobs} == {JobState.DELIVERED}
    with site.gateway.store() as store:
        assert [step.became for step in store.history(submission)].count("rendering") == 1
        assert len({attempt.call_id for job in jobs for attempt in store.attempts(job.id)}) == 3

    def arrived(_: object) -> list[str]:
        called = [str(mail["X-Fax-To"]) for mail in site.dovecot.mails("faxmaster@example.org")]
        return called if set(called) >= set(numbers) else []

    called = site.gateway.until(arrived)
    assert len(called) == len(set(called)), "each once"


def test_a_refused_number_bounces_with_our_sentence_and_the_good_one_is_faxed(site: Site) -> None:
    post(site, "mixed@example.org", ["5552101@fax.lan", "john.smith2024@fax.lan"])
    bounce, report = sorted(site.dovecot.wait_for("mixed@example.org", 2), key=lambda mail: str(mail["Subject"]))[::-1]
    assert report["Subject"] == "Fax to 5552101 delivered"
    assert bounce.get_content_type() == "multipart/report"
    words, status, *_ = parts(bounce)
    assert "is neither a fax number nor a name" in words.get_content()
    _, recipient = fields(status)
    assert recipient["Final-Recipient"] == "rfc822; john.smith2024@fax.lan"
    assert (recipient["Action"], recipient["Status"]) == ("failed", "5.1.1")
    assert "550 5.1.1 john.smith2024 is neither a fax number nor a name in the address book." in " ".join(
        recipient["Diagnostic-Code"].split()
    )


def test_notify_goes_through_postfix_and_is_honoured(site: Site) -> None:
    post(site, "asks@example.org", ["5552201@fax.lan"], notify="SUCCESS,FAILURE")
    (dsn,) = site.dovecot.wait_for("asks@example.org", 1)
    assert dsn.get_content_type() == "multipart/report"
    assert dsn["Return-Path"] == "<>"
    _, status, original = parts(dsn)
    message, recipient = fields(status)
    assert message["Reporting-MTA"] == "dns; fax.example.org"
    assert recipient["Final-Recipient"] == "rfc822; 5552201@fax.lan"
    assert recipient["Original-Recipient"] == "rfc822; 5552201@fax.lan"  # Postfix makes ORCPT where the client did not
    assert (recipient["Action"], recipient["Status"]) == ("delivered", "2.1.5")
    assert recipient["Remote-MTA"] == "x-fax; 5550001"
    assert recipient["X-Fax-Pages-Confirmed"] == "1/1"
    assert "Subject: A letter" in original.get_payload()


def test_notify_never_goes_through_postfix_and_is_honoured(site: Site) -> None:
    post(site, "silent@example.org", ["5552301@fax.lan"], notify="NEVER")
    (job,) = site.gateway.told(site.gateway.submission("5552301"))
    assert job.state is JobState.DELIVERED
    with site.gateway.store() as store:
        assert store.deliveries(job.submission_id) == ()
    assert site.dovecot.mails("silent@example.org") == []


def test_mail_to_the_postmaster_reaches_a_person_by_the_readmes_third_line(site: Site) -> None:
    post(site, "stranger@example.org", ["postmaster@fax.lan"], body="Your faxes are upside down.\n")

    def arrived(_: object) -> list[str]:
        texts = [mail.get_body(("plain",)) for mail in site.dovecot.mails("faxmaster@example.org")]
        return [text.get_content() for text in texts if text is not None and "upside down" in text.get_content()]

    assert len(site.gateway.until(arrived)) == 1


def test_a_stranger_sends_no_fax_by_the_server_in_front(short_folder: Path) -> None:
    """The README's lines let in who may relay; with relay_domains, as one writes for other domains, everybody could (promise 4)."""

    def said(name: str, more: str) -> tuple[int, bytes]:
        folder = short_folder / name
        folder.mkdir()
        postfix = Postfix(folder=folder, port=free_port(), lmtp_port=1)
        postfix.set_up(IN_FRONT.format(port=1) + "mynetworks = 192.0.2.0/24\n" + more)
        with running(postfix), smtplib.SMTP("127.0.0.1", postfix.port, timeout=20) as client:
            client.ehlo("stranger.example")
            client.mail("stranger@example.net")
            return client.rcpt("5551234@fax.lan")

    code, text = said("closed", "")
    assert code in {454, 554}
    assert b"Relay access denied" in text
    assert said("open", "relay_domains = fax.lan\n")[0] == 250
