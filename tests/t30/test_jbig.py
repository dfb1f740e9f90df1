"""T.85 over ECM (features T3): negotiated when both can, one more way for a page to travel, and T.6 at rest. jbigkit is the judge."""

import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from test_damage import PAGE, Book, delivered, fax, on_page

from mailfax.gateway.pages import LONGEST_T85_ROWS, received_page
from mailfax.model.call import FramesRequested
from mailfax.model.outcome import Outcome
from mailfax.model.page import Coding, Jbig, PageFormat, Resolution
from mailfax.modem.virtual.damage import BitErrors, LoseCarrier
from mailfax.modem.virtual.pair import run_joined
from mailfax.t4codec import Bitmap, decode
from mailfax.t4codec.t85 import HEADER, T85Options, encode_t85
from mailfax.t30.answerer import AnswererStation, answer
from mailfax.t30.caller import AfterRtn, CallerJob, call
from mailfax.t30.capabilities import Bit, Dcs, Dis, write_fif
from mailfax.t30.modulation import Modulation
from mailfax.t30.negotiate import FULL_OFFER, acceptable_form, choose, our_dis

T6_OFFER = replace(FULL_OFFER, codings=(Coding.MMR, Coding.MR, Coding.MH))
T85_FORM = PageFormat(coding=Jbig.T85, resolution=Resolution.FINE, ecm_frame_octets=256)


def jbigkit_decodes(octets: bytes, width_px: int, folder: Path) -> Bitmap:
    plain, coded = folder / "page.pbm", folder / "page.jbg"
    coded.write_bytes(octets)
    subprocess.run(["jbgtopbm85", coded, plain], check=True)
    return Bitmap.from_octets(width_px, plain.read_bytes().split(b"\n", 3)[-1])


# -- negotiated


def test_our_dis_offers_it_and_any_height_of_stripes_but_never_without_error_correction() -> None:
    assert our_dis(FULL_OFFER).has(Bit.T85)
    assert our_dis(FULL_OFFER).has(Bit.T85_OPTIONAL_L0)
    plain = our_dis(replace(FULL_OFFER, ecm=False))
    assert not plain.has(Bit.T85)
    assert len(our_dis(T6_OFFER).fif) < len(our_dis(FULL_OFFER).fif)


@pytest.mark.parametrize(
    ("bits", "coding"),
    [
        ({27, 31, 78}, Jbig.T85),
        ({27, 78, 79}, Jbig.T85),
        ({27, 31}, Coding.MMR),
        ({16, 78}, Coding.MR),  # without error correction bit 78 says nothing
        (set(), Coding.MH),
    ],
)
def test_it_is_chosen_where_the_far_end_has_it(bits: set[int], coding: Coding | Jbig) -> None:
    choice = choose(Dis.parse(write_fif({10, 11, 12, 14, 15, *bits})), FULL_OFFER)
    assert choice is not None
    assert choice.form.coding is coding
    assert Dcs.parse(choice.dcs.fif).form == choice.form
    assert choice.dcs.has(Bit.T85) == (coding is Jbig.T85)
    assert not choice.dcs.has(Bit.T6) or coding is Coding.MMR


def test_of_several_codings_in_a_dcs_jbig_counts_and_implies_error_correction() -> None:
    """Met in the field: bits of JBIG and T.6 together, and without the bit of ECM."""
    form = Dcs.parse(write_fif({10, 14, 31, 78})).form
    assert form is not None
    assert (form.coding, form.ecm_frame_octets) == (Jbig.T85, 256)
    assert acceptable_form(Dcs.parse(write_fif({10, 14, 27, 78})), T6_OFFER) is None


# -- on the line


def test_a_page_goes_as_t85_and_rests_as_t6(tmp_path: Path) -> None:
    ends, _, receiver = fax(FULL_OFFER)
    assert delivered(ends)
    form, octets = receiver.pages[0]
    assert form.coding is Jbig.T85
    assert jbigkit_decodes(octets, PAGE.width_px, tmp_path) == PAGE
    t6, _ = received_page(octets, form)
    assert decode(t6, Coding.MMR, width_px=PAGE.width_px).bitmap == PAGE


def test_it_is_shorter_than_t6_on_the_line() -> None:
    seconds = [fax(offer)[0].seconds for offer in (FULL_OFFER, T6_OFFER)]
    assert seconds[0] < seconds[1]


@pytest.mark.parametrize("harm", [LoseCarrier(after_s=2.0, duration_s=0.3), BitErrors(rate=1 / 3000, seed=5)])
def test_damaged_frames_come_again_and_the_page_is_whole(harm: LoseCarrier | BitErrors) -> None:
    ends, sender, receiver = fax(FULL_OFFER, on_page(1, harm))
    assert ends.injuries
    assert any(isinstance(event, FramesRequested) for event in sender.events)
    assert receiver.is_the_page(0)
    assert delivered(ends)


def test_a_page_that_does_not_get_through_is_never_left_with_holes() -> None:
    """Whatever the policy: nothing behind a hole could be read, so there is no EOR and nothing is confirmed."""
    sender, receiver = Book(), Book()
    job = CallerJob(pages=1, offer=FULL_OFFER, after_rtn=AfterRtn.GO_ON)
    ends = run_joined(
        call(job),
        sender,
        answer(AnswererStation(offer=FULL_OFFER)),
        receiver,
        [on_page(None, BitErrors(rate=1 / 100, seed=9))],
    )
    assert ends.injuries
    assert ends.calling.outcome is Outcome.PAGE_REFUSED
    assert not ends.called.confirmed


# -- what others write, and what nobody should


@pytest.mark.parametrize(
    "options", [T85Options(stripe_rows=PAGE.rows), T85Options(stripe_rows=16, two_lines=True, typical_prediction=False)]
)
def test_other_stripes_and_templates_are_read(options: T85Options) -> None:
    t6, decoded = received_page(encode_t85(PAGE, options=options) + bytes(100), T85_FORM)  # the last frame is filled up
    assert (decoded.bitmap, decoded.bad_rows) == (PAGE, 0)
    assert decode(t6, Coding.MMR, width_px=PAGE.width_px).bitmap == PAGE


def test_rubbish_is_no_page_and_is_not_confirmed() -> None:
    assert received_page(b"\xff" * 4000, T85_FORM)[1].rows == 0
    assert received_page(b"", T85_FORM)[1].rows == 0


def test_a_page_that_says_it_is_wider_than_agreed_or_endless_costs_little() -> None:
    huge = HEADER.pack(0, 0, 1, 0, 20_000, 0xFFFFFFFF, 0xFFFFFFFF, 0, 0, 0, 0) + bytes(3) + b"\xff\x02"
    assert received_page(huge, T85_FORM)[1].rows == 0
    endless = HEADER.pack(0, 0, 1, 0, 1728, 0xFFFFFFFF, 0xFFFFFFFF, 0, 0, 0, 0) + bytes(3) + b"\xff\x02"
    assert received_page(endless, T85_FORM)[1].rows == LONGEST_T85_ROWS


def test_all_modulations_carry_it() -> None:
    form = replace(T85_FORM, ecm_frame_octets=64)
    for modulation in Modulation:
        assert Dcs.parse(Dcs.command(modulation, form).fif).form == form


def test_white_pages_too() -> None:
    white = Bitmap(1728, np.zeros((100, 216), np.uint8))
    assert received_page(encode_t85(white), T85_FORM)[1].bitmap == white
