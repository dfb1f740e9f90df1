"""Mails from a mailbox: by the same rules as by SMTP, each once, moved and never deleted, answered where it is sure who sent them."""

import asyncio
import contextlib
import email
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from gateway_door import Gateway, add_anna

from mailfax.daemon import build
from mailfax.daemon.clock import id_maker, wall_clock_us
from mailfax.daemon.server import build_door
from mailfax.gateway.acceptance import Intake
from mailfax.gateway.acknowledgement import Refusals
from mailfax.gateway.mailboxes import FetchPolicy, MailboxDesk
from mailfax.model.job import Job
from mailfax.model.outcome import Outcome
from mailfax.smtp.door import Client, Refused
from mailfax.smtp.fetched import MailboxFault
from tests.smtp.running import Background

NETWORK = '[notices]\nduplicates_h = 0\n[domains."fax.us"]\nplan = "e164"\ncountry = "US"\narea_code = "202"\n'  # one letter for all tests
TO = "Delivered-To"
_COUNT = itertools.count()


def delivered(
    to: str = "5551234@fax.lan",
    *,
    sender: str = "anna@example.org",
    author: str = "anna@example.org",
    below: str = "",
    above: str = "",
) -> bytes:
    """Return a mail as Dovecot's LMTP puts it into a mailbox."""
    lines = f"Return-Path: <{sender}>\nDelivered-To: <{to}>\n{above}"
    lines += "Received: from mx.example.org by mail.example.org with LMTP; Fri, 27 Nov 2026 12:00:00 +0000\n"
    lines += (
        f"{below}From: {author}\nTo: someone@example.net\nSubject: Order 7\nMessage-ID: <7@example.org>\n\nA line.\n"
    )
    return lines.replace("\n", "\r\n").encode()


@dataclass
class Box:
    """A mailbox in memory; `breaks` is the step at which the connection is lost."""

    inbox: dict[int, bytes] = field(default_factory=dict)
    sent: list[bytes] = field(default_factory=list)
    failed: list[bytes] = field(default_factory=list)
    breaks: str = ""

    def put(self, *mails: bytes) -> None:
        for mail in mails:
            self.inbox[max(self.inbox, default=100) + 1] = mail

    def _step(self, name: str) -> None:
        if self.breaks == name:
            raise MailboxFault("the server hung up")

    async def sizes(self) -> dict[int, int]:
        self._step("sizes")
        return {uid: len(mail) for uid, mail in self.inbox.items()}

    async def mail(self, uid: int) -> bytes:
        self._step("mail")
        return self.inbox[uid]

    async def header(self, uid: int) -> bytes:
        return self.inbox[uid].partition(b"\r\n\r\n")[0] + b"\r\n\r\n"

    async def move(self, uid: int, *, sent: bool) -> None:
        self._step("move")
        (self.sent if sent else self.failed).append(self.inbox.pop(uid))

    async def news(self) -> None:
        self._step("news")
        raise MailboxFault("enough for a test")


@dataclass
class Fetching:
    """A mailbox and the gateway that empties it."""

    gateway: Gateway
    box: Box
    name: str
    user: str = "anna"
    recipient_field: str = TO
    max_message_bytes: int = 100_000
    told_before: frozenset[str] = frozenset()

    def fetch(self, waits: str = "") -> None:
        """Empty the mailbox; the number `waits` is refused for now."""
        gateway, new_id = self.gateway, id_maker()
        intake = Intake(store=gateway.store, blobs=gateway.blobs, new_id=new_id, telling=gateway.telling)
        door = build_door(gateway.config, intake, gateway.evidence, lambda _live: None)
        judge = door.recipient

        async def judged(client: Client, sender: str, mailbox: str) -> object:
            if waits and mailbox.startswith(waits):
                return Refused(outcome=Outcome.OVER_QUOTA)
            return await judge(client, sender, mailbox)

        door.recipient = judged
        refusals = Refusals(
            store=gateway.store,
            blobs=gateway.blobs,
            letterhead=build.letterhead(gateway.config),
            new_id=new_id,
            now_us=wall_clock_us,
        )
        policy = FetchPolicy(
            name=self.name,
            recipient_field=self.recipient_field,
            user=self.user,
            max_message_bytes=self.max_message_bytes,
            max_line_octets=10_000,
        )
        desk = MailboxDesk(policy=policy, door=door, store=gateway.store, refuse=refusals.tell)
        asyncio.run(desk.empty(self.box))

    @property
    def jobs(self) -> list[Job]:
        """Return the jobs of mails from this mailbox."""
        mails = [(job, self.gateway.store.submission(job.submission_id)) for job in self.gateway.store.jobs()]
        return [job for job, mail in mails if mail is not None and mail.client.startswith(f"imap:{self.name}/")]

    @property
    def numbers(self) -> list[str]:
        return sorted(job.number for job in self.jobs)

    @property
    def answers(self) -> list[email.message.Message]:
        store, blobs = self.gateway.store, self.gateway.blobs
        new = [mail for mail in store.deliveries() if mail.id not in self.told_before]
        return [email.message_from_bytes(blobs.get(mail.message_digest)) for mail in new]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with (
        contextlib.closing(Background()) as background,
        contextlib.closing(Gateway(tmp_path_factory.mktemp("gateway"), background, NETWORK)) as gateway,
    ):
        add_anna(gateway)
        yield gateway


@pytest.fixture
def fetching(gateway: Gateway) -> Fetching:
    """A mailbox of its own for each test, at one gateway."""
    before = frozenset(mail.id for mail in gateway.store.deliveries())
    return Fetching(gateway=gateway, box=Box(), name=f"box{next(_COUNT)}", told_before=before)


def test_a_mail_is_faxed_by_the_line_of_the_delivering_server_and_moved(fetching: Fetching) -> None:
    fetching.box.put(delivered(), delivered("5559999@fax.lan", above="Delivered-To: <5550000@fax.lan>\n"))
    fetching.fetch()
    assert fetching.numbers == ["5551234", "5559999"], "the topmost line counts"
    assert (len(fetching.box.sent), fetching.box.failed, fetching.box.inbox) == (2, [], {})
    mail = fetching.gateway.store.submission(fetching.jobs[0].submission_id)
    assert mail is not None
    assert (mail.sender, mail.identity, mail.fetched) == ("anna@example.org", "anna", True)
    assert fetching.gateway.blobs.get(mail.message_digest) in fetching.box.sent
    assert fetching.answers == []


@pytest.mark.parametrize("broken", ["move", "news"])
def test_what_was_taken_before_the_connection_was_lost_is_moved_later_and_faxed_once(
    fetching: Fetching, broken: str
) -> None:
    fetching.box.put(delivered())
    fetching.box.breaks = broken
    if broken == "move":
        with pytest.raises(MailboxFault):
            fetching.fetch()
        assert fetching.box.inbox
    fetching.box.breaks = ""
    fetching.box.inbox = {uid + 1000: mail for uid, mail in fetching.box.inbox.items()}  # another UIDVALIDITY
    fetching.fetch()
    fetching.fetch()
    assert fetching.numbers == ["5551234"]
    assert (len(fetching.box.sent), fetching.box.inbox) == (1, {})


def test_the_same_letter_delivered_again_is_another_mail_and_its_copy_in_the_mailbox_is_not(fetching: Fetching) -> None:
    again = delivered().replace(b"12:00:00", b"12:00:09")
    fetching.box.put(delivered(), delivered(), again)
    fetching.fetch()
    assert fetching.numbers == ["5551234", "5551234"]
    assert len(fetching.box.sent) == 3


@pytest.mark.parametrize(
    ("mail", "told"),
    [
        (delivered("john@fax.lan"), "is neither a fax number nor a name"),
        (delivered("5551234@example.net"), "does not send faxes for the domain"),
        (delivered("9005551234@fax.us"), "deny list"),
        (delivered("911@fax.lan"), "emergency"),
        (delivered(sender=""), ""),
        (delivered(below="Auto-Submitted: auto-replied\n"), ""),
        (delivered(sender="evil@example.com"), ""),
        (delivered(author="boss@example.org"), ""),
        (delivered().replace(b"Delivered-To: <5551234@fax.lan>\r\n", b""), ""),
        (delivered().replace(b"Return-Path: <anna@example.org>\r\n", b""), ""),
        (delivered("").replace(b"\r\n\r\n", b"\r\nDelivered-To: <5551234@fax.lan>\r\n\r\n"), ""),
        (b"Delivered-To: 5551234@fax.lan\r\nReturn-Path: anna@example.org\r\nFrom: anna@example.org\r\n\r\nx\r\n", ""),
        (delivered("5551234@fax.lan>, <5559999@fax.lan"), ""),
        (delivered(below="X-Fax-Nonsense: 1\n"), "not know"),
    ],
)
def test_what_is_refused_is_put_aside_and_only_who_is_known_hears_of_it(
    fetching: Fetching, mail: bytes, told: str
) -> None:
    fetching.box.put(mail, delivered())
    fetching.fetch()
    assert fetching.numbers == ["5551234"], "the good one behind it is taken"
    assert fetching.box.failed == [mail]
    assert len(fetching.answers) == bool(told)
    for answer in fetching.answers:
        assert answer["To"] == "anna@example.org"
        assert answer["In-Reply-To"] == "<7@example.org>"
        assert answer["Auto-Submitted"] == "auto-replied"
        assert told in " ".join(str(answer.get_payload()).split())


def test_numbers_below_the_first_received_line_are_anybodys_and_are_never_dialled(fetching: Fetching) -> None:
    forged = "Delivered-To: <5559999@fax.lan>\nX-Original-To: <5558888@fax.lan>\nCc: 5557777@fax.lan\n"
    fetching.box.put(delivered(below=forged))
    fetching.recipient_field = "X-Original-To"
    fetching.fetch()
    assert (fetching.numbers, len(fetching.box.failed)) == ([], 1)


def test_without_a_user_a_mail_has_to_prove_who_sent_it_and_from_proves_nothing(fetching: Fetching) -> None:
    fetching.user = ""
    fetching.box.put(delivered())
    fetching.fetch()
    assert (fetching.numbers, len(fetching.box.failed), fetching.answers) == ([], 1, [])


def test_a_user_who_is_gone_opens_nothing(fetching: Fetching) -> None:
    fetching.user = "gone"
    fetching.box.put(delivered())
    fetching.fetch()
    assert (fetching.numbers, len(fetching.box.failed), fetching.answers) == ([], 1, [])


def test_who_asked_for_a_notification_gets_one_that_says_error(fetching: Fetching) -> None:
    asks = "Disposition-Notification-To: Anna <anna@example.org>\n"
    fetching.box.put(delivered("john@fax.lan", below=asks))
    fetching.box.put(delivered("john@fax.lan", below=asks.replace("anna@", "mallory@")))
    fetching.fetch()
    receipt, plain = fetching.answers
    assert receipt.get_content_type() == "multipart/report"
    assert receipt.get_param("report-type") == "disposition-notification"
    (_, status) = receipt.get_payload()
    fields = email.message_from_string(str(status.get_payload()[0]) if status.is_multipart() else status.get_payload())
    assert fields["Disposition"] == "automatic-action/MDN-sent-automatically; processed/error"
    assert fields["Original-Message-ID"] == "<7@example.org>"
    assert fields["Final-Recipient"] == "rfc822; john@fax.lan"
    assert "neither a fax number nor a name" in fields["Error"]
    assert plain.get_content_type() == "text/plain", "a notification to another address is not sent by itself"
    assert plain["To"] == "anna@example.org"


def test_a_mail_that_is_too_large_is_not_fetched(fetching: Fetching) -> None:
    fetching.max_message_bytes = 1000
    large = delivered() + b"x" * 1000 + b"\r\n"
    fetching.box.put(large)
    fetching.box.breaks = "mail"
    fetching.fetch()
    assert fetching.box.failed == [large]
    (answer,) = fetching.answers
    assert "larger than this server takes" in str(answer.get_payload())


def test_a_full_disk_leaves_the_mail_where_it_is(fetching: Fetching, monkeypatch: pytest.MonkeyPatch) -> None:
    fetching.box.put(delivered())
    monkeypatch.setattr(fetching.gateway.store, "has_room", lambda _octets: False)
    with pytest.raises(MailboxFault, match="stays"):
        fetching.fetch()
    assert (fetching.numbers, len(fetching.box.inbox), fetching.answers) == ([], 1, [])
    monkeypatch.undo()
    fetching.fetch()
    assert (fetching.numbers, len(fetching.box.sent)) == (["5551234"], 1)


def test_a_mail_that_has_to_wait_holds_up_no_other(fetching: Fetching) -> None:
    fetching.box.put(delivered("5551111@fax.lan"), delivered())
    fetching.fetch(waits="5551111")
    assert (fetching.numbers, len(fetching.box.inbox), fetching.answers) == (["5551234"], 1, [])
    fetching.fetch()
    assert (fetching.numbers, fetching.box.inbox) == (["5551111", "5551234"], {})
