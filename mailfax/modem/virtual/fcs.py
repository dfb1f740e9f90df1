"""The frame check sequence of HDLC over octets in the order of the line (T.30, 5.3.7). Called by `hdlc`."""

import binascii


def fcs(frame: bytes) -> bytes:
    """Return the two octets that follow `frame` on the line."""
    return (binascii.crc_hqx(frame, 0xFFFF) ^ 0xFFFF).to_bytes(2, "big")
