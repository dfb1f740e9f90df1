"""From RING to an IncomingCall: rings counted, caller id and called number read, in the spellings modems use."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from mailfax.modem.at.settings import Did, ModemSettings
from mailfax.modem.line import IncomingCall

_FIELD = re.compile(r"([A-Z][A-Z _]*?)\s*[=:]\s*(.*)")
_DTMF = re.compile("\x10([0-9A-D#*])")
_TEXT_LIMIT = 64
FIELD_GAP_S = 0.5  # the fields of one call come together, and so do its digits
# What modems call the fields: Rockwell and USR, Multi-Tech, ZyXEL ("FM:… TO:…").
_CALLER = {"NMBR", "NUMBER", "CALLER NUMBER", "FM", "CIDN"}
_CALLER_NAME = {"NAME", "CALLER NAME", "CIDNAME"}
_CALLED = {"NDID", "DID", "DDN", "DNIS", "TO", "CALLED NUMBER"}
_OTHER = {"DATE", "TIME", "MESG"}  # come with the others
_WITHHELD = {"P", "O", "PRIVATE", "OUT OF AREA", "UNAVAILABLE", "UNKNOWN", "-"}
_log = structlog.get_logger(__name__)


RingWords = Sequence[tuple[str, float]]  # lines about a call that rings, each with its time


@dataclass(kw_only=True, slots=True)
class DidMemory:
    """Whether the network was ever heard to say which number is called. Outlives the device's being opened again."""

    heard: bool = False


class Ringing:
    """Watches what an idle modem says. A gap longer than the cadence means that the caller gave up.

    The first ring may come before we listen or while the modem is being set up, and the called number, which is said once,
    be lost. So on a line whose network signals it, no number heard means that it is not known: never that it is our own.
    """

    def __init__(self, settings: ModemSettings, memory: DidMemory) -> None:
        self._settings = settings
        self._memory = memory
        self._memory.heard |= settings.did is Did.SIGNALLED
        self.caller_id = False  # whether the modem said that it gives one
        self.hears_all_from_s = math.inf  # when the modem was last set up; before that, some of what is said is lost
        self._forget()

    def _forget(self) -> None:
        self._rings = 0
        self._last_ring_s = 0.0
        self._last_field_s: float | None = None
        self._caller = self._caller_name = self._called = self._dtmf = ""
        self._dtmf_whole = True
        self._ring_text = ""
        self._declined = False

    def going_on(self, now_s: float) -> bool:
        """Say whether a caller is still there, as far as can be known between two rings."""
        return self._rings > 0 and now_s - self._last_ring_s <= self._settings.ring_gap_s

    def take(self, line: str, now_s: float) -> bool:
        """Read one line; say whether it is about a call that rings."""
        self._forget_the_one_before(now_s)
        if line == "RING" or line.startswith("RING "):  # RING A, RING 2: distinctive ringing
            self._rings += 1
            self._last_ring_s = now_s
            self._ring_text = _shown(line.removeprefix("RING")) or self._ring_text
            return True
        if digit := _DTMF.fullmatch(line):
            # Where digits begin cannot be told from them: those before the first that we heard may be lost.
            if not self._dtmf:
                rung = self._rings > 0 and self._last_ring_s >= self.hears_all_from_s
                self._dtmf_whole = rung or now_s - self.hears_all_from_s >= FIELD_GAP_S
            self._dtmf += digit[1]
        elif not (field := _FIELD.fullmatch(line)) or not self._field(field[1], _shown(field[2])):
            return False
        self._last_field_s = now_s
        return True

    def due(self, now_s: float) -> IncomingCall | None:
        """Return the call once it has rung often enough and what the network says of it has come, or will not come any more.

        All that the modem has said by `now_s` must have been taken.
        """
        enough = self.going_on(now_s) and not self._declined and self._rings >= self._settings.rings_before_answer
        if not enough or not self._told(now_s):
            return None
        call = IncomingCall(called=self._called_number(), caller=self._caller, caller_name=self._caller_name)
        self._forget()
        return call

    def decline(self, now_s: float) -> None:
        """Tell nothing more of the call that has just been told, while it goes on ringing; it still is somebody in the line."""
        self._declined, self._rings, self._last_ring_s = True, 1, now_s

    def _forget_the_one_before(self, now_s: float) -> None:
        """Forget a caller who gave up: after the last ring, or after what came before a first ring that never came."""
        last_s = self._last_ring_s if self._rings else self._last_field_s
        if last_s is not None and now_s - last_s > self._settings.ring_gap_s:
            self._forget()

    def _told(self, now_s: float) -> bool:
        if self._rings > 1:
            return True
        if self._last_field_s is not None and (self._called or self._dtmf or not self._memory.heard):
            return now_s - self._last_field_s >= FIELD_GAP_S
        awaited = self.caller_id or self._memory.heard
        return not awaited or now_s - self._last_ring_s >= self._settings.caller_id_wait_s

    def _called_number(self) -> str:
        """Return the number that the network signalled; where it never signals any, our own; where it was not heard, none."""
        rung_for = self._settings.ring_numbers.get(self._ring_text, "")
        if rung_for and not self._called:  # distinctive ringing tells the number with every ring
            return rung_for
        if number := self._called or (self._dtmf if self._dtmf_whole else ""):
            if not self._memory.heard:
                _log.warning('the network signals called numbers: set did = "signalled"', line=self._settings.name)
            self._memory.heard = True
            return number
        if self._dtmf or self._memory.heard:
            _log.warning("the called number was not heard", line=self._settings.name, caller=self._caller)
            return ""
        return self._settings.number

    def _field(self, label: str, value: str) -> bool:
        """Keep a field; say whether it is one."""
        known = "" if value.upper() in _WITHHELD else value
        if label in _CALLER:
            self._caller = known
        elif label in _CALLER_NAME:
            self._caller_name = known
        elif label in _CALLED:
            self._called = known
        else:
            return label in _OTHER
        return True


def _shown(value: str) -> str:
    """Keep what can be shown of a value from the network."""
    return "".join(character for character in value if character.isprintable())[:_TEXT_LIMIT].strip()


class Overhearer:
    """Keeps what a modem says of a ring while it is asked other things, for the line that is made of it."""

    def __init__(self, device: str, clock: Callable[[], float]) -> None:
        self._ringing = Ringing(ModemSettings(device=device), DidMemory())
        self._clock = clock
        self.heard: list[tuple[str, float]] = []

    def take(self, line: str) -> bool:
        """Say whether a line is about a ring, and keep it then."""
        now_s = self._clock()
        of_a_ring = self._ringing.take(line, now_s)
        if of_a_ring:
            self.heard.append((line, now_s))
        return of_a_ring
