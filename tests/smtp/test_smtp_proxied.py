"""PROXY headers: swaks speaks as a proxy does; a trusted one says who the client is, and anybody else who tries is refused."""

import contextlib
import subprocess
from ipaddress import ip_network
from pathlib import Path

import pytest

from mailfax.smtp.origin import UNTOLD
from mailfax.smtp.settings import Entrance, Listen, TlsFiles
from tests.smtp.running import Raw, Server, Start
from tests.smtp.tlskit import make_certificate

HERE = (ip_network("127.0.0.0/8"),)
V2 = b"\r\n\r\n\0\r\nQUIT\n"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> TlsFiles:
    return make_certificate(tmp_path_factory.mktemp("tls"), "fax.example")


@pytest.fixture
def proxied(start: Start, files: TlsFiles) -> Server:
    entrances = Listen(port=0), Listen(port=0, entrance=Entrance.SUBMISSIONS)
    return start(listen=entrances, tls=files, proxy_networks=HERE)


def swaks(port: int, *options: str) -> str:
    command = ["swaks", "--server", f"127.0.0.1:{port}", "--from", "a@b.example", "--to", "5551234@fax.lan", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr


def header(version: int, family: str, source: str) -> list[str]:
    ours = "127.0.0.1" if family in {"TCP4", "AF_INET"} else "::1"
    options = [
        "--proxy-version",
        str(version),
        "--proxy-family",
        family,
        "--proxy-source",
        source,
        "--proxy-dest",
        ours,
    ]
    options += ["--proxy-source-port", "1025", "--proxy-dest-port", "25"]
    return [*options, "--proxy-protocol", "STREAM"] if version == 2 else options


@pytest.mark.parametrize(
    ("version", "family", "source"),
    [(1, "TCP4", "192.0.2.7"), (1, "TCP6", "2001:db8::7"), (2, "AF_INET", "192.0.2.7"), (2, "AF_INET6", "2001:db8::7")],
)
def test_swaks_speaks_for_a_client_in_every_form(proxied: Server, version: int, family: str, source: str) -> None:
    said = swaks(proxied.port, *header(version, family, source))
    assert "250 2.0.0 accepted" in said, said
    assert proxied.door.accepted[0].client.ip == source


def test_the_header_comes_before_tls(proxied: Server) -> None:
    said = swaks(proxied.port_of(1), "--tls-on-connect", *header(1, "TCP4", "192.0.2.7"))
    assert "250 2.0.0 accepted" in said, said
    assert (proxied.door.accepted[0].client.ip, proxied.door.accepted[0].client.tls) == ("192.0.2.7", True)


@pytest.mark.parametrize("first", [b"PROXY UNKNOWN\r\n", V2 + b"\x20\x00\x00\x00", V2 + b"\x21\x00\x00\x00"])
def test_a_proxy_that_tells_nobody_speaks_for_a_stranger_and_not_for_itself(proxied: Server, first: bytes) -> None:
    client = Raw(proxied.port)
    assert client.say(first).startswith("220")
    for line in (b"EHLO x\r\n", b"MAIL FROM:<a@b.example>\r\n", b"RCPT TO:<5551234@fax.lan>\r\n"):
        client.say(line)
    assert proxied.door.asked[0][0].ip == UNTOLD
    client.close()


@pytest.mark.parametrize(
    "first",
    [
        b"EHLO x\r\n",
        b"PROXY TCP4 nonsense 127.0.0.1 1 25\r\n",
        b"PROXY TCP4 192.0.2.7 127.0.0.1 1 25 " + b"x" * 200 + b"\r\n",
        b"PROXY TCP4 192.0.2.7\r\n",
        V2 + b"\x31\x11\x00\x00",
        b"\x16\x03\x01\x02\x00\x01\x00\x01",
    ],
)
def test_a_trusted_proxy_without_a_header_is_hung_up_on(proxied: Server, first: bytes) -> None:
    client = Raw(proxied.port)
    client.socket.sendall(first)
    with contextlib.suppress(ConnectionResetError):  # what was not read is thrown back
        assert client.read() == ""
    client.close()
    assert proxied.door.asked == []


def test_a_proxy_that_says_nothing_is_let_go(start: Start) -> None:
    server = start(proxy_networks=HERE, timeout_s=0.1)
    client = Raw(server.port)
    assert client.read() == ""
    client.close()


def test_whoever_is_no_trusted_proxy_is_served_and_his_header_counts_for_nothing(start: Start, tmp_path: Path) -> None:
    server = start(proxy_networks=(ip_network("192.0.2.0/24"),))
    with server.raw() as client:
        assert client.say(b"PROXY TCP4 192.0.2.9 127.0.0.1 1 25\r\n").startswith("500 5.5.2")
        assert client.say(b"MAIL FROM:<a@b.example>\r\n").startswith("250")
        assert client.say(b"RCPT TO:<5551234@fax.lan>\r\n").startswith("250")
    assert server.door.asked[0][0].ip == "127.0.0.1"


def test_one_stranger_has_so_many_connections_and_another_has_his_own(proxied: Server, start: Start) -> None:
    server = start(proxy_networks=HERE, max_connections_per_stranger=2)
    server.door.known = False
    clients = [Raw(server.port) for _ in range(4)]
    said = [client.say(b"PROXY TCP4 192.0.2.7 127.0.0.1 1 25\r\n") for client in clients[:3]]
    assert [reply[:9] for reply in said] == ["220 fax.e", "220 fax.e", "421 4.7.0"]
    assert clients[2].read() == ""
    assert clients[3].say(b"PROXY TCP4 192.0.2.8 127.0.0.1 1 25\r\n").startswith("220")
    assert clients[0].say(b"QUIT\r\n").startswith("221")
    assert clients[0].read() == ""
    again = Raw(server.port)
    assert again.say(b"PROXY TCP4 192.0.2.7 127.0.0.1 1 25\r\n").startswith("220")
    server.door.known = True
    more = [Raw(server.port) for _ in range(3)]
    assert all(client.say(b"PROXY TCP4 192.0.2.8 127.0.0.1 1 25\r\n").startswith("220") for client in more), "known"
    for client in (*clients, again, *more):
        client.close()
