"""What both ends of a call do alike: ask the line, wait for frames, tell the keeper. Used by `caller` and `answerer`.

These are generators that an engine delegates to with `yield from`. A call that cannot go on is ended from any depth by
raising CallEnded, which the engine turns into its CallResult.
"""

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TypeVar

from mailfax.model.call import CallEvent
from mailfax.model.outcome import Outcome
from mailfax.t30.commands import (
    BlockStored,
    Command,
    Disconnected,
    FramesHeard,
    KeeperCommand,
    KeeperFailed,
    KeeperResult,
    LineCommand,
    LineResult,
    Note,
    Noted,
    NotYet,
    PageData,
    PageStored,
    ReceiveFrames,
    Result,
    SendFrames,
)
from mailfax.t30.frames import IDENTIFICATIONS, Fcf, Frame, build_frame, parse_frame, read_identification
from mailfax.t30.timers import TRIES, Timer

T = TypeVar("T")
Steps = Generator[Command, Result, T]
_READY_ASKED_AT_MOST = 60  # a busy receiver answers each RR within about two seconds
# A receiver that lost the carrier of a page goes back to phase B when T2 elapses, and its first DIS begins while we still send, or
# together with our command. A burst that began before we listened is not heard; the next one begins T4 after its end. A command in
# its place would be the end: phase B knows none (libspandsp answers it with DCN). DIS with CSI takes 2.2 s, our command 1.3 s.
_DIS_COMES_AGAIN_S = 2.2 + Timer.T4.longest_s - 1.3 + 0.65  # flags enough to be heard
_WAITS_IN_T1 = 6
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

    `at_s` is the line's clock, `heard_at_s` when the last frame was heard. `identified_by` is the frame in which the far end says
    who it is. `x` is our X bit: set by the station that received a DIS, the caller (T.30, 5.3.6.1). `told` are the numbers and
    names that came with the last frame that was wanted.
    """

    limit_s: float
    identified_by: Fcf
    x: bool
    at_s: float = 0.0
    heard_at_s: float = 0.0
    station_id: str = ""
    contact: bool = False
    told: dict[Fcf, str] = field(default_factory=dict)


def on_line(link: Link, command: LineCommand) -> Steps[LineResult]:
    """Have the line perform a command. Raises CallEnded when the call is over."""
    result = yield command
    if isinstance(result, KeeperResult):
        raise TypeError(f"the line answered {command} with {result}")
    link.at_s = result.at_s
    if isinstance(result, Disconnected):
        raise CallEnded(_lost(link, result), result.reason, farewell=False)
    return result


def _lost(link: Link, end: Disconnected) -> Outcome:
    if end.outcome is not None:
        return end.outcome
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
        if frames:
            link.contact, link.heard_at_s = True, heard.at_s
        for frame in frames:
            if frame.fcf is link.identified_by:
                link.station_id = read_identification(frame.fif)
        answer = next((frame for frame in reversed(frames) if frame.fcf in wanted), None)
        if answer is not None:
            link.told = {frame.fcf: read_identification(frame.fif) for frame in frames if frame.fcf in IDENTIFICATIONS}
            return answer
    return None


def response(link: Link, wanted: frozenset[Fcf]) -> Steps[Frame | None]:
    """Wait for the answer to our command (T.30 figure 5-2, "response received?"): T4, then None and it is sent again."""
    return (yield from hear(link, wanted, Timer.T4.longest_s))


def first_dis(link: Link) -> Steps[Frame]:
    """Wait for the called station's DIS, at most T1 (T.30, 5.4.3.1), as every calling station does."""
    deadline_s = link.at_s + Timer.T1.longest_s
    for _ in range(_WAITS_IN_T1):
        heard = yield from hear(link, frozenset({Fcf.DIS, Fcf.DCN}), deadline_s - link.at_s)
        if heard is None:
            continue  # out of time, or many bursts without a DIS
        if heard.fcf is Fcf.DCN:
            raise CallEnded(Outcome.CALL_DROPPED, "The far end sent DCN before it identified itself.", farewell=False)
        return heard
    if link.contact:
        raise CallEnded(Outcome.NO_RESPONSE, "No DIS was heard in T1.")
    raise CallEnded(Outcome.NO_FAX, "No fax signal was heard in T1.", farewell=False)


def command(link: Link, frame: bytes, wanted: frozenset[Fcf], name: str) -> Steps[Frame]:
    """Send a command until it is answered: three times at T4 (T.30, 5.4.2); a receiver that is busy has T5 (A.5.4.1).

    The first wait is longer where the far end may have gone back to phase B: after a page that took longer than T2.

    `wanted` are its answers; CRP repeats it and DCN ends the call. `name` is how messages call the command.
    """
    wanted |= {Fcf.CRP, Fcf.RNR, Fcf.DCN}
    for attempt in range(TRIES):
        yield from on_line(link, SendFrames(frames=(frame,)))
        may_be_in_phase_b = attempt == 0 and Fcf.DIS in wanted and link.at_s - link.heard_at_s > Timer.T2.shortest_s
        heard = yield from hear(link, wanted, _DIS_COMES_AGAIN_S if may_be_in_phase_b else Timer.T4.longest_s)
        if heard is not None and heard.fcf is Fcf.RNR:
            heard = yield from _when_ready(link, wanted, name)
        if heard is None or heard.fcf is Fcf.CRP:
            continue
        if heard.fcf is Fcf.DCN:
            raise CallEnded(Outcome.CALL_DROPPED, f"The far end answered {name} with DCN.", farewell=False)
        return heard
    raise CallEnded(Outcome.NO_RESPONSE, f"{name} was sent three times without an answer.")


def _when_ready(link: Link, wanted: frozenset[Fcf], name: str) -> Steps[Frame | None]:
    """Ask a busy receiver with RR until it gives its answer (T.30, A.5.4.1); None when it falls silent."""
    deadline_s = link.at_s + Timer.T5.longest_s
    silences = 0
    for _ in range(_READY_ASKED_AT_MOST):
        yield from on_line(link, SendFrames(frames=(build_frame(Fcf.RR, x=link.x),)))
        heard = yield from response(link, wanted)
        silences = silences + 1 if heard is None else 0
        if silences == TRIES:
            return None
        if heard is not None and heard.fcf not in {Fcf.RNR, Fcf.CRP}:
            return heard
        if link.at_s >= deadline_s:
            break
    raise CallEnded(Outcome.NO_RESPONSE, f"The far machine was busy for T5 after {name}.")


def ask_keeper(command: KeeperCommand) -> Steps[PageData | PageStored | BlockStored | NotYet | Noted]:
    """Have the keeper perform a command. A disk that says no ends the call."""
    result = yield command
    match result:
        case PageData() | PageStored() | BlockStored() | NotYet() | Noted():
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
    if not isinstance(result, KeeperResult):
        link.at_s = result.at_s
