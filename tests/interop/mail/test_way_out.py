"""Mail out to real peers, by the configurations of docs/mail.md: Postfix that wants TLS and a login (asked of Dovecot), and Dovecot's LMTP.

Needs root, postfix, dovecot-imapd and dovecot-lmtpd.
"""

import re
import smtplib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mailfax.smtp.settings import TlsFiles
from tests.interop.mail.gateway import Gateway, pdfs_in
from tests.interop.mail.programs import PASSWORD, Dovecot, Postfix, free_port, running
from tests.smtp.tlskit import make_certificate

pytestmark = pytest.mark.interop
DOCUMENT = Path(__file__).parents[3] / "docs" / "mail.md"

# Only a login opens this door, and it is heard under TLS only.
SUBMISSION = """\
mynetworks =
smtpd_tls_security_level = may
smtpd_tls_cert_file = {files.chain}
smtpd_tls_key_file = {files.key}
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:{auth_port}
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = permit_sasl_authenticated, reject
message_size_limit = 300000
"""
SUBMISSIONS = "127.0.0.1:{port} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes\n"


@dataclass(frozen=True, kw_only=True)
class Provider:
    """A mail server that lets nobody send without a login: at `port` by STARTTLS, at `secure_port` under TLS from the start."""

    postfix: Postfix
    secure_port: int
    files: TlsFiles
    password_file: Path


@pytest.fixture(scope="module")
def provider(short_folder: Path, dovecot: Dovecot) -> Iterator[Provider]:
    folder = short_folder / "provider"
    (folder / "postfix").mkdir(parents=True)
    folder.chmod(0o755)
    files, secure_port = make_certificate(folder, "localhost"), free_port()
    (folder / "password").write_text(PASSWORD + "\n")
    postfix = Postfix(folder=folder / "postfix", port=free_port(), lmtp_port=dovecot.lmtp_port)
    lines = SUBMISSION.format(files=files, auth_port=dovecot.auth_port)
    postfix.set_up(lines, SUBMISSIONS.format(port=secure_port))
    with running(postfix):
        yield Provider(postfix=postfix, secure_port=secure_port, files=files, password_file=folder / "password")


def recipe(number: int) -> str:
    """Return the lines of a [mail] table of the document."""
    tables = re.findall(r"```toml\n\[mail\]\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    return str(tables[number])


def by_login(provider: Provider) -> str:
    """Return the document's first recipe, with this provider in it."""
    lines = recipe(0)
    for written, here in (
        ("mail.example.org:587", f"localhost:{provider.postfix.port}"),
        ("/etc/mailfax/smtp-password", str(provider.password_file)),
    ):
        assert written in lines
        lines = lines.replace(written, here)
    return f'{lines}ca_file = "{provider.files.chain}"\n'


def by_lmtp(provider: Provider, dovecot: Dovecot) -> str:
    """Return the second: Dovecot for the own domain, the rest to the provider's port that begins with TLS."""
    lines = recipe(1)
    for written, here in (
        ("/run/dovecot/lmtp", str(dovecot.lmtp_socket)),
        ("mail.example.net:465", f"localhost:{provider.secure_port}"),
    ):
        assert written in lines
        lines = lines.replace(written, here)
    return f'{lines}user = "fax"\npassword_file = "{provider.password_file}"\nca_file = "{provider.files.chain}"\n'


def set_up(folder: Path, lines: str) -> Gateway:
    gateway = Gateway(folder=folder)
    gateway.set_up("")
    gateway.file.write_text(gateway.file.read_text().replace('sender = "fax@example.org"\n', lines))
    return gateway


def test_postfix_is_logged_in_to_by_starttls_and_by_tls_from_the_start(
    provider: Provider, dovecot: Dovecot, tmp_path: Path
) -> None:
    gateway = set_up(tmp_path, by_login(provider))
    said = gateway.mailfax_json("mail", "test", "starttls@example.org")
    assert [step["step"] for step in said["steps"]] == ["connect", "tls", "login", "sender", "recipient", "message"]
    assert said["steps"][0]["said"].endswith("which said: mail.example.org ESMTP Postfix")
    assert re.search(
        r"TLSv1\.3; its certificate is for localhost, 127\.0\.0\.1, until .* GMT", said["steps"][1]["said"]
    )
    assert "queued as" in said["steps"][-1]["said"]
    text = gateway.file.read_text().replace(f":{provider.postfix.port}", f":{provider.secure_port}")
    gateway.file.write_text(text.replace('"starttls"', '"implicit"'))
    assert gateway.mailfax_json("mail", "test", "implicit@example.org")["taken"]
    for user in ("starttls", "implicit"):
        (mail,) = dovecot.wait_for(f"{user}@example.org", 1)
        assert mail["Subject"] == "Test of the fax server"
        assert any("with ESMTPSA" in trace for trace in mail.get_all("Received", []))


@pytest.mark.parametrize(
    ("right", "wrong", "status", "said"),
    [
        ("ca_file =", "verify = true\n#", 76, "it is signed by itself; name its file as mail.ca_file to trust it."),
        ("localhost:", "127.0.0.2:", 69, "Nobody listens at 127.0.0.2:"),
        ('user = "fax"', "", 67, "said: 554 5.7.1"),
        ('"starttls"', '"implicit"', 76, 'set mail.tls to "starttls", or choose its other port (often 465).'),
        ('password"', 'none"', 77, "The password of fax cannot be read from"),
    ],
)
def test_a_mistake_in_the_configuration_is_told_by_its_kind(
    provider: Provider, tmp_path: Path, right: str, wrong: str, status: int, said: str
) -> None:
    gateway = set_up(tmp_path, by_login(provider))
    text = gateway.file.read_text()
    assert right in text
    gateway.file.write_text(text.replace(right, wrong))
    ended, output = gateway.refused("mail", "test", "anna@example.org", "--config", str(gateway.file))
    assert (ended, said in output) == (status, True), output


def test_a_wrong_password_is_told_and_costs_no_mail(provider: Provider, dovecot: Dovecot, tmp_path: Path) -> None:
    """A report waits in the queue while the password is wrong, and goes out when it has been mended and `mail retry` was called."""
    gateway = set_up(tmp_path, by_login(provider))
    (tmp_path / "password").write_text("wrong")
    gateway.file.write_text(gateway.file.read_text().replace(str(provider.password_file), str(tmp_path / "password")))
    ended, output = gateway.refused("mail", "test", "anna@example.org", "--config", str(gateway.file))
    assert (ended, "does not let fax log in: 535 5.7.8 Error: authentication failed" in output) == (77, True), output
    with gateway.running() as watcher:
        with smtplib.SMTP("127.0.0.1", int(watcher.smtp_address.rpartition(":")[2]), timeout=20) as client:
            client.sendmail("mended@example.org", ["5551234@fax.lan"], "Subject: x\r\n\r\nHello\r\n")

        waiting = gateway.until(
            lambda store: [one for one in store.waiting_deliveries() if one.tries and "log in" in one.detail] or None
        )
        assert {one.recipient for one in waiting} <= {"mended@example.org", "office@example.org"}
        (tmp_path / "password").write_text(PASSWORD)
        gateway.until(lambda store: len(store.waiting_deliveries()) == 2 or None)
        gateway.mailfax("mail", "retry")
        (report,) = dovecot.wait_for("mended@example.org", 1)
        assert report["Subject"] == "Fax to 5551234 delivered"
        gateway.until(lambda store: not store.waiting_deliveries() or None)


def test_dovecot_takes_the_own_domain_by_lmtp_and_the_provider_the_rest(
    provider: Provider, dovecot: Dovecot, tmp_path: Path
) -> None:
    gateway = set_up(tmp_path, by_lmtp(provider, dovecot))
    own, other = (gateway.mailfax_json("mail", "test", mailbox) for mailbox in ("lmtp@example.org", "far@example.com"))
    assert [step["step"] for step in own["steps"]] == ["connect", "sender", "recipient", "message"]
    assert (own["way"], own["taken"]) == (str(dovecot.lmtp_socket), True)
    assert (other["way"], other["taken"]) == (f"localhost:{provider.secure_port}", True)
    gateway.file.write_text(
        gateway.file.read_text().replace(str(dovecot.lmtp_socket), f"127.0.0.1:{dovecot.lmtp_port}")
    )
    with gateway.running() as watcher:
        with smtplib.SMTP("127.0.0.1", int(watcher.smtp_address.rpartition(":")[2]), timeout=20) as client:
            client.sendmail("lmtp@example.org", ["5551277@fax.lan"], "Subject: x\r\n\r\nHello\r\n")
        test, report = dovecot.wait_for("lmtp@example.org", 2)
        assert [test["Subject"], report["Subject"]] == ["Test of the fax server", "Fax to 5551277 delivered"]
        assert (report["Return-Path"], report["Delivered-To"]) == ("<>", "lmtp@example.org")
        (fax,) = [one for one in dovecot.wait_for("archive@example.org", 1) if one["X-Fax-To"] == "5551277"]
        assert pdfs_in(fax)[0].startswith(b"%PDF")
