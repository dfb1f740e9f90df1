"""Every way to a call that nobody allowed, tried: each is refused in a sentence that docs/mail.md has, and nothing is dialled.

There is no line here: what would be dialled stands in the queue, so an empty queue is the proof.
"""

import contextlib
import os
import pwd
import re
import smtplib
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from gateway_door import LMTP, PASSWORD, SERVERS, SUBMISSION, Gateway, add_anna, login
from typer.testing import CliRunner

from mailfax.cli.app import app
from tests.smtp.running import Background, Raw

DOCUMENT = Path(__file__).parents[2] / "docs" / "mail.md"
NETWORK = """
[domains."fax.us"]
plan = "e164"
country = "US"
area_code = "202"
"""
HELLO, MAIL, RCPT = b"EHLO x\r\n", b"MAIL FROM:<anna@example.org>\r\n", b"RCPT TO:<5551234@fax.lan>\r\n"
STRANGER = "550 5.7.1 Client 127.0.0.1 is in no allowed network and not logged in. Ask its administrator to allow your network or your account. (not-permitted)"
HEAD = b"From: anna@example.org\r\nTo: 9005551234@fax.us\r\nSubject: x\r\n\r\n"


@contextlib.contextmanager
def gateway_in(folder: Path, allow: str, smtp: str = "") -> Iterator[Gateway]:
    with (
        contextlib.closing(Background()) as background,
        contextlib.closing(Gateway(folder, background, NETWORK, allow, smtp)) as gateway,
    ):
        yield gateway


@pytest.fixture
def short() -> Iterator[Path]:
    """Make a folder with a short name: Unix sockets have at most 107 characters."""
    with tempfile.TemporaryDirectory(prefix="mx") as name:
        yield Path(name)


def sendmail(gateway: Gateway, *words: str) -> tuple[int, str]:
    """Run `mailfax sendmail` on a mail with LF ends; return its status and what it said."""
    done = CliRunner().invoke(
        app, ["sendmail", "--config", str(gateway.file), *words], input=HEAD.replace(b"\r\n", b"\n") + b"x\n"
    )
    return done.exit_code, done.output


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway to which everybody is a stranger."""
    with gateway_in(tmp_path_factory.mktemp("closed"), "") as gateway:
        add_anna(gateway)
        yield gateway
        assert gateway.store.jobs() == ()


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway that knows us by our network."""
    with gateway_in(tmp_path_factory.mktemp("opened"), '"127.0.0.0/8"') as gateway:
        yield gateway


@contextlib.contextmanager
def raw(gateway: Gateway, entrance: int = SERVERS) -> Iterator[Raw]:
    client = Raw(gateway.port(entrance))
    try:
        assert client.read().startswith("220")
        yield client
    finally:
        client.close()


def written(sentence: str) -> bool:
    """Say whether docs/mail.md has this refusal; what differs from case to case is `…` there."""
    for recorded in re.findall(r"`([2-5][0-9]{2} [0-9.]+ [^`]*)`", DOCUMENT.read_text("utf-8")):
        if re.fullmatch(".*".join(map(re.escape, recorded.split("…"))), sentence):
            return True
    return False


def refused(gateway: Gateway, *commands: bytes, entrance: int = SERVERS) -> str:
    """Say the commands; all but the last are taken, the last is refused, in a sentence that is written down."""
    with raw(gateway, entrance) as client:
        for command in commands[:-1]:
            assert client.say(command)[0] in "23", command
        sentence = client.say(commands[-1])
    assert sentence[0] in "45", sentence
    assert written(sentence), sentence
    return sentence


@pytest.mark.parametrize(
    "recipient",
    [
        b"5551234@fax.lan",
        b"+12025551234@fax.us",
        b"911@fax.us",
        b"someone@example.com",
        b'"5551234@example.com"@fax.lan',
        b"5551234%example.com@fax.lan",
        b"example.com!5551234@fax.lan",
        b"Sam@5551234.fax.lan",
        b"FAX=5551234/T33S=1@fax.lan",
        b"postmaster@fax.lan",
    ],
)
@pytest.mark.parametrize(
    "sender",
    [
        b"FROM:<anna@example.org>",
        b"FROM:<fax@fax.lan>",
        b"FROM:<5551234@fax.lan>",
        b"FROM:<anna@example.org> AUTH=anna",
    ],
)
def test_a_stranger_is_told_the_same_whatever_he_calls_himself_and_whatever_he_asks(
    closed: Gateway, sender: bytes, recipient: bytes
) -> None:
    for hello in (b"EHLO localhost\r\n", b"HELO [127.0.0.1]\r\n"):
        if hello.startswith(b"HELO") and b"AUTH" in sender:
            continue  # no parameters after HELO
        commands = (hello, b"MAIL " + sender + b"\r\n", b"RCPT TO:<" + recipient + b">\r\n")
        assert refused(closed, *commands) == STRANGER


@pytest.mark.parametrize(
    ("commands", "code"),
    [
        ((HELLO, MAIL, b"RCPT TO:<@fax.lan:5551234@fax.lan>\r\n"), "553 5.1.3"),
        ((HELLO, MAIL, b"RCPT TO:<@a.example,@b.example:5551234@fax.lan>\r\n"), "553 5.1.3"),
        ((HELLO, MAIL, b"RCPT TO:<5551234>\r\n"), "553 5.1.3"),
        ((HELLO, b"MAIL FROM:<>\r\n", RCPT), "550 5.7.1"),
        ((HELLO, b"AUTH PLAIN AGFubmEAc2VjcmV0\r\n"), "538 5.7.11"),
        ((HELLO, b"XCLIENT ADDR=127.0.0.1 LOGIN=anna\r\n"), "500 5.5.2"),
        ((b"PROXY TCP4 10.0.0.1 10.0.0.2 1 25\r\n",), "500 5.5.2"),
        ((HELLO, b"TURN\r\n"), "500 5.5.2"),
        ((HELLO, MAIL, b"DATA\r\n"), "503 5.5.1"),
        ((HELLO, b"DATA\r\n"), "503 5.5.1"),
        ((MAIL,), "503 5.5.1"),
    ],
)
def test_no_trick_of_the_dialogue_opens_the_door(closed: Gateway, commands: tuple[bytes, ...], code: str) -> None:
    assert refused(closed, *commands).startswith(code)


def test_where_people_log_in_nobody_else_gets_as_far_as_a_recipient(closed: Gateway) -> None:
    assert refused(closed, HELLO, MAIL, entrance=SUBMISSION).startswith("530 5.7.0")
    assert refused(closed, HELLO, b"AUTH PLAIN AGFubmEAc2VjcmV0\r\n", entrance=SUBMISSION).startswith("538 5.7.11")


def test_ten_thousand_recipients_of_a_stranger_end_his_session(closed: Gateway) -> None:
    with raw(closed) as client:
        client.say(HELLO)
        client.say(MAIL)
        replies = []
        with contextlib.suppress(OSError):
            for number in range(10_000):
                reply = client.say(b"RCPT TO:<%07d@fax.lan>\r\n" % (5_550_000 + number))
                replies.append(reply)
                if not reply.startswith("550"):
                    break
    assert replies[-1].startswith("421 4.7.0 Too many refused")
    assert written(replies[-1])
    assert len(replies) <= 1002


@pytest.mark.parametrize(
    ("recipient", "code", "word"),
    [
        (b"someone@example.com", "550 5.7.1", "(not-our-domain)"),
        (b"5551234@fax.lan.example.com", "550 5.7.1", "(not-our-domain)"),
        (b"5551234%example.com@fax.lan", "550 5.1.3", "(bad-number)"),
        (b"example.com!5551234@fax.lan", "550 5.1.3", "(bad-number)"),
        (b'"5551234@example.com"@fax.lan', "550 5.1.3", "(bad-number)"),
        (b'"5551234;911"@fax.lan', "550 5.1.3", "(bad-number)"),
        (b"5551234,,911@fax.lan", "553 5.1.3", "malformed"),
        (b"5551234p911@fax.lan", "550 5.1.3", "pauses"),
        (b"john.smith2024@fax.lan", "550 5.1.1", "(unknown-name)"),
        (b"acme@fax.us", "550 5.1.1", "(unknown-name)"),
        (b"fax5551234@fax.lan", "550 5.1.1", "(unknown-name)"),
        (b"FAX=9p911@fax.us", "550 5.1.3", "pauses"),
        (b"FAX=911/ATTN=Sam@fax.us", "550 5.7.1", "emergency"),
        (b"FAX=+19005551234/T33S=1/T33S=2@fax.us", "550 5.7.1", "deny list"),
        (b"911@fax.lan", "550 5.7.1", "emergency"),
        (b"911@fax.us", "550 5.7.1", "emergency"),
        (b"Sam@911.fax.us", "550 5.7.1", "emergency"),
        (b"411@fax.us", "550 5.7.1", "deny list"),
        (b"9005551234@fax.us", "550 5.7.1", "deny list"),
        (b"FAX=+881612345678@fax.us", "550 5.7.1", "deny list"),
        (b"+442079460000@fax.us", "550 5.7.1", '"international" (GB)'),
        (b"8095551234@fax.us", "550 5.7.1", '"international" (DO)'),
        (b"+15555551234@fax.us", "550 5.7.1", '"unknown"'),
        (b"123@fax.us", "550 5.1.1", "too short"),
    ],
)
def test_who_is_known_may_still_not_dial_everything(opened: Gateway, recipient: bytes, code: str, word: str) -> None:
    before = opened.store.jobs()
    sentence = refused(opened, HELLO, MAIL, b"RCPT TO:<" + recipient + b">\r\n")
    assert sentence.startswith(code)
    assert word in sentence
    assert opened.store.jobs() == before


def test_a_user_is_held_to_his_rights_and_loses_them_in_the_middle_of_a_session(closed: Gateway) -> None:
    closed.mailfax("user", "add", "ben", "--address", "ben@example.org", says=PASSWORD + "\n")
    with closed.client() as client:
        assert login(client, "ben", PASSWORD) == 235
        code, text = client.mail("anna@example.org")
        assert written(f"{code} {text.decode()}")
        assert code == 553
        assert client.mail("ben@example.org")[0] == 250
        code, text = client.rcpt("9005551234@fax.us")
        assert (code, text[:5]) == (550, b"5.7.1")
        closed.mailfax("user", "remove", "ben")
        code, text = client.rcpt("5551234@fax.lan")
        assert f"{code} {text.decode()}" == STRANGER


SECOND = b"MAIL FROM:<evil@example.com>\r\nRCPT TO:<5559999@fax.lan>\r\nDATA\r\nSubject: y\r\n\r\nevil\r\n.\r\n"


@pytest.mark.parametrize(
    "end",
    [
        b"\n.\n",
        b"\n.\r\n",
        b"\r\n.\n",
        b"\r.\r",
        b"\r.\r\n",
        b"\r\n.\r",
        b"\r\r\n.\r\r\n",
        b"\n\r.\r\n",
        b"\r\n\0.\r\n",
        b"\r\n.\0\r\n",
    ],
)
def test_no_line_end_smuggles_a_second_mail(opened: Gateway, end: bytes) -> None:
    before = len(opened.store.jobs())
    with raw(opened) as client:
        for command in (HELLO, MAIL, RCPT, b"DATA\r\n"):
            client.say(command)
        client.socket.sendall(HEAD + b"first" + end + SECOND)
        reply = client.read()
        client.socket.sendall(b"QUIT\r\n")
        assert client.read().startswith("221"), "the session has no further replies: all was one mail"
    assert reply.startswith("250") or written(reply), reply
    jobs = opened.store.jobs()
    assert len(jobs) - before == reply.startswith("250")
    assert {job.number for job in jobs} <= {"5551234"}


def test_numbers_in_headers_and_text_are_never_dialled(opened: Gateway) -> None:
    before = len(opened.store.jobs())
    with raw(opened) as client:
        for command in (HELLO, MAIL, RCPT, b"DATA\r\n"):
            client.say(command)
        more = b"Cc: 5559999@fax.lan\r\nBcc: 5558888@fax.lan\r\nX-Fax-To: 5557777\r\nResent-To: 5556666@fax.lan\r\n"
        assert client.say(more + HEAD + b"Call 911.\r\n.\r\n").startswith("250")
    jobs = opened.store.jobs()
    assert len(jobs) == before + 1
    assert {job.number for job in jobs} == {"5551234"}


def test_a_command_without_an_end_is_bounded(closed: Gateway) -> None:
    with raw(closed) as client:
        reply = client.say(b"EHLO " + b"x" * 2_000_000 + b"\r\n")
        assert reply.startswith("500 5.5.2")
        assert written(reply)
        with contextlib.suppress(socket.timeout):
            assert client.say(HELLO).startswith("250")


def test_lmtp_is_no_way_around(closed: Gateway) -> None:
    hello = b"LHLO x\r\n"
    assert refused(closed, hello, MAIL, RCPT, entrance=LMTP) == STRANGER
    assert refused(closed, hello, b"MAIL FROM:<>\r\n", RCPT, entrance=LMTP).startswith("550 5.7.1")
    assert refused(closed, hello, b"AUTH PLAIN AGFubmEAc2VjcmV0\r\n", entrance=LMTP).startswith("538 5.7.11")
    assert refused(closed, HELLO, entrance=LMTP).startswith("500 5.5.1 This is LMTP")
    assert refused(closed, hello, MAIL, b"BDAT 3 LAST\r\nabc", entrance=LMTP).startswith("503 5.5.1")


def test_chunks_are_no_way_around(closed: Gateway) -> None:
    evil = b"RCPT TO:<5551234@fax.lan>\r\n"
    assert refused(closed, HELLO, MAIL, b"BDAT %d\r\n%s" % (len(evil), evil)).startswith("503 5.5.1 No recipient")
    assert refused(closed, HELLO, MAIL, b"BDAT 10 MORE\r\n").startswith("501 5.5.4")


@contextlib.contextmanager
def unix(gateway: Gateway) -> Iterator[smtplib.LMTP]:
    with smtplib.LMTP(str(gateway.config.data_dir / "lmtp.sock"), timeout=20) as client:
        client.ehlo()
        yield client


def rcpt(client: smtplib.LMTP, recipient: str) -> str:
    code, said = client.rcpt(recipient)
    return f"{code} {said.decode()}"


def test_a_user_of_this_machine_who_is_not_in_the_file_is_a_stranger_even_root(short: Path) -> None:
    with gateway_in(short, '"127.0.0.0/8"') as gateway:
        with unix(gateway) as client:
            client.mail("anna@example.org")
            sentence = rcpt(client, "5551234@fax.lan")
        status, said = sendmail(gateway, "-f", "anna@example.org", "5551234")
        jobs = gateway.store.jobs()
    assert sentence.startswith("550 5.7.1 Client local:")
    assert written(sentence)
    assert (status, jobs) == (77, ())
    assert "(not-permitted)" in said


def test_a_user_of_this_machine_has_the_rights_and_the_addresses_of_his_user_and_no_others(short: Path) -> None:
    me = pwd.getpwuid(os.geteuid()).pw_name
    with gateway_in(short, "", f'local_users = {{ "{me}" = "anna" }}\n') as gateway:
        with unix(gateway) as client:
            assert client.mail("anna@example.org")[0] == 553, "there is no user anna yet, and he has no address"
            assert rcpt(client, "5551234@fax.lan").startswith("503")
        add_anna(gateway)
        with unix(gateway) as client:
            assert client.mail("boss@example.org")[0] == 553
            assert client.mail("anna@example.org")[0] == 250
            assert rcpt(client, "9005551234@fax.us").startswith("550 5.7.1")
            assert rcpt(client, "911@fax.lan").startswith("550 5.7.1")
            assert rcpt(client, "5551234@fax.lan").startswith("250")
            forged = HEAD.replace(b"From: anna", b"From: boss") + b"x\r\n"
            assert client.data(forged)[0] == 553
        assert gateway.store.jobs() == ()
        for number, status in (("9005551234@fax.us", 77), ("john@fax.lan", 67), ("5551234@example.com", 77)):
            assert sendmail(gateway, "-f", "anna@example.org", number)[0] == status, number
        assert sendmail(gateway, "-f", "", "5551234")[0] == 77, "a bounce"
        assert sendmail(gateway, "-f", "anna@example.org", "5551234", "john")[0] == 67, "all or nothing"
        assert sendmail(gateway, "-t", "5551234")[0] == 64
        assert gateway.store.jobs() == ()
        assert sendmail(gateway, "-oi", "-f", "anna@example.org", "--", "5551234", "5551235@fax.lan")[0] == 0
        jobs = gateway.store.jobs()
        mail = gateway.store.submission(jobs[0].submission_id)
    assert {job.number for job in jobs} == {"5551234", "5551235"}
    assert mail is not None
    assert (mail.identity, mail.client) == ("anna", f"local:{me}")


def test_the_pipe_keeps_its_mail_when_the_server_is_down_or_its_file_is_broken(short: Path) -> None:
    with gateway_in(short, "") as gateway:
        pass
    status, said = sendmail(gateway, "-f", "anna@example.org", "5551234")
    assert (status, "does not answer" in said) == (75, True)
    gateway.file.write_text("[smtp\n")
    assert sendmail(gateway, "-f", "anna@example.org", "5551234")[0] == 75


def test_who_says_too_much_or_nothing_that_is_known_is_sent_away_in_written_words(closed: Gateway) -> None:
    with raw(closed) as client:
        replies = [client.say(b"XYZZY\r\n") for _ in range(5)]
    assert replies[-1].startswith("502 5.5.1")
    with raw(closed) as client:
        while (reply := client.say(b"NOOP\r\n")).startswith("250"):
            pass
    assert reply.startswith("421 4.7.0 NOOP")
    assert written(reply)
    assert written(replies[0])
    assert written(replies[-1])
