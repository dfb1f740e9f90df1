"""Whether page data without error correction came to its end. Called by the answerer, to find what no row of it can show.

A carrier that is lost for 200 ms ends a reception in most modems while the sender goes on to the end of the page: the rows that
came are all good, and those behind them are missing. Other receivers confirm such a page.
"""

from mailfax.t30.hdlc import to_bits

_EOL = "000000000001"
_EOLS = 2  # of the 6 in an RTC (T.4, 4.1.4): some senders have fewer, and the carrier's end may garble some
_RTCS = (_EOL * _EOLS, (_EOL + "1") * _EOLS)  # MH; MR, with the tag bit
_TAIL_OCTETS = 800  # fill and the noise of the carrier's end may follow


def has_rtc(octets: bytes) -> bool:
    """Say whether a return to control stands at the end of the data."""
    tail = to_bits(octets[-_TAIL_OCTETS:])
    return any(rtc in tail for rtc in _RTCS)
