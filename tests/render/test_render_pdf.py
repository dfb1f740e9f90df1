"""The geometry of PDF pages, with poppler's pdftoppm as the oracle."""

import io
import subprocess
from pathlib import Path

import numpy as np
import pytest
from pages import Render, mail_with, pixels
from PIL import Image
from pypdf import PdfReader, PdfWriter
from simple_pdf import PdfPage, write_pdf

from mailfax.model.document import Fate
from mailfax.model.outcome import Outcome
from mailfax.render.result import RenderFailure


def page_with_boxes(**size: float) -> PdfPage:
    page = PdfPage(**size)
    page.text(40, 40, "lower left", size_pt=20)
    page.box(100, size["height_pt"] - 160, 60, 60)
    page.line(30, 30, size["width_pt"] - 30, size["height_pt"] - 30, width_pt=1)
    return page


def poppler(pdf: bytes, tmp_path: Path) -> Image.Image:
    """Draw the first page by poppler, as if its crop box were the paper, with square pixels."""
    path = tmp_path / "page.pdf"
    path.write_bytes(pdf)
    command = ["pdftoppm", "-cropbox", "-gray", "-singlefile", "-r", "300", str(path)]
    return Image.open(io.BytesIO(subprocess.run(command, check=True, capture_output=True).stdout))


def agree(ours: np.ndarray, theirs: np.ndarray) -> bool:
    """Every pixel of ink has ink of the other within two pixels, but for two in a hundred."""
    near = np.zeros_like(theirs)
    near_ours = np.zeros_like(ours)
    for dy in range(-2, 3):
        for dx in range(-2, 3):
            near |= np.roll(theirs, (dy, dx), (0, 1))
            near_ours |= np.roll(ours, (dy, dx), (0, 1))
    missed = (ours & ~near).sum() + (theirs & ~near_ours).sum()
    return bool(missed < 0.02 * theirs.sum())


@pytest.mark.parametrize(
    ("boxes", "turned"),
    [("", False), ("/Rotate 180", False), ("/Rotate 90", True), ("/CropBox[50 50 500 700]", False)],
    ids=["plain", "upside down", "rotated to landscape", "cropped"],
)
def test_a_page_looks_as_in_poppler(rendered: Render, tmp_path: Path, boxes: str, turned: bool) -> None:
    pdf = write_pdf([page_with_boxes(width_pt=595, height_pt=842, boxes=boxes)])
    [page] = rendered(mail_with(pdf, "application/pdf", "a.pdf")).pages
    ours = pixels(page.fine)
    crop = (450, 650) if "Crop" in boxes else (595, 842)
    # The size at which the page has to stand: A4 fits by its height, the cropped page is enlarged to the width.
    scale = min(1.5, 215 / 25.4 * 72 / crop[0], 2243 / 195.58 * 72 / crop[1])
    width, rows = round(crop[0] * scale / 72 * 204.216), round(crop[1] * scale / 72 * 195.58)
    drawn = poppler(pdf, tmp_path)
    if turned:
        drawn = drawn.transpose(Image.Transpose.ROTATE_90)
    theirs = np.asarray(drawn.resize((width, rows), Image.Resampling.BOX)) < 165
    page_of_theirs = np.zeros((max(ours.shape[0], rows), 1728), dtype=bool)
    left = (1728 - width) // 2
    page_of_theirs[:rows, left : left + width] = theirs
    assert theirs.sum() > 5000
    assert agree(ours, page_of_theirs[: ours.shape[0]])
    assert not agree(np.roll(ours, 12, 0), page_of_theirs[: ours.shape[0]])


def test_a_landscape_page_is_turned_and_fills_the_sheet(rendered: Render) -> None:
    wide = PdfPage(width_pt=842, height_pt=595)
    wide.line(20, 300, 822, 300, width_pt=2)
    [page] = rendered(mail_with(write_pdf([wide]), "application/pdf", "wide.pdf")).pages
    black = pixels(page.fine)
    assert black.any(axis=1).sum() > 2000
    assert black.any(axis=0).sum() < 20


def test_pages_of_all_sizes_fit(rendered: Render) -> None:
    sizes = [(72, 72), (2384, 3370), (3370, 2384), (842, 1191), (200, 480)]
    pdf = write_pdf([page_with_boxes(width_pt=max(width, 200), height_pt=max(height, 200)) for width, height in sizes])
    pages = rendered(mail_with(pdf, "application/pdf", "sizes.pdf")).pages
    assert len(pages) == 5
    for page in pages:
        assert pixels(page.fine).any()
        assert page.fine.rows <= 2243
        assert page.standard.rows <= 1121


def test_hairlines_grey_and_coloured_text_keep_their_ink_at_both_resolutions(rendered: Render) -> None:
    page = PdfPage(width_pt=595, height_pt=842)
    for row in range(10):
        page.line(60, 700.3 - row * 30.7, 535, 700.3 - row * 30.7, width_pt=0.1)
    page.text(60, 300, "red words", size_pt=12, rgb=(0.9, 0, 0))
    page.text(60, 250, "grey words", size_pt=12, rgb=(0.5, 0.5, 0.5))
    [faxed] = rendered(mail_with(write_pdf([page]), "application/pdf", "lines.pdf")).pages
    for raster in (faxed.fine, faxed.standard):
        black = pixels(raster)
        assert (black.mean(axis=1) > 0.7).sum() >= 10
        lowest = black[round(raster.rows * 0.7) :]
        assert lowest.any(axis=0).sum() > 100


def test_form_fields_are_drawn(rendered: Render) -> None:
    plain = PdfPage(width_pt=595, height_pt=842)
    plain.text(60, 700, "Name:", size_pt=12)
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(write_pdf([plain]))))
    bare = io.BytesIO()
    writer.write(bare)
    from pypdf.annotations import FreeText

    note = FreeText(text="FILLED IN", rect=(120, 690, 300, 720), font_size="20pt")
    note.flags = 4  # printable
    writer.add_annotation(0, note)
    filled = io.BytesIO()
    writer.write(filled)
    ink = [
        pixels(rendered(mail_with(file.getvalue(), "application/pdf", "form.pdf")).pages[0].fine).sum()
        for file in (bare, filled)
    ]
    assert ink[1] > ink[0] + 500


def test_a_locked_file_says_that_it_needs_a_password(rendered: Render) -> None:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(write_pdf([page_with_boxes(width_pt=595, height_pt=842)]))))
    writer.encrypt("secret", algorithm="RC4-128")
    locked = io.BytesIO()
    writer.write(locked)
    with pytest.raises(RenderFailure) as failure:
        rendered(mail_with(locked.getvalue(), "application/pdf", "locked.pdf"))
    assert failure.value.outcome is Outcome.UNREADABLE
    assert failure.value.detail == "locked.pdf needs a password to be opened (the header X-Fax-Password gives one)."
    assert failure.value.account[0].fate is Fate.FAILED
    mail = mail_with(locked.getvalue(), "application/pdf", "locked.pdf")
    with pytest.raises(RenderFailure, match=r"^locked\.pdf is not opened by the password that was given\.$"):
        rendered(b"X-Fax-Password: guess\r\n" + mail)
    [page] = rendered(b"X-Fax-Password: secret\r\n" + mail).pages
    assert pixels(page.fine).any()


def test_a_photograph_in_a_page_is_screened_and_the_text_beside_it_is_not(rendered: Render) -> None:
    ramp = np.tile(np.linspace(40, 220, 400, dtype=np.uint8), (300, 1))
    picture = io.BytesIO()
    Image.fromarray(ramp).save(picture, "PDF", resolution=100)
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(write_pdf([page_with_boxes(width_pt=595, height_pt=842)]))))
    from pypdf import Transformation

    photo = PdfReader(io.BytesIO(picture.getvalue())).pages[0]
    writer.pages[0].merge_transformed_page(photo, Transformation().translate(200, 400))
    file = io.BytesIO()
    writer.write(file)
    [page] = rendered(mail_with(file.getvalue(), "application/pdf", "photo.pdf")).pages
    black = pixels(page.fine)
    # The ramp lies 200..488 pt from the left and 226..442 pt from the top of a page drawn at 98 %.
    inside = black[680:1150, 640:1300]
    shares = [part.mean() for part in np.array_split(inside, 4, axis=1)]
    assert shares == sorted(shares, reverse=True)
    assert all(0.1 < share < 0.9 for share in shares)
    box = black[round(100 / 72 * 192) + 10 : round(160 / 72 * 192) - 10, 340:450]
    assert box.mean() > 0.95
