"""Mail out: handed over, deferred or refused, judged against servers that do each of these; and Maildirs."""

import asyncio
import mailbox
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from mailfax.smtp.maildir import deliver_to_maildir
from mailfax.smtp.outgoing import Deferred, Delivery, Handed, Refused, deliver
from mailfax.smtp.ways import Maildirs, OutgoingSettings, Smarthost, Timeouts
from tests.smtp.running import Background

QUICK = Timeouts(connect_s=10, command_s=10, end_s=10)
MESSAGE = b"From: fax@fax.lan\r\nMessage-ID: <F1.fax@h>\r\nSubject: x\r\n\r\n.dot\r\nline \xc3\xa4\r\n"


@dataclass
class Handler:
    """A mail server that answers as it is told."""

    at_mail: str = "250 OK"
    at_rcpt: str = "250 OK"
    at_data: str = "250 queued as 1"
    drop: bool = False
    got: list[Envelope] = field(default_factory=list)
    said: list[str | None] = field(default_factory=list)

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, sender: str, options: list[str]
    ) -> str:
        envelope.mail_from = sender or "<>"
        envelope.mail_options = options
        return self.at_mail

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, rcpt: str, options: list[str]
    ) -> str:
        if self.at_rcpt.startswith("2"):
            envelope.rcpt_tos.append(rcpt)
        return self.at_rcpt

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.got.append(envelope)
        if self.drop:
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
        return self.at_data


class Peer(SMTP):
    """aiosmtpd's server, which keeps what followed MAIL."""

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802
        self.event_handler.said.append(arg)
        await super().smtp_MAIL(arg)


@contextmanager
def running(handler: Handler) -> Iterator[OutgoingSettings]:
    background = Background()

    async def listen() -> asyncio.Server:
        loop = asyncio.get_running_loop()
        return await loop.create_server(lambda: Peer(handler, hostname="peer.example", loop=loop), "127.0.0.1", 0)

    async def stop() -> None:
        server.close()

    server = background.run(listen())
    try:
        port = server.sockets[0].getsockname()[1]
        yield OutgoingSettings(hostname="fax.example", smarthost=Smarthost(host="127.0.0.1", port=port, timeouts=QUICK))
    finally:
        background.run(stop())
        background.close()


def send(settings: OutgoingSettings, recipient: str = "anna@example.com", sender: str = "fax@fax.lan") -> Delivery:
    return asyncio.run(deliver(MESSAGE, sender, recipient, settings, "D0000000000A1"))


def test_the_smarthost_gets_the_message_octet_for_octet() -> None:
    handler = Handler()
    with running(handler) as settings:
        answer = send(settings)
    assert isinstance(answer, Handed)
    assert answer.detail.endswith("said: queued as 1")
    (envelope,) = handler.got
    assert (envelope.mail_from, envelope.rcpt_tos, envelope.content) == ("fax@fax.lan", ["anna@example.com"], MESSAGE)
    assert handler.said == [f"FROM:<fax@fax.lan> SIZE={len(MESSAGE)} BODY=8BITMIME"]


@pytest.mark.parametrize(
    ("handler", "expected", "said"),
    [
        (Handler(at_mail="451 4.7.1 greylisted"), Deferred, "451"),
        (Handler(at_mail="550 5.7.1 we do not like your address"), Deferred, "550"),
        (Handler(at_mail="552 5.3.4 too big"), Refused, "too big"),
        (Handler(at_mail="530 5.7.0 Authentication required"), Deferred, "530"),
        (Handler(at_rcpt="450 4.2.2 mailbox full"), Deferred, "mailbox full"),
        (Handler(at_rcpt="550 5.1.1 no such user"), Refused, "no such user"),
        (Handler(at_data="452 4.3.1 disk full"), Deferred, "disk full"),
        (Handler(at_data="554 5.7.1 virus"), Refused, "virus"),
        (Handler(at_data="552 mailbox full"), Refused, "mailbox full"),
        (Handler(drop=True), Deferred, "may have taken the mail all the same"),
    ],
)
def test_each_refusal_is_for_now_or_for_good(handler: Handler, expected: type[Delivery], said: str) -> None:
    with running(handler) as settings:
        answer = send(settings)
    assert type(answer) is expected
    assert said in answer.detail


def test_a_notice_goes_out_with_the_null_path() -> None:
    handler = Handler()
    with running(handler) as settings:
        assert isinstance(send(settings, sender=""), Handed)
    assert str(handler.said[0]).startswith("FROM:<> ")


def test_nobody_listening_is_deferred() -> None:
    with running(Handler()) as settings:
        pass
    answer = send(settings)
    assert isinstance(answer, Deferred)
    assert answer.detail.startswith("Nobody listens at 127.0.0.1:")


@pytest.mark.parametrize(
    "recipient", ["anna", "anna@example.com\r\nRCPT TO:<x@y>", "anna@", "@example.com", "ann a@example.com"]
)
def test_a_mailbox_that_is_no_address_is_refused(recipient: str) -> None:
    with running(Handler()) as settings:
        assert isinstance(send(settings, recipient=recipient), Refused)


def test_our_own_address_being_none_loses_no_mail() -> None:
    with running(Handler()) as settings:
        assert isinstance(send(settings, sender="postmaster"), Deferred)


def test_a_maildir_is_made_and_read_by_another_reader(tmp_path: Path) -> None:
    settings = OutgoingSettings(hostname="fax.example", local=Maildirs(root=tmp_path / "mail"))
    answer = send(settings, recipient="Anna@example.com", sender="")
    assert isinstance(answer, Handed)
    box = mailbox.Maildir(tmp_path / "mail" / "anna@example.com", create=False)
    (message,) = box.values()
    assert message["Return-Path"] == "<>"
    assert message["Delivered-To"] == "anna@example.com"
    assert message["Subject"] == "x"
    stored = Path(answer.detail.removeprefix("stored as "))
    assert stored.parent.name == "new"
    assert stored.read_bytes().endswith(b"\n.dot\nline \xc3\xa4\n")
    assert list(tmp_path.glob("mail/*/tmp/*")) == []


def test_a_delivery_repeated_after_a_crash_is_one_message(tmp_path: Path) -> None:
    settings = OutgoingSettings(hostname="h", local=Maildirs(root=tmp_path))
    torn = tmp_path / "fax" / "tmp" / "D0000000000A1.h"
    torn.parent.mkdir(parents=True)
    torn.write_bytes(b"torn by the cra")
    send(settings, recipient="fax")
    send(settings, recipient="fax")
    (stored,) = (tmp_path / "fax" / "new").iterdir()
    assert b"torn" not in stored.read_bytes()
    stored.rename(tmp_path / "fax" / "cur" / f"{stored.name}:2,S")  # what a reader does
    assert isinstance(send(settings, recipient="fax"), Handed)
    assert len(mailbox.Maildir(tmp_path / "fax", create=False)) == 1


@pytest.mark.parametrize(
    "recipient",
    ["", ".", "..", "../etc", "a/b", ".hidden", "-rf", "a\x00b", "a b", "x" * 300, "a@b@c", "a@../x", "caf\u200be"],
)
def test_no_mailbox_name_leaves_the_root(tmp_path: Path, recipient: str) -> None:
    root = tmp_path / "mail"
    assert isinstance(send(OutgoingSettings(hostname="h", local=Maildirs(root=root)), recipient=recipient), Refused)
    assert not root.exists()


def test_a_maildir_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("a file where the folder should be")
    assert isinstance(
        send(OutgoingSettings(hostname="h", local=Maildirs(root=tmp_path / "mail")), recipient="fax"), Deferred
    )


def test_with_both_a_bare_name_is_a_maildir_and_an_address_goes_out(tmp_path: Path) -> None:
    handler = Handler()
    with running(handler) as settings:
        both = OutgoingSettings(hostname="h", local=Maildirs(root=tmp_path), smarthost=settings.smarthost)
        send(both, recipient="fax")
        send(both, recipient="anna@example.com")
    assert len(handler.got) == 1
    assert [folder.name for folder in tmp_path.iterdir()] == ["fax"]


def test_the_file_name_is_the_callers(tmp_path: Path) -> None:
    assert deliver_to_maildir(MESSAGE, "a@b.example", "fax", tmp_path, "D1.h") == tmp_path / "fax" / "new" / "D1.h"
