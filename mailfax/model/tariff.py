"""What calls for a fax cost, as far as [prices] says: kept with the job, so that a later price does not change what was agreed."""

import math
from dataclasses import dataclass

MICRO = 1_000_000  # of the currency's unit; money is counted in whole millionths


@dataclass(frozen=True, kw_only=True, slots=True)
class Tariff:
    """The class and country of a number, and its price: for each call, and for each begun step of `step_s` seconds on the line."""

    kind: str = ""
    country: str = ""
    minute_micro: int = 0
    call_micro: int = 0
    step_s: int = 60

    def cost_micro(self, seconds: float, calls: int) -> int:
        """Return what so many calls with so many seconds in all cost."""
        steps = math.ceil(seconds / self.step_s) if seconds > 0 else 0
        return calls * self.call_micro + steps * self.minute_micro * self.step_s // 60


NO_TARIFF = Tariff()
