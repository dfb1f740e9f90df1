"""Below the free-space reserve nothing is promised: mail gets 452, a ringing call is left ringing, and both are taken again later."""

import contextlib
import smtplib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from gateway_server import Server, letter

from mailfax.daemon.clock import id_maker, wall_clock_us
from mailfax.gateway.desk import Desk
from mailfax.gateway.identity import Identity
from mailfax.gateway.inbound import take_call
from mailfax.modem.line import DialResult, IncomingCall
from mailfax.spool.blobs import BlobStore
from mailfax.spool.retry import RetryPolicy
from mailfax.spool.settings import SpoolSettings
from mailfax.spool.store import Store
from mailfax.t30.commands import LineCommand, LineResult
from mailfax.t30.modulation import Modulation
from mailfax.t30.negotiate import FULL_OFFER

PETABYTE_IN_MB = 10**9
RESERVE = 200 << 20


@pytest.fixture
def full_server() -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="mailfax-full-") as name:
        server = Server(Path(name), more=f"[spool]\nreserve_mb = {PETABYTE_IN_MB}")
        server.start()
        server.wait_until_up()
        yield server
        server.stop()


def test_mail_is_refused_for_now_and_nothing_of_it_is_kept(full_server: Server) -> None:
    with pytest.raises(smtplib.SMTPDataError) as refused:
        full_server.post(letter("alice@example.org", "5551234"))
    assert refused.value.smtp_code == 452
    assert bytes(refused.value.smtp_error).startswith(b"4.3.1 The server is out of storage space.")
    with full_server.store() as store:
        assert store.jobs() == ()
        assert store.next_unnotified() is None


class RingingLine:
    """A line on which somebody calls, and hangs up when he is answered."""

    name = "in"
    best_modulation = Modulation.V17_14400

    def __init__(self) -> None:
        self.answered = 0

    def answer(self) -> bool:
        self.answered += 1
        return False

    def hang_up(self) -> None:
        """Nothing is connected."""

    def dial(self, number: str) -> DialResult:
        raise NotImplementedError

    def wait_for_call(self, timeout_s: float) -> IncomingCall | None:
        raise NotImplementedError

    def check(self) -> None:
        raise NotImplementedError

    def decline(self) -> None:
        raise NotImplementedError

    def perform(self, command: LineCommand) -> LineResult:
        raise NotImplementedError

    def stop(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError


@pytest.mark.parametrize(("free_bytes", "answered"), [(RESERVE - 1, 0), (RESERVE, 1)])
def test_a_line_answers_only_where_a_fax_would_find_room(tmp_path: Path, free_bytes: int, answered: int) -> None:
    settings = SpoolSettings(directory=tmp_path, reserve_bytes=RESERVE)
    line = RingingLine()
    with (
        contextlib.closing(Store(settings, id_maker(), lambda _: free_bytes)) as store,
        contextlib.closing(BlobStore(settings)) as blobs,
    ):
        desk = Desk(
            line_name="in",
            store=store,
            blobs=blobs,
            calls_root=settings.calls,
            now_us=wall_clock_us,
            clock_s=lambda: 0.0,
            new_id=id_maker(),
            identity=Identity(),
            retry=RetryPolicy(),
            jitter=lambda: 0.0,
            emit=lambda _: None,
            stopping=lambda: False,
            offer=FULL_OFFER,
        )
        take_call(IncomingCall(called="5551234", caller="5550001"), line, desk)
        assert (line.answered, len(store.faxes())) == (answered, answered)
