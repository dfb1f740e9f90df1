"""Pages between a modem's phase C data and the TIFF files in which libspandsp's T.30 keeps them; the coder is libspandsp's.

Used by `class2modem`. Octets are as the serial link has them: the first bit on the line is the least significant.
"""

import ctypes
import struct
from pathlib import Path

from lab import spandsp as sd

CHUNK = 1 << 16
PAGES = 64
IFD_AT, IFD_STEP = 0x1000, 0x200
STRIP_AT, STRIP_STEP = 0x100000, 0x400000
RATIONALS = 0x180  # within an IFD's place
DPI = {0: (204, 98), 1: (204, 196), 2: (204, 391), 4: (408, 391)}

REVERSED = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))
_EOL = "000000000001"


def _lsb_first(bits: str) -> bytes:
    padded = bits + "0" * (-len(bits) % 8)
    return int(padded, 2).to_bytes(len(padded) // 8, "big").translate(REVERSED)


RTC = {0: _lsb_first(_EOL * 6), 1: _lsb_first((_EOL + "1") * 6)}  # by DF


class GrowingTiff:
    """A TIFF whose next page is written, and linked to, while a reader has it open: libtiff maps the file, and sees it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("wb") as file:
            file.write(struct.pack("<2sHI", b"II", 42, IFD_AT))
            file.truncate(STRIP_AT + PAGES * STRIP_STEP)

    def write(self, page: int, rows: list[bytes], width_px: int, vr: int, *, more: bool) -> None:
        """Put a page in its place (0-based), as last of the file or not."""
        strip, at = STRIP_AT + page * STRIP_STEP, IFD_AT + page * IFD_STEP
        octets = b"".join(rows)
        assert page < PAGES
        assert len(octets) <= STRIP_STEP
        tags = [
            (254, 4, 2),
            (256, 4, width_px),
            (257, 4, len(rows)),
            (258, 3, 1),
            (259, 3, 1),
            (262, 3, 0),
            (266, 3, 1),
        ]
        tags += [(273, 4, strip), (277, 3, 1), (278, 4, len(rows)), (279, 4, len(octets))]
        tags += [(282, 5, at + RATIONALS), (283, 5, at + RATIONALS + 8), (296, 3, 2)]
        x_dpi, y_dpi = DPI[vr]
        entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
        following = at + IFD_STEP if more else 0
        with self.path.open("r+b") as file:
            file.seek(strip)
            file.write(octets)
            file.seek(at + RATIONALS)
            file.write(struct.pack("<IIII", x_dpi, 1, y_dpi, 1))
            file.seek(at)
            file.write(struct.pack("<H", len(tags)) + entries + struct.pack("<I", following))
            if more:  # a copy, so that the page after this one can be seen to be of the same form
                tags_of_next = entries
                file.seek(following)
                file.write(struct.pack("<H", len(tags)) + tags_of_next + bytes(4))


def decode(octets: bytes, encoding: int, width_px: int, scratch: Path) -> list[bytes]:
    """Turn phase C data into rows of pels, black as 1, the leftmost pel most significant."""
    rows: list[bytes] = []

    def take(_user: int, buffer: int, length: int) -> int:
        if length:
            rows.append(ctypes.string_at(buffer, length))
        return 0

    handler = sd.RowHandler(take)
    state = sd.t4_rx_init(None, str(scratch).encode(), 3)
    sd.t4_rx_set_rx_encoding(state, encoding)
    sd.t4_rx_set_image_width(state, width_px)
    sd.t4_rx_set_row_write_handler(state, handler, None)
    sd.t4_rx_start_page(state)
    sd.t4_rx_put_chunk(state, octets, len(octets))
    sd.t4_rx_end_page(state)
    sd.t4_rx_free(state)
    return rows


def encode(file: Path, page: int, encoding: int) -> bytes:
    """Turn page `page` (0-based) of a TIFF into phase C data."""
    state = sd.t4_tx_init(None, str(file).encode(), page, page)
    assert state, f"libspandsp does not read page {page} of {file}"
    sd.t4_tx_set_tx_encoding(state, encoding)
    sd.t4_tx_set_min_bits_per_row(state, 0)
    assert sd.t4_tx_start_page(state) == 0
    buffer = ctypes.create_string_buffer(CHUNK)
    pieces = []
    while (count := sd.t4_tx_get_chunk(state, buffer, CHUNK)) > 0:
        pieces.append(buffer.raw[:count])
        if count < CHUNK:
            break
    sd.t4_tx_free(state)
    return b"".join(pieces)


def pages_in(file: Path) -> int:
    """Count the pages of a TIFF that may still be growing."""
    return len(_rows(file))


def rows_of(file: Path, page: int) -> int:
    """Return the rows of a page (0-based)."""
    return _rows(file)[page]


def _rows(file: Path) -> list[int]:
    if not file.exists() or file.stat().st_size < 8:
        return []
    octets = file.read_bytes()
    order = "<" if octets[:2] == b"II" else ">"
    rows, at = [], struct.unpack_from(f"{order}I", octets, 4)[0]
    while 0 < at < len(octets):
        entries = struct.unpack_from(f"{order}H", octets, at)[0]
        for entry in range(at + 2, at + 2 + 12 * entries, 12):
            tag, kind, _count, value = struct.unpack_from(f"{order}HHII", octets, entry)
            if tag == 257:
                rows.append(value if kind == 4 else struct.unpack_from(f"{order}H", octets, entry + 8)[0])
        at = struct.unpack_from(f"{order}I", octets, at + 2 + 12 * entries)[0]
    return rows
