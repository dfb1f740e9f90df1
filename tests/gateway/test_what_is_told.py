"""What a far machine is told beside our number follows from the address and the configuration."""

from pathlib import Path

from mailfax.config import EMBEDDED_DEFAULT, parse
from mailfax.daemon import build
from mailfax.model.address import FaxAddress
from mailfax.t30.addressing import Addressing

ADDRESS = FaxAddress(number="5551234", domain="fax.lan", subaddress="1387")


def told(more: str) -> Addressing:
    policy = build.call_policy(parse(f"{EMBEDDED_DEFAULT}\n{more}\n", Path("/nowhere")))
    return policy.addressing(ADDRESS, "5551234")


def test_a_subaddress_is_needed_unless_the_configuration_says_otherwise() -> None:
    assert told("") == Addressing(subaddress="1387", needs_subaddress=True)
    assert told('[calls]\nwithout_subaddress = "send"').needs_subaddress is False


def test_a_destination_has_its_own_sender_id() -> None:
    assert told('[destinations.5551234]\nsender_id = "secret 1"').sender_id == "secret 1"
    assert told('[destinations.5559999]\nsender_id = "secret 1"').sender_id == ""
