"""A received fax always has a mailbox, and the reason can be told."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailfax.routing.inbound import route
from mailfax.routing.own import OwnNumber
from mailfax.routing.settings import DidRule, Domain, E164Plan, RoutingSettings, SubaddressRule

SETTINGS = RoutingSettings(
    domains=(),
    catch_all="fax",
    did=(
        DidRule(called="555*", mailboxes=("town",)),
        DidRule(called="55512xx", mailboxes=("office",)),
        DidRule(called="+5551234", mailboxes=("anna", "ben@example.com")),
        DidRule(called="49xx*", mailboxes=("abroad",)),
    ),
    subaddress=(SubaddressRule(subaddress="1387", mailboxes=("carla",)),),
)


def mailboxes(called: str) -> tuple[str, ...]:
    return route(called, "5550000", "CSID", "line1", SETTINGS).mailboxes


@pytest.mark.parametrize(
    ("called", "expected"),
    [
        ("5551234", ("anna", "ben@example.com")),  # exact, although a pattern stands before it
        ("+555-1234", ("anna", "ben@example.com")),
        ("5551299", ("town",)),  # patterns in the order written
        ("555", ("town",)),
        ("4912", ("abroad",)),
        ("4912345678", ("abroad",)),
        ("49", ("fax",)),
        ("", ("fax",)),
    ],
)
def test_exact_then_patterns_in_order_then_catch_all(called: str, expected: tuple[str, ...]) -> None:
    assert mailboxes(called) == expected


def test_the_reason_is_told() -> None:
    assert route("5551234", "", "", "l1", SETTINGS).because == "The called number 5551234 has its own rule."
    assert "the pattern 555*" in route("5559999", "", "", "l1", SETTINGS).because
    assert "on line l1 from 5550000" in route("", "5550000", "", "l1", SETTINGS).because
    assert "an unknown caller" in route("", "", "", "l1", SETTINGS).because


@given(st.text(max_size=30))
def test_never_nowhere(called: str) -> None:
    assert all(mailboxes(called))


@pytest.mark.parametrize("called", ["", "abc", "*5", "55*1", "5 5", "+"])
def test_a_rule_that_is_no_number_is_refused(called: str) -> None:
    with pytest.raises(ValueError, match="is no called number"):
        DidRule(called=called, mailboxes=("fax",))


def test_a_rule_without_mailbox_is_refused() -> None:
    with pytest.raises(ValueError, match="no mailbox"):
        DidRule(called="5551234", mailboxes=())


def test_a_subaddress_with_a_rule_is_nearer_than_the_called_number() -> None:
    found = route("5551234", "5550000", "CSID", "line1", SETTINGS, subaddress="13 87")
    assert found.mailboxes == ("carla",)
    assert "subaddress 1387" in found.because
    assert route("5551234", "", "", "line1", SETTINGS, subaddress="99").mailboxes == ("anna", "ben@example.com")


OWN = (
    OwnNumber(number="+12025557001", owner="anna", mailbox="anna@example.org"),
    OwnNumber(number="5551234", owner="ben", mailbox="ben@example.org"),
    OwnNumber(number="5557", owner="carl", mailbox="carl@example.org"),
)
US = replace(SETTINGS, domains=(Domain(name="fax.us", plan=E164Plan(country="US", area_code="202")),))


@pytest.mark.parametrize(
    ("called", "expected"),
    [
        ("12025557001", "anna@example.org"),  # however the network writes it
        ("2025557001", "anna@example.org"),
        ("5557001", "anna@example.org"),  # and although the pattern 555* is a rule
        ("+1 202 555-7001", "anna@example.org"),
        ("5551234", "anna"),  # a rule for the very number comes before
        ("5557", "carl@example.org"),
        ("5557002", "town"),
        ("3015557001", "fax"),
    ],
)
def test_a_users_own_number_needs_no_rule(called: str, expected: str) -> None:
    assert route(called, "", "", "l1", US, own=OWN).mailboxes[0] == expected
