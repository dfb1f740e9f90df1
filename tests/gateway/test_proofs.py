"""Who sends, proved by the message alone: tokens, DKIM, the word of a mail server of ours; and each of them forged, replayed, worn out.

Judged by smtplib at a real listener to which everybody is a stranger; no line, so an empty queue proves that nothing is dialled.
"""

import contextlib
import io
import json
import smtplib
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

import pytest
import structlog
from gateway_door import PASSWORD, SERVERS, Gateway, login
from test_open_relay import STRANGER, written

from mailfax.gateway.tokens import secret_hash
from mailfax.model.submission import Submission
from mailfax.model.token import Token
from mailfax.spool.records import NewDelivery, Taken
from tests.smtp.dkimkit import Dns, signed
from tests.smtp.running import Background

TRUST = """
[trust]
sender_domains = ["example.org"]
authserv_id = "mx.example.net"
authserv_networks = ["{networks}"]
[domains."fax.us"]
plan = "e164"
country = "US"
"""
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
RESULT = "Authentication-Results: mx.example.net; dmarc=pass header.from=example.org\r\n"


@contextlib.contextmanager
def gateway_in(folder: Path, dns: Dns, networks: str) -> Iterator[Gateway]:
    more = TRUST.format(networks=networks)
    with (
        contextlib.closing(Background()) as background,
        contextlib.closing(Gateway(folder, background, more, "", txt=dns)) as gateway,
    ):
        gateway.mailfax("user", "add", "anna", "--address", "anna@example.org", "--no-password")
        yield gateway


@pytest.fixture
def dns() -> Dns:
    dns = Dns()
    dns.publish("example.org")
    dns.publish("evil.example")
    return dns


@pytest.fixture
def gateway(tmp_path: Path, dns: Dns) -> Iterator[Gateway]:
    """A gateway that believes signatures of example.org; the server that may vouch is elsewhere."""
    with gateway_in(tmp_path, dns, "192.0.2.1") as gateway:
        yield gateway


@pytest.fixture
def behind(tmp_path: Path, dns: Dns) -> Iterator[Gateway]:
    """A gateway behind a mail server of ours: us."""
    with gateway_in(tmp_path, dns, "127.0.0.1") as gateway:
        yield gateway


def mail(author: str = "anna@example.org", to: str = "5551234@fax.lan", more: str = "", subject: str = "x") -> bytes:
    date = format_datetime(datetime.fromtimestamp(time.time(), UTC))
    return f"{more}From: {author}\r\nTo: {to}\r\nSubject: {subject}\r\nDate: {date}\r\n\r\nHello\r\n".encode()


def send(
    gateway: Gateway, octets: bytes, to: tuple[str, ...] = ("5551234@fax.lan",), sender: str = "anna@example.org"
) -> str:
    """Send a mail as a stranger; return the refusal, at RCPT or after DATA, or nothing."""
    with smtplib.SMTP("127.0.0.1", gateway.port(SERVERS), timeout=30) as client:
        client.ehlo("x")
        client.mail(sender)
        for recipient in to:
            code, text = client.rcpt(recipient)
            if code != 250:
                sentence = f"{code} {text.decode()}"
                break
            assert text == b"2.1.5 Noted; the message has to prove who sends it"
        else:
            code, text = client.data(octets)
            sentence = f"{code} {text.decode()}"
    if code == 250:
        return ""
    assert written(sentence) or code in {452, 554}, sentence
    return sentence


def token(gateway: Gateway, *words: str, user: str = "anna") -> str:
    return str(json.loads(gateway.mailfax("user", "token", "add", user, "--json", *words))["secret"])


def senders(gateway: Gateway) -> list[str]:
    """Return who sent what waits, oldest first."""
    mails = [gateway.store.submission(job.submission_id) for job in reversed(gateway.store.jobs())]
    return [mail.identity for mail in mails if mail is not None]


# -- DKIM, checked here


def test_a_signed_mail_is_of_the_user_who_has_its_address(gateway: Gateway) -> None:
    assert send(gateway, signed(mail(), "example.org")) == ""
    assert senders(gateway) == ["anna"]


def test_a_forged_author_is_refused_after_data(gateway: Gateway) -> None:
    for octets, why in (
        (mail(), "no DKIM signature"),
        (signed(mail(), "evil.example"), "no DKIM signature of it is one of example.org"),
        (signed(mail(), "example.org").replace(b"Hello", b"Hi"), "does not hold"),
        (signed(mail(to="boss@example.org"), "example.org"), "stands neither in its To nor in its Cc"),
        (b"From: anna@example.org\r\n" + signed(mail("x@evil.example"), "evil.example"), "more than one header From"),
        (signed(mail("boss@example.org"), "example.org"), "Its author is not known"),
        (RESULT.encode() + mail(), "no DKIM signature"),  # written by the client itself
    ):
        sentence = send(gateway, octets)
        assert sentence.startswith("550 5.7.1")
        assert why in sentence
    assert senders(gateway) == []


def test_a_stranger_who_could_prove_nothing_hears_it_at_rcpt(gateway: Gateway) -> None:
    for sender, recipient in (
        ("x@evil.example", "5551234@fax.lan"),  # nobody's address
        ("boss@example.org", "5551234@fax.lan"),  # of a domain that is believed, and no user's
        ("anna@example.org", "someone@example.com"),  # not our domain
    ):
        assert send(gateway, signed(mail(), "example.org"), (recipient,), sender) == STRANGER
    assert senders(gateway) == []


def test_a_signed_mail_is_taken_once_for_each_number(gateway: Gateway) -> None:
    octets = signed(mail(to="5551234@fax.lan, 5551235@fax.lan"), "example.org")
    assert send(gateway, octets) == ""
    replayed = send(gateway, b"Received: from elsewhere\r\n" + octets)
    assert "was taken once already" in replayed
    assert send(gateway, octets, ("5551235@fax.lan",)) == ""
    assert "was taken once already" in send(gateway, octets, ("5551234@fax.lan", "5551235@fax.lan"))
    assert "neither in its To" in send(gateway, octets, ("5559999@fax.lan",))
    assert len(senders(gateway)) == 2


def test_a_signature_written_in_another_way_is_no_other_signature(gateway: Gateway) -> None:
    octets = signed(mail(), "example.org")
    assert send(gateway, octets) == ""
    start = octets.index(b" b=") + 3
    value = octets[start : octets.index(b"\r\nFrom:")]
    assert value.rstrip().endswith(b"=")
    spare = value.rstrip()[-2:-1]  # its last two bits are nobody's
    twin = bytes([_BASE64[_BASE64.index(spare) ^ 1]])
    for other in (value + b"====", value.rstrip()[:-2] + twin + b"="):  # base64 means the same, so it holds
        again = octets.replace(value, other)
        once_more = b"X-Fax-Duplicate: yes\r\nMessage-ID: <other@x>\r\n" + again  # nothing that it covers
        assert "The message was taken once already" in send(gateway, once_more)
    assert len(senders(gateway)) == 1


def test_a_client_that_hangs_up_does_not_get_its_proof_back(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    octets, keep = signed(mail(), "example.org"), gateway.store.accept
    begun, go, kept = threading.Event(), threading.Event(), threading.Event()

    def slow(
        submission: Submission, numbers: Sequence[str], now_us: int, *, window_us: int, new: Sequence[NewDelivery]
    ) -> Taken:
        begun.set()
        assert go.wait(30)
        taken = keep(submission, numbers, now_us, window_us=window_us, new=new)
        kept.set()
        return taken

    with monkeypatch.context() as patch:
        patch.setattr(gateway.store, "accept", slow)
        client = smtplib.SMTP("127.0.0.1", gateway.port(SERVERS), timeout=30)
        client.ehlo("x")
        client.mail("anna@example.org")
        client.rcpt("5551234@fax.lan")
        client.docmd("DATA")
        client.send(octets + b".\r\n")
        assert begun.wait(30)
        client.close()
        with smtplib.SMTP("127.0.0.1", gateway.port(SERVERS), timeout=30) as other:
            other.ehlo("y")  # by now the server knows that the first is gone
        go.set()
        assert kept.wait(30)
    replayed = send(gateway, b"X-Fax-Duplicate: yes\r\nMessage-ID: <other@x>\r\n" + octets)
    assert "was taken once already" in replayed
    assert len(senders(gateway)) == 1


def test_what_was_not_taken_may_come_again(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    octets = signed(mail(), "example.org")
    with monkeypatch.context() as patch:
        patch.setattr(gateway.store, "has_room", lambda _octets=0: False)
        assert send(gateway, octets).startswith("452 4.3.1")
    assert send(gateway, octets) == ""


def test_dns_without_an_answer_is_a_temporary_refusal(gateway: Gateway, dns: Dns) -> None:
    dns.down.add("s1._domainkey.example.org")
    octets = signed(mail(), "example.org")
    assert send(gateway, octets).startswith("451 4.7.1")
    dns.down.clear()
    assert send(gateway, octets) == ""


def test_who_is_proved_is_held_to_his_rights(gateway: Gateway) -> None:
    octets = signed(mail(to="5551234@fax.lan, 911@fax.us"), "example.org")
    sentence = send(gateway, octets, ("5551234@fax.lan", "911@fax.us"))
    assert sentence.startswith("550 5.7.1 911@fax.us: 911: the destination class")
    assert "Nothing of this message is faxed." in sentence
    assert senders(gateway) == []


# -- the word of a mail server of ours


def test_a_server_of_ours_vouches_for_the_author(behind: Gateway) -> None:
    assert send(behind, mail(more=RESULT)) == ""
    assert "was taken once already" in send(behind, mail(more=RESULT))
    other = RESULT.replace("header.from=example.org", "header.from=evil.example")
    assert "found no proof" not in send(
        behind, signed(mail(subject="y"), "example.org")
    )  # its silence, and a signature
    for results in (other, "Authentication-Results: mx.example.net; none\r\n" + RESULT):
        assert "550 5.7.1" in send(behind, mail(more=results, subject="z"))
    later = RESULT.replace("dmarc=pass", "dmarc=temperror")
    assert send(behind, mail(more=later, subject="z")).startswith("451 4.7.1")
    assert senders(behind) == ["anna", "anna"]


# -- tokens


def test_a_token_in_a_header_the_subject_or_the_address_is_as_good_as_a_login(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = io.StringIO()
    for name, module in list(sys.modules.items()):
        if name.startswith("mailfax.") and hasattr(module, "_log"):
            monkeypatch.setattr(module, "_log", structlog.wrap_logger(structlog.PrintLogger(said)))
    secret = token(gateway)
    suffixed = f"5551234+standard+token={secret}@fax.lan"
    for octets, to in (
        (mail(more=f"X-Fax-Token: {secret}\r\n"), "5551234@fax.lan"),
        (mail(subject=f"[token={secret.upper()}] Invoice"), "5551234@fax.lan"),
        (mail(subject=f"[standard token={secret}] Invoice"), "5551234@fax.lan"),
        (mail(to=suffixed, subject="y", more=f"Received: by mx.example.org for <{suffixed}>\r\n"), suffixed),
    ):
        assert send(gateway, octets, (to,)) == ""
    assert senders(gateway) == ["anna"] * 4
    kept = [gateway.store.submission(job.submission_id) for job in gateway.store.jobs()]
    for submission in kept:
        assert submission is not None
        at_rest = gateway.blobs.get(submission.message_digest)
        assert secret not in at_rest.decode().lower()
        assert b"Hello" in at_rest
        assert secret not in repr(submission)
    assert sorted({submission.subject for submission in kept if submission}) == ["Invoice", "x", "y"]
    assert "sender proved" in said.getvalue()
    assert secret not in said.getvalue().lower()
    assert secret not in gateway.mailfax("user", "token", "list", "anna", "--json")
    assert "used 20" in gateway.mailfax("user", "token", "list")


def test_where_tokens_do_not_count_they_are_only_taken_out(tmp_path: Path, dns: Dns) -> None:
    more = "[trust]\ntokens = false\n"
    with (
        contextlib.closing(Background()) as background,
        contextlib.closing(Gateway(tmp_path, background, more)) as gateway,
    ):
        gateway.mailfax("user", "add", "anna", "--address", "anna@example.org", "--no-password")
        secret = token(gateway)
        with smtplib.SMTP("127.0.0.1", gateway.port(SERVERS), timeout=30) as client:
            octets = mail(more=f"X-Fax-Token: {secret}\r\n")
            assert client.sendmail("anna@example.org", [f"5551234+token={secret}@fax.lan"], octets) == {}
        (job,) = gateway.store.jobs()
        kept = gateway.store.submission(job.submission_id)
        assert kept is not None
        assert kept.identity == ""
        assert secret.encode() not in gateway.blobs.get(kept.message_digest)


def test_a_token_is_one_users_and_so_is_the_name_it_writes_in(gateway: Gateway) -> None:
    gateway.mailfax("user", "add", "ben", "--address", "ben@example.org", "--no-password")
    secret = token(gateway, user="ben")
    for author, sender in (("anna@example.org", "ben@example.org"), ("ben@example.org", "anna@example.org")):
        octets = mail(author, more=f"X-Fax-Token: {secret}\r\n")
        assert send(gateway, octets, sender=sender).startswith("553 5.7.1")
    assert senders(gateway) == []


def test_a_token_that_is_worth_nothing(gateway: Gateway) -> None:
    """Expired, used up, removed, guessed, two of them; and with its user all go."""
    kept = token(gateway, "--label", "kept")  # so that anna could still prove herself
    once, removed, old = token(gateway, "--uses", "1"), token(gateway, "--label", "removed"), "0123456789abcdef" * 2
    expired = Token(id="T0000000000AA", user="anna", label="old", created_us=0, expires_us=1)
    gateway.store.add_token(expired, secret_hash(old))
    assert send(gateway, mail(more=f"X-Fax-Token: {once}\r\n")) == ""
    (to_remove,) = (each.id for each in gateway.store.tokens() if each.label == "removed")
    gateway.mailfax("user", "token", "remove", to_remove)
    for secret in (
        once,
        removed,
        old,
        kept[:-1] + ("0" if kept[-1] != "0" else "1"),
        "",
        "x",
        f"{kept}\r\nX-Fax-Token: {once}",
    ):
        assert "Its token is not valid" in send(gateway, mail(more=f"X-Fax-Token: {secret}\r\n")), secret
    assert senders(gateway) == ["anna"]
    gateway.mailfax("user", "remove", "anna")
    assert send(gateway, mail(more=f"X-Fax-Token: {kept}\r\n")) == STRANGER
    assert gateway.store.tokens() == ()


def test_a_token_with_one_use_is_not_lost_with_a_mail_that_was_refused(gateway: Gateway) -> None:
    secret = token(gateway, "--uses", "1")
    octets = mail(more=f"X-Fax-Token: {secret}\r\nX-Fax-Colour: green\r\n")
    assert send(gateway, octets).startswith("554 5.6.0")
    assert send(gateway, octets.replace(b"X-Fax-Colour: green\r\n", b"")) == ""


def test_somebody_who_is_known_needs_no_token_and_it_is_taken_out_all_the_same(gateway: Gateway) -> None:
    gateway.mailfax("user", "password", "anna", says=PASSWORD + "\n")
    with gateway.client() as client:
        assert login(client, "anna", PASSWORD) == 235
        assert client.sendmail("anna@example.org", ["5551234+token=0123456789abcdef0123@fax.lan"], mail()) == {}
    (job,) = gateway.store.jobs()
    assert job.number == "5551234"
