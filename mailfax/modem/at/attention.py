"""How a modem's attention is got, whatever state it was left in. Used when a line is set up, and when a modem is identified."""

from mailfax.modem.at.dialogue import CAN, Dialogue, Result
from mailfax.modem.at.dle import END
from mailfax.modem.line import LineFault

WAKE_TRIES = 3
WAKE_S = 1.5
ESCAPE_S = 0.8


def get_attention(dialogue: Dialogue, device: str) -> None:
    """Bring the modem to command state, without echo, answering in words. Raises LineFault."""
    dialogue.port.drop_output()
    for _ in range(WAKE_TRIES):
        if dialogue.command("ATE0V1Q0", WAKE_S) is Result.OK:
            return
        escape(dialogue)
    raise LineFault(f"No modem answers at {device}. Check the cable, that it is switched on, and the speed.")


def escape(dialogue: Dialogue) -> None:
    """Bring the modem back to command state from data, from a receive, or from dialling, whichever it is in."""
    dialogue.port.drop_output()
    dialogue.drop_stale()
    dialogue.write(END)
    dialogue.result(ESCAPE_S)
    dialogue.write(CAN + b"\r")
    dialogue.result(ESCAPE_S)
