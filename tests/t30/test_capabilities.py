"""DIS and DCS, bit by bit against table 2 of T.30, and what is negotiated from them."""

import pytest

from mailfax.model.page import Coding, PageFormat, Resolution
from mailfax.t30.capabilities import Bit, Dcs, Dis, get_bit, write_fif
from mailfax.t30.modulation import Modulation
from mailfax.t30.negotiate import NEXT_LOWER, Offer, acceptable_form, choose, fall_back, our_dis
from mailfax.t30.tcf import longest_zero_run, training_is_good

STANDARD_ONLY = Dis(write_fif({10, 12}))  # V.27ter, 215 mm, A4, 20 ms


def test_our_dis_is_the_octets_of_table_2() -> None:
    # bits 1-8 none; 10 receive, 11 12 14 V.17, 15 fine; 20 unlimited, 21-23 0 ms
    assert our_dis(Offer()).fif == bytes([0b00000000, 0b01110110, 0b00011110])
    assert our_dis(Offer(codings=(Coding.MR, Coding.MH))).has(Bit.MR)
    v29 = our_dis(Offer(best_modulation=Modulation.V29_9600, resolutions=(Resolution.STANDARD,)))
    assert v29.fif == bytes([0b00000000, 0b01110000, 0b00011110])
    slowest = our_dis(Offer(best_modulation=Modulation.V27TER_2400))
    assert slowest.modulations == {Modulation.V27TER_2400}


@pytest.mark.parametrize(
    ("printed", "modulation"),
    [
        ("0000", Modulation.V27TER_2400),
        ("0100", Modulation.V27TER_4800),
        ("1000", Modulation.V29_9600),
        ("1100", Modulation.V29_7200),
        ("0001", Modulation.V17_14400),
        ("0101", Modulation.V17_12000),
        ("1001", Modulation.V17_9600),
        ("1101", Modulation.V17_7200),
        ("0010", None),
    ],
)
def test_dcs_rates(printed: str, modulation: Modulation | None) -> None:
    dcs = Dcs.parse(bytes([0, int(printed, 2) << 2, 0]))
    assert dcs.modulation is modulation
    if modulation is not None:
        form = PageFormat(coding=Coding.MH, resolution=Resolution.STANDARD, min_scan_line_ms=20)
        assert Dcs.command(modulation, form).fif[1] == 0b01000000 | int(printed, 2) << 2


@pytest.mark.parametrize(
    ("printed", "standard_ms", "fine_ms"),
    [
        ("000", 20, 20),
        ("001", 40, 40),
        ("010", 10, 10),
        ("100", 5, 5),
        ("011", 10, 5),
        ("110", 20, 10),
        ("101", 40, 20),
        ("111", 0, 0),
    ],
)
def test_scan_line_time_reaches_the_page_and_the_dcs(printed: str, standard_ms: int, fine_ms: int) -> None:
    dis = Dis.parse(bytes([0, 0b01110110, int(printed, 2) << 1]))
    for resolution, ms in ((Resolution.STANDARD, standard_ms), (Resolution.FINE, fine_ms)):
        choice = choose(dis, Offer(resolutions=(resolution,)))
        assert choice is not None
        assert choice.form.min_scan_line_ms == ms
        assert choice.dcs.form == choice.form


def test_missing_octets_are_zero_and_what_follows_the_end_does_not_count() -> None:
    assert not Dis.parse(bytes([0, 64, 0, 0xFF])).has(Bit.ECM)  # bit 24 is 0: octet 4 does not count
    assert Dis.parse(bytes([0, 64, 1, 0xFF])).has(Bit.ECM)
    assert not Dis.parse(bytes([0, 64, 1])).has(Bit.ECM)  # the extension bit lies
    assert Dis.parse(b"").modulations == {Modulation.V27TER_2400}


def test_bits_nobody_knows_are_kept() -> None:
    fif = bytes([0, 64, 1, 1, 1, 0b00010000])
    assert Dis.parse(fif).fif == fif


def test_written_bits_get_the_extension_bits_they_need() -> None:
    fif = write_fif({10, 27, 41})
    assert len(fif) == 6
    assert {number for number in range(1, 49) if get_bit(fif, number)} == {10, 24, 27, 32, 40, 41}


def test_width_11_is_read_as_01() -> None:
    assert Dis.parse(bytes([0, 64, 0b11000000])).widths_px == (1728, 2048, 2432)


def test_a_dis_in_words() -> None:
    rich = Dis.parse(bytes([0, 0b01110111, 0b00010001, 0b00100010]))
    assert rich.describe() == "up to V.17 14400 bit/s, fine, MH/MR/MMR, any length, error correction"
    assert STANDARD_ONLY.describe() == "up to V.27ter 4800 bit/s, standard only, MH, A4"
    assert Dis.parse(bytes(3)).describe().startswith("cannot receive")


def test_fine_pages_go_as_standard_to_a_standard_only_machine() -> None:
    choice = choose(STANDARD_ONLY, Offer())
    assert choice is not None
    assert choice.form == PageFormat(coding=Coding.MH, resolution=Resolution.STANDARD, min_scan_line_ms=20)
    assert choice.modulation is Modulation.V27TER_4800
    assert choose(STANDARD_ONLY, Offer(resolutions=(Resolution.FINE,))) is None


def test_the_preferred_coding_that_both_know() -> None:
    offer = Offer(codings=(Coding.MMR, Coding.MR, Coding.MH))
    with_mr = choose(our_dis(offer), offer)
    without_mr = choose(STANDARD_ONLY, offer)
    assert with_mr is not None
    assert without_mr is not None
    assert (with_mr.form.coding, without_mr.form.coding) == (Coding.MR, Coding.MH)  # never T.6 without ECM


def test_a_station_that_cannot_receive() -> None:
    assert choose(Dis.parse(bytes([0, 0b00110110, 0])), Offer()) is None


def test_the_ladder_skips_what_the_far_end_lacks() -> None:
    def ladder(dis: Dis) -> list[str]:
        choice = choose(dis, Offer())
        rung = choice.modulation if choice else None
        rungs = []
        while rung is not None:
            rungs.append(str(rung))
            rung = fall_back(rung, dis)
        return rungs

    below_v17 = ["V.29 9600", "V.29 7200", "V.27ter 4800", "V.27ter 2400"]
    assert ladder(our_dis(Offer())) == ["V.17 14400", "V.17 12000", *below_v17]
    assert ladder(our_dis(Offer(best_modulation=Modulation.V29_9600))) == below_v17
    assert ladder(STANDARD_ONLY) == ["V.27ter 4800", "V.27ter 2400"]


def test_a_rate_limit_holds_both_ways() -> None:
    limited = Offer(best_modulation=Modulation.V17_9600)
    choice = choose(our_dis(Offer()), limited)
    assert choice is not None
    assert choice.modulation is Modulation.V17_9600
    assert Modulation.V17_12000 not in limited.modulations
    assert all(lower is None or lower.bit_rate <= upper.bit_rate for upper, lower in NEXT_LOWER.items())


def test_a_dcs_may_not_ask_for_more_than_was_offered() -> None:
    plain = Dcs(write_fif({10, 14, 15, 18}))
    assert acceptable_form(plain, Offer()) == PageFormat(
        coding=Coding.MH, resolution=Resolution.FINE, width_px=2432, min_scan_line_ms=20
    )
    for bits in ({16}, {27}, {27, 31}, {31}, {41}, {43}):
        assert acceptable_form(Dcs(write_fif({10, 14} | bits)), Offer()) is None
    assert acceptable_form(Dcs(write_fif({10, 17, 18})), Offer()) is None


def test_training_is_judged_by_its_longest_run_of_zeros() -> None:
    second = bytes(9600 // 8)
    assert training_is_good(second, Modulation.V29_9600)
    assert training_is_good(b"\xff" * 300 + second + b"\x5a" * 30, Modulation.V29_9600)  # ones first, noise last
    assert not training_is_good(second[:-1] + b"\x01", Modulation.V29_9600)
    assert not training_is_good(second[:-100] + b"\x10" + second[:-100], Modulation.V29_9600)
    assert not training_is_good(b"", Modulation.V27TER_2400)
    assert longest_zero_run(b"\x80\x01") == 14
