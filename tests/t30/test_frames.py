"""Frames: the table of FCFs, bits X and P, and who is calling."""

import pytest

from mailfax.t30.frames import Fcf, build_burst, build_frame, identification_fif, parse_frame, read_identification
from mailfax.t30.wire import reverse_bits

# The same codes as a serial modem shows them (low bit first, X = 0), from independent programs.
AS_T31_SHOWS = {
    "DIS": 0x80, "CSI": 0x40, "NSF": 0x20, "DTC": 0x81, "CIG": 0x41, "DCS": 0x82, "TSI": 0x42, "SUB": 0xC2, "CFR": 0x84,
    "FTT": 0x44, "CTR": 0xC4, "EOM": 0x8E, "MPS": 0x4E, "EOR": 0xCE, "EOP": 0x2E, "RR": 0x6E, "PRI_EOM": 0x9E,
    "PRI_MPS": 0x5E, "PRI_EOP": 0x3E, "PPS": 0xBE, "MCF": 0x8C, "RTN": 0x4C, "RTP": 0xCC, "PIN": 0x2C, "PIP": 0xAC,
    "RNR": 0xEC, "ERR": 0x1C, "PPR": 0xBC, "CRP": 0x1A, "DCN": 0xFA, "CTC": 0x12, "FNV": 0xCA, "PWD": 0xC1, "SEP": 0xA1,
}  # fmt: skip


@pytest.mark.parametrize(("name", "code"), AS_T31_SHOWS.items())
def test_codes(name: str, code: int) -> None:
    assert reverse_bits(bytes([Fcf[name].code])) == bytes([code])


def test_every_code_is_read_back_whatever_its_x_bit() -> None:
    for fcf in Fcf:
        for x in (False, True):
            frame = parse_frame(build_frame(fcf, bytes(32), x=x))
            assert frame is not None
            assert (frame.fcf, frame.x) == (fcf, x and fcf.has_x)


def test_only_the_last_frame_of_a_burst_is_final() -> None:
    burst = build_burst([(Fcf.TSI, b"1"), (Fcf.DCS, bytes(3))], x=True)
    assert [octets[:3].hex(" ") for octets in burst] == ["ff c0 c2", "ff c8 c1"]


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\xff\xc8",
        bytes.fromhex("00 c8 21"),
        bytes.fromhex("ff 13 84"),
        bytes.fromhex("ff c8 00"),
        bytes.fromhex("ff c8 01 00"),
    ],
    ids=["nothing", "no FCF", "other address", "low bit first", "unknown FCF", "DIS too short"],
)
def test_what_is_no_frame_is_ignored(octets: bytes) -> None:
    assert parse_frame(octets) is None


def test_identification_goes_last_character_first() -> None:
    fif = identification_fif("+49 30 1234")
    assert reverse_bits(fif) == b"4321 03 94+" + b" " * 9
    assert read_identification(fif) == "+49 30 1234"


def test_identification_is_kept_short_and_safe_to_show() -> None:
    assert len(identification_fif("x" * 50)) == 20
    assert read_identification(reverse_bits(b"\x1bsnigiriV")) == "Virigins?"
    assert read_identification(b"") == ""
