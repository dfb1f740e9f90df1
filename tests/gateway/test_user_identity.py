"""Lines are shared, identity is not: two users' faxes for one number, each with its own station id and header (AU8)."""

import base64
import smtplib
from pathlib import Path

from gateway_server import Server, letter
from typer.testing import CliRunner

from mailfax.cli.app import app
from tests.smtp.tlskit import make_certificate, trusting

PASSWORD = "ein langes Wort"


def add_user(server: Server, *words: str) -> None:
    file = str(server.folder / "mailfax.toml")
    done = CliRunner().invoke(app, ["user", "add", *words, "--config", file], input=PASSWORD + "\n")
    assert done.exit_code == 0, done.output


def test_the_far_machine_sees_who_sent(tmp_path: Path) -> None:
    files = make_certificate(tmp_path, "fax.example")
    server = Server(tmp_path, more="[queue]\nbatch_faxes = 1\n")
    own = server.folder / "mailfax.toml"
    own.write_text(
        own.read_text("utf-8").replace("[smtp]\n", f'[smtp]\ncertificate = "{files.chain}"\nkey = "{files.key}"\n'),
        "utf-8",
    )
    server.start()
    try:
        server.wait_until_up()
        add_user(
            server,
            "sales",
            "--address",
            "sales@example.org",
            "--station-id",
            "+1 202 5550111",
            "--header-name",
            "Sales",
        )
        add_user(server, "legal", "--address", "legal@example.org", "--time-zone", "Asia/Tokyo")
        host, _, port = server.smtp_address.rpartition(":")
        for name in ("sales", "legal"):
            with smtplib.SMTP(host, int(port), timeout=60) as client:
                client.starttls(context=trusting(files))
                client.ehlo()
                secret = base64.b64encode(f"\0{name}\0{PASSWORD}".encode()).decode()
                assert client.docmd("AUTH", f"PLAIN {secret}")[0] == 235
                mail = letter(f"{name}@example.org", "5551234", pages=1)
                assert client.sendmail(mail.sender, ["5551234@fax.lan"], mail.octets) == {}
        with server.store() as store:
            server.wait_until_books_are_closed(store)
            assert sorted(fax.station_id for fax in store.faxes()) == ["+1 202 5550111", "5550001"]
            identities = {
                mail.identity for job in store.jobs() if (mail := store.submission(job.submission_id)) is not None
            }
            assert identities == {"sales", "legal"}
    finally:
        server.stop()
    assert PASSWORD not in server.log.read_text()
