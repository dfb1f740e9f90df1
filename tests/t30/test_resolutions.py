"""What the far end can show decides: pages go out in its resolution, rescaled in the call; ours receives up to 408 x 391."""

from dataclasses import replace

import numpy as np
import pypdfium2 as pdfium
import pytest
from test_damage import ROWS, delivered, fax

from mailfax.gateway.pages import coded_page, paper_width_px, received_page, source_resolution
from mailfax.model.page import FINEST_FIRST, Coding, Jbig, PageFormat, PaperLength, Resolution
from mailfax.render.faxpdf import PdfMetadata, fax_pdf
from mailfax.t4codec import Bitmap, decode, encode
from mailfax.t4codec.tiff import T6Page
from mailfax.t30.bits import Bit
from mailfax.t30.capabilities import Dcs, Dis, write_fif
from mailfax.t30.modulation import Modulation
from mailfax.t30.negotiate import FULL_OFFER, Offer, acceptable_form, choose, our_dis

BITS: dict[Resolution, set[int]] = {
    Resolution.STANDARD: set(),
    Resolution.FINE: {15},
    Resolution.SUPERFINE: {41},
    Resolution.ULTRAFINE: {43},
    Resolution.INCH_200: {15, 44},
    Resolution.INCH_200_400: {41, 44},
    Resolution.INCH_300: {42},
    Resolution.INCH_400: {43, 44},
}
BASE = {10, 11, 12, 14, 20, 21, 22, 23}
TWICE = (Resolution.ULTRAFINE, Resolution.INCH_400)
WIDTHS = dict.fromkeys(Resolution, 1728) | dict.fromkeys(TWICE, 3456) | {Resolution.INCH_300: 2592}


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
    plain = resolution in {Resolution.STANDARD, Resolution.FINE, Resolution.INCH_200}
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
    form = PageFormat(coding=coding, resolution=resolution, width_px=WIDTHS[resolution], length=PaperLength.UNLIMITED)
    black = np.zeros((2200, 1728), np.bool_)
    black[20:40, 100:900] = True
    body = Bitmap.from_bool(black)
    octets = coded_page(None, encode(body, Coding.MMR), 1728, 2200, form, 14400)
    down = 2 if resolution.density.y_dpi > 390 else 1
    got = decode(octets, coding, width_px=form.width_px).bitmap.to_bool()
    if resolution is Resolution.INCH_300:  # each second pel stands twice
        assert got.shape == (3300, 2592)
        assert np.array_equal(got[::3, ::3], black[::2, ::2])
        return
    assert np.array_equal(got, np.repeat(np.repeat(black, down, axis=0), WIDTHS[resolution] // 1728, axis=1))
    assert source_resolution(form) in {Resolution.STANDARD, Resolution.FINE}


@pytest.mark.parametrize(("bits", "width_px"), [({17}, 2048), ({18}, 2432)])
def test_a_wider_page_than_a4_is_taken(bits: set[int], width_px: int) -> None:
    form = acceptable_form(Dcs.parse(write_fif({10, 14, *bits})), FULL_OFFER)
    assert form is not None
    assert form.width_px == width_px


# -- the inch grid ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("far", "wished", "found"),
    [
        ({15, 44}, Resolution.FINE, Resolution.INCH_200),
        ({15, 44, 45}, Resolution.FINE, Resolution.FINE),
        ({15, 45}, Resolution.FINE, Resolution.FINE),
        ({15}, Resolution.FINE, Resolution.FINE),
        ({15, 41, 44}, Resolution.SUPERFINE, Resolution.INCH_200_400),
        ({15, 43, 44}, Resolution.ULTRAFINE, Resolution.INCH_400),
        ({15, 42}, Resolution.INCH_300, Resolution.INCH_300),
        ({15, 43, 45}, Resolution.INCH_400, Resolution.ULTRAFINE),
        ({44}, Resolution.FINE, Resolution.STANDARD),
    ],
)
def test_a_page_goes_in_the_grid_that_the_far_end_has(far: set[int], wished: Resolution, found: Resolution) -> None:
    """Table 2, bits 44 and 45: which of the two grids bits 15, 41 and 43 speak of."""
    offer = Offer(resolutions=(wished, Resolution.STANDARD))
    choice = choose(Dis.parse(write_fif(BASE | far)), offer)
    assert choice is not None
    assert choice.form.resolution is found
    assert Dcs.parse(choice.dcs.fif).form == choice.form


def test_our_dis_says_that_both_grids_are_welcome() -> None:
    dis = our_dis(FULL_OFFER)
    assert all(dis.has(bit) for bit in (Bit.SQUARE_300, Bit.INCH_PREFERRED, Bit.METRIC_PREFERRED))
    assert not our_dis(Offer()).has(Bit.INCH_PREFERRED)


@pytest.mark.parametrize("bits", [{42}, {42, 44}])
def test_300_dpi_is_read_with_and_without_the_bit_of_the_inch_grid(bits: set[int]) -> None:
    form = acceptable_form(Dcs.parse(write_fif({10, 14, *bits})), FULL_OFFER)
    assert form is not None
    assert (form.resolution, form.width_px) == (Resolution.INCH_300, 2592)
    assert acceptable_form(Dcs.parse(write_fif({10, 14, *bits})), Offer()) is None


@pytest.mark.parametrize("coding", [Jbig.T85, Coding.MMR, Coding.MR])
@pytest.mark.parametrize(
    "resolution", [Resolution.INCH_200, Resolution.INCH_200_400, Resolution.INCH_300, Resolution.INCH_400]
)
def test_two_of_us_speak_of_the_inch_grid(resolution: Resolution, coding: Coding | Jbig) -> None:
    ends, _, receiver = fax(replace(FULL_OFFER, resolutions=(resolution,), codings=(coding,)))
    assert delivered(ends)
    form, octets = receiver.pages[0]
    assert (form.resolution, form.coding, form.width_px) == (resolution, coding, WIDTHS[resolution])
    _, decoded = received_page(octets, form)
    assert decoded.bitmap.rows == ROWS * resolution.density.y_dpi // 200
    assert decoded.bad_rows == 0


# -- widths and lengths -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("resolution", Resolution)
@pytest.mark.parametrize(("span", "paper"), [(set(), 1728), ({17}, 2048), ({18}, 2432)])
def test_widths_of_every_resolution(resolution: Resolution, span: set[int], paper: int) -> None:
    form = acceptable_form(Dcs.parse(write_fif({10, 14, *BITS[resolution], *span})), FULL_OFFER)
    assert form is not None
    assert form.width_px == WIDTHS[resolution] * paper // 1728
    assert Dcs.command(Modulation.V17_14400, form).fif[2] & 0xC0 == {1728: 0x00, 2048: 0x80, 2432: 0x40}[paper]


@pytest.mark.parametrize(
    ("far", "page", "paper"),
    [
        (set(), 2432, 1728),
        ({17}, 2432, 2048),
        ({17}, 2048, 2048),
        ({18}, 2048, 2048),
        ({18}, 2432, 2432),
        ({18}, 1728, 1728),
    ],
)
def test_a_wide_page_gets_paper_that_holds_it_or_the_widest_there_is(far: set[int], page: int, paper: int) -> None:
    choice = choose(Dis.parse(write_fif(BASE | {15} | far)), Offer(), page)
    assert choice is not None
    assert choice.form.width_px == paper
    assert Dcs.parse(choice.dcs.fif).form == choice.form


@pytest.mark.parametrize(("bits", "length"), [(set(), "A4"), ({19}, "B4"), ({20}, "any length"), ({19, 20}, "A4")])
def test_lengths(bits: set[int], length: str) -> None:
    choice = choose(Dis.parse(write_fif({10, 14, 15} | bits)), Offer())
    assert choice is not None
    assert choice.form.length == length
    assert Dcs.parse(choice.dcs.fif).form == choice.form


def test_paper_that_holds_pages() -> None:
    assert [paper_width_px([px]) for px in (864, 1728, 1729, 2048, 2432, 9999)] == [1728, 1728, 2048, 2048, 2432, 2432]


def test_a_b4_page_for_an_a4_machine_is_smaller_and_whole_and_its_strip_is_not() -> None:
    black = np.zeros((2802, 2048), np.bool_)
    black[:8] = black[-8:] = black[:, :8] = black[:, -8:] = True
    strip = Bitmap.from_bool(np.eye(1728, dtype=bool)[:44])
    form = PageFormat(coding=Coding.MH, resolution=Resolution.FINE)
    octets = coded_page(strip, encode(Bitmap.from_bool(black), Coding.MMR), 2048, 2802, form, 14400)
    got = decode(octets, Coding.MH, width_px=1728).bitmap.to_bool()
    assert got.shape[0] <= 2287
    assert np.array_equal(got[:44], strip.to_bool())
    rows, columns = np.flatnonzero(got[44:].any(axis=1)), np.flatnonzero(got[44:].any(axis=0))
    assert (rows[0], rows[-1]) == (0, got.shape[0] - 45)
    assert (columns[-1] - columns[0]) / (rows[-1] - rows[0]) == pytest.approx(2048 / 2802, abs=0.002)


def test_an_a4_page_on_wider_paper_stands_in_the_middle_unchanged() -> None:
    black = np.zeros((100, 1728), np.bool_)
    black[10:20, 0:1728:7] = True
    form = PageFormat(coding=Coding.MMR, resolution=Resolution.FINE, width_px=2048, ecm_frame_octets=256)
    octets = coded_page(None, encode(Bitmap.from_bool(black), Coding.MMR), 1728, 100, form, 14400)
    got = decode(octets, Coding.MMR, width_px=2048).bitmap.to_bool()
    assert np.array_equal(got[:, 160:1888], black)
    assert got.sum() == black.sum()


@pytest.mark.parametrize("resolution", Resolution)
def test_a_received_page_has_its_true_size_in_the_pdf(resolution: Resolution) -> None:
    """Width and height in points, of a page of 100 mm: 72 points an inch."""
    rows = round(100 / 25.4 * resolution.density.y_dpi)
    width_px = WIDTHS[resolution]
    t6 = encode(Bitmap.white(width_px, rows), Coding.MMR)
    pdf = fax_pdf([T6Page(octets=t6, width_px=width_px, rows=rows, resolution=resolution)], PdfMetadata())
    with pdfium.PdfDocument(pdf) as document:
        width, height = document[0].get_size()
    assert height == pytest.approx(100 / 25.4 * 72, rel=0.005)
    assert width == pytest.approx(1728 / (200 if resolution.inch else 204) * 72, rel=0.005)
