"""The address grammar: every form that is taken, the forms of the RFCs, and a table of bad addresses with their sentences."""

from datetime import datetime
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailfax.model.address import AddressError, FaxAddress, parse_recipient, split_mailbox
from mailfax.model.addressee import Addressee
from mailfax.routing.book import BookEntry
from mailfax.routing.outbound import Permitted, Refused, verdict
from mailfax.routing.permission import Asker
from mailfax.routing.rules import Rule
from mailfax.routing.settings import Domain, E164Plan, PrivatePlan, RoutingSettings

NOON = datetime(2026, 11, 27, 12, 0)  # noqa: DTZ001 (local time, as the rules read it)
SETTINGS = RoutingSettings(
    domains=(
        Domain(name="fax.lan", plan=PrivatePlan(lengths=(7,))),
        Domain(name="fax.us", plan=E164Plan(country="US", area_code="202")),
    ),
    catch_all="faxmaster@example.org",
    rules=(Rule(name="all", who=("*",), to=("any",)),),
)
TABLE = Path(__file__).with_name("bad_addresses.tsv")


def judged(mailbox: str) -> Permitted | Refused:
    return verdict(mailbox, Asker(ip="127.0.0.1"), SETTINGS, NOON)


@pytest.mark.parametrize(
    ("mailbox", "number", "subaddress"),
    [
        ("5551234@fax.us", "+12025551234", ""),  # features.md AG1
        ("202-555-1234@fax.us", "+12025551234", ""),
        ("1-202-555-1234@fax.us", "+12025551234", ""),
        ("+12025551234@fax.us", "+12025551234", ""),
        ('"202 555 1234"@FAX.US.', "+12025551234", ""),
        ("5551234@fax.lan", "5551234", ""),
        ("5551234#1387@fax.lan", "5551234", "1387"),  # AG5
        ("FAX=+12027653000/T33S=1387@fax.us", "+12027653000", "1387"),  # AG2
        ("FAX=+1-202.765.3000/T33S=1387@fax.us", "+12027653000", "1387"),  # RFC 3192: - and . are for the eye
        ("/FAX=+12027653000/T33S=1387@fax.us", "+12027653000", "1387"),  # the optional slashes
        ("FAX=+12027653000/T33S=1387/@fax.us", "+12027653000", "1387"),
        ("/FAX=+12027653000/T33S=1387/@fax.us", "+12027653000", "1387"),
        ("fax=+12027653000/t33s=1387@fax.us", "+12027653000", "1387"),  # the selector in any letters
        ('"FAX=+1 202 7653000/T33S=1387"@fax.us', "+12027653000", "1387"),
        ("T33S=1387/FAX=+12027653000@fax.us", "+12027653000", "1387"),
        ("FAX=+3940226338@fax.us", "+3940226338", ""),
        ("FAX=+39-40-226338/T33S=6377@fax.us", "+3940226338", "6377"),
        ("Sam.Smith@5551234.fax.lan", "5551234", ""),  # AG4
        ("Sam_Smith@202-555-1234.fax.us", "+12025551234", ""),
    ],
)
def test_every_honest_form_is_read(mailbox: str, number: str, subaddress: str) -> None:
    answer = judged(mailbox)
    assert isinstance(answer, Permitted), answer
    assert (answer.address.number, answer.address.subaddress) == (number, subaddress)


def test_elements_that_have_no_meaning_here_are_refused_by_name() -> None:
    """RFC 2846 and RFC 3191: nothing that was asked for is left out in silence."""
    for mailbox, word in (
        ("VOICE=+3940226338@fax.us", "fax gateway"),
        ("SMS=+33-1-88335215@fax.us", "fax gateway"),
        ("FAX=+12027653000/ISUB=1234@fax.us", "ISDN"),
        ("FAX=+12027653000/POSTD=p1234@fax.us", "after the number"),
        ("FAX=0p012027653000@fax.us", "pauses"),  # 0 is no exit code there
        ("FAX=9w2027653000@fax.us", "pauses"),
        ("FAX=9p202p7653000@fax.us", "pauses"),
        ("FAX=*31#2027653000@fax.us", "dialable"),
    ):
        answer = judged(mailbox)
        assert isinstance(answer, Refused)
        assert answer.outcome.smtp_code == 550
        assert word in answer.detail


@pytest.mark.parametrize(
    ("mailbox", "name", "lines"),
    [
        ("Sam_Smith@5551234.fax.lan", "Sam Smith", ()),  # features.md AG4
        ("J.P.Jones+standard@5551234.fax.lan", "J P Jones", ()),
        ("FAX=+12027653000/ATTN=Tom.Jones@fax.us", "Tom Jones", ()),  # AG3, RFC 2846 section 4
        ("/fax=+12027653000/attn=Tom_Jones/org=Acme_Ltd/@fax.us", "Tom Jones", ("Acme Ltd",)),
        (
            '"FAX=+12027653000/CO=Italy/ZIP=34100/POB=12/STR=Via Roma/OFNO=7b/OFNA=Sales/ORG=Acme"@fax.us',
            "",
            ("Acme", "Sales", "Office 7b", "Via Roma", "P.O. Box 12", "34100", "Italy"),
        ),
        ("FAX=+12027653000/ADDR=1.Main_St/ADDU=x/ADDL=y@fax.us", "", ("1.Main St", "x", "y")),
        ("5551234@fax.lan", "", ()),
    ],
)
def test_whom_it_is_for_is_kept_for_the_cover(mailbox: str, name: str, lines: tuple[str, ...]) -> None:
    answer = judged(mailbox)
    assert isinstance(answer, Permitted), answer
    assert (answer.addressee.name, answer.addressee.lines) == (name, lines)


def test_several_subaddresses_are_several_recipients() -> None:
    """RFC 3192 section 2; the same one twice is one."""
    answer = judged("FAX=+12027653000/T33S=1387/T33S=13-88/T33S=1387/ATTN=Tom@fax.us")
    assert isinstance(answer, Permitted), answer
    assert [each.subaddress for each in (answer.address, *answer.further)] == ["1387", "1388"]
    assert {each.number for each in (answer.address, *answer.further)} == {"+12027653000"}


@pytest.mark.parametrize(
    ("local", "number"),
    [
        ("FAX=0p015551234", "015551234"),  # features.md AG3
        ("0p5551234", "5551234"),
        ("9W555-1234", "5551234"),
        ("9ww5551234", "5551234"),
        ("90-p5551234", "5551234"),
    ],
)
def test_an_exit_code_is_read_and_not_dialled(local: str, number: str) -> None:
    """RFC 2846 section 2: what gets a telephone an outside line; our lines have a prefix of their own."""
    found = parse_recipient(local, "fax.lan", ("0", "9", "90"))
    assert found.addresses[0].number == number
    for other in (("1",), ()):
        with pytest.raises(AddressError, match="pauses"):
            parse_recipient(local, "fax.lan", other)


BOOK = {
    ("fax.us", "acme"): BookEntry(number="+1 202 5551234#12", addressee=Addressee(name="Acme Ltd")),
    ("fax.us", "help"): BookEntry(number="911"),
    ("fax.us", "j.smith-2"): BookEntry(number="FAX=+12025550000/ATTN=J.Smith"),
}


def test_a_name_of_the_address_book_is_its_number_and_is_judged_like_it() -> None:
    def asked(mailbox: str) -> Permitted | Refused:
        return verdict(mailbox, Asker(ip="127.0.0.1"), SETTINGS, NOON, lambda *name: BOOK.get(name))

    acme = asked("ACME+standard@fax.us")
    assert isinstance(acme, Permitted), acme
    assert acme.address == FaxAddress(number="+12025551234", domain="fax.us", subaddress="12")
    assert (acme.addressee.name, acme.asked) == ("Acme Ltd", {"resolution": "standard"})
    smith = asked("J.Smith-2@fax.us")
    assert isinstance(smith, Permitted)
    assert smith.addressee.name == "J Smith"
    emergency = asked("help@fax.us")
    assert isinstance(emergency, Refused)
    assert emergency.outcome.code == "destination-denied"
    for unknown in ("acme@fax.lan", "acme2@fax.us", "john.smith2024@fax.us"):
        answer = asked(unknown)
        assert isinstance(answer, Refused)
        assert (answer.outcome.smtp_code, answer.outcome.status) == (550, "5.1.1")


def bad_addresses() -> list[tuple[str, str]]:
    rows = [row.split("\t") for row in TABLE.read_text("utf-8").splitlines()]
    return [(mailbox.encode("ascii").decode("unicode_escape"), sentence) for mailbox, sentence in rows]


def test_the_table_of_bad_addresses_is_long_and_has_nothing_twice() -> None:
    table = bad_addresses()
    assert len(table) >= 200
    assert len({mailbox for mailbox, _ in table}) == len(table)


@pytest.mark.parametrize(("mailbox", "sentence"), bad_addresses())
def test_a_bad_address_is_told_what_is_wrong_with_it(mailbox: str, sentence: str) -> None:
    answer = judged(mailbox)
    assert isinstance(answer, Refused), answer
    assert f"{answer.outcome.code}: {answer.detail}" == sentence


@given(
    st.from_regex(r"\+?[0-9]{1,15}", fullmatch=True),
    st.from_regex(r"([0-9#*]{1,20})?", fullmatch=True),
    st.sampled_from(["fax.lan", "fax.example.org"]),
)
def test_an_address_is_read_again_from_its_canonical_form(number: str, subaddress: str, domain: str) -> None:
    address = FaxAddress(number=number, domain=domain, subaddress=subaddress)
    assert parse_recipient(*split_mailbox(address.mailbox)).addresses == (address,)


@given(
    st.from_regex(r"[0-9]{7}", fullmatch=True),
    st.from_regex(r"([0-9]{1,20})?", fullmatch=True),
    st.sampled_from(["{n}{h}@fax.lan", "FAX={n}{t}@fax.lan", "/fax={n}{t}/@fax.lan", '"FAX={n}{t}"@fax.lan']),
    st.lists(st.sampled_from(["", ".", "-"]), min_size=6, max_size=6),
)
def test_however_it_is_written_it_is_the_same(number: str, subaddress: str, form: str, marks: list[str]) -> None:
    spaced = "".join(digit + mark for digit, mark in zip(number, [*marks, ""], strict=True))
    written = form.format(n=spaced, h=subaddress and f"#{subaddress}", t=subaddress and f"/T33S={subaddress}")
    read = parse_recipient(*split_mailbox(written)).addresses
    assert read == (FaxAddress(number=number, domain="fax.lan", subaddress=subaddress),)


@given(
    st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True),
    st.lists(st.from_regex(r"[0-9]{1,20}", fullmatch=True), max_size=4, unique=True),
    st.lists(st.from_regex(r"[A-Za-z]{1,12}", fullmatch=True), max_size=3),
    st.lists(st.sampled_from(["ORG", "OFNA", "STR", "ZIP", "CO"]), max_size=5, unique=True),
    st.randoms(use_true_random=False),
)
def test_the_elements_of_an_address_may_stand_in_any_order(
    number: str, subaddresses: list[str], name: list[str], places: list[str], random: Random
) -> None:
    """RFC 3192 and RFC 2846: a number, subaddresses, whom it is for; whatever the order, letters and outer slashes."""
    elements = [
        f"FAX={number}",
        *(f"t33s={each}" for each in subaddresses),
        *(f"{place}=x_{place}" for place in places),
    ]
    elements += [f"Attn={'.'.join(name)}"] if name else []
    mixed = random.sample(elements, len(elements))
    found = parse_recipient(f"{random.choice(['', '/'])}{'/'.join(mixed)}{random.choice(['', '/'])}", "fax.us")
    assert {each.number for each in found.addresses} == {number}
    assert sorted(each.subaddress for each in found.addresses) == sorted(subaddresses or [""])
    assert found.addressee.name == " ".join(name)
    assert sorted(found.addressee.lines) == sorted(f"x {place}" for place in places)


@given(st.text(max_size=30))
def test_no_text_makes_the_grammar_fall_over(local: str) -> None:
    answer = judged(f"{local}@fax.us")
    if isinstance(answer, Permitted):
        assert set(answer.number) <= set("0123456789")
