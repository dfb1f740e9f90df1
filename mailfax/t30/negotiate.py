"""What two stations agree on: our offer met with a DIS, and the ladder of modulations. Pure tables and functions.

Called by the caller (choose, fall back) and by the answerer (what to put in our DIS, whether a DCS keeps to it).
"""

from dataclasses import dataclass

from mailfax.model.page import A4_WIDTH_PX, Coding, PageFormat, Resolution
from mailfax.t30.capabilities import Bit, Dcs, Dis
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
_CODINGS_WITHOUT_ECM = (Coding.MH, Coding.MR)  # T.6 needs error correction (table 2, note to bit 31)
_RESOLUTION_BITS = (Bit.R8_SUPERFINE, Bit.SQUARE_300, Bit.R16_SUPERFINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """What this station can and may do. Codings and resolutions with the preferred one first.

    As a sender, a document exists in each of `resolutions`; STANDARD among them lets a standard-only machine have it.
    """

    codings: tuple[Coding, ...] = (Coding.MH,)
    resolutions: tuple[Resolution, ...] = (Resolution.FINE, Resolution.STANDARD)
    best_modulation: Modulation = Modulation.V17_14400

    @property
    def modulations(self) -> frozenset[Modulation]:
        """Return the best modulation and all that are neither faster nor of a later scheme."""
        schemes = _SCHEMES[: _SCHEMES.index(self.best_modulation.scheme) + 1]
        return frozenset(m for m in Modulation if m.scheme in schemes and m.bit_rate <= self.best_modulation.bit_rate)


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """What the transmitter chose for a call: the form of all pages, and the modulation to begin with."""

    form: PageFormat
    modulation: Modulation
    unlimited_length: bool

    @property
    def dcs(self) -> Dcs:
        """Return the DCS that commands this."""
        return Dcs.command(self.modulation, self.form, unlimited_length=self.unlimited_length)


def choose(dis: Dis, offer: Offer) -> Choice | None:
    """Choose the best that both can do; None when there is nothing in common."""
    coding = next((coding for coding in offer.codings if _takes_coding(dis, coding)), None)
    resolution = next(
        (wanted for wanted in offer.resolutions if wanted is Resolution.STANDARD or dis.has(Bit.FINE)), None
    )
    modulation = _at_most(offer.best_modulation, offer.modulations & dis.modulations)
    if coding is None or resolution is None or modulation is None or not dis.has(Bit.RECEIVES):
        return None
    form = PageFormat(
        coding=coding,
        resolution=resolution,
        width_px=A4_WIDTH_PX,
        min_scan_line_ms=dis.scan_line_ms(resolution),
    )
    return Choice(form=form, modulation=modulation, unlimited_length=dis.unlimited_length)


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
        mr=Coding.MR in offer.codings,
    )


def acceptable_form(dcs: Dcs, offer: Offer) -> PageFormat | None:
    """Return the form a DCS commands; None when it asks for what we cannot receive.

    A width or fine rows that we did not offer are taken all the same: they cost nothing and the page is readable.
    """
    form = dcs.form
    if form is None or form.coding not in offer.codings or form.coding not in _CODINGS_WITHOUT_ECM:
        return None
    return None if dcs.has(Bit.ECM) or any(dcs.has(bit) for bit in _RESOLUTION_BITS) else form


def _takes_coding(dis: Dis, coding: Coding) -> bool:
    return coding in _CODINGS_WITHOUT_ECM and (coding is Coding.MH or dis.has(Bit.MR))


def _at_most(modulation: Modulation | None, allowed: frozenset[Modulation]) -> Modulation | None:
    while modulation is not None and modulation not in allowed:
        modulation = NEXT_LOWER[modulation]
    return modulation
