"""The address grammar: every form that is taken, the forms of the RFCs, and a table of bad addresses with their sentences."""

from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailfax.model.address import FaxAddress, parse_fax_address
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
        ("FAX=+12027653000/ATTN=Tom.Jones@fax.us", "cover"),
        ("FAX=+12027653000/POSTD=p1234@fax.us", "after the number"),
        ("FAX=0p012027653000@fax.us", "pauses"),
        ("FAX=9w2027653000@fax.us", "pauses"),
        ("FAX=+12027653000/T33S=1/T33S=2@fax.us", "its own recipient"),
    ):
        answer = judged(mailbox)
        assert isinstance(answer, Refused)
        assert answer.outcome.smtp_code == 550
        assert word in answer.detail


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
    assert parse_fax_address(address.mailbox) == address


@given(
    st.from_regex(r"[0-9]{7}", fullmatch=True),
    st.from_regex(r"([0-9]{1,20})?", fullmatch=True),
    st.sampled_from(["{n}{h}@fax.lan", "FAX={n}{t}@fax.lan", "/fax={n}{t}/@fax.lan", '"FAX={n}{t}"@fax.lan']),
    st.lists(st.sampled_from(["", ".", "-"]), min_size=6, max_size=6),
)
def test_however_it_is_written_it_is_the_same(number: str, subaddress: str, form: str, marks: list[str]) -> None:
    spaced = "".join(digit + mark for digit, mark in zip(number, [*marks, ""], strict=True))
    written = form.format(n=spaced, h=subaddress and f"#{subaddress}", t=subaddress and f"/T33S={subaddress}")
    assert parse_fax_address(written) == FaxAddress(number=number, domain="fax.lan", subaddress=subaddress)


@given(st.text(max_size=30))
def test_no_text_makes_the_grammar_fall_over(local: str) -> None:
    answer = judged(f"{local}@fax.us")
    if isinstance(answer, Permitted):
        assert set(answer.number) <= set("0123456789")
