"""Bit order and FCS: one golden vector per boundary."""

import pytest

from mailfax.t30.wire import fcs, fcs_is_right, octet, reverse_bits


@pytest.mark.parametrize(
    ("name", "low_bit_first"),
    [
        ("CFR, X=0", "FF 13 84 EA 7D"),
        ("MCF, X=0", "FF 13 8C A2 F1"),
        ("DCN, X=1", "FF 13 FB 9A F6"),
        ("RCP", "FF 03 86 69 CB"),
    ],
)
def test_fcs_of_frames_as_a_serial_modem_shows_them(name: str, low_bit_first: str) -> None:
    frame = reverse_bits(bytes.fromhex(low_bit_first))
    assert frame[-2:] == fcs(frame[:-2])
    assert fcs_is_right(frame)


def test_rcp_in_the_form_of_the_recommendation() -> None:
    assert bytes.fromhex("FF C0 61") + fcs(bytes.fromhex("FF C0 61")) == bytes.fromhex("FF C0 61 96 D3")


def test_every_single_damaged_bit_is_seen() -> None:
    frame = bytes.fromhex("FF C8 21") + fcs(bytes.fromhex("FF C8 21"))
    assert fcs_is_right(frame)
    for number in range(8 * len(frame)):
        damaged = (int.from_bytes(frame, "big") ^ 1 << number).to_bytes(len(frame), "big")
        assert not fcs_is_right(damaged)
    assert not fcs_is_right(b"\xff\xc8")


def test_octets_are_written_as_printed() -> None:
    assert octet("X101 1111") == 0x5F
    assert octet("1000 0001") == 0x81
    with pytest.raises(ValueError, match="not one octet"):
        octet("X101 111")


def test_reversing_twice_changes_nothing() -> None:
    every = bytes(range(256))
    assert reverse_bits(b"\x01\xc8") == b"\x80\x13"
    assert reverse_bits(reverse_bits(every)) == every
