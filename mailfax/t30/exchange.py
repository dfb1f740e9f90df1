"""What both ends of a call do alike: ask the line, wait for frames, tell the keeper. Used by `caller` and `answerer`.

These are generators that an engine delegates to with `yield from`. A call that cannot go on is ended from any depth by
raising CallEnded, which the engine turns into its CallResult.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeVar

from mailfax.model.call import CallEvent
from mailfax.model.outcome import Outcome
from mailfax.t30.commands import (
    Command,
    Disconnected,
    FramesHeard,
    KeeperCommand,
    KeeperFailed,
    LineCommand,
    LineResult,
    Note,
    Noted,
    PageData,
    PageStored,
    ReceiveFrames,
    Result,
    SendFrames,
)
from mailfax.t30.frames import Fcf, Frame, build_frame, parse_frame, read_identification
from mailfax.t30.timers import Timer

T = TypeVar("T")
Steps = Generator[Command, Result, T]
BURSTS_PER_WAIT = 8  # of noise, damage, and echoes of our own frames, before a wait is given up as silence


class CallEnded(Exception):
    """The call cannot go on. `farewell` when a DCN is still owed to the far end."""

    def __init__(self, outcome: Outcome, detail: str, *, farewell: bool = True) -> None:
        super().__init__(detail)
        self.outcome = outcome
        self.detail = detail
        self.farewell = farewell


@dataclass(kw_only=True, slots=True)
class Link:
    """One end's view of the call.

    `at_s` is the line's clock. `identified_by` is the frame in which the far end says who it is. `x` is our X bit: set by the
    station that received a DIS, the caller (T.30, 5.3.6.1).
    """

    limit_s: float
    identified_by: Fcf
    x: bool
    at_s: float = 0.0
    station_id: str = ""
    contact: bool = False


def on_line(link: Link, command: LineCommand) -> Steps[LineResult]:
    """Have the line perform a command. Raises CallEnded when the call is over."""
    result = yield command
    if isinstance(result, PageData | PageStored | Noted | KeeperFailed):
        raise TypeError(f"the line answered {command} with {result}")
    link.at_s = result.at_s
    if isinstance(result, Disconnected):
        raise CallEnded(_lost(link, result), result.reason, farewell=False)
    return result


def _lost(link: Link, end: Disconnected) -> Outcome:
    if end.ours:
        return Outcome.LINE_FAULT
    return Outcome.CALL_DROPPED if link.contact else Outcome.NO_FAX


def check_limit(link: Link) -> None:
    """End a call that is too long. Asked before something new begins, never between a page and its confirmation."""
    if link.at_s >= link.limit_s:
        raise CallEnded(Outcome.CALL_TOO_LONG, f"The call was ended after {link.at_s:.0f} s.")


def hear(link: Link, wanted: frozenset[Fcf], timeout_s: float, *, renew: bool = False) -> Steps[Frame | None]:
    """Wait for one of the wanted frames; None when none came in time.

    Only what the far end may say here is wanted, so echoes of our own frames fall away, as do NSF and all that T.30 does
    not know. With `renew`, any burst starts the time anew, as T2 does (5.4.3.1).
    """
    deadline_s = link.at_s + timeout_s
    for _ in range(BURSTS_PER_WAIT):
        left_s = timeout_s if renew else deadline_s - link.at_s
        if left_s <= 0:
            return None
        heard = yield from on_line(link, ReceiveFrames(timeout_s=left_s))
        if not isinstance(heard, FramesHeard):
            return None
        frames = [frame for octets in heard.frames if (frame := parse_frame(octets))]
        link.contact = link.contact or bool(frames)
        for frame in frames:
            if frame.fcf is link.identified_by:
                link.station_id = read_identification(frame.fif)
        answer = next((frame for frame in reversed(frames) if frame.fcf in wanted), None)
        if answer is not None:
            return answer
    return None


def response(link: Link, wanted: frozenset[Fcf]) -> Steps[Frame | None]:
    """Wait for the answer to our command (T.30 figure 5-2, "response received?"): T4, then None and it is sent again."""
    return (yield from hear(link, wanted, Timer.T4.longest_s))


def ask_keeper(command: KeeperCommand) -> Steps[PageData | PageStored | Noted]:
    """Have the keeper perform a command. A disk that says no ends the call."""
    result = yield command
    match result:
        case PageData() | PageStored() | Noted():
            return result
        case KeeperFailed(reason=reason):
            raise CallEnded(Outcome.STORE_FAULT, reason)
        case _:
            raise TypeError(f"the keeper answered {command} with {result}")


def note(link: Link, event: CallEvent) -> Steps[None]:
    """Tell the keeper that something happened."""
    yield from ask_keeper(Note(event=event, at_s=link.at_s))


def farewell(link: Link) -> Steps[None]:
    """Send DCN (T.30, 5.3.6.1.8). It needs no answer, and nothing that happens to it matters any more."""
    result = yield SendFrames(frames=(build_frame(Fcf.DCN, x=link.x),))
    if not isinstance(result, PageData | PageStored | Noted | KeeperFailed):
        link.at_s = result.at_s
