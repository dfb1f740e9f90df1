"""NO7: programs are told by HTTP, signed as Standard Webhooks says, durable, tried again; judged by a server that checks the signature itself."""

import asyncio
import base64
import hashlib
import hmac
import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from answerkit import GOOD, MINUTE_US, UNREACHABLE, Office, alarms_of, files_of, letter, opened, text_of

from mailfax.gateway.webhook import HookDesk, HookPoint, signature
from mailfax.spool.records import DeliveryKind, DeliveryState

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
CONFIG = (
    '[webhooks.crm]\nurl = "http://127.0.0.1:1/"\nevents = ["fax.delivered", "fax.failed", "fax.delayed", "fax.held"]\n'
)


@dataclass
class Program:
    """A program that listens. `answers` are the codes that it gives, the last one for ever."""

    answers: list[int]
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    port: int = 0


@contextmanager
def listening(*answers: int) -> Iterator[Program]:
    program = Program(answers=list(answers))

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            program.heard.append(({name.lower(): value for name, value in self.headers.items()}, body))
            code = program.answers.pop(0) if len(program.answers) > 1 else program.answers[0]
            self.send_response(code)
            if code == 302:
                self.send_header("Location", f"http://127.0.0.1:{program.port}/elsewhere")
            self.end_headers()
            self.wfile.write(b"says so")

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        program.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield program
        finally:
            server.shutdown()
            thread.join()


def desk(office: Office, port: int, secret_file: Path | None = None) -> HookDesk:
    return HookDesk(
        store=office.store,
        blobs=office.blobs,
        points={"crm": HookPoint(url=f"http://127.0.0.1:{port}/fax", secret_file=secret_file)},
        alarms=alarms_of(office.blobs),
        now_us=office.clock,
        emit=lambda _live: None,
    )


@pytest.fixture
def office() -> Iterator[Office]:
    with opened(CONFIG) as office:
        yield office


def deliver_one(office: Office) -> None:
    office.post(letter(subject="Grüße"), "5551234")
    office.render()
    office.call(GOOD)
    office.tell()


def test_a_program_hears_of_a_delivered_fax_and_can_check_who_says_so(office: Office, tmp_path: Path) -> None:
    secret_file = tmp_path / "secret"
    secret_file.write_text(f"{SECRET}\n")
    deliver_one(office)
    with listening(204) as program:
        assert asyncio.run(desk(office, program.port, secret_file).step())
        assert not asyncio.run(desk(office, program.port, secret_file).step())
    ((headers, body),) = program.heard
    said = json.loads(body)
    assert said["type"] == "fax.delivered"
    assert said["data"]["number"] == "5551234"
    assert said["data"]["subject"] == "Grüße"
    assert said["data"]["calls"][0]["far_machine"] == "+49 30 1234"
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    assert headers["webhook-signature"] == "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    (done,) = [one for one in office.store.deliveries() if one.kind is DeliveryKind.HOOK]
    assert done.state is DeliveryState.DONE


def test_the_signature_is_that_of_the_standard_s_own_example() -> None:
    """The test vector of standard-webhooks/standard-webhooks, libraries/python."""
    body = b'{"test": 2432232314}'
    made = signature(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body)
    assert made == "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_program_that_is_down_is_tried_again_with_the_same_octets(office: Office) -> None:
    deliver_one(office)
    with listening(503, 302, 200) as program:
        for _ in range(3):
            assert asyncio.run(desk(office, program.port).step())
            assert not asyncio.run(desk(office, program.port).step()), "not before its time"
            office.now_us += 10 * MINUTE_US
    assert len(program.heard) == 3, "a redirect is not followed"
    assert len({body for _, body in program.heard}) == 1
    assert len({headers["webhook-id"] for headers, _ in program.heard}) == 1
    (done,) = [one for one in office.store.deliveries() if one.kind is DeliveryKind.HOOK]
    assert (done.state, done.tries) == (DeliveryState.DONE, 3)


def test_what_nobody_takes_is_told_to_the_administrator(office: Office) -> None:
    deliver_one(office)
    with listening(410) as program:
        asyncio.run(desk(office, program.port).step())
    (alarm,) = [one for one in office.store.deliveries() if one.kind is DeliveryKind.ALARM]
    told = office.read(alarm)
    assert "410 says so" in text_of(told)
    assert "did not take what happened to a fax" in told["Subject"]
    (body,) = files_of(told).values()
    assert json.loads(body)["type"] == "fax.delivered", "what it was not told is no mail"


def test_a_hook_that_hangs_holds_up_no_mail_and_nobody_is_asked_for_what_he_does_not_want(office: Office) -> None:
    office.post(letter(), "5551234")
    office.render()
    office.call(UNREACHABLE)
    office.tell()
    kinds = []
    while (claimed := office.store.claim_delivery(office.now_us)) is not None:
        kinds.append(claimed.kind)
    assert kinds == [DeliveryKind.NOTICE]
    waiting = [one for one in office.store.deliveries() if one.state is DeliveryState.WAITING]
    assert [(one.kind, one.recipient) for one in waiting] == [(DeliveryKind.HOOK, "crm")]
    office.post(letter(Message_ID="<2@x>"), "preview+5551234")
    office.render()
    office.tell()
    hooks = [
        json.loads(office.blobs.get(one.message_digest))["type"]
        for one in office.store.deliveries()
        if one.kind is DeliveryKind.HOOK
    ]
    assert hooks == ["fax.failed", "fax.held"]
