"""The frames of T.30: the table of facsimile control fields, and frames built and read. Used by both engines and transcripts.

A frame here runs from the address octet to the end of the FIF. Bit X of the FCF is 1 from the station that has received a
valid DIS and 0 from the one whose DIS was answered (T.30, 5.3.6.1). Many machines set it wrongly, so it is sent as it should
be and never looked at: what a frame means follows from its code and from who listens.
"""

from dataclasses import dataclass
from enum import Enum

from mailfax.t30.wire import ADDRESS, CONTROL, FINAL_BIT, octet, reverse_bits

IDENTIFICATION_OCTETS = 20  # T.30, 5.3.6.2.4 to 5.3.6.2.6
_X_BIT = 0x80


@dataclass(frozen=True, slots=True)
class FcfRow:
    """The code as printed, the full name, the clause, and the least number of FIF octets that makes sense."""

    printed: str
    name: str
    clause: str
    least_fif: int = 0


class Fcf(Enum):
    """Facsimile control fields. FCD, RCP and CCD of the image channel are not here: they never meet V.21."""

    # fmt: off
    # -- initial identification, from the called to the calling terminal
    DIS = FcfRow("0000 0001", "digital identification signal", "5.3.6.1.1", 3)
    CSI = FcfRow("0000 0010", "called subscriber identification", "5.3.6.1.1", 1)
    NSF = FcfRow("0000 0100", "non-standard facilities", "5.3.6.1.1")
    # -- command to send (polling), from the calling terminal that wants to receive
    DTC = FcfRow("1000 0001", "digital transmit command", "5.3.6.1.2", 3)
    CIG = FcfRow("1000 0010", "calling subscriber identification", "5.3.6.1.2", 1)
    PWD = FcfRow("1000 0011", "password for polling", "5.3.6.1.2", 1)
    NSC = FcfRow("1000 0100", "non-standard facilities command", "5.3.6.1.2")
    SEP = FcfRow("1000 0101", "selective polling", "5.3.6.1.2", 1)
    PSA = FcfRow("1000 0110", "polled subaddress", "5.3.6.1.2", 1)
    CIA = FcfRow("1000 0111", "calling subscriber internet address", "5.3.6.1.2")
    ISP = FcfRow("1000 1000", "internet selective polling address", "5.3.6.1.2")
    # -- command to receive, from the transmitter
    DCS = FcfRow("X100 0001", "digital command signal", "5.3.6.1.3", 3)
    TSI = FcfRow("X100 0010", "transmitting subscriber identification", "5.3.6.1.3", 1)
    SUB = FcfRow("X100 0011", "subaddress", "5.3.6.1.3", 1)
    NSS = FcfRow("X100 0100", "non-standard set-up", "5.3.6.1.3")
    SID = FcfRow("X100 0101", "sender identification", "5.3.6.1.3", 1)
    TSA = FcfRow("X100 0110", "transmitting subscriber internet address", "5.3.6.1.3")
    IRA = FcfRow("X100 0111", "internet routing address", "5.3.6.1.3")
    CTC = FcfRow("X100 1000", "continue to correct", "A.4.1", 2)
    # -- pre-message responses, from the receiver
    CFR = FcfRow("X010 0001", "confirmation to receive", "5.3.6.1.4")
    FTT = FcfRow("X010 0010", "failure to train", "5.3.6.1.4")
    CTR = FcfRow("X010 0011", "response to continue to correct", "A.4.2")
    CSA = FcfRow("X010 0100", "called subscriber internet address", "5.3.6.1.4")
    # -- post-message commands, from the transmitter
    EOM = FcfRow("X111 0001", "end of message", "5.3.6.1.6")
    MPS = FcfRow("X111 0010", "multi-page signal", "5.3.6.1.6")
    EOR = FcfRow("X111 0011", "end of retransmission", "A.4.3", 1)
    EOP = FcfRow("X111 0100", "end of procedure", "5.3.6.1.6")
    RR = FcfRow("X111 0110", "receive ready", "A.4.3")
    EOS = FcfRow("X111 1000", "end of selection", "5.3.6.1.6")
    PRI_EOM = FcfRow("X111 1001", "procedure interrupt, end of message", "5.3.6.1.6")
    PRI_MPS = FcfRow("X111 1010", "procedure interrupt, multi-page signal", "5.3.6.1.6")
    PRI_EOP = FcfRow("X111 1100", "procedure interrupt, end of procedure", "5.3.6.1.6")
    PPS = FcfRow("X111 1101", "partial page signal", "A.4.3", 4)
    # -- post-message responses, from the receiver
    MCF = FcfRow("X011 0001", "message confirmation", "5.3.6.1.7")
    RTN = FcfRow("X011 0010", "retrain negative", "5.3.6.1.7")
    RTP = FcfRow("X011 0011", "retrain positive", "5.3.6.1.7")
    PIN = FcfRow("X011 0100", "procedure interrupt negative", "5.3.6.1.7")
    PIP = FcfRow("X011 0101", "procedure interrupt positive", "5.3.6.1.7")
    PID = FcfRow("X011 0110", "procedure interrupt disconnect", "5.3.6.1.7")
    RNR = FcfRow("X011 0111", "receive not ready", "A.4.4")
    ERR = FcfRow("X011 1000", "response for end of retransmission", "A.4.4")
    PPR = FcfRow("X011 1101", "partial page request", "A.4.4", 32)
    FDM = FcfRow("X011 1111", "file diagnostics message", "5.3.6.1.7")
    # -- other line control, from either
    FNV = FcfRow("X101 0011", "field not valid", "5.3.6.1.8")
    TR = FcfRow("X101 0110", "transmit ready", "5.3.6.1.8")
    TNR = FcfRow("X101 0111", "transmit not ready", "5.3.6.1.8")
    CRP = FcfRow("X101 1000", "command repeat", "5.3.6.1.8")
    DNK = FcfRow("X101 1001", "digital not acknowledge", "5.3.6.1.8")
    DCN = FcfRow("X101 1111", "disconnect", "5.3.6.1.8")
    # fmt: on

    @property
    def code(self) -> int:
        """Return the octet with X = 0."""
        return octet(self.value.printed)

    @property
    def has_x(self) -> bool:
        """Say whether the first bit is the X bit; DIS and DTC and their companions print a fixed one."""
        return self.value.printed.startswith("X")

    @property
    def least_fif(self) -> int:
        """Return the least number of FIF octets."""
        return self.value.least_fif

    def __str__(self) -> str:
        """Return the name as T.30 writes it, for example PRI-EOP."""
        return self.name.replace("_", "-")


# Frames whose FIF is 20 characters of a number, a subaddress or a password (5.3.6.2.4 to 5.3.6.2.12).
IDENTIFICATIONS = frozenset({Fcf.CSI, Fcf.CIG, Fcf.TSI, Fcf.SUB, Fcf.SEP, Fcf.PWD, Fcf.SID, Fcf.PSA})
_BY_OCTET = {fcf.code | x: fcf for fcf in Fcf for x in ((0, _X_BIT) if fcf.has_x else (0,))}


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """A frame that was read. `x` is bit X as the far end set it; `final` is bit P of the control octet."""

    fcf: Fcf
    fif: bytes = b""
    final: bool = True
    x: bool = False


def build_frame(fcf: Fcf, fif: bytes = b"", *, x: bool, final: bool = True) -> bytes:
    """Write a frame from address to FIF. `x` is ignored for codes that print no X."""
    code = fcf.code | (_X_BIT if x and fcf.has_x else 0)
    return bytes((ADDRESS, CONTROL | (FINAL_BIT if final else 0), code)) + fif


def build_burst(frames: list[tuple[Fcf, bytes]], *, x: bool) -> tuple[bytes, ...]:
    """Write the frames of one burst; only the last carries the final bit (T.30, 5.3.5)."""
    last = len(frames) - 1
    return tuple(build_frame(fcf, fif, x=x, final=number == last) for number, (fcf, fif) in enumerate(frames))


def parse_frame(octets: bytes) -> Frame | None:
    """Read a frame; None for what T.30 does not know, which a station ignores (5.4.1)."""
    if len(octets) < 3 or octets[0] != ADDRESS or octets[1] & ~FINAL_BIT != CONTROL:
        return None
    fcf = _BY_OCTET.get(octets[2])
    if fcf is None or len(octets) - 3 < fcf.least_fif:
        return None
    return Frame(fcf=fcf, fif=octets[3:], final=bool(octets[1] & FINAL_BIT), x=fcf.has_x and octets[2] >= _X_BIT)


def identification_fif(text: str) -> bytes:
    """Write a station's number for CSI, TSI or CIG: 20 characters, the last one first, each low bit first."""
    padded = text[:IDENTIFICATION_OCTETS].rjust(IDENTIFICATION_OCTETS)
    return reverse_bits(padded[::-1].encode("ascii", "replace"))


def read_identification(fif: bytes) -> str:
    """Read a station's number as it was sent, safe to show: what is not printable becomes `?`."""
    text = reverse_bits(fif[:IDENTIFICATION_OCTETS])[::-1].decode("latin-1").strip("\0 ")
    return "".join(letter if letter.isprintable() else "?" for letter in text)
