"""A gateway without processes on a virtual clock: mails are taken, faxes end as a test says, and what is mailed back is read."""

import asyncio
import contextlib
import email
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from mailfax.config import EMBEDDED_DEFAULT, Config, parse
from mailfax.daemon import build
from mailfax.gateway.acceptance import Intake
from mailfax.gateway.commands import CommandDesk
from mailfax.gateway.door import GatewayDoor
from mailfax.gateway.evidence import EvidenceMaker
from mailfax.gateway.hooks import Hooks
from mailfax.gateway.identity import Identity
from mailfax.gateway.notification import NotificationDesk, Patience
from mailfax.gateway.previewing import PreviewDesk
from mailfax.gateway.receipts import Receipts
from mailfax.gateway.rendering import document_page
from mailfax.gateway.telling import TellingPolicy
from mailfax.gateway.undelivered import Alarms
from mailfax.model.call import CallResult
from mailfax.model.document import Document, Fate, PartAccount
from mailfax.model.ids import EPOCH_US, IdMaker
from mailfax.model.job import Job
from mailfax.model.outcome import Outcome
from mailfax.model.page import Coding, Resolution
from mailfax.model.submission import Notify, Recipient
from mailfax.render.result import RenderedPage
from mailfax.smtp.compose import Letterhead
from mailfax.smtp.door import Accepted, Client, Command, Incoming, Permitted, Refused
from mailfax.spool.blobs import BlobStore
from mailfax.spool.records import Delivery
from mailfax.spool.retry import RetryPolicy, decide
from mailfax.spool.store import Store
from mailfax.t4codec import encode
from mailfax.t4codec.bitmap import Bitmap
from mailfax.t4codec.tiff import T6Page

NOW_US = EPOCH_US + 1_000_000_000_000
MINUTE_US = 60_000_000
LETTERHEAD = Letterhead(hostname="fax.example", sender="fax@fax.lan")
GOOD = CallResult(
    outcome=Outcome.DELIVERED,
    confirmed=frozenset({1, 2}),
    station_id="+49 30 1234",
    modulation="V.17",
    bit_rate=14400,
    seconds=61.4,
)
BUSY = CallResult(outcome=Outcome.BUSY)
UNREACHABLE = CallResult(outcome=Outcome.REMOTE_CANNOT_RECEIVE, seconds=12.0, station_id="ACME")


def alarms_of(blobs: BlobStore, administrator: str = "root@office.example") -> Alarms:
    return Alarms(blobs=blobs, letterhead=LETTERHEAD, telling=TellingPolicy(), administrator=administrator)


def notification_desk(
    store: Store,
    blobs: BlobStore,
    now_us: Callable[[], int],
    *,
    telling: TellingPolicy | None = None,
    evidence: EvidenceMaker | None = None,
    hooks: Hooks | None = None,
) -> NotificationDesk:
    return NotificationDesk(
        store=store,
        blobs=blobs,
        letterhead=LETTERHEAD,
        telling=telling or TellingPolicy(),
        evidence=evidence or evidence_maker(store, blobs, Identity(), Path("/nowhere")),
        hooks=hooks or Hooks((), blobs),
        patience=Patience(delay_s=3600, give_up_s=5 * 24 * 3600),
        now_us=now_us,
    )


def evidence_maker(store: Store, blobs: BlobStore, identity: Identity, calls_root: Path) -> EvidenceMaker:
    return EvidenceMaker(
        store=store, blobs=blobs, identity=identity, calls_root=calls_root, draw_text=lambda _words: [page()]
    )


def letter(subject: str = "Order 7", body: str = "Hello", **headers: str) -> bytes:
    """Return a mail as a person writes it; headers by their names with _ for -."""
    fields = {"From": "anna@office.example", "To": "fax", "Subject": subject, "Message-ID": "<1@office.example>"}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
    return f"{head}\r\n{body}\r\n".encode()


def page(text_rows: int = 200) -> RenderedPage:
    """Return a page with a black bar on it."""

    def at(resolution: Resolution, rows: int) -> T6Page:
        import numpy as np

        black = np.zeros((rows, 1728), dtype=bool)
        black[40 : rows // 2, 200:900] = True
        octets = encode(Bitmap.from_bool(black), Coding.MMR)
        return T6Page(octets=octets, width_px=1728, rows=rows, resolution=resolution)

    return RenderedPage(fine=at(Resolution.FINE, text_rows), standard=at(Resolution.STANDARD, text_rows // 2))


@dataclass
class Office:
    """One gateway. `now_us` is its clock."""

    config: Config
    store: Store
    blobs: BlobStore
    new_id: IdMaker
    now_us: int = NOW_US
    client: Client = field(default_factory=lambda: Client(ip="127.0.0.1", helo="pc"))

    def clock(self) -> int:
        return self.now_us

    def __post_init__(self) -> None:
        telling, routing = build.telling_policy(self.config), build.routing_settings(self.config)
        hooks = Hooks(build.hook_targets(self.config), self.blobs)
        calls_root = build.spool_settings(self.config).calls
        evidence = evidence_maker(self.store, self.blobs, build.identity(self.config), calls_root)
        receipts = Receipts(
            store=self.store, blobs=self.blobs, letterhead=LETTERHEAD, telling=telling, now_us=self.clock
        )
        self.tokens = iter(f"{number:020x}" for number in range(1, 1000))
        commands = CommandDesk(
            store=self.store,
            blobs=self.blobs,
            routing=routing,
            letterhead=LETTERHEAD,
            telling=telling,
            evidence=evidence,
            new_id=self.new_id,
            new_token=lambda: next(self.tokens),
            now_us=self.clock,
            quotas=build.quota_policy(self.config),
        )
        intake = Intake(
            store=self.store,
            blobs=self.blobs,
            new_id=self.new_id,
            telling=telling,
            quotas=build.quota_policy(self.config),
        )
        self.door = GatewayDoor(
            intake=intake,
            routing=routing,
            receipts=receipts,
            commands=commands,
            now_us=self.clock,
            emit=lambda _live: None,
        )
        self.notices = notification_desk(
            self.store, self.blobs, self.clock, telling=telling, evidence=evidence, hooks=hooks
        )
        self.previews = PreviewDesk(
            store=self.store,
            blobs=self.blobs,
            letterhead=LETTERHEAD,
            telling=telling,
            evidence=evidence,
            hooks=hooks,
            now_us=self.clock,
            currency=self.config.prices.currency,
        )

    def post(
        self, octets: bytes, *mailboxes: str, sender: str = "anna@office.example", identity: str = "", **rcpt: object
    ) -> Accepted | Refused:
        """Have a mail taken, as the listener does; the first recipient that is refused ends it."""
        client = Client(ip=self.client.ip, helo="pc", identity=identity)
        recipients: list[Recipient] = []
        commands: list[str] = []
        for mailbox in mailboxes:
            match asyncio.run(self.door.recipient(client, sender, mailbox if "@" in mailbox else f"{mailbox}@fax.lan")):
                case Permitted() as permitted:
                    recipients += [replace(made, **rcpt) for made in permitted.recipients(Notify.UNSET, "")]  # type: ignore[arg-type]
                case Command():
                    commands.append(mailbox if "@" in mailbox else f"{mailbox}@fax.lan")
                case Refused() as refused:
                    return refused
        incoming = Incoming(
            client=client,
            sender=sender,
            recipients=tuple(recipients),
            return_full=False,
            envid="",
            octets=octets,
            commands=tuple(commands),
        )
        return asyncio.run(self.door.accept(incoming))

    def render(self, pages: int = 2) -> None:
        """Make the pages of every mail that waits."""
        while (claimed := self.store.claim_render(self.now_us)) is not None:
            account = (
                PartAccount(
                    name="letter.pdf", content_type="application/pdf", fate=Fate.FAXED, first_page=1, last_page=pages
                ),
            )
            made = tuple(document_page(page(), self.blobs) for _ in range(pages))
            self.store.set_document(claimed.id, Document(pages=made, account=account), self.now_us)

    def call(self, *results: CallResult) -> list[Job]:
        """Make one call for each result, for the jobs in the order of the queue; a minute each."""
        ended = []
        for result in results:
            claim = self.store.claim_job("out", self.now_us)
            assert claim is not None, "no job is due"
            self.now_us += MINUTE_US
            decision = decide(claim.job, result, self.now_us, RetryPolicy())
            ended.append(self.store.record_call(claim.call_id, claim.job.id, result, decision, self.now_us))
        return ended

    def tell(self) -> None:
        """Let every desk that tells do all it has to do."""
        while self.previews.step() or self.notices.step():
            pass

    def sent(self, recipient: str = "anna@office.example") -> list[EmailMessage]:
        """Return the mails that went out to somebody, oldest first."""
        return [self.read(one) for one in self.store.deliveries() if one.recipient == recipient]

    def read(self, delivery: Delivery) -> EmailMessage:
        message = email.message_from_bytes(self.blobs.get(delivery.message_digest), policy=default)
        assert isinstance(message, EmailMessage)
        return message

    def last(self, recipient: str = "anna@office.example") -> EmailMessage:
        return self.sent(recipient)[-1]


def text_of(message: EmailMessage) -> str:
    """Return the text of a mail, white space evened out."""
    body = message.get_body(("plain",))
    assert body is not None
    return " ".join(str(body.get_content()).split())


def files_of(message: EmailMessage) -> dict[str, bytes]:
    """Return what is attached, by name."""
    return {
        str(part.get_filename()): bytes(part.get_payload(decode=True)) for part in message.walk() if part.get_filename()
    }


@contextlib.contextmanager
def opened(more: str = "") -> Iterator[Office]:
    """Open a gateway in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        config = parse(f"{EMBEDDED_DEFAULT}\n{more}", Path(folder))
        config.data_dir.mkdir()
        settings = build.spool_settings(config)
        office_clock: list[Office] = []

        def now() -> int:
            return office_clock[0].now_us if office_clock else NOW_US

        new_id = IdMaker(now_us=now, random_bits=lambda _bits: 7)
        with contextlib.closing(Store(settings, new_id)) as store, contextlib.closing(BlobStore(settings)) as blobs:
            office = Office(config=config, store=store, blobs=blobs, new_id=new_id)
            office_clock.append(office)
            yield office


def numbers_of(jobs: Sequence[Job]) -> list[str]:
    return [job.number for job in jobs]
