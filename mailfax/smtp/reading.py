"""Reading the message: after DATA in chunks as they come, to CR LF . CR LF and to nothing else; after BDAT by its count.

Nothing else ends the data, so what another server takes for data is data for us too (SMTP smuggling). Only when the end is
found does a bare LF count as the end of a line, as in Postfix: scanners and scripts send it, and we pass no mail on, so
there is no next server that could read the lines in another way. The listener calls this; `accepted_form` then says
whether the octets are a message that may be taken at all.
"""

import asyncio
from collections.abc import Callable
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32

import numpy as np

from mailfax.smtp.automatic import refusal

_LAST_LINE = b".\r\n"
_END = b"\r\n" + _LAST_LINE
_LF, _CR, _DOT = b"\n\r."
_PROGRESS_OCTETS = 64 * 1024
_MAX_HEADER_OCTETS = 256 * 1024


class EndlessData(Exception):
    """The client goes on far beyond the limit; the stream is somewhere in the middle of its data."""


async def read_data(reader: asyncio.StreamReader, max_octets: int, still_alive: Callable[[], None]) -> bytes | None:
    """Read a message up to its end, in lines that end in CR LF, without dot stuffing; None when larger than `max_octets`.

    A message that is too large is read to its end, so that the client hears why, but only to twice the limit: then
    EndlessData. `still_alive` is called every 64 KiB: a client has that long a time for each of them, and no more.
    """
    octets = bytearray(b"\r\n")  # as if the line of DATA itself, so that an empty message has an end too
    total, reported = 0, 0
    while not octets.endswith(_END):
        try:
            chunk = await reader.readuntil(_LAST_LINE)
        except asyncio.LimitOverrunError as overrun:
            chunk = await reader.readexactly(overrun.consumed)
        total += len(chunk)
        octets += chunk
        if total > max_octets + len(_LAST_LINE):
            del octets[: -len(_END)]
        if total > 2 * max_octets:
            raise EndlessData
        if total - reported >= _PROGRESS_OCTETS:
            reported = total
            still_alive()
    if total > max_octets + len(_LAST_LINE):
        return None
    del octets[-len(_LAST_LINE) :]
    return _unstuffed(in_lines(octets))[2:]


async def read_chunk(
    reader: asyncio.StreamReader, size: int, into: bytearray | None, still_alive: Callable[[], None]
) -> None:
    """Read a chunk of BDAT to the end of `into`, or throw it away; `still_alive` is called every 64 KiB."""
    while size:
        piece = await reader.readexactly(min(size, _PROGRESS_OCTETS))
        if into is not None:
            into += piece
        size -= len(piece)
        still_alive()


def in_lines(octets: bytes | bytearray) -> bytes:
    """Return the octets with a bare LF made the end of a line."""
    if not _lines_are_whole(octets):
        octets = octets.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return bytes(octets)


def _lines_are_whole(octets: bytes | bytearray) -> bool:
    """Say whether there is a CR before each LF. To look for the two of them at once costs bytes.count five times as much."""
    cells = np.frombuffer(octets, np.uint8)
    ends = np.flatnonzero(cells == _LF)
    return not ends.size or (ends[0] > 0 and bool((cells[ends - 1] == _CR).all()))


def _unstuffed(octets: bytes) -> bytes:
    """Take away the dot that the client put before a dot at the beginning of a line; few mails have any."""
    cells = np.frombuffer(octets, np.uint8)
    dots = np.flatnonzero(cells[1:] == _DOT)  # the octet before each of them is at its index
    return octets.replace(b"\r\n.", b"\r\n") if (cells[dots] == _LF).any() else octets


def accepted_form(octets: bytes, max_line_octets: int, hostname: str) -> str:
    """Return the SMTP reply that refuses these octets (out of `in_lines`), or nothing when they are a message that may be faxed. `hostname` is ours."""
    if octets.count(b"\r") != octets.count(b"\n"):
        return "554 5.6.0 The message has a CR without LF; lines end in CR LF (RFC 5321 section 2.3.8)"
    if _has_longer_line(octets, max_line_octets):
        return f"554 5.6.0 A line of the message is longer than {max_line_octets} octets"
    return refusal(header_of(octets), hostname)


def _has_longer_line(octets: bytes, max_line_octets: int) -> bool:
    """Leap from line end to line end as far as a line may reach; a leap without a line end is too long a line."""
    start = 0
    while len(octets) - start > max_line_octets:
        start = octets.rfind(b"\n", start, start + max_line_octets) + 1
        if not start:
            return True
    return False


def header_of(octets: bytes) -> Message:
    """Parse the header block alone; the standard library's compat32 parser takes any octets."""
    end = octets.find(b"\r\n\r\n", 0, _MAX_HEADER_OCTETS)
    return BytesHeaderParser(policy=compat32).parsebytes(octets[: end if end >= 0 else _MAX_HEADER_OCTETS])
