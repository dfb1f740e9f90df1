"""Mails taken out of Dovecot over IMAP, by the lines of docs/mail.md: one mailbox for a whole fax domain, TLS, IDLE, a password and a token.

Needs root, dovecot-imapd and dovecot-lmtpd.
"""

import base64
import contextlib
import hashlib
import hmac
import imaplib
import json
import mailbox
import re
import smtplib
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest

from mailfax.model.job import JobState
from mailfax.smtp.settings import TlsFiles
from mailfax.spool.store import Store
from tests.interop.mail.gateway import Gateway
from tests.interop.mail.programs import PASSWORD, Dovecot, free_port
from tests.smtp.tlskit import make_certificate

pytestmark = pytest.mark.interop
DOCUMENT = Path(__file__).parents[3] / "docs" / "mail.md"
TLS = """
ssl = yes
ssl_cert = <{chain}
ssl_key = <{key}
service imap-login {{
  inet_listener imaps {{
    port = {port}
    ssl = yes
  }}
}}
"""
TOKENS = """
auth_mechanisms = plain xoauth2
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {folder}/oauth2.conf
}}
"""


@dataclass(frozen=True, kw_only=True)
class Fetching:
    """A Dovecot, and a gateway that empties its mailbox."""

    dovecot: Dovecot
    gateway: Gateway
    files: TlsFiles
    imaps_port: int

    def post(self, number: str, *lines: str, sender: str = "anna@example.org") -> None:
        """Deliver a mail into the mailbox, as the mail server in front does: by LMTP."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = "anna@example.org", "undisclosed-recipients:;", "Order 7"
        for line in lines:
            name, _, value = line.partition(": ")
            mail[name] = value
        mail.set_content("A line.\n")
        with smtplib.LMTP("127.0.0.1", self.dovecot.lmtp_port) as client:
            assert client.send_message(mail, sender, [f"{number}@fax.lan"]) == {}

    @contextlib.contextmanager
    def imap(self) -> Iterator[imaplib.IMAP4_SSL]:
        context = ssl.create_default_context(cafile=str(self.files.chain))
        with imaplib.IMAP4_SSL("localhost", self.imaps_port, ssl_context=context, timeout=30) as client:
            client.login("fax@fax.lan", PASSWORD)
            yield client

    def folder(self, name: str) -> list[EmailMessage]:
        """Return the mails of a folder, as another mail program sees them."""
        with self.imap() as client:
            if client.select(name, readonly=True)[0] != "OK":
                return []
            _, (found,) = client.search(None, "ALL")
            octets = [client.fetch(number, "(RFC822)")[1][0] for number in found.decode().split()]
        return [message_from_bytes(each[1], policy=default) for each in octets if isinstance(each, tuple)]

    def until(self, name: str, count: int) -> list[EmailMessage]:
        """Wait until a folder has so many mails."""

        def ready(_: Store) -> list[EmailMessage] | None:
            mails = self.folder(name)
            return mails if len(mails) >= count else None

        return self.gateway.until(ready)

    def answers(self, count: int) -> list[EmailMessage]:
        """Wait for what anna is told."""

        def ready(_: Store) -> list[EmailMessage] | None:
            path = self.gateway.config.data_dir.parent / "mailboxes" / "anna@example.org"
            mails = (
                [message_from_bytes(each.as_bytes(), policy=default) for each in mailbox.Maildir(path)]
                if path.exists()
                else []
            )
            return mails if len(mails) >= count else None

        return self.gateway.until(ready)


def set_up(folder: Path, login: str, extra: str = "") -> Fetching:
    """Write the configurations of both, those of the document but for ports and paths; neither runs yet."""
    for part in ("dovecot", "gateway"):
        (folder / part).mkdir(parents=True)
    folder.chmod(0o755)
    files, port = make_certificate(folder / "gateway", "localhost"), free_port()
    (lines,) = re.findall(r"```\n(mail_location = .*?)```", DOCUMENT.read_text(), re.DOTALL)
    dovecot = Dovecot(
        folder=folder / "dovecot",
        imap_port=free_port(),
        lmtp_port=free_port(),
        auth_port=free_port(),
        extra=lines.replace("/var/mail", f"{folder}/dovecot/mail")
        + TLS.format(chain=files.chain, key=files.key, port=port)
        + extra,
    )
    gateway = Gateway(folder=folder / "gateway")
    gateway.set_up('maildir = "mailboxes"\n')
    (table,) = re.findall(r"```toml\n(\[imap\..*?)```", DOCUMENT.read_text(), re.DOTALL)
    table = table.replace('"imap.example.org"', f'"localhost:{port}"\nca_file = "{files.chain}"')
    table += "poll_s = 40\n"
    table = re.sub(r'password_file = "[^"]*"', login, table)
    gateway.file.write_text(gateway.file.read_text() + table)
    (gateway.folder / "password").write_text(PASSWORD + "\n")
    return Fetching(dovecot=dovecot, gateway=gateway, files=files, imaps_port=port)


@pytest.fixture(scope="module")
def fetching(short_folder: Path) -> Iterator[Fetching]:
    made = set_up(short_folder / "imap", 'password_file = "password"')
    with made.dovecot.running(), made.gateway.running():
        made.gateway.program("user", "add", "anna", "--address", "anna@example.org", "--no-password")
        yield made


def test_a_mail_is_faxed_moved_and_reported(fetching: Fetching) -> None:
    fetching.post("5551201")
    (job,) = fetching.gateway.told(fetching.gateway.submission("5551201"))
    assert job.state is JobState.DELIVERED
    assert len(fetching.until("Sent", 1)) == 1
    assert fetching.folder("INBOX") == []
    report = next(mail for mail in fetching.answers(1) if mail["Subject"] == "Fax to 5551201 delivered")
    assert report.get_param("report-type") is None, "no DSN"


def test_the_server_tells_of_new_mails_and_nobody_waits_for_a_minute(fetching: Fetching) -> None:
    fetching.post("5551202")
    fetching.gateway.submission("5551202")
    for number in ("5551203", "5551204"):
        begun = time.monotonic()
        fetching.post(number)
        fetching.gateway.submission(number)
        assert time.monotonic() - begun < 20, "poll_s is 40: this was IDLE"


def test_a_notification_is_sent_for_who_asked_for_one_both_for_good_and_for_bad_and_never_a_dsn(
    fetching: Fetching,
) -> None:
    asks = "Disposition-Notification-To: anna@example.org"
    fetching.post("5551205", asks)
    fetching.post("john.smith2024", asks)

    def receipts(_: Store) -> dict[str, str] | None:
        found = {}
        for mail in fetching.answers(1):
            assert mail.get_param("report-type") in {None, "disposition-notification"}, "no DSN"
            if mail.get_content_type() == "multipart/report":
                _, status = mail.iter_parts()
                text = status.as_string()
                found[re.findall(r"Final-Recipient: rfc822; (\S+)", text)[0]] = re.findall(r"Disposition: (.*)", text)[
                    0
                ]
        return found if len(found) == 2 else None

    assert fetching.gateway.until(receipts) == {
        "5551205@fax.lan": "automatic-action/MDN-sent-automatically; processed",
        "john.smith2024@fax.lan": "automatic-action/MDN-sent-automatically; processed/error",
    }
    assert [str(mail["Delivered-To"]).strip("<>") for mail in fetching.folder("Failed")] == ["john.smith2024@fax.lan"]


def test_a_stranger_who_writes_into_the_mailbox_sends_no_fax_and_hears_nothing(fetching: Fetching) -> None:
    fetching.post("5551206", sender="evil@example.com")
    fetching.post("5551207", "Delivered-To: <5551208@fax.lan>", "X-Original-To: 5551209@fax.lan")
    fetching.gateway.submission("5551207")

    def aside(_: Store) -> bool:
        return any("5551206" in str(mail["Delivered-To"]) for mail in fetching.folder("Failed"))

    assert fetching.gateway.until(aside)
    with fetching.gateway.store() as store:
        assert {"5551206", "5551208", "5551209"}.isdisjoint(job.number for job in store.jobs())
        assert all(mail.recipient != "evil@example.com" for mail in store.deliveries())


def token(folder: Path) -> str:
    """Sign an access token that Dovecot checks by a key in a file."""
    secret = b"a key of 256 bits, for tests only"
    (folder / "keys" / "default" / "HS256").mkdir(parents=True, exist_ok=True)
    (folder / "keys" / "default" / "HS256" / "default").write_bytes(base64.b64encode(secret))

    def part(fields: dict[str, object]) -> bytes:
        return base64.urlsafe_b64encode(json.dumps(fields).encode()).rstrip(b"=")

    now = int(time.time())
    claims = {"sub": "fax@fax.lan", "iat": now - 10, "nbf": now - 10, "exp": now + 3600}
    signed = part({"alg": "HS256", "typ": "JWT"}) + b"." + part(claims)
    proof = base64.urlsafe_b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).rstrip(b"=")
    return (signed + b"." + proof).decode()


def test_a_token_of_a_command_opens_the_mailbox_and_a_server_that_was_down_is_found_again(short_folder: Path) -> None:
    folder = short_folder / "token"
    made = set_up(
        folder,
        f'token_command = ["/bin/cat", "{folder}/gateway/token"]',
        extra=TOKENS.format(folder=folder / "dovecot"),
    )
    (folder / "gateway" / "token").write_text(token(folder / "dovecot"))
    (folder / "dovecot" / "oauth2.conf").write_text(
        "introspection_mode = local\nusername_attribute = sub\n"
        f"local_validation_key_dict = fs:posix:prefix={folder}/dovecot/keys/\n"
    )
    with made.gateway.running():
        made.gateway.program("user", "add", "anna", "--address", "anna@example.org", "--no-password")
        with made.dovecot.running():
            made.post("5551211")
            made.gateway.submission("5551211")
            made.until("Sent", 1)
        with made.dovecot.running():
            made.post("5551212")
            made.gateway.submission("5551212")
            made.until("Sent", 2)
    assert "mailbox cannot be read" in made.gateway.log.read_text()
    with made.gateway.store() as store:
        assert sorted(job.number for job in store.jobs()) == ["5551211", "5551212"], "each once"
