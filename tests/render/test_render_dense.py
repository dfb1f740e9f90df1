"""Pages that are drawn finer than fine where a mail asks for it: the same picture at the same place, and what a call makes of it (RE11)."""

import io
from email.message import EmailMessage

import numpy as np
import pytest
from numpy.typing import NDArray
from pages import pixels
from PIL import Image, ImageDraw

from mailfax.gateway.desk import WISHED
from mailfax.gateway.pages import account_of, coded_page, raster_of, received_page
from mailfax.model.outcome import Outcome
from mailfax.model.page import PageFormat, Resolution
from mailfax.modem.virtual.pair import run_joined
from mailfax.render.paper import FINE, MM_PER_INCH, PAPERS
from mailfax.render.result import Rendered, RenderedPage
from mailfax.render.settings import RenderSettings
from mailfax.render.story import render_message
from mailfax.t4codec import Bitmap
from mailfax.t30.answerer import AnswererStation, answer
from mailfax.t30.caller import CallerJob, call
from mailfax.t30.commands import (
    BlockStored,
    FetchPage,
    KeeperCommand,
    KeeperFailed,
    KeeperResult,
    Note,
    Noted,
    PageData,
    StoreBlock,
    StorePage,
)
from mailfax.t30.negotiate import FULL_OFFER, Offer

WORDS = {Resolution.SUPERFINE: "superfine", Resolution.INCH_300: "300", Resolution.ULTRAFINE: "400"}


def picture() -> bytes:
    """Draw lines at even distances, and a circle."""
    image = Image.new("L", (2000, 1200), 255)
    pen = ImageDraw.Draw(image)
    for step in range(40):
        pen.line((100, 100 + 7 * step, 1900, 100 + 7 * step), fill=0, width=3)
    pen.ellipse((400, 500, 1600, 1100), outline=0, width=12)
    octets = io.BytesIO()
    image.save(octets, "PNG", dpi=(260, 260))
    return octets.getvalue()


def mail(word: str) -> bytes:
    message = EmailMessage()
    message["Subject"] = "Small print"
    message["X-Fax-Resolution"] = word
    message["X-Fax-Stamp"] = "COPY {page:3}"
    message.set_content("The small print of a contract.\n" * 12)
    message.add_attachment(picture(), "image", "png", filename="lines.png")
    return message.as_bytes()


def rendered(word: str) -> Rendered:
    return render_message(mail(word), RenderSettings(), lambda _page, _pages: None)


@pytest.fixture(scope="module", params=WISHED)
def drawn(request: pytest.FixtureRequest) -> tuple[Resolution, Rendered]:
    return request.param, rendered(WORDS[request.param])


def millimetres(black: NDArray[np.bool_], resolution: Resolution) -> list[float]:
    """Return where the ink begins and ends from the middle of the line and from the top, and how many mm² it is."""
    paper = PAPERS[resolution]
    x_mm, y_mm = MM_PER_INCH / paper.x_dpi, MM_PER_INCH / paper.y_dpi
    rows, columns = np.flatnonzero(black.any(axis=1)), np.flatnonzero(black.any(axis=0)) - black.shape[1] / 2
    return [rows[0] * y_mm, rows[-1] * y_mm, columns[0] * x_mm, columns[-1] * x_mm, black.sum() * x_mm * y_mm / 100]


def test_the_finer_raster_shows_the_same_at_the_same_place_of_the_paper(drawn: tuple[Resolution, Rendered]) -> None:
    resolution, result = drawn
    assert len(result.pages) == 2
    for page in result.pages:
        assert page.dense is not None
        assert page.dense.resolution is resolution
        assert page.dense.width_px == resolution.width_px(1728)
        assert page.dense.rows / PAPERS[resolution].y_dpi == pytest.approx(page.fine.rows / FINE.y_dpi, abs=0.01)
        found = millimetres(pixels(page.dense), resolution)
        assert found == pytest.approx(millimetres(pixels(page.fine), Resolution.FINE), abs=0.45)


def test_it_shows_what_fine_cannot(drawn: tuple[Resolution, Rendered]) -> None:
    """Lines at even distances that are no whole number of fine rows: the finer raster has them more even."""
    resolution, result = drawn
    page = result.pages[1]
    assert page.dense is not None
    edges = {}
    for raster, of in ((page.dense, resolution), (page.fine, Resolution.FINE)):
        black = pixels(raster)
        column = black[:, black.shape[1] // 2]
        runs = np.diff(np.flatnonzero(np.diff(column.astype(np.int8), prepend=0)))[:78] / PAPERS[of].y_dpi
        edges[of] = float(np.std(runs))
    assert edges[resolution] < 0.8 * edges[Resolution.FINE]


def test_a_mail_that_asks_for_fine_has_no_third_raster() -> None:
    assert [page.dense for page in rendered("fine").pages] == [None, None]


class Desk:
    """Codes pages as the gateway does, and keeps what came."""

    def __init__(self, pages: tuple[RenderedPage, ...] = ()) -> None:
        self.pages, self.came, self.forms = pages, list[Bitmap](), list[PageFormat]()

    def perform(self, command: KeeperCommand) -> KeeperResult:
        match command:
            case FetchPage(index=index, form=form, bit_rate=bit_rate):
                body = raster_of(self.pages[index], form.resolution)
                octets = coded_page(None, body.octets, body.width_px, body.rows, form, bit_rate, body.resolution)
                return PageData(octets=octets)
            case StorePage(form=form, octets=octets):
                _, decoded = received_page(octets, form)
                self.came.append(decoded.bitmap)
                self.forms.append(form)
                return account_of(decoded)
            case StoreBlock():
                return BlockStored()
            case Note():
                return Noted()
            case _:
                return KeeperFailed(reason="unknown")


@pytest.mark.parametrize("far", [FULL_OFFER, Offer()], ids=["has them", "has fine only"])
def test_a_call_takes_the_finest_that_the_far_machine_has(drawn: tuple[Resolution, Rendered], far: Offer) -> None:
    resolution, result = drawn
    sender, receiver = Desk(result.pages), Desk()
    offer = Offer(resolutions=(*WISHED[resolution], Resolution.FINE, Resolution.STANDARD))
    ends = run_joined(
        call(CallerJob(pages=len(result.pages), offer=offer)), sender, answer(AnswererStation(offer=far)), receiver
    )
    assert (ends.calling.outcome, ends.called.outcome) == (Outcome.DELIVERED, Outcome.RECEIVED)
    finest = far is FULL_OFFER
    assert {form.resolution for form in receiver.forms} == {resolution if finest else Resolution.FINE}
    sent = [page.dense if finest else page.fine for page in result.pages]
    for came, body in zip(receiver.came, sent, strict=True):
        assert body is not None
        assert np.array_equal(came.to_bool(), pixels(body))
