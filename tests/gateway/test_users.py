"""Users from the command line to the door: added, shown, held to their own addresses, removed; judged by swaks and smtplib."""

import asyncio
import contextlib
import json
import smtplib
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from gateway_door import PASSWORD, Gateway, add_anna, login
from scramp import ScramClient

from mailfax.gateway.login import Logins
from mailfax.model.secret import Secret
from mailfax.model.telling import Event, Proof, Telling
from tests.smtp.running import Background

MAIL = "From: Anna <anna@example.org>\r\nSubject: x\r\n\r\nHello\r\n"


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    with contextlib.closing(Background()) as background, contextlib.closing(Gateway(tmp_path, background)) as gateway:
        yield gateway


def test_a_user_is_added_shown_listed_and_removed(gateway: Gateway) -> None:
    add_anna(gateway)
    again = gateway.mailfax("user", "add", "anna", "--address", "*", says=PASSWORD + "\n", status=65)
    assert "already" in again
    made = json.loads(
        gateway.mailfax("user", "add", "scanner", "--address", "*", "--group", "machines", "--generate", "--json")
    )
    assert len(made["password"]) == 40
    shown = json.loads(gateway.mailfax("user", "show", "ANNA", "--json"))
    assert shown["addresses"] == ["anna@example.org", "@sales.example.org"]
    assert [user["name"] for user in json.loads(gateway.mailfax("user", "list", "--json"))] == ["anna", "scanner"]
    assert "in machines" in gateway.mailfax("user", "list")
    for output in (gateway.mailfax("user", "show", "anna"), gateway.mailfax("user", "list", "--json")):
        assert "argon2" not in output
        assert PASSWORD not in output
    kept = gateway.store.user_with_secret("anna")
    assert kept is not None
    assert kept[1].argon2.startswith("$argon2id$")
    assert kept[1].scram is not None
    assert kept[1].scram.iterations >= 50_000
    gateway.mailfax("user", "remove", "anna")
    assert "no user" in gateway.mailfax("user", "show", "anna", status=65)


def test_a_record_is_changed_in_part_and_the_password_stays(gateway: Gateway) -> None:
    add_anna(gateway)
    gateway.mailfax("user", "change", "anna", "--group", "sales", "--station-id", "+1 202 5550111")
    gateway.mailfax("user", "change", "anna", "--address", "anna@example.com", "--station-id", "")
    user = gateway.store.user("anna")
    assert user is not None
    assert (user.addresses, user.groups, user.station_id) == (("anna@example.com",), ("sales",), "")
    assert "a mail address" in gateway.mailfax("user", "change", "anna", "--address", "", status=65)
    assert "no user" in gateway.mailfax("user", "change", "nobody", "--group", "sales", status=65)
    with gateway.client() as client:
        assert login(client, "anna", PASSWORD) == 235


@pytest.mark.parametrize(
    ("words", "password", "sentence"),
    [
        (["anna"], PASSWORD, "a mail address that is his"),
        (["an na", "--address", "*"], PASSWORD, "no user name"),
        (["anna", "--address", "anna@"], PASSWORD, "no mail address"),
        (["anna", "--address", "*", "--group", "Sales Team"], PASSWORD, "group"),
        (["anna", "--address", "*", "--station-id", "+49 30 1234567 890123"], PASSWORD, "20 characters"),
        (["anna", "--address", "*", "--time-zone", "Mars/Olympus"], PASSWORD, "no time zone"),
        (["anna", "--address", "*"], "short", "8 to 1024"),
        (["anna", "--address", "*", "--number", "5557001"], PASSWORD, "needs a mailbox"),
        (["anna", "--address", "a@b.example", "--number", "555-7001"], PASSWORD, "no telephone number"),
        (["anna", "--address", "a@b.example", "--number", "1", "--number", "+1"], PASSWORD, "stands there twice"),
        (["anna", "--address", "a@b.example", "--quota", "sheets/day=3"], PASSWORD, "is no limit"),
        (["anna", "--address", "a@b.example", "--quota", "pages/day=3", "--quota", "pages/day=4"], PASSWORD, "twice"),
        (["anna", "--address", "a@b.example", "--cover", "gilded"], PASSWORD, "there is no cover gilded"),
        (["anna", "--address", "a@b.example", "--mailbox", "../etc"], PASSWORD, "is no mailbox"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(
    gateway: Gateway, words: list[str], password: str, sentence: str
) -> None:
    assert sentence in gateway.mailfax("user", "add", *words, says=password + "\n", status=65)
    assert gateway.store.users() == ()


def test_the_whole_record_of_a_virtual_fax_machine(gateway: Gateway) -> None:
    add_anna(gateway)
    words = "--mailbox anna.faxes --number 5557001 --number +12025557002 --role operator --quota pages/day=100 --quota money/month=12.5"
    gateway.mailfax("user", "change", "anna", *words.split(), "--cover", "default")
    shown = json.loads(gateway.mailfax("user", "show", "anna", "--json"))
    assert (shown["mailbox"], shown["numbers"], shown["roles"]) == (
        "anna.faxes",
        ["5557001", "+12025557002"],
        ["operator"],
    )
    assert [(limit["unit"], limit["period"], limit["most"]) for limit in shown["quota"]] == [
        ("pages", "day", 100),
        ("money", "month", 12.5),
    ]
    text = gateway.mailfax("user", "show", "anna")
    assert "100 pages a day, 12.5 money a month" in text
    assert "cover        default" in text
    taken = gateway.mailfax(
        "user", "add", "ben", "--address", "ben@example.org", "--number", "12025557002", "--no-password", status=65
    )
    assert "12025557002 is a number of the user anna already" in taken
    gateway.mailfax("user", "change", "anna", "--number", "")
    gateway.mailfax("user", "add", "ben", "--address", "ben@example.org", "--number", "12025557002", "--no-password")
    with gateway.client() as client:
        for guess in ("", "x", "$argon2id$"):
            assert login(client, "ben", guess) == 535
    refused = gateway.mailfax("user", "change", "anna", "--number", "12025557002", status=65)
    assert "a number of the user ben" in refused


def test_a_login_in_any_spelling_and_a_new_password_at_once(gateway: Gateway) -> None:
    add_anna(gateway)
    with gateway.client() as client:
        assert login(client, "ANNA", PASSWORD.replace("ü", "u\N{COMBINING DIAERESIS}")) == 235
    gateway.mailfax("user", "password", "anna", says="another one\n")
    for password, code in ((PASSWORD, 535), ("another one", 235)):
        with gateway.client() as client:
            assert login(client, "anna", password) == code
            if code == 235:
                assert client.sendmail("anna@example.org", ["5551234@fax.lan"], MAIL) == {}
    (job,) = gateway.store.jobs()
    submission = gateway.store.submission(job.submission_id)
    assert submission is not None
    assert submission.identity == "anna"


NAMES = [
    ("anna@example.org", "anna@example.org", True),
    ("Anna@Example.ORG", '"Boss" <ANNA@example.org>', True),
    ("anyone@sales.example.org", "else@sales.example.org", True),
    ("boss@example.org", "anna@example.org", False),
    ("anna@example.org", "boss@example.org", False),
    ("anna@example.org", "anna@example.org, boss@example.org", False),
    ("anna@example.org", "anna@example.org\r\nFrom: boss@example.org", False),
    ("anna@example.org", "anna@example.org\r\nSender: boss@example.org", False),
    ("anna@example.org", "boss", False),
    ("anna@evil-sales.example.org", "anna@example.org", False),
    ("anna@sub.sales.example.org", "anna@example.org", False),
]


def test_a_user_writes_in_his_own_name_only(gateway: Gateway) -> None:
    add_anna(gateway)
    with gateway.client() as client:
        assert login(client, "anna", PASSWORD) == 235
        for number, (sender, author, taken) in enumerate(NAMES):
            message = f"From: {author}\r\nSubject: {number}\r\n\r\nHello\r\n"
            if taken:
                assert client.sendmail(sender, ["5551234@fax.lan"], message) == {}
                continue
            with pytest.raises((smtplib.SMTPSenderRefused, smtplib.SMTPDataError)) as refusal:
                client.sendmail(sender, ["5551234@fax.lan"], message)
            assert (refusal.value.smtp_code, refusal.value.smtp_error[:5]) == (553, b"5.7.1"), (sender, author)
            assert b"not-your-address" in refusal.value.smtp_error
    assert len(gateway.store.jobs()) == 3


def test_logins_are_computed_beside_the_event_loop(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a hash is computed (here: as long as the test likes), other clients are served."""
    add_anna(gateway)
    computing, go_on = threading.Event(), threading.Event()

    def slow(*_: object) -> str:
        computing.set()
        assert go_on.wait(20)
        return "anna"

    monkeypatch.setattr("mailfax.gateway.login.Logins._check", slow)
    result: list[int] = []
    with gateway.client() as client, gateway.client() as other:
        client.ehlo()
        thread = threading.Thread(target=lambda: result.append(login(client, "anna", PASSWORD)))
        thread.start()
        assert computing.wait(20)
        assert other.noop()[0] == 250
        go_on.set()
        thread.join(20)
    assert result == [235]


def test_a_full_swarm_of_logins_waits_its_turn(gateway: Gateway) -> None:
    add_anna(gateway)

    async def swarm() -> list[str]:
        logins = Logins(gateway.store)
        return await asyncio.gather(*(logins.check(name, PASSWORD) for name in ("anna", "nobody", "ANNA", "anna")))

    assert gateway.background.run(swarm()) == ["anna", "", "anna", "anna"]


def by_scram(client: smtplib.SMTP, name: str, word: str) -> int:
    """Log in by SCRAM-SHA-256; return the code."""
    client.ehlo_or_helo_if_needed()
    scram = ScramClient(["SCRAM-SHA-256"], name, word)
    code, challenge = client.docmd("AUTH", "SCRAM-SHA-256 " + b64encode(scram.get_client_first().encode()).decode())
    assert code == 334
    scram.set_server_first(b64decode(challenge).decode())
    code, proof = client.docmd(b64encode(scram.get_client_final().encode()).decode())
    if code == 334:
        scram.set_server_final(b64decode(proof).decode())
        code, _ = client.docmd("")
    return code


def test_a_password_from_before_scram_is_good_for_it_after_its_first_use(gateway: Gateway) -> None:
    add_anna(gateway)
    kept = gateway.store.user_with_secret("anna")
    assert kept is not None
    with gateway.client() as client:
        assert by_scram(client, "ANNA", PASSWORD) == 235, "a password that is set now is good for both at once"
    gateway.store.set_secret("anna", Secret(argon2=kept[1].argon2))
    with gateway.client() as client:
        assert by_scram(client, "anna", PASSWORD) == 535
        assert login(client, "anna", PASSWORD + "!") == 535
        assert by_scram(client, "anna", PASSWORD) == 535, "a wrong password makes no keys"
        assert login(client, "anna", PASSWORD) == 235
    with gateway.client() as client:
        assert by_scram(client, "anna", PASSWORD) == 235
    gateway.mailfax("user", "password", "anna", says="something else\n")
    with gateway.client() as client:
        assert by_scram(client, "anna", PASSWORD) == 535
        assert by_scram(client, "anna", "something else") == 235


def test_what_a_user_is_told_is_kept_in_his_record_and_survives_other_changes(gateway: Gateway) -> None:
    add_anna(gateway)
    assert "events       usual" in gateway.mailfax("user", "notices", "anna")
    more = ("--copy", "boss@example.org", "--proof", "all")
    gateway.mailfax("user", "notices", "anna", "--events", "failed, delayed", "--language", "de-AT", *more)
    gateway.mailfax("user", "change", "anna", "--group", "sales")
    user = gateway.store.user("anna")
    assert user is not None
    assert user.telling == Telling(
        events=(Event.DELAYED, Event.FAILED), language="de", copies=("boss@example.org",), proof=Proof.ALL
    )
    gateway.mailfax("user", "notices", "anna", "--events", "none", "--language", "usual", "--copy", "none")
    shown = json.loads(gateway.mailfax("user", "notices", "anna", "--json"))
    assert (shown["events"], shown["language"], shown["copies"]) == ([], "", [])
    for wrong in (("--events", "delivrd"), ("--language", "xx"), ("--copy", "boss"), ("--proof", "some")):
        gateway.mailfax("user", "notices", "anna", *wrong, status=65)
