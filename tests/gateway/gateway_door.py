"""The door of a spool in a folder, behind a real listener; no line, so what would be dialled stands in the queue."""

import base64
import smtplib
from pathlib import Path

from typer.testing import CliRunner

from mailfax.cli.app import app
from mailfax.config import EMBEDDED_DEFAULT, load
from mailfax.daemon import build
from mailfax.daemon.clock import id_maker, wall_clock_us
from mailfax.daemon.server import build_door
from mailfax.gateway.acceptance import Intake
from mailfax.gateway.evidence import EvidenceMaker
from mailfax.smtp.alignment import Txt
from mailfax.smtp.listener import Listener, serve_smtp
from mailfax.smtp.settings import Entrance, Listen, SmtpSettings
from mailfax.spool.blobs import BlobStore
from mailfax.spool.store import Store
from tests.smtp.running import Background
from tests.smtp.tlskit import make_certificate, trusting

PASSWORD = "Schlüssel fürs Fax"
SERVERS, SUBMISSION, SUBMISSIONS, LMTP = range(4)


def no_names(_name: str) -> tuple[str, ...]:
    """Be a domain name system without a name."""
    return ()


class Gateway:
    """A gateway that takes mail on three entrances and has no line."""

    def __init__(
        self,
        folder: Path,
        background: Background,
        more: str = "",
        allow: str = '"127.0.0.0/8"',
        smtp: str = "",
        txt: Txt = no_names,
    ) -> None:
        self.txt = txt
        self.file = folder / "mailfax.toml"
        text = EMBEDDED_DEFAULT.replace("[smtp]\n", f"[smtp]\n{smtp}allow_networks = [{allow}]\n")
        self.file.write_text(f"{text}\n{more}", encoding="utf-8")
        self.config = load(self.file)
        self.config.data_dir.mkdir(mode=0o700)
        settings, new_id = build.spool_settings(self.config), id_maker()
        self.store, self.blobs = Store(settings, new_id), BlobStore(settings)
        self.files, self.background = make_certificate(folder, "fax.example"), background
        self.telling = build.telling_policy(self.config)
        self.evidence = EvidenceMaker(
            store=self.store,
            blobs=self.blobs,
            identity=build.identity(self.config),
            calls_root=settings.calls,
            draw_text=lambda _words: (),
        )
        intake = Intake(
            store=self.store,
            blobs=self.blobs,
            new_id=new_id,
            telling=self.telling,
            quotas=build.quota_policy(self.config),
        )
        self.listener = background.run(self._listen(intake))

    async def _listen(self, intake: Intake) -> Listener:
        door = build_door(self.config, intake, self.evidence, lambda _live: None, self.txt)
        entrances = tuple(Listen(port=0, entrance=entrance) for entrance in Entrance)
        unix = tuple(listen for listen in build.smtp_settings(self.config).listen if listen.path is not None)
        settings = SmtpSettings(
            hostname="fax.example", listen=entrances + unix, tls=self.files, local_users=self.config.smtp.local_users
        )
        return await serve_smtp(settings, door, wall_clock_us)

    def mailfax(self, *words: str, says: str = "", status: int = 0) -> str:
        """Run a command on this spool."""
        done = CliRunner().invoke(app, [*words, "--config", str(self.file)], input=says)
        assert done.exit_code == status, done.output
        return done.output

    def port(self, entrance: int) -> int:
        return self.listener.addresses[entrance][1]

    def client(self) -> smtplib.SMTP_SSL:
        port = self.port(SUBMISSIONS)
        return smtplib.SMTP_SSL("127.0.0.1", port, context=trusting(self.files), timeout=30)

    def close(self) -> None:
        self.background.run(self.listener.close())
        self.store.close()
        self.blobs.close()


def add_anna(gateway: Gateway) -> None:
    gateway.mailfax(
        "user", "add", "Anna", "--address", "anna@example.org", "--address", "@sales.example.org", says=PASSWORD + "\n"
    )


def login(client: smtplib.SMTP, name: str, password: str) -> int:
    """Log in by PLAIN, in UTF-8 (smtplib speaks ASCII only); return the code."""
    client.ehlo_or_helo_if_needed()
    return client.docmd("AUTH", "PLAIN " + base64.b64encode(f"\0{name}\0{password}".encode()).decode())[0]
