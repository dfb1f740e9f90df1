"""A bilevel picture in memory: what the renderer makes, the codec codes, and a received page becomes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Bitmap:
    """Rows of pels, 1 = black. `packed` is [rows, ceil(width / 8)], first pel in the MSB; pad bits are 0."""

    width_px: int
    packed: NDArray[np.uint8]

    def __post_init__(self) -> None:
        if self.width_px < 1:
            raise ValueError(f"A bitmap is at least one pel wide, not {self.width_px}.")
        if self.packed.dtype != np.uint8 or self.packed.ndim != 2 or self.packed.shape[1] != (self.width_px + 7) // 8:
            raise ValueError(f"{self.packed.dtype}{self.packed.shape} does not hold rows of {self.width_px} pels.")

    @property
    def rows(self) -> int:
        """Count the rows."""
        return int(self.packed.shape[0])

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Bitmap) and self.width_px == other.width_px and np.array_equal(self.packed, other.packed)
        )

    __hash__ = None  # type: ignore[assignment]  # the array can be changed

    @classmethod
    def from_bool(cls, black: NDArray[Any]) -> "Bitmap":
        """Pack [rows, width] of truth values; True = black."""
        return cls(int(black.shape[1]), np.packbits(black.astype(bool, copy=False), axis=1))

    @classmethod
    def from_octets(cls, width_px: int, octets: bytes) -> "Bitmap":
        """Take rows of whole octets, one after another; pad bits are cleared, octets of an unfinished row left out."""
        row_octets = (width_px + 7) // 8
        rows = len(octets) // row_octets
        packed = np.frombuffer(octets, np.uint8, rows * row_octets).reshape(rows, row_octets)
        if width_px % 8 and rows:
            packed = packed.copy()
            packed[:, -1] &= 0xFF00 >> width_px % 8 & 0xFF
        return cls(width_px, packed)

    @classmethod
    def white(cls, width_px: int, rows: int) -> "Bitmap":
        """Make a picture without a black pel."""
        return cls(width_px, np.zeros((rows, (width_px + 7) // 8), np.uint8))

    @classmethod
    def stack(cls, *parts: "Bitmap") -> "Bitmap":
        """Put pictures of one width below each other."""
        if len({part.width_px for part in parts}) != 1:
            raise ValueError("Only pictures of one width can be put below each other.")
        return cls(parts[0].width_px, np.vstack([part.packed for part in parts]))

    def to_bool(self) -> NDArray[np.bool_]:
        """Give [rows, width] of truth values; True = black."""
        return np.unpackbits(self.packed, axis=1, count=self.width_px).astype(bool)

    def octets(self) -> bytes:
        """Give the rows as octets, one after another."""
        return self.packed.tobytes()
