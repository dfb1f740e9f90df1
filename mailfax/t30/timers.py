"""The timers of T.30 as one table. Read by the engines, and by lines that wait on their behalf."""

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class TimerRow:
    """Nominal value, tolerance, clause, and what it limits."""

    seconds: float
    tolerance_s: float
    clause: str
    limits: str


class Timer(Enum):
    """T0 to T8. A station that waits uses the longest value, so that a far end within tolerance is never cut off."""

    T0 = TimerRow(60.0, 5.0, "5.4.3.1", "from dialling to an answer (network)")
    T1 = TimerRow(35.0, 5.0, "5.4.3.1", "two stations trying to identify each other")
    T2 = TimerRow(6.0, 1.0, "5.4.3.1", "waiting for a command")
    T3 = TimerRow(10.0, 5.0, "5.4.3.1", "waiting for the operator")
    T4 = TimerRow(3.0, 0.45, "5.4.3.1", "waiting for a response; interval of repeated DIS")
    T5 = TimerRow(60.0, 5.0, "A.5.4.1", "clearing a busy condition (RNR)")
    T6 = TimerRow(5.0, 0.5, "annex C", "duplex: identification")
    T7 = TimerRow(6.0, 1.0, "annex C", "duplex: command")
    T8 = TimerRow(10.0, 1.0, "annex C", "duplex: busy receiver")

    @property
    def seconds(self) -> float:
        """Return the nominal value."""
        return self.value.seconds

    @property
    def shortest_s(self) -> float:
        """Return the shortest value within tolerance."""
        return self.value.seconds - self.value.tolerance_s

    @property
    def longest_s(self) -> float:
        """Return the longest value within tolerance."""
        return self.value.seconds + self.value.tolerance_s


TRIES = 3  # T.30, 5.4.2: a command is sent three times at T4, then DCN
