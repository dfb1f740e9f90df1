"""What the far end can show decides: pages go out in its resolution, rescaled in the call; ours receives up to 408 x 391."""

import numpy as np
import pytest

from mailfax.gateway.pages import coded_page, source_resolution
from mailfax.model.page import Coding, PageFormat, Resolution
from mailfax.t4codec import Bitmap, decode, encode
from mailfax.t30.capabilities import Dcs, Dis, write_fif
from mailfax.t30.modulation import Modulation
from mailfax.t30.negotiate import FULL_OFFER, Offer, acceptable_form, choose, our_dis

FINEST_FIRST = tuple(reversed(Resolution))
BITS = {Resolution.STANDARD: set(), Resolution.FINE: {15}, Resolution.SUPERFINE: {41}, Resolution.ULTRAFINE: {43}}
BASE = {10, 11, 12, 14, 20, 21, 22, 23}
WIDTHS = {resolution: 3456 if resolution is Resolution.ULTRAFINE else 1728 for resolution in Resolution}


@pytest.mark.parametrize("resolution", Resolution)
def test_a_superfine_page_for_a_machine_that_has_less(resolution: Resolution) -> None:
    """spandsp refuses to send here; we choose what the machine has."""
    offer = Offer(resolutions=FINEST_FIRST)
    choice = choose(Dis.parse(write_fif(BASE | BITS[resolution])), offer)
    assert choice is not None
    assert (choice.form.resolution, choice.form.width_px) == (resolution, WIDTHS[resolution])
    assert Dcs.parse(choice.dcs.fif).form == choice.form


@pytest.mark.parametrize("resolution", Resolution)
def test_our_answerer_takes_every_resolution_that_it_offers(resolution: Resolution) -> None:
    form = PageFormat(coding=Coding.MH, resolution=resolution, width_px=WIDTHS[resolution])
    dcs = Dcs.command(Modulation.V17_14400, form)
    assert our_dis(FULL_OFFER).takes(resolution)
    assert acceptable_form(dcs, FULL_OFFER) == form
    plain = resolution in {Resolution.STANDARD, Resolution.FINE}
    assert (acceptable_form(dcs, Offer()) == form) == plain


@pytest.mark.parametrize(
    ("scan", "half", "fine_ms", "superfine_ms"), [("110", True, 10, 5), ("110", False, 10, 10), ("100", True, 5, 5)]
)
def test_least_time_of_a_line_in_superfine(scan: str, half: bool, fine_ms: int, superfine_ms: int) -> None:
    """Table 2, bit 46: half of that of fine, where the table has it."""
    bits = {21 + place for place, bit in enumerate(scan) if bit == "1"} | ({46} if half else set())
    dis = Dis.parse(write_fif({10, 15, 41, *bits}))
    assert (dis.scan_line_ms(Resolution.FINE), dis.scan_line_ms(Resolution.SUPERFINE)) == (fine_ms, superfine_ms)


@pytest.mark.parametrize("resolution", Resolution)
@pytest.mark.parametrize("coding", Coding)
def test_pages_are_rescaled_and_coded_as_the_dcs_says(resolution: Resolution, coding: Coding) -> None:
    form = PageFormat(coding=coding, resolution=resolution, width_px=WIDTHS[resolution], unlimited_length=True)
    black = np.zeros((2200, 1728), np.bool_)
    black[20:40, 100:900] = True
    body = Bitmap.from_bool(black)
    octets = coded_page(None, encode(body, Coding.MMR), 1728, 2200, form, 14400)
    down = {Resolution.SUPERFINE: 2, Resolution.ULTRAFINE: 2}.get(resolution, 1)
    got = decode(octets, coding, width_px=form.width_px).bitmap.to_bool()
    assert np.array_equal(got, np.repeat(np.repeat(black, down, axis=0), resolution.pels_across, axis=1))
    assert source_resolution(form) in {Resolution.STANDARD, Resolution.FINE}


@pytest.mark.parametrize(("bits", "width_px"), [({17}, 2048), ({18}, 2432)])
def test_a_wider_page_than_a4_is_taken(bits: set[int], width_px: int) -> None:
    form = acceptable_form(Dcs.parse(write_fif({10, 14, *bits})), FULL_OFFER)
    assert form is not None
    assert form.width_px == width_px
