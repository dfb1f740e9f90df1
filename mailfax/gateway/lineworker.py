"""One line at work: takes calls and places calls until told to stop.

Runs in the line's own process, constructed by `daemon.line`. Synchronous: a call must not share its thread with anything.
"""

import threading
from dataclasses import dataclass
from typing import Protocol

from mailfax.gateway.desk import Desk
from mailfax.gateway.fetching import place_poll
from mailfax.gateway.inbound import take_call
from mailfax.gateway.outbound import place_call
from mailfax.model.call import CallResult
from mailfax.model.outcome import Outcome
from mailfax.modem.line import Line, LineFault

RING_WATCH_S = 0.2  # how long a line that also sends listens for a ring before it looks for a job
IDLE_S = 1.0  # how long a line that only sends waits for a change of the queue before it looks again (due times)
# What says that the line itself is not well: it rests, so that one bad cable does not use up the dials of every job.
LINE_IS_ILL = {Outcome.LINE_FAULT, Outcome.NO_DIALTONE}
# What says nothing of the line's health, good or bad.
NO_WORD_OF_THE_LINE = {Outcome.INTERRUPTED, Outcome.DIAL_REFUSED}


@dataclass(frozen=True, kw_only=True, slots=True)
class Duties:
    """What this line is for."""

    sends: bool
    receives: bool


class CallWatch(Protocol):
    """Who wants to know of each call of a line (`linelife`)."""

    def call_begins(self) -> None:
        """Note that a call begins, or may begin: from here on the line is not stopped but by order."""
        ...

    def call_ended(self, *, well: bool) -> None:
        """Note that it is over, or did not begin; `well` when the line itself did well in it."""
        ...


def work(line: Line, desk: Desk, duties: Duties, stop: threading.Event, watch: CallWatch) -> None:
    """Take and place calls until `stop` is set. LineFault ends it: the caller decides when to open the device again."""
    seen = desk.store.changed()
    while not stop.is_set():
        if duties.receives:
            incoming = line.wait_for_call(RING_WATCH_S if duties.sends else IDLE_S)
            if incoming is not None and not stop.is_set():
                watch.call_begins()
                _judge(take_call(incoming, line, desk), watch)
                continue
        line.check()
        claimed = duties.sends and _call_next(line, desk, stop, watch)
        if not claimed and not duties.receives:
            seen = desk.store.wait_for_change(seen, IDLE_S, stop)


def _call_next(line: Line, desk: Desk, stop: threading.Event, watch: CallWatch) -> bool:
    """Place the call of the job that is due, if there is one; say whether there was."""
    watch.call_begins()
    now_us = desk.now_us()
    may_claim = not stop.is_set() and desk.may_claim()
    claim = desk.store.claim_job(desk.line_name, now_us, desk.batch, desk.share_on(line)) if may_claim else None
    place = place_poll if claim is not None and claim.job.poll is not None else place_call
    _judge(None if claim is None else place(claim, now_us, line, desk), watch)
    return claim is not None


def _judge(result: CallResult | None, watch: CallWatch) -> None:
    """Raise LineFault where a call shows that the line is ill. None: there was none."""
    ill = result is not None and result.outcome in LINE_IS_ILL
    watch.call_ended(well=result is not None and not ill and result.outcome not in NO_WORD_OF_THE_LINE)
    if result is not None and ill:
        raise LineFault(result.detail or result.outcome.sentence)
