"""Hostile and broken clients: each is told what is wrong, and costs nobody else anything."""

import contextlib
import smtplib
import socket
import ssl

import pytest
from structlog.testing import capture_logs

from mailfax.smtp.settings import Entrance, Listen, TlsFiles
from tests.smtp.running import Raw, Server, Start
from tests.smtp.tlskit import make_certificate, trusting


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> TlsFiles:
    return make_certificate(tmp_path_factory.mktemp("tls"), "fax.example")


HEAD = b"Subject: x\r\n\r\n"
BEGIN = b"MAIL FROM:<a@b.example>\r\n", b"RCPT TO:<5551234@fax.lan>\r\n"


def send(server: Server, message: bytes) -> tuple[str, str]:
    """Say `message` after DATA; return the reply and what a NOOP after it is told."""
    with server.raw() as client:
        for line in (*BEGIN, b"DATA\r\n"):
            assert client.say(line)[0] in "23"
        return client.say(message), client.say(b"NOOP\r\n")


EVIL = b"MAIL FROM:<evil@b.example>\r\n"


@pytest.mark.parametrize(
    ("said", "stored"),
    [
        (HEAD + b"a\n.\r\n" + EVIL + b".\r\n", HEAD + b"a\r\n\r\n" + EVIL),
        (HEAD + b"a\r\n.\n" + EVIL + b".\r\n", HEAD + b"a\r\n\r\n" + EVIL),
        (HEAD + b"a\n.\n" + EVIL + b".\r\n", HEAD + b"a\r\n\r\n" + EVIL),
        (HEAD + b"a\x00\n.\r\n\r\n.\r\n", HEAD + b"a\x00\r\n\r\n\r\n"),
    ],
)
def test_a_bare_lf_is_the_end_of_a_line_and_never_of_the_data(server: Server, said: bytes, stored: bytes) -> None:
    reply, after = send(server, said)
    assert reply.startswith("250 2.0.0 accepted")
    assert after == "250 2.0.0 OK"
    (incoming,) = server.door.accepted
    assert incoming.sender == "a@b.example"
    assert incoming.octets.endswith(b"+0000\r\n" + stored)


def test_a_script_that_knows_no_cr_is_understood(server: Server) -> None:
    reply, _ = send(server, b"Subject: x\nAuto-Submitted: no\n\nHello\n..dotted\nend\r\n.\r\n")
    assert reply.startswith("250 2.0.0 accepted")
    stored = b"Subject: x\r\nAuto-Submitted: no\r\n\r\nHello\r\n.dotted\r\nend\r\n"
    assert server.door.accepted[0].octets.endswith(b"+0000\r\n" + stored)
    assert send(server, b"Auto-Submitted: auto-replied\n\nHello\n\r\n.\r\n")[0].startswith("550 5.7.1")


@pytest.mark.parametrize(
    "message",
    [
        HEAD + b"a\r.\r" + EVIL + b".\r\n",
        HEAD + b"a\r.\r\n" + EVIL + b".\r\n",
        HEAD + b"a\r\r\n.\r\r\n" + EVIL + b".\r\n",
        HEAD + b"a\n\r.\r\n" + EVIL + b".\r\n",
    ],
)
def test_a_cr_alone_ends_nothing_and_is_refused(server: Server, message: bytes) -> None:
    reply, after = send(server, message)
    assert reply.startswith("554 5.6.0")
    assert after == "250 2.0.0 OK"
    assert server.door.accepted == []


@pytest.mark.parametrize(
    ("said", "stored"),
    [
        (b".\r\n", b""),
        (HEAD + b".\r\n", HEAD),
        (HEAD + b"..\r\n...\r\n.x\r\n.\r\n", HEAD + b".\r\n..\r\nx\r\n"),
        (HEAD + b"ends with a dot.\r\n.\r\n", HEAD + b"ends with a dot.\r\n"),
        (HEAD + b"\r\n\r\n.\r\n", HEAD + b"\r\n\r\n"),
        (
            HEAD + b"y" * 9000 + b".\r\n" + b"z." * 4000 + b"\r\n.\r\n",
            HEAD + b"y" * 9000 + b".\r\n" + b"z." * 4000 + b"\r\n",
        ),
        (HEAD + b"\xff\xfe\x00 any octets\r\n.\r\n", HEAD + b"\xff\xfe\x00 any octets\r\n"),
    ],
)
def test_dots_and_octets_come_through(server: Server, said: bytes, stored: bytes) -> None:
    reply, after = send(server, said)
    assert reply == "250 2.0.0 accepted as M0123456789AB"
    assert after == "250 2.0.0 OK"
    assert server.door.accepted[0].octets.endswith(b"+0000\r\n" + stored)


@pytest.mark.parametrize("cut", range(1, 12))
def test_the_end_is_found_wherever_the_network_cuts_it(server: Server, cut: int) -> None:
    message = HEAD + b"a.\r\n.\r\n"
    with server.raw() as client:
        for line in (*BEGIN, b"DATA\r\n"):
            client.say(line)
        client.socket.sendall(message[:-cut])
        assert client.say(message[-cut:]).startswith("250 2.0.0")
    assert server.door.accepted[0].octets.endswith(b"\r\n\r\na.\r\n")


def test_size_is_held_when_declared_and_when_not(start: Start) -> None:
    server = start(max_message_bytes=1000)
    with server.raw() as client:
        assert client.say(b"MAIL FROM:<a@b.example> SIZE=1001\r\n").startswith("552 5.3.4")
        assert client.say(b"MAIL FROM:<a@b.example> SIZE=1000\r\n").startswith("250")
    exact = HEAD + b"x" * (998 - len(HEAD)) + b"\r\n"
    assert len(exact) == 1000
    assert send(server, exact + b".\r\n")[0].startswith("250")
    reply, after = send(server, b"x" + exact + b".\r\n")
    assert reply.startswith("552 5.3.4")
    assert after == "250 2.0.0 OK"
    assert len(server.door.accepted) == 1


def test_endless_data_is_cut_off(start: Start) -> None:
    server = start(max_message_bytes=1000)
    with server.raw() as client:
        for line in (*BEGIN, b"DATA\r\n"):
            client.say(line)
        client.socket.sendall(b"never an end\r\n" * 150)
        assert client.read().startswith("552 5.3.4")
        assert client.read().startswith("421 4.3.4")
        assert client.read() == ""
    assert server.door.accepted == []
    with server.smtplib() as other:
        assert other.noop()[0] == 250


def test_a_line_too_long_is_refused_in_commands_and_in_text(start: Start) -> None:
    server = start(max_line_octets=5000)
    assert send(server, HEAD + b"x" * 4998 + b"\r\n.\r\n")[0].startswith("250")
    assert send(server, HEAD + b"short\r\n" + b"x" * 5001 + b"\r\n.\r\n")[0].startswith("554 5.6.0")
    with server.raw() as client:
        assert client.say(b"NOOP " + b"x" * 100_000 + b"\r\n").startswith("500 5.5.2")
        assert client.say(b"NOOP\r\n") == "250 2.0.0 OK"


def test_recipients_beyond_the_limit_wait_for_another_message(start: Start) -> None:
    server = start(max_recipients=3)
    with server.smtplib() as client:
        refused = client.sendmail("a@b.example", [f"555000{digit}@fax.lan" for digit in range(5)], "Subject: x\r\n\r\n")
    assert {mailbox: code for mailbox, (code, _) in refused.items()} == {"5550003@fax.lan": 452, "5550004@fax.lan": 452}
    assert len(server.door.accepted[0].recipients) == 3


def test_ten_thousand_bad_recipients_end_the_session_and_nothing_is_faxed(server: Server) -> None:
    with server.raw() as client:
        client.say(BEGIN[0])
        replies = []
        while (reply := client.say(b"RCPT TO:<x@fax.lan>\r\n")).startswith("550"):
            replies.append(reply)
        assert reply.startswith("421 4.7.0")
        assert len(replies) == 1001
    assert server.door.accepted == []


def test_too_many_errors_end_the_session(start: Start) -> None:
    server = start(max_errors=4)
    with server.raw() as client:
        for _ in range(3):
            assert client.say(b"MAIL FROM:nobody\r\n").startswith("501 5.5.4")
        client.socket.sendall(b"MAIL FROM:nobody\r\nNOOP\r\n")
        assert client.read().startswith("501 5.5.4")
        assert client.read().startswith("421 4.7.0")
        assert client.read() == ""


def test_connections_are_bounded_and_come_free_again(start: Start) -> None:
    server = start(max_connections=2)
    with server.raw(), server.raw() as second:
        with pytest.raises(AssertionError, match=r"421 4\.3\.2"), server.raw():
            pass
        assert second.say(b"QUIT\r\n").startswith("221")
        assert second.read() == ""
        with server.raw() as third:
            assert third.say(b"NOOP\r\n").startswith("250")


def test_a_silent_client_is_told_and_let_go(start: Start) -> None:
    server = start(timeout_s=0.05)
    with server.raw(hello=b"") as client:
        assert client.read().startswith("421 4.4.2")
        assert client.read() == ""


def test_a_client_that_hangs_up_in_data_leaves_nothing(server: Server) -> None:
    with server.raw() as client:
        for line in (*BEGIN, b"DATA\r\n"):
            client.say(line)
        client.socket.sendall(HEAD + b"half a mess")
    with server.smtplib() as other:
        assert other.noop()[0] == 250
    assert server.door.accepted == []


@pytest.mark.parametrize("before", [(), (*BEGIN, b"DATA\r\n")])
def test_a_client_that_dribbles_octets_wins_no_time_by_them(start: Start, before: tuple[bytes, ...]) -> None:
    """Slow loris: the time is for a whole command, and for each 64 KiB of a message, however many octets come meanwhile."""
    server = start(timeout_s=0.5)
    with server.raw() as client:
        for line in before:
            assert client.say(line)[0] in "23"
        client.socket.settimeout(0.02)
        said, dribbled = b"", 0
        while not said and dribbled < 2000:
            client.socket.sendall(b"x")
            dribbled += 1
            with contextlib.suppress(TimeoutError):
                said = client.socket.recv(100)
    assert said.startswith(b"421 4.4.2")
    assert 2 < dribbled < 2000
    assert server.door.accepted == []


def test_a_quarter_of_the_connections_is_kept_for_who_is_known(start: Start) -> None:
    server = start(max_connections=4)
    server.door.known = False
    with server.raw(), server.raw(), server.raw():
        with pytest.raises(AssertionError, match=r"421 4\.3\.2"), server.raw():
            pass
        server.door.known = True
        with server.raw() as known:
            assert known.say(b"NOOP\r\n").startswith("250")


def test_commands_are_counted(start: Start) -> None:
    server = start(max_commands=10)
    with server.raw() as client:
        assert {client.say(b"NOOP\r\n") for _ in range(10)} == {"250 2.0.0 OK"}
        assert client.say(b"RSET\r\n").startswith("250")
        assert client.say(b"NOOP\r\n").startswith("421 4.7.0")
        assert client.read() == ""


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def ended(client: socket.socket) -> bool:
    """Wait for the end of the connection."""
    with contextlib.suppress(ConnectionResetError):
        while client.recv(1000):
            pass
    client.close()
    return True


def test_a_handshake_that_does_not_come_is_not_waited_for(start: Start, files: TlsFiles) -> None:
    entrances = Listen(port=0, entrance=Entrance.SUBMISSIONS), Listen(port=0, entrance=Entrance.SUBMISSION)
    server = start(listen=entrances, tls=files, timeout_s=0.3)
    silent = connected(server.port)
    dribbling = connected(server.port)
    dribbling.sendall(b"\x16\x03\x01")
    later = Raw(server.port_of(1))
    later.read()
    later.say(b"EHLO x\r\n")
    assert later.say(b"STARTTLS\r\n").startswith("220")
    assert ended(silent)
    assert ended(dribbling)
    assert ended(later.socket)


def test_connections_that_begin_no_handshake_are_bounded_and_come_free(start: Start, files: TlsFiles) -> None:
    entrance = (Listen(port=0, entrance=Entrance.SUBMISSIONS),)
    server = start(listen=entrance, tls=files, max_connections=4)
    waiting = [connected(server.port) for _ in range(4)]
    assert ended(connected(server.port)), "the fifth is not kept"
    waiting.pop().close()
    with contextlib.ExitStack() as stack:
        context = trusting(files)
        for _ in range(100):  # until the server has seen that one of them is gone
            try:
                stack.enter_context(smtplib.SMTP_SSL("localhost", server.port, context=unchecked(context), timeout=20))
                break
            except OSError:
                continue
        else:
            pytest.fail("no place came free")
    for client in waiting:
        client.close()


def unchecked(context: ssl.SSLContext) -> ssl.SSLContext:
    context.check_hostname = False
    return context


@pytest.mark.parametrize("said", [b"", b"\x16\x03", b"no TLS at all\r\n"])
def test_a_client_that_hangs_up_in_the_handshake_leaves_no_session_behind(
    start: Start, files: TlsFiles, said: bytes
) -> None:
    entrances = (Listen(port=0, entrance=Entrance.SUBMISSION),)
    server = start(listen=entrances, tls=files, max_connections=1)
    with capture_logs() as logged:
        for _ in range(2):
            client = Raw(server.port)
            assert client.read().startswith("220"), "the one place has come free"
            client.say(b"EHLO x\r\n")
            assert client.say(b"STARTTLS\r\n").startswith("220")
            client.socket.sendall(said)
            client.socket.shutdown(socket.SHUT_WR)
            assert ended(client.socket)
    assert [line for line in logged if line["log_level"] == "error"] == [], "it is no fault of ours"
