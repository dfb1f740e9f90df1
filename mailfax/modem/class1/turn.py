"""Whose turn it is on a half-duplex line: what the transmitter and the receiver of one call tell each other."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from mailfax.modem.at.dialogue import Dialogue, Result
from mailfax.modem.class1.settings import Class1Settings
from mailfax.modem.line import LineFault
from mailfax.t30.modulation import Modulation


class CallOver(Exception):
    """The modem says that there is no call any more; the text says how."""


class Last(Enum):
    """What was on the line last, which decides how the silence before our next carrier is made."""

    SENT = auto()  # our carrier: +FTS
    HEARD = auto()  # theirs, perhaps not gone yet: +FRS
    NOTHING = auto()  # we listened in vain: it is silent


class Ready(Enum):
    """What the modem is doing already, so that no command must be given for it."""

    NOTHING = auto()
    TO_SEND = auto()  # CONNECT after ATA: as after +FTH=3
    TO_HEAR = auto()  # CONNECT after ATD: as after +FRH=3
    ANNOUNCED = auto()  # +FRH:3 was reported, its CONNECT follows by itself (pitfall: never send +FRH again)


@dataclass(kw_only=True, slots=True)
class Turn:
    """The state of one call between two commands of the engine."""

    last: Last = Last.NOTHING
    ready: Ready = Ready.NOTHING

    def take(self, ready: Ready) -> bool:
        """Say whether the modem is doing this already, and forget it."""
        if self.ready is not ready:
            return False
        self.ready = Ready.NOTHING
        return True


# What T.31 writes after +FTM= and +FRM=, as (long training, short training)
CODES: dict[Modulation, tuple[int, int]] = {
    Modulation.V27TER_2400: (24, 24),
    Modulation.V27TER_4800: (48, 48),
    Modulation.V29_7200: (72, 72),
    Modulation.V29_9600: (96, 96),
    Modulation.V17_7200: (73, 74),
    Modulation.V17_9600: (97, 98),
    Modulation.V17_12000: (121, 122),
    Modulation.V17_14400: (145, 146),
}


_CODE_RANGE = re.compile(r"(\d{1,3})(?:-(\d{1,3}))?")


def code(modulation: Modulation, *, short_training: bool) -> int:
    """Return the number that stands for a modulation in +FTM and +FRM."""
    return CODES[modulation][short_training]


def best_modulation(lists: Sequence[str]) -> Modulation:
    """Choose the fastest modulation that is in every list of codes, as modems print them for +FTM=? and +FRM=?.

    They print `24,48,72`, `(24,48,72-74)`, spaces, and what they like; a list without a known code says nothing.
    """
    known = [
        codes for text in lists if (codes := read_codes(text)) & {code for pair in CODES.values() for code in pair}
    ]
    able = [modulation for modulation, pair in CODES.items() if all(codes.issuperset(pair) for codes in known)]
    return max(able, key=lambda modulation: modulation.bit_rate, default=Modulation.V27TER_2400)


def read_codes(text: str) -> set[int]:
    """Read every number and range of numbers in an answer."""
    codes: set[int] = set()
    for first, last in _CODE_RANGE.findall(text):
        codes.update(range(int(first), int(last or first) + 1))
    return codes


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """What the transmitter and the receiver of a call share."""

    dialogue: Dialogue
    settings: Class1Settings
    turn: Turn

    @property
    def clock(self) -> Callable[[], float]:
        """Return the clock of the dialogue."""
        return self.dialogue.clock


def unexpected(result: Result | None, what: str) -> Exception:
    """Return what a result means that nothing good can follow: silence is our modem's fault, the rest ends the call."""
    if result is None:
        return LineFault(f"The modem stopped answering ({what}).")
    return CallOver(f"The call is lost: the modem says {result.value} to {what}.")
