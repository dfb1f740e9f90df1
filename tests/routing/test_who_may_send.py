"""Who may fax what: every refusal has its outcome, and nothing that is not a number is dialled."""

from dataclasses import replace
from datetime import datetime
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailfax.model.outcome import Outcome
from mailfax.model.user import User
from mailfax.routing import outbound
from mailfax.routing.outbound import Permitted, Refused
from mailfax.routing.permission import Asker
from mailfax.routing.settings import Domain, PrivatePlan, RoutingSettings

SEVEN = PrivatePlan(lengths=(7,))
SETTINGS = RoutingSettings(
    domains=(Domain(name="fax.lan", plan=SEVEN), Domain(name="fax.local", plan=SEVEN)), catch_all="fax"
)


NOON = datetime(2026, 11, 27, 12, 0)  # noqa: DTZ001 (local time, as the rules read it)


def verdict(mailbox: str, client_ip: str, identity: str, settings: RoutingSettings) -> Permitted | Refused:
    user = User(name=identity, addresses=("*",)) if identity else None
    return outbound.verdict(mailbox, Asker(ip=client_ip, user=user), settings, NOON)


def outcome(
    mailbox: str, client_ip: str = "127.0.0.1", identity: str = "", settings: RoutingSettings = SETTINGS
) -> Outcome | str:
    answer = verdict(mailbox, client_ip, identity, settings)
    return answer.outcome if isinstance(answer, Refused) else answer.number


@pytest.mark.parametrize(
    "mailbox", ["5551234@fax.lan", "555-1234@FAX.LAN", "555.1234@fax.local.", '"555 1234"@fax.lan', '"5551234"@fax.lan']
)
def test_a_number_in_any_honest_spelling_is_dialled_as_its_digits(mailbox: str) -> None:
    assert outcome(mailbox) == "5551234"


BAD = [
    "john.smith2024@fax.lan",
    "john@fax.lan",
    "5551234a@fax.lan",
    "a5551234@fax.lan",
    "fax=5551234/fax=5551235@fax.lan",
    "t33s=12@fax.lan",
    "fax=john/t33s=5551234@fax.lan",
    "5551234%evil.example@fax.lan",
    "evil.example!5551234@fax.lan",
    '"5551234@evil.example"@fax.lan',
    '"5551234\\"@fax.lan',
    '""@fax.lan',
    '"5551234" @fax.lan',
    "5551234 @fax.lan",
    " 5551234@fax.lan",
    "5551234-@fax.lan",
    "-5551234@fax.lan",
    "555--1234@fax.lan",
    "++5551234@fax.lan",
    "5551+234@fax.lan",
    "555,1234@fax.lan",
    "555w1234@fax.lan",
    "*675551234@fax.lan",
    "5551234#@fax.lan",
    "5551234#12#ab@fax.lan",
    "5551234#123456789012345678901@fax.lan",
    "#5551234@fax.lan",
    "(555)1234@fax.lan",
    "5551234\r\nATDT911@fax.lan",
    "5551234;ATH@fax.lan",
    "٥٥٥١٢٣٤@fax.lan",
    "５５５１２３４@fax.lan",
    "5551234\x00@fax.lan",
    "@fax.lan",
    "5551234",
    "5551234@",
    "",
]


@pytest.mark.parametrize("mailbox", BAD)
def test_what_is_not_a_number_is_never_dialled(mailbox: str) -> None:
    assert outcome(mailbox) in {Outcome.BAD_NUMBER, Outcome.UNKNOWN_NAME}


@pytest.mark.parametrize("number", ["911", "112", "999"])
def test_an_emergency_number_is_refused_before_any_plan_is_asked(number: str) -> None:
    answer = verdict(f"{number}@fax.lan", "127.0.0.1", "", SETTINGS)
    assert isinstance(answer, Refused)
    assert answer.outcome is Outcome.DESTINATION_DENIED
    assert "emergency" in answer.detail


@pytest.mark.parametrize("number", ["555123", "55512345", "+5551234", "15551234567", "0" * 200])
def test_a_number_outside_the_plan_does_not_exist(number: str) -> None:
    assert outcome(f"{number}@fax.lan") is Outcome.NO_SUCH_NUMBER


@pytest.mark.parametrize(
    "domain", ["example.com", "lan", "fax.lan.example.com", "xfax.lan", "[127.0.0.1]", "evil@fax.lan.evil"]
)
def test_a_foreign_domain_is_refused_even_with_a_good_number(domain: str) -> None:
    assert outcome(f"5551234@{domain}") is Outcome.NOT_OUR_DOMAIN


@pytest.mark.parametrize(
    "client_ip", ["192.0.2.1", "10.0.0.1", "::2", "2001:db8::1", "::ffff:192.0.2.1", "", "localhost"]
)
def test_nobody_dials_from_outside_by_default_and_learns_nothing(client_ip: str) -> None:
    refusals = {
        verdict(mailbox, client_ip, "", SETTINGS) for mailbox in ("5551234@fax.lan", "x@fax.lan", "x@other.example")
    }
    (refusal,) = refusals
    assert isinstance(refusal, Refused)
    assert refusal.outcome is Outcome.NOT_PERMITTED


def test_an_allowed_network_and_a_proven_identity_may_send() -> None:
    office = replace(SETTINGS, allow_networks=(ip_network("192.0.2.0/24"),))
    assert outcome("5551234@fax.lan", "192.0.2.77", settings=office) == "5551234"
    assert outcome("5551234@fax.lan", "::ffff:192.0.2.77", settings=office) == "5551234"
    assert outcome("5551234@fax.lan", "127.0.0.1", settings=office) is Outcome.NOT_PERMITTED
    assert outcome("5551234@fax.lan", "203.0.113.9", identity="anna", settings=office) == "5551234"


@given(st.text(max_size=24))
def test_only_digits_and_single_separators_ever_reach_the_line(local: str) -> None:
    answer = verdict(f"{local}@fax.lan", "127.0.0.1", "", SETTINGS)
    if isinstance(answer, Permitted):
        assert len(answer.number) == 7
        assert set(answer.number) <= set("0123456789")
        assert [letter for letter in local if letter not in ' .-"'] == list(answer.number)


@given(
    st.lists(st.sampled_from("0123456789"), min_size=7, max_size=7),
    st.lists(st.sampled_from(["", " ", ".", "-"]), min_size=6, max_size=6),
)
def test_separators_change_nothing(digits: list[str], separators: list[str]) -> None:
    written = "".join(digit + separator for digit, separator in zip(digits, [*separators, ""], strict=True))
    assert outcome(f"{written}@fax.lan") == "".join(digits)


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="length"):
        PrivatePlan(lengths=())
    with pytest.raises(ValueError, match="lower case"):
        Domain(name="Fax.lan", plan=SEVEN)
    with pytest.raises(ValueError, match="catch-all"):
        replace(SETTINGS, catch_all="")
    with pytest.raises(ValueError, match="twice"):
        replace(SETTINGS, domains=(SETTINGS.domains[0], SETTINGS.domains[0]))


@pytest.mark.parametrize("local", ["postmaster", "Postmaster", '"POSTMASTER"'])
def test_the_postmaster_is_no_number_and_an_allowed_client_is_told_whom_to_write_to(local: str) -> None:
    answer = verdict(f"{local}@fax.lan", "127.0.0.1", "", replace(SETTINGS, catch_all="faxmaster@example.org"))
    assert isinstance(answer, Refused)
    assert answer.outcome is Outcome.BAD_NUMBER
    assert "faxmaster@example.org" in answer.detail
    stranger = verdict(f"{local}@fax.lan", "192.0.2.1", "", replace(SETTINGS, catch_all="faxmaster@example.org"))
    assert isinstance(stranger, Refused)
    assert "faxmaster" not in stranger.detail


@pytest.mark.parametrize(
    "mailbox",
    [
        "5551234#1387@fax.lan",
        "FAX=555-1234/T33S=13-87@fax.lan",
        "/fax=5551234/t33s=1387/@fax.lan",
        '"FAX=555 1234/T33S=1387"@fax.lan',
    ],
)
def test_a_subaddress_is_read_and_never_dialled(mailbox: str) -> None:
    """RFC 3192 section 2 and 4; RFC 4160 section 3.2.2."""
    answer = verdict(mailbox, "127.0.0.1", "", SETTINGS)
    assert isinstance(answer, Permitted)
    assert (answer.number, answer.address.subaddress) == ("5551234", "1387")
    assert answer.address.mailbox == "5551234#1387@fax.lan"


def test_an_address_in_the_form_of_rfc_3192_needs_no_subaddress() -> None:
    assert outcome("FAX=5551234@fax.lan") == "5551234"
