"""Mail handed to other servers over TLS, with a login, and by LMTP: each step told, each failure with its cause and whose it is."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from mailfax.smtp.outgoing import Deferred, Delivery, Handed, Refused, deliver
from mailfax.smtp.peer import Phase, Step
from mailfax.smtp.settings import TlsFiles
from mailfax.smtp.ways import LmtpServer, Maildirs, OutgoingSettings, Smarthost, Timeouts, TlsMode
from tests.smtp.running import Background
from tests.smtp.tlskit import make_certificate, serving

MESSAGE = b"From: fax@fax.lan\r\nMessage-ID: <F1.fax@h>\r\nSubject: x\r\n\r\n.dot\r\n"
QUICK = Timeouts(connect_s=5, command_s=5, end_s=5)
Change = Callable[[Smarthost], Smarthost]


class Mailboxes:
    """Takes every mail; a mailbox named gone there is not."""

    def __init__(self) -> None:
        self.got: list[tuple[str, bytes]] = []

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, rcpt: str, options: list[str]
    ) -> str:
        if rcpt.startswith("gone"):
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(rcpt)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.got += [(rcpt, bytes(envelope.content or b"")) for rcpt in envelope.rcpt_tos]
        return "250 2.0.0 kept"


def knows_anna(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword) -> AuthResult:
    return AuthResult(success=(data.login, data.password) == (b"anna", b"korrekt Pferd"), handled=False)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> TlsFiles:
    return make_certificate(tmp_path_factory.mktemp("tls"), "mail.example")


@pytest.fixture(scope="module")
def mailboxes() -> Mailboxes:
    return Mailboxes()


@contextmanager
def listening(make: Callable[[], SMTP], **where: object) -> Iterator[asyncio.Server]:
    background = Background()

    async def listen() -> asyncio.Server:
        loop = asyncio.get_running_loop()
        if "path" in where:
            return await loop.create_unix_server(make, **where)  # type: ignore[arg-type]
        return await loop.create_server(make, "127.0.0.1", 0, **where)  # type: ignore[call-overload, no-any-return]

    async def stop() -> None:
        server.close()

    server = background.run(listen())
    try:
        yield server
    finally:
        background.run(stop())
        background.close()


@pytest.fixture(scope="module")
def ports(files: TlsFiles, mailboxes: Mailboxes) -> Iterator[dict[TlsMode, int]]:
    """Three entrances to one server: in the clear, STARTTLS and a login, and TLS from the first octet."""
    context = serving(files)

    def plain() -> SMTP:
        return SMTP(mailboxes, hostname="mail.example")

    def submission() -> SMTP:
        return SMTP(mailboxes, tls_context=context, authenticator=knows_anna, auth_required=True)

    def secure() -> SMTP:
        return SMTP(mailboxes, authenticator=knows_anna, auth_require_tls=False)

    with listening(plain) as one, listening(submission) as two, listening(secure, ssl=context) as three:
        ports = [server.sockets[0].getsockname()[1] for server in (one, two, three)]
        yield dict(zip((TlsMode.NONE, TlsMode.STARTTLS, TlsMode.IMPLICIT), ports, strict=True))


@pytest.fixture
def password(tmp_path: Path) -> Path:
    (tmp_path / "password").write_text("korrekt Pferd\n")
    return tmp_path / "password"


def submit(smarthost: Smarthost, recipient: str = "anna@example.com") -> tuple[Delivery, list[Step]]:
    steps: list[Step] = []
    settings = OutgoingSettings(hostname="fax.example", smarthost=smarthost)
    return asyncio.run(deliver(MESSAGE, "fax@fax.lan", recipient, settings, "D1", steps.append)), steps


@pytest.mark.parametrize("tls", [TlsMode.STARTTLS, TlsMode.IMPLICIT])
def test_a_mail_goes_out_under_tls_with_a_login_and_each_step_is_told(
    ports: dict[TlsMode, int], files: TlsFiles, mailboxes: Mailboxes, password: Path, tls: TlsMode
) -> None:
    mailboxes.got.clear()
    smarthost = Smarthost(
        host="127.0.0.1",
        port=ports[tls],
        tls=tls,
        user="anna",
        password_file=password,
        ca_file=files.chain,
        timeouts=QUICK,
    )
    answer, steps = submit(smarthost)
    assert answer == Handed(detail=f"127.0.0.1:{ports[tls]} said: 2.0.0 kept")
    assert mailboxes.got == [("anna@example.com", MESSAGE)]
    assert [step.phase for step in steps] == list(Phase)
    assert "TLSv1.3; its certificate is for mail.example, 127.0.0.1, until " in steps[1].said


@pytest.mark.parametrize(
    ("entrance", "change", "phase", "said"),
    [
        (
            TlsMode.STARTTLS,
            lambda it: replace(it, ca_file=None),
            Phase.TLS,
            "not trusted: it is signed by itself; name",
        ),
        (
            TlsMode.IMPLICIT,
            lambda it: replace(it, ca_file=None),
            Phase.TLS,
            "not trusted: it is signed by itself; name",
        ),
        (
            TlsMode.STARTTLS,
            lambda it: replace(it, host="localhost"),
            Phase.TLS,
            "it is for other names; write in mail.s",
        ),
        (
            TlsMode.NONE,
            lambda it: replace(it, tls=TlsMode.STARTTLS),
            Phase.TLS,
            "does not offer STARTTLS; set mail.tls",
        ),
        (
            TlsMode.NONE,
            lambda it: replace(it, tls=TlsMode.IMPLICIT),
            Phase.TLS,
            'set mail.tls to "starttls", or choose',
        ),
        (
            TlsMode.STARTTLS,
            lambda it: replace(it, ca_file=it.password_file),
            Phase.TLS,
            "(mail.ca_file) cannot be used",
        ),
        (TlsMode.IMPLICIT, lambda it: replace(it, user="otto"), Phase.LOGIN, "does not let otto log in: 535"),
        (
            TlsMode.IMPLICIT,
            lambda it: replace(it, password_file=Path("/none")),
            Phase.LOGIN,
            "from /none: No such file",
        ),
        (TlsMode.STARTTLS, lambda it: replace(it, user=""), Phase.SENDER, "said: 530"),
    ],
)
def test_what_is_between_us_and_the_server_is_named_and_waits_for_somebody_to_mend_it(
    ports: dict[TlsMode, int],
    files: TlsFiles,
    password: Path,
    entrance: TlsMode,
    change: Change,
    phase: Phase,
    said: str,
) -> None:
    good = Smarthost(
        host="127.0.0.1",
        port=ports[entrance],
        tls=entrance if entrance is not TlsMode.NONE else TlsMode.STARTTLS,
        user="anna",
        password_file=password,
        ca_file=files.chain,
        timeouts=QUICK,
    )
    answer, _ = submit(change(good))
    assert isinstance(answer, Deferred)
    assert answer.phase is phase
    assert said in answer.detail


def test_a_certificate_is_not_looked_at_where_that_was_asked_for(ports: dict[TlsMode, int]) -> None:
    smarthost = Smarthost(host="127.0.0.1", port=ports[TlsMode.IMPLICIT], tls=TlsMode.IMPLICIT, verify=False)
    answer, steps = submit(smarthost)
    assert isinstance(answer, Handed)
    assert "the certificate was not looked at" in steps[1].said


def test_a_server_that_is_not_there_is_said_in_plain_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        answer, steps = submit(Smarthost(host="127.0.0.1", port=port, timeouts=replace(QUICK, connect_s=0.05)))
        assert (answer, steps) == (Deferred(detail=f"127.0.0.1:{port} does not answer."), [])
    answer, _ = submit(Smarthost(host="nowhere.invalid", timeouts=QUICK))
    assert answer.detail.startswith("The name in nowhere.invalid:25 is not known: ")


def test_lmtp_puts_mail_into_mailboxes_over_tcp_and_over_a_socket(mailboxes: Mailboxes, tmp_path: Path) -> None:
    mailboxes.got.clear()
    with listening(lambda: LMTP(mailboxes)) as tcp, listening(lambda: LMTP(mailboxes), path=str(tmp_path / "lmtp")):
        over_tcp = LmtpServer(host="127.0.0.1", port=tcp.sockets[0].getsockname()[1], timeouts=QUICK)
        for server in (over_tcp, LmtpServer(socket=tmp_path / "lmtp", timeouts=QUICK)):
            settings = OutgoingSettings(hostname="fax.example", local=server)
            for mailbox in ("anna@example.com", "anna"):
                answer = asyncio.run(deliver(MESSAGE, "", mailbox, settings, "D1"))
                assert answer == Handed(detail=f"{server} said: 2.0.0 kept")
            answer = asyncio.run(deliver(MESSAGE, "", "gone", settings, "D1"))
            assert answer == Refused(detail=f"{server} said: 550 5.1.1 no such mailbox")
    assert mailboxes.got == [("anna@example.com", MESSAGE), ("anna", MESSAGE)] * 2
    (tmp_path / "lmtp").unlink(missing_ok=True)
    answer = asyncio.run(deliver(MESSAGE, "", "anna", settings, "D1"))
    assert answer == Deferred(detail=f"There is no socket {tmp_path}/lmtp; does that server run?")


def test_which_way_a_mailbox_goes(tmp_path: Path) -> None:
    out, own, dovecot = Smarthost(host="mail.example"), Maildirs(root=tmp_path), LmtpServer(host="127.0.0.1")
    alone = OutgoingSettings(hostname="h", local=dovecot)
    assert [alone.way(mailbox) for mailbox in ("anna", "anna@example.com")] == [dovecot, dovecot]
    for local in (own, dovecot):
        both = OutgoingSettings(hostname="h", smarthost=out, local=local, local_domains=("example.com",))
        ways = [both.way(mailbox) for mailbox in ("anna", "anna@Example.com", "anna@sub.example.com", "x@example.org")]
        assert ways == [local, local, out, out]
    assert not OutgoingSettings(hostname="h", smarthost=out).reaches("anna")


def test_ways_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="nowhere"):
        OutgoingSettings(hostname="h")
    with pytest.raises(ValueError, match="one of them"):
        LmtpServer()
    with pytest.raises(ValueError, match="without TLS"):
        Smarthost(host="h", user="fax", password_file=Path("p"))
    with pytest.raises(ValueError, match="password_file"):
        Smarthost(host="h", user="fax", tls=TlsMode.STARTTLS)
