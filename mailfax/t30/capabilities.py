"""DIS and DCS: what a station can do, and what a call shall do, as bits (T.30, table 2). Used by `negotiate` and both engines.

The FIF is the truth: `Dis` and `Dcs` hold its octets and read them through the table of `bits`, so a bit that nobody
here knows yet is kept as it came. Bits count from 1 as in table 2; bit 1 is the first on the line. Bits 24, 32, 40 ... say
that another octet follows; whatever comes after a 0 there does not count, and missing octets read as 0.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from mailfax.model.page import FINEST_FIRST, Coding, Jbig, LineCoding, PageFormat, PaperLength, Resolution
from mailfax.t30.bits import Bit
from mailfax.t30.modulation import Modulation

_LEAST_OCTETS = 3
LONG_FRAME_OCTETS, SHORT_FRAME_OCTETS = 256, 64  # T.4, A.3.6


_WORDS = {
    Bit.ECM: "error correction",
    Bit.R8_SUPERFINE: "superfine",
    Bit.INCH_PREFERRED: "inch grid",
    Bit.SQUARE_300: "300 dpi",
    Bit.R16_SUPERFINE: "400 dpi",
    Bit.SUBADDRESS: "subaddress",
    Bit.PASSWORD: "password",
    Bit.READY_TO_BE_POLLED: "document to be polled",
    Bit.SELECTIVE_POLLING: "selective polling",
    Bit.JPEG: "JPEG",
    Bit.COLOUR: "colour",
}
_CODING_BITS: tuple[tuple[Bit, LineCoding], ...] = ((Bit.T85, Jbig.T85), (Bit.T6, Coding.MMR), (Bit.MR, Coding.MR))
RATE, WIDTH, LENGTH, SCAN_TIME = (11, 14), (17, 18), (19, 20), (21, 23)

# Bits 11-14 of a DIS: the schemes a receiver has. 1110 is V.33, withdrawn in 1994; its owners have V.29 too.
DIS_SCHEMES: dict[str, tuple[str, ...]] = {
    "0000": (),
    "0100": ("V.27ter",),
    "1000": ("V.29",),
    "1100": ("V.27ter", "V.29"),
    "1110": ("V.27ter", "V.29"),
    "1101": ("V.27ter", "V.29", "V.17"),
}
DCS_RATE = {modulation.value.dcs_bits: modulation for modulation in Modulation}
DIS_WIDTHS_PX = {"00": (1728,), "10": (1728, 2048), "01": (1728, 2048, 2432), "11": (1728, 2048, 2432)}
DCS_WIDTH_PX = {"00": 1728, "10": 2048, "01": 2432}
# Bits 21-23 of a DIS: least time of a coded line in ms at 3.85 and at 7.7 lines/mm.
DIS_SCAN_MS = {
    "000": (20, 20),
    "001": (40, 40),
    "010": (10, 10),
    "100": (5, 5),
    "011": (10, 5),
    "110": (20, 10),
    "101": (40, 20),
    "111": (0, 0),
}
# Bit 44 tells 200x200 from fine, 200x400 from superfine and 400x400 from R16; 300x300 exists on the inch grid only.
RESOLUTION_BITS: dict[Resolution, frozenset[Bit]] = {
    Resolution.STANDARD: frozenset(),
    Resolution.FINE: frozenset({Bit.FINE}),
    Resolution.SUPERFINE: frozenset({Bit.R8_SUPERFINE}),
    Resolution.ULTRAFINE: frozenset({Bit.R16_SUPERFINE}),
    Resolution.INCH_200: frozenset({Bit.FINE, Bit.INCH_PREFERRED}),
    Resolution.INCH_200_400: frozenset({Bit.R8_SUPERFINE, Bit.INCH_PREFERRED}),
    Resolution.INCH_300: frozenset({Bit.SQUARE_300, Bit.INCH_PREFERRED}),
    Resolution.INCH_400: frozenset({Bit.R16_SUPERFINE, Bit.INCH_PREFERRED}),
}
_ON_THE_METRIC_GRID = {Resolution.FINE, Resolution.SUPERFINE, Resolution.ULTRAFINE}
LENGTHS = {"00": PaperLength.A4, "10": PaperLength.B4, "01": PaperLength.UNLIMITED}
_LENGTH_BITS = {length: printed for printed, length in LENGTHS.items()}
DCS_SCAN_MS = {"000": 20, "001": 40, "010": 10, "100": 5, "111": 0}


def read_fif(fif: bytes) -> bytes:
    """Cut a FIF where its extension bits end it, and fill it to three octets."""
    end = _LEAST_OCTETS
    while end < len(fif) and fif[end - 1] & 1:
        end += 1
    return fif[:end].ljust(_LEAST_OCTETS, b"\0")


def get_bit(fif: bytes, number: int) -> bool:
    """Read one bit."""
    index, place = divmod(number - 1, 8)
    return index < len(fif) and bool(fif[index] & 0x80 >> place)


def get_bits(fif: bytes, span: tuple[int, int]) -> str:
    """Read the bits of a span, as printed."""
    return "".join("1" if get_bit(fif, number) else "0" for number in range(span[0], span[1] + 1))


def write_fif(bits: Iterable[int]) -> bytes:
    """Write a FIF with these bits set: as many octets as they need, with the extension bits between them."""
    numbers = set(bits)
    octets = max(_LEAST_OCTETS, (max(numbers, default=1) + 7) // 8)
    numbers |= {8 * octet for octet in range(_LEAST_OCTETS, octets)}
    value = sum(1 << 8 * octets - number for number in numbers)
    return value.to_bytes(octets, "big")


def add_bits(fif: bytes, bits: Iterable[int]) -> bytes:
    """Set more bits in a FIF, with what extension bits they need."""
    return write_fif({number for number in range(1, 8 * len(fif) + 1) if get_bit(fif, number)} | set(bits))


def _span(span: tuple[int, int], printed: str) -> set[int]:
    return {span[0] + place for place, bit in enumerate(printed) if bit == "1"}


@dataclass(frozen=True, slots=True)
class Dis:
    """What a station can receive (DIS), or send when polled (DTC). Make one with `parse` or `offer`."""

    fif: bytes

    @classmethod
    def parse(cls, fif: bytes) -> "Dis":
        """Read the FIF of a frame."""
        return cls(read_fif(fif))

    @classmethod
    def offer(
        cls,
        *,
        schemes: Iterable[str],
        fine: bool,
        codings: Iterable[LineCoding],
        ecm: bool,
        superfine: bool,
        inch: bool = False,
        wide: bool = False,
    ) -> "Dis":
        """Write what we receive: any length, and no least time for a line, since we keep up with any.

        `wide` paper is B4 and A3 beside A4; `inch` has the grid of 200, 300 and 400 an inch beside the metric one.
        """
        codings, wanted = set(codings), set(schemes)
        rate = next((printed for printed, has in DIS_SCHEMES.items() if set(has) == wanted), "0000")
        bits = {int(Bit.RECEIVES)} | _span(RATE, rate) | _span(LENGTH, _LENGTH_BITS[PaperLength.UNLIMITED])
        bits |= _span(SCAN_TIME, "111") | _span(WIDTH, "01" if wide else "00")
        wanted_bits = {
            Bit.FINE: fine,
            Bit.MR: Coding.MR in codings,
            Bit.ECM: ecm,
            Bit.T6: ecm and Coding.MMR in codings,
            Bit.T85: ecm and Jbig.T85 in codings,
            Bit.T85_OPTIONAL_L0: ecm and Jbig.T85 in codings,  # stripes of any height are read
            Bit.R8_SUPERFINE: superfine,
            Bit.R16_SUPERFINE: superfine,
            Bit.SQUARE_300: inch,
            Bit.INCH_PREFERRED: inch,
            Bit.METRIC_PREFERRED: superfine or inch,
        }
        return cls(write_fif(bits | {bit for bit, wanted in wanted_bits.items() if wanted}))

    def has(self, bit: Bit) -> bool:
        """Read one named bit."""
        return get_bit(self.fif, bit)

    def with_bits(self, bits: Iterable[Bit]) -> "Dis":
        """Set more bits."""
        return Dis(add_bits(self.fif, bits))

    @property
    def modulations(self) -> frozenset[Modulation]:
        """Return what the station demodulates; 2400 bit/s V.27ter is the fall-back that every one has."""
        schemes = DIS_SCHEMES.get(get_bits(self.fif, RATE), ())
        return frozenset(m for m in Modulation if m.scheme in schemes) | {Modulation.V27TER_2400}

    @property
    def widths_px(self) -> tuple[int, ...]:
        """Return the widths it takes, in pels at 8.04 pels/mm; the invalid 11 is read as 01 (table 2, note)."""
        return DIS_WIDTHS_PX[get_bits(self.fif, WIDTH)]

    @property
    def length(self) -> PaperLength:
        """Return how long a page may be; the invalid 11 is read as A4."""
        return LENGTHS.get(get_bits(self.fif, LENGTH), PaperLength.A4)

    def scan_line_ms(self, resolution: Resolution) -> int:
        """Return the least time of a coded line at this resolution."""
        standard_ms, fine_ms = DIS_SCAN_MS[get_bits(self.fif, SCAN_TIME)]
        match resolution:
            case Resolution.STANDARD:
                return standard_ms
            case Resolution.FINE | Resolution.INCH_200:
                return fine_ms
            case _:
                # Half of 5 ms is not in the table of a DCS, so it stays 5 (table 2, note to bit 46).
                return fine_ms // 2 if self.has(Bit.HALF_SCAN_TIME_AT_SUPERFINE) and fine_ms > 5 else fine_ms

    def takes(self, resolution: Resolution) -> bool:
        """Say whether it receives this resolution."""
        if resolution in _ON_THE_METRIC_GRID and self.has(Bit.INCH_PREFERRED) and not self.has(Bit.METRIC_PREFERRED):
            return False
        if resolution is Resolution.INCH_300:
            return self.has(Bit.SQUARE_300)  # has been met without bit 44, and exists on one grid only
        return all(map(self.has, RESOLUTION_BITS[resolution]))

    def describe(self) -> str:
        """Say in words what the station can do."""
        best = max(self.modulations, key=lambda modulation: (modulation.bit_rate, modulation.scheme))
        words = [f"up to {best} bit/s", "fine" if self.has(Bit.FINE) else "standard only"]
        words.append("/".join(coding for coding, has in self._codings() if has))
        words.append(self.length)
        words += [words_of for bit, words_of in _WORDS.items() if self.has(bit)]
        return ", ".join(words if self.has(Bit.RECEIVES) else ["cannot receive", *words])

    def _codings(self) -> tuple[tuple[LineCoding, bool], ...]:
        ecm = self.has(Bit.ECM)
        with_ecm = (Coding.MMR, ecm and self.has(Bit.T6)), (Jbig.T85, ecm and self.has(Bit.T85))
        return (Coding.MH, True), (Coding.MR, self.has(Bit.MR)), *with_ecm


@dataclass(frozen=True, slots=True)
class Dcs:
    """What this call shall do, as the transmitter commands it. Make one with `parse` or `command`."""

    fif: bytes

    @classmethod
    def parse(cls, fif: bytes) -> "Dcs":
        """Read the FIF of a frame."""
        return cls(read_fif(fif))

    @classmethod
    def command(cls, modulation: Modulation, form: PageFormat) -> "Dcs":
        """Write the DCS for pages of this form at this modulation."""
        across = form.resolution.r8_px(form.width_px)
        bits = {int(Bit.RECEIVES)} | _span(RATE, modulation.value.dcs_bits)
        bits |= _span(WIDTH, next(printed for printed, width_px in DCS_WIDTH_PX.items() if width_px == across))
        bits |= _span(LENGTH, _LENGTH_BITS[form.length])
        bits |= _span(SCAN_TIME, next(printed for printed, ms in DCS_SCAN_MS.items() if ms == form.min_scan_line_ms))
        bits |= RESOLUTION_BITS[form.resolution]
        bits |= {bit for bit, coding in _CODING_BITS if coding is form.coding}
        if form.ecm:
            bits |= {Bit.ECM} | ({Bit.SHORT_ECM_FRAMES} if form.ecm_frame_octets == SHORT_FRAME_OCTETS else set())
        return cls(write_fif(bits))

    def has(self, bit: Bit) -> bool:
        """Read one named bit."""
        return get_bit(self.fif, bit)

    def with_bits(self, bits: Iterable[Bit]) -> "Dcs":
        """Set more bits."""
        return Dcs(add_bits(self.fif, bits))

    @property
    def modulation(self) -> Modulation | None:
        """Return the modulation of TCF and pages; None for one that no longer exists (V.33) or never did."""
        return DCS_RATE.get(get_bits(self.fif, RATE))

    @property
    def form(self) -> PageFormat | None:
        """Return the form of the pages; None when the width is none of table 2."""
        width_px = DCS_WIDTH_PX.get(get_bits(self.fif, WIDTH))
        if width_px is None:
            return None
        return PageFormat(
            coding=self.coding,
            resolution=self.resolution,
            width_px=self.resolution.width_px(width_px),
            min_scan_line_ms=0 if self.ecm_frame_octets else DCS_SCAN_MS.get(get_bits(self.fif, SCAN_TIME), 0),
            ecm_frame_octets=self.ecm_frame_octets,
            length=LENGTHS.get(get_bits(self.fif, LENGTH), PaperLength.A4),
        )

    @property
    def resolution(self) -> Resolution:
        """Return the resolution; of several bits the finest counts. 300x300 without the bit of the inch grid has been met."""
        inch = self.has(Bit.INCH_PREFERRED)
        for resolution in FINEST_FIRST:
            grid_fits = resolution is Resolution.INCH_300 or resolution.inch == inch
            bits = RESOLUTION_BITS[resolution] - {Bit.INCH_PREFERRED}
            if bits and grid_fits and all(map(self.has, bits)):
                return resolution
        return Resolution.STANDARD

    @property
    def coding(self) -> LineCoding:
        """Return the coding; of several bits the first of the table counts, as others do (JBIG before T.6)."""
        return next((coding for bit, coding in _CODING_BITS if self.has(bit)), Coding.MH)

    @property
    def ecm_frame_octets(self) -> int:
        """Return the size of ECM frames; 0 without. T.6 or T.85 without the bit of ECM has been met, and can only mean it."""
        if not self.has(Bit.ECM) and self.coding in {Coding.MH, Coding.MR}:
            return 0
        return SHORT_FRAME_OCTETS if self.has(Bit.SHORT_ECM_FRAMES) else LONG_FRAME_OCTETS

    def describe(self) -> str:
        """Say in words what the transmitter will do."""
        form = self.form
        words = [f"{self.modulation} bit/s" if self.modulation else "unknown modulation"]
        words += [form.resolution, form.coding] if form else ["unknown width"]
        return ", ".join(words + [words_of for bit, words_of in _WORDS.items() if self.has(bit)])
