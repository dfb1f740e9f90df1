"""What the stories of the virtual exchange share: a call played on a bare wire, frames, and a keeper in memory."""

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from mailfax.modem.line import DialResult, IncomingCall
from mailfax.modem.virtual import ExchangeSettings, Route, Tone, VirtualLine, serve_exchange
from mailfax.modem.virtual.damage import Damage
from mailfax.modem.virtual.signals import Side
from mailfax.modem.virtual.wire import Wire
from mailfax.t30.commands import (
    FetchPage,
    KeeperCommand,
    KeeperResult,
    LineCommand,
    LineResult,
    Note,
    Noted,
    PageData,
    PageStored,
    ReceiveFrames,
    StorePage,
)
from mailfax.t30.modulation import Modulation

DIS = b"\xff\xc8\x01\x00\x77\x1f"
CSI = b"\xff\xc0\x02" + b"1234567890 fax gate "
DCS = b"\xff\xc8\xc1\x00\x46\x1f"
MCF = b"\xff\xc8\x31"
ITS_DIS_BEGINS_S = 5.075
V17 = Modulation.V17_14400
RINGS_WITHIN_S = 20.0
LISTEN = ReceiveFrames(timeout_s=35.0)
ROUTES = (
    Route(pattern="555*", to=("in1", "in2")),
    Route(pattern="666", to=Tone.BUSY),
    Route(pattern="777", to=Tone.NO_ANSWER),
    Route(pattern="888", to=("unplugged",)),
)
Plug = Callable[..., VirtualLine]
NOISE = random.Random(1).randbytes(9000)  # five seconds at 14400 bit/s


def play(
    calling: Sequence[LineCommand],
    called: Sequence[LineCommand],
    damage: tuple[Damage, ...] = (),
    dice: random.Random | None = None,
) -> tuple[list[LineResult], list[LineResult], Wire]:
    """Let both sides do what they have in mind and hang up; the dice choose who is quicker to say it."""
    wire = Wire(damage)
    todo = {Side.CALLING: list(calling), Side.CALLED: list(called)}
    results: dict[Side, list[LineResult]] = {Side.CALLING: [], Side.CALLED: []}
    ready = [Side.CALLING, Side.CALLED]
    while ready:
        if dice is not None:
            dice.shuffle(ready)
        side = ready.pop(0)
        if todo[side]:
            wire.submit(side, todo[side].pop(0))
        else:
            wire.leave(side)
        while (due := wire.due()) is not None:
            wire.take(due)
            results[due.side].append(due.result)
            ready.append(due.side)
    return results[Side.CALLING], results[Side.CALLED], wire


class MemoryKeeper:
    """Pages to send and pages received, in memory; every stored page counts as good unless `judge` says otherwise."""

    def __init__(self, pages: Sequence[bytes] = ()) -> None:
        self.pages = list(pages)
        self.received: dict[int, bytes] = {}
        self.events: list[object] = []

    def perform(self, command: KeeperCommand) -> KeeperResult:
        match command:
            case FetchPage(index=index):
                return PageData(octets=self.pages[index])
            case StorePage(index=index, octets=octets):
                self.received[index] = octets
                return PageStored(rows=1000, bad_rows=0, longest_bad_run=0)
            case Note(event=event):
                self.events.append(event)
                return Noted()


@contextmanager
def served(settings: ExchangeSettings) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=serve_exchange, args=(settings, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def connect(calling: VirtualLine, called: VirtualLine, number: str = "5551234") -> IncomingCall:
    """Make a call between two lines of this thread and return how it rang."""
    with ThreadPoolExecutor() as pool:
        dialled = pool.submit(calling.dial, number)
        ringing = called.wait_for_call(RINGS_WITHIN_S)
        assert called.answer()
        assert dialled.result() is DialResult.CONNECTED
        assert ringing is not None
        return ringing
