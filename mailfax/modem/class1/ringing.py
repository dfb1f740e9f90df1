"""From RING to an IncomingCall: rings counted, caller id and called number read, in the spellings modems use."""

import re

from mailfax.modem.class1.settings import Class1Settings
from mailfax.modem.line import IncomingCall

_FIELD = re.compile(r"([A-Z][A-Z _]*?)\s*[=:]\s*(.*)")
_DTMF = re.compile("\x10([0-9A-D#*])")
_TEXT_LIMIT = 64
FIELD_GAP_S = 0.5  # the fields of one call come together
# What modems call the fields: Rockwell and USR, Multi-Tech, ZyXEL ("FM:… TO:…").
_CALLER = {"NMBR", "NUMBER", "CALLER NUMBER", "FM", "CIDN"}
_CALLER_NAME = {"NAME", "CALLER NAME", "CIDNAME"}
_CALLED = {"NDID", "DID", "DDN", "DNIS", "TO", "CALLED NUMBER"}
_WITHHELD = {"P", "O", "PRIVATE", "OUT OF AREA", "UNAVAILABLE", "UNKNOWN", "-"}


class Ringing:
    """Watches the lines of an idle modem. A gap longer than the cadence means that the caller gave up."""

    def __init__(self, settings: Class1Settings) -> None:
        self._settings = settings
        self.caller_id = False  # whether the modem said that it gives one
        self._forget()

    def _forget(self) -> None:
        self._rings = 0
        self._last_ring_s = 0.0
        self._last_field_s: float | None = None
        self._caller = self._caller_name = self._called = self._dtmf = ""

    def going_on(self, now_s: float) -> bool:
        """Say whether a caller is still there, as far as can be known between two rings."""
        return self._rings > 0 and now_s - self._last_ring_s <= self._settings.ring_gap_s

    def take(self, line: str, now_s: float) -> None:
        """Read one line."""
        if self._rings and not self.going_on(now_s):
            self._forget()
        if line == "RING" or line.startswith("RING "):  # RING A, RING 2: distinctive ringing
            self._rings += 1
            self._last_ring_s = now_s
        elif digit := _DTMF.fullmatch(line):
            self._dtmf += digit[1]
            self._last_field_s = now_s
        elif field := _FIELD.fullmatch(line):
            self._field(field[1], _shown(field[2]))
            self._last_field_s = now_s

    def due(self, now_s: float) -> IncomingCall | None:
        """Return the call once it has rung often enough and what the network says of it has come, or will not come any more."""
        if self._rings < self._settings.rings_before_answer or not self._told(now_s):
            return None
        call = IncomingCall(
            called=self._called or self._dtmf or self._settings.number,
            caller=self._caller,
            caller_name=self._caller_name,
        )
        self._forget()
        return call

    def _told(self, now_s: float) -> bool:
        if self._last_field_s is not None:
            return self._rings > 1 or now_s - self._last_field_s >= FIELD_GAP_S
        waited = now_s - self._last_ring_s >= self._settings.caller_id_wait_s
        return not self.caller_id or self._rings > 1 or waited

    def _field(self, label: str, value: str) -> None:
        if label in _CALLER:
            self._caller = "" if value.upper() in _WITHHELD else value
        elif label in _CALLER_NAME:
            self._caller_name = "" if value.upper() in _WITHHELD else value
        elif label in _CALLED:
            self._called = value


def _shown(value: str) -> str:
    """Keep what can be shown of a value from the network."""
    return "".join(character for character in value if character.isprintable())[:_TEXT_LIMIT].strip()
