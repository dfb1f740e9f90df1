"""What a number means and what is dialled, in private plans and in the telephone network of a country."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailfax.routing.kinds import Kind
from mailfax.routing.numbers import NumberFault, destination
from mailfax.routing.settings import Domain, E164Plan, PrivatePlan

US = Domain(name="fax.us", plan=E164Plan(country="US", area_code="202"))
DE = Domain(name="fax.de", plan=E164Plan(country="DE", area_code="30"))
GB = Domain(name="fax.gb", plan=E164Plan(country="GB"))
FR = Domain(name="fax.fr", plan=E164Plan(country="FR"))
IT = Domain(name="fax.it", plan=E164Plan(country="IT", area_code="06"))
BR = Domain(name="fax.br", plan=E164Plan(country="BR", area_code="11", dial=(("+", "0021"), ("+55", "015"))))

CASES = [
    # domain, written, canonical, dialled, class, country
    (US, "5551234", "+12025551234", "12025551234", Kind.LOCAL, "US"),
    (US, "2025551234", "+12025551234", "12025551234", Kind.LOCAL, "US"),
    (US, "12025551234", "+12025551234", "12025551234", Kind.LOCAL, "US"),
    (US, "+12025551234", "+12025551234", "12025551234", Kind.LOCAL, "US"),
    (US, "+12127363100", "+12127363100", "12127363100", Kind.NATIONAL, "US"),
    (US, "8005551234", "+18005551234", "18005551234", Kind.TOLL_FREE, "US"),
    (US, "9005551234", "+19005551234", "19005551234", Kind.PREMIUM, "US"),
    (US, "011442079460000", "+442079460000", "011442079460000", Kind.INTERNATIONAL, "GB"),
    (US, "8095551234", "+18095551234", "18095551234", Kind.INTERNATIONAL, "DO"),  # the call-back fraud of area code 809
    (US, "+881612345678", "+881612345678", "011881612345678", Kind.SATELLITE, ""),
    (US, "+870773111632", "+870773111632", "011870773111632", Kind.SATELLITE, ""),
    (US, "+979123456789", "+979123456789", "011979123456789", Kind.PREMIUM, ""),
    (US, "911", "911", "911", Kind.EMERGENCY, ""),
    (US, "112", "112", "112", Kind.EMERGENCY, ""),
    (US, "411", "411", "411", Kind.SHORT, "US"),
    (DE, "5551234", "+49305551234", "0305551234", Kind.LOCAL, "DE"),
    (DE, "0305551234", "+49305551234", "0305551234", Kind.LOCAL, "DE"),
    (DE, "0891234567", "+49891234567", "0891234567", Kind.NATIONAL, "DE"),
    (DE, "09115551234", "+499115551234", "09115551234", Kind.NATIONAL, "DE"),  # Nuremberg is no call for help
    (DE, "00442079460000", "+442079460000", "00442079460000", Kind.INTERNATIONAL, "GB"),
    (DE, "09001234567", "+499001234567", "09001234567", Kind.PREMIUM, "DE"),
    (DE, "1121234", "+49301121234", "0301121234", Kind.LOCAL, "DE"),
    (DE, "110", "110", "110", Kind.EMERGENCY, ""),
    (DE, "0112", "0112", "0112", Kind.EMERGENCY, ""),  # behind an exchange where 0 takes the outside line
    (DE, "11833", "11833", "11833", Kind.SHORT, "DE"),
    (GB, "999", "999", "999", Kind.EMERGENCY, ""),
    (FR, "0112345678", "+33112345678", "0112345678", Kind.NATIONAL, "FR"),
    (FR, "112", "112", "112", Kind.EMERGENCY, ""),
    (IT, "065551234", "+39065551234", "065551234", Kind.LOCAL, "IT"),  # an Italian area code keeps its zero
    (BR, "35551234", "+551135551234", "0151135551234", Kind.LOCAL, "BR"),
    (BR, "2135551234", "+552135551234", "0152135551234", Kind.NATIONAL, "BR"),
    (BR, "+442079460000", "+442079460000", "0021442079460000", Kind.INTERNATIONAL, "GB"),
]


@pytest.mark.parametrize(("domain", "written", "canonical", "dialled", "kind", "country"), CASES)
def test_a_number_has_its_canonical_form_its_dialled_form_and_its_class(
    domain: Domain, written: str, canonical: str, dialled: str, kind: Kind, country: str
) -> None:
    found = destination(written, domain)
    assert (found.canonical, found.dialled, found.kind, found.country) == (canonical, dialled, kind, country)
    assert found.steps
    again = destination(found.canonical, domain)  # as when a job is made of a permitted address
    assert (again.canonical, again.dialled, again.kind) == (canonical, dialled, kind)


@pytest.mark.parametrize(
    ("domain", "written", "why"),
    [
        (US, "1", "no telephone number"),
        (US, "123", "too short"),
        (US, "20255512345", "too long"),
        (US, "+1911", "too short"),
        (US, "+999123456", "of any other country"),
        (DE, "+49112", "area code is missing"),
        (DE, "+4930", "area code is missing"),
        (GB, "555123", "area code is missing"),
        (Domain(name="x", plan=E164Plan(country="BR")), "+442079460000", "several prefixes for calls abroad"),
    ],
)
def test_what_is_not_possible_is_refused_and_said_why(domain: Domain, written: str, why: str) -> None:
    with pytest.raises(NumberFault, match=why):
        destination(written, domain)


def test_what_is_possible_and_in_no_known_range_is_unknown_since_metadata_lag() -> None:
    assert destination("+15555551234", US).kind is Kind.UNKNOWN
    assert destination("+495551234", Domain(name="x", plan=E164Plan(country="DE"))).kind in {
        Kind.UNKNOWN,
        Kind.NATIONAL,
    }


def test_no_dial_rule_makes_an_emergency_call_of_a_fax() -> None:
    tricked = Domain(name="x", plan=E164Plan(country="US", dial=(("+1202555123", "91"), ("+1212736310", "911"))))
    assert destination("+12025551231", tricked).dialled == "911"
    assert destination("+12025551231", tricked).kind is Kind.EMERGENCY
    assert destination("+12127363100", tricked).kind is Kind.EMERGENCY  # 9110 reaches 911 as well
    private = Domain(name="x", plan=PrivatePlan(lengths=(4,), dial=(("1", ""),)))
    assert destination("1911", private).kind is Kind.EMERGENCY


def test_the_longest_dial_rule_holds() -> None:
    plan = E164Plan(country="US", dial=(("+", "011"), ("+1", "1"), ("+1202", "")))
    domain = Domain(name="x", plan=plan)
    assert destination("+12025551234", domain).dialled == "5551234"
    assert destination("+12127363100", domain).dialled == "12127363100"
    assert destination("+442079460000", domain).dialled == "011442079460000"


def test_a_private_plan_has_lengths_ranges_and_a_dial_table() -> None:
    plan = PrivatePlan(lengths=(4, 7), ranges=(("2000", "2999"), ("5550000", "5559999")), dial=(("2", "88"),))
    domain = Domain(name="fax.lan", plan=plan)
    found = destination("2345", domain)
    assert (found.canonical, found.dialled, found.kind) == ("2345", "88345", Kind.INTERNAL)
    assert destination("5551234", domain).dialled == "5551234"
    for number, why in (
        ("3000", "in no range"),
        ("5560000", "in no range"),
        ("12345", "have 4 or 7"),
        ("+2345", "without +"),
    ):
        with pytest.raises(NumberFault, match=why):
            destination(number, domain)


def test_a_house_with_three_digits_names_its_telephones_and_never_has_112() -> None:
    house = Domain(name="fax.lan", plan=PrivatePlan(lengths=(3,), ranges=(("100", "199"),)))
    assert destination("101", house).kind is Kind.INTERNAL
    assert destination("112", house).kind is Kind.EMERGENCY
    unsaid = Domain(name="fax.lan", plan=PrivatePlan(lengths=(3,)))
    assert destination("101", unsaid).kind is Kind.EMERGENCY
    assert destination("201", unsaid).kind is Kind.INTERNAL


@pytest.mark.parametrize(
    "make",
    [
        lambda: E164Plan(country="us"),
        lambda: E164Plan(country=""),
        lambda: E164Plan(country="US", area_code="(202)"),
        lambda: E164Plan(country="US", dial=(("x", "1"),)),
        lambda: E164Plan(country="US", dial=(("+1", "9,"),)),
        lambda: PrivatePlan(lengths=(4,), ranges=(("2000", "100"),)),
        lambda: PrivatePlan(lengths=(4,), ranges=(("2999", "2000"),)),
    ],
)
def test_plans_that_make_no_sense_are_refused(make: object) -> None:
    with pytest.raises(ValueError, match=r"write|digits"):
        make()  # type: ignore[operator]


@given(st.from_regex(r"\+?[0-9]{1,18}", fullmatch=True), st.sampled_from([US, DE, GB, FR, IT, BR]))
def test_a_number_found_is_found_again_by_its_canonical_form(written: str, domain: Domain) -> None:
    """Round trip: what is stored at RCPT is what is dialled after DATA."""
    try:
        found = destination(written, domain)
    except NumberFault:
        return
    assert found.dialled.isdigit()
    if found.kind is Kind.EMERGENCY:
        return  # nobody is ever permitted one
    again = destination(found.canonical, domain)
    assert (again.canonical, again.dialled, again.kind, again.country) == (
        found.canonical,
        found.dialled,
        found.kind,
        found.country,
    )
