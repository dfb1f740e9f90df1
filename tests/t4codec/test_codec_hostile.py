"""No octets make the decoder fail, hang or grow."""

import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailfax.model.page import Coding
from mailfax.t4codec import BadRows, DecodeOptions, decode

AWKWARD_OCTETS = st.one_of(
    st.binary(max_size=400),
    st.lists(
        st.sampled_from([b"\x00", b"\x00\x10", b"\x00\x01", b"\x80", b"\xff", b"\x35", b"\x00\x18"]), max_size=200
    ).map(b"".join),
)


@settings(max_examples=400, deadline=None)
@given(
    octets=AWKWARD_OCTETS,
    coding=st.sampled_from(list(Coding)),
    width=st.one_of(st.integers(1, 40), st.sampled_from([1728, 4864])),
    max_rows=st.integers(0, 200),
    options=st.builds(
        DecodeOptions, bad_rows=st.sampled_from(BadRows), lsb_first=st.booleans(), align_rows=st.booleans()
    ),
)
def test_any_octets_give_some_page(
    octets: bytes, coding: Coding, width: int, max_rows: int, options: DecodeOptions
) -> None:
    decoded = decode(octets, coding, width_px=width, max_rows=max_rows, options=options)
    assert decoded.rows == decoded.bitmap.rows <= max_rows
    assert decoded.bitmap.width_px == width
    assert decoded.bad_rows == sum(span.count for span in decoded.bad_spans) <= decoded.rows
    assert decoded.longest_bad_run == max((span.count for span in decoded.bad_spans), default=0)


FLOODS = {
    "zeros": b"\x00" * 1_000_000,
    "ones": b"\xff" * 1_000_000,
    "EOLs": b"\x00\x10\x01" * 300_000,
    "make-up codes": bytes([0b00000001, 0b11110000, 0b00011111]) * 300_000,
    "runs of nothing": bytes.fromhex("350dcd437350dcd437") * 100_000,
    "white rows": b"\xff\x7f" * 500_000,
}


@pytest.mark.parametrize("coding", list(Coding))
@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_costs_bounded_time_and_memory(name: str, coding: Coding) -> None:
    tracemalloc.start()
    began = time.perf_counter()
    decode(FLOODS[name], coding, width_px=1728)
    took_s = time.perf_counter() - began
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert took_s < 5
    assert peak < 130_000_000  # 100,000 rows, the old ones while they are copied, and the octets themselves


def test_runs_of_no_length_join_their_neighbours() -> None:
    """A row whose runs of 0 take back all that went before: 5 white, 0 black, 3 white, 0 black, 8 black is 8 of each."""
    white = {0: "00110101", 3: "1000", 5: "1100"}
    black = {0: "0000110111", 8: "000101"}
    bits = "000000000001" + white[5] + black[0] + white[3] + black[8]
    bits += "000000000001" + white[0] + black[0] + white[5] + black[0] + white[3] + black[8]
    bits += "000000000001" * 6
    octets = int(bits.ljust(-len(bits) % 8 + len(bits), "0"), 2).to_bytes((len(bits) + 7) // 8)
    decoded = decode(octets, Coding.MH, width_px=16)
    assert decoded.bad_rows == 0
    assert decoded.bitmap.octets() == bytes((0x00, 0xFF)) * 2
