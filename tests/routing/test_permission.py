"""Who may dial what and when: deny by default, rules in order, and a refusal that names its rule."""

from datetime import datetime
from ipaddress import ip_network

import pytest

from mailfax.model.hours import read_hours
from mailfax.model.outcome import Outcome
from mailfax.model.user import User
from mailfax.routing.kinds import Kind
from mailfax.routing.outbound import Permitted, Refused, verdict
from mailfax.routing.permission import Asker
from mailfax.routing.rules import Rule
from mailfax.routing.settings import Domain, E164Plan, RoutingSettings

US = Domain(name="fax.us", plan=E164Plan(country="US", area_code="202"))
LAN = Asker(ip="192.168.1.7")
ANNA = Asker(ip="203.0.113.9", user=User(name="anna", addresses=("*",), groups=("sales",)))
SHELL = Asker(command=True)
FRIDAY_NOON = datetime(2026, 11, 27, 12, 0)  # noqa: DTZ001 (local time, as the rules read it)
SATURDAY_NOON = datetime(2026, 11, 28, 12, 0)  # noqa: DTZ001
NUMBERS = {
    Kind.LOCAL: "5551234",
    Kind.NATIONAL: "12127363100",
    Kind.TOLL_FREE: "8005551234",
    Kind.INTERNATIONAL: "+442079460000",
    Kind.UNKNOWN: "+15555551234",
    Kind.SHORT: "411",
    Kind.PREMIUM: "9005551234",
    Kind.SATELLITE: "+881612345678",
    Kind.EMERGENCY: "911",
}


def ask(asker: Asker, number: str, *rules: Rule, now: datetime = FRIDAY_NOON) -> str:
    """Return an empty text where it is allowed, else the reason."""
    settings = RoutingSettings(
        domains=(US,), catch_all="fax", allow_networks=(ip_network("192.168.1.0/24"),), rules=rules
    )
    answer = verdict(f"{number}@fax.us", asker, settings, now)
    if isinstance(answer, Permitted):
        return ""
    assert isinstance(answer, Refused)
    assert answer.outcome is Outcome.DESTINATION_DENIED
    return answer.detail


def allowed(asker: Asker, *rules: Rule) -> set[Kind]:
    return {kind for kind, number in NUMBERS.items() if not ask(asker, number, *rules)}


def test_without_rules_who_is_known_sends_to_everyday_destinations_only() -> None:
    for asker in (LAN, ANNA, SHELL):
        assert allowed(asker) == {Kind.LOCAL, Kind.NATIONAL, Kind.TOLL_FREE}


def test_with_rules_nothing_is_allowed_that_none_allows() -> None:
    nobody = Rule(name="x", who=("user:nobody",), to=("any",))
    assert allowed(ANNA, nobody) == set()
    assert "no rule allows it" in ask(ANNA, "5551234", nobody)


def test_any_is_all_but_the_deny_list_which_has_to_be_named_and_emergency_never_is() -> None:
    anything = Rule(name="all", who=("*",), to=("any",))
    assert set(NUMBERS) - allowed(LAN, anything) == {Kind.SHORT, Kind.PREMIUM, Kind.SATELLITE, Kind.EMERGENCY}
    assert "deny list" in ask(LAN, NUMBERS[Kind.PREMIUM], anything)
    named = Rule(name="all", who=("*",), to=("any", "short", "premium", "satellite", "911"))
    assert set(NUMBERS) - allowed(LAN, named) == {Kind.EMERGENCY}
    assert "emergency number" in ask(LAN, "911", named)


@pytest.mark.parametrize(
    ("who", "is_it"),
    [
        ("*", {"lan", "anna", "shell"}),
        ("users", {"anna"}),
        ("user:anna", {"anna"}),
        ("user:ann", set()),
        ("group:sales", {"anna"}),
        ("group:legal", set()),
        ("network:192.168.1.0/24", {"lan"}),
        ("network:203.0.113.9/32", {"anna"}),
        ("network:2001:db8::/32", set()),
        ("shell", {"shell"}),
    ],
)
def test_who_a_rule_is_for(who: str, is_it: set[str]) -> None:
    rule = Rule(name="r", who=(who,), to=("local",))
    askers = {"lan": LAN, "anna": ANNA, "shell": SHELL}
    assert {name for name, asker in askers.items() if not ask(asker, "5551234", rule)} == is_it


@pytest.mark.parametrize(
    ("to", "number", "covered"),
    [
        ("GB", "+442079460000", True),
        ("FR", "+442079460000", False),
        ("+44", "+442079460000", True),
        ("+4420", "011442079460000", True),
        ("+4421", "+442079460000", False),
        ("US", "5551234", True),
        ("US", "9005551234", False),  # a country is no way around the deny list
        ("US", "8095551234", False),  # nor is +1 all one country
        ("DO", "8095551234", True),
        ("+1900", "9005551234", True),
        ("international", "8095551234", True),
    ],
)
def test_where_a_rule_leads(to: str, number: str, covered: bool) -> None:
    assert (ask(LAN, number, Rule(name="r", who=("*",), to=(to,))) == "") is covered


def test_the_first_rule_that_fits_decides_and_the_refusal_names_it() -> None:
    rules = (
        Rule(name="no-overseas", who=("group:sales",), to=("GB",), allow=False),
        Rule(name="everybody", who=("*",), to=("any",)),
    )
    assert ask(LAN, "+442079460000", *rules) == ""
    assert ask(ANNA, "+442079460000", *rules) == (
        '+442079460000: the destination class "international" (GB) is not allowed for you; rule "no-overseas" refuses it.'
    )
    assert ask(ANNA, "+442079460000", *reversed(rules)) == ""


def test_hours_are_held_and_named() -> None:
    rule = Rule(name="office", who=("*",), to=("any",), hours=read_hours("mon-fri 08:00-18:00"))
    assert ask(LAN, "5551234", rule) == ""
    assert 'rule "office" allows it mon-fri 08:00-18:00 only' in ask(LAN, "5551234", rule, now=SATURDAY_NOON)
    night = Rule(name="night", who=("*",), to=("any",), hours=read_hours("fri 20:00-06:00"))
    assert ask(LAN, "5551234", night, now=FRIDAY_NOON)
    assert not ask(LAN, "5551234", night, now=FRIDAY_NOON.replace(hour=20))
    assert not ask(LAN, "5551234", night, now=SATURDAY_NOON.replace(hour=5, minute=59))
    assert ask(LAN, "5551234", night, now=SATURDAY_NOON.replace(hour=6))
    shut = Rule(name="shut", who=("*",), to=("any",), allow=False, hours=read_hours("sat-sun 00:00-24:00"))
    anything = Rule(name="all", who=("*",), to=("any",))
    assert not ask(LAN, "5551234", shut, anything)
    assert 'rule "shut" refuses it' in ask(LAN, "5551234", shut, anything, now=SATURDAY_NOON)


@pytest.mark.parametrize(
    "written", ["", "08:00", "8-18", "mon-fri", "xyz 08:00-18:00", "mon-fri 08:00-25:00", "08:60-09:00"]
)
def test_hours_that_are_none_are_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"hours|time of day"):
        read_hours(written)


@pytest.mark.parametrize(
    ("who", "to", "allow"),
    [
        ("everyone", "any", True),
        ("user:", "any", True),
        ("network:1.2.3", "any", True),
        ("*", "everywhere", True),
        ("*", "de", True),
        ("*", "emergency", True),
    ],
)
def test_rules_that_make_no_sense_are_refused(who: str, to: str, allow: bool) -> None:
    with pytest.raises(ValueError, match=r"."):
        Rule(name="r", who=(who,), to=(to,), allow=allow)


def test_a_stranger_is_told_nothing_of_the_rules() -> None:
    settings = RoutingSettings(domains=(US,), catch_all="fax", rules=(Rule(name="all", who=("*",), to=("any",)),))
    answer = verdict("5551234@fax.us", Asker(ip="203.0.113.9"), settings, FRIDAY_NOON)
    assert isinstance(answer, Refused)
    assert answer.outcome is Outcome.NOT_PERMITTED
