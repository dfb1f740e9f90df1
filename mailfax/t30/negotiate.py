"""What two stations agree on: our offer met with a DIS, and the ladder of modulations. Pure tables and functions.

Called by the caller (choose, fall back) and by the answerer (what to put in our DIS, whether a DCS keeps to it).
"""

from dataclasses import dataclass
from typing import assert_never

from mailfax.model.page import A4_WIDTH_PX, Coding, Jbig, LineCoding, PageFormat, Resolution
from mailfax.t30.bits import Bit
from mailfax.t30.capabilities import LONG_FRAME_OCTETS, SHORT_FRAME_OCTETS, Dcs, Dis
from mailfax.t30.modulation import Modulation

# The rung below each modulation. Many receivers give up after three failed trainings, so V.17 goes down only to 12000
# before V.29 is tried, and never V.29 before V.17. V.17 9600 and 7200 are reached only as a configured maximum.
NEXT_LOWER: dict[Modulation, Modulation | None] = {
    Modulation.V17_14400: Modulation.V17_12000,
    Modulation.V17_12000: Modulation.V29_9600,
    Modulation.V17_9600: Modulation.V29_9600,
    Modulation.V17_7200: Modulation.V29_7200,
    Modulation.V29_9600: Modulation.V29_7200,
    Modulation.V29_7200: Modulation.V27TER_4800,
    Modulation.V27TER_4800: Modulation.V27TER_2400,
    Modulation.V27TER_2400: None,
}
_SCHEMES = ("V.27ter", "V.29", "V.17")  # each station that has one has those before it, as far as our own DIS can say


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """What this station can and may do. Codings and resolutions with the preferred one first.

    As a sender, a document exists in each of `resolutions`; STANDARD among them lets a standard-only machine have it.
    """

    codings: tuple[LineCoding, ...] = (Coding.MH,)
    resolutions: tuple[Resolution, ...] = (Resolution.FINE, Resolution.STANDARD)
    best_modulation: Modulation = Modulation.V17_14400
    ecm: bool = False
    receives_superfine: bool = False
    receives_inch: bool = False
    receives_wide: bool = False

    @property
    def modulations(self) -> frozenset[Modulation]:
        """Return the best modulation and all that are neither faster nor of a later scheme."""
        schemes = _SCHEMES[: _SCHEMES.index(self.best_modulation.scheme) + 1]
        return frozenset(m for m in Modulation if m.scheme in schemes and m.bit_rate <= self.best_modulation.bit_rate)


# All that this station can do; what a call uses follows from the far end.
FULL_OFFER = Offer(
    codings=(Jbig.T85, Coding.MMR, Coding.MR, Coding.MH),
    ecm=True,
    receives_superfine=True,
    receives_inch=True,
    receives_wide=True,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """What the transmitter chose for a call: the form of all pages, and the modulation to begin with."""

    form: PageFormat
    modulation: Modulation

    @property
    def dcs(self) -> Dcs:
        """Return the DCS that commands this."""
        return Dcs.command(self.modulation, self.form)


# What a wish of ours is on the other grid.
_TWIN = {
    Resolution.FINE: Resolution.INCH_200,
    Resolution.SUPERFINE: Resolution.INCH_200_400,
    Resolution.ULTRAFINE: Resolution.INCH_400,
}
_OTHER_GRID = _TWIN | {inch: metric for metric, inch in _TWIN.items()}


def choose(dis: Dis, offer: Offer, r8_px: int = A4_WIDTH_PX) -> Choice | None:
    """Choose the best that both can do; None when there is nothing in common.

    `r8_px` is how wide the pages are, in pels at 8.04 a mm: they get paper that holds them, or else the widest that there is.
    """
    ecm = offer.ecm and dis.has(Bit.ECM)
    coding = next((coding for coding in offer.codings if _takes_coding(dis, coding, ecm=ecm)), None)
    resolution = next((found for wanted in offer.resolutions if (found := _on_their_grid(dis, wanted))), None)
    modulation = _at_most(offer.best_modulation, offer.modulations & dis.modulations)
    if coding is None or resolution is None or modulation is None or not dis.has(Bit.RECEIVES):
        return None
    form = PageFormat(
        coding=coding,
        resolution=resolution,
        width_px=resolution.width_px(next((px for px in dis.widths_px if px >= r8_px), max(dis.widths_px))),
        min_scan_line_ms=0 if ecm else dis.scan_line_ms(resolution),
        ecm_frame_octets=_frame_octets(dis) if ecm else 0,
        length=dis.length,
    )
    return Choice(form=form, modulation=modulation)


def _on_their_grid(dis: Dis, wanted: Resolution) -> Resolution | None:
    """Return the resolution if the far end takes it, else its like on the other grid, metric or inch, if it takes that."""
    return next((each for each in (wanted, _OTHER_GRID.get(wanted)) if each and dis.takes(each)), None)


def fall_back(modulation: Modulation, dis: Dis) -> Modulation | None:
    """Return the next lower modulation that the far end has; None at the bottom of the ladder."""
    lower = NEXT_LOWER[modulation]
    return None if lower is None else _at_most(lower, dis.modulations)


def our_dis(offer: Offer) -> Dis:
    """Return the DIS that says what this station receives."""
    at_2400_only = offer.best_modulation is Modulation.V27TER_2400  # printed 0000
    return Dis.offer(
        schemes=() if at_2400_only else {modulation.scheme for modulation in offer.modulations},
        fine=Resolution.FINE in offer.resolutions,
        codings=offer.codings,
        ecm=offer.ecm,
        superfine=offer.receives_superfine,
        inch=offer.receives_inch,
        wide=offer.receives_wide,
    )


def acceptable_form(dcs: Dcs, offer: Offer) -> PageFormat | None:
    """Return the form a DCS commands; None when it asks for what we cannot receive.

    A width or rows of fine and 200x200 that we did not offer are taken all the same: they cost nothing and the page is readable.
    """
    form = dcs.form
    if form is None or form.coding not in offer.codings or form.ecm > offer.ecm:
        return None
    match form.resolution:
        case Resolution.SUPERFINE | Resolution.ULTRAFINE:
            return form if offer.receives_superfine else None
        case Resolution.INCH_200_400 | Resolution.INCH_300 | Resolution.INCH_400:
            return form if offer.receives_inch else None
        case Resolution.STANDARD | Resolution.FINE | Resolution.INCH_200:
            return form
        case _:
            assert_never(form.resolution)


def _takes_coding(dis: Dis, coding: LineCoding, *, ecm: bool) -> bool:
    match coding:
        case Coding.MH:
            return True
        case Coding.MR:
            return dis.has(Bit.MR)
        case Coding.MMR:
            return ecm and dis.has(Bit.T6)  # T.6 needs error correction (table 2, note to bit 31)
        case Jbig.T85:
            return ecm and dis.has(Bit.T85)
        case _:
            assert_never(coding)


def _frame_octets(dis: Dis) -> int:
    return SHORT_FRAME_OCTETS if dis.has(Bit.SHORT_ECM_FRAMES_PREFERRED) else LONG_FRAME_OCTETS


def _at_most(modulation: Modulation | None, allowed: frozenset[Modulation]) -> Modulation | None:
    while modulation is not None and modulation not in allowed:
        modulation = NEXT_LOWER[modulation]
    return modulation
