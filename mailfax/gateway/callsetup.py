"""Phase A and the way out of it (T.30, 5.1): a call is set up, or it is said why not, and the line is on hook again.

Shared by the queue's calls (`outbound`, `inbound`) and by single calls from the shell (`onecall`).
"""

from collections.abc import Callable

from mailfax.model.call import CallResult
from mailfax.model.outcome import Outcome
from mailfax.modem.line import DialResult, Line, LineFault, NotAFax

NOT_CONNECTED = {
    DialResult.BUSY: Outcome.BUSY,
    DialResult.NO_ANSWER: Outcome.NO_ANSWER,
    DialResult.NO_DIALTONE: Outcome.NO_DIALTONE,
    DialResult.NO_CARRIER: Outcome.NO_FAX,
    DialResult.REFUSED: Outcome.DIAL_REFUSED,
    DialResult.STOPPED: Outcome.INTERRUPTED,
}


def call_out(line: Line, number: str, talk: Callable[[], CallResult]) -> CallResult:
    """Dial, and `talk` once the far end has answered."""
    try:
        dialled = line.dial(number)
    except LineFault as fault:
        line.hang_up()
        return CallResult(outcome=Outcome.LINE_FAULT, detail=str(fault))
    if dialled is not DialResult.CONNECTED:
        line.hang_up()
        return CallResult(outcome=NOT_CONNECTED[dialled])
    return talk()


def call_in(line: Line, talk: Callable[[], CallResult]) -> CallResult:
    """Answer the call that rings, and `talk` if its caller is still there."""
    try:
        answered = line.answer()
    except LineFault as fault:
        line.hang_up()
        return CallResult(outcome=Outcome.LINE_FAULT, detail=str(fault))
    except NotAFax as other:
        line.hang_up()
        return CallResult(outcome=Outcome.NOT_A_FAX, detail=str(other))
    if not answered:
        line.hang_up()
        return CallResult(outcome=Outcome.CALL_DROPPED, detail="The caller hung up before we answered.")
    return talk()
