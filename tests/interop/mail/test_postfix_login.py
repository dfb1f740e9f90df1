"""Postfix as a client that logs in: by the lines of docs/mail.md it passes mail over TLS to the address for mail programs.

Cyrus SASL chooses the mechanism, the strongest that both have: SCRAM.

Needs root, postfix and libsasl2-modules. The machine is in no network that mailfax knows, so only the login opens the door.
"""

import json
import re
import smtplib
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailfax.model.job import JobState
from tests.interop.mail.gateway import Gateway
from tests.interop.mail.programs import Postfix, free_port, running
from tests.smtp.tlskit import make_certificate

DOCUMENT = Path(__file__).parents[3] / "docs" / "mail.md"
MAIL = "From: desk@example.net\r\nSubject: Order 7\r\n\r\nA line.\r\n"


@pytest.fixture(scope="module")
def submitting(short_folder: Path) -> Iterator[tuple[Gateway, Postfix]]:
    folder = short_folder / "login"
    gateway, postfix = (
        Gateway(folder=folder / "gateway"),
        Postfix(folder=folder / "postfix", port=free_port(), lmtp_port=1),
    )
    for part in (gateway.folder, postfix.folder):
        part.mkdir(parents=True)
    folder.chmod(0o755)
    port, files = free_port(), make_certificate(gateway.folder, "fax.example.org")
    gateway.set_up('maildir = "mailboxes"\n')
    smtp = f'[smtp]\nallow_networks = []\nsubmission = ["127.0.0.1:{port}"]\n'
    text = gateway.file.read_text().replace(
        "[smtp]\n", f'{smtp}certificate = "{files.chain}"\nkey = "{files.key}"\n', 1
    )
    gateway.file.write_text(text)
    with gateway.running():
        password = json.loads(gateway.program("user", "add", "relay", "--address", "*", "--generate", "--json"))[
            "password"
        ]
        (lines,) = re.findall(r"```\n(smtp_sasl_auth_enable.*?)```", DOCUMENT.read_text(), re.DOTALL)
        lines = lines.replace("fax.example.org]:587", f"127.0.0.1]:{port}").replace("PASSWORD", password)
        postfix.set_up(lines.replace("/etc/ssl/certs/ca-certificates.crt", str(files.chain)))
        with running(postfix):
            yield gateway, postfix


def test_postfix_logs_in_by_the_lines_of_the_document(submitting: tuple[Gateway, Postfix]) -> None:
    gateway, postfix = submitting
    with smtplib.SMTP("127.0.0.1", postfix.port, timeout=20) as client:
        assert client.sendmail("desk@example.net", ["5551234@fax.lan"], MAIL) == {}
    (job,) = gateway.told(gateway.submission("5551234"))
    assert job.state is JobState.DELIVERED
    with gateway.store() as store:
        mail = store.submission(job.submission_id)
    assert mail is not None
    assert mail.identity == "relay"
    assert re.search(r"logged in .*mechanism=\S*SCRAM-SHA-256", gateway.log.read_text())
