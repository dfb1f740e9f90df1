"""ECM blocks as bits of the image channel: what is framed comes back, and damage costs the frames that it hit."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailfax.t30.hdlc import FLAG, frame_block, read_block, stuff, to_bits

RCP = bytes.fromhex("ffc061")
BLOCK = tuple(bytes((0xFF, 0xC0, 0x60, n)) + random.Random(n).randbytes(256) for n in range(20))


@settings(deadline=None)
@given(st.lists(st.binary(min_size=2, max_size=300), min_size=1, max_size=5), st.sampled_from([2400, 14400]))
def test_frames_survive_the_image_channel(frames: list[bytes], bit_rate: int) -> None:
    assert read_block(frame_block(frames, bit_rate)) == (tuple(frames), 0)


def test_an_rcp_is_the_octets_of_other_makers() -> None:
    """T.4, A.3.5; with its FCS as spandsp and HylaFAX have it."""
    assert to_bits(bytes.fromhex("ffc06196d3")) == "".join(f"{octet:08b}" for octet in (0xFF, 0xC0, 0x61, 0x96, 0xD3))
    framed = to_bits(frame_block((RCP,), 14400)).replace("111110", "11111")
    assert to_bits(bytes.fromhex("ffc06196d3")) in framed


@pytest.mark.parametrize("bit_rate", [2400, 4800, 7200, 9600, 12000, 14400])
def test_a_block_opens_with_200_ms_of_flags_and_closes_with_less_than_50_ms(bit_rate: int) -> None:
    """T.4, A.3.2 and A.3.5."""
    bits = to_bits(frame_block((RCP,), bit_rate))
    opening, closing = bits.split("1111111", 1)[0], bits[bits.rindex(stuff(to_bits(RCP))) :]
    assert set(opening[: len(opening) & ~7]) == {"0", "1"}
    assert 0.2 <= opening.count(FLAG) * 8 / bit_rate <= 0.3
    assert (len(closing) - 48) / bit_rate < 0.05


@pytest.mark.parametrize("seed", range(8))
def test_damage_costs_the_frames_that_it_hit(seed: int) -> None:
    dice = random.Random(seed)
    octets = bytearray(frame_block((*BLOCK, RCP, RCP, RCP), 14400))
    at = dice.randrange(400, len(octets) - 100)
    for hurt in range(at, at + 40):
        octets[hurt] ^= dice.randrange(1, 256)
    frames, _ = read_block(bytes(octets))
    missing = [frame for frame in BLOCK if frame not in frames]
    assert 1 <= len(missing) <= 2
    assert set(frames) <= {*BLOCK, RCP}


def test_a_demodulator_begins_anywhere() -> None:
    bits = to_bits(frame_block((*BLOCK, RCP), 9600))[3:]
    late = int(bits[: len(bits) & ~7], 2).to_bytes(len(bits) // 8, "big")
    assert read_block(late)[0] == (*BLOCK, RCP)


def test_noise_is_no_frame() -> None:
    assert read_block(random.Random(1).randbytes(50_000))[0] == ()
    assert read_block(b"") == ((), 0)
