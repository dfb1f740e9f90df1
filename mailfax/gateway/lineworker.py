"""One line at work: takes calls and places calls until told to stop.

Runs in the line's own process, constructed by `daemon.line`. Synchronous: a call must not share its thread with anything.
"""

import threading
from dataclasses import dataclass

import structlog

from mailfax.gateway.desk import Desk
from mailfax.gateway.inbound import take_call
from mailfax.gateway.outbound import place_call
from mailfax.model.outcome import Outcome
from mailfax.modem.line import Line, LineFault

_log = structlog.get_logger()

RING_WATCH_S = 0.2  # how long a line that also sends listens for a ring before it looks for a job
IDLE_S = 1.0  # how long a line that only sends waits for a change of the queue before it looks again (due times)
FAULT_PAUSE_S = 5.0  # how long a line whose device failed rests before it is opened again


@dataclass(frozen=True, kw_only=True, slots=True)
class Duties:
    """What this line is for."""

    sends: bool
    receives: bool


def work(line: Line, desk: Desk, duties: Duties, stop: threading.Event) -> None:
    """Take and place calls until `stop` is set. LineFault ends it: the caller decides when to open the device again."""
    seen = desk.store.changed()
    while not stop.is_set():
        if duties.receives:
            incoming = line.wait_for_call(RING_WATCH_S if duties.sends else IDLE_S)
            if incoming is not None:
                take_call(incoming, line, desk)
                continue
        now_us = desk.now_us()
        claim = desk.store.claim_job(desk.line_name, now_us, desk.batch) if duties.sends else None
        if claim is not None:
            result = place_call(claim, now_us, line, desk)
            if result.outcome is Outcome.LINE_FAULT:
                raise LineFault(result.detail)
        elif not duties.receives:
            seen = desk.store.wait_for_change(seen, IDLE_S, stop)
