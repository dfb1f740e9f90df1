"""Quotas, prices and the breaker (AU5, AU6): at the door, when a mail is drawn, at the line, and in the reports; judged by smtplib and by the queue."""

import contextlib
import csv
import io
import json
import smtplib
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from gateway_door import SERVERS, Gateway
from gateway_server import Server, letter
from test_open_relay import written

from mailfax.daemon.build import letterhead, quota_policy
from mailfax.daemon.clock import wall_clock_us
from mailfax.gateway.breaker import BreakerDesk
from mailfax.gateway.quotas import Quotas
from mailfax.model.call import CallResult
from mailfax.model.ids import Kind
from mailfax.model.job import JobState
from mailfax.model.outcome import Outcome
from mailfax.model.pageset import first_pages
from mailfax.model.quota import Period, read_limit
from mailfax.model.secret import Secret
from mailfax.model.submission import Hold
from mailfax.model.user import Role, User
from mailfax.spool.records import Wait
from mailfax.spool.retry import RetryPolicy, decide
from tests.smtp.running import Background
from tests.spool.spoolkit import document, recipient, submission

NO_PASSWORD = Secret(argon2="")
MONEY = """
[quotas]
user = ["pages/day=3", "money/month=100"]
breaker = ["money/hour=4", "calls/hour=50"]
[quotas.domains]
"fax.local" = ["calls/day=1"]
[quotas.lines]
out = ["minutes/day=2"]
[prices]
currency = "EUR"
[prices.minute]
any = 0.5
internal = 1.5
[prices.call]
internal = 0.25
"""


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    """A gateway that knows us by a token, as anna, or by our network."""
    with (
        contextlib.closing(Background()) as background,
        contextlib.closing(Gateway(tmp_path, background, MONEY)) as gateway,
    ):
        user = User(name="anna", addresses=("anna@example.org",), groups=())
        gateway.store.add_user(user, NO_PASSWORD, wall_clock_us())
        yield gateway


def token(gateway: Gateway) -> str:
    return str(json.loads(gateway.mailfax("user", "token", "add", "anna", "--json"))["secret"])


def send(gateway: Gateway, *numbers: str, secret: str = "", billing: str = "") -> str:
    """Send a mail, as anna where there is a token; return the refusal or nothing."""
    head = (f"X-Fax-Token: {secret}\r\n" if secret else "") + (f"X-Fax-Billing: {billing}\r\n" if billing else "")
    suffix = f"+token={secret}" if secret else ""
    with smtplib.SMTP("127.0.0.1", gateway.port(SERVERS), timeout=30) as client:
        client.ehlo("x")
        client.mail("anna@example.org")
        for number in numbers:
            local, _, domain = number.partition("@")
            code, text = client.rcpt(f"{local}{suffix}@{domain or 'fax.lan'}")
            if code != 250:
                break
        else:
            code, text = client.data(f"{head}From: anna@example.org\r\nSubject: x\r\n\r\nHello\r\n")
    sentence = f"{code} {text.decode()}"
    assert code == 250 or written(sentence), sentence
    return "" if code == 250 else sentence


def draw(gateway: Gateway, pages: int) -> None:
    """Draw the next mail, as the render worker does."""
    store, now_us = gateway.store, wall_clock_us()
    mail = store.claim_render(now_us)
    assert mail is not None
    jobs = store.jobs_of(mail.id)
    quotas = Quotas(store, quota_policy(gateway.config))
    waits = quotas.waits(mail, {job.id: pages for job in jobs}, jobs, now_us)
    store.set_document(mail.id, document(pages), now_us, waits=waits)


def call(gateway: Gateway, seconds: float = 61.0, line: str = "out") -> bool:
    """Make the next call; False where no line may."""
    claim = gateway.store.claim_job(line, wall_clock_us())
    if claim is None:
        return False
    pages = first_pages(claim.job.pages or 0)
    result = CallResult(outcome=Outcome.DELIVERED, confirmed=pages, seconds=seconds)
    decision = decide(claim.job, result, wall_clock_us(), RetryPolicy())
    for _ in range(2):  # told twice, it is written down once
        gateway.store.record_call(claim.call_id, claim.job.id, result, decision, wall_clock_us())
    return True


def test_the_page_after_the_last_of_the_day_is_refused_in_the_dialogue(gateway: Gateway) -> None:
    secret = token(gateway)
    for number in ("5550001", "5550002"):
        assert send(gateway, number, secret=secret) == ""
    draw(gateway, pages=2)
    assert call(gateway)
    refused = send(gateway, "5550003", secret=secret)  # two pages are sent, one fax waits
    assert refused.startswith("452 4.7.1")
    assert "quota 3 pages a day, resets 00:00 (2 used, 1 waiting)" in refused
    assert send(gateway, "5550003") == ""  # who is known by his network has no quota of a user
    shown = gateway.mailfax("quota", "show", "anna")
    assert "3 pages a day" in shown
    assert "2 used, 1 waiting, resets 00:00" in shown
    gateway.mailfax("quota", "reset", "user:anna")
    assert send(gateway, "5550003", secret=secret) == ""
    gateway.mailfax("user", "change", "anna", "--quota", "pages/day=2")
    assert "quota 2 pages a day" in send(gateway, "5550004", secret=secret)
    gateway.mailfax("user", "change", "anna", "--quota", "pages/day=200")
    assert send(gateway, "5550004", secret=secret) == ""


def test_a_mail_for_many_is_judged_as_a_whole(gateway: Gateway) -> None:
    refused = send(gateway, *(f"555000{number}" for number in range(4)), secret=token(gateway))
    assert refused.startswith("452 4.7.1")
    assert refused.count("This mail is for 4 numbers.") == 1
    assert gateway.store.jobs() == ()


def test_mails_that_come_at_the_same_time_are_counted_one_after_another(gateway: Gateway) -> None:
    secret = token(gateway)
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(smtplib.SMTP("127.0.0.1", gateway.port(SERVERS), timeout=30)) for _ in range(6)]
        for place, client in enumerate(clients):  # each is told yes while nothing is counted yet
            client.ehlo("x")
            client.mail("anna@example.org")
            assert client.rcpt(f"555000{place}+token={secret}@fax.lan")[0] == 250
        codes: list[int] = []
        head = f"X-Fax-Token: {secret}\r\nFrom: anna@example.org\r\nSubject: x\r\n\r\nHello\r\n"
        senders = [threading.Thread(target=lambda c=client: codes.append(c.data(head)[0])) for client in clients]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
    assert sorted(codes) == [250] * 3 + [452] * 3  # pages/day=3
    assert len(gateway.store.jobs()) == 3


def test_pages_are_known_when_they_are_drawn_and_what_does_not_fit_waits_or_fails(gateway: Gateway) -> None:
    secret = token(gateway)
    for number in ("5550001", "5550002", "5550003"):
        assert send(gateway, number, secret=secret) == ""
    draw(gateway, pages=1)
    draw(gateway, pages=2)  # with the third, of one page so far, they would be four
    draw(gateway, pages=4)  # longer than a day's pages altogether
    first, second, third = reversed(gateway.store.jobs())
    now_us = wall_clock_us()
    assert (first.state, first.not_before_us <= now_us) == (JobState.QUEUED, True)
    assert (second.state, second.not_before_us > now_us) == (JobState.QUEUED, True)
    assert datetime.fromtimestamp(second.not_before_us / 1e6).strftime("%H:%M:%S") == "00:00:00"  # noqa: DTZ006
    assert "waited until 00:00. The fax has 2 pages. The quota of the user anna is used up" in second.notes[0]
    assert (third.state, third.outcome) == (JobState.FAILED, Outcome.QUOTA_EXCEEDED)
    assert call(gateway)
    assert not call(gateway)


def test_a_fax_that_was_held_waits_for_quota_also_when_it_is_released(gateway: Gateway) -> None:
    store, now_us, tomorrow_us = gateway.store, wall_clock_us(), wall_clock_us() + 86_400_000_000
    held = replace(recipient("5550001"), hold=Hold.PREVIEW)
    (job,) = store.accept(submission(store.new_id(Kind.MAIL), held), ["5550001"], now_us).jobs
    mail = store.claim_render(now_us)
    assert mail is not None
    store.set_document(
        mail.id, document(2), now_us, waits={job.id: Wait(until_us=tomorrow_us, why="Over quota.", resets="00:00")}
    )
    released = store.release_held(job.id, "released", now_us)
    assert released is not None
    assert (released.state, released.not_before_us) == (JobState.QUEUED, tomorrow_us)
    assert not call(gateway)


def test_a_domain_and_a_line_have_their_own(gateway: Gateway) -> None:
    assert send(gateway, "5550001@fax.local") == ""
    assert "The quota of the domain fax.local is used up" in send(gateway, "5550002@fax.local")
    assert send(gateway, "5550002@fax.lan") == ""
    quotas = Quotas(gateway.store, quota_policy(gateway.config))
    draw(gateway, pages=1)
    assert quotas.line_may_send("out", wall_clock_us())
    assert call(gateway, seconds=121)
    assert not quotas.line_may_send("out", wall_clock_us())
    assert quotas.line_may_send("in", wall_clock_us())
    assert "line:out" in gateway.mailfax("quota", "show")


def test_the_breaker_stops_everything_and_tells_the_administrators_once(gateway: Gateway) -> None:
    root = User(name="root", addresses=("root@example.org",), roles=(Role.ADMIN,))
    gateway.store.add_user(root, NO_PASSWORD, wall_clock_us())
    desk = BreakerDesk(
        store=gateway.store,
        blobs=gateway.blobs,
        policy=quota_policy(gateway.config),
        letterhead=letterhead(gateway.config),
        catch_all="faxmaster@fax.lan",
        now_us=wall_clock_us,
    )
    for number in ("5550001", "5550002"):
        assert send(gateway, number) == ""
        draw(gateway, pages=1)
    assert call(gateway, seconds=119)  # two minutes at 1.50, and 0.25 for the call
    desk.step()
    assert gateway.store.breaker() == ""
    assert send(gateway, "5550003") == ""
    draw(gateway, pages=1)
    assert call(gateway, seconds=30)  # 5.00 in all
    for _ in range(3):
        desk.step()
    assert gateway.store.breaker() == "5 money were used, and the breaker is set to 4 money an hour."
    (alarm,) = gateway.store.deliveries()
    assert alarm.recipient == "root@example.org"
    assert b"mailfax quota reset breaker" in gateway.blobs.get(alarm.message_digest)
    assert not call(gateway)  # what waits stays
    assert send(gateway, "5550004").startswith("452 4.7.1 All sending is stopped: 5 money were used")
    assert "ALL SENDING IS STOPPED" in gateway.mailfax("quota", "show", status=75)
    assert "faxes go out again" in gateway.mailfax("quota", "reset", "breaker")
    desk.step()
    assert call(gateway)
    assert len(gateway.store.deliveries()) == 1


def test_a_bill_adds_up_by_code_and_by_whatever_is_asked(gateway: Gateway) -> None:
    secret = token(gateway)
    assert send(gateway, "5550001", billing="4711", secret=secret) == ""
    assert send(gateway, "5550002+billing=0815") == ""
    assert send(gateway, "5550003", billing="4711") == ""
    for pages in (2, 1, 1):
        draw(gateway, pages)
    for seconds in (61, 30, 10):
        assert call(gateway, seconds)
    rows = list(csv.DictReader(io.StringIO(gateway.mailfax("report", "billing", "--by", "code"))))
    assert rows == [
        {"code": "0815", "calls": "1", "pages": "1", "minutes": "0.5", "money EUR": "1.75"},
        {"code": "4711", "calls": "2", "pages": "3", "minutes": "1.18", "money EUR": "5.0"},
    ]
    by_user = json.loads(gateway.mailfax("report", "billing", "--json"))
    assert [(row["code"], row["user"], row["pages"]) for row in by_user] == [
        ("0815", "", 1),
        ("4711", "", 1),
        ("4711", "anna", 2),
    ]
    assert (
        json.loads(gateway.mailfax("report", "billing", "--from", "2020-01-01", "--to", "2020-01-31", "--json")) == []
    )
    assert "is no day" in gateway.mailfax("report", "billing", "--from", "yesterday", status=65)


def test_a_day_is_a_day_of_its_zone_also_when_the_clocks_change() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    now = datetime(2026, 10, 25, 2, 30, tzinfo=berlin, fold=1)  # the second 02:30 of that night
    assert str(Period.DAY.began(now).astimezone(ZoneInfo("UTC")))[:16] == "2026-10-24 22:00"
    assert str(Period.DAY.ends(now).astimezone(ZoneInfo("UTC")))[:16] == "2026-10-25 23:00"
    assert str(Period.MONTH.ends(now.replace(day=31)))[:10] == "2026-11-01"
    assert str(Period.MONTH.ends(datetime(2026, 12, 31, 23, 59, tzinfo=berlin)))[:10] == "2027-01-01"
    assert read_limit("money / month = 12.50").written == "money/month=12.5"


def test_the_whole_gateway_lets_a_fax_wait_for_quota_and_tells_its_sender(tmp_path: Path) -> None:
    server = Server(tmp_path, more='[quotas.domains]\n"fax.lan" = ["pages/day=3"]\n')
    server.start()
    try:
        server.wait_until_up()
        assert server.post(letter("anna@example.org", "5558301", pages=2))
        with server.store() as store:
            server.wait_until_books_are_closed(store)
            assert server.post(letter("ben@example.org", "5558302", pages=2))
            mark = store.changed()
            never = threading.Event()
            box = server.mailboxes / "ben@example.org" / "new"
            while not (box.is_dir() and list(box.iterdir())):
                mark = store.wait_for_change(mark, 0.5, never)
            (told,) = box.iterdir()
            assert "quota 3 pages a day, resets 00:00" in " ".join(told.read_text().split())
            waiting = store.jobs()[0]
        assert (waiting.number, waiting.state) == ("5558302", JobState.QUEUED)
        assert waiting.not_before_us > wall_clock_us()
    finally:
        server.stop()
