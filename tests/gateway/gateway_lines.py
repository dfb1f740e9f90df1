"""A line made of a list of what happens next, on a virtual clock, and a desk to run it at."""

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mailfax.daemon.clock import id_maker
from mailfax.gateway.desk import Desk
from mailfax.gateway.identity import Identity
from mailfax.gateway.linelife import HealthPolicy, LineLife
from mailfax.gateway.lineworker import Duties
from mailfax.gateway.live import LineChanged, Live
from mailfax.model.ids import EPOCH_US
from mailfax.modem.line import DialResult, IncomingCall
from mailfax.spool.blobs import BlobStore
from mailfax.spool.retry import RetryPolicy
from mailfax.spool.settings import SpoolSettings
from mailfax.spool.store import Store
from mailfax.t30.commands import LineCommand, LineResult
from mailfax.t30.modulation import Modulation
from mailfax.t30.negotiate import FULL_OFFER

START_US = EPOCH_US + 1_000_000_000_000
Event = Exception | IncomingCall | Callable[[], object] | None


@dataclass(kw_only=True)
class World:
    """Time, and what the device does: each entry is met when the line is opened, or next waits for a call."""

    opens: deque[Event]
    waits: deque[Event] = field(default_factory=deque)
    stop: threading.Event = field(default_factory=threading.Event)
    now_s: float = 0.0
    told: list[tuple[float, str, str]] = field(default_factory=list)
    answered: int = 0
    declined: int = 0
    closed: int = 0

    def wait(self, seconds: float) -> None:
        self.now_s += seconds

    def rest(self, seconds: float) -> None:
        self.wait(seconds)

    def open_line(self) -> "FakeLine":
        if not self.opens:
            self.stop.set()
        else:
            happen(self.opens.popleft())
        return FakeLine(self)

    def emit(self, live: Live) -> None:
        if isinstance(live.event, LineChanged):
            self.told.append((self.now_s, live.event.state, live.event.reason))

    def states(self) -> list[str]:
        return [state for _, state, _ in self.told]


def happen(event: Event) -> IncomingCall | None:
    if isinstance(event, Exception):
        raise event
    if callable(event):
        event()
        return None
    return event


class FakeLine:
    """A line on which what the world says happens; a call that is answered finds nobody there."""

    name = "usb"
    best_modulation = Modulation.V17_14400

    def __init__(self, world: World) -> None:
        self._world = world

    def wait_for_call(self, timeout_s: float) -> IncomingCall | None:
        self._world.now_s += timeout_s
        if not self._world.waits:
            self._world.stop.set()
            return None
        return happen(self._world.waits.popleft())

    def check(self) -> None:
        """Well."""

    def decline(self) -> None:
        self._world.declined += 1

    def answer(self) -> bool:
        self._world.answered += 1
        return False

    def hang_up(self) -> None:
        """Nobody is there."""

    def close(self) -> None:
        self._world.closed += 1

    def stop(self) -> None:
        self._world.told.append((self._world.now_s, "cut", ""))

    def dial(self, number: str) -> DialResult:
        return DialResult.NO_DIALTONE

    def perform(self, command: LineCommand) -> LineResult:
        raise NotImplementedError


@contextlib.contextmanager
def desk_of(folder: Path, world: World) -> Iterator[Desk]:
    settings = SpoolSettings(directory=folder, reserve_bytes=0)
    with (
        contextlib.closing(Store(settings, id_maker())) as store,
        contextlib.closing(BlobStore(settings)) as blobs,
    ):
        yield Desk(
            line_name="usb",
            store=store,
            blobs=blobs,
            calls_root=settings.calls,
            now_us=lambda: START_US + round(world.now_s * 1e6),
            clock_s=lambda: world.now_s,
            new_id=id_maker(),
            identity=Identity(),
            retry=RetryPolicy(),
            jitter=lambda: 0.0,
            emit=world.emit,
            stopping=lambda: False,
            offer=FULL_OFFER,
        )


def life_of(desk: Desk, world: World, *, sends: bool = False, policy: HealthPolicy | None = None) -> LineLife:
    return LineLife(
        open_line=world.open_line,
        desk=desk,
        duties=Duties(sends=sends, receives=True),
        policy=policy or HealthPolicy(),
        stop=world.stop,
        wait=world.rest,
    )
