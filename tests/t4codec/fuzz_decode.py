"""Fuzz target for everything that decodes: python tests/t4codec/fuzz_decode.py -max_total_time=600 CORPUS fixtures/fax/seeds.

New inputs are kept in the first folder; `make fuzz` runs it. It runs without numba: so atheris sees which lines of the
kernels an input reaches, and an index outside of its array is an error here, where machine code would read on in silence.
Lists and octets that refuse negative indices make the other half of that sure.
"""

import os
import sys

os.environ["MAILFAX_NO_NUMBA"] = "1"

import atheris

with atheris.instrument_imports(include=["mailfax.t4codec"]):
    from mailfax.model.page import Coding
    from mailfax.t4codec import BadRows, DecodeOptions, PageDecoder, decode, decoder
    from mailfax.t4codec.t85 import decode_t85

WIDTHS = (1, 31, 64, 1728)
CODINGS = list(Coding)
POLICIES = list(BadRows)
MAX_ROWS = 60


def in_range(index: int | slice) -> int | slice:
    """Refuse what Python counts from the end: in machine code that is another place."""
    if isinstance(index, int) and index < 0:
        raise IndexError(index)
    return index


class StrictList(list[int]):
    def __getitem__(self, index: int | slice) -> int | list[int]:
        return list.__getitem__(self, in_range(index))

    def __setitem__(self, index: int | slice, value: int | list[int]) -> None:
        list.__setitem__(self, in_range(index), value)


class StrictOctets(bytearray):
    def __getitem__(self, index: int | slice) -> int | bytearray:
        return bytearray.__getitem__(self, in_range(index))

    def __setitem__(self, index: int | slice, value: int | bytes) -> None:
        bytearray.__setitem__(self, in_range(index), value)


decoder.new_integers = lambda count: StrictList([0] * count)
decoder.new_octets = StrictOctets
decoder.table = lambda values: StrictList(values.tolist())


def check_t4(octets: bytes, kind: int, width_px: int, flags: int) -> None:
    options = DecodeOptions(bad_rows=POLICIES[flags % 3], lsb_first=bool(flags & 64), align_rows=bool(flags & 128))
    whole = decode(octets, CODINGS[kind], width_px=width_px, max_rows=MAX_ROWS, options=options)
    assert whole.rows == whole.bitmap.rows <= MAX_ROWS
    assert whole.bad_rows == sum(span.count for span in whole.bad_spans)
    pieces = PageDecoder(CODINGS[kind], width_px=width_px, max_rows=MAX_ROWS, options=options)
    size = flags % 13 + 1
    for at in range(0, len(octets), size):
        pieces.feed(octets[at : at + size])
    assert pieces.close() == whole


def check(data: bytes) -> None:
    if len(data) < 3:
        return
    kind, width_px, flags, octets = data[0] % 4, WIDTHS[data[1] % 4], data[2], data[3:]
    if kind < 3:
        check_t4(octets, kind, width_px, flags)
    else:
        decoded = decode_t85(octets, width_px=width_px, max_rows=MAX_ROWS)
        assert decoded.bad_rows <= decoded.rows == decoded.bitmap.rows <= MAX_ROWS


if __name__ == "__main__":
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()
