"""The dialogue as clients see it: verdicts per recipient, DSN parameters, and a 250 that names the submission."""

import asyncio
import shutil
import smtplib
import subprocess

import pytest

from mailfax.model.outcome import Outcome
from mailfax.model.submission import Notify
from mailfax.smtp.door import Client, Refused
from tests.smtp.running import Server

MAIL = "From: anna@example.com\r\nTo: 5551234@fax.lan\r\nSubject: Hello\r\n\r\nA line.\r\n.dotted\r\n"


def test_a_mail_of_smtplib_arrives_octet_for_octet_under_our_trace_header(server: Server) -> None:
    with server.smtplib() as client:
        client.ehlo("pc.example")
        assert client.sendmail("anna@example.com", ["5551234@fax.lan", "555-9999@FAX.lan"], MAIL) == {}
    (incoming,) = server.door.accepted
    assert incoming.client == Client(ip="127.0.0.1", helo="pc.example")
    assert incoming.sender == "anna@example.com"
    assert [recipient.address.mailbox for recipient in incoming.recipients] == ["5551234@fax.lan", "5559999@fax.lan"]
    trace, stored = incoming.octets.split(b"From:", 1)
    assert b"From:" + stored == MAIL.encode()
    assert trace == (
        b"Received: from pc.example ([127.0.0.1])\r\n\tby fax.example (mailfax) with ESMTP;\r\n"
        b"\tSat, 22 Nov 2025 14:00:00 +0000\r\n"
    )


def test_what_is_advertised_is_what_is_meant(server: Server) -> None:
    with server.smtplib() as client:
        client.ehlo()
        assert set(client.esmtp_features) == {
            "size",
            "8bitmime",
            "pipelining",
            "chunking",
            "smtputf8",
            "enhancedstatuscodes",
            "dsn",
            "help",
        }
        assert client.esmtp_features["size"] == str(50 * 1024 * 1024)


def test_swaks_reads_the_submission_id_in_the_reply(server: Server) -> None:
    swaks = shutil.which("swaks")
    assert swaks is not None, "install swaks"
    said = subprocess.run(
        [
            swaks,
            "--server",
            f"127.0.0.1:{server.port}",
            "--from",
            "anna@example.com",
            "--to",
            "5551234@fax.lan",
            "--pipeline",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "250 2.1.5 5551234@fax.lan will be faxed" in said
    assert "250 2.0.0 accepted as M0123456789AB" in said
    assert len(server.door.accepted) == 1


def test_every_recipient_has_its_own_verdict(server: Server) -> None:
    with server.smtplib() as client:
        refused = client.sendmail(
            "anna@example.com",
            ["5551234@fax.lan", "john.smith2024@fax.lan", "911@fax.lan", "5551234@else.example"],
            MAIL,
        )
    codes = {mailbox: (code, text.decode().split()[0]) for mailbox, (code, text) in refused.items()}
    assert codes == {
        "john.smith2024@fax.lan": (550, "5.1.3"),
        "911@fax.lan": (550, "5.1.1"),
        "5551234@else.example": (550, "5.7.1"),
    }
    assert "is not a dialable number" in refused["john.smith2024@fax.lan"][1].decode()
    assert [recipient.address.number for recipient in server.door.accepted[0].recipients] == ["5551234"]


def test_a_number_given_twice_is_faxed_once(server: Server) -> None:
    with server.smtplib() as client:
        client.sendmail("anna@example.com", ["5551234@fax.lan", "555-1234@fax.lan", "5551234@FAX.LAN."], MAIL)
    assert len(server.door.accepted[0].recipients) == 1


def test_dsn_parameters_reach_the_door_as_they_stood(server: Server) -> None:
    with server.smtplib() as client:
        client.ehlo()
        client.mail("anna@example.com", ["RET=full", "ENVID=Mixed+2BCase", "BODY=8BITMIME", "SIZE=200"])
        assert client.rcpt("5551234@fax.lan", ["NOTIFY=success,FAILURE", "ORCPT=rfc822;Fax+2B1@Else.example"])[0] == 250
        assert client.rcpt("5550001@fax.lan", ["NOTIFY=NEVER"])[0] == 250
        assert client.rcpt("5550002@fax.lan")[0] == 250
        assert client.data(MAIL)[0] == 250
    (incoming,) = server.door.accepted
    assert incoming.return_full
    assert incoming.envid == "Mixed+2BCase"
    first, second, third = incoming.recipients
    assert (first.notify, first.orcpt) == (Notify.SUCCESS | Notify.FAILURE, "rfc822;Fax+2B1@Else.example")
    assert (second.notify, second.orcpt) == (Notify.NEVER, "")
    assert third.notify is Notify.UNSET


def test_bounces_and_automatic_replies_are_refused(server: Server) -> None:
    with server.smtplib() as client:
        client.ehlo()
        assert client.mail("")[0] == 250
        code, text = client.rcpt("5551234@fax.lan")
        assert (code, text[:5]) == (550, b"5.7.1")
        client.rset()
        for header in (
            "Auto-Submitted: auto-replied",
            "auto-submitted:\r\n auto-generated; why=cron",
            "Auto-Submitted: no\r\nAuto-Submitted: auto-notified",
            "Content-Type: multipart/report; boundary=x; report-type=delivery-status",
        ):
            with pytest.raises(smtplib.SMTPDataError) as refusal:
                client.sendmail("anna@example.com", ["5551234@fax.lan"], f"{header}\r\n{MAIL}")
            assert (refusal.value.smtp_code, refusal.value.smtp_error[:5]) == (550, b"5.7.1")
        client.sendmail("anna@example.com", ["5551234@fax.lan"], f"Auto-Submitted: No (a person)\r\n{MAIL}")
    assert len(server.door.accepted) == 1


def test_a_loop_is_refused_and_a_long_way_is_not(server: Server) -> None:
    hop = "Received: from a by b; Sat, 22 Nov 2025 14:00:00 +0000\r\n"
    with server.smtplib() as client:
        client.sendmail("anna@example.com", ["5551234@fax.lan"], hop * 50 + MAIL)
        with pytest.raises(smtplib.SMTPDataError) as refusal:
            client.sendmail("anna@example.com", ["5551234@fax.lan"], hop * 51 + MAIL)
    assert refusal.value.smtp_code == 554
    assert refusal.value.smtp_error[:5] == b"5.4.6"
    assert len(server.door.accepted) == 1


def test_a_full_disk_and_a_fault_of_ours_leave_the_mail_with_the_client(server: Server) -> None:
    with server.smtplib() as client:
        for answer, expected in (
            (Refused(outcome=Outcome.DISK_FULL), (452, b"4.3.1")),
            (RuntimeError("a bug"), (451, b"4.3.0")),
        ):
            server.door.answer = answer
            with pytest.raises(smtplib.SMTPDataError) as refusal:
                client.sendmail("anna@example.com", ["5551234@fax.lan"], MAIL)
            assert (refusal.value.smtp_code, refusal.value.smtp_error[:5]) == expected
        assert client.noop()[0] == 250


def test_two_mails_in_one_session_do_not_mix(server: Server) -> None:
    with server.smtplib() as client:
        client.sendmail("anna@example.com", ["5551234@fax.lan"], MAIL)
        client.sendmail("ben@example.com", ["5559999@fax.lan"], MAIL)
    assert [(mail.sender, mail.recipients[0].address.number) for mail in server.door.accepted] == [
        ("anna@example.com", "5551234"),
        ("ben@example.com", "5559999"),
    ]


def test_commands_out_of_order_are_told_so(server: Server) -> None:
    with server.raw(hello=b"") as client:
        assert client.say(b"MAIL FROM:<a@b.example>\r\n").startswith("503 5.5.1")
        assert client.say(b"EHLO x\r\n") == "250 HELP"
        assert client.say(b"RCPT TO:<5551234@fax.lan>\r\n").startswith("503 5.5.1")
        assert client.say(b"DATA\r\n").startswith("503 5.5.1")
        assert client.say(b"MAIL FROM:<a@b.example>\r\n").startswith("250 2.1.0")
        assert client.say(b"MAIL FROM:<a@b.example>\r\n").startswith("503 5.5.1")
        assert client.say(b"RCPT TO:<nobody@fax.lan>\r\n").startswith("550 5.1.3")
        assert client.say(b"DATA\r\n").startswith("503 5.5.1")
        assert client.say(b"RSET\r\n") == "250 2.0.0 OK"
        assert client.say(b"RCPT TO:<5551234@fax.lan>\r\n").startswith("503 5.5.1")
        assert client.say(b"WHAT\r\n").startswith("500 5.5.2")
        assert client.say(b"AUTH PLAIN AGEAYg==\r\n").startswith("538 5.7.11")
        assert client.say(b"QUIT\r\n") == "221 2.0.0 Bye"


def test_pipelining_answers_in_order(server: Server) -> None:
    with server.raw() as client:
        client.socket.sendall(
            b"MAIL FROM:<a@b.example>\r\nRCPT TO:<5551234@fax.lan>\r\nRCPT TO:<x@fax.lan>\r\nRCPT TO:<5559999@fax.lan>\r\nDATA\r\n"
        )
        assert [client.read()[:9] for _ in range(5)] == [
            "250 2.1.0",
            "250 2.1.5",
            "550 5.1.3",
            "250 2.1.5",
            "354 End d",
        ]
        client.socket.sendall(b"Subject: x\r\n\r\nbody\r\n.\r\nMAIL FROM:<c@d.example>\r\nQUIT\r\n")
        assert [client.read()[:9] for _ in range(3)] == ["250 2.0.0", "250 2.1.0", "221 2.0.0"]


def test_a_stop_says_goodbye(server: Server) -> None:
    with server.raw() as client:
        server.stop()
        assert client.read().startswith("421 4.3.2")
        assert client.read() == ""


def test_a_stop_waits_for_a_mail_that_is_just_being_made_durable(server: Server) -> None:
    server.door.held = held = asyncio.Event()
    with server.raw() as client, server.raw() as idle:
        for line in (b"MAIL FROM:<a@b.example>\r\n", b"RCPT TO:<5551234@fax.lan>\r\n", b"DATA\r\n"):
            client.say(line)
        client.socket.sendall(b"Subject: x\r\n\r\n.\r\n")
        assert server.door.waiting.wait(20)
        stopping = asyncio.run_coroutine_threadsafe(server.listener.close(), server.background.loop)
        assert idle.read().startswith("421 4.3.2")
        assert not stopping.done()
        server.background.loop.call_soon_threadsafe(held.set)
        assert client.read() == "250 2.0.0 accepted as M0123456789AB"
        assert client.read().startswith("421 4.3.2")
        stopping.result(20)
