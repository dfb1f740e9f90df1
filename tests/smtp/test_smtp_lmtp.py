"""LMTP by TCP and a Unix socket: swaks and smtplib hand mail over, each recipient has its verdict, and who is there the kernel says."""

import os
import pwd
import smtplib
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailfax.model.outcome import Outcome
from mailfax.smtp.door import Client, Refused
from mailfax.smtp.settings import Entrance, Listen
from tests.smtp.running import Raw, Server, Start

ME = pwd.getpwuid(os.geteuid()).pw_name
MAIL = b"From: anna@example.com\r\nSubject: x\r\n\r\nHello\r\n"
BEGIN = b"LHLO mx.example\r\n", b"MAIL FROM:<anna@example.com>\r\n"


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="mx") as name:
        yield Path(name)


@pytest.fixture
def server(start: Start, folder: Path) -> Server:
    """By TCP and by a Unix socket, on which we are the user anna."""
    lmtp = Listen(port=0, entrance=Entrance.LMTP), Listen(entrance=Entrance.LMTP, path=folder / "lmtp.sock")
    return start(listen=lmtp, local_users={ME: "anna"})


def swaks(*options: str) -> str:
    command = ["swaks", "--from", "anna@example.com", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr


def test_swaks_hands_over_by_tcp_and_hears_a_verdict_for_each_recipient(server: Server) -> None:
    to = "5551234@fax.lan,5559999@fax.lan"
    said = swaks("--protocol", "LMTP", "--server", f"127.0.0.1:{server.port}", "--to", to)
    assert said.count("250 2.0.0 accepted as M0123456789AB") == 2, said
    (incoming,) = server.door.accepted
    assert [one.address.number for one in incoming.recipients] == ["5551234", "5559999"]
    assert b"with LMTP;" in incoming.octets
    assert incoming.client.identity == ""


def test_on_a_unix_socket_the_kernel_says_who_is_there(server: Server, folder: Path) -> None:
    server.door.known = False
    said = swaks("--protocol", "LMTP", "--socket", str(folder / "lmtp.sock"), "--to", "5551234@fax.lan")
    assert "250 2.0.0 accepted" in said
    (incoming,) = server.door.accepted
    assert (incoming.client.ip, incoming.client.local_user, incoming.client.identity) == (f"local:{ME}", ME, "anna")
    assert f"(local user {ME})".encode() in incoming.octets
    assert swaks("--protocol", "LMTP", "--socket", str(folder / "lmtp.sock"), "--to", "1@b.example").count("550 ") == 1


def test_who_is_not_among_the_local_users_is_nobody(start: Start, folder: Path) -> None:
    server = start(listen=(Listen(entrance=Entrance.LMTP, path=folder / "l.sock"),), local_users={"postfix": "relay"})
    with smtplib.LMTP(str(folder / "l.sock")) as client:
        client.sendmail("anna@example.com", ["5551234@fax.lan"], MAIL)
    assert server.door.asked[0][0] == Client(ip=f"local:{ME}", helo=client.local_hostname, local_user=ME)


def test_the_socket_is_gone_when_the_server_is_and_one_that_was_left_is_no_hindrance(
    start: Start, folder: Path
) -> None:
    path = folder / "l.sock"
    server = start(listen=(Listen(entrance=Entrance.LMTP, path=path),))
    assert path.stat().st_mode & 0o777 == 0o666
    server.stop()
    assert not path.exists()
    subprocess.run(["python3", "-c", f"import socket; socket.socket(socket.AF_UNIX).bind({str(path)!r})"], check=True)
    assert path.exists()
    start(listen=(Listen(entrance=Entrance.LMTP, path=path),))
    with smtplib.LMTP(str(path)) as client:
        assert client.noop()[0] == 250


def test_one_number_given_twice_is_faxed_once_and_answered_twice(server: Server) -> None:
    client = Raw(server.port)
    assert client.read().startswith("220")
    for line in BEGIN:
        assert client.say(line).startswith("250")
    assert client.say(b"RCPT TO:<5551234@fax.lan>\r\n").startswith("250")
    assert client.say(b"RCPT TO:<john@fax.lan>\r\n").startswith("550")
    assert client.say(b"RCPT TO:<555-1234@fax.lan>\r\n").startswith("250")
    assert client.say(b"DATA\r\n").startswith("354")
    replies = [client.say(MAIL + b".\r\n"), client.read()]
    assert replies == ["250 2.0.0 accepted as M0123456789AB"] * 2
    assert client.say(b"NOOP\r\n") == "250 2.0.0 OK", "and no third"
    assert len(server.door.accepted[0].recipients) == 1
    client.close()


def test_a_mail_that_is_not_taken_is_refused_for_each_recipient_and_the_session_goes_on(server: Server) -> None:
    server.door.answer = Refused(outcome=Outcome.DISK_FULL)
    client = Raw(server.port)
    client.read()
    for line in BEGIN:
        client.say(line)
    for number in range(30):  # more than the errors that a session may have: it is one error
        client.say(b"RCPT TO:<55512%02d@fax.lan>\r\n" % number)
    client.say(b"DATA\r\n")
    replies = [client.say(MAIL + b".\r\n"), *(client.read() for _ in range(29))]
    assert {reply[:9] for reply in replies} == {"452 4.3.1"}
    assert client.say(b"NOOP\r\n") == "250 2.0.0 OK"
    client.close()


@pytest.mark.parametrize("hello", [b"EHLO x\r\n", b"HELO x\r\n"])
def test_smtp_is_not_spoken_here(server: Server, hello: bytes) -> None:
    client = Raw(server.port)
    client.read()
    assert client.say(hello) == "500 5.5.1 This is LMTP: say LHLO"
    assert client.say(b"MAIL FROM:<a@b.example>\r\n").startswith("503")
    client.close()
