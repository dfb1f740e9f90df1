"""Judging the TCF, the 1.5 s of zeros that proves a rate (T.30, 5.3.6.1.3). Called by the answerer."""

from mailfax.t30.modulation import Modulation

TCF_S = 1.5
GOOD_RUN_S = 1.0


def longest_zero_run(octets: bytes) -> int:
    """Return the length in bits of the longest run of zeros."""
    bits = f"{int.from_bytes(octets, 'big'):0{8 * len(octets)}b}" if octets else ""
    return max(map(len, bits.split("1")))


def training_is_good(octets: bytes, modulation: Modulation) -> bool:
    """Say whether a TCF passes: one unbroken second of zeros.

    The run is judged and not the length or the share: modems and gateways trim the ends, some senders put ones in front, and
    the demodulator adds noise where the carrier starts and stops. T.30 leaves the rule to the receiver.
    """
    return longest_zero_run(octets) >= GOOD_RUN_S * modulation.bit_rate
