import io
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from pages import MailOf, Render, pixels
from PIL import Image
from pypdf import PdfReader

from mailfax.render.faxpdf import PdfMetadata, fax_pdf
from mailfax.t4codec.tiff import T6Page

METADATA = PdfMetadata(title="Fax from +49 30 555", author="Jörg", date=datetime(2026, 11, 2, 9, 15, tzinfo=UTC))


@pytest.fixture
def pages(rendered: Render, mail_of: MailOf) -> list[T6Page]:
    fine, *_, last = rendered(mail_of("attachments.eml")).pages
    return [fine.fine, last.standard]


def test_the_octets_of_a_page_go_into_the_pdf_as_they_are(pages: list[T6Page]) -> None:
    reader = PdfReader(io.BytesIO(fax_pdf(pages, METADATA)))
    for page, shown in zip(pages, reader.pages, strict=True):
        [picture] = shown["/Resources"]["/XObject"].values()
        assert picture.get_object()._data == page.octets


def test_every_page_has_its_physical_size(pages: list[T6Page]) -> None:
    reader = PdfReader(io.BytesIO(fax_pdf(pages, METADATA)))
    for page, shown in zip(pages, reader.pages, strict=True):
        width_mm, height_mm = (float(side) / 72 * 25.4 for side in shown.mediabox[2:])
        assert width_mm == pytest.approx(215, rel=0.002)
        assert height_mm == pytest.approx(page.rows / (7.7 if page.resolution == "fine" else 3.85), rel=0.005)


def test_poppler_sees_every_pixel(pages: list[T6Page], tmp_path: Path) -> None:
    path = tmp_path / "fax.pdf"
    path.write_bytes(fax_pdf(pages, METADATA))
    subprocess.run(["pdfimages", "-png", str(path), str(tmp_path / "page")], check=True)
    for index, page in enumerate(pages):
        with Image.open(tmp_path / f"page-{index:03}.png") as image:
            assert np.array_equal(~np.asarray(image.convert("1")), pixels(page))


def test_the_same_pages_give_the_same_octets_and_no_clock_is_in_them(pages: list[T6Page]) -> None:
    assert fax_pdf(pages, METADATA) == fax_pdf(pages, METADATA)
    info = PdfReader(io.BytesIO(fax_pdf(pages, METADATA))).metadata
    assert info is not None
    assert (info.title, info.author, info.creation_date) == (METADATA.title, METADATA.author, METADATA.date)
    assert b"Date" not in fax_pdf(pages, PdfMetadata(title="x"))


def test_a_pdf_without_pages_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one page"):
        fax_pdf([], METADATA)
