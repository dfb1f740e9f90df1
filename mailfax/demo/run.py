"""The demo's course: a fresh folder, a server, mails posted, steps shown, pages compared, a table at the end."""

import contextlib
import re
import signal
import smtplib
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from mailfax.config import EMBEDDED_DEFAULT, Config, load
from mailfax.daemon import build
from mailfax.daemon.clock import id_maker
from mailfax.demo.compare import DeliveredFax, PageVerdict, compare, delivered_faxes, reports
from mailfax.demo.watcher import ServerGone, Watcher
from mailfax.gateway.identity import SentHeader
from mailfax.model.job import Job, JobState
from mailfax.spool.blobs import BlobStore
from mailfax.spool.records import DeliveryState
from mailfax.spool.store import Store

SENDER = "alice@example.org"
FIXTURES = Path(__file__).parents[2] / "fixtures" / "mail"
OWN_MAILS = (("accents.eml", "5551234"), ("three-pages.eml", "5551299"), ("attachments.eml", "5557000"))
QUIET_LIMIT_S = 120.0  # seconds without any step after which the demo gives up
LOOK_EVERY_S = 0.2
STOP_LIMIT_S = 30.0
LINE_END = re.compile(rb"\r\n|\r|\n")  # files end their lines as they like, SMTP in CR LF


class DemoFailed(Exception):
    """The demo cannot go on; the text says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Posting:
    """A mail to post, and the number it is faxed to."""

    mail: Path
    number: str


def run(*, mail: Path | None, number: str, real_time: bool, damage_page: int) -> int:
    """Run the whole demo; return the exit status: 0 only if every page arrived equal to what was sent."""
    own = [Posting(mail=FIXTURES / name, number=to) for name, to in OWN_MAILS]
    if mail is None and not FIXTURES.is_dir():
        print("The demo's own mails are in the project's checkout; name one of yours with --mail.", file=sys.stderr)
        return 1
    postings = [Posting(mail=mail, number=number)] if mail else own
    folder = Path(tempfile.mkdtemp(prefix="mailfax-demo-"))
    config_file = folder / "mailfax.toml"
    config_file.write_text(_demo_config(real_time=real_time, damage_page=damage_page), encoding="utf-8")
    config = load(config_file)
    with (folder / "server.log").open("wb") as log:
        command = [sys.executable, "-m", "mailfax", "serve", "--config", str(config_file)]
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)  # noqa: S603 - our own command
        try:
            return _course(config, server, postings, folder)
        except (DemoFailed, ServerGone, OSError, smtplib.SMTPException) as failure:
            print(f"\nThe demo failed: {failure}\nThe server's log is {log.name}", file=sys.stderr)
            return 1
        finally:
            _end(server)


def _end(server: subprocess.Popen[bytes]) -> None:
    server.send_signal(signal.SIGTERM)
    try:
        server.wait(STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _demo_config(*, real_time: bool, damage_page: int) -> str:
    """Return the embedded default on any free port, with what the demo's options change.

    Error correction would mend a damaged page, so it is off where one is asked for.
    """
    text = EMBEDDED_DEFAULT.replace("127.0.0.1:8025", "127.0.0.1:0")
    if damage_page:
        text = text.replace("[lines.out]\n", "[lines.out]\necm = false\n")
    return f"{text}\n[exchange]\nreal_time = {str(real_time).lower()}\ndamage_page = {damage_page}\n"


def _course(config: Config, server: subprocess.Popen[bytes], postings: list[Posting], folder: Path) -> int:
    started = time.monotonic()
    with (
        Watcher(config.data_dir, server) as watcher,
        contextlib.closing(Store(build.spool_settings(config), id_maker())) as store,
    ):
        print(
            f"Fresh folder {folder}\nmailfax is up: mail on {watcher.smtp_address}, telephone lines {', '.join(config.lines)}\n"
        )
        for posting in postings:
            _post(watcher.smtp_address, posting)
        _show_steps(watcher, store, started)
        return _judge(config, store, folder)


def _post(address: str, posting: Posting) -> None:
    """Post a mail as a mail client would; a refusal is shown as the server said it."""
    host, _, port = address.rpartition(":")
    recipient = f"{posting.number}@fax.lan"
    print(f"posting {posting.mail.name} to {recipient}")
    try:
        with smtplib.SMTP(host, int(port), timeout=60) as client:
            client.sendmail(SENDER, [recipient], LINE_END.sub(b"\r\n", posting.mail.read_bytes()))
    except smtplib.SMTPRecipientsRefused as refused:
        code, reply = refused.recipients[recipient]
        raise DemoFailed(f"the server refused {recipient}: {code} {reply.decode()}") from None


def _show_steps(watcher: Watcher, store: Store, started: float) -> None:
    """Print every step as it happens, until all jobs are finished and all mail is delivered."""
    quiet_since = time.monotonic()
    while True:
        step = watcher.step(LOOK_EVERY_S)
        now = time.monotonic()
        if step is not None:
            quiet_since = now
            print(f"{now - started:6.2f} s  {step.subject:<13}  {step.line:<4}  {step.text}", flush=True)
        elif _all_done(store):
            return
        elif now - quiet_since > QUIET_LIMIT_S:
            raise DemoFailed(f"nothing has happened for {QUIET_LIMIT_S:.0f} s")


def _all_done(store: Store) -> bool:
    jobs = store.jobs()
    if not all(job.state.final for job in jobs) or store.next_unrouted_fax() is not None:
        return False
    open_mail = {DeliveryState.WAITING, DeliveryState.SENDING}
    return store.next_unnotified() is None and not any(delivery.state in open_mail for delivery in store.deliveries())


def _judge(config: Config, store: Store, folder: Path) -> int:
    """Compare every page, print the table and the sender's reports, return the exit status."""
    mailboxes = config.data_dir / "mailboxes"
    faxes = list(delivered_faxes(mailboxes, folder / "received"))
    jobs = sorted(store.jobs(), key=lambda job: job.id)
    good = bool(jobs) and len(faxes) == len(jobs)  # neither a second copy nor a stray fax goes unnoticed
    print(f"\n{'job':<13}  {'number':<8}  {'pages':>5}  {'line s':>7}  result")
    for job in jobs:
        verdicts = _verdicts(config, store, job, next((fax for fax in faxes if fax.called == job.number), None))
        wrong = [verdict for verdict in verdicts if not verdict.equal]
        good = good and job.state is JobState.DELIVERED and bool(verdicts) and not wrong
        seconds = sum(attempt.result.seconds for attempt in store.attempts(job.id) if attempt.result)
        result = f"{job.outcome.code if job.outcome else job.state.value}, {_say(verdicts)}"
        print(f"{job.id:<13}  {job.number:<8}  {len(verdicts):>5}  {seconds:>7.1f}  {result}")
    for fax in faxes:
        print(f"received for {fax.called} in the mailbox {fax.mailbox}: {fax.pdf}")
    for report in reports(mailboxes, SENDER):
        print(f"\nThe sender's mailbox has this report:\n\n{report}")
    print("Every page arrived equal to what was sent." if good else "NOT every page arrived equal to what was sent.")
    return 0 if good else 1


def _verdicts(config: Config, store: Store, job: Job, fax: DeliveredFax | None) -> list[PageVerdict]:
    document = store.document(job.submission_id)
    attempts = store.attempts(job.id)
    if document is None or fax is None or not attempts:
        return []
    header = SentHeader(
        identity=build.identity(config),
        number=job.number,
        pages=len(document.pages),
        started_us=attempts[-1].started_us,
        job=job.id,
    )
    with contextlib.closing(BlobStore(build.spool_settings(config))) as blobs:
        return compare(document, header, blobs, fax.octets)


def _say(verdicts: list[PageVerdict]) -> str:
    wrong = [verdict for verdict in verdicts if not verdict.equal]
    if not verdicts:
        return "nothing arrived"
    if not wrong:
        return "all pages equal"
    pels = ", ".join(
        f"page {verdict.page}: {verdict.different_pels if verdict.different_pels is not None else 'all'}"
        for verdict in wrong
    )
    return f"DIFFERENT pels ({pels})"
