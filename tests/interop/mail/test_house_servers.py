"""Mail servers of the house in front of mailfax, by the configurations of docs/mail.md: Postfix and Exim, each by LMTP and by the pipe; mutt by the pipe.

Needs root, postfix, mutt, Dovecot and bubblewrap; Exim's package is fetched and unpacked. Nobody here is in a network that mailfax knows:
what is faxed is faxed by the rights of the user that the file gives to the server's own user.
"""

import os
import re
import smtplib
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import pytest

from mailfax.model.job import Job, JobState
from mailfax.model.submission import Submission
from tests.interop.mail.exim import Exim
from tests.interop.mail.gateway import Gateway
from tests.interop.mail.programs import Dovecot, Postfix, free_port, program, run, running

pytestmark = pytest.mark.interop
ROOT = Path(__file__).parents[3]
DOCUMENT = ROOT / "docs" / "mail.md"
BY_LMTP, BY_PIPE = "fax.lan", "pipe.lan"


def recipe(first: str) -> str:
    """Return the block of the document that begins with these words."""
    (found,) = re.findall(rf"```(?:toml)?\n({re.escape(first)}.*?)```", DOCUMENT.read_text(), re.DOTALL)
    return str(found)


@dataclass(frozen=True, kw_only=True)
class House:
    """A gateway and the two servers in front of it; each speaks LMTP for one domain and pipes for the other."""

    gateway: Gateway
    postfix: Postfix
    exim: Exim
    dovecot: Dovecot
    socket: Path
    script: Path

    def post(self, port: int, to: list[str], sender: str = "desk@example.org") -> None:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = sender, ", ".join(to), "A letter"
        message.set_content("A line.\n.\nAnother.\n")
        with smtplib.SMTP("127.0.0.1", port, timeout=20) as client:
            assert client.send_message(message, sender, to) == {}

    def faxed(self, number: str, *, as_user: str = "relay", by: str) -> tuple[Job, Submission]:
        """Wait until it is, and see as whom and by which user of this machine."""
        (job,) = [one for one in self.gateway.told(self.gateway.submission(number)) if one.number == number]
        assert job.state is JobState.DELIVERED
        with self.gateway.store() as store:
            mail = store.submission(job.submission_id)
        assert mail is not None
        assert (mail.identity, mail.client) == (as_user, f"local:{by}")
        return job, mail


def wrapper(folder: Path) -> Path:
    """Write a `mailfax` that every user of this machine may run: root's Python is root's only."""
    script = folder / "mailfax"
    paths = [str(ROOT), *(path for path in sys.path if path.endswith("site-packages"))]
    script.write_text(
        f"#!/usr/bin/python3\nimport sys\nsys.path[:0] = {paths!r}\nsys.dont_write_bytecode = True\n"
        "from mailfax.cli import main\nsys.argv[0] = 'mailfax'\nmain()\n"
    )
    script.chmod(0o755)
    return script


@pytest.fixture(scope="module")
def house(short_folder: Path, dovecot: Dovecot) -> Iterator[House]:
    folder = short_folder / "house"
    for part in ("gateway", "postfix", "run"):
        (folder / part).mkdir(parents=True)
    folder.chmod(0o755)
    socket, script = folder / "run" / "lmtp.sock", wrapper(folder)

    def placed(text: str) -> str:
        return text.replace("/run/mailfax/lmtp.sock", str(socket)).replace("/usr/bin/mailfax", str(script))

    gateway = Gateway(folder=folder / "gateway")
    gateway.set_up(f'lmtp = "{dovecot.lmtp_socket}"\n')
    smtp = placed(recipe("[smtp]\nlmtp").removeprefix("[smtp]\n")).replace("}", ', root = "anna" }', 1)
    text = gateway.file.read_text().replace("[smtp]\n", f"[smtp]\nallow_networks = []\n{smtp}", 1)
    gateway.file.write_text(text + f'\n[domains."{BY_PIPE}"]\nlengths = [7]\n')

    postfix = Postfix(folder=folder / "postfix", port=free_port(), lmtp_port=dovecot.lmtp_port)
    lmtp, pipe, service = (
        recipe("transport_maps = inline:{ { fax.lan = lmtp"),
        recipe("transport_maps = inline:{ { fax.lan = mailfax"),
        recipe("mailfax unix"),
    )
    both = (
        f"{lmtp.strip()} {pipe.split(' = ', 1)[1].split(chr(10))[0].replace(BY_LMTP, BY_PIPE)}\n"
        + pipe.split("\n", 1)[1]
    )
    postfix.set_up(
        placed(both) + "minimal_backoff_time = 2s\nqueue_run_delay = 2s\nmaximal_backoff_time = 2s\n", placed(service)
    )

    exim = Exim(folder=folder / "exim", port=free_port(), lmtp_port=dovecot.lmtp_port)
    routers, _, transports = recipe("fax_router:").partition("\n\n")
    pipes = recipe("fax_pipe:")
    routers += (
        f"\n{routers.replace('fax_router', 'pipe_router').replace(BY_LMTP, BY_PIPE).replace('fax_lmtp', 'fax_pipe')}"
    )
    exim.set_up(routers, placed(transports + pipes))

    with gateway.running(), running(postfix), exim.running():
        gateway.program("user", "add", "relay", "--address", "*", "--no-password")
        gateway.program("user", "add", "anna", "--address", "anna@example.org", "--no-password")
        yield House(gateway=gateway, postfix=postfix, exim=exim, dovecot=dovecot, socket=socket, script=script)


def test_postfix_by_lmtp_two_numbers_in_one_mail_and_one_refused(house: House) -> None:
    house.post(house.postfix.port, ["5553001@fax.lan", "5553002@fax.lan", "911@fax.lan"], sender="lmtp@example.org")
    _, mail = house.faxed("5553001", by="postfix")
    assert house.faxed("5553002", by="postfix")[1].id == mail.id
    bounce = bounced(house, "lmtp@example.org")
    assert "911@fax.lan" in bounce
    assert "550 5.7.1" in bounce
    assert "emergency" in bounce


def test_postfix_by_the_pipe(house: House) -> None:
    house.post(house.postfix.port, ["5553101@pipe.lan", "5553102@pipe.lan", "911@pipe.lan"], sender="pipe@example.org")
    _, mail = house.faxed("5553101", by="mail")
    assert house.faxed("5553102", by="mail")[1].id != mail.id, "the pipe takes one number at a time"
    bounce = bounced(house, "pipe@example.org")
    assert "911@pipe.lan" in bounce
    assert "emergency" in bounce


def test_exim_by_lmtp_and_by_the_pipe(house: House) -> None:
    house.post(house.exim.port, ["5553201@fax.lan", "5553202@fax.lan", "5553203@pipe.lan"])
    _, mail = house.faxed("5553201", by="mail")
    assert house.faxed("5553202", by="mail")[1].id == mail.id
    assert house.faxed("5553203", by="mail")[1].id != mail.id


@pytest.mark.parametrize("domain", [BY_LMTP, BY_PIPE])
def test_exim_bounces_what_is_refused_in_our_words(house: House, domain: str) -> None:
    sender = f"exim-{domain}@example.org"
    house.post(house.exim.port, [f"911@{domain}"], sender=sender)
    bounce = bounced(house, sender)
    assert f"911@{domain}" in bounce
    assert "emergency" in bounce


def test_mutt_sends_by_the_pipe_in_its_users_name_only(house: House, tmp_path: Path) -> None:
    sendmail = f"{house.script} sendmail --socket {house.socket}"
    for author, number in (("boss@example.org", "5553301"), ("anna@example.org", "5553302")):
        (tmp_path / ".muttrc").write_text(
            f"set from={author}\nset use_envelope_from=yes\nset sendmail='{sendmail}'\nset sendmail_wait=0\n"
        )
        words = [program("mutt"), "-s", "A letter", "--", f"{number}@fax.lan"]
        done = subprocess.run(
            words,
            cwd=tmp_path,
            env={**os.environ, "HOME": str(tmp_path)},
            input="A line.\n",
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode == 0) == (author == "anna@example.org"), done.stdout + done.stderr
    house.faxed("5553302", as_user="anna", by="root")
    with house.gateway.store() as store:
        assert "5553301" not in {job.number for job in store.jobs()}


def bounced(house: House, user: str) -> str:
    """Wait for the bounce in a mailbox, and return its text."""
    deadline = time.monotonic() + 60
    while True:
        for mail in house.dovecot.mails(user):
            text = mail.as_string()
            if "911@" in text and ("Undeliver" in text or "failed" in text):
                return " ".join(text.replace("=\n", "").split())
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_the_pipe_loses_no_mail_while_mailfax_is_down_and_it_is_faxed_once(
    short_folder: Path, dovecot: Dovecot
) -> None:
    folder = short_folder / "down"
    for part in ("gateway", "postfix"):
        (folder / part).mkdir(parents=True)
    folder.chmod(0o755)
    socket, script = folder / "l.sock", wrapper(folder)
    gateway = Gateway(folder=folder / "gateway")
    gateway.set_up('maildir = "mailboxes"\n')
    entrance = f'[smtp]\nallow_networks = []\nlmtp = ["unix:{socket}"]\nlocal_users = {{ postfix = "relay", mail = "relay" }}\n'
    gateway.file.write_text(gateway.file.read_text().replace("[smtp]\n", entrance, 1))
    postfix = Postfix(folder=folder / "postfix", port=free_port(), lmtp_port=dovecot.lmtp_port)
    postfix.set_up(
        "transport_maps = inline:{ { fax.lan = mailfax: } }\n"
        "mailfax_destination_recipient_limit = 1\nminimal_backoff_time = 2s\nqueue_run_delay = 2s\nmaximal_backoff_time = 2s\n",
        recipe("mailfax unix").replace("/run/mailfax/lmtp.sock", str(socket)).replace("/usr/bin/mailfax", str(script)),
    )
    with gateway.running():
        gateway.program("user", "add", "relay", "--address", "*", "--no-password")
    with running(postfix):
        with smtplib.SMTP("127.0.0.1", postfix.port, timeout=20) as client:
            client.sendmail("a@example.org", ["5553401@fax.lan"], "From: a@example.org\r\nSubject: x\r\n\r\nx\r\n")
        deadline = time.monotonic() + 60
        while "does not answer" not in (postfix.folder / "log").read_text():
            assert time.monotonic() < deadline
            time.sleep(0.2)
        assert "status=deferred" in (postfix.folder / "log").read_text()
        with gateway.running():
            run(program("postqueue"), "-c", str(postfix.config), "-f")
            (job,) = gateway.told(gateway.submission("5553401"))
    assert job.state is JobState.DELIVERED
    with gateway.store() as store:
        assert len(store.jobs()) == 1
