"""BDAT, PIPELINING and 8BITMIME: octets are octets, commands are commands, and neither is taken for the other."""

import asyncio
import smtplib

import pytest

from tests.smtp.running import Server, Start

HEAD = b"Subject: x\r\n\r\n"
BEGIN = b"EHLO x\r\nMAIL FROM:<a@b.example> BODY=8BITMIME\r\nRCPT TO:<5551234@fax.lan>\r\n"
OPEN = b"MAIL FROM:<a@b.example>\r\n", b"RCPT TO:<5551234@fax.lan>\r\n"


def test_a_message_comes_in_chunks_octet_for_octet(server: Server) -> None:
    parts = [HEAD + b"a\r\n.\r\n", b"..b\r\nRSET\r\n\xff\x00 any octets", b"\r\n"]
    with server.raw() as client:
        for line in OPEN:
            assert client.say(line).startswith("250")
        for part in parts[:-1]:
            assert client.say(b"BDAT %d\r\n" % len(part) + part) == f"250 2.0.0 {len(part)} octets taken"
        assert client.say(b"BDAT 2 LAST\r\n" + parts[-1]) == "250 2.0.0 accepted as M0123456789AB"
        assert client.say(b"NOOP\r\n") == "250 2.0.0 OK"
    assert server.door.accepted[0].octets.endswith(b"+0000\r\n" + b"".join(parts))


def test_everything_may_be_said_in_one_breath(server: Server) -> None:
    whole = HEAD + b"one breath\r\n"
    commands = BEGIN + b"BDAT %d\r\n%sBDAT 0 LAST\r\nNOOP\r\n" % (len(whole), whole)
    with server.raw(hello=b"") as client:
        client.socket.sendall(commands)
        replies = [client.read() for _ in range(6)]
    assert [reply[:9] for reply in replies] == [
        "250 HELP",
        "250 2.1.0",
        "250 2.1.5",
        "250 2.0.0",
        "250 2.0.0",
        "250 2.0.0",
    ]
    assert server.door.accepted[0].octets.endswith(whole)


def test_data_too_may_be_pipelined_up_to_the_message(server: Server) -> None:
    with server.raw(hello=b"") as client:
        client.socket.sendall(BEGIN + b"RCPT TO:<john@fax.lan>\r\nDATA\r\n")
        assert [client.read()[:3] for _ in range(5)] == ["250", "250", "250", "550", "354"]
        client.socket.sendall(HEAD + b"x\r\n.\r\nRSET\r\nMAIL FROM:<a@b.example>\r\n")
        assert [client.read()[:3] for _ in range(3)] == ["250", "250", "250"]


def test_octets_of_a_chunk_that_nobody_wants_are_no_commands(server: Server) -> None:
    evil = b"MAIL FROM:<evil@b.example>\r\nRCPT TO:<5559999@fax.lan>\r\nDATA\r\nevil\r\n.\r\n"
    with server.raw() as client:
        assert client.say(b"BDAT %d LAST\r\n" % len(evil) + evil) == "503 5.5.1 No recipient was accepted"
        assert client.say(OPEN[0]).startswith("250"), "there is no transaction"
        assert client.say(b"BDAT %d\r\n" % len(evil) + evil) == "503 5.5.1 No recipient was accepted"
        assert client.say(b"NOOP\r\n") == "250 2.0.0 OK"
    assert server.door.asked == []


@pytest.mark.parametrize("argument", [b"", b"x", b"10 FIRST", b"-1", b"10 LAST LAST", b"0x10", b"10,LAST"])
def test_a_chunk_without_a_clear_end_ends_the_session(server: Server, argument: bytes) -> None:
    with server.raw() as client:
        for line in OPEN:
            client.say(line)
        client.socket.sendall(b"BDAT " + argument + b"\r\nMAIL FROM:<evil@b.example>\r\n")
        assert client.read().startswith("501 5.5.4")
        assert client.read() == ""


def test_data_and_chunks_do_not_mix_and_rset_forgets_chunks(server: Server) -> None:
    with server.raw() as client:
        for line in OPEN:
            client.say(line)
        assert client.say(b"BDAT 5\r\nlost\n").startswith("250")
        assert client.say(b"DATA\r\n").startswith("503 5.5.1")
        assert client.say(b"RCPT TO:<5559999@fax.lan>\r\n").startswith("503 5.5.1")
        assert client.say(b"RSET\r\n").startswith("250")
        for line in OPEN:
            client.say(line)
        assert client.say(b"BDAT %d LAST\r\n" % len(HEAD) + HEAD).startswith("250")
    (incoming,) = server.door.accepted
    assert incoming.octets.endswith(b"+0000\r\n" + HEAD)


def test_the_size_is_held_over_all_chunks(start: Start) -> None:
    server = start(max_message_bytes=1000)
    with server.raw() as client:
        for line in OPEN:
            client.say(line)
        assert client.say(b"BDAT 600\r\n" + b"x" * 600).startswith("250")
        assert client.say(b"BDAT 401 LAST\r\n" + b"x" * 401).startswith("552 5.3.4")
        assert client.say(b"NOOP\r\n") == "250 2.0.0 OK"
        for line in OPEN:
            client.say(line)
        client.socket.sendall(b"BDAT 99999999999999 LAST\r\n")
        assert client.read().startswith("552 5.3.4")
        assert client.read().startswith("421 4.3.4")
    assert server.door.accepted == []


def test_a_cr_alone_is_refused_in_chunks_too_and_a_bare_lf_is_a_line_end(server: Server) -> None:
    with server.raw() as client:
        for message, code in ((HEAD + b"a\r.\r", "554 5.6.0"), (b"Subject: x\n\nb\n", "250 2.0.0")):
            for line in OPEN:
                client.say(line)
            assert client.say(b"BDAT %d LAST\r\n" % len(message) + message).startswith(code)
    assert server.door.accepted[0].octets.endswith(b"Subject: x\r\n\r\nb\r\n")


def test_a_chunk_that_dribbles_wins_no_time(start: Start) -> None:
    server = start(timeout_s=0.2)
    with server.raw() as client:
        for line in OPEN:
            client.say(line)
        client.socket.sendall(b"BDAT 1000 LAST\r\nx")
        assert client.read().startswith("421 4.4.2")
    assert server.door.accepted == []


def test_smtplib_sends_eight_bits(server: Server) -> None:
    with server.smtplib() as client:
        client.sendmail("a@b.example", ["5551234@fax.lan"], HEAD + "Grüße\r\n".encode(), ["BODY=8BITMIME"])
        assert isinstance(client, smtplib.SMTP)
    assert "Grüße".encode() in server.door.accepted[0].octets


def test_hanging_up_in_a_chunk_leaves_nothing(server: Server) -> None:
    with server.raw() as client:
        for line in OPEN:
            client.say(line)
        client.socket.sendall(b"BDAT 100 LAST\r\n" + HEAD)
    server.background.run(asyncio.sleep(0))
    with server.smtplib() as other:
        assert other.noop()[0] == 250
    assert server.door.accepted == []
