"""What the octets of a fuzz input mean. Read by the fuzz target, and by the test of its seeds."""

from dataclasses import dataclass

from mailfax.model.page import Coding
from mailfax.t4codec import BadRows, DecodeOptions

WIDTHS = (1, 31, 64, 1728)
LEAD_OCTETS = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class FuzzInput:
    """Octets, and how they are to be decoded. No coding: T.85. `flags` also says into what pieces they are cut."""

    coding: Coding | None
    width_px: int
    flags: int
    octets: bytes

    @property
    def options(self) -> DecodeOptions:
        """Read the flags as options."""
        return DecodeOptions(
            bad_rows=list(BadRows)[self.flags % 2], lsb_first=bool(self.flags & 64), align_rows=bool(self.flags & 128)
        )


def read_input(data: bytes) -> FuzzInput | None:
    """Read an input; None where it is too short to be one."""
    if len(data) < LEAD_OCTETS:
        return None
    kind, width, flags = data[:LEAD_OCTETS]
    return FuzzInput(
        coding=[*Coding, None][kind % 4], width_px=WIDTHS[width % 4], flags=flags, octets=data[LEAD_OCTETS:]
    )
