"""A page that arrives in pieces becomes the same page, however it is cut, damaged or not."""

import itertools

import numpy as np
import pytest
from codec_damage import SMALL_HITS
from codec_pictures import bitmaps, texty
from hypothesis import given, settings
from hypothesis import strategies as st

from mailfax.model.page import Coding
from mailfax.t4codec import Bitmap, Decoded, EncodeOptions, PageDecoder, decode, encode


def decode_in_pieces(octets: bytes, coding: Coding, width_px: int, cuts: list[int]) -> Decoded:
    decoder = PageDecoder(coding, width_px=width_px)
    edges = [0, *sorted(min(cut, len(octets)) for cut in cuts), len(octets)]
    for start, end in itertools.pairwise(edges):
        decoder.feed(octets[start:end])
    return decoder.close()


@settings(max_examples=150, deadline=None)
@given(
    page=bitmaps(max_width=700, max_rows=40),
    coding=st.sampled_from(list(Coding)),
    options=st.builds(
        EncodeOptions,
        k=st.sampled_from([2, 4]),
        align_eol=st.booleans(),
        end_of_page=st.sampled_from([True, True, False]),
    ),
    hit=st.sampled_from([None, *SMALL_HITS]),
    in_rtc=st.booleans(),
    cuts=st.lists(st.integers(0, 3000), max_size=30),
)
def test_pieces_make_the_same_page(
    page: Bitmap, coding: Coding, options: EncodeOptions, hit: str | None, in_rtc: bool, cuts: list[int]
) -> None:
    octets = encode(page, coding, options=options)
    if hit and len(octets) > 2:
        spare = max(len(octets) - 20, 0) if in_rtc else 0
        octets = octets[:spare] + SMALL_HITS[hit](octets[spare:], np.random.default_rng(len(cuts)))
    assert decode_in_pieces(octets, coding, page.width_px, cuts) == decode(octets, coding, width_px=page.width_px)


@pytest.mark.parametrize("coding", list(Coding))
def test_rows_are_there_while_the_page_still_comes(coding: Coding) -> None:
    page = texty(rows=400)
    octets = encode(page, coding)
    decoder = PageDecoder(coding, width_px=1728)
    counts = []
    for at in range(0, len(octets), 256):
        decoder.feed(octets[at : at + 256])
        counts.append(decoder.rows)
    assert counts == sorted(counts)
    half = counts[len(counts) // 2]
    assert 100 < half < 300
    assert decoder.bad_rows == 0
    assert decoder.close().bitmap == page


def test_octets_behind_the_end_of_a_page_are_not_kept() -> None:
    decoder = PageDecoder(Coding.MH, width_px=1728)
    decoder.feed(encode(texty(rows=100), Coding.MH))
    for _ in range(100):
        decoder.feed(b"\xff" * 1000)
    assert decoder.close().rows == 100


def test_rows_stop_at_the_limit() -> None:
    octets = encode(texty(rows=300), Coding.MMR)
    decoded = decode(octets, Coding.MMR, width_px=1728, max_rows=17)
    assert (decoded.rows, decoded.bitmap.rows, decoded.complete) == (17, 17, False)
