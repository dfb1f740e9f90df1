"""Which numbers are our own, so that no call is made: never one that only looks like it."""

from datetime import datetime

import pytest

from mailfax.routing.outbound import Permitted, verdict
from mailfax.routing.own import OwnNumber
from mailfax.routing.permission import Asker
from mailfax.routing.rules import Rule
from mailfax.routing.settings import DidRule, Domain, E164Plan, PrivatePlan, RoutingSettings

NOON = datetime(2026, 11, 27, 12, 0)  # noqa: DTZ001 (local time, as the rules read it)
SETTINGS = RoutingSettings(
    domains=(
        Domain(name="fax.lan", plan=PrivatePlan(lengths=(7,))),
        Domain(name="fax.us", plan=E164Plan(country="US", area_code="202")),
        Domain(name="fax.de", plan=E164Plan(country="DE", area_code="30")),
    ),
    catch_all="all",
    did=tuple(
        DidRule(called=called, mailboxes=("box",))
        for called in ("5551234", "55512xx", "555*", "+4930555*", "+1202556xxxx", "12", "1234*", "*")
    ),
    rules=(Rule(name="all", who=("*",), to=("any",)),),
    inside=True,
    line_numbers=("+4930123456",),
)
OWN = (OwnNumber(number="+12025557001", owner="anna", mailbox="anna@example.org"),)


@pytest.mark.parametrize(
    ("mailbox", "called"),
    [
        ("5551234@fax.lan", "5551234"),
        ("5551299@fax.lan", "5551299"),  # a pattern of the length of its numbers
        ("5557777@fax.lan", ""),  # 555* would be any exchange's
        ("1234567@fax.lan", ""),
        ("5551234@fax.us", "5551234"),  # the same subscriber, written whole
        ("+12025551234@fax.de", ""),  # and somebody else's number, seen from Berlin: 5551234 is +49305551234 there
        ("5551234@fax.de", "5551234"),
        ("202-555-7001@fax.us", "+12025557001"),
        ("+12025557001@fax.de", "+12025557001"),
        ("5557001@fax.de", "+49305557001"),  # of the block +4930555*
        ("030 123456@fax.de".replace(" ", ""), "+4930123456"),  # a line's
        ("2025560000@fax.us", "+12025560000"),
        ("2125560000@fax.us", ""),
        ("+12345678901@fax.us", ""),  # begins with 12 and 1234
    ],
)
def test_only_the_whole_number_is_ours(mailbox: str, called: str) -> None:
    answer = verdict(mailbox, Asker(ip="127.0.0.1"), SETTINGS, NOON, own=OWN)
    assert isinstance(answer, Permitted), answer
    assert answer.inside == called
    assert ("no call is made" in answer.because) is bool(called)
