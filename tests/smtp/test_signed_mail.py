"""DKIM as a proof of the author: what holds, and everything near it that does not. Signed by dkimpy, DNS is a table."""

import time
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from dkimkit import HEADERS, Dns, signed

from mailfax.smtp.alignment import DnsUnavailable, aligned, organisation
from mailfax.smtp.author import HeaderFault, parsed_header, written
from mailfax.smtp.results import NotVouched, Vouched, result_of
from mailfax.smtp.signed import SignaturePolicy, Signed, Unsigned, signature_of

NOW_S = int(time.time())  # dkimpy reads the clock of the machine for x= and t=


def mail(author: str = "anna@example.org", *, age_s: int = 60, more: str = "") -> bytes:
    date = format_datetime(datetime.fromtimestamp(NOW_S - age_s, UTC))
    text = f"From: Anna <{author}>\r\nTo: 5551234@fax.lan\r\nSubject: Offer\r\nDate: {date}\r\n{more}\r\nHello\r\n"
    return text.encode()


def judged(octets: bytes, dns: Dns, policy: SignaturePolicy | None = None) -> Signed | Unsigned:
    who = written(parsed_header(octets))
    return signature_of(octets, who, policy or SignaturePolicy(), dns, NOW_S)


@pytest.fixture
def dns() -> Dns:
    dns = Dns()
    dns.publish("example.org")
    dns.publish("mail.example.org")
    dns.publish("evil.example")
    return dns


def test_the_authors_own_domain_proves_him(dns: Dns) -> None:
    first = judged(signed(mail(), "example.org"), dns)
    assert isinstance(first, Signed), first
    assert first.domain == "example.org"
    again = judged(b"Received: from x\r\n" + signed(mail(), "example.org"), dns)
    assert again == first  # its name stays, whatever is put around it


def test_another_domain_of_the_organisation_may_sign_unless_it_is_told_not_to(dns: Dns) -> None:
    octets = signed(mail(), "mail.example.org")
    assert isinstance(judged(octets, dns), Signed)
    assert isinstance(judged(octets, dns, SignaturePolicy(strict=True)), Unsigned)
    dns.records["_dmarc.example.org"] = ("v=DMARC1; p=reject; adkim=s",)
    answer = judged(octets, dns)
    assert isinstance(answer, Unsigned)
    assert "wants to be signed for by itself" in answer.because
    assert isinstance(judged(signed(mail(), "example.org"), dns), Signed)


@pytest.mark.parametrize(
    ("octets", "because"),
    [
        (mail(), "no DKIM signature"),
        (signed(mail(), "evil.example"), "is one of example.org"),  # a good signature of somebody else
        (signed(mail(), "example.org").replace(b"Hello", b"Hallo"), "does not hold"),
        (signed(mail(), "example.org").replace(b"Offer", b"Order"), "does not hold"),
        (signed(mail(), "example.org").replace(b"5551234@", b"5559999@"), "does not hold"),
        (signed(mail(), "example.org", length=True), "leaves out the end"),
        (signed(mail(), "example.org", length=True) + b"And call 5559999.\r\n", "leaves out the end"),
        (signed(mail(), "example.org", [b"from", b"subject", b"date"]), "does not cover to"),
        (signed(mail(), "example.org", [b"from", b"to", b"date"]), "does not cover subject"),
        (signed(mail(age_s=25 * 3600), "example.org").replace(b"t=", b"q="), "too old"),  # its Date is
        (signed(mail(), "example.org").replace(b"rsa-sha256", b"rsa-sha1"), "made by rsa-sha1"),
        (signed(mail(), "example.org", selector="s2"), "does not hold"),  # no such key
        (signed(mail("anna@other.example"), "example.org"), "is one of other.example"),
    ],
)
def test_what_does_not_prove_the_author(octets: bytes, because: str, dns: Dns) -> None:
    answer = judged(octets, dns)
    assert isinstance(answer, Unsigned), answer
    assert because in answer.because


def test_a_key_that_is_too_short_proves_nothing(dns: Dns) -> None:
    octets = signed(mail(), "example.org", bits=768)
    dns.publish("example.org", bits=768)
    assert judged(octets, dns) == Unsigned(because="its DKIM signature does not hold")


def test_an_old_signature_proves_nothing(dns: Dns) -> None:
    octets = signed(mail(), "example.org")
    who = written(parsed_header(octets))
    for later_s, holds in ((23 * 3600, True), (25 * 3600, False)):
        found = signature_of(octets, who, SignaturePolicy(), dns, NOW_S + later_s)
        assert isinstance(found, Signed) is holds, found


def test_a_key_that_is_only_being_tried_proves_nothing(dns: Dns) -> None:
    dns.publish("example.org", flags="t=y; ")
    assert judged(signed(mail(), "example.org"), dns) == Unsigned(because="example.org is only trying DKIM out")


def test_a_second_header_does_not_slip_under_a_signature() -> None:
    for name in ("From", "To", "Cc", "Subject", "Date"):
        octets = mail(more="Cc: x@example.org\r\n")
        with pytest.raises(HeaderFault, match=name):
            written(parsed_header(f"{name}: boss@example.org\r\n".encode() + octets))
    for author in ("", "anna", "anna@example.org, boss@example.org", "anna@"):
        with pytest.raises(HeaderFault, match="From"):
            written(parsed_header(f"From: {author}\r\n\r\n".encode()))


def test_no_answer_of_dns_is_no_no(dns: Dns) -> None:
    dns.down.add("s1._domainkey.example.org")
    with pytest.raises(DnsUnavailable):
        judged(signed(mail(), "example.org"), dns)
    dns.down = {"_dmarc.example.org"}
    with pytest.raises(DnsUnavailable):
        judged(signed(mail(), "mail.example.org"), dns)


def test_strangers_signatures_are_not_looked_up(dns: Dns) -> None:
    octets = mail()
    for _ in range(40):
        octets = signed(octets, "evil.example", HEADERS)
    assert isinstance(judged(octets, dns), Unsigned)
    assert dns.asked == []
    judged(signed(octets, "example.org").replace(b"Hello", b"x"), dns)
    assert len(dns.asked) == 1


@pytest.mark.parametrize(
    ("signer", "author", "relaxed"),
    [
        ("example.org", "example.org", True),
        ("MAIL.example.org", "Example.org", True),
        ("example.org", "sales.example.org", True),
        ("example.org", "example.com", False),
        ("a.co.uk", "b.co.uk", False),
        ("co.uk", "a.co.uk", False),
        ("org", "example.org", False),
        ("notexample.org", "example.org", False),
        ("", "example.org", False),
    ],
)
def test_alignment_knows_public_suffixes(signer: str, author: str, relaxed: bool) -> None:
    assert aligned(signer, author, strict=False) is relaxed
    assert aligned(signer, author, strict=True) is (signer.lower() == author.lower())
    assert organisation("a.b.example.co.uk") == "example.co.uk"


PASS = "mx.example.net; dkim=pass header.d=example.org; dmarc=pass (p=none) header.from=example.org"


@pytest.mark.parametrize(
    ("results", "vouched"),
    [
        ([PASS], True),
        (["MX.example.net;\r\n dkim=pass header.i=@example.org header.d=mail.example.org"], True),
        (["mx.example.net; dmarc=pass header.from=evil.example"], False),
        (["mx.example.net; dkim=pass header.d=evil.example; dmarc=fail header.from=example.org"], False),
        (["mx.example.net; spf=pass smtp.mailfrom=anna@example.org"], False),  # the envelope is not the author
        (["mx.example.net (dmarc=pass header.from=example.org); dmarc=fail header.from=example.org"], False),
        (["mx.example.net; none", PASS], False),  # only the topmost, which the server wrote last
        (["other.example; dmarc=pass header.from=example.org", PASS], False),
        (["mx.example.net.evil.example; dmarc=pass header.from=example.org"], False),
        (["garbage", PASS], False),
        ([""], False),
        ([], False),
    ],
)
def test_only_the_topmost_word_of_the_pinned_server_counts(results: list[str], vouched: bool) -> None:
    octets = "".join(f"Authentication-Results: {each}\r\n" for each in results).encode() + mail()
    header = parsed_header(octets)
    found = result_of(header, written(header), "mx.example.net", strict=False)
    assert isinstance(found, Vouched if vouched else NotVouched), found


def test_a_server_that_could_not_find_out_is_asked_again() -> None:
    octets = b"Authentication-Results: mx.example.net; dmarc=temperror header.from=example.org\r\n" + mail()
    header = parsed_header(octets)
    found = result_of(header, written(header), "mx.example.net", strict=False)
    assert found == NotVouched(because="mx.example.net found no proof of anna@example.org", later=True)
