"""Frames become bits and come back; what is damaged is known as damaged."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from virtual_support import CSI, DIS

from mailfax.modem.virtual.hdlc import PREAMBLE_FLAGS, build_burst
from mailfax.t30.hdlc import FLAG, find_flags, is_final, read_chunks, stuff, unstuff

a_frame = st.binary(min_size=2, max_size=130)
some_bits = st.text("01", max_size=400)


def flip(bits: str, position: int) -> str:
    return bits[:position] + "10"[int(bits[position])] + bits[position + 1 :]


@settings(deadline=None)
@given(st.lists(a_frame, min_size=1, max_size=4))
def test_frames_survive_the_line(frames: list[bytes]) -> None:
    burst = build_burst(tuple(frames))
    assert [chunk.frame for chunk in read_chunks(burst.bits)] == frames


@settings(deadline=None)
@given(some_bits)
def test_stuffing_is_undone(bits: str) -> None:
    assert unstuff(stuff(bits)) == bits
    assert "111111" not in stuff(bits)


def test_stuffing_of_ones_is_what_the_standard_draws() -> None:
    assert stuff("11111") == "111110"
    assert stuff("1111111111") == "111110111110"
    assert stuff("111101") == "111101"


def test_the_bits_of_an_mcf() -> None:
    # T.30 facts: MCF, X = 0, is FF 13 8C A2 F1 with the least significant bit first
    octets = [0xFF, 0x13, 0x8C, 0xA2, 0xF1]
    on_the_line = "".join(f"{octet:08b}"[::-1] for octet in octets)
    burst = build_burst((b"\xff\xc8\x31",))
    start, end = burst.spans[0]
    assert unstuff(burst.bits[start:end]) == on_the_line
    assert burst.bits.startswith(FLAG * PREAMBLE_FLAGS)
    assert 0.85 * 300 <= start <= 1.15 * 300  # T.30, 5.3.1: 1 s +- 15 % of flags


@settings(deadline=None)
@given(a_frame, st.data())
def test_one_wrong_bit_is_never_taken_for_a_good_frame(frame: bytes, data: st.DataObject) -> None:
    burst = build_burst((frame,))
    start, end = burst.spans[0]
    bits = flip(burst.bits, data.draw(st.integers(start, end - 1)))
    assert all(chunk.frame is None for chunk in read_chunks(bits))


@settings(deadline=None)
@given(some_bits)
def test_any_bits_at_all_can_be_read(bits: str) -> None:
    for chunk in read_chunks(FLAG + bits + FLAG):
        assert chunk.frame is None or len(chunk.frame) >= 2


def test_a_wrong_fcs_counts_as_one_damaged_frame_and_the_next_frame_is_heard() -> None:
    burst = build_burst((CSI, DIS))
    chunks = list(read_chunks(flip(burst.bits, burst.spans[0][0] + 40)))
    assert [chunk.frame for chunk in chunks] == [None, DIS]


def test_a_frame_cut_by_the_end_of_the_carrier_is_damaged() -> None:
    burst = build_burst((CSI, DIS))
    chunks = list(read_chunks(burst.bits[: burst.spans[1][1] - 8]))
    assert [chunk.frame for chunk in chunks] == [CSI, None]


def test_who_comes_in_late_hears_only_what_begins_with_a_flag() -> None:
    burst = build_burst((CSI, DIS))
    assert [chunk.frame for chunk in read_chunks(burst.bits[burst.spans[0][0] + 3 :])] == [DIS]
    assert list(read_chunks(burst.bits[burst.spans[1][0] + 3 :])) == []


def test_a_spoiled_flag_of_the_preamble_is_no_damaged_frame() -> None:
    burst = build_burst((DIS,))
    assert [chunk.frame for chunk in read_chunks(flip(burst.bits, 100))] == [DIS]


def test_flags_may_share_their_zero() -> None:
    burst = build_burst((DIS,))
    shared = re.sub("00", "0", FLAG * 10) + burst.bits[len(FLAG) * PREAMBLE_FLAGS :]
    assert [chunk.frame for chunk in read_chunks(shared)] == [DIS]


@pytest.mark.parametrize(("control", "final"), [(0xC8, True), (0xC0, False)])
def test_the_control_octet_says_which_frame_is_the_last(control: int, final: bool) -> None:
    assert is_final(bytes([0xFF, control, 0x31])) is final


def test_flags_in_a_row_are_found() -> None:
    assert find_flags("1" * 50 + FLAG * 3, 3) == 74
    assert find_flags(FLAG * 2, 3) is None
