"""How Class 2, 2.0 and 2.1 spell the same things: the names of their commands, and parameter strings. Pure; used by all of `class2`.

SP-2388-A says +FDIS, TIA-592 and T.32 say +FIS. A parameter string is VR,BR,WD,LN,DF,EC,BF,ST, as in `1,5,0,2,0,0,0,0`.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from mailfax.modem.profile import FaxClass


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """The commands and queries of one generation."""

    capability: str  # what the modem may offer
    session: str  # what the next pages shall be
    own_id: str
    page_status: str
    abort: str
    polling: str  # has the modem say whether there is a document to fetch, and fetch it
    polling_id: str
    reports: str = ""  # turns on that the modem tells what it hears


_OLD = Words(
    capability="+FDCC",
    session="+FDIS",
    own_id="+FLID",
    page_status="+FPTS",
    abort="+FK",
    polling="+FSPL",
    polling_id="+FCIG",
)
_NEW = Words(
    capability="+FCC",
    session="+FIS",
    own_id="+FLI",
    page_status="+FPS",
    abort="+FKS",
    polling="+FSP",
    polling_id="+FPI",
    reports="AT+FNR=1,1,1,1",
)
WORDS = {FaxClass.CLASS2: _OLD, FaxClass.CLASS2_0: _NEW, FaxClass.CLASS2_1: _NEW}


class ReportKind(StrEnum):
    """What a line of the modem is about; a report is spelt in either way by modems of either class."""

    CONNECTED = "connected"
    IDENTITY = "identity"
    THEIR_DIS = "their DIS"
    SESSION = "session"
    PAGE_STATUS = "page status"
    PAGE_END = "page end"
    HUNG_UP = "hung up"
    POLL = "poll"


_KINDS = {
    "FCON": ReportKind.CONNECTED,
    "FCO": ReportKind.CONNECTED,
    "FTSI": ReportKind.IDENTITY,
    "FTI": ReportKind.IDENTITY,
    "FCSI": ReportKind.IDENTITY,
    "FCI": ReportKind.IDENTITY,
    "FCIG": ReportKind.IDENTITY,
    "FPI": ReportKind.IDENTITY,
    "FDIS": ReportKind.THEIR_DIS,
    "FIS": ReportKind.THEIR_DIS,
    "FDCS": ReportKind.SESSION,
    "FCS": ReportKind.SESSION,
    "FPTS": ReportKind.PAGE_STATUS,
    "FPS": ReportKind.PAGE_STATUS,
    "FET": ReportKind.PAGE_END,
    "FHNG": ReportKind.HUNG_UP,
    "FHS": ReportKind.HUNG_UP,
    "FPOLL": ReportKind.POLL,
    "FPO": ReportKind.POLL,
}
_REPORT = re.compile(r"\+?(F[A-Z]{2,4})(?:\s*[:=]\s*|\s+|$)(.*)")  # USR leaves out the plus, others the colon


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """Something that the modem tells of the call."""

    kind: ReportKind
    text: str


def read_report(line: str) -> Report | None:
    """Read a line; None for one that is no report, or about something that does not matter here (+FNSF, +FCFR …)."""
    found = _REPORT.fullmatch(line)
    kind = _KINDS.get(found[1]) if found else None
    return Report(kind=kind, text=found[2].strip()) if found and kind else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameters:
    """A parameter string, as its numbers stand in it (T.32, table 21); `ec` as Class 2.0 has it: 0 off, 1 and above on."""

    vr: int = 0
    br: int = 0
    wd: int = 0
    ln: int = 0
    df: int = 0
    ec: int = 0
    bf: int = 0
    st: int = 0

    def write(self, fax_class: FaxClass, *, hex_numbers: bool) -> str:
        """Write the string for a command. SP-2388-A counts EC one higher: 1 is 64 octets, 2 is 256."""
        ec = 2 * min(self.ec, 1) if fax_class is FaxClass.CLASS2 else self.ec
        numbers = (self.vr, self.br, self.wd, self.ln, self.df, ec, self.bf, self.st)
        return ",".join(f"{number:X}" if hex_numbers else str(number) for number in numbers)


def read_parameters(text: str, *, hex_numbers: bool) -> Parameters | None:
    """Read a parameter string; None when it is none. A letter makes a number hexadecimal, whatever else is said of the modem."""
    names = ("vr", "br", "wd", "ln", "df", "ec", "bf", "st")
    numbers = [_number(place, hex_numbers=hex_numbers) for place in text.strip(" ()").split(",")]
    if len(numbers) < len(names) - 1 or None in numbers:  # some leave out ST
        return None
    return Parameters(**{name: number or 0 for name, number in zip(names, numbers, strict=False)})


def _number(place: str, *, hex_numbers: bool) -> int | None:
    digits = place.strip()
    try:
        return int(digits, 10 if digits.isdecimal() and not hex_numbers else 16)
    except ValueError:
        return None


@dataclass(frozen=True, kw_only=True, slots=True)
class Able:
    """What the modem itself can do, as it answers +FDCC=? or +FCC=?: the numbers that each place may have."""

    vr: frozenset[int] = frozenset({0, 1})
    br: frozenset[int] = frozenset(range(6))
    df: frozenset[int] = frozenset({0})
    ec: frozenset[int] = frozenset({0})


_HIGHEST = 0x7F  # VR of all resolutions
_PLACE = re.compile(r"\(([^()]*)\)|([^,()]+)")


def read_able(text: str, *, hex_numbers: bool) -> Able:
    """Read `(0,1),(0-5),(0-2),(0-2),(0,1),(0),(0),(0-7)`; what cannot be read is as in the plainest modem.

    Many modems put the name of the command before it, as V.250 has it: `+FCC: (0,1),…`.
    """
    said = (text.partition(":")[2] or text).strip()
    places = [_numbers(grouped or single, hex_numbers=hex_numbers) for grouped, single in _PLACE.findall(said)]
    plain = Able()
    if len(places) < 6:
        return plain
    vr, br, _wd, _ln, df, ec = places[:6]
    return Able(vr=vr or plain.vr, br=br or plain.br, df=df | plain.df, ec=ec | plain.ec)


def _numbers(text: str, *, hex_numbers: bool) -> frozenset[int]:
    found: set[int] = set()
    for first, last in re.findall(r"([0-9A-Fa-f]+)(?:\s*-\s*([0-9A-Fa-f]+))?", text):
        low = _number(first, hex_numbers=hex_numbers) or 0
        high = _number(last, hex_numbers=hex_numbers) if last else low
        found.update(range(low, min(high or low, _HIGHEST) + 1))
    return frozenset(found)
