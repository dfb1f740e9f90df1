"""Names before the @: from the command line to the queue and the cover, in the books of everybody, a domain and a user; judged by smtplib."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from gateway_door import PASSWORD, Gateway, login

from mailfax.gateway.covers import CoverPolicy, covers_for
from mailfax.gateway.identity import Identity
from mailfax.render.coverset import load_covers
from tests.smtp.running import Background

MAIL = "From: anna@example.org\r\nSubject: x\r\n\r\nHello\r\n"


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    with contextlib.closing(Background()) as background, contextlib.closing(Gateway(tmp_path, background)) as gateway:
        gateway.mailfax("user", "add", "anna", "--address", "anna@example.org", says=PASSWORD + "\n")
        yield gateway


def test_the_nearest_book_counts_and_names_nobody_has_are_refused(gateway: Gateway) -> None:
    gateway.mailfax("alias", "add", "Acme", "5550001", "--to", "Jane Doe", "--company", "Acme Ltd")
    gateway.mailfax("alias", "add", "acme", "5550002#12", "--domain", "FAX.LAN")
    gateway.mailfax("alias", "add", "acme", "5550003", "--user", "anna", "--to", "My Acme")
    with gateway.client() as client:
        assert login(client, "anna", PASSWORD) == 235
        client.mail("anna@example.org")
        assert client.rcpt("ACME@fax.lan") == (250, b"2.1.5 5550003@fax.lan will be faxed")
        code, text = client.rcpt("acme2@fax.lan")
        assert (code, text[:5], b"(unknown-name)" in text) == (550, b"5.1.1", True)
        gateway.mailfax("alias", "remove", "acme", "--user", "anna")
        assert client.rcpt("acme@fax.lan") == (250, b"2.1.5 5550002#12@fax.lan will be faxed")
        assert client.rcpt("acme@fax.local") == (250, b"2.1.5 5550001@fax.local will be faxed")
        assert client.rcpt("FAX=5550004/T33S=1/T33S=2/ATTN=Tom.Jones@fax.lan")[0] == 250
        assert client.data(MAIL)[0] == 250
    jobs = sorted(gateway.store.jobs(), key=lambda job: (job.number, job.recipient.address.subaddress))
    assert [(job.number, job.recipient.address.subaddress, job.recipient.addressee.name) for job in jobs] == [
        ("5550001", "", "Jane Doe"),
        ("5550002", "12", ""),
        ("5550003", "", "My Acme"),
        ("5550004", "1", "Tom Jones"),
        ("5550004", "2", "Tom Jones"),
    ]
    submission = gateway.store.submission(jobs[0].submission_id)
    assert submission is not None
    policy = CoverPolicy(covers=load_covers(None), when_named=True)
    wanted, order = covers_for(submission, jobs, Identity(), policy)
    assert [job.number for job in wanted] == ["5550001", "5550003", "5550004", "5550004"]
    assert (order.wanted[0].to_name, order.wanted[0].to_place) == ("Jane Doe", "Acme Ltd")
    explained = gateway.mailfax("number", "explain", "acme")
    assert "address book             5550002#12" in explained
    assert "unknown" not in explained


def test_books_come_from_files_and_go_into_them(gateway: Gateway, tmp_path: Path) -> None:
    book = tmp_path / "book.csv"
    book.write_text("\ufeffName,Number,To,Company\nacme,5550001,Jane Doe,Acme Ltd\nBob,555-0002,,\n", "utf-8")
    assert "2 names added" in gateway.mailfax("alias", "import", str(book))
    out = gateway.mailfax("alias", "list", "--csv")
    assert out == "name,number,to,company\nacme,5550001,Jane Doe,Acme Ltd\nbob,555-0002,,\n"
    toml = tmp_path / "book.toml"
    toml.write_text('[carla]\nnumber = "5550003"\nto = "Carla"\n', "utf-8")
    gateway.mailfax("alias", "import", str(toml), "--domain", "fax.lan")
    gateway.mailfax("alias", "import", "-", "--user", "anna", says="name,number\ndora,5550004\n")
    listed = json.loads(gateway.mailfax("alias", "list", "--json"))
    assert [(each["scope"], each["name"]) for each in listed] == [
        ("*", "acme"),
        ("*", "bob"),
        ("@fax.lan", "carla"),
        ("anna", "dora"),
    ]
    assert "carla" not in gateway.mailfax("alias", "list", "--user", "anna")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["add", "5551234", "5551234"], "is no name for an address book"),
        (["add", "p", "5551234"], "is no name for an address book"),
        (["add", "acme", "john"], "is not a dialable number"),
        (["add", "acme", "12"], "numbers of fax.lan have 7"),
        (["add", "acme", "5551234", "--domain", "example.com"], "is no fax domain of this server"),
        (["add", "acme", "5551234", "--user", "nobody"], "there is no user nobody"),
        (["add", "acme", "5551234", "--user", "anna", "--domain", "fax.lan"], "give one of"),
        (["remove", "acme"], "there is no acme in that book"),
        (["import", "/nowhere/book.csv"], "cannot be read"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(gateway: Gateway, words: list[str], sentence: str) -> None:
    assert sentence in gateway.mailfax("alias", *words, status=65)


def test_a_file_with_a_mistake_adds_nothing(gateway: Gateway) -> None:
    said = gateway.mailfax("alias", "import", "-", says="name,number\nacme,5550001\nbob,1\n", status=65)
    assert "entry 2: 1 has 1 digits" in said
    assert "has no number" in gateway.mailfax("alias", "import", "-", says="name,phone\nacme,5550001\n", status=65)
    assert gateway.store.aliases() == ()
