"""The deny list, reviewed country by country: what calls for help, what costs extra, what is in space; by the examples of the metadata and by ours."""

import contextlib

import phonenumbers
import pytest
from phonenumbers import PhoneMetadata, PhoneNumberType

from mailfax.routing.kinds import DENY_LIST, EVERYDAY, Kind
from mailfax.routing.numbers import NumberFault, destination
from mailfax.routing.settings import Domain, E164Plan

COSTLY = (
    PhoneNumberType.PREMIUM_RATE,
    PhoneNumberType.SHARED_COST,
    PhoneNumberType.UAN,
    PhoneNumberType.VOICEMAIL,
    PhoneNumberType.PERSONAL_NUMBER,
    PhoneNumberType.PAGER,
)
REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)


def kind(written: str, country: str) -> Kind:
    return destination(written, Domain(name="x", plan=E164Plan(country=country))).kind


def test_every_countrys_costly_numbers_are_on_it_from_there_and_from_abroad() -> None:
    seen = 0
    for region in REGIONS:
        for of_type in COSTLY:
            number = phonenumbers.example_number_for_type(region, of_type)
            if number is None or phonenumbers.number_type(number) not in COSTLY:
                continue
            canonical = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
            seen += 1
            for country in {region, "DE", "US"}:
                with contextlib.suppress(NumberFault):  # refused as well
                    assert kind(canonical, country) in DENY_LIST, (canonical, country)
    assert seen > 300


def test_every_countrys_emergency_numbers_are_never_dialled() -> None:
    seen = 0
    for region in REGIONS:
        metadata = PhoneMetadata.short_metadata_for_region(region)
        example = metadata.emergency.example_number if metadata is not None and metadata.emergency else None
        if example is None:
            continue
        seen += 1
        domain = Domain(name="x", plan=E164Plan(country=region))
        for written in (example, f"0{example}"):  # also behind a zero that somebody takes for an outside line
            try:
                assert destination(written, domain).kind is Kind.EMERGENCY, (written, region)
            except NumberFault:
                assert written != example, (written, region)
    assert seen > 200


@pytest.mark.parametrize(
    ("written", "country", "expected"),
    [
        ("+870773111632", "DE", Kind.SATELLITE),  # Inmarsat
        ("+881612345678", "DE", Kind.SATELLITE),  # Iridium
        ("+8821612345678", "DE", Kind.SATELLITE),  # Thuraya
        ("+883510012345", "DE", Kind.SATELLITE),  # iNum and others of 883
        ("+979123456789", "DE", Kind.PREMIUM),  # international premium rate
        ("+80812345678", "DE", Kind.PREMIUM),  # international shared cost
        ("+447012345678", "DE", Kind.PREMIUM),  # personal numbers
        ("+12129765555", "US", Kind.PREMIUM),  # 976 of an area
        ("+19005551234", "US", Kind.PREMIUM),
        ("0900 1234567".replace(" ", ""), "DE", Kind.PREMIUM),
        ("0137 1234567".replace(" ", ""), "DE", Kind.PREMIUM),
        ("0180 1234567".replace(" ", ""), "DE", Kind.PREMIUM),
        ("11833", "DE", Kind.SHORT),
        ("110", "DE", Kind.EMERGENCY),
        ("911", "US", Kind.EMERGENCY),
        ("411", "US", Kind.SHORT),
    ],
)
def test_the_numbers_that_thieves_and_mistakes_dial(written: str, country: str, expected: Kind) -> None:
    found = kind(written, country)
    assert found is expected or (expected is Kind.SHORT and found is Kind.PREMIUM), found
    assert found in DENY_LIST


def test_what_people_dial_every_day_is_not_on_it() -> None:
    for region in REGIONS:
        for of_type in (PhoneNumberType.FIXED_LINE, PhoneNumberType.TOLL_FREE):
            number = phonenumbers.example_number_for_type(region, of_type)
            if number is None or phonenumbers.number_type(number) not in {
                PhoneNumberType.FIXED_LINE,
                PhoneNumberType.FIXED_LINE_OR_MOBILE,
                PhoneNumberType.TOLL_FREE,
            }:
                continue
            canonical = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
            found = kind(canonical, region)
            assert found in EVERYDAY or found is Kind.INTERNATIONAL, (canonical, region, found)
