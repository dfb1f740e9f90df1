"""Frames in words, for people: `mailfax call frame`, the ladder of a call. Reads anything and never raises."""

from collections.abc import Iterator

from mailfax.t30.bits import GROUPS, NEED_ECM, Bit, name_of
from mailfax.t30.capabilities import (
    DCS_RATE,
    DCS_SCAN_MS,
    DCS_WIDTH_PX,
    DIS_SCAN_MS,
    DIS_SCHEMES,
    DIS_WIDTHS_PX,
    LENGTH,
    LENGTHS,
    RATE,
    SCAN_TIME,
    WIDTH,
    Dcs,
    Dis,
    get_bit,
    get_bits,
    read_fif,
)
from mailfax.t30.ecm import PageEnd, PartialPage, page_end, requested
from mailfax.t30.frames import IDENTIFICATIONS, Fcf, Frame, parse_frame, read_identification
from mailfax.t30.nsf import read_maker
from mailfax.t30.wire import fcs_is_right, reverse_bits

_NSFS = frozenset({Fcf.NSF, Fcf.NSC, Fcf.NSS})


def read_frame(octets: bytes) -> tuple[Frame | None, bytes, str]:
    """Read a frame as people paste it: with or without FCS, in either bit order. The last value says what was assumed."""
    for turned, order in ((octets, ""), (reverse_bits(octets), "least significant bit first, as on a serial link")):
        has_fcs = len(turned) > 4 and fcs_is_right(turned)
        plain = turned[:-2] if has_fcs else turned
        frame = parse_frame(plain)
        if frame is not None:
            return frame, plain, ", ".join(filter(None, (order, "with its FCS" if has_fcs else "")))
    return None, octets, ""


def headline(frame: Frame) -> str:
    """Say in one line what a frame is: its name, and what matters in it."""
    return " ".join(filter(None, (str(frame.fcf), _gist(frame))))


def explain(frame: Frame) -> Iterator[str]:
    """Say all that is in a frame, line by line."""
    fcf = frame.fcf
    yield f"{headline(frame)}: {fcf.value.name} (T.30, {fcf.value.clause})"
    yield f"  {'last frame of its burst' if frame.final else 'another frame follows'}" + (
        f", X = {int(frame.x)}" if fcf.has_x else ""
    )
    match fcf:
        case Fcf.DIS | Fcf.DTC | Fcf.DCS:
            yield from _bits(frame)
        case Fcf.PPS if (partial := PartialPage.parse(frame.fif)) is not None:
            yield f"  page {partial.page}, block {partial.block}, {partial.frames} frames, then {partial.end}"
        case Fcf.PPR:
            wanted = requested(frame.fif, 256)
            yield f"  {len(wanted)} of 256 frames are wanted again: {_ranges(wanted)}"
        case _:
            if frame.fif:
                yield f"  octets {frame.fif.hex(' ').upper()}"


def _gist(frame: Frame) -> str:
    fcf, fif = frame.fcf, frame.fif
    if fcf in IDENTIFICATIONS:
        return f'"{read_identification(fif)}"'
    if fcf in _NSFS:
        return str(read_maker(fif) or "")
    match fcf:
        case Fcf.DIS | Fcf.DTC:
            return Dis.parse(fif).describe()
        case Fcf.DCS:
            return Dcs.parse(fif).describe()
        case Fcf.CTC:
            return str(Dcs.parse(fif).modulation or "unknown modulation")
        case Fcf.PPS if (partial := PartialPage.parse(fif)) is not None:
            return f"{partial.end}, page {partial.page} block {partial.block}, {partial.frames} frames"
        case Fcf.EOR:
            return str(page_end(fif) or PageEnd.NULL)
        case Fcf.PPR:
            return f"for {_ranges(requested(fif, 256))}"
        case _:
            return ""


def _bits(frame: Frame) -> Iterator[str]:
    """List the bits that are 1, and what a set bit implies."""
    fif = read_fif(frame.fif)
    if len(fif) < len(frame.fif):
        yield f"  {len(frame.fif) - len(fif)} octets behind the last extension bit do not count"
    yield from _groups(fif, commanded=frame.fcf is Fcf.DCS)
    for number in range(1, 8 * len(fif) + 1):
        if get_bit(fif, number) and number not in GROUPS:
            octet, place = divmod(number - 1, 8)
            yield f"  bit {number} (octet {octet + 1}, bit {place + 1}): {name_of(number)}"
    needing = sorted(number for number in NEED_ECM if get_bit(fif, number))
    if needing and not get_bit(fif, Bit.ECM):
        yield f"  bits {', '.join(map(str, needing))} need error correction, but bit 27 is 0"


def _groups(fif: bytes, *, commanded: bool) -> Iterator[str]:
    """Say what the bits mean that count only together."""
    rate, width, length, scan = (get_bits(fif, span) for span in (RATE, WIDTH, LENGTH, SCAN_TIME))
    meanings: tuple[object, object, object]
    if commanded:
        modulation, width_px = DCS_RATE.get(rate), DCS_WIDTH_PX.get(width)
        meanings = (modulation, width_px and f"{width_px} pels", DCS_SCAN_MS.get(scan))
    else:
        schemes, widths_px = DIS_SCHEMES.get(rate), DIS_WIDTHS_PX[width]
        rates = None if schemes is None else ", ".join(schemes) or "V.27ter 2400 only"
        meanings = (rates, f"{'/'.join(map(str, widths_px))} pels", "/".join(map(str, DIS_SCAN_MS[scan])))
    yield f"  bits 11-14 (octet 2, bits 3-6): {rate}, {meanings[0] or 'not in use'}"
    yield f"  bits 17-18 (octet 3, bits 1-2): {width}, {meanings[1] or 'invalid'}"
    yield f"  bits 19-20 (octet 3, bits 3-4): {length}, {LENGTHS.get(length, 'invalid')}"
    ms = "invalid" if meanings[2] is None else f"{meanings[2]} ms a line at least"
    yield f"  bits 21-23 (octet 3, bits 5-7): {scan}, {ms}"


def _ranges(numbers: list[int]) -> str:
    """Write `0-3, 7` for 0, 1, 2, 3 and 7."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in spans) or "none"
