"""What damage costs: the rows that were hit, not the page; and it is told."""

from dataclasses import replace

import numpy as np
import pytest
from codec_damage import SMALL_HITS, rows_lost
from codec_pictures import runs_picture, solid, texty

from mailfax.model.page import Coding
from mailfax.t4codec import BadRows, Bitmap, DecodeOptions, EncodeOptions, Span, decode, encode
from mailfax.t4codec.encoder import DEFAULT

PAGES = {
    "text": texty(rows=160),
    "noise": runs_picture(1728, 60, 7, np.random.default_rng(3)),
    "white": solid(1728, 80, black=False),
}
WAYS = [(Coding.MH, 1, 2), (Coding.MR, 2, 4), (Coding.MR, 4, 8), (Coding.MR, 8, 16)]  # coding, K, rows a hit may cost
EOLS = {"as they fall": {}, "on octets": {"align_eol": True}, "behind fill": {"min_row_bits": 200}}
RTC_OCTETS = 20  # the RTC, and a white row before it
EVERYDAY_HITS = 12
LONG_HITS = 200  # of 6 kinds on 3 pages in 4 ways with 3 kinds of EOLs: 43,200 damaged pages


def hit_often(page: Bitmap, clean: bytes, coding: Coding, limit: int, times: int, spare: int = 0) -> tuple[int, int]:
    """Hit the page often, but for its first `spare` octets; count how often that hurt, and how often it went unseen."""
    hurt = unseen = 0
    for name, hit in SMALL_HITS.items():
        rng = np.random.default_rng(11)
        for number in range(times):
            decoded = decode(clean[:spare] + hit(clean[spare:], rng), coding, width_px=page.width_px)
            lost = rows_lost(page, decoded.bitmap)
            assert lost <= limit, (name, number, lost)
            assert abs(decoded.rows - page.rows) <= 1, (name, number, decoded.rows)
            assert decoded.complete, (name, number)
            hurt += decoded.bad_rows > 0 or lost > 0 or decoded.rows != page.rows
            unseen += lost > 0 and decoded.bad_rows == 0
    return hurt, unseen


@pytest.mark.parametrize(("coding", "k", "limit"), WAYS)
@pytest.mark.parametrize("eols", EOLS)
@pytest.mark.parametrize("name", PAGES)
def test_a_small_hit_costs_few_rows(name: str, eols: str, coding: Coding, k: int, limit: int) -> None:
    clean = encode(PAGES[name], coding, options=EncodeOptions(k=k, **EOLS[eols]))
    hurt, _ = hit_often(PAGES[name], clean, coding, limit, EVERYDAY_HITS)
    assert hurt > EVERYDAY_HITS  # of six times as many


@pytest.mark.parametrize(("coding", "k", "limit"), WAYS)
@pytest.mark.parametrize("eols", EOLS)
@pytest.mark.parametrize("name", PAGES)
def test_a_hit_in_the_rtc_makes_no_rows(name: str, eols: str, coding: Coding, k: int, limit: int) -> None:
    clean = encode(PAGES[name], coding, options=EncodeOptions(k=k, **EOLS[eols]))
    hurt, _ = hit_often(PAGES[name], clean, coding, limit, 5 * EVERYDAY_HITS, len(clean) - RTC_OCTETS)
    assert hurt > EVERYDAY_HITS


@pytest.mark.interop
@pytest.mark.parametrize(("coding", "k", "limit"), WAYS)
@pytest.mark.parametrize("eols", EOLS)
@pytest.mark.parametrize("name", PAGES)
def test_more_than_ten_thousand_damaged_pages(name: str, eols: str, coding: Coding, k: int, limit: int) -> None:
    clean = encode(PAGES[name], coding, options=EncodeOptions(k=k, **EOLS[eols]))
    hurt, unseen = hit_often(PAGES[name], clean, coding, limit, LONG_HITS)
    print(f"{name}, {coding} K={k}, EOLs {eols}: {6 * LONG_HITS} pages hit, {hurt} hurt, {unseen} of them unseen")
    assert hurt > LONG_HITS
    at_rtc, _ = hit_often(PAGES[name], clean, coding, limit, LONG_HITS, len(clean) - RTC_OCTETS)
    assert at_rtc > LONG_HITS // 5


def octets_to_row(page: Bitmap, coding: Coding, options: EncodeOptions = DEFAULT) -> list[int]:
    """Count the octets before each row, and behind the last one."""
    options = replace(options, end_of_page=False)
    return [
        len(encode(Bitmap(page.width_px, page.packed[:row]), coding, options=options)) for row in range(page.rows + 1)
    ]


@pytest.mark.parametrize(("coding", "k", "limit"), WAYS)
@pytest.mark.parametrize("eols", EOLS)
@pytest.mark.parametrize("length", [2, 10, 100, 400])
def test_a_long_hit_costs_the_rows_it_touches_and_as_much_as_a_small_one(
    coding: Coding, k: int, limit: int, eols: str, length: int
) -> None:
    page, options = PAGES["text"], EncodeOptions(k=k, **EOLS[eols])
    clean = encode(page, coding, options=options)
    edges = np.array(octets_to_row(page, coding, options))
    rng = np.random.default_rng(2)
    hurt = 0
    for _ in range(30):
        at = int(rng.integers(len(clean) - 20 - length))
        decoded = decode(clean[:at] + rng.bytes(length) + clean[at + length :], coding, width_px=page.width_px)
        touched = np.count_nonzero((edges[1:] >= at) & (edges[:-1] <= at + length))
        assert rows_lost(page, decoded.bitmap) <= touched + limit
        assert abs(decoded.rows - page.rows) <= touched + limit
        assert decoded.complete
        hurt += decoded.bad_rows > 0
    assert hurt > 10


def test_one_row_of_mh_is_replaced_and_named() -> None:
    page = PAGES["text"]
    eol = "000000000001"
    rows = "".join(f"{octet:08b}" for octet in encode(page, Coding.MH)).split(eol)
    victim = 20
    rows[victim + 1] = "0000001" + rows[victim + 1]  # no code word begins like this
    bits = eol.join(rows)
    octets = bytes(int(bits[at : at + 8].ljust(8, "0"), 2) for at in range(0, len(bits), 8))
    for policy, expected in ((BadRows.COPY, page.packed[victim - 1]), (BadRows.WHITE, np.zeros(216, np.uint8))):
        decoded = decode(octets, Coding.MH, width_px=1728, options=DecodeOptions(bad_rows=policy))
        assert decoded.bad_spans == (Span(first=victim, count=1),)
        assert np.array_equal(decoded.bitmap.packed[victim], expected)
        assert rows_lost(page, decoded.bitmap) <= 1


def test_mmr_keeps_every_row_above_the_hit_and_says_that_it_ends_there() -> None:
    page = PAGES["text"]
    clean = encode(page, Coding.MMR)
    edges = np.array(octets_to_row(page, Coding.MMR))
    rng = np.random.default_rng(8)
    hurt = untold = 0
    for _ in range(300):
        at = int(rng.integers(len(clean) - 4))
        decoded = decode(clean[:at] + rng.bytes(2) + clean[at + 2 :], Coding.MMR, width_px=1728)
        above = np.count_nonzero(edges[1:] < at)
        assert np.array_equal(decoded.bitmap.packed[:above], page.packed[:above])
        if rows_lost(page, decoded.bitmap):
            hurt += 1
            untold += decoded.complete and decoded.rows == page.rows
    assert hurt > 200
    # Some hits make the code of another page, without a fault that any decoder of T.6 could see.
    assert untold < hurt // 10


def test_a_wrong_width_is_bad_all_over_and_still_ends() -> None:
    page = PAGES["text"]
    for coding in (Coding.MH, Coding.MR):
        for width_px in (1700, 2048):
            decoded = decode(encode(page, coding), coding, width_px=width_px)
            assert decoded.bad_rows > 0.9 * page.rows
            assert decoded.complete


@pytest.mark.parametrize("coding", [Coding.MH, Coding.MR])
@pytest.mark.parametrize("eols", [0, 1, 2, 3, 5, 6, 7])
def test_a_page_may_end_in_any_number_of_eols(coding: Coding, eols: int) -> None:
    page = PAGES["text"]
    body = encode(page, coding, options=EncodeOptions(end_of_page=False, align_eol=True)).rstrip(b"\0")
    eol = b"\x00\x08" if coding is Coding.MR else b"\x00\x10"
    decoded = decode(body + 2 * b"\0" + eols * eol + 20 * b"\0", coding, width_px=1728)
    assert decoded.bitmap == page
    assert decoded.bad_rows == 0
    assert decoded.complete == (eols >= 2)


@pytest.mark.parametrize("coding", [Coding.MH, Coding.MR])
def test_noise_before_the_first_eol_is_no_row(coding: Coding) -> None:
    page = PAGES["text"]
    noise = np.random.default_rng(1).bytes(40)
    decoded = decode(noise + encode(page, coding), coding, width_px=1728)
    assert decoded.bitmap == page
    assert decoded.bad_rows == 0


def test_rtc_in_mid_page_ends_the_page() -> None:
    page = PAGES["text"]
    decoded = decode(2 * encode(page, Coding.MH), Coding.MH, width_px=1728)
    assert decoded.bitmap == page
    assert decoded.complete


@pytest.mark.parametrize("coding", list(Coding))
def test_a_cut_page_keeps_all_rows_before_the_cut(coding: Coding) -> None:
    page = PAGES["text"]
    octets = encode(page, coding)
    for part in (1, 2, 3):
        decoded = decode(octets[: part * len(octets) // 4], coding, width_px=1728)
        good = decoded.rows - decoded.bad_rows
        assert not decoded.complete
        assert decoded.bad_rows <= 1
        assert good > 0.12 * part * page.rows
        assert np.array_equal(decoded.bitmap.packed[: good - 1], page.packed[: good - 1])


def test_uncompressed_mode_is_refused_and_counted() -> None:
    # T.6: extension 0000001 111, then five white pels as 000001, then the exit 00000010; and the EOFB.
    bits = "1" + "0000001111" + "000001" * 3 + "00000010" + "000000000001" * 2
    octets = bytes(int(bits[at : at + 8].ljust(8, "0"), 2) for at in range(0, len(bits), 8))
    decoded = decode(octets, Coding.MMR, width_px=16)
    assert (decoded.rows, decoded.bad_rows, decoded.extension_rows, decoded.complete) == (2, 1, 1, False)
