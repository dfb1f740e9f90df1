"""Damage as lines do it, and a fair count of what it cost."""

from collections.abc import Callable

import numpy as np

from mailfax.t4codec import Bitmap

Rng = np.random.Generator


def _bits(octets: bytes) -> np.ndarray:
    return np.unpackbits(np.frombuffer(octets, np.uint8))


def _place(bits: np.ndarray, rng: Rng, length: int) -> int:
    return int(rng.integers(0, len(bits) - length))


def flip_bit(octets: bytes, rng: Rng) -> bytes:
    bits = _bits(octets)
    bits[_place(bits, rng, 1)] ^= 1
    return np.packbits(bits).tobytes()


def drop_bit(octets: bytes, rng: Rng) -> bytes:
    bits = _bits(octets)
    return np.packbits(np.delete(bits, _place(bits, rng, 1))).tobytes()


def insert_bit(octets: bytes, rng: Rng) -> bytes:
    bits = _bits(octets)
    return np.packbits(np.insert(bits, _place(bits, rng, 1), rng.integers(2))).tobytes()


def change_octet(octets: bytes, rng: Rng) -> bytes:
    at = int(rng.integers(len(octets)))
    return octets[:at] + bytes([octets[at] ^ int(rng.integers(1, 256))]) + octets[at + 1 :]


def drop_octet(octets: bytes, rng: Rng) -> bytes:
    at = int(rng.integers(len(octets)))
    return octets[:at] + octets[at + 1 :]


def insert_octet(octets: bytes, rng: Rng) -> bytes:
    at = int(rng.integers(len(octets)))
    return octets[:at] + rng.bytes(1) + octets[at:]


SMALL_HITS: dict[str, Callable[[bytes, Rng], bytes]] = {
    hit.__name__: hit for hit in (flip_bit, drop_bit, insert_bit, change_octet, drop_octet, insert_octet)
}


def rows_lost(truth: Bitmap, got: Bitmap) -> int:
    """Count the rows of the truth that are not in the picture, where they belong as seen from either end of the page."""
    common = min(truth.rows, got.rows)
    from_top = (truth.packed[:common] == got.packed[:common]).all(axis=1)
    from_bottom = (truth.packed[truth.rows - common :] == got.packed[got.rows - common :]).all(axis=1)
    if truth.rows == got.rows:
        return int(common - np.count_nonzero(from_top))
    top = common if from_top.all() else int(np.argmin(from_top))
    bottom = common if from_bottom.all() else int(np.argmin(from_bottom[::-1]))
    return max(truth.rows - top - bottom, 0)
