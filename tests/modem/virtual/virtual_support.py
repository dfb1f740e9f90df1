"""What the stories of the virtual exchange share: a call played on a bare wire, frames, and a keeper in memory."""

import random
from collections.abc import Sequence

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
    StorePage,
)
from mailfax.t30.modulation import Modulation

DIS = b"\xff\xc8\x01\x00\x77\x1f"
CSI = b"\xff\xc0\x02" + b"1234567890 fax gate "
DCS = b"\xff\xc8\xc1\x00\x46\x1f"
MCF = b"\xff\xc8\x31"
ITS_DIS_BEGINS_S = 5.075
V17 = Modulation.V17_14400
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
