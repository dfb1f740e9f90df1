"""The modulations of Group 3 fax and their rates, as one table (T.30 table 2, DCS bits 11-14; T.31 table 3)."""

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class ModulationRow:
    """Name, bit/s, DCS bits 11-14 as printed, and seconds of the start-up signal (long, short)."""

    scheme: str
    bit_rate: int
    dcs_bits: str
    long_training_s: float
    short_training_s: float


class Modulation(Enum):
    """One modulation at one rate. Only V.17 knows a short training; the others train alike every time."""

    V27TER_2400 = ModulationRow("V.27ter", 2400, "0000", 0.943, 0.943)
    V27TER_4800 = ModulationRow("V.27ter", 4800, "0100", 0.708, 0.708)
    V29_7200 = ModulationRow("V.29", 7200, "1100", 0.234, 0.234)
    V29_9600 = ModulationRow("V.29", 9600, "1000", 0.234, 0.234)
    V17_7200 = ModulationRow("V.17", 7200, "1101", 1.393, 0.142)
    V17_9600 = ModulationRow("V.17", 9600, "1001", 1.393, 0.142)
    V17_12000 = ModulationRow("V.17", 12000, "0101", 1.393, 0.142)
    V17_14400 = ModulationRow("V.17", 14400, "0001", 1.393, 0.142)

    @property
    def scheme(self) -> str:
        """Return the Recommendation's name, for example V.17."""
        return self.value.scheme

    @property
    def bit_rate(self) -> int:
        """Return the rate in bit/s."""
        return self.value.bit_rate

    def training_s(self, *, short: bool) -> float:
        """Return how long the start-up signal lasts, in seconds."""
        return self.value.short_training_s if short else self.value.long_training_s

    def __str__(self) -> str:
        """Return for example `V.17 14400`."""
        return f"{self.scheme} {self.bit_rate}"
