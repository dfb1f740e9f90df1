"""Pages of every grid and width, between our engine over libspandsp's modem and its fax machine, in lock-step with the line's clock."""

from pathlib import Path

import numpy as np
import pytest
from lab.documents import Pixels, read_pages
from lab.lockstep import LockstepExchange
from PIL import Image

from mailfax.gateway.pages import account_of, coded_page, received_page
from mailfax.model.outcome import Outcome
from mailfax.model.page import Coding, Density, PageFormat, Resolution
from mailfax.modem.line import DialResult
from mailfax.modem.pump import run_call
from mailfax.t4codec import Bitmap, encode, warm
from mailfax.t4codec.tiff import code_page, write_fax_tiff
from mailfax.t30.answerer import AnswererStation, answer
from mailfax.t30.caller import CallerJob, call
from mailfax.t30.commands import (
    BlockStored,
    FetchPage,
    KeeperCommand,
    KeeperResult,
    Noted,
    PageData,
    StorePage,
)
from mailfax.t30.negotiate import FULL_OFFER, Offer

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]
ROWS = 96
ALL = "std+fine+superfine+r8+r16+300+400"


class Desk:
    """Gives one page in whatever form is asked for, and keeps what comes."""

    def __init__(self, page: Bitmap | None = None) -> None:
        self.page = page
        self.form: PageFormat | None = None
        self.got: Pixels | None = None

    def perform(self, command: KeeperCommand) -> KeeperResult:
        match command:
            case FetchPage(form=form, bit_rate=bit_rate):
                assert self.page is not None
                self.form = form
                t6 = encode(self.page, Coding.MMR)
                return PageData(octets=coded_page(None, t6, self.page.width_px, self.page.rows, form, bit_rate))
            case StorePage(octets=octets, form=form):
                _, decoded = received_page(octets, form)
                self.form, self.got = form, decoded.bitmap.to_bool()
                return account_of(decoded)
            case _:
                return BlockStored() if hasattr(command, "octets") else Noted()


def picture(width_px: int) -> Bitmap:
    return Bitmap.from_bool(np.random.default_rng(width_px).random((ROWS, width_px)) < 0.03)


@pytest.fixture(scope="module", autouse=True)
def _kernels() -> None:
    warm()


CELLS = [
    (Resolution.STANDARD, 1728),
    (Resolution.FINE, 1728),
    (Resolution.FINE, 2048),
    (Resolution.FINE, 2432),
    (Resolution.SUPERFINE, 1728),
    (Resolution.SUPERFINE, 2432),
    (Resolution.ULTRAFINE, 3456),
    (Resolution.ULTRAFINE, 4864),
    (Resolution.INCH_200, 1728),
    (Resolution.INCH_200_400, 1728),
    (Resolution.INCH_300, 2592),
    (Resolution.INCH_300, 3648),
    (Resolution.INCH_400, 3456),
]


@pytest.mark.parametrize(("resolution", "width_px"), CELLS)
def test_the_machine_sends_and_we_have_its_page_pel_for_pel(
    tmp_path: Path, resolution: Resolution, width_px: int
) -> None:
    page = picture(width_px)
    document = tmp_path / "page.tif"
    document.write_bytes(write_fax_tiff([code_page(page, resolution.density)]))
    exchange = LockstepExchange()
    exchange.ring(f"send:{document},res={ALL}")
    while exchange.line.wait_for_call(1) is None:
        pass
    desk = Desk()
    assert exchange.line.answer()
    result = run_call(answer(AnswererStation(offer=FULL_OFFER)), exchange.line, desk)
    exchange.finished()
    exchange.close()
    assert result.outcome is Outcome.RECEIVED, result
    assert desk.form is not None
    assert desk.got is not None
    assert desk.form.width_px == width_px
    assert np.array_equal(desk.got, page.to_bool())
    # libspandsp sets no bit of the inch grid but that of 300x300: it calls the others by their metric names.
    metric = {
        Resolution.INCH_200: Resolution.FINE,
        Resolution.INCH_200_400: Resolution.SUPERFINE,
        Resolution.INCH_400: Resolution.ULTRAFINE,
    }
    assert desk.form.resolution is metric.get(resolution, resolution)


@pytest.mark.parametrize(
    ("r8_px", "resolution"), [(1728, r) for r in Resolution] + [(2048, Resolution.FINE), (2432, Resolution.FINE)]
)
def test_we_send_in_what_the_machine_has(tmp_path: Path, r8_px: int, resolution: Resolution) -> None:
    got = tmp_path / "got.tif"
    page = picture(r8_px)
    exchange = LockstepExchange()
    exchange.route("5551234", f"receive:{got},res={ALL}")
    assert exchange.line.dial("5551234") is DialResult.CONNECTED
    offer = Offer(codings=FULL_OFFER.codings, ecm=True, resolutions=(resolution, Resolution.FINE, Resolution.STANDARD))
    desk = Desk(page)
    result = run_call(call(CallerJob(pages=1, offer=offer, r8_px=r8_px)), exchange.line, desk)
    exchange.finished()
    exchange.close()
    assert result.outcome is Outcome.DELIVERED, result
    form = desk.form
    assert form is not None
    (arrived,) = read_pages(got)
    assert arrived.shape[1] == form.width_px == form.resolution.width_px(r8_px)
    assert density_of(got) == form.resolution.density
    if form.resolution.density.y_dpi in {98, 196, 200}:
        assert np.array_equal(arrived, page.to_bool())


def density_of(tiff: Path) -> Density:
    """Read the density that the machine's libtiff wrote."""
    with Image.open(tiff) as image:
        x, y = image.info["dpi"]
    return Density(round(x), round(y))
