"""Ids: a kind letter and 12 Crockford base32 characters, time-ordered, made without coordination, read in any case.

60 bits: 45 bits of 32 µs ticks since 2025 (good until 2060), then 15 random bits. One maker never repeats a tick, so two
ids of one process cannot be equal; two processes meet only in the same tick with the same random bits, and then the
store's primary key refuses the second.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 12
EPOCH_US = 1_735_689_600_000_000  # 2025-01-01T00:00:00Z
TICK_US = 32
RANDOM_BITS = 15
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1"})


class Kind(StrEnum):
    """What an id names; the first letter of the id."""

    MAIL = "M"
    JOB = "J"
    CALL = "C"
    FAX = "F"
    DELIVERY = "D"
    OFFER = "P"
    TOKEN = "T"  # noqa: S105 (a letter)


def encode(number: int) -> str:
    """Write a 60 bit number as 12 Crockford base32 characters."""
    return "".join(ALPHABET[(number >> shift) & 31] for shift in range(5 * (LENGTH - 1), -1, -5))


def first_id(kind: Kind, at_us: int) -> str:
    """Return an id that none made since `at_us` is before."""
    return kind + encode(max(at_us - EPOCH_US, 0) // TICK_US << RANDOM_BITS)


def after(any_id: str, count: int) -> str:
    """Return the id that stands `count` behind another; only for what belongs to that one (the faxes of a call)."""
    number = 0
    for letter in any_id[1:]:
        number = number << 5 | ALPHABET.index(letter)
    return any_id[0] + encode((number + count) % (1 << 5 * LENGTH))


def parse_id(text: str, kind: Kind | None = None) -> str:
    """Return the canonical form of an id that a person typed.

    Raises ValueError with a plain sentence when it is none, or not of the wanted kind.
    """
    upper = text.strip().upper()
    body = upper[1:].translate(_READ_AS)
    if len(upper) != LENGTH + 1 or upper[0] not in set(Kind) or any(letter not in ALPHABET for letter in body):
        raise ValueError(f"{text!r} is not an id; ids look like J0123456789AB")
    if kind is not None and upper[0] != kind:
        raise ValueError(f"{text!r} names a {Kind(upper[0]).name.lower()}, not a {kind.name.lower()}")
    return upper[0] + body


@dataclass(kw_only=True, slots=True)
class IdMaker:
    """Makes ids from an injected clock (UTC microseconds) and random source (bits -> integer)."""

    now_us: Callable[[], int]
    random_bits: Callable[[int], int]
    _last_tick: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, kind: Kind) -> str:
        """Return a new id of `kind`, later than every one before it."""
        with self._lock:
            self._last_tick = max((self.now_us() - EPOCH_US) // TICK_US, self._last_tick + 1)
            return kind + encode(self._last_tick << RANDOM_BITS | self.random_bits(RANDOM_BITS))
