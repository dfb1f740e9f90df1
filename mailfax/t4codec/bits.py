"""Octets and their bit order. All of mailfax has the first bit on the line in the MSB; others may not."""

_REVERSED = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))


def reverse_bits(octets: bytes) -> bytes:
    """Turn every octet round: TIFF's FillOrder 1 to 2 and back."""
    return octets.translate(_REVERSED)
