"""SCRAM-SHA-256: other people's clients prove a password by it, and a wrong one, a missing user and a broken message prove nothing."""

import base64
import subprocess
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from scramp import ScramClient, ScramMechanism

from mailfax.model.secret import ScramKeys, read_scram_keys
from mailfax.smtp.scram import scram_keys
from mailfax.smtp.settings import Entrance, Listen, TlsFiles
from tests.smtp.running import Raw, Server
from tests.smtp.tlskit import make_certificate, trusting

PASSWORD = "Schlüssel fürs Fax"
MAIL = "From: anna@example.com\nTo: 5551234@fax.lan\nSubject: x\n\nHello\n"
NOT_BY_SCRAM = (
    "535 5.7.8 The user name or the password is wrong; a password from before SCRAM has to be used once with PLAIN"
)
Start = Callable[..., Server]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> TlsFiles:
    return make_certificate(tmp_path_factory.mktemp("tls"), "localhost")


@pytest.fixture(scope="module")
def keys() -> ScramKeys:
    made = scram_keys(PASSWORD)
    assert made is not None
    return made


@pytest.fixture
def server(start: Start, files: TlsFiles, keys: ScramKeys) -> Server:
    server = start(listen=(Listen(port=0, entrance=Entrance.SUBMISSIONS),), tls=files)
    server.door.known = False
    server.door.scram["anna"] = keys
    return server


class Secured(Raw):
    """A client that says exactly what a test tells it to, under TLS."""

    def __init__(self, port: int, files: TlsFiles) -> None:
        super().__init__(port)
        self.socket = trusting(files).wrap_socket(self.socket, server_hostname="localhost")
        self.lines = self.socket.makefile("rb")


@contextmanager
def talk(server: Server, files: TlsFiles) -> Iterator[Secured]:
    client = Secured(server.port, files)
    try:
        assert client.read().startswith("220")
        client.say(b"EHLO client.example\r\n")
        yield client
    finally:
        client.close()


def said(text: str) -> bytes:
    return base64.b64encode(text.encode()) + b"\r\n"


def heard(reply: str) -> str:
    assert reply.startswith("334 "), reply
    return base64.b64decode(reply[4:]).decode()


def msmtp(server: Server, files: TlsFiles, folder: Path, password: str) -> subprocess.CompletedProcess[str]:
    options = ["--host=localhost", f"--port={server.port}", "--tls=on", "--tls-starttls=off", "--from=anna@example.com"]
    options += [f"--tls-trust-file={files.chain}", "--auth=scram-sha-256", "--user=anna", "--timeout=20"]
    (folder / "password").write_text(password + "\n", encoding="utf-8")
    command = ["msmtp", *options, f"--passwordeval=cat {folder / 'password'}", "5551234@fax.lan"]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "LC_ALL": "C.UTF-8"}
    return subprocess.run(command, input=MAIL, capture_output=True, text=True, timeout=60, check=False, env=environment)


def test_msmtp_proves_the_password_without_saying_it(server: Server, files: TlsFiles, tmp_path: Path) -> None:
    done = msmtp(server, files, tmp_path, PASSWORD)
    assert done.returncode == 0, done.stderr
    (incoming,) = server.door.accepted
    assert incoming.client.identity == "anna"
    assert server.door.logins == []


def test_msmtp_hears_that_a_password_is_wrong(server: Server, files: TlsFiles, tmp_path: Path) -> None:
    done = msmtp(server, files, tmp_path, "Schluessel fuers Fax")
    assert done.returncode != 0
    assert NOT_BY_SCRAM[:48] in done.stderr
    assert server.door.accepted == []


def test_the_keys_are_those_of_the_rfc() -> None:
    """The example of RFC 7677 section 3: the server's proof stands in it, and follows from the keys alone."""
    salt, stored_key, server_key, iterations = ScramMechanism("SCRAM-SHA-256").make_auth_info(
        "pencil", iteration_count=4096, salt=b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
    )
    kept = ScramKeys(salt=salt, iterations=iterations, stored_key=stored_key, server_key=server_key)
    assert read_scram_keys(kept.written()) == kept
    again = read_scram_keys(kept.written())
    server = ScramMechanism("SCRAM-SHA-256").make_server(
        lambda _: (again.salt, again.stored_key, again.server_key, again.iterations),
        s_nonce="%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
    )
    server.set_client_first("n,,n=user,r=rOprNGfwEbeRWgbNEkqO")
    first = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    assert server.get_server_first() == first
    proof = "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    server.set_client_final(f"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,{proof}")
    assert server.get_server_final() == "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


@pytest.mark.parametrize("name", ["nobody", "ben"])
def test_who_is_not_there_or_has_no_keys_meets_the_same_exchange(server: Server, files: TlsFiles, name: str) -> None:
    asked = []
    with talk(server, files) as client:
        for _ in range(2):
            scram = ScramClient(["SCRAM-SHA-256"], name, PASSWORD)
            challenge = heard(client.say(b"AUTH SCRAM-SHA-256 " + said(scram.get_client_first())))
            asked.append(challenge.partition(",")[2])
            scram.set_server_first(challenge)
            assert client.say(said(scram.get_client_final())) == NOT_BY_SCRAM
    assert asked[0] == asked[1], "salt and iterations tell nothing"


def test_a_name_is_proven_by_its_own_password_only(server: Server, files: TlsFiles) -> None:
    other = scram_keys("another password")
    assert other is not None
    server.door.scram["ben"] = other
    with talk(server, files) as client:
        scram = ScramClient(["SCRAM-SHA-256"], "ben", PASSWORD)
        scram.set_server_first(heard(client.say(b"AUTH SCRAM-SHA-256 " + said(scram.get_client_first()))))
        assert client.say(said(scram.get_client_final())) == NOT_BY_SCRAM
        assert client.say(b"MAIL FROM:<anna@example.com>\r\n").startswith("530 5.7.0")


@pytest.mark.parametrize(
    "first",
    [
        "nonsense",
        "n,,n=anna",
        "n,a=ben,n=anna,r=abc",  # on behalf of another
        "p=tls-exporter,,n=anna,r=abc",  # channel binding
        "n,,m=x,n=anna,r=abc",
        "n,,n=an=na,r=abc",
    ],
)
def test_what_is_no_first_message_is_refused(server: Server, files: TlsFiles, first: str) -> None:
    with talk(server, files) as client:
        assert client.say(b"AUTH SCRAM-SHA-256 " + said(first)).startswith("501 5.5.2")
        assert client.say(b"NOOP\r\n").startswith("250")


@pytest.mark.parametrize("change", [lambda said: said.replace("c=biws", "c=eSws"), lambda said: said + "A" * 8])
def test_a_last_message_that_was_changed_proves_nothing(
    server: Server, files: TlsFiles, change: Callable[[str], str]
) -> None:
    with talk(server, files) as client:
        scram = ScramClient(["SCRAM-SHA-256"], "anna", PASSWORD)
        scram.set_server_first(heard(client.say(b"AUTH SCRAM-SHA-256 " + said(scram.get_client_first()))))
        assert client.say(said(change(scram.get_client_final()))) == NOT_BY_SCRAM
    assert server.door.accepted == []


def test_ten_wrong_proofs_close_the_door(server: Server, files: TlsFiles) -> None:
    replies = []
    for _ in range(11):
        with talk(server, files) as client:
            scram = ScramClient(["SCRAM-SHA-256"], "nobody", "x")
            reply = client.say(b"AUTH SCRAM-SHA-256 " + said(scram.get_client_first()))
            if reply.startswith("334"):
                reply = client.say(b"Yz1iaXdzLHI9eCxwPUFBQUE=\r\n")
            replies.append(reply)
    assert replies[9] == NOT_BY_SCRAM
    assert replies[10].startswith("421 4.7.0 Too many failed logins")


def test_a_password_that_scram_cannot_carry_has_no_keys() -> None:
    assert scram_keys("pass😀word") is None
