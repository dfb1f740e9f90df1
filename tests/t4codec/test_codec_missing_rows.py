"""How many rows a gap in the carrier took: estimated by bits, near the truth, and never of a page that only has hit rows."""

import numpy as np
import pytest
from codec_pictures import solid, texty

from mailfax.model.page import Coding
from mailfax.t4codec import Bitmap, Decoded, EncodeOptions, PageDecoder, decode, encode, min_row_bits

PAGES = {
    "text": texty(rows=1100),
    "speckles": Bitmap.from_bool(np.random.default_rng(7).random((400, 1728)) < 0.02),
    "noise": Bitmap.from_bool(np.random.default_rng(8).random((300, 1728)) < 0.3),
    "white": solid(1728, 1000, black=False),
}
CODINGS = [Coding.MH, Coding.MR]
GAP_BITS = 2880  # 200 ms at 14400 bit/s


def coded(name: str, coding: Coding, scan_line_ms: int) -> bytes:
    return encode(PAGES[name], coding, options=EncodeOptions(min_row_bits=min_row_bits(14400, scan_line_ms)))


def is_gap(page: Decoded) -> bool:
    """Judge as `PageQuality` does at 14400 bit/s."""
    return page.missing_rows >= 2 and page.longest_gap_bits >= GAP_BITS // 2


def noise_for_a_while(octets: bytes, dice: np.random.Generator) -> bytes:
    bits = np.unpackbits(np.frombuffer(octets, np.uint8))
    first = int(dice.integers(len(bits) // 10, len(bits) - 2 * GAP_BITS))
    bits[first : first + GAP_BITS] = dice.integers(0, 2, GAP_BITS)
    return np.packbits(bits).tobytes()


@pytest.mark.parametrize(("name", "least"), [("text", 16), ("speckles", 18), ("white", 20)])
@pytest.mark.parametrize("scan_line_ms", [0, 20])
@pytest.mark.parametrize("coding", CODINGS)
def test_most_gaps_are_seen_by_the_bits_that_gave_no_row(
    coding: Coding, scan_line_ms: int, name: str, least: int
) -> None:
    """Of 20 gaps; where rows of all lengths stand beside each other (text without fill) one may hide."""
    dice = np.random.default_rng(11)
    octets = coded(name, coding, scan_line_ms)
    found = [decode(noise_for_a_while(octets, dice), coding, width_px=1728) for _ in range(20)]
    assert all(PAGES[name].rows - page.rows > 0 or page.bad_rows for page in found)
    assert sum(is_gap(page) for page in found) >= least


@pytest.mark.parametrize("scan_line_ms", [5, 20])
@pytest.mark.parametrize("coding", CODINGS)
def test_on_a_white_page_the_estimate_is_right_to_a_few_rows(coding: Coding, scan_line_ms: int) -> None:
    dice = np.random.default_rng(12)
    octets = coded("white", coding, scan_line_ms)
    for _ in range(20):
        page = decode(noise_for_a_while(octets, dice), coding, width_px=1728)
        assert abs(PAGES["white"].rows - page.rows - page.missing_rows) <= 6


@pytest.mark.parametrize("scan_line_ms", [0, 20])
@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("name", PAGES)
def test_a_hit_row_is_not_taken_for_a_gap(name: str, coding: Coding, scan_line_ms: int) -> None:
    """A false alarm would have the page sent again: none of 60 single hits makes one, and no page that was not hit."""
    dice = np.random.default_rng(13)
    octets = coded(name, coding, scan_line_ms)
    clean = decode(octets, coding, width_px=1728)
    assert (clean.missing_rows, clean.longest_gap_bits) == (0, 0)
    for _ in range(60):
        hit = bytearray(octets)
        hit[int(dice.integers(0, len(octets)))] ^= 1 << int(dice.integers(0, 8))
        assert not is_gap(decode(bytes(hit), coding, width_px=1728))


def test_in_pieces_it_is_the_same() -> None:
    octets = noise_for_a_while(coded("text", Coding.MR, 5), np.random.default_rng(14))
    whole = decode(octets, Coding.MR, width_px=1728)
    decoder = PageDecoder(Coding.MR, width_px=1728)
    for start in range(0, len(octets), 999):
        decoder.feed(octets[start : start + 999])
    pieces = decoder.close()
    assert whole.missing_rows > 1
    assert (pieces.missing_rows, pieces.longest_gap_bits) == (whole.missing_rows, whole.longest_gap_bits)
