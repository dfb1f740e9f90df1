"""The words of T.32: session parameters out of DIS and DCS bits and into +FIS and +FCS, and hang-up codes. Used by `class2modem`."""

from dataclasses import dataclass

ENCODING = {0: 1, 1: 2, 3: 3}  # +FDCS's DF to spandsp's
_RATES = {"0000": 0, "0100": 1, "1000": 3, "1100": 2, "0001": 5, "0101": 4, "1001": 3, "1101": 2}
_DIS_RATES = {"0000": 0, "0100": 1, "1000": 3, "1100": 3, "1110": 3, "1101": 5}
_DIS_TIMES = {"111": 0, "100": 1, "011": 2, "010": 3, "110": 4, "000": 5, "101": 6, "001": 7}
_DCS_TIMES = {"111": 0, "100": 1, "010": 3, "000": 5, "001": 7}
_WIDTHS_PX = (1728, 2048, 2432)


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameters:
    """VR BR WD LN DF EC BF ST, each as the number that stands in the string (T.32; EC as in Class 2.0)."""

    vr: int = 1
    br: int = 5
    wd: int = 0
    ln: int = 2
    df: int = 0
    ec: int = 0
    bf: int = 0
    st: int = 0

    @property
    def width_px(self) -> int:
        return _WIDTHS_PX[self.wd] * (2 if self.vr == 4 else 1)

    @classmethod
    def read(cls, text: str, old: "Parameters", *, new: bool) -> "Parameters | None":
        """Read what follows +FIS= or +FDIS=; an empty place keeps what was. None when it is nonsense."""
        names = ("vr", "br", "wd", "ln", "df", "ec", "bf", "st")
        places = text.split(",")
        try:
            said = {name: int(place, 16) for name, place in zip(names, places, strict=False) if place.strip()}
        except ValueError:
            return None
        if not new and said.get("ec", 0) > 0:
            said["ec"] = 1
        known = {name: getattr(old, name) for name in names}
        return None if len(places) > 9 else cls(**{**known, **said})

    def write(self, *, new: bool, hex_numbers: bool) -> str:
        ec = self.ec if new else self.ec * 2  # SP-2388: 1 is 64 octets, 2 is 256
        vr = self.vr if new else int(self.vr > 0)  # SP-2388 knows 0 and 1
        numbers = (vr, self.br, self.wd, self.ln, self.df, ec, self.bf, self.st)
        return ",".join(f"{number:X}" if hex_numbers else str(number) for number in numbers)


def _bit(fif: bytes, number: int) -> bool:
    place = number - 1
    return place // 8 < len(fif) and bool(fif[place // 8] >> place % 8 & 1)


def _bits(fif: bytes, first: int, last: int) -> str:
    return "".join("01"[_bit(fif, number)] for number in range(first, last + 1))


def _vr(fif: bytes) -> int:
    return 4 if _bit(fif, 43) else 2 if _bit(fif, 41) else int(_bit(fif, 15))


def parameters_of_dis(fif: bytes) -> Parameters:
    """Read a DIS (first bit of the line least significant)."""
    ecm = _bit(fif, 27)
    return Parameters(
        vr=int(_bit(fif, 15)) | 2 * _bit(fif, 41) | 4 * _bit(fif, 43),
        br=_DIS_RATES.get(_bits(fif, 11, 14), 0),
        wd={"00": 0, "10": 1, "01": 2}.get(_bits(fif, 17, 18), 2),
        ln={"00": 0, "10": 1}.get(_bits(fif, 19, 20), 2),
        df=3 if ecm and _bit(fif, 31) else int(_bit(fif, 16)),
        ec=int(ecm),
        st=_DIS_TIMES[_bits(fif, 21, 23)],
    )


def has_document(fif: bytes) -> bool:
    """Say whether a DIS offers a document to be polled."""
    return _bit(fif, 9)


def parameters_of_dcs(fif: bytes) -> Parameters:
    """Read a DCS."""
    return Parameters(
        vr=_vr(fif),
        br=_RATES.get(_bits(fif, 11, 14), 0),
        wd={"00": 0, "10": 1, "01": 2}.get(_bits(fif, 17, 18), 0),
        ln={"00": 0, "10": 1}.get(_bits(fif, 19, 20), 2),
        df=3 if _bit(fif, 31) else int(_bit(fif, 16)),
        ec=int(_bit(fif, 27)),
        st=_DCS_TIMES.get(_bits(fif, 21, 23), 0),
    )


_TIME_AT = {0: (0, 0), 1: (5, 5), 2: (10, 5), 3: (10, 10), 4: (20, 10), 5: (20, 20), 6: (40, 20), 7: (40, 40)}
_TIME_CODE = {0: 0, 5: 1, 10: 3, 20: 5, 40: 7}


def meet(ours: Parameters, theirs: Parameters, *, ecm: bool) -> Parameters:
    """Return what the modem will command: what the DTE asked for, as far as the far machine has it."""
    ec = int(ecm and ours.ec > 0 and theirs.ec > 0)
    df = min(ours.df, theirs.df)
    vr = ours.vr if ours.vr & theirs.vr or not ours.vr else int(bool(theirs.vr & 1 and ours.vr))
    return Parameters(
        vr=vr,
        br=min(ours.br, theirs.br),
        wd=0,
        ln=min(ours.ln, theirs.ln),
        df=min(df, 1) if not ec else df,
        ec=ec,
        st=0 if ec else _TIME_CODE[_TIME_AT[theirs.st][vr > 0]],
    )


# What T.32 says for what libspandsp says (t30.h): the number of its completion code.
_SENDING = {
    0: 0,
    2: 11,
    3: 11,
    6: 27,
    8: 21,
    9: 21,
    11: 21,
    12: 21,
    14: 28,
    15: 51,
    17: 22,
    18: 53,
    19: 23,
    20: 25,
    21: 54,
    22: 50,
}
_RECEIVING = {
    0: 0,
    2: 11,
    3: 11,
    6: 70,
    23: 94,
    25: 102,
    26: 90,
    27: 91,
    28: 91,
    29: 102,
    30: 73,
    31: 73,
    32: 73,
    34: 73,
    35: 72,
    36: 102,
    37: 102,
    38: 102,
}


def hang_up_code(completion: int | None, *, calling: bool) -> int:
    """Return the +FHNG code; completions below 0 are the emulator's own."""
    own = {-2: 2, -43: 43}
    if completion in own:
        return own[completion]
    table, other = (_SENDING, 50) if calling else (_RECEIVING, 100)
    return table.get(50 if completion is None else completion, other)
