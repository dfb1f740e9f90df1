"""Data between us and a T.31 modem: DLE shielding and the bit order of the serial link.

Octets of mailfax have the first bit on the line as most significant bit; on the serial link it is the least significant one.
This is the only place where the order is turned.
"""

from mailfax.t30.wire import REVERSED

DLE, ETX, SUB = 0x10, 0x03, 0x1A
END = bytes((DLE, ETX))


def shield(octets: bytes) -> bytes:
    """Turn octets into what the modem takes between CONNECT and DLE ETX: LSB first, every DLE doubled."""
    return octets.translate(REVERSED).replace(b"\x10", b"\x10\x10")


class Unshielder:
    """Takes the modem's data as it comes in pieces; `ended` once DLE ETX was seen."""

    def __init__(self) -> None:
        self._octets = bytearray()
        self._after_dle = False
        self.ended = False

    def __len__(self) -> int:
        return len(self._octets)

    def feed(self, piece: bytes) -> bytes:
        """Take a piece; return what of it lies behind DLE ETX."""
        at = 0
        while at < len(piece) and not self.ended:
            if self._after_dle:
                self._shielded(piece[at])
                at += 1
                continue
            dle = piece.find(DLE, at)
            plain_end = len(piece) if dle < 0 else dle
            self._octets += piece[at:plain_end]
            self._after_dle = dle >= 0
            at = plain_end + self._after_dle
        return piece[at:]

    def _shielded(self, octet: int) -> None:
        """Read the octet after a DLE; any other than these three is dropped with its DLE."""
        self._after_dle = False
        if octet == ETX:
            self.ended = True
        elif octet == DLE:
            self._octets.append(DLE)
        elif octet == SUB:
            self._octets += bytes((DLE, DLE))

    def ends_with(self, said: bytes) -> bool:
        """Say whether the data, as it stood on the serial link, ends with words of the modem instead of DLE ETX."""
        return bool(said) and self._octets.endswith(said)

    def octets(self) -> bytes:
        """Return the data so far, first bit on the line as most significant bit."""
        return bytes(self._octets).translate(REVERSED)
