"""SMTPUTF8: addresses and headers with letters beyond ASCII, in the dialogue, at the door, and on the way back to their sender."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from mailfax.gateway.mailheader import header_text
from mailfax.smtp.compose import Letterhead, address_of, text_message
from mailfax.smtp.envelope import is_wide_mailbox
from mailfax.smtp.outgoing import Handed, Refused, deliver
from mailfax.smtp.ways import Maildirs, OutgoingSettings, Smarthost
from tests.smtp.running import Background, Server

JOERG = "jörg@exämple.org"
MAIL = f"From: Jörg <{JOERG}>\r\nSubject: Grüße\r\n\r\nHallo\r\n".encode()


def test_smtplib_sends_from_a_wide_address_and_the_header_is_read(server: Server) -> None:
    with server.smtplib() as client:
        client.ehlo()
        assert client.has_extn("smtputf8")
        client.sendmail(JOERG, ["5551234@fax.lan"], MAIL, ["SMTPUTF8", "BODY=8BITMIME"])
    (incoming,) = server.door.accepted
    assert incoming.sender == JOERG
    assert b"with UTF8SMTP;" in incoming.octets
    assert header_text(incoming.octets, "Subject") == "Grüße"
    assert header_text(incoming.octets, "From") == f"Jörg <{JOERG}>"


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (f"MAIL FROM:<{JOERG}>", "553 5.6.7"),
        (f"MAIL FROM:<{JOERG}> SMTPUTF8=1", "555 5.5.4"),
        ("MAIL FROM:<a@b.example> SMTPUTF8 SMTPUTF8", "501 5.5.4"),
        ("MAIL FROM:<a\u2028b@b.example> SMTPUTF8", "553 5.1.7"),
        ("MAIL FROM:<a\u0085b@b.example> SMTPUTF8", "553 5.1.7"),
        ("MAIL FROM:<jörg> SMTPUTF8", "553 5.1.7"),
        ("MAIL FROM:<jörg@-ä-> SMTPUTF8", "553 5.1.7"),
        ("MAIL FROM:<jörg@ä ä.example> SMTPUTF8", "553 5.1.7"),
        ("NÖÖP", "500 5.5.2"),
    ],
)
def test_what_is_no_address_is_none_in_any_script(server: Server, command: str, code: str) -> None:
    with server.raw() as client:
        assert client.say(command.encode() + b"\r\n").startswith(code)


@pytest.mark.parametrize("octets", [b"\xff\xfe", b"\xc3", b"\xed\xa0\x80"])
def test_octets_that_are_no_utf8_are_refused_in_every_command(server: Server, octets: bytes) -> None:
    with server.raw(hello=b"") as client:
        assert client.say(b"EHLO " + octets + b"\r\n").startswith("250")
        assert client.say(b"MAIL FROM:<" + octets + b"@b.example> SMTPUTF8\r\n").startswith("553 5.1.7")
        assert client.say(b"MAIL FROM:<a@b.example> ENVID=" + octets + b"\r\n").startswith("501")
        assert client.say(b"MAIL FROM:<a@b.example> SMTPUTF8\r\n").startswith("250")
        assert client.say(b"RCPT TO:<" + octets + b"@fax.lan>\r\n").startswith("553 5.1.3")
        assert client.say(b"AUTH " + octets + b"\r\n").startswith("538")
        assert client.say(b"VRFY " + octets + b"\r\n")[0] in "25"


@pytest.mark.parametrize("local", ["٥٥٥١٢٣٤", "５５５１２３４", "555１234", "5551234²", "Ⅴ551234", "五五五"])
def test_digits_of_other_scripts_are_no_telephone_number(server: Server, local: str) -> None:
    with server.raw() as client:
        assert client.say(b"MAIL FROM:<a@b.example> SMTPUTF8\r\n").startswith("250")
        assert client.say(f"RCPT TO:<{local}@fax.lan>\r\n".encode()).startswith("550")
        assert client.say("RCPT TO:<5551234@fax.lan\u200b>\r\n".encode()).startswith("553")
        assert client.say("RCPT TO:<5551234@ｆａｘ.lan>\r\n".encode()).startswith("550")


def test_two_ways_to_write_a_letter_are_one_address(server: Server) -> None:
    with server.raw() as client:
        assert client.say("MAIL FROM:<jo\u0308rg@exämple.org> SMTPUTF8\r\n".encode()).startswith("250")
        client.say(b"RCPT TO:<5551234@fax.lan>\r\n")
        client.say(b"DATA\r\n")
        assert client.say(MAIL + b".\r\n").startswith("250")
    assert server.door.accepted[0].sender == JOERG


class _Taking:
    """A mail server behind us."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.envelopes.append(envelope)
        return "250 OK"


@pytest.fixture
def background() -> Iterator[Background]:
    running = Background()
    yield running
    running.close()


def answered() -> bytes:
    letterhead = Letterhead(hostname="fax.example", sender="fax@fax.example")
    headers = {"From": address_of(letterhead.sender), "To": address_of(JOERG), "Subject": "Fax to 5551234 delivered"}
    return text_message(headers, "Gut.\n")


@pytest.mark.parametrize("wide", [True, False])
def test_the_answer_goes_to_a_wide_address_where_the_next_server_takes_one(background: Background, wide: bool) -> None:
    taking = _Taking()

    async def start() -> asyncio.Server:
        loop = asyncio.get_running_loop()
        return await loop.create_server(
            lambda: SMTP(taking, enable_SMTPUTF8=wide, hostname="mx.example", loop=loop), "127.0.0.1", 0
        )

    server = background.run(start())
    smarthost = Smarthost(host="127.0.0.1", port=server.sockets[0].getsockname()[1])
    settings = OutgoingSettings(hostname="fax.example", smarthost=smarthost)
    result = background.run(deliver(answered(), "", JOERG, settings, "D1"))
    server.close()
    if not wide:
        assert isinstance(result, Refused)
        assert "SMTPUTF8" in result.detail
        return
    assert isinstance(result, Handed), result
    (envelope,) = taking.envelopes
    assert envelope.rcpt_tos == [JOERG]
    assert isinstance(envelope.content, bytes)
    assert f"To: {JOERG}\r\n".encode() in envelope.content


def test_a_maildir_may_have_such_a_name(tmp_path: Path) -> None:
    settings = OutgoingSettings(hostname="fax.example", local=Maildirs(root=tmp_path))
    assert isinstance(asyncio.run(deliver(answered(), "", JOERG, settings, "D1")), Handed)
    (stored,) = (tmp_path / JOERG / "new").iterdir()
    assert f"Delivered-To: {JOERG}\n".encode() in stored.read_bytes()
    assert isinstance(asyncio.run(deliver(answered(), "", "ö" * 120 + "@ö.example", settings, "D1")), Handed)
    assert isinstance(asyncio.run(deliver(answered(), "", "ö" * 128 + "@ö.example", settings, "D1")), Refused)


def test_wide_addresses_are_still_addresses() -> None:
    assert is_wide_mailbox("anna@example.org")
    assert is_wide_mailbox("用户@例子.广告")
    assert not any(
        map(is_wide_mailbox, ["", "ö", "ö@", "@ö.example", "ö@ö..example", "a b@ö.example", "ö@ö\n.example"])
    )
