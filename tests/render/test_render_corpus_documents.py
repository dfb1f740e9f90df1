"""Other people's PDFs, faxes and office documents (MAILFAX_CORPUS), each with what its row of the manifest expects."""

import csv
import hashlib
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from faxes_in_pdf import ccitt_pdf, jbig2_pdf
from numpy.typing import NDArray
from pages import pixels
from PIL import Image

from mailfax.render.office import Convert, OfficeDesk, no_office
from mailfax.render.result import Rendered, RenderedPage, RenderFailure
from mailfax.render.settings import RenderSettings
from mailfax.render.story import NamedFile, read_files, render_files
from mailfax.render.warm import warm
from mailfax.t4codec.tiff import T6Page

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
# Of fax geometry, so that no pel may change; each with the raster that the manifest states.
FAXES = (
    "itu-chart1-g4-lsb.tif",
    "itu-chart4-g4-lsb.tif",
    "itu-chart5-g4-lsb.tif",
    "itu-chart8-g4-lsb.tif",
    "three-page-g3-204x196.tif",
    "g3-minifax-1page.tif",
    "g3test-libtiffpic.tif",
    "rle-204x98-1page.tif",
    "g4-form-13strips.tif",
    "g4-200dpi-page.tif",
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


def rasters_of(corpus: Path) -> dict[str, list[str]]:
    """Read what the manifest says of each file's pixels."""
    with (corpus / "manifest.tsv").open(encoding="utf-8", newline="") as table:
        return {row["file"]: row["raster"].split() for row in csv.DictReader(table, delimiter="\t")}


def raster(black: NDArray[np.bool_]) -> str:
    """Name a raster as the manifest does: the rows packed, black is 1."""
    return hashlib.sha256(np.packbits(black, axis=1).tobytes()).hexdigest()[:16]


def as_it_came(page: T6Page, like: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return a page of ours in the frame of a fax: the white that was cut off or put beside it is put back, no ink is moved."""
    ours, (rows, width) = pixels(page), like.shape
    left = (ours.shape[1] - width) // 2
    assert not ours[:, :left].any()
    assert not ours[:, left + width :].any()
    inked = [np.flatnonzero(black.any(axis=1)) for black in (ours, like)]
    if not inked[1].size:
        return np.zeros_like(like) if not inked[0].size else ours
    whole = np.zeros_like(like)
    first, at = int(inked[0][0]), int(inked[1][0])
    body = ours[first : int(inked[0][-1]) + 1, left : left + width][: rows - at]
    whole[at : at + len(body)] = body
    return whole


def kept(page: RenderedPage, theirs: NDArray[np.bool_]) -> set[str]:
    return {raster(as_it_came(each, theirs)) for each in (page.fine, page.standard)}


@pytest.mark.parametrize("name", FAXES)
def test_a_fax_keeps_every_pel(corpus: Path, name: str) -> None:
    pages, wanted = rendered(corpus / "fax" / name).pages, rasters_of(corpus)[f"fax/{name}"]
    assert len(pages) == len(wanted)
    with Image.open(corpus / "fax" / name) as tiff:
        for number, page in enumerate(pages):
            tiff.seek(number)
            assert wanted[number] in kept(page, ~np.asarray(tiff.convert("1")))


@pytest.mark.parametrize("wrap", [ccitt_pdf, jbig2_pdf])
@pytest.mark.parametrize("name", [name for name in FAXES if name.startswith("itu")])
def test_a_page_that_is_one_fax_keeps_every_pel_in_a_pdf_too(
    corpus: Path, name: str, wrap: Callable[[Path], bytes]
) -> None:
    pdf = NamedFile(name="fax.pdf", octets=wrap(corpus / "fax" / name))
    [page] = render_files([pdf], SETTINGS, lambda *_: None).pages
    with Image.open(corpus / "fax" / name) as tiff:
        assert rasters_of(corpus)[f"fax/{name}"][0] in kept(page, ~np.asarray(tiff.convert("1")))


def test_a_scan_of_fax_density_in_a_pdf_is_not_drawn_anew(corpus: Path, tmp_path: Path) -> None:
    """poppler takes the picture out of the file, so that it can be compared."""
    path = corpus / "fax" / "pdf-ccitt-g4.pdf"
    subprocess.run(["pdfimages", "-png", path, tmp_path / "page"], check=True, timeout=60)
    with Image.open(tmp_path / "page-000.png") as picture:
        theirs = ~np.asarray(picture.convert("1"))
    [page] = rendered(path).pages
    assert raster(theirs) in kept(page, theirs)


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
