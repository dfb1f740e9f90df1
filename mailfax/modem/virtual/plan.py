"""The settings of the exchange, and its number plan: which lines a dialled number rings. Read by `exchange`."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase
from pathlib import Path

from mailfax.modem.virtual.damage import Damage

T0_S = 60.0  # T.30, 5.4.3.1: how long a caller waits for an answer
RING_CADENCE_S = 6.0


class Tone(Enum):
    """What a caller hears at once where no line is rung."""

    BUSY = "busy"
    NO_ANSWER = "no answer"


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """Numbers of this pattern (`555*`, `55512??`) ring the first idle of these lines, or give a tone."""

    pattern: str
    to: tuple[str, ...] | Tone


@dataclass(frozen=True, kw_only=True, slots=True)
class DamagedCalls:
    """Damage for the calls to numbers of this pattern; with `call`, only for the nth of them (from 1)."""

    damage: tuple[Damage, ...]
    pattern: str = "*"
    call: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ExchangeSettings:
    """Everything the exchange needs to know.

    `real_time` makes results wait until their time has come on the wall clock; it changes no result. `ring_s` is how long
    the network takes before it rings (in real time only), `no_answer_s` how long a line may ring, in wall time, and
    `service_wait_s` how long a caller is kept for a line that a route names and that is not in service yet.
    """

    socket_path: Path
    routes: tuple[Route, ...] = ()
    real_time: bool = False
    ring_s: float = 2.0
    no_answer_s: float = T0_S
    ring_cadence_s: float = RING_CADENCE_S
    service_wait_s: float = 10.0
    damage: tuple[DamagedCalls, ...] = ()


def find_route(routes: Iterable[Route], number: str) -> tuple[str, ...] | Tone | None:
    """Return where the first route that fits leads, or None when no route fits."""
    return next((route.to for route in routes if fnmatchcase(number, route.pattern)), None)
