"""Other people's PDFs, faxes and office documents (MAILFAX_CORPUS), each with what its row of the manifest expects."""

import hashlib
import re
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pages import pixels
from PIL import Image

from mailfax.render.office import Convert, OfficeDesk, no_office
from mailfax.render.result import Rendered, RenderFailure
from mailfax.render.settings import RenderSettings
from mailfax.render.story import read_files, render_files
from mailfax.render.warm import warm

SETTINGS = RenderSettings(max_pages=100)
LONGEST_S = 10.0  # of processor time, which other work on the machine does not stretch by much
# Pages, and what the account says.
PDF_PAGES = {
    "a0-rotated90": (1, ""),
    "a3-cad-drawing": (1, ""),
    "all-annotation-types": (1, ""),
    "arabic": (1, ""),
    "bad-page-19": (19, ""),
    "cjk-font-not-embedded": (1, ""),
    "cropbox-cases": (4, ""),
    "cyrillic": (1, ""),
    "fifty-one-pages": (51, ""),
    "filled-form": (1, ""),
    "form-page-ccitt": (1, ""),
    "highlight-no-appearance": (1, ""),
    "japanese-text": (1, ""),
    "japanese-vertical": (3, ""),
    "javascript-actions": (
        1,
        "page 1 of the file came out blank; page 2 of the file is damaged and was left out; page 3 of the file is damaged and was left out",
    ),
    "leading-junk": (30, ""),
    "letter-text": (1, ""),
    "mixed-rotation": (4, ""),
    "owner-password-only": (1, ""),
    "portfolio-attachments": (1, "files inside it were not faxed: 2"),
    "portfolio-attachments": (2, "the sheet of a PDF portfolio; the files in it follow"),
    "scanned-landscape": (1, ""),
    "survey-9pages": (9, ""),
    "thai": (1, ""),
    "three-page-sizes": (3, ""),
    "transparency": (1, ""),
    "xfa-form": (1, ""),
}
OFFICE_PAGES = {
    "charts.xlsx": 1,
    "cyrillic.docx": 15,
    "header-footer-unicode.docx": 2,
    "japanese.rtf": 2,
    "letter.docx": 2,
    "numbered-lists.docx": 1,
    "table-merged.docx": 1,
    "various.doc": 2,
    "various.docx": 2,
    "various.pptx": 1,
    "various.rtf": 2,
    "writer13.odt": 1,
}
REFUSED = {
    "pdf/password-needed.pdf": r"password-needed\.pdf needs a password to be opened \(the header X-Fax-Password gives one\)\.",
    "office/password-is-pass.docx": r"password-is-pass\.docx needs a password to be opened \(the header X-Fax-Password gives one\)\.",
    "office/pages-2009.pages": r"pages-2009\.pages .*",
}
# Of fax geometry, so that no pel may change.
FAXES = (
    "itu-chart1-g4-lsb.tif",
    "itu-chart4-g4-lsb.tif",
    "itu-chart5-g4-lsb.tif",
    "itu-chart8-g4-lsb.tif",
    "three-page-g3-204x196.tif",
    "g3-minifax-1page.tif",
    "g3test-libtiffpic.tif",
)


@pytest.fixture(scope="module", autouse=True)
def warmed() -> None:
    """Compile the kernels before any page is timed."""
    warm()


def rendered(path: Path, convert: Convert = no_office) -> Rendered:
    began = time.process_time()
    made = render_files(read_files([path]), SETTINGS, lambda *_: None, convert=convert)
    assert time.process_time() - began < LONGEST_S
    return made


def test_every_pdf_has_its_row(corpus: Path) -> None:
    names = {path.name for path in (corpus / "pdf").iterdir()}
    assert names == {f"{name}.pdf" for name in PDF_PAGES} | {"password-needed.pdf"}
    names = {path.name for path in (corpus / "office").iterdir()}
    assert names == OFFICE_PAGES.keys() | {"password-is-pass.docx", "pages-2009.pages"}


@pytest.mark.parametrize(("name", "expected"), PDF_PAGES.items())
def test_a_pdf_becomes_its_pages(corpus: Path, name: str, expected: tuple[int, str]) -> None:
    made = rendered(corpus / "pdf" / f"{name}.pdf")
    pages, note = expected
    assert len(made.pages) == pages
    assert "; ".join(row.note for row in made.account if row.note) == note
    if "blank" not in note:
        assert all(pixels(page.fine).any() and pixels(page.standard).any() for page in made.pages)


@pytest.mark.parametrize(("name", "answer"), REFUSED.items())
def test_what_cannot_be_opened_is_refused_in_plain_words(corpus: Path, name: str, answer: str) -> None:
    with pytest.raises(RenderFailure) as failure:
        rendered(corpus / name)
    assert re.fullmatch(answer, failure.value.detail)


def inked(black: NDArray[np.bool_]) -> NDArray[np.bool_]:
    rows = np.flatnonzero(black.any(axis=1))
    return black[rows[0] : rows[-1] + 1]


@pytest.mark.parametrize("name", FAXES)
def test_a_fax_keeps_every_pel(corpus: Path, name: str) -> None:
    pages = rendered(corpus / "fax" / name).pages
    with Image.open(corpus / "fax" / name) as tiff:
        assert len(pages) == tiff.n_frames
        for number, page in enumerate(pages):
            tiff.seek(number)
            theirs = inked(~np.asarray(tiff.convert("1")))
            assert any(
                hashlib.sha256(inked(pixels(raster))).digest() == hashlib.sha256(theirs).digest()
                for raster in (page.fine, page.standard)
            )


@pytest.fixture(scope="module")
def desk() -> Iterator[OfficeDesk]:
    desk = OfficeDesk(SETTINGS)
    yield desk
    desk.close()


@pytest.mark.interop
@pytest.mark.parametrize(("name", "pages"), OFFICE_PAGES.items())
def test_an_office_document_becomes_its_pages(corpus: Path, desk: OfficeDesk, name: str, pages: int) -> None:
    made = rendered(corpus / "office" / name, desk.convert)
    assert len(made.pages) == pages
    assert all(pixels(page.fine).any() for page in made.pages)


@pytest.mark.interop
def test_hostile_documents_do_no_harm(corpus: Path, desk: OfficeDesk) -> None:
    for name in ("docx-external-refs.docx", "xlsx-xml-bomb.xlsx"):
        assert len(rendered(corpus / "hostile" / name, desk.convert).pages) == 1
    with pytest.raises(RenderFailure, match=r"^docx-external-entity\.docx cannot be read by LibreOffice"):
        rendered(corpus / "hostile" / "docx-external-entity.docx", desk.convert)
