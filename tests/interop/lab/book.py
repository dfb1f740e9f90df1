"""A keeper in memory, for calls that are not about the disk: gives pages as they are, keeps what comes. Used by benches and tests."""

from pathlib import Path

import numpy as np

from lab.documents import Pixels, read_pages
from mailfax.gateway.pages import account_of, coded_page, received_page
from mailfax.model.call import PageReceived
from mailfax.model.page import Coding, PageFormat
from mailfax.t4codec import Bitmap, encode
from mailfax.t30.commands import (
    BlockStored,
    FetchPage,
    KeeperCommand,
    KeeperResult,
    Note,
    Noted,
    PageData,
    StoreBlock,
    StorePage,
)

WIDTH_PX = 1728


class Book:
    """Pages to send, in whatever form is asked for, without a header strip; and the pages that came and were confirmed."""

    def __init__(self, document: Path | None = None) -> None:
        pages = read_pages(document) if document else []
        self._pages = [(encode(Bitmap.from_bool(page), Coding.MMR), len(page)) for page in pages]
        self._last: Pixels | None = None
        self.confirmed: list[Pixels] = []

    def perform(self, command: KeeperCommand) -> KeeperResult:
        match command:
            case FetchPage():
                return PageData(octets=self._coded(command))
            case StorePage(octets=octets, form=form):
                _, decoded = received_page(octets, form)
                self._last = decoded.bitmap.to_bool()
                return account_of(decoded)
            case StoreBlock():
                return BlockStored()
            case Note(event=PageReceived(confirmed=True)) if self._last is not None:
                self.confirmed.append(self._last)
                return Noted()
            case Note():
                return Noted()

    def _coded(self, wanted: FetchPage) -> bytes:
        octets, rows = self._pages[wanted.index]
        form = wanted.form
        # Pages here exist in one raster: that of the call.
        plain = PageFormat(
            coding=form.coding,
            resolution=form.resolution,
            min_scan_line_ms=form.min_scan_line_ms,
            ecm_frame_octets=form.ecm_frame_octets,
            length=form.length,
        )
        return coded_page(None, octets, WIDTH_PX, rows, plain, wanted.bit_rate)


def same_pages(got: list[Pixels], sent: list[Pixels]) -> bool:
    """Say whether pages are the same, pixel by pixel."""
    return len(got) == len(sent) and all(map(np.array_equal, got, sent))
