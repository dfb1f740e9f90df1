"""The words of a Class 2 modem as frames of T.30, and frames as its words. Pure; used by `sender` and `receiver`.

Such a modem shows no frames. What it says in parameter strings becomes the DIS or DCS that says the same, for the engine to work
with; and the engine's DIS or DCS becomes the string by which the modem is told. In a transcript these frames are ours: they say
what the modem reported, not what bits were on the line.
"""

from mailfax.model.page import A4_WIDTH_PX, Coding, PageFormat, PaperLength, Resolution
from mailfax.modem.class2.words import Able, Parameters
from mailfax.modem.profile import FaxClass
from mailfax.t30.bits import Bit
from mailfax.t30.capabilities import LONG_FRAME_OCTETS, Dcs, Dis, write_fif
from mailfax.t30.modulation import Modulation

# BR to the modulation of that rate; above 14400 it is V.34, which has no rate in a DCS.
BY_BR = (
    Modulation.V27TER_2400,
    Modulation.V27TER_4800,
    Modulation.V29_7200,
    Modulation.V29_9600,
    Modulation.V17_12000,
    Modulation.V17_14400,
)
BR_STEP = 2400
_BEST_BR = len(BY_BR) - 1
# Bits 11 to 14, 17 and 18, 19 and 20, 21 to 23 of a DIS, as those of them that are 1 (T.30, table 2).
_RATE_BITS = ((), (12,), (11, 12), (11, 12), (11, 12, 14), (11, 12, 14))
_WIDTH_BITS = ((), (17,), (18,))
_LENGTH_BITS = ((), (19,), (20,))
_WIDTHS_PX = (A4_WIDTH_PX, 2048, 2432)  # by WD
_LENGTHS = (PaperLength.A4, PaperLength.B4, PaperLength.UNLIMITED)  # by LN
_SCAN_BITS = ((21, 22, 23), (21,), (22, 23), (22,), (21, 22), (), (21, 23), (23,))
_FINE, _R8_SUPERFINE, _R16_SUPERFINE = (
    1,
    2,
    4,
)  # VR of 2.0 is a set of bits, of which the lowest is all that Class 2 has
_VR_BITS = {_FINE: Bit.FINE, _R8_SUPERFINE: Bit.R8_SUPERFINE, _R16_SUPERFINE: Bit.R16_SUPERFINE}
_VR = {Resolution.FINE: _FINE, Resolution.SUPERFINE: _R8_SUPERFINE, Resolution.ULTRAFINE: _R16_SUPERFINE}
_RESOLUTIONS = {vr: resolution for resolution, vr in _VR.items()}
_MR, _MMR = 1, 3  # DF; 2 is uncompressed mode
_DF = {Coding.MH: 0, Coding.MR: _MR, Coding.MMR: _MMR}
_SCAN_MS = {0: 0, 1: 5, 2: 5, 3: 10, 4: 10, 5: 20, 6: 20, 7: 40}  # ST of a DCS; of its pairs the second is for fine
_ST = {0: 0, 5: 1, 10: 3, 20: 5, 40: 7}


def best_modulation(able: Able) -> Modulation:
    """Return the best modulation that the modem has."""
    return BY_BR[min(max(able.br), _BEST_BR)]


def dis_of(theirs: Parameters, able: Able) -> Dis:
    """Write the DIS of a far machine, as far as our modem has what it says. A machine that cannot receive gets no DIS."""
    ecm = theirs.ec > 0 and max(able.ec) > 0
    br = min(theirs.br, max(able.br), _BEST_BR)
    bits = {int(Bit.RECEIVES), *_RATE_BITS[br], *_WIDTH_BITS[theirs.wd % 3], *_LENGTH_BITS[theirs.ln % 3]}
    bits |= {*_SCAN_BITS[theirs.st % 8]}
    finest = _vr_bits(able)
    bits |= {int(bit) for vr, bit in _VR_BITS.items() if theirs.vr & vr & finest}
    bits |= {int(Bit.MR)} if theirs.df >= _MR and max(able.df) >= _MR else set()
    bits |= {int(Bit.ECM)} if ecm else set()
    bits |= {int(Bit.T6)} if ecm and theirs.df >= _MMR and _MMR in able.df else set()
    return Dis(write_fif(bits))


def dcs_of(session: Parameters) -> Dcs:
    """Write the DCS that says what the modem reports of the pages that come."""
    resolution = _RESOLUTIONS.get(session.vr, Resolution.STANDARD)
    ecm = session.ec > 0
    form = PageFormat(
        coding=Coding.MMR if session.df >= _MMR else Coding.MR if session.df == _MR else Coding.MH,
        resolution=resolution,
        width_px=resolution.width_px(_WIDTHS_PX[session.wd % 3]),
        min_scan_line_ms=0 if ecm else _SCAN_MS[session.st % 8],
        ecm_frame_octets=LONG_FRAME_OCTETS if ecm else 0,
        length=_LENGTHS[min(session.ln, 2)],
    )
    return Dcs.command(BY_BR[min(session.br, _BEST_BR)], form)


def session_of(dcs: Dcs, able: Able) -> Parameters:
    """Return what the modem is told of the pages that a DCS commands. A DCS of ours has a form and a modulation."""
    form, modulation = dcs.form, dcs.modulation
    assert form is not None
    assert modulation is not None
    br = modulation.bit_rate // BR_STEP - 1
    return Parameters(
        vr=_VR.get(form.resolution, 0),
        # V.34 is the modem's own affair: where nobody asked for less than 14400 bit/s it may go as fast as it can.
        br=max(able.br) if br == _BEST_BR else br,
        wd=_WIDTHS_PX.index(form.resolution.r8_px(form.width_px)),
        ln=_LENGTHS.index(form.length),
        df=_df(form.coding),
        ec=int(form.ecm),
        st=_ST.get(form.min_scan_line_ms, 0),
    )


def offer_of(dis: Dis, able: Able, fax_class: FaxClass) -> Parameters:
    """Return what the modem may offer as a receiver: what our DIS says, as far as the modem has it."""
    best = max((m.bit_rate for m in dis.modulations), default=BR_STEP)
    br = best // BR_STEP - 1
    vr = sum(vr for vr, bit in _VR_BITS.items() if dis.has(bit)) & _vr_bits(able)
    ecm = dis.has(Bit.ECM) and max(able.ec) > 0
    df = _MMR if ecm and dis.has(Bit.T6) and _MMR in able.df else _MR if dis.has(Bit.MR) and _MR in able.df else 0
    return Parameters(
        vr=min(vr, 1) if fax_class is FaxClass.CLASS2 else vr,
        br=max(able.br) if br >= _BEST_BR else min(br, max(able.br)),
        ln=2,
        df=df,
        ec=int(ecm),
    )


def _df(coding: object) -> int:
    return next((df for known, df in _DF.items() if known is coding), 0)


def _vr_bits(able: Able) -> int:
    """Return every VR bit that the modem has: it prints (0,1), (0-3), or a range to 7F."""
    bits = 0
    for number in able.vr:
        bits |= number
    return bits
