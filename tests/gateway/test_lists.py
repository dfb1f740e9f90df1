"""One mail to a list: who may post, who gets it, in which order and at which pace, and one report at the end."""

import contextlib
import csv
import email
import io
import json
import smtplib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from email.policy import default
from pathlib import Path

import pytest
from gateway_door import PASSWORD, Gateway, add_anna, login

from mailfax.daemon import build
from mailfax.gateway.broadcast import BroadcastDesk
from mailfax.model.call import CallResult
from mailfax.model.document import Document, DocumentPage
from mailfax.model.job import JobState
from mailfax.model.outcome import Outcome
from mailfax.model.page import PageBlob, Resolution
from mailfax.model.pageset import first_pages
from mailfax.model.post import PostState
from mailfax.spool import posts
from mailfax.spool.retry import RetryPolicy, decide
from tests.smtp.running import Background

MAIL = "From: Anna <anna@example.org>\r\nSubject: Prices\r\nMessage-ID: <1@example.org>\r\n\r\nHello\r\n"
MEMBERS = """\
number;name;town
5551001;Berta Äpfel;Ulm
555-1002;=cmd();Bonn
5551001;Berta again;Ulm
12;too short;Kiel

5551003;Carl;Jena
"""
LISTS = """
[lists.customers]
members = "customers.csv"
owner = "boss@example.org"
post = ["user:anna", "shell"]
%s
"""
MINUTE_US, HOUR_US = 60_000_000, 3_600_000_000
PAGE = PageBlob(digest="ab" * 32, resolution=Resolution.FINE, width_px=1728, rows=2287, size=5000)


@dataclass
class Broadcast:
    """A gateway with a list, and its workers by hand."""

    gateway: Gateway
    now_us: int = 1_795_356_000_000_000
    rests: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store = self.gateway.store
        self.desk = self.a_desk()

    def a_desk(self) -> BroadcastDesk:
        config = self.gateway.config
        return BroadcastDesk(
            store=self.store,
            blobs=self.gateway.blobs,
            lists=build.mail_lists(config).by_name,
            reporter=build.reporter(config, self.store, self.gateway.blobs, lambda: self.now_us),
            room=build.post_room(config),
            now_us=lambda: self.now_us,
            clock_s=lambda: self.now_us / 1e6,
            rest=self.rests.append,
        )

    def post(self, *to: str) -> str:
        """Send a mail as Anna; return what the server said to DATA."""
        with self.gateway.client() as client:
            assert login(client, "anna", PASSWORD) == 235
            client.mail("anna@example.org")
            for each in to:
                code, said = client.rcpt(each)
                if code != 250:
                    return f"{code} {said.decode()}"
            code, said = client.data(MAIL)
            return f"{code} {said.decode()}"

    def work(self) -> None:
        while self.desk.step():
            pass

    def render(self) -> None:
        while (submission := self.store.claim_render(self.now_us)) is not None:
            pages = (DocumentPage(fine=PAGE, standard=PAGE),)
            self.store.set_document(submission.id, Document(pages=pages, account=()), self.now_us)
        self.work()

    def queued(self) -> list[str]:
        return sorted(job.number for job in self.store.jobs([JobState.QUEUED]))

    def call(self, outcome: Outcome = Outcome.DELIVERED, number: str = "") -> str:
        """Let a line make one call; return the number it dialled."""
        self.now_us += 1_000_000
        claim = self.store.claim_job("out", self.now_us)
        assert claim is not None
        job = claim.job
        assert number in {"", job.number}
        confirmed = first_pages(1) if outcome is Outcome.DELIVERED else frozenset()
        result = CallResult(outcome=outcome, confirmed=confirmed, station_id="THEM")
        decision = decide(job, result, self.now_us, RetryPolicy())
        self.store.record_call(claim.call_id, job.id, result, decision, self.now_us)
        self.work()
        return job.number

    def call_all(self) -> list[str]:
        called = []
        while self.queued():
            called.append(self.call())
        return sorted(called)

    def mails(self) -> dict[str, Message]:
        """Return the mails that wait, by recipient."""
        return {
            one.recipient: email.message_from_bytes(self.gateway.blobs.get(one.message_digest), policy=default)
            for one in self.store.deliveries()
        }


@contextlib.contextmanager
def broadcast(folder: Path, more: str = "", members: str = MEMBERS) -> Iterator[Broadcast]:
    (folder / "customers.csv").write_text(members, encoding="utf-8")
    with (
        contextlib.closing(Background()) as background,
        contextlib.closing(Gateway(folder, background, LISTS % more)) as gateway,
    ):
        add_anna(gateway)
        yield Broadcast(gateway)


def table(report: Message) -> list[dict[str, str]]:
    (attached,) = (part for part in report.walk() if part.get_content_type() == "text/csv")
    octets = attached.get_payload(decode=True)
    assert isinstance(octets, bytes)
    return list(csv.DictReader(io.StringIO(octets.decode("utf-8-sig"))))


def test_each_member_gets_it_once_and_one_report_tells_of_all(tmp_path: Path) -> None:
    with broadcast(tmp_path) as each:
        assert each.post("Customers@fax.lan").startswith("250")
        each.work()
        assert each.queued() == [], "nothing is dialled before there are pages"
        each.render()
        assert each.call_all() == ["5551001", "5551002", "5551003"]
        mails = each.mails()
        assert set(mails) == {"boss@example.org", "anna@example.org"}
        report = mails["boss@example.org"]
        assert report["Subject"] == "Faxed to customers: 3 of 5 delivered: Prices"
        assert report["In-Reply-To"] == "<1@example.org>"
        rows = table(report)
        assert [(row["number"], row["result"]) for row in rows] == [
            ("5551001", "delivered"),
            ("5551002", "delivered"),
            ("5551003", "delivered"),
            ("5551001", "double"),
            ("12", "left out"),
        ]
        assert [row["name"] for row in rows[:2]] == ["Berta Äpfel", "'=cmd()"], "a spreadsheet runs nothing"
        assert rows[0]["station"] == "THEM"
        pdf = next(part for part in report.walk() if part.get_content_type() == "application/pdf")
        octets = pdf.get_payload(decode=True)
        assert isinstance(octets, bytes)
        assert octets.startswith(b"%PDF-")
        assert each.store.next_unnotified() is None, "no mail for each fax"


def test_nobody_posts_who_is_not_named(tmp_path: Path) -> None:
    with (
        broadcast(tmp_path) as each,
        smtplib.SMTP("127.0.0.1", each.gateway.port(0), timeout=30) as known,
    ):
        known.ehlo()
        known.mail("anna@example.org")
        code, said = known.rcpt("customers@fax.lan")
        assert (code, b"You may not post" in said) == (550, True), "an allowed network is not who the list names"


def test_each_number_is_judged_as_if_the_poster_had_written_to_it_alone(tmp_path: Path) -> None:
    rules = '[permissions.not]\nwho = ["user:anna"]\nto = ["5551002"]\ndeny = true\n[permissions.rest]\nwho = ["*"]\nto = ["any"]\n'
    with broadcast(tmp_path, more=rules) as each:
        assert each.post("customers@fax.lan").startswith("250")
        each.work()
        assert {job.number for job in each.store.jobs()} == {"5551001", "5551003"}
        faxed = json.loads(each.gateway.mailfax("list", "members", "customers", "--json"))["faxed"]
        assert len(faxed) == 3, "the command line is another poster"


def test_a_list_goes_alone_and_an_unreadable_one_is_tried_later(tmp_path: Path) -> None:
    with broadcast(tmp_path) as each:
        assert each.post("customers@fax.lan", "5551234@fax.lan").startswith("554 5.5.4")
        assert each.store.jobs() == ()
        (tmp_path / "customers.csv").unlink()
        assert each.post("customers@fax.lan").startswith("451 4.3.5")
        (tmp_path / "customers.csv").write_text("# nobody yet\n")
        assert each.post("customers@fax.lan").startswith("550 5.1.1 Nobody on the list")


def test_a_post_is_written_down_in_slices_and_goes_on_after_a_crash_with_the_list_of_its_beginning(
    tmp_path: Path,
) -> None:
    numbers = [f"555{number:04d}" for number in range(450)]
    with broadcast(tmp_path, members="\n".join(numbers)) as each:
        assert each.post("customers@fax.lan").startswith("250")
        assert each.desk.step()
        assert len(each.store.jobs(limit=9999)) == 200
        (tmp_path / "customers.csv").write_text("5559999\n")
        each.desk = each.a_desk()
        each.work()
        assert len(each.rests) == 2, "the writer is free between two slices"
        assert sorted(job.number for job in each.store.jobs(limit=9999)) == numbers
        assert {job.state for job in each.store.jobs(limit=9999)} == {JobState.LISTED}


def test_only_as_many_as_the_list_may_call_are_queued_so_a_single_fax_does_not_wait_for_all(tmp_path: Path) -> None:
    numbers = [f"555{number:04d}" for number in range(40)]
    with broadcast(tmp_path, more="lines = 2", members="\n".join(numbers)) as each:
        each.post("customers@fax.lan")
        each.work()
        each.render()
        assert len(each.queued()) == 2
        each.post("5559876@fax.lan")
        each.render()
        called = [each.call() for _ in range(3)]
        assert "5559876" in called
        assert each.call_all() == sorted(set(numbers) - set(called))


def test_a_retry_goes_back_to_its_list_and_its_place_to_another(tmp_path: Path) -> None:
    with broadcast(tmp_path, more="lines = 1", members="5551001\n5551002\n") as each:
        each.post("customers@fax.lan")
        each.work()
        each.render()
        first = each.call(Outcome.BUSY)
        assert each.queued() == [({"5551001", "5551002"} - {first}).pop()]
        each.call()
        assert each.queued() == []
        each.now_us += 4 * MINUTE_US
        each.work()
        assert each.queued() == [first]
        each.call()
        assert {row["result"] for row in table(each.mails()["boss@example.org"])} == {"delivered"}


def test_a_paused_list_dials_nothing_until_it_goes_on(tmp_path: Path) -> None:
    with broadcast(tmp_path) as each:
        each.post("customers@fax.lan")
        each.work()
        each.render()
        assert len(each.queued()) == 2
        assert "1 post(s) of customers paused" in each.gateway.mailfax("list", "pause", "customers")
        each.work()
        assert each.queued() == []
        (shown,) = json.loads(each.gateway.mailfax("list", "status", "customers", "--json"))
        assert (shown["paused"], shown["faxes"]) == (True, {"listed": 3})
        each.gateway.mailfax("list", "resume", "customers")
        each.work()
        assert len(each.call_all()) == 3


def test_calls_are_spread_over_the_hour(tmp_path: Path) -> None:
    with broadcast(tmp_path, more="per_hour = 60") as each:
        each.post("customers@fax.lan")
        each.work()
        each.render()
        assert len(each.queued()) == 1
        each.call()
        each.work()
        assert each.queued() == []
        each.now_us += MINUTE_US
        each.work()
        assert len(each.queued()) == 1
        each.call()
        assert each.queued() == []
        each.now_us -= HOUR_US // 2
        each.work()
        assert len(each.queued()) == 1, "a clock that was set back stops nothing"


def test_a_moderated_post_waits_for_its_moderator(tmp_path: Path) -> None:
    with broadcast(tmp_path, more='moderated = true\nmoderators = ["mod@example.org"]') as each:
        each.post("customers@fax.lan")
        each.work()
        each.render()
        assert each.queued() == []
        asked = each.mails()
        assert set(asked) == {"mod@example.org"}
        (post,) = posts.unfinished(each.store)
        assert f"mailfax list release {post.id}" in asked["mod@example.org"].get_content()  # type: ignore[attr-defined]
        each.gateway.mailfax("list", "release", post.id)
        each.work()
        assert len(each.call_all()) == 3
        assert "does not wait" in each.gateway.mailfax("list", "release", post.id, status=65)


def test_a_post_is_dropped_and_the_report_says_what_was_sent(tmp_path: Path) -> None:
    with broadcast(tmp_path, more="lines = 1") as each:
        each.post("customers@fax.lan")
        each.work()
        each.render()
        sent = each.call()
        (post,) = posts.unfinished(each.store)
        assert "2 fax(es)" in each.gateway.mailfax("list", "cancel", post.id)
        each.work()
        rows = table(each.mails()["boss@example.org"])
        assert {row["number"]: row["result"] for row in rows if row["result"] in {"delivered", "cancelled"}} == {
            number: "delivered" if number == sent else "cancelled" for number in ("5551001", "5551002", "5551003")
        }


def test_who_opted_out_gets_nothing_also_from_a_post_under_way(tmp_path: Path) -> None:
    with broadcast(tmp_path, more="lines = 1") as each:
        each.gateway.mailfax("list", "optout", "5551002", "--list", "customers", "--why", "called us")
        each.post("customers@fax.lan")
        each.work()
        each.gateway.mailfax("list", "optout", "555-1003")
        each.render()
        assert each.call_all() == ["5551001"]
        rows = {row["number"]: (row["result"], row["code"]) for row in table(each.mails()["boss@example.org"])}
        assert rows["5551002"] == ("left out", "opted-out")
        assert rows["5551003"] == ("cancelled", "opted-out")
        listed = json.loads(each.gateway.mailfax("list", "optout", "--json"))
        assert [(one["number"], one["list"]) for one in listed] == [("5551002", "customers"), ("5551003", "")]
        each.gateway.mailfax("list", "optout", "5551003", "--remove")
        assert len(json.loads(each.gateway.mailfax("list", "optout", "--json"))) == 1
        each.gateway.mailfax("list", "optout", "an na", status=65)


def test_a_mail_that_cannot_be_faxed_ends_the_whole_post_with_one_report(tmp_path: Path) -> None:
    with broadcast(tmp_path) as each:
        each.post("customers@fax.lan")
        each.work()
        submission = each.store.claim_render(each.now_us)
        assert submission is not None
        each.store.fail_submission(submission.id, Outcome.UNFAXABLE, "film.mp4 cannot be faxed.", (), each.now_us)
        each.work()
        rows = table(each.mails()["anna@example.org"])
        assert [row["result"] for row in rows[:3]] == ["not delivered"] * 3
        assert "film.mp4" in rows[0]["explanation"]


def test_an_interim_report_is_made_whenever_it_is_wanted(tmp_path: Path) -> None:
    with broadcast(tmp_path, more="lines = 1") as each:
        each.post("customers@fax.lan")
        each.work()
        each.render()
        each.call()
        (post,) = posts.unfinished(each.store)
        file = tmp_path / "now.csv"
        said = each.gateway.mailfax(
            "list", "report", post.id, "--csv", str(file), "--pdf", str(tmp_path / "now.pdf"), "--to", "me@example.org"
        )
        assert "is under way" in said
        results = [row["result"] for row in csv.DictReader(io.StringIO(file.read_text("utf-8-sig")))]
        assert results.count("waiting") == 2
        assert each.mails()["me@example.org"]["Subject"].startswith("So far to customers: 1 of 5 delivered")


def test_members_come_from_a_database_too(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "crm.db")) as crm:
        crm.execute("CREATE TABLE customers (name TEXT, fax TEXT, active INT)")
        crm.executemany("INSERT INTO customers VALUES (?, ?, ?)", [("A", "5551001", 1), ("B", "5551002", 0)])
        crm.commit()
    text = LISTS.replace(
        'members = "customers.csv"',
        f'database = "sqlite:///{tmp_path / "crm.db"}"\nquery = "SELECT name, fax FROM customers WHERE active = 1"',
    )
    with (
        contextlib.closing(Background()) as background,
        contextlib.closing(Gateway(tmp_path, background, text % "")) as gateway,
    ):
        shown = json.loads(gateway.mailfax("list", "members", "customers", "--json"))
        assert shown["faxed"] == [{"number": "5551001", "dialled": "5551001", "name": "A"}]


def test_files_are_posted_from_the_command_line(tmp_path: Path) -> None:
    with broadcast(tmp_path) as each:
        made = json.loads(each.gateway.mailfax("list", "post", "customers", str(tmp_path / "customers.csv"), "--json"))
        assert made["members"] == 3
        each.work()
        each.render()
        assert len(each.call_all()) == 3
        assert "there is no list nobody" in each.gateway.mailfax("list", "members", "nobody", status=65)


def test_what_the_mail_asks_holds_for_each_and_the_list_says_at_the_foot_how_to_opt_out(tmp_path: Path) -> None:
    with broadcast(tmp_path, more='footer = "No more? Fax to 5550000"') as each:
        each.post("customers@fax.lan")
        (post,) = posts.unfinished(each.store)
        assert build.footer_of(each.gateway.config, each.store)(post.id) == "No more? Fax to 5550000"
        each.work()
        assert {job.recipient.addressee.name for job in each.store.jobs()} == {"Berta Äpfel", "=cmd()", "Carl"}
        assert {job.recipient.tariff.kind for job in each.store.jobs()} == {"internal"}  # what its price goes by
        assert {job.recipient.addressee.lines for job in each.store.jobs()} == {("Ulm",), ("Bonn",), ("Jena",)}


def test_the_same_mail_that_comes_again_is_one_post(tmp_path: Path) -> None:
    with broadcast(tmp_path) as each:
        first = each.post("customers@fax.lan")
        assert each.post("customers@fax.lan") == first, "the 250 was lost, and the client sends again"
        each.work()
        assert len(each.store.jobs()) == 3


def test_a_post_counts_against_the_quota_of_whoever_posts_it(tmp_path: Path) -> None:
    with broadcast(tmp_path, more='[quotas]\nuser = ["calls/day=2"]') as each:
        assert each.post("customers@fax.lan").startswith("452")
        assert each.store.jobs() == ()


def test_a_post_counts_from_its_250_on_and_not_only_when_its_faxes_are_written_down(tmp_path: Path) -> None:
    with broadcast(tmp_path, more='[quotas]\nuser = ["calls/day=5"]\n[notices]\nduplicates_h = 0') as each:
        assert each.post("customers@fax.lan").startswith("250")
        assert each.post("customers@fax.lan").startswith("452")
        each.work()
        assert len(each.store.jobs()) == 3
        assert each.post("customers@fax.lan").startswith("452")


@pytest.mark.parametrize(("word", "faxed"), [("SEND", 3), ("Cancel please", 0)])
def test_a_moderator_answers_the_question_by_mail_and_nobody_without_its_secret_does(
    tmp_path: Path, word: str, faxed: int
) -> None:
    with broadcast(tmp_path, more='moderated = true\nmoderators = ["mod@example.org"]') as each:
        each.post("customers@fax.lan")
        each.work()
        each.render()
        back = str(each.mails()["mod@example.org"]["Reply-To"])
        name, _, secret = back.partition("@")[0].rpartition(".")

        def answer(to: str) -> None:
            with smtplib.SMTP("127.0.0.1", each.gateway.port(0), timeout=30) as client:
                client.sendmail("mod@example.org", [to], f"Subject: Re: x\r\nMessage-ID: <{to}>\r\n\r\n{word}\r\n")

        answer(f"{name}.{secret[::-1]}@fax.lan")
        answer(f"{word.split(maxsplit=1)[0].lower()}+{name.removeprefix('reply+')}@fax.lan")
        each.work()
        (post,) = posts.unfinished(each.store)
        assert post.state is PostState.HELD
        answer(back)
        each.work()
        assert len(each.call_all()) == faxed
        assert posts.unfinished(each.store) == ()
