"""A received fax always has a mailbox, and the reason can be told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailfax.routing.inbound import route
from mailfax.routing.settings import DidRule, RoutingSettings, SubaddressRule

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
