"""libspandsp's T.4 and T.6 through ctypes, as an oracle and for the bench.

Pages go in as a TIFF of T.6 and come out, row by row, through a callback.
"""

import ctypes as c
import ctypes.util
import os
from pathlib import Path

from mailfax.model.page import Coding, Resolution
from mailfax.t4codec import Bitmap, encode
from mailfax.t4codec.bits import reverse_bits
from mailfax.t4codec.tiff import T6Page, write_t6_tiff

ENCODING = {Coding.MH: 1, Coding.MR: 2, Coding.MMR: 3}  # t4_image_compression_t
ROW_HANDLER = c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_void_p, c.c_size_t)
CHUNK = 1 << 16


class Spandsp:
    def __init__(self, library: c.CDLL, folder: Path) -> None:
        self.library = library
        self.folder = folder
        for name in ("t4_rx_init", "t4_tx_init"):
            getattr(library, name).restype = c.c_void_p

    @classmethod
    def load(cls, folder: Path) -> "Spandsp | None":
        name = ctypes.util.find_library("spandsp")
        return cls(c.CDLL(name), folder) if name else None

    def page_file(self, page: Bitmap) -> Path:
        path = self.folder / f"{abs(hash(page.octets()))}.tif"
        if not path.exists():
            octets = encode(page, Coding.MMR)
            pages = [T6Page(octets=octets, width_px=page.width_px, rows=page.rows, resolution=Resolution.FINE)]
            path.write_bytes(write_t6_tiff(pages))
        return path

    def encode(self, path: Path, coding: Coding) -> bytes:
        lib = self.library
        context = c.c_void_p(lib.t4_tx_init(None, os.fsencode(path), -1, -1))
        if not context:
            raise RuntimeError("libspandsp does not read the page")
        lib.t4_tx_set_tx_encoding(context, ENCODING[coding])
        lib.t4_tx_set_min_bits_per_row(context, 0)
        if lib.t4_tx_start_page(context):
            raise RuntimeError("libspandsp does not take the page")
        buffer, octets = c.create_string_buffer(CHUNK), b""
        while (count := lib.t4_tx_get_chunk(context, buffer, CHUNK)) > 0:
            octets += buffer.raw[:count]
            if count < CHUNK:
                break
        lib.t4_tx_free(context)
        return reverse_bits(octets)  # libspandsp has the first bit in the LSB

    def decode(self, octets: bytes, coding: Coding, width_px: int) -> list[bytes]:
        lib = self.library
        rows: list[bytes] = []

        def take(_: int, buffer: int, length: int) -> int:
            rows.append(c.string_at(buffer, length))
            return 0

        handler = ROW_HANDLER(take)
        context = c.c_void_p(lib.t4_rx_init(None, os.fsencode(self.folder / "received.tif"), ENCODING[Coding.MMR]))
        lib.t4_rx_set_rx_encoding(context, ENCODING[coding])
        lib.t4_rx_set_image_width(context, width_px)
        lib.t4_rx_set_row_write_handler(context, handler, None)
        lib.t4_rx_start_page(context)
        lib.t4_rx_put_chunk(context, reverse_bits(octets), len(octets))
        lib.t4_rx_end_page(context)
        lib.t4_rx_free(context)
        return rows
