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
    from fuzz_input import FuzzInput, read_input

    from mailfax.model.page import Coding
    from mailfax.t4codec import PageDecoder, decode, decoder
    from mailfax.t4codec.t85 import decode_t85

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
decoder.zero_octets = StrictOctets
decoder.table = lambda values: StrictList(values.tolist())


def check_t4(case: FuzzInput, coding: Coding) -> None:
    whole = decode(case.octets, coding, width_px=case.width_px, max_rows=MAX_ROWS, options=case.options)
    assert whole.rows == whole.bitmap.rows <= MAX_ROWS
    assert whole.bad_rows == sum(span.count for span in whole.bad_spans)
    pieces = PageDecoder(coding, width_px=case.width_px, max_rows=MAX_ROWS, options=case.options)
    size = case.flags % 13 + 1
    for at in range(0, len(case.octets), size):
        pieces.feed(case.octets[at : at + size])
    assert pieces.close() == whole


def check(data: bytes) -> None:
    case = read_input(data)
    if case is None:
        return
    if case.coding:
        check_t4(case, case.coding)
        return
    decoded = decode_t85(case.octets, width_px=case.width_px, max_rows=MAX_ROWS)
    assert decoded.bad_rows <= decoded.rows == decoded.bitmap.rows <= MAX_ROWS


if __name__ == "__main__":
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()
