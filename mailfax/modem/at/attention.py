"""What is done alike with a modem of any class outside of a call: its attention got, set up, watched for a ring, hung up by DTR.

Used when a line is set up, and when a modem is identified.
"""

import contextlib
import math
import re

import structlog

from mailfax.modem.at.dialogue import CAN, Dialogue, Result, Stopped
from mailfax.modem.at.dle import END
from mailfax.modem.at.ringing import Ringing
from mailfax.modem.at.settings import ModemSettings
from mailfax.modem.line import IncomingCall, LineFault

WAKE_TRIES = 3
CHECK_EVERY_S = 60.0
CHECK_TRIES = 2
WAKE_S = 1.5
ESCAPE_S = 0.8
DTR_LOW_S = 0.5
HANG_UP_S = 5.0
OBEY_DTR = "AT&D2"
_DIALLABLE = re.compile(r"[0-9*#A-D,wW]+")
_log = structlog.get_logger(__name__)


class Watchdog:
    """Asks an idle modem now and then whether it is still there: one that hangs says nothing by itself, and misses its calls."""

    def __init__(self, dialogue: Dialogue) -> None:
        self._dialogue = dialogue
        self._asked_s = dialogue.clock()

    def check(self) -> None:
        """Ask, if the last time is long ago; what the modem says of a ring meanwhile is heard. Raises LineFault or Stopped."""
        if self._dialogue.clock() - self._asked_s < CHECK_EVERY_S:
            return
        if not any(self._dialogue.command("AT", WAKE_S) is Result.OK for _ in range(CHECK_TRIES)):
            raise LineFault("The modem does not answer any more.")
        self._asked_s = self._dialogue.clock()


def get_attention(dialogue: Dialogue, device: str) -> None:
    """Bring the modem to command state, without echo, answering in words: by asking, then by DTR, which resets it. Raises LineFault."""
    dialogue.port.drop_output()
    for attempt in range(WAKE_TRIES):
        if dialogue.command("ATE0V1Q0", WAKE_S) is Result.OK:
            return
        escape(dialogue)
        if attempt:
            drop_dtr(dialogue)
    raise LineFault(f"No modem answers at {device}. Check the cable, that it is switched on, and the speed.")


def dial_command(settings: ModemSettings, number: str) -> str:
    """Return the command that dials a number. Raises LineFault for what no modem dials."""
    digits = number.removeprefix("+")
    if not _DIALLABLE.fullmatch(digits):
        raise LineFault(f"{number!r} cannot be dialled.")
    return f"{settings.dial_prefix}{digits}"


def hang_up(dialogue: Dialogue, line: str, *, unsettled: bool) -> None:
    """Hang up: politely, then by DTR. What fails here is noticed when the modem is made ready again.

    `unsettled`: the modem may be in another state than command state.
    """
    dialogue.heed_stop = False
    try:
        if unsettled:
            escape(dialogue)
        if dialogue.command("ATH0", HANG_UP_S) is not Result.OK:
            drop_dtr(dialogue)
    except LineFault as fault:  # it takes no more data, or is gone; the first of these still sees DTR
        _log.warning("hang-up failed", line=line, reason=str(fault))
        drop_dtr(dialogue)
    finally:
        dialogue.heed_stop = True
        dialogue.in_call = False


def drop_dtr(dialogue: Dialogue) -> None:
    """Hang up the hard way, which resets most modems too; the wait is measured by reading from the port."""
    dialogue.port.drop_dtr()
    with contextlib.suppress(LineFault):
        dialogue.result(DTR_LOW_S)
    dialogue.port.raise_dtr()


def escape(dialogue: Dialogue) -> None:
    """Bring the modem back to command state from data, from a receive, or from dialling, whichever it is in."""
    dialogue.port.drop_output()
    dialogue.drop_stale()
    dialogue.write(END)
    dialogue.result(ESCAPE_S)
    dialogue.write(CAN + b"\r")
    dialogue.result(ESCAPE_S)


def set_up(dialogue: Dialogue, ringing: Ringing, settings: ModemSettings) -> None:
    """Get the modem's attention, reset it and have it enter its fax class. Raises LineFault.

    It may be ringing all the while, and what the modem says of that counts. But it says less than all before `hear_rings`.
    """
    ringing.hears_all_from_s = math.inf
    get_attention(dialogue, settings.device)
    for text in settings.init:
        dialogue.must(text, settings.command_timeout_s)
    if not any("&D" in text.upper() for text in settings.init):
        _obey_dtr(dialogue, settings)
    for text in (f"AT+FCLASS={settings.fax_class}", *settings.after_class):
        dialogue.must(text, settings.command_timeout_s)


def _obey_dtr(dialogue: Dialogue, settings: ModemSettings) -> None:
    """Have the modem hang up when DTR drops: the last means to end a call, and not in every factory profile (V.250, 6.2.9)."""
    if dialogue.command(OBEY_DTR, settings.command_timeout_s) is not Result.OK:
        _log.warning("the modem does not promise to hang up when DTR drops", line=settings.name, command=OBEY_DTR)


def hear_rings(dialogue: Dialogue, ringing: Ringing, settings: ModemSettings) -> None:
    """Turn caller id and adaptive answer on; from here on all that the modem says of a ring is heard. The last step of setting it up."""
    if settings.caller_id:
        answer = dialogue.command(settings.caller_id, settings.command_timeout_s)
        ringing.caller_id = answer is Result.OK
        if not ringing.caller_id:
            _log.warning("the modem gives no caller id", line=settings.name, command=settings.caller_id)
    if (
        settings.adaptive_answer
        and dialogue.command(settings.adaptive_answer, settings.command_timeout_s) is not Result.OK
    ):
        _log.warning("the modem cannot tell fax from data", line=settings.name, command=settings.adaptive_answer)
    ringing.hears_all_from_s = dialogue.clock()


def wait_for_ring(dialogue: Dialogue, ringing: Ringing, timeout_s: float) -> IncomingCall | None:
    """Wait for enough rings; those of a caller who gave up are forgotten.

    While it rings, the wait goes on beyond `timeout_s` (until the next ring is overdue): nobody may dial into a call.
    """
    clock = dialogue.clock
    deadline_s = clock() + timeout_s
    with contextlib.suppress(Stopped):
        while True:
            since_s = clock()  # all that had been said by now is heard before the question is put
            dialogue.listen()
            if (call := ringing.due(since_s)) is not None:
                return call
            if clock() >= deadline_s and not ringing.going_on(clock()):
                break
    return None
