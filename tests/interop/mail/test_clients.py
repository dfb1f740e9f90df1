"""Mail clients straight at the door: swaks and mutt, by the README's commands; and what NOTIFY brings the sender.

Needs swaks and mutt. The mailboxes are Maildirs, so that no other mail server has a part in it.
"""

import mailbox
import os
import re
import shlex
import smtplib
import subprocess
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest

from mailfax.demo.compare import arrived_pages
from mailfax.model.job import JobState
from tests.interop.mail.conftest import Alone
from tests.interop.mail.gateway import pdfs_in, write_pdf
from tests.interop.mail.programs import program

README = Path(__file__).parents[3] / "README.md"
UNFAXABLE = b"Subject: x\r\nContent-Type: application/zip\r\n\r\nPK\r\n"
PLAIN = b"From: x@example.org\r\nMessage-ID: <1@example.org>\r\nSubject: Order 7\r\n\r\nA line.\r\n"


def readme_command(start: str, port: int) -> list[str]:
    """Return the README's command that begins so, its port replaced by the test's."""
    (line,) = re.findall(rf"^    ({start} .*)$", README.read_text(), re.MULTILINE)
    words = shlex.split(line.partition(" <")[0].replace("8025", str(port)))
    return [program(words[0]), *words[1:]]


def mails(alone: Alone, user: str) -> list[EmailMessage]:
    """Read a Maildir whole, oldest first."""
    folder = alone.gateway.folder / "mailboxes" / user
    if not folder.is_dir():
        return []
    box = mailbox.Maildir(folder, create=False)
    messages = [message_from_bytes(box.get_bytes(key), policy=default) for key in sorted(box.keys())]
    return [message for message in messages if isinstance(message, EmailMessage)]


def test_the_readmes_swaks_sends_a_fax_and_its_pages_arrive_equal(alone: Alone, tmp_path: Path) -> None:
    write_pdf(tmp_path / "letter.pdf", pages=2)
    command = readme_command("swaks", alone.port)
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60).stdout
    replies = [line.split("  ", 1)[1] for line in said.splitlines() if line.startswith("<-")]
    submission = alone.gateway.submission("5551234")
    greeting, name, *offered = [line for line in replies if line.startswith(("220 ", "250-"))]
    assert (greeting, name) == ("220 fax.example.org ESMTP mailfax", "250-fax.example.org")
    extensions = {"SIZE 52428800", "8BITMIME", "PIPELINING", "ENHANCEDSTATUSCODES", "DSN", "SMTPUTF8", "CHUNKING"}
    assert {line.removeprefix("250-") for line in offered} == extensions
    assert replies[2 + len(offered) :] == [
        "250 HELP",
        "250 2.1.0 Sender taken",
        "250 2.1.5 5551234@fax.lan will be faxed",
        "354 End data with <CR><LF>.<CR><LF>",
        f"250 2.0.0 accepted as {submission}",
        "221 2.0.0 Bye",
    ]
    (job,) = alone.gateway.told(submission)
    assert (job.state, job.pages) == (JobState.DELIVERED, 3)  # swaks writes a line of text above the two pages
    (pdf,) = alone.gateway.until(
        lambda _: [pdf for mail in mails(alone, "office@example.org") for pdf in pdfs_in(mail)]
    )
    assert alone.gateway.pages_equal(job, pdf) == [True, True, True]
    (report,) = mails(alone, "alice@example.org")
    assert report["Subject"] == "Fax to 5551234 delivered"


def test_mutt_can_speak_to_us_without_a_mail_server_between(alone: Alone, tmp_path: Path) -> None:
    (setting,) = re.findall(r"^    (set smtp_url=.*)$", README.read_text(), re.MULTILINE)
    (tmp_path / ".muttrc").write_text(f"set from=mutt@example.org\n{setting.replace('8025', str(alone.port))}\n")
    write_pdf(tmp_path / "invoice.pdf")
    (words,) = re.findall(r"^    mutt (.*) </dev/null$", README.read_text(), re.MULTILINE)
    command = [program("mutt"), *shlex.split(words.replace("5551234", "5551299"))]
    environment = {**os.environ, "HOME": str(tmp_path)}
    subprocess.run(command, cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL, check=True, timeout=60)
    (job,) = alone.gateway.told(alone.gateway.submission("5551299"))
    assert job.state is JobState.DELIVERED
    for owner in ("sales@example.org", "archive@example.org"):  # 55512xx has two mailboxes

        def fax(_: object, owner: str = owner) -> list[bytes]:
            return [pdf for mail in mails(alone, owner) for pdf in pdfs_in(mail)]

        (pdf,) = alone.gateway.until(fax)
        assert alone.gateway.pages_equal(job, pdf) == [True]


@pytest.mark.parametrize(
    ("to", "reply"),
    [
        ("john.smith2024@fax.lan", "550 5.1.1 john.smith2024 is neither a fax number nor a name in the address book."),
        ("55123@fax.lan", "550 5.1.1 55123 has 5 digits; numbers of fax.lan have 7."),
        ("911@fax.lan", '550 5.7.1 911: the destination class "emergency" is not allowed for you;'),
        ("5551234@example.com", "550 5.7.1 This server does not send faxes for the domain example.com."),
        ("postmaster@fax.lan", "550 5.1.3 postmaster@fax.lan is not a fax number"),
    ],
)
def test_swaks_is_told_code_and_reason(alone: Alone, to: str, reply: str) -> None:
    swaks = [program("swaks"), "--server", f"127.0.0.1:{alone.port}", "--from", "a@example.org", "--to", to]
    done = subprocess.run(swaks, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 24  # swaks: no recipient was taken
    assert f"<** {reply}" in done.stdout


def test_a_mail_with_unix_line_ends_is_faxed(alone: Alone) -> None:
    with smtplib.SMTP("127.0.0.1", alone.port, timeout=20) as client:
        client.ehlo()
        client.mail("scanner@example.org")
        client.rcpt("5553001@fax.lan")
        assert client.docmd("DATA")[0] == 354
        client.send(b"From: scanner@example.org\nSubject: scan\n\nOne\nTwo\n\r\n.\r\n")
        code, said = client.getreply()
    assert code == 250, said
    (job,) = alone.gateway.told(alone.gateway.submission("5553001"))
    assert (job.state, job.pages) == (JobState.DELIVERED, 1)


def send(alone: Alone, sender: str, number: str, octets: bytes, *options: str, ret: str = "") -> list[EmailMessage]:
    """Send one mail with these RCPT parameters; return what its sender has got when all is over."""
    mail_options = ["ENVID=QQ314159", *([f"RET={ret}"] if ret else [])]
    with smtplib.SMTP("127.0.0.1", alone.port, timeout=20) as client:
        client.sendmail(sender, [f"{number}@fax.lan"], octets, mail_options, list(options))
    alone.gateway.told(alone.gateway.submission(number))
    return mails(alone, sender)


def plain_words(message: EmailMessage) -> str:
    """Return what a person reads first; an image of the page may come behind it."""
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def status_of(dsn: EmailMessage) -> tuple[dict[str, str], dict[str, str], str]:
    """Return the DSN's fields per message and per recipient, and the kind of its third part."""
    assert dsn.get_content_type() == "multipart/report"
    assert dsn.get_param("report-type") == "delivery-status"
    assert (dsn["Return-Path"], dsn["Auto-Submitted"]) == ("<>", "auto-replied")
    words, status, original = [part for part in dsn.iter_parts() if isinstance(part, EmailMessage)]
    assert plain_words(words)
    assert status.get_content_type() == "message/delivery-status"
    message, recipient = [dict(group.items()) for group in status.get_payload() if isinstance(group, EmailMessage)]
    return message, recipient, original.get_content_type()


def test_without_notify_a_delivered_fax_brings_a_plain_report(alone: Alone) -> None:
    (report,) = send(alone, "plain@example.org", "5554001", PLAIN)
    assert report.get_content_type() != "multipart/report"
    assert (report["Auto-Submitted"], report["Return-Path"]) == ("auto-generated", "<>")
    assert report["In-Reply-To"] == "<1@example.org>"
    assert "5554001@fax.lan: DELIVERED" in plain_words(report)


def test_without_notify_a_failed_fax_brings_a_dsn(alone: Alone) -> None:
    (dsn,) = send(alone, "fails@example.org", "5554002", UNFAXABLE, ret="FULL")
    message, recipient, original = status_of(dsn)
    assert message["Original-Envelope-Id"] == "QQ314159"
    assert message["Reporting-MTA"] == "dns; fax.example.org"
    assert (recipient["Action"], recipient["Status"]) == ("failed", "5.6.1")
    assert recipient["Final-Recipient"] == "rfc822; 5554002@fax.lan"
    assert recipient["Diagnostic-Code"].startswith("x-fax; unfaxable: A part of the message")
    assert original == "message/rfc822"  # as RET=FULL asked


def test_success_brings_a_dsn_of_the_delivered_and_silence_of_the_failed(alone: Alone) -> None:
    notify = ("NOTIFY=SUCCESS", "ORCPT=rfc822;Fax+2BSales@else.example")
    (dsn,) = send(alone, "success@example.org", "5554003", PLAIN, *notify, ret="FULL")
    message, recipient, original = status_of(dsn)
    assert message["Original-Envelope-Id"] == "QQ314159"
    assert recipient["Original-Recipient"] == "rfc822; Fax+Sales@else.example"
    assert recipient["Final-Recipient"] == "rfc822; 5554003@fax.lan"
    assert (recipient["Action"], recipient["Status"]) == ("delivered", "2.1.5")
    assert recipient["X-Fax-Pages-Confirmed"] == "1/1"
    assert original == "text/rfc822-headers"  # RFC 3461 section 4.3: FULL is for failures
    assert send(alone, "success2@example.org", "5554004", UNFAXABLE, *notify) == []


def test_never_brings_nothing_of_either(alone: Alone) -> None:
    assert send(alone, "never@example.org", "5554005", PLAIN, "NOTIFY=NEVER") == []
    assert send(alone, "never@example.org", "5554006", UNFAXABLE, "NOTIFY=NEVER") == []


def swaks(alone: Alone, to: str, body: str, *more: str) -> str:
    """Send a mail of otto's with swaks; returns its last reply."""
    command = [program("swaks"), "--server", f"127.0.0.1:{alone.port}", "--from", "otto@example.org", "--to", to]
    done = subprocess.run([*command, "--body", body, *more], capture_output=True, text=True, check=False, timeout=60)
    return [line for line in done.stdout.splitlines() if line.startswith("<")][-2]


def test_a_preview_is_released_by_a_reply_and_an_order_is_answered(alone: Alone) -> None:
    assert "250 2.0.0 accepted as" in swaks(alone, "preview+5556001@fax.lan", "Please look first")
    (preview,) = alone.gateway.until(lambda _: mails(alone, "otto@example.org"))
    (pdf,) = pdfs_in(preview)
    with alone.gateway.store() as store:
        (held,) = [job for job in store.jobs() if job.number == "5556001"]
    assert (held.state, held.dials) == (JobState.HELD, 0)
    assert "250 2.0.0 the answer is" in swaks(alone, str(preview["Reply-To"]), "send")
    (job,) = alone.gateway.told(held.submission_id)
    assert job.state is JobState.DELIVERED
    assert len(list(arrived_pages(pdf))) == job.pages
    assert "250 2.0.0 the answer is" in swaks(alone, "status@fax.lan", "please")

    def answers(_: object) -> list[EmailMessage]:
        return [mail for mail in mails(alone, "otto@example.org") if "status" in str(mail["Subject"])]

    (status,) = alone.gateway.until(answers)
    assert job.id in plain_words(status)
    loop = bytes(status).decode("ascii", "replace")
    assert "<** 5" in swaks(alone, "5556002@fax.lan", "x", "--data", loop), "our own answer is never faxed"
