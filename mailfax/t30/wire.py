"""Octets and bit order, stated once. Read by `frames`, `capabilities`, and every driver at its edge.

Everywhere in mailfax the first bit on the line is the most significant bit of an octet: that is how the Recommendations
print their codes, and how T.38 carries them. A UART and the DTE link of T.31 put the first bit in the least significant
place; such a driver turns each octet with `reverse_bits` and nobody else ever does.
"""

import binascii

ADDRESS = 0xFF  # T.30, 5.3.4: 1111 1111
CONTROL = 0xC0  # T.30, 5.3.5: 1100 X000, X = 1 in the final frame of a burst
FINAL_BIT = 0x08
PREAMBLE_S = 1.0  # T.30, 5.3.1: flags for 1 s +-15 % before the first frame of a burst
V21_BIT_RATE = 300

REVERSED = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))
_INITIAL_REMAINDER = 0xFFFF


def octet(printed: str) -> int:
    """Turn a code as the Recommendation prints it into a constant; X stands for a bit that is set later, so 0 here."""
    bits = printed.replace(" ", "").replace("X", "0")
    if len(bits) != 8:
        raise ValueError(f"{printed!r} is not one octet")
    return int(bits, 2)


def reverse_bits(octets: bytes) -> bytes:
    """Turn every octet around, for a far side whose first bit is the least significant one."""
    return octets.translate(REVERSED)


def fcs(octets: bytes) -> bytes:
    """Return the frame check sequence of address to FIF (T.30, 5.3.7): x^16+x^12+x^5+1, preset to ones, complemented.

    This is CRC-16/X.25; written with the first bit as the most significant one it needs no reflection.
    """
    return (binascii.crc_hqx(octets, _INITIAL_REMAINDER) ^ 0xFFFF).to_bytes(2, "big")


def fcs_is_right(octets_with_fcs: bytes) -> bool:
    """Say whether the last two octets are the FCS of those before them."""
    return len(octets_with_fcs) > 2 and fcs(octets_with_fcs[:-2]) == octets_with_fcs[-2:]
