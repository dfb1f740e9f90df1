"""TLS and AUTH as clients see them: smtplib and swaks log in, and nobody's password is heard in the clear."""

import base64
import smtplib
import socket
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from mailfax.smtp.login import Guesses
from mailfax.smtp.settings import Entrance, Listen, TlsFiles
from tests.smtp.running import ANNA, NOW_US, Server
from tests.smtp.tlskit import make_certificate, trusting

MAIL = "From: anna@example.com\r\nSubject: x\r\n\r\nHello\r\n"
ALL = tuple(Listen(port=0, entrance=entrance) for entrance in Entrance)
SERVERS, SUBMISSION, SUBMISSIONS = range(3)
PLAIN = base64.b64encode(f"\0{ANNA.name}\0{ANNA.password}".encode()).decode()
Start = Callable[..., Server]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> TlsFiles:
    return make_certificate(tmp_path_factory.mktemp("tls"), "fax.example")


@pytest.fixture
def server(start: Start, files: TlsFiles) -> Server:
    """Three entrances, and a client that is in no network of ours."""
    server = start(listen=ALL, tls=files)
    server.door.known = False
    return server


def talk(server: Server, place: int) -> smtplib.SMTP:
    return smtplib.SMTP("127.0.0.1", server.port_of(place), timeout=20)


def test_a_password_is_neither_asked_for_nor_heard_before_tls(server: Server) -> None:
    with talk(server, SUBMISSION) as client:
        client.ehlo()
        assert client.has_extn("starttls")
        assert not client.has_extn("auth")
        assert client.docmd("AUTH", f"PLAIN {PLAIN}")[0:2] == (
            538,
            b"5.7.11 A password is heard under TLS only; say STARTTLS first",
        )
        assert client.docmd("MAIL", "FROM:<anna@example.com>")[1].startswith(b"5.7.0")
    assert server.door.logins == []


@pytest.mark.parametrize("mechanism", ["auth_plain", "auth_login"])
@pytest.mark.parametrize("initial", [True, False])
def test_smtplib_logs_in_after_starttls_and_is_a_user_from_then_on(
    server: Server, files: TlsFiles, mechanism: str, initial: bool
) -> None:
    with talk(server, SUBMISSION) as client:
        client.starttls(context=trusting(files))
        client.ehlo()
        assert client.esmtp_features["auth"].split() == ["SCRAM-SHA-256", "PLAIN", "LOGIN"]
        assert not client.has_extn("starttls")
        client.user, client.password = ANNA.name, ANNA.password
        name = mechanism.removeprefix("auth_").upper()
        assert client.auth(name, getattr(client, mechanism), initial_response_ok=initial)[0] == 235
        client.sendmail("anna@example.com", ["5551234@fax.lan"], MAIL)
        with pytest.raises(smtplib.SMTPSenderRefused) as refusal:
            client.sendmail("boss@example.com", ["5551234@fax.lan"], MAIL)
    assert (refusal.value.smtp_code, refusal.value.smtp_error[:5]) == (553, b"5.7.1")
    (incoming,) = server.door.accepted
    assert (incoming.client.identity, incoming.client.tls) == ("anna", True)
    assert b"with ESMTPSA;" in incoming.octets


def test_tls_from_the_first_octet_works_alike(server: Server, files: TlsFiles) -> None:
    port = server.port_of(SUBMISSIONS)
    with smtplib.SMTP_SSL("127.0.0.1", port, context=trusting(files), timeout=20) as client:
        client.ehlo()
        assert client.has_extn("auth")
        assert client.mail("anna@example.com") == (530, b"5.7.0 Log in first, with AUTH under TLS")
        client.login(ANNA.name, ANNA.password)
        client.sendmail("anna@example.com", ["5551234@fax.lan"], MAIL)
    assert server.door.accepted[0].client.identity == "anna"


@pytest.mark.parametrize(("place", "tls"), [(SUBMISSION, "--tls"), (SUBMISSIONS, "--tls-on-connect")])
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_swaks_logs_in(server: Server, place: int, tls: str, mechanism: str) -> None:
    command = [
        "swaks",
        "--server",
        f"127.0.0.1:{server.port_of(place)}",
        tls,
        "--auth",
        mechanism,
        "--auth-user",
        ANNA.name,
    ]
    command += ["--auth-password", ANNA.password, "--from", "anna@example.com", "--to", "5551234@fax.lan"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert said.returncode == 0, said.stdout + said.stderr
    assert "235 2.7.0" in said.stdout
    assert len(server.door.accepted) == 1


def test_who_is_not_known_must_log_in_to_submit_and_other_servers_hear_it_at_rcpt(server: Server) -> None:
    for place in (SUBMISSION, SERVERS):
        with talk(server, place) as client:
            client.ehlo()
            assert client.mail("anna@example.com")[0] == (530 if place == SUBMISSION else 250)
    server.door.known = True
    with talk(server, SUBMISSION) as client:
        client.sendmail("printer@example.com", ["5551234@fax.lan"], MAIL)
    assert server.door.accepted[0].client.identity == ""


def secure(server: Server, files: TlsFiles) -> smtplib.SMTP_SSL:
    client = smtplib.SMTP_SSL("127.0.0.1", server.port_of(SUBMISSIONS), context=trusting(files), timeout=20)
    client.ehlo()
    return client


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        ("", "501 5.5.4"),
        ("PLAIN a b", "501 5.5.4"),
        ("CRAM-MD5", "504 5.5.4"),
        ("SCRAM-SHA-256 biwsbj1hbm5h", "501 5.5.2"),
        ("SCRAM-SHA-256-PLUS", "504 5.5.4"),
        ("PLAIN !!!", "501 5.5.2"),
        ("PLAIN =", "501 5.5.2"),
        ("PLAIN " + base64.b64encode(b"anna\0secret").decode(), "501 5.5.2"),
        ("PLAIN " + base64.b64encode(b"\0anna\0\xff\xfe").decode(), "501 5.5.2"),
        ("PLAIN " + base64.b64encode(f"boss\0anna\0{ANNA.password}".encode()).decode(), "535 5.7.8"),
        ("PLAIN " + base64.b64encode(b"\0anna\0wrong").decode(), "535 5.7.8"),
        ("plain " + PLAIN, "235 2.7.0"),
    ],
)
def test_every_way_of_saying_auth_has_its_reply(server: Server, files: TlsFiles, said: str, reply: str) -> None:
    with secure(server, files) as client:
        code, text = client.docmd("AUTH", said)
        assert f"{code} {text.decode()}".startswith(reply)
        assert client.noop()[0] == 250


def test_a_login_can_be_given_up_and_comes_once(server: Server, files: TlsFiles) -> None:
    with secure(server, files) as client:
        assert client.docmd("AUTH", "LOGIN")[0] == 334
        assert client.docmd("*")[1].startswith(b"5.7.0")
        assert client.mail("anna@example.com")[0] == 530
        client.login(ANNA.name, ANNA.password)
        assert client.docmd("AUTH", f"PLAIN {PLAIN}")[1].startswith(b"5.5.1")
        client.mail("anna@example.com")
        client.rset()
        client.ehlo()  # neither RSET nor EHLO logs out (RFC 4954 section 4)
        assert client.mail("anna@example.com", ["AUTH=<>"])[0] == 250


def test_an_answer_without_an_end_closes_the_door(server: Server, files: TlsFiles) -> None:
    with secure(server, files) as client:
        assert client.docmd("AUTH", "PLAIN")[0] == 334
        client.sock.sendall(b"A" * 100_000 + b"\r\n")
        assert client.getreply()[1].startswith(b"5.5.6")
        with pytest.raises((smtplib.SMTPServerDisconnected, OSError)):
            client.noop()


def test_guessing_ends_after_ten_failures_also_over_many_connections(server: Server, files: TlsFiles) -> None:
    for _ in range(2):
        with secure(server, files) as client:
            for _ in range(5):
                assert client.docmd("AUTH", "PLAIN " + base64.b64encode(b"\0anna\0guess").decode())[0] == 535
    with secure(server, files) as client:
        code, text = client.docmd("AUTH", f"PLAIN {PLAIN}")
        assert (code, text[:5]) == (421, b"4.7.0")
    assert len(server.door.logins) == 10


def test_failures_are_forgotten_and_a_network_of_ipv6_counts_as_one() -> None:
    guesses, minute_us = Guesses(), 60_000_000
    for number in range(10):
        guesses.failed(f"2001:db8::{number}", NOW_US)
    assert guesses.too_many("2001:db8::ffff", NOW_US + 9 * minute_us)
    assert not guesses.too_many("2001:db8:0:1::1", NOW_US)
    assert not guesses.too_many("2001:db8::1", NOW_US + 10 * minute_us)
    for number in range(30_000):
        guesses.failed(f"192.0.{number // 250 % 250}.{number % 250}", NOW_US + number * minute_us)
    assert len(guesses._failures) <= 10_001


def test_no_log_has_the_password(server: Server, files: TlsFiles) -> None:
    with capture_logs() as logs, secure(server, files) as client:
        client.docmd("AUTH", "PLAIN " + base64.b64encode(b"\0anna\0mistyped secret").decode())
        client.login(ANNA.name, ANNA.password)
    words = repr(logs)
    assert "'login failed'" in words
    assert "'logged in'" in words
    assert "mistyped" not in words
    assert ANNA.password not in words
    assert ANNA.password not in repr(ANNA)


def test_what_was_said_before_starttls_is_void_and_commands_behind_it_are_not_obeyed(
    server: Server, files: TlsFiles
) -> None:
    """RFC 3207 section 4.2, and the injection of CVE-2011-0411."""
    server.door.known = True
    with socket.create_connection(("127.0.0.1", server.port_of(SERVERS)), timeout=20) as plain:
        reader = plain.makefile("rb")
        reader.readline()
        plain.sendall(b"EHLO before.example\r\n")
        while not reader.readline().startswith(b"250 "):
            pass
        plain.sendall(b"MAIL FROM:<x@example.com>\r\n")
        assert reader.readline().startswith(b"250")
        plain.sendall(b"STARTTLS\r\nRCPT TO:<5551234@fax.lan>\r\nRSET\r\n")
        assert reader.readline().startswith(b"220")
        with trusting(files).wrap_socket(plain, server_hostname="fax.example") as secured:
            secured.sendall(b"RCPT TO:<5551234@fax.lan>\r\n")
            assert secured.recv(1000).startswith(b"503 5.5.1")
    assert server.door.asked == []


def test_a_renewed_certificate_is_shown_to_the_next_client_and_half_a_renewal_hurts_nobody(
    start: Start, tmp_path: Path
) -> None:
    files = make_certificate(tmp_path, "old.example")
    server = start(listen=ALL, tls=files)
    old = trusting(files)
    old.check_hostname = False

    def shown(place: int) -> str:
        """Return whose certificate is shown, whoever signed it."""
        context = ssl.create_default_context(cafile=str(tmp_path / "trusted.pem"))
        context.check_hostname = False
        if place == SUBMISSIONS:
            client: smtplib.SMTP = smtplib.SMTP_SSL("127.0.0.1", server.port_of(place), context=context, timeout=20)
        else:
            client = talk(server, place)
            client.starttls(context=context)
        with client:
            ((pair,),) = client.sock.getpeercert()["subject"]
            return str(pair[1])

    first = files.chain.read_bytes()
    (tmp_path / "trusted.pem").write_bytes(first)
    assert {shown(place) for place in range(3)} == {"old.example"}
    (tmp_path / "new").mkdir()
    renewed = make_certificate(tmp_path / "new", "new.example")
    (tmp_path / "trusted.pem").write_bytes(first + renewed.chain.read_bytes())
    renewed.chain.replace(files.chain)
    assert {shown(place) for place in range(3)} == {"old.example"}  # its key is still the old one
    renewed.key.replace(files.key)
    assert {shown(place) for place in range(3)} == {"new.example"}
