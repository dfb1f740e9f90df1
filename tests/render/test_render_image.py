import io
import struct

import numpy as np
import pytest
from pages import MailOf, Render, mail_with, pixels
from PIL import Image, ImageCms, ImageDraw, ImageFont, ImageOps

from mailfax.model.outcome import Outcome
from mailfax.model.page import Resolution
from mailfax.model.photo import PhotoScreen
from mailfax.render.bilevel import Areas, to_black, whole
from mailfax.render.image import to_grey
from mailfax.render.mime import parts_of
from mailfax.render.result import RenderFailure
from mailfax.render.screen import screen
from mailfax.render.tones import is_photograph, level_paper


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def fax_tiff(black: np.ndarray, rows_per_inch: int) -> bytes:
    options = {"compression": "group4", "resolution_unit": 2, "x_resolution": 204, "y_resolution": rows_per_inch}
    return saved(Image.fromarray(~black), "TIFF", **options)


def scribble(rows: int) -> np.ndarray:
    black = np.random.default_rng(7).random((rows, 1728)) < 0.02
    black[0, 5:50] = black[-1, 5:50] = True
    return black


@pytest.mark.parametrize("rows", [1000, 2243])
def test_a_fine_fax_passes_with_no_pixel_changed(rendered: Render, rows: int) -> None:
    black = scribble(rows)
    [page] = rendered(mail_with(fax_tiff(black, 196), "image/tiff", "fax.tif")).pages
    assert np.array_equal(pixels(page.fine)[:rows], black)
    # Standard keeps the ink of both rows of a pair: it is made from grey, not by leaving rows out.
    ink = black[: rows // 2 * 2].reshape(-1, 2, 1728).any(axis=1)
    assert np.array_equal(pixels(page.standard)[: rows // 2], ink)


def test_a_standard_fax_passes_with_no_pixel_changed(rendered: Render) -> None:
    black = scribble(900)
    [page] = rendered(mail_with(fax_tiff(black, 98), "image/tiff", "fax.tif")).pages
    assert np.array_equal(pixels(page.standard)[:900], black)
    assert np.array_equal(pixels(page.fine)[:1800:2], black)


def test_a_fax_as_long_as_the_paper_gives_white_rows_to_the_header_strip(rendered: Render) -> None:
    black = np.zeros((2287, 1728), dtype=bool)
    black[60:2280] = scribble(2220)
    [page] = rendered(mail_with(fax_tiff(black, 196), "image/tiff", "fax.tif")).pages
    assert page.fine.rows == 2243
    assert np.array_equal(pixels(page.fine)[23:], black[60:2280])


@pytest.mark.parametrize("rows", [2244, 2287, 2291, 2376, 2737])
def test_a_fax_with_ink_from_edge_to_edge_passes_with_no_pixel_changed(rendered: Render, rows: int) -> None:
    black = scribble(rows)
    [page] = rendered(mail_with(fax_tiff(black, 196), "image/tiff", "fax.tif")).pages
    assert np.array_equal(pixels(page.fine), black)
    assert np.array_equal(pixels(page.standard)[: rows // 2], black[: rows // 2 * 2].reshape(-1, 2, 1728).any(axis=1))
    assert pixels(page.standard)[-1].any()


def test_a_long_scan_at_fax_density_that_is_narrower_stands_in_the_middle_of_full_lines(rendered: Render) -> None:
    black = scribble(2339)[:, :1654]
    [page] = rendered(mail_with(fax_tiff(black, 196), "image/tiff", "scan.tif")).pages
    assert (page.fine.width_px, page.standard.width_px) == (1728, 1728)
    assert np.array_equal(pixels(page.fine)[:, 37 : 37 + 1654], black)


def test_a_standard_fax_as_long_as_the_paper_passes_too(rendered: Render) -> None:
    black = scribble(1143)
    [page] = rendered(mail_with(fax_tiff(black, 98), "image/tiff", "fax.tif")).pages
    assert np.array_equal(pixels(page.standard), black)
    assert np.array_equal(pixels(page.fine)[::2], black)


def test_a_fax_longer_than_any_sheet_is_shrunk_to_fit(rendered: Render) -> None:
    [page] = rendered(mail_with(fax_tiff(scribble(3400), 196), "image/tiff", "fax.tif")).pages
    assert page.fine.rows == 2242


def test_a_telephone_picture_stands_upright(rendered: Render, mail_of: MailOf) -> None:
    ball = next(part for part in parts_of(mail_of("attachments.eml")) if part.name == "ball.jpg").octets
    [page] = rendered(mail_with(ball, "image/jpeg", "ball.jpg")).pages
    black = pixels(page.fine)
    inked_rows, inked_columns = black.any(axis=1).sum(), black.any(axis=0).sum()
    assert inked_rows > inked_columns
    assert black[: inked_rows // 4].mean() < black[inked_rows * 3 // 4 : inked_rows].mean()


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_tiff_is_turned_as_its_orientation_says(rendered: Render, orientation: int) -> None:
    upright = np.ones((300, 200), dtype=bool)
    upright[20:80, 20:100] = False
    turns = {1: 0, 3: 2, 6: 1, 8: 3}[orientation]
    octets = saved(Image.fromarray(np.rot90(upright, turns)), "TIFF", tiffinfo={274: orientation}, dpi=(100, 100))
    black = pixels(rendered(mail_with(octets, "image/tiff", "turned.tif")).pages[0].fine)
    inked = np.argwhere(black)
    height, width = np.ptp(inked, axis=0) + 1
    assert width / 204.2 / 1.5 == pytest.approx(0.8, abs=0.02)
    assert height / 195.6 / 1.5 == pytest.approx(0.6, abs=0.02)
    assert inked[0][0] < 80


def test_what_is_transparent_is_white_paper(rendered: Render) -> None:
    clear = Image.new("RGBA", (300, 200), (0, 0, 0, 0))
    clear.paste((0, 0, 0, 255), (100, 80, 200, 120))
    [page] = rendered(mail_with(saved(clear, "PNG"), "image/png", "clear.png")).pages
    black = pixels(page.fine)
    assert black[black.any(axis=1)][:, black.any(axis=0)].mean() > 0.12
    assert black.mean() < 0.2


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "CMYK", "I;16", "I", "F"])
def test_every_kind_of_pixel_has_black_ink_on_white(rendered: Render, mode: str) -> None:
    form, picture = "TIFF", Image.new("L", (200, 100), 255)
    picture.paste(0, (50, 20, 150, 80))
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(picture).astype(np.uint16) * 257)
    elif mode in {"CMYK", "PA"}:
        form, picture = ("TIFF" if mode == "CMYK" else "PNG"), picture.convert("RGB").convert(mode.replace("PA", "P"))
    else:
        picture = picture.convert(mode)
    [page] = rendered(mail_with(saved(picture, form), f"image/{form.lower()}", "x")).pages
    assert 0.005 < pixels(page.fine).mean() < 0.2


def test_a_small_picture_is_not_blown_up(rendered: Render) -> None:
    dot = saved(Image.new("L", (96, 96), 0), "PNG", dpi=(96, 96))
    [page] = rendered(mail_with(dot, "image/png", "dot.png")).pages
    black = pixels(page.fine)
    assert black.any(axis=0).sum() == pytest.approx(1.5 * 204.2, abs=3)
    assert black.any(axis=1).sum() == pytest.approx(1.5 * 195.6, abs=3)


def test_every_page_of_a_tiff_is_faxed_in_order(rendered: Render, mail_of: MailOf) -> None:
    fax = next(part for part in parts_of(mail_of("attachments.eml")) if part.name == "old-fax.tif").octets
    pages = rendered(mail_with(fax, "image/tiff", "old-fax.tif")).pages
    with Image.open(io.BytesIO(fax)) as tiff:
        for index, page in enumerate(pages):
            tiff.seek(index)
            ours = pixels(page.fine)
            rows = min(len(ours), tiff.height)
            assert np.array_equal(ours[:rows], ~np.asarray(tiff)[:rows])
    assert len(pages) == 2


def test_a_bomb_of_pixels_is_refused_before_it_is_decoded(rendered: Render) -> None:
    bomb = saved(Image.new("1", (12000, 12000)), "PNG")
    with pytest.raises(RenderFailure) as failure:
        rendered(mail_with(bomb, "image/png", "bomb.png"))
    assert failure.value.outcome is Outcome.UNREADABLE
    assert "more pixels" in failure.value.detail


def test_white_tails_are_cut_at_the_same_height(rendered: Render, mail_of: MailOf) -> None:
    [page] = rendered(mail_of("alternative.eml")).pages
    assert page.fine.rows == 2 * page.standard.rows < 600


def test_a_yellowed_scan_becomes_black_on_white() -> None:
    scan = np.full((600, 800), 190, dtype=np.uint8)
    scan += np.linspace(0, 40, 800, dtype=np.uint8)
    scan[200:210, 100:700] = 120
    assert not is_photograph(scan)
    assert (scan < 200).mean() > 0.2
    black = to_black(scan, Resolution.FINE, Areas(scans=(whole(scan),)), PhotoScreen.BALANCED)
    assert black[200:210, 100:700].all()
    assert black.sum() == 6000
    assert level_paper(np.full((64, 64), 255, dtype=np.uint8)).min() == 255


def test_a_photograph_is_told_apart_and_keeps_its_tones() -> None:
    tones = np.tile(np.linspace(30, 230, 512, dtype=np.uint8), (256, 1))
    assert is_photograph(tones)
    expected = [1 - part.mean() / 255 for part in np.array_split(tones, 8, axis=1)]
    for photos, tolerance in ((PhotoScreen.FAST, 0.07), (PhotoScreen.BALANCED, 0.03), (PhotoScreen.BEST, 0.03)):
        shares = [part.mean() for part in np.array_split(screen(tones, photos), 8, axis=1)]
        assert shares == pytest.approx(expected, abs=tolerance), photos


def light_on_dark(mode: str, tone: int) -> Image.Image:
    picture = Image.new("L", (900, 300), 0)
    ImageDraw.Draw(picture).text((60, 90), "RED ON BLACK", tone, ImageFont.load_default(90))
    return Image.merge("CMYK", [ImageOps.invert(picture)] * 4) if mode == "CMYK" else picture


@pytest.mark.parametrize(("mode", "tone"), [("L", 255), ("L", 90), ("CMYK", 160)])
def test_dull_letters_on_a_dark_ground_are_white_on_black(rendered: Render, mode: str, tone: int) -> None:
    pages = []
    for picture in (light_on_dark("L", 255), light_on_dark(mode, tone)):
        octets = saved(picture, "JPEG", quality=95)
        [page] = rendered(mail_with(octets, "image/jpeg", "red.jpg")).pages
        pages.append(page)
    bright, dull = pages
    for one, other in ((bright.fine, dull.fine), (bright.standard, dull.standard)):
        white = ~pixels(one)[: int(one.rows * 0.5)]
        assert (pixels(one)[: white.shape[0]] ^ pixels(other)[: white.shape[0]]).mean() < 0.01
        assert pixels(other).any()


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_grey_of_more_than_eight_bits_keeps_its_tones(bits: int) -> None:
    ramp = np.tile(np.linspace(0, 2**bits - 1, 256).round().astype(np.uint16), (4, 1))
    with Image.open(io.BytesIO(saved(Image.fromarray(ramp), "PNG"))) as picture:
        assert picture.mode.startswith("I")
        grey = np.asarray(to_grey(picture))
    assert np.abs(grey[0].astype(int) - np.arange(256)).max() <= 1


def ink_profile(lightness_of_cyan: int) -> bytes:
    """Make an ICC profile of a press (ICC.1, lut8Type): paper is white, cyan of this L* (0 to 255), all else black."""
    ramp = bytes(range(256))
    corners = [(255 if at == 0 else lightness_of_cyan if at == 8 else 0, 128, 128) for at in range(16)]
    unit = struct.pack(">9i", *(65536 if at % 4 == 0 else 0 for at in range(9)))
    lut = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + unit + ramp * 4 + bytes(sum(corners, ())) + ramp * 3
    tags = struct.pack(">I4sII", 1, b"A2B0", 144, len(lut))
    size = struct.pack(">I", 144 + len(lut))
    head = size + b"lcms" + bytes([2, 0x40, 0, 0]) + b"prtrCMYKLab " + bytes(12) + b"acsp"
    white = struct.pack(">3i", 0xF6D6, 0x10000, 0xD32D)
    return head.ljust(68, b"\0") + white.ljust(60, b"\0") + tags + lut


def test_inks_are_seen_through_the_profile_of_the_picture() -> None:
    cyan = Image.new("CMYK", (8, 8), (255, 0, 0, 0))
    plain = int(np.asarray(cyan.convert("RGB").convert("L")).max())
    assert int(np.asarray(to_grey(cyan)).max()) == plain
    for lightness in (60, 230):
        cyan.info["icc_profile"] = ink_profile(lightness)
        seen = int(np.asarray(to_grey(cyan)).max())
        assert seen == pytest.approx(lightness, abs=25)
        assert abs(seen - plain) > 20
    for damaged in (
        b"no profile",
        ink_profile(60)[:300],
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
    ):
        cyan.info["icc_profile"] = damaged
        assert int(np.asarray(to_grey(cyan)).max()) == plain


def test_a_page_photographed_in_a_shade_is_black_on_white(rendered: Render) -> None:
    light = np.repeat(np.linspace(140, 190, 1600, dtype=np.uint8)[:, None], 1200, axis=1)
    light[200:1400, 300:312] = 40
    [page] = rendered(mail_with(saved(Image.fromarray(light), "PNG"), "image/png", "page.png")).pages
    black = pixels(page.fine)
    assert 0.005 < black.mean() < 0.03
    assert black.any(axis=1).mean() > 0.6
