"""A `mailfax serve` of its own for the tests with real mail programs: its folder, its commands, its steps."""

import contextlib
import io
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any, TypeVar

from PIL import Image
from typer.testing import CliRunner

from mailfax.cli.app import app
from mailfax.config import Config, load
from mailfax.daemon import build
from mailfax.daemon.clock import id_maker
from mailfax.demo.compare import compare
from mailfax.demo.watcher import Watcher
from mailfax.gateway.identity import SentHeader
from mailfax.model.job import Job
from mailfax.spool.blobs import BlobStore
from mailfax.spool.records import DeliveryState
from mailfax.spool.store import Store
from tests.interop.mail.programs import run

T = TypeVar("T")
WAIT_LIMIT_S = 60.0
LOOK_EVERY_S = 0.05
OPEN_MAIL = {DeliveryState.WAITING, DeliveryState.SENDING}

SETTINGS = """\
data_dir = "data"

[smtp]
listen = ["127.0.0.1:{port}"]
hostname = "fax.example.org"

[domains."fax.lan"]
lengths = [7]

[receive]
own_numbers = "call"
catch_all = "faxmaster@example.org"
[receive.did]
5551234 = ["office@example.org"]
55512xx = ["sales@example.org", "archive@example.org"]
5559000 = ["gone@example.org"]

[identity]
station_id = "5550001"
name = "Example Ltd"
time_zone = "Europe/Berlin"

[lines.out]
kind = "virtual"
number = "5550001"
receive = false
[lines.in]
kind = "virtual"
number = "5550002"
send = false

[exchange.routes]
5550404 = ["busy"]
"*" = ["in"]

[mail]
sender = "fax@example.org"
"""


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """A gateway in `folder`, running or not."""

    folder: Path

    def set_up(self, mail: str, port: int = 0) -> None:
        """Write the configuration; `mail` is the rest of its [mail] table."""
        self.file.write_text(SETTINGS.format(port=port) + mail)

    @property
    def file(self) -> Path:
        """Return the configuration file."""
        return self.folder / "mailfax.toml"

    @property
    def config(self) -> Config:
        """Return the configuration as mailfax reads it."""
        return load(self.file)

    @property
    def log(self) -> Path:
        """Return the file that has the server's output."""
        return self.folder / "server.log"

    @contextlib.contextmanager
    def running(self) -> Iterator[Watcher]:
        """Run the server."""
        command = [sys.executable, "-m", "mailfax", "serve", "--config", str(self.file)]
        with self.log.open("ab") as log:
            server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            try:
                with Watcher(self.config.data_dir, server) as watcher:
                    yield watcher
            finally:
                server.send_signal(signal.SIGTERM)
                server.wait()

    def store(self) -> contextlib.closing[Store]:
        """Open the spool."""
        return contextlib.closing(Store(build.spool_settings(self.config), id_maker()))

    def program(self, *arguments: str) -> str:
        """Run one of the commands as a program of its own; it must succeed."""
        return run(sys.executable, "-m", "mailfax", *arguments, "--config", str(self.file))

    def mailfax(self, *arguments: str) -> str:
        """Run one of the commands in this process, which saves a second of imports; it must succeed."""
        done = CliRunner().invoke(app, [*arguments, "--config", str(self.file)])
        assert done.exit_code == 0, done.output
        return done.output

    def mailfax_json(self, *arguments: str) -> Any:  # noqa: ANN401 - it is JSON
        """Run one of the commands with --json."""
        return json.loads(self.mailfax(*arguments, "--json"))

    @staticmethod
    def refused(*arguments: str) -> tuple[int, str]:
        """Run one of the commands, which must fail; return its exit status and what it said."""
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code != 0, done.output
        return done.exit_code, done.output

    def until(self, ready: Callable[[Store], T | None], limit_s: float = WAIT_LIMIT_S) -> T:
        """Look into the spool until `ready` finds what it waits for, and return that."""
        deadline = time.monotonic() + limit_s
        with self.store() as store:
            while not (found := ready(store)):
                assert time.monotonic() < deadline, (
                    f"it did not happen; see {self.log}:\n{self.log.read_text()[-3000:]}"
                )
                time.sleep(LOOK_EVERY_S)
            return found

    def told(self, submission_id: str, limit_s: float = WAIT_LIMIT_S) -> tuple[Job, ...]:
        """Return the jobs of a mail when they have ended and their sender has been told, or was not to be."""

        def ready(store: Store) -> tuple[Job, ...] | None:
            jobs = store.jobs_of(submission_id)
            if not jobs or not all(job.state.final for job in jobs) or store.next_unnotified() is not None:
                return None
            waits = any(
                delivery.state in OPEN_MAIL for delivery in store.deliveries(submission_id)
            )  # made before "told"
            return None if waits else jobs

        return self.until(ready, limit_s)

    def submission(self, recipient: str) -> str:
        """Return the id of the mail that was faxed to this number, once it has been accepted."""
        return self.until(lambda s: next((job.submission_id for job in s.jobs() if job.number == recipient), None))

    def pages_equal(self, job: Job, pdf: bytes) -> list[bool]:
        """Compare the PDF in a mailbox with what the job sent, page by page, both decoded by libtiff."""
        with self.store() as store, contextlib.closing(BlobStore(build.spool_settings(self.config))) as blobs:
            document = store.document(job.submission_id)
            assert document is not None
            header = SentHeader(
                identity=build.identity(self.config),
                number=job.number,
                pages=len(document.pages),
                started_us=store.attempts(job.id)[-1].started_us,
                job=job.id,
            )
            return [verdict.equal for verdict in compare(document, header, blobs, pdf)]


def pdfs_in(message: Message) -> list[bytes]:
    """Return the PDFs that a mail carries."""
    parts = [part for part in message.walk() if part.get_content_type() == "application/pdf"]
    return [bytes(part.get_payload(decode=True)) for part in parts]


def write_pdf(path: Path, pages: int = 1) -> Path:
    """Write a PDF whose pages differ, by Pillow."""
    sheets = [Image.new("1", (850, 1100), 1) for _ in range(pages)]
    for number, sheet in enumerate(sheets, 1):
        sheet.paste(0, (100, 100, 300 + 100 * number, 300))
    octets = io.BytesIO()
    sheets[0].save(octets, "PDF", save_all=True, append_images=sheets[1:], resolution=100)
    path.write_bytes(octets.getvalue())
    return path
