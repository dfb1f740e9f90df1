"""Other people's mails and documents (MAILFAX_CORPUS): each becomes pages or is refused by name; nothing else happens."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mailfax.model.document import Fate
from mailfax.model.outcome import Disposition
from mailfax.model.page import Coding
from mailfax.render.result import Rendered, RenderFailure
from mailfax.render.settings import RenderSettings
from mailfax.render.story import read_files, render_files, render_message
from mailfax.t4codec import decode

SETTINGS = RenderSettings(max_pages=100)
FAXABLE = {
    "real-pdf-attachment": 2,
    "pdf-attachment-curl": 2,
    "png-attachment-flowed": 2,
    "iphone-photo": 3,
    "utf7": 1,
    "nodemailer-full": 2,
    "outlook12-text-attachment": 2,
    "groupwise": 2,
    "smime-signed": 1,
    "mailman-digest": 2,
}


def no_progress(_page: int, _pages: int | None) -> None:
    """Nobody watches."""


def assert_pages_with_ink(rendered: Rendered) -> None:
    for page in rendered.pages:
        for raster in (page.fine, page.standard):
            decoded = decode(raster.octets, Coding.MMR, width_px=raster.width_px)
            assert decoded.complete
            assert decoded.rows == raster.rows
    assert any(decode(page.fine.octets, Coding.MMR, width_px=1728).bitmap.packed.any() for page in rendered.pages)


@pytest.mark.parametrize(("name", "pages"), FAXABLE.items())
def test_mails_with_text_pdf_and_images_become_pages(corpus: Path, name: str, pages: int) -> None:
    rendered = render_message((corpus / "mail" / f"{name}.eml").read_bytes(), SETTINGS, no_progress)
    assert len(rendered.pages) == pages
    assert_pages_with_ink(rendered)
    assert not [row for row in rendered.account if row.fate is Fate.FAILED]


def faxed_or_refused(render: Callable[[], Rendered]) -> Rendered | RenderFailure:
    try:
        return render()
    except RenderFailure as failure:
        return failure


def test_every_mail_is_faxed_or_refused_by_name(corpus: Path) -> None:
    faxed = 0
    for path in sorted((corpus / "mail").glob("*.eml")):
        match faxed_or_refused(lambda path=path: render_message(path.read_bytes(), SETTINGS, no_progress)):
            case Rendered(pages=pages, account=account):
                faxed += 1
                assert pages, path.name
                assert account, path.name
            case RenderFailure(outcome=outcome, detail=detail):
                assert outcome.disposition is Disposition.FAILED, path.name
                assert detail, path.name
    assert faxed >= 20


@pytest.mark.parametrize("folder", ["pdf", "image"])
def test_every_document_is_faxed_or_refused_by_name(corpus: Path, folder: str) -> None:
    faxed = 0
    for path in sorted((corpus / folder).iterdir()):
        match faxed_or_refused(lambda path=path: render_files(read_files([path]), SETTINGS, no_progress)):
            case Rendered(pages=pages):
                faxed += 1
                assert pages, path.name
            case RenderFailure(outcome=outcome, detail=detail):
                assert outcome.disposition is Disposition.FAILED, path.name
                assert path.name in detail, detail
    assert faxed >= 9
